# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""xl(1) of Xen 4.20 on NetBSD: the command line, and where each sub-command is.

Messages and statuses: records in xl-4.20 unless another is named. What no record or source tells ends with
NotSimulated.
"""
from __future__ import annotations

import importlib
import re

from ...core.machine import Machine, NotSimulated
from ..common import domains, hypervisor
from ..common.hypervisor import XlExit, err, out
from . import helptext, interfaces
from .finding import Call, Command

# facts pains-and-xl-reference: only these can.
_CAN_DRY_RUN = frozenset(("create", "config-update", "cd-insert", "cd-eject", "vcpu-pin", "network-attach",
                          "block-attach", "cpupool-create"))
_MODULES = {
    "looking": ("list", "claims", "vm-list", "info", "dmesg", "domid", "domname", "vcpu-list", "uptime", "console",
                "channel-list", "vtpm-list", "usb-list", "getenforce", "psr-hwinfo", "set-parameters", "debug-keys",
                "vncviewer"),
    "asking": ("shutdown", "reboot", "destroy", "pause", "unpause", "rename", "trigger", "sysrq", "dump-core"),
    "tuning": ("mem-set", "mem-max", "vcpu-set", "vcpu-pin"),
    "scheduling": ("sched-credit", "sched-credit2", "sched-rtds"),
    "cpupools": ("cpupool-create", "cpupool-list", "cpupool-destroy", "cpupool-rename", "cpupool-cpu-add",
                 "cpupool-cpu-remove", "cpupool-migrate"),
    "creation": ("create", "config-update"),
    "migration": ("save", "restore", "migrate"),
    "attach": ("network-attach", "network-detach", "network-list", "block-attach", "block-detach", "block-list",
               "cd-insert", "cd-eject"),
    "pcicommands": ("pci-list", "pci-attach", "pci-detach", "pci-assignable-list", "pci-assignable-add",
                    "pci-assignable-remove"),
}
_ELSEWHERE = {name: module for module, names in _MODULES.items() for name in names}


def xl(m: Machine, argv: list[str]) -> int:
    """Entry for the dispatcher."""
    return run(m, argv[1:])


def run(m: Machine, args: list[str]) -> int:
    """Run one xl command line (without `xl`). Returns its exit status."""
    try:
        return _run(m, args)
    except XlExit as ending:
        return ending.rc


def _run(m: Machine, args: list[str]) -> int:
    rest = list(args)
    letters = ""
    while rest and re.fullmatch(r"-[vftN]+", rest[0]):
        letters += rest.pop(0)[1:]
    if rest and rest[0].startswith("-"):
        raise NotSimulated(f"xl {rest[0]}")
    if not rest:
        out(helptext.text())
        return 1
    hypervisor.open_hypervisor(m)
    call = Call("N" in letters, hypervisor.global_settings(m))
    domains.settle(m)
    word, rest = rest[0], rest[1:]
    interfaces.check(m, _full_name(word), rest)
    if word == "help" and not rest:
        out(helptext.text())
        return 0
    name = _full_name(word)
    command = _find(name)
    if call.dry_run and name not in _CAN_DRY_RUN:
        err("command does not implement -N (dryrun) option\n")
        return 1
    return command(m, rest, call)


def _full_name(word: str) -> str:
    """A sub-command may be cut short as long as only one begins so (record get_feat: `xl vnc`)."""
    names = [name for name, _description in helptext.COMMANDS if name.startswith(word)]
    if word in names or word == "help":
        return word
    if len(names) != 1:
        err("command not implemented\n")  # record unknown_command
        raise XlExit(1)
    return names[0]


def _find(name: str) -> Command:
    if name not in _ELSEWHERE:
        raise NotSimulated(f"xl {name}")
    module = importlib.import_module(f"{__package__}.{_ELSEWHERE[name]}")
    command: Command = module.COMMANDS[name]
    return command
