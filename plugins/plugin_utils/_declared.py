# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the variables that an inventory declares, in words. Pure; the rules are the resources' own."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest.pci import pci_hide_argument
from ansible_collections.netbsd.xen.plugins.module_utils._formats.units import mebibytes
from ansible_collections.netbsd.xen.plugins.module_utils._releases import RELEASES, release
from ansible_collections.netbsd.xen.plugins.module_utils._resources.files import resource as system_files
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.services import resource as rc_service
from ansible_collections.netbsd.xen.plugins.plugin_utils._release_names import unquoted
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import bootloader, bridge, dom0, domu, makedev, services
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import MACHINE, Task, Variables

# A dom0 with its tools does not boot with less.
MIN_DOM0_MEMORY = 128
# How alike two names must be for one to be taken for a slip of the other (difflib's ratio).
LIKENESS = 0.9
# They stand in for a source and a file that only the machine can tell, where just the rest is checked.
UNKNOWN_SOURCE = "/unknown"
KERNEL = "/netbsd-XEN3_DOM0"
# They say themselves what is wrong with them, better than a list of choices does.
RELEASE_VARIABLES = ("dom0_xen_release", "bootloader_xen_release", "services_xen_release", "domu_release")
_TYPES = {
    "bool": "true or false",
    "dict": "a dictionary",
    "int": "a whole number",
    "list": "a list",
    "path": "a path",
    "str": "text",
}


@dataclass
class HostVariables:
    """One host's variables, templated. ``declared`` names those that the inventory sets; the others are the roles'
    defaults. ``problems`` holds, by name, why a variable could not be worked out."""

    host: str
    values: dict[str, Any]
    declared: frozenset[str]
    problems: dict[str, str] = field(default_factory=dict)


@dataclass
class HostReport:
    """One host: what is wrong, what is unwise, how many guests it has, and which guest has which MAC address."""

    host: str
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    guests: int = 0
    macs: dict[str, str] = field(default_factory=dict)


def check_host(variables: HostVariables, options: dict[str, Any]) -> HostReport:
    """Everything that is wrong with one host. ``options`` are the roles' argument specs, by variable."""
    problems = dict(variables.problems)
    values = _typed(variables.values, options, problems)
    problems.update(_bad_releases(variables.values))
    values = {name: value for name, value in values.items() if name not in problems}
    errors = [text for name, text in problems.items() if name in variables.declared]
    errors += misspelt(variables.declared, options)
    report = HostReport(variables.host, guests=len(values.get("domu_guests") or []))
    for check in CHECKS:
        try:
            errors += check(values, report)
        except Exception as error:  # a defect of ours must not hide what is wrong elsewhere
            errors.append(f"internal error in {check.__name__}, please report it: {type(error).__name__}: {error}")
    # A default that fails was made from a declared variable, which is reported itself as a rule.
    errors = errors or list(problems.values())
    lines = [line.strip() for error in errors for line in error.splitlines()]
    report.errors = [f"host {report.host}: {line}" for line in dict.fromkeys(lines)]
    report.warnings = [f"host {report.host}: {text}" for text in _old_releases(values)]
    return report


def check_rack(reports: list[HostReport]) -> list[str]:
    """What no single host can know: a MAC address that two of them use."""
    errors: list[str] = []
    owners: dict[str, str] = {}
    for report in reports:
        for mac, guest in report.macs.items():
            if mac in owners:
                errors.append(f"host {report.host}: guest {guest}: mac is '{mac}', which {owners[mac]} has too")
            owners.setdefault(mac, f"guest {guest} on host {report.host}")
    return errors


def _bad_releases(values: dict[str, Any]) -> dict[str, str]:
    """By variable, what is wrong with the Xen release in it."""
    found = {name: _bad_release(name, values[name]) for name in RELEASE_VARIABLES if values.get(name)}
    return {name: problem for name, problem in found.items() if problem}


def _bad_release(name: str, value: Any) -> str:
    problem = unquoted(value)
    if problem:
        return f"{name} {problem}"
    try:
        release(str(value))
    except Refused as error:
        return f"{name}: {error}"
    return ""


def _old_releases(values: dict[str, Any]) -> list[str]:
    row = RELEASES.get(values.get("dom0_xen_release", ""))
    return [f"dom0_xen_release is {row.name}. {row.note}"] if row and row.note else []


def misspelt(names: Iterable[str], options: dict[str, Any]) -> list[str]:
    """Variables that nobody reads and that look like a slip of one that is read."""
    errors = []
    for name in sorted(set(names) - set(options)):
        meant = difflib.get_close_matches(name, options, n=1, cutoff=LIKENESS)
        if meant and name.split("_")[0] == meant[0].split("_")[0]:
            errors.append(f"{name} is not a variable of the roles; did you mean {meant[0]}?")
    return errors


def _typed(values: dict[str, Any], options: dict[str, Any], problems: dict[str, str]) -> dict[str, Any]:
    """The values in their types. What does not fit is left out and put into ``problems``, with all that is allowed."""
    good = {}
    for name, value in values.items():
        option = {key: content for key, content in options[name].items() if key not in ("default", "options")}
        if "options" in options[name]:
            # The items' keys are documentation; the resource checks them, in its own words.
            option["elements"] = "dict"
        checked = ArgumentSpecValidator({name: option}).validate({name: value})
        if checked.error_messages:
            found = "not of its type" if option.get("no_log") else repr(value)
            problems[name] = f"{name} is {found}; {_allowed(option)}"
        else:
            good[name] = checked.validated_parameters[name]
    return good


def _allowed(option: dict[str, Any]) -> str:
    if "choices" in option:
        return f"allowed are {', '.join(option['choices'])}."
    text = _TYPES[option["type"]]
    if "elements" in option:
        text += {"dict": " of dictionaries", "str": " of texts"}[option["elements"]]
    return f"allowed is {text}."


def _refused_tasks(role: Any, values: dict[str, Any], *without: str) -> list[str]:
    """What is wrong with all that the tasks of a role give to their modules, ``without`` those of some names."""
    tasks = [task for name, task in role.TASKS.items() if name not in without]
    return [f"{task.words}: {error}" for task in tasks for error in _refused_task(task, Variables(values))]


def _refused_task(task: Task, variables: Variables) -> list[str]:
    """What is not known here, because the machine tells it or because it is wrong itself, is left out. A module that
    can't be called without it checks the rest when it gets it."""
    try:
        given = task.given(variables) if task.when(variables) else None
    except NotRead:
        return []
    except Refused as error:
        return [str(error)]
    required = {name for name, option in task.resource.ARGUMENTS.items() if option.get("required")}
    if given is None or required - set(given):
        return []
    return _refusals(task.resource, given)


def _declare(resource: Any, params: dict[str, Any]) -> Any:
    checked = ArgumentSpecValidator(resource.ARGUMENTS).validate(params)
    if checked.error_messages:
        raise Refused("; ".join(checked.error_messages))
    return resource.declare(checked.validated_parameters)


def _refusals(resource: Any, params: dict[str, Any]) -> list[str]:
    try:
        _declare(resource, params)
    except Refused as error:
        return [str(error)]
    return []


def _each_then_all(resource: Any, option: str, items: list[Any]) -> list[str]:
    """Refusals of each item alone, so that one mistake does not hide the next, then of the good ones together, for what
    they can't share."""
    refusals = [_refusals(resource, {option: [item]}) for item in items]
    good = [item for item, errors in zip(items, refusals) if not errors]
    return [error for errors in refusals for error in errors] + _refusals(resource, {option: good})


def _absolute(values: dict[str, Any], *names: str) -> list[str]:
    return [
        f"{name} is {values[name]!r}; allowed is an absolute path without '..'."
        for name in names
        if name in values and (not values[name].startswith("/") or ".." in values[name].split("/"))
    ]


# -- one check a role --------------------------------------------------------------------------------------------------


def _check_dom0(values: dict[str, Any], report: HostReport) -> list[str]:
    errors = _absolute(values, "bootstrap_python", "dom0_hypervisor_path", "dom0_kernel_path", "dom0_native_kernel")
    # What type a guest has is its own check's.
    known = {name: value for name, value in _with_kernel(values).items() if name != "domu_guests"}
    return errors or _refused_tasks(dom0, known)


def _with_kernel(values: dict[str, Any]) -> dict[str, Any]:
    """With a dom0 kernel where only the machine tells which, so that all else about it can be checked."""
    archive = values.get("dom0_kernel_member")
    path = KERNEL if archive else KERNEL + ".gz"
    # The mirror's sets are archives.
    source = UNKNOWN_SOURCE + ".tgz" if archive else UNKNOWN_SOURCE
    unknown = {"dom0_kernel_path": path, "dom0_kernel_source": source, "dom0_kernel_sums": ""}
    return {**unknown, "bootloader_dom0_kernel": path, **values}


def _check_boot(values: dict[str, Any], report: HostReport) -> list[str]:
    hidden = _pci_hide(values)
    if hidden:
        values = {name: value for name, value in values.items() if name != "bootloader_pci_hide"}
    # The disk is looked at even where nothing may be written to it.
    values = {**_with_kernel(values), "bootloader_install": True}
    return _dom0_memory(values.get("bootloader_dom0_memory")) + hidden + _refused_tasks(bootloader, values)


def _dom0_memory(text: str | None) -> list[str]:
    """The hypervisor reads a number without a unit as KiB (xen-command-line), which boots nothing."""
    if text is None:
        return []
    allowed = f"allowed is a number with M or G behind it, {MIN_DOM0_MEMORY}M or more, for example 1G."
    if not re.search(r"[MG]\Z", text):
        return [f"bootloader_dom0_memory is {text!r}; {allowed}"]
    try:
        enough = mebibytes(text) >= MIN_DOM0_MEMORY
    except ValueError:
        enough = False
    return [] if enough else [f"bootloader_dom0_memory is {text!r}; {allowed}"]


def _pci_hide(values: dict[str, Any]) -> list[str]:
    """Hiding is dom0's kernel's matter, but of no use where the toolstack can't give the device to a guest."""
    devices = values.get("bootloader_pci_hide") or []
    try:
        pci_hide_argument(devices)
    except ValueError as error:
        return [f"bootloader_pci_hide: {error}"]
    row = RELEASES.get(values.get("dom0_xen_release", ""))
    if not devices or row is None or row.pci_passthrough:
        return []
    able = [name for name, other in RELEASES.items() if other.pci_passthrough]
    return [
        f"bootloader_pci_hide: on NetBSD, Xen {row.name} can't give a PCI device to a guest, and a hidden one would "
        f"serve nobody; Xen {' and '.join(able)} can. Leave the devices to dom0, or set dom0_xen_release."
    ]


def _check_makedev(values: dict[str, Any], report: HostReport) -> list[str]:
    return _refused_tasks(makedev, values)


def _check_services(values: dict[str, Any], report: HostReport) -> list[str]:
    extra = _each_then_all(rc_service, "services", values.get("services_extra") or [])
    errors = [f"services_extra: {error}" for error in extra] + _watchdog(values)
    # Whether the daemons are started hangs on the machine, and nothing that could be wrong here does.
    known = {**values, MACHINE: {"host": {"role": "dom0"}}}
    return errors + _refused_tasks(services, known, *(["rc_service"] if extra else []))


def _watchdog(values: dict[str, Any]) -> list[str]:
    row = RELEASES.get(values.get("services_xen_release", ""))
    if not values.get("services_watchdog") or row is None or row.service("xen-watchdog"):
        return []
    return [f"services_watchdog is true, and Xen {row.name} has no xen-watchdog; leave it out."]


def _check_bridges(values: dict[str, Any], report: HostReport) -> list[str]:
    given = bridge.TASKS["bridge"].given(Variables(values))
    bridges, vlans = given.get("bridges") or [], given.get("vlans") or []
    resource = bridge.TASKS["bridge"].resource
    errors = _each_then_all(resource, "bridges", bridges)
    errors += [error for vlan in vlans for error in _refusals(resource, {"bridges": [], "vlans": [vlan]})]
    return errors or _refusals(resource, {**given, "bridges": bridges})


def _check_guests(values: dict[str, Any], report: HostReport) -> list[str]:
    given = domu.TASKS["domain"].given(Variables({**values, "inventory_hostname": report.host}))
    declared = given.pop("guests", [])
    files = _each_then_all(system_files, "files", values.get("domu_files") or [])
    errors = [f"domu_files: {error}" for error in files] + _refusals(domain, {**given, "guests": declared})
    guests = [guest for raw in declared for guest in _sound_guests(raw, given)]
    report.macs = {nic.mac: guest.name for guest in guests if guest.state != "absent" for nic in guest.nics}
    if "bridge_bridges" in values:
        errors += _unknown_bridges(guests, values["bridge_bridges"])
    return errors


def _sound_guests(raw: Any, common: dict[str, Any]) -> Iterable[Any]:
    """The declared guest in its long form, or nothing if there is something wrong with it."""
    # Alone it has nobody to depend on.
    alone = {key: value for key, value in raw.items() if key != "depends_on"} if isinstance(raw, dict) else raw
    try:
        return _declare(domain, {"guests": [alone], **common}).guests
    except Refused:
        return ()


def _unknown_bridges(guests: Iterable[Any], bridges: list[Any]) -> list[str]:
    known = [str(each.get("name")) for each in bridges if each.get("state") != "absent"]
    return [
        f"guest {guest.name}: bridge is {nic.bridge!r}; the bridges in bridge_bridges are {', '.join(known) or 'none'}"
        for guest in guests
        if guest.state != "absent"
        for nic in guest.nics
        if nic.bridge not in known
    ]


CHECKS = (_check_dom0, _check_boot, _check_makedev, _check_services, _check_bridges, _check_guests)
