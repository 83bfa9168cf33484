# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Which Xen a machine must run, and what it runs instead. Pure: the machine is what ``host_info`` says of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from ... import _releases
from ..._change import HOST_REBOOT, LIMIT, Change, Plan, Refused, above, limit_word
from ..._formats.guest import pci
from ..boot import arguments, loaders
from ..boot.loaders import LOADERS, Loader

NAME = "xen_reboot"
MAX_SECONDS = 86400
ARGUMENTS: dict[str, Any] = {
    "release": {"type": "str", "required": True},
    "kernel_config": {"type": "str", "choices": ["XEN3_DOM0", "XEN3PAE_DOM0"]},
    "hypervisor_args": {"type": "str"},
    "kernel_args": {"type": "str"},
    "adopt": {"type": "list", "elements": "str", "choices": list(arguments.KINDS), "default": []},
    "assume_ready": {"type": "bool", "default": False},
    "xenstore": {"type": "bool", "default": True},
    "reboot": {"type": "bool", "default": False},
    "required": {"type": "bool", "default": True},
    "force": {"type": "bool", "default": False},
    "abandon_guests": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 600},
    "guest_timeout": {"type": "int", "default": 300},
    "loader": {"type": "str", "choices": list(LOADERS), "default": loaders.BOOT_CFG.name},
    "native_entry": {"type": "str"},
    "once": {"type": "str"},
    **LIMIT,
}
# Behind GRUB 2 Xen takes the first word for a file's name, or not, depending on its version (xen/arch/x86/setup.c,
# cmdline_cook). So menus have this one there.
PLACEHOLDER = "placeholder"
HIDE = "pciback.hide="
_DEVICE = re.compile(r"\(([^()]*)\)")


@dataclass(frozen=True)
class Wanted:
    """The declared Xen. None in ``kernel_config``, ``hypervisor_args`` or ``hidden_devices``: any will do. ``adopt``
    are the kinds of arguments that the menu's default entry gives instead."""

    release: str
    kernel_config: str | None
    hypervisor_args: tuple[str, ...] | None
    hidden_devices: tuple[str, ...] | None
    xenstore: bool
    reboot: bool
    required: bool
    force: bool
    abandon_guests: bool
    seconds: int
    guest_seconds: int
    loader: Loader
    native_entry: str
    once: str
    adopt: tuple[str, ...] = ()
    kernel_args: tuple[str, ...] = ()
    assume_ready: bool = False
    max_impact: str = HOST_REBOOT


# -- declared ----------------------------------------------------------------------------------------------------------


def declare(params: dict[str, Any]) -> Wanted:
    """The wanted Xen. Raises Refused with everything that is wrong with it, a line each."""
    problems = []
    try:
        _releases.release(params["release"])
    except Refused as error:
        problems.append(str(error))
    for option in ("timeout", "guest_timeout"):
        if not 1 <= params[option] <= MAX_SECONDS:
            problems.append(f"{option} is {params[option]}; allowed are 1 to {MAX_SECONDS} seconds")
    loader = LOADERS[params["loader"]]
    if params.get("once") and not loader.boots_once:
        problems.append(
            f"once is {params['once']!r}, but {loader.title} can't boot an entry once, and a dom0 can't reach the "
            f"firmware's BootNext. loader {loaders.names(row for row in LOADERS.values() if row.boots_once)} can"
        )
    if problems:
        raise Refused("\n".join(problems), problems=problems)
    return Wanted(
        release=params["release"],
        kernel_config=params.get("kernel_config"),
        hypervisor_args=None if params.get("hypervisor_args") is None else tuple(params["hypervisor_args"].split()),
        hidden_devices=None if params.get("kernel_args") is None else _hidden_devices(params["kernel_args"]),
        xenstore=params["xenstore"],
        reboot=params["reboot"],
        required=params["required"],
        force=params["force"],
        abandon_guests=params["abandon_guests"],
        seconds=params["timeout"],
        guest_seconds=params["guest_timeout"],
        loader=loader,
        native_entry=params.get("native_entry") or "",
        once=params.get("once") or "",
        adopt=tuple(params["adopt"]),
        assume_ready=params["assume_ready"],
        kernel_args=tuple((params.get("kernel_args") or "").split()),
        max_impact=params["max_impact"],
    )


def _hidden_devices(arguments: str) -> tuple[str, ...]:
    """The devices that a dom0 kernel with these arguments leaves to guests. An argument of it counts whatever its case
    (sys/arch/xen/xen/xen_machdep.c)."""
    values = [word.split("=", 1)[1] for word in arguments.split() if word.lower().startswith(HIDE)]
    return tuple(pci.addresses_in(_DEVICE.findall(values[-1] if values else "")))


# -- what runs ---------------------------------------------------------------------------------------------------------


def in_xen(found: dict[str, Any], release: str) -> bool:
    """Whether a machine is a dom0 under a Xen of that release, whatever its revision and arguments."""
    return found["role"] == "dom0" and (found["hypervisor"] or {}).get("release") == release


def describe(found: dict[str, Any]) -> str:
    """What a machine runs, in words."""
    config = f" ({found['kernel_config']})" if found["kernel_config"] else ""
    kernel = f"{found['system']} {found['release']}{config}"
    if found["role"] == "bare_metal":
        return f"{kernel} without Xen"
    if found["role"] != "dom0":
        return f"{kernel} as a guest of another machine"
    hypervisor = found["hypervisor"]
    return f"{kernel} under Xen {hypervisor['version'] if hypervisor else 'of a version that nothing tells'}"


def _with_adopted(wanted: Wanted, boots: dict[str, Any] | None) -> Wanted:
    """What is wanted, with what the menu's default entry says of the kinds that are adopted."""
    if not wanted.adopt or not boots or wanted.hypervisor_args is None:
        return wanted
    own = arguments.Arguments(wanted.kernel_args, wanted.hypervisor_args)
    in_menu = arguments.arguments(boots["kernel_args"], boots["hypervisor_args"])
    given = arguments.merged(own, in_menu, wanted.adopt)
    hidden = None if wanted.hidden_devices is None else _hidden_devices(" ".join(given.kernel))
    return replace(wanted, hypervisor_args=given.hypervisor, hidden_devices=hidden)


def differences(found: dict[str, Any], wanted: Wanted) -> list[Change]:
    """What only a boot can bring. Something that the machine does not tell is no difference."""
    if not in_xen(found, wanted.release):
        return [_change("Xen", "boot into the wanted Xen", describe(found), f"a dom0 under Xen {wanted.release}")]
    hypervisor = found["hypervisor"]
    wanted = _with_adopted(wanted, hypervisor["boots"])
    changes = []
    if wanted.kernel_config and found["kernel_config"] != wanted.kernel_config:
        changes.append(_change("dom0 kernel", "boot the other kernel", found["kernel_config"], wanted.kernel_config))
    runs_with, asked_for = _arguments(hypervisor["commandline"]), wanted.hypervisor_args
    if runs_with is not None and asked_for is not None and not arguments.same(asked_for, runs_with):
        changes.append(
            _change(
                "hypervisor arguments",
                "boot the hypervisor with other arguments",
                " ".join(runs_with),
                " ".join(asked_for),
            )
        )
    if _newer_waits(hypervisor, wanted.release):
        package = "{package}-{version}".format(**hypervisor["installed"])
        changes.append(_change("hypervisor", "boot the installed hypervisor", hypervisor["version"], package))
    hidden = tuple((found["pci"] or {}).get("hidden", ()))
    if wanted.hidden_devices is not None and hidden != wanted.hidden_devices:
        changes.append(
            _change("PCI devices", "leave other devices to guests", list(hidden), list(wanted.hidden_devices))
        )
    lost = lost_guests(found)
    if lost:
        before = f"does not know {lost}"
        changes.append(_change("xenstored", "boot, so that it knows its guests again", before, "knows all"))
    return changes


def lost_guests(found: dict[str, Any]) -> str:
    """What tells of guests that run and that no xenstored knows, so that nothing but a boot helps; empty if there are
    none."""
    return ", ".join((found["toolstack"] or {}).get("lost_guests") or ())


def _arguments(commandline: str | None) -> tuple[str, ...] | None:
    if commandline is None:
        return None
    words = tuple(commandline.split())
    return words[1:] if words[:1] == (PLACEHOLDER,) else words


def _newer_waits(hypervisor: dict[str, Any], release: str) -> bool:
    """Whether a reboot would bring another revision. It would not where the menu boots another file than the
    package's."""
    installed = hypervisor["installed"] or {}
    boots = hypervisor["boots"] or {}
    return hypervisor["current"] is False and installed.get("release") == release and boots.get("from_package") is True


def _change(thing: str, summary: str, before: Any, after: Any) -> Change:
    return Change(NAME, thing, "reboot", summary, before, after, HOST_REBOOT)


# -- plan --------------------------------------------------------------------------------------------------------------


def plan(found: dict[str, Any], wanted: Wanted) -> Plan:
    """A reboot for whatever differs, or what it is needed for if it is not allowed."""
    needed = differences(found, wanted)
    if wanted.force and not needed:
        needed = [_change("Xen", "boot once more, as it was asked for", describe(found), describe(found))]
    word = _word(found, wanted)
    if not word:
        return Plan(changes=needed)
    deferred = [replace(change, word=word) for change in needed]
    return Plan(deferred=deferred, warnings=[waits(found, wanted)] if needed else [])


def _word(found: dict[str, Any], wanted: Wanted) -> str:
    """What the admin has to say before the machine is rebooted; empty if nothing."""
    allows = [("reboot: true", wanted.reboot), (limit_word(HOST_REBOOT), not above(HOST_REBOOT, wanted.max_impact))]
    if lost_guests(found):
        allows.append(("abandon_guests: true", wanted.abandon_guests))
    return ", ".join(option for option, said in allows if not said)


def waits(found: dict[str, Any], wanted: Wanted) -> str:
    """Words for a machine that may not be rebooted and should be."""
    word = _word(found, wanted)
    allow = f"allow it with {_in_variables(word)} (module xen_reboot: {word})."
    if not in_xen(found, wanted.release):
        return (
            f"{found['name']} is ready to boot into Xen {wanted.release}, and runs {describe(found)}: reboot it, or "
            f"{allow} Its guests come after that."
        )
    why = "; ".join(_sentences(found, wanted)) or "one is asked for"
    how = ""
    if lost_guests(found):
        how = f" Guests seem to run that no xenstored knows. Shut each of them down from within, then {allow}"
    elif wanted.reboot:
        how = f" Reboot it, or {allow}"
    return f"{found['name']} waits for a reboot: {why}.{how}"


def _in_variables(word: str) -> str:
    """The same in the roles' variables."""
    limit = limit_word(HOST_REBOOT)
    prefixed = (f"{'netbsd_xen_' if option == limit else 'bootloader_'}{option}" for option in word.split(", "))
    return " and ".join(prefixed)


def _sentences(found: dict[str, Any], wanted: Wanted) -> list[str]:
    return [
        f"{change.thing}: {_text(change.before)} now, {_text(change.after)} wanted"
        for change in differences(found, wanted)
    ]


def _text(value: Any) -> str:
    return (value if isinstance(value, str) else ", ".join(value or ())) or "none"


# -- after the reboot --------------------------------------------------------------------------------------------------


def problems(found: dict[str, Any], wanted: Wanted) -> list[str]:
    """What is wrong with a machine that was rebooted, a few words each; empty if it is as wanted."""
    if not in_xen(found, wanted.release):
        return [f"a dom0 under Xen {wanted.release} is wanted"]
    words = _sentences(found, wanted)
    toolstack = found["toolstack"] or {}
    if wanted.xenstore and not toolstack.get("alive"):
        words.append(f"the toolstack can't be used: {toolstack.get('why')}")
    return words


def to_be_undone(found: dict[str, Any], wanted: Wanted) -> bool:
    """Whether the menu's default is to become the native entry: the machine has come up without Xen, which says that
    the default does not boot. One that came up under some Xen keeps its default, because that does."""
    return bool(wanted.native_entry) and found["role"] == "bare_metal"
