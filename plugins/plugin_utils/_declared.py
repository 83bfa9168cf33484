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

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest.pci import pci_hide_argument
from ansible_collections.netbsd.xen.plugins.module_utils._formats.units import mebibytes
from ansible_collections.netbsd.xen.plugins.module_utils._releases import RELEASES, release
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot.arguments import VARIABLES
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot.hardware import BAUDS
from ansible_collections.netbsd.xen.plugins.module_utils._resources.files import resource as system_files
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare.guest import Guest
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare.wanted import examined
from ansible_collections.netbsd.xen.plugins.module_utils._resources.services import resource as rc_service
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import declare as declared_systems
from ansible_collections.netbsd.xen.plugins.plugin_utils import _rack
from ansible_collections.netbsd.xen.plugins.plugin_utils._arguments import typed, validated
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
# What nothing looks like, by type.
_NOTHING = {"dict": "{}", "list": "[]"}
# They say themselves what is wrong with them, better than a list of choices does.
RELEASE_VARIABLES = ("dom0_xen_release", "bootloader_xen_release", "services_xen_release", "domu_release")


@dataclass
class HostVariables:
    """One host's variables, templated. ``declared`` names those that the inventory sets; the others are the roles'
    defaults. ``problems`` holds, by name, why a variable could not be worked out, ``empty`` the names of those without
    a value in whose place ``values`` has the role's default."""

    host: str
    values: dict[str, Any]
    declared: frozenset[str]
    problems: dict[str, str] = field(default_factory=dict)
    empty: tuple[str, ...] = ()


@dataclass
class HostReport:
    """One host: what is wrong, what is unwise, how many guests it has, and by what they are known in the rack."""

    host: str
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    guests: int = 0
    identities: _rack.Identities = field(default_factory=dict)


def check_host(variables: HostVariables, options: dict[str, Any]) -> HostReport:
    """Everything that is wrong with one host. ``options`` are the roles' argument specs, by variable."""
    problems = dict(variables.problems)
    values = typed(variables.values, options, problems)
    problems.update(_bad_releases(variables.values))
    problems.update(_without_value(variables.empty, options))
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
    unwise = _old_releases(values) + _counting_as_not_given(variables.empty, options)
    report.warnings = [f"host {report.host}: {text}" for text in unwise]
    return report


def check_rack(reports: list[HostReport], outside: list[_rack.Outsider] | None = None) -> list[str]:
    """What no single host can know: what two of them both have. ``outside`` are hosts that are not in this run."""
    inside = {report.host: report.identities for report in reports}
    return _rack.clashes(inside, {each.host: each.identities for each in outside or []})


def _counting_as_not_given(names: Iterable[str], options: dict[str, Any]) -> list[str]:
    """A list of which the last item went is what an admin means by a line without a value."""
    return [
        f"{name} has no value and counts as not given; write {_nothing(options[name])} or leave the line out"
        for name in names
        if options[name]["type"] in _NOTHING
    ]


def _without_value(names: Iterable[str], options: dict[str, Any]) -> dict[str, str]:
    """By variable: nobody can tell what was meant by a number or a text that is not there."""
    return {
        name: f"{name} has no value; give it one, or leave the line out for the default"
        for name in names
        if options[name]["type"] not in _NOTHING
    }


def _nothing(option: dict[str, Any]) -> str:
    return _NOTHING[option["type"]]


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
    roles = {option.split("_")[0] for option in options}
    for name in sorted(set(names) - set(options)):
        own = name.split("_")[0]
        meant = difflib.get_close_matches(name, options, n=1, cutoff=LIKENESS) if own in roles else []
        if meant and own == meant[0].split("_")[0]:
            errors.append(f"{name} is not a variable of the roles; did you mean {meant[0]}?")
    return errors


def _refused_tasks(role: Any, values: dict[str, Any], *without: str) -> list[str]:
    """What is wrong with all that the tasks of a role give to their modules, ``without`` those of some names."""
    tasks = [task for name, task in role.TASKS.items() if name not in without]
    refusals = [(task.words, error) for task in tasks for error in _refused_task(task, Variables(values))]
    return [line for words, error in refusals for line in _each(words, error)]


def _each(words: str, error: str) -> list[str]:
    """What is wrong, a line each, with what it is about before each line."""
    return [f"{words}: {line}" for line in error.splitlines()]


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


def _refusals(resource: Any, params: dict[str, Any]) -> list[str]:
    try:
        resource.declare(validated(resource.ARGUMENTS, params))
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
    # What type a guest has is its own check's, and so are the arguments at boot.
    others = ("domu_guests", "bootloader_baud", *VARIABLES.values())
    known = {name: value for name, value in _with_kernel(values).items() if name not in others}
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
    hidden, speed = _pci_hide(values), _speed(values.get("bootloader_baud"))
    if hidden:
        values = {name: value for name, value in values.items() if name != "bootloader_pci_hide"}
    if speed:
        values = {name: value for name, value in values.items() if name != "bootloader_baud"}
    # The disk is looked at even where nothing may be written to it.
    values = {**_with_kernel(values), "bootloader_install": True}
    memory = _dom0_memory(values.get("bootloader_dom0_memory"))
    return memory + hidden + speed + _refused_tasks(bootloader, values)


def _speed(baud: int | None) -> list[str]:
    if baud is None or baud in BAUDS:
        return []
    return [f"bootloader_baud is {baud}; allowed are {', '.join(map(str, BAUDS))}."]


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
    errors = [line for error in extra for line in _each("services_extra", error)] + _watchdog(values)
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
    files = _each_then_all(system_files, "files", values.get("domu_files") or [])
    errors = [line for error in files for line in _each("domu_files", error)]
    try:
        found = examined(validated(domain.ARGUMENTS, {"guests": [], **given}))
    except Refused as error:
        return [*errors, str(error)]
    report.identities = _rack.identities(found.guests)
    errors += found.problems + _check_systems(values, report.host)
    # None are declared where somebody else makes them.
    if values.get("bridge_bridges"):
        errors += _unknown_bridges(found.sound, values["bridge_bridges"])
    return errors


def _check_systems(values: dict[str, Any], host: str) -> list[str]:
    """What guests get as their systems, as far as the guests themselves are right."""
    variables = Variables({**values, "inventory_hostname": host})
    task = domu.TASKS["guest_system"]
    if not values.get("domu_guests") or not task.when(variables):
        return []
    return declared_systems.examined(validated(task.resource.ARGUMENTS, {"guests": [], **task.given(variables)}))[1]


def _unknown_bridges(guests: Iterable[Guest], bridges: list[Any]) -> list[str]:
    known = [str(each["name"]) for each in bridges if each.get("state") != "absent" and each.get("name")]
    return [
        f"guest {guest.name}: bridge is {nic.bridge!r}; the bridges in bridge_bridges are {', '.join(known) or 'none'}"
        for guest in guests
        if guest.state != "absent"
        for nic in guest.nics
        if nic.bridge not in known
    ]


CHECKS = (_check_dom0, _check_boot, _check_makedev, _check_services, _check_bridges, _check_guests)
