# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""xm, the command of Xen up to 4.4: commands, messages and exit statuses.

Source: tools/python/xen/xm/main.py, create.py, shutdown.py and console.py of Xen 3.1 and 4.2; facts section 9. What
was not found there ends with status 97.
"""
from __future__ import annotations

import getopt
from collections.abc import Callable

from ...core.machine import Machine, NotSimulated
from ...pkg import tools
from ..common import domains, guests, hypervisor
from ..common.hypervisor import err, flush, out, wait
from . import xend, xend_create, xm_config, xm_devices, xm_help, xm_list, xm_pools, xm_resources, xm_state
from . import xend_sxp as sxp
from .xend import Fault
from .xm_config import XmError

Command = Callable[[Machine, "list[str]"], int]

_DESTROY_SECONDS = 0.35  # assumed as long as with xl
_MISSING_STATUS = {"4.2": 3, "3.1": 1}  # 4.x ends with the fault's code


def xm(m: Machine, argv: list[str]) -> int:
    """The entry point."""
    return run(m, argv[1:])


def run(m: Machine, args: list[str]) -> int:
    """`xm ARGS`. Returns its exit status."""
    if not args:
        raise NotSimulated("xm without a command")
    command = _lookup(m, args[0])
    if command is None:
        err(f"Error: Subcommand {args[0]} not found!\n")
        out("Usage: xm <subcommand> [args]\n\nControl, list, and manipulate Xen guest instances.\n\n")
        return 1
    if command not in _COMMANDS:
        raise NotSimulated(f"xm {command}")
    function, least, most = _COMMANDS[command]
    try:
        _check_count(command, [word for word in args[1:] if not word.startswith("-")], least, most)
        if command not in ("create", "new"):
            xend.connect(m)
        return function(m, args[1:])
    except Fault as fault:
        err(f"Error: {fault.text}\n")
        if fault.missing:
            return _MISSING_STATUS[tools.xm_era(m)]
        if command not in ("create", "new"):
            out(xm_help.usage(command))
        return 1
    except XmError as error:
        err(f"Error: {error.text}\n" if error.text else "")
        if not error.text:
            out(xm_help.usage(command))
        return error.rc
    except ValueError:
        err("Error: Invalid argument.\n")
        out(xm_help.usage(command))
        return 1


def _lookup(m: Machine, word: str) -> str | None:
    """The command of that name, of that old name, or the only one that begins so."""
    if word in xm_help.ALIASES:
        new = xm_help.ALIASES[word]
        err(f"Command {word} is deprecated.  Please use xm {new} instead.\n")
        return new
    known = [*xm_help.HELP, *(xm_help.POOLS if xend.modern(m) else ())]
    if word in known:
        return word
    matches = [name for name in known if name.startswith(word)]
    return matches[0] if len(matches) == 1 else None


def _check_count(command: str, words: list[str], least: int | None, most: int | None) -> None:
    if least is None or least <= len(words) <= (least if most is None else most):
        return
    if most is None:
        err(f"Error: 'xm {command}' requires {least} argument{'' if least == 1 else 's'}.\n\n")
    else:
        err(f"Error: 'xm {command}' requires between {least} and {most} arguments.\n\n")
    raise XmError("", 1)


# --- making ------------------------------------------------------------------------------------------------------


def _create(m: Machine, args: list[str]) -> int:
    """Reads the file first: a wrong one is told of even without xend."""
    given = xm_config.command_line(m, args, out)
    found = xm_config.settings(m, given.values)
    if given.dryrun:
        out(sxp.pretty(xm_config.vm_form(m, found), tools.xm_era(m)) + "\n")
        return 0
    xend.connect(m)
    xend_create.check_new(m, found)
    domain = xend_create.build(m, found, given.paused)
    out(f"Started domain {found['name']}" + (f" (id={domain['domid']})\n" if xend.modern(m) else "\n"))
    return 0


def _new(m: Machine, args: list[str]) -> int:
    given = xm_config.command_line(m, args, out)
    found = xm_config.settings(m, given.values)
    if given.dryrun:
        raise NotSimulated("xm new --dryrun")
    xend.connect(m)
    xend_create.check_name(m, found["name"])
    xend_create.complete(found)
    xend.save_managed(m, found)
    return 0


def _start(m: Machine, args: list[str]) -> int:
    try:
        options, words = getopt.gnu_getopt(args, "pcx", ["paused", "console_autoconnect", "skipdtd"])
    except getopt.GetoptError as error:
        raise NotSimulated(f"xm start: {error}") from None
    if {option for option, _value in options} - {"-p", "--paused"}:
        raise NotSimulated("xm start with a console")
    guest = xend.find(m, words[0])
    if guest.domid is not None:
        raise Fault("Domain is already running")
    xend_create.build(m, guest.settings, bool(options))
    return 0


def _delete(m: Machine, args: list[str]) -> int:
    guest = xend.find(m, args[0])
    if guest.domid is not None:
        raise Fault("Domain is not halted.")
    xend.forget_managed(m, guest.uuid)
    return 0


# --- ending ------------------------------------------------------------------------------------------------------


def _shutdown(m: Machine, args: list[str]) -> int:
    return _go_down(m, args, guests.POWEROFF)


def _reboot(m: Machine, args: list[str]) -> int:
    return _go_down(m, args, guests.REBOOT)


def _go_down(m: Machine, args: list[str], reason: int) -> int:
    """It asks, and ends; only -w waits."""
    try:
        options, words = getopt.gnu_getopt(args, "awHR", ["all", "wait", "halt", "reboot"])
    except getopt.GetoptError as error:
        raise NotSimulated(f"xm shutdown: {error}") from None
    letters = {option.lstrip("-")[0].upper() for option, _value in options}
    if {"H", "R"} <= letters:
        raise XmError("Can't specify halt and reboot")
    if "A" in letters:
        if words:
            raise NotSimulated("xm shutdown -a with names")
        names = [guest.name for guest in xend.live(m)]
    elif len(words) != 1:
        raise XmError("No domain parameter given" if not words else "No multiple domain parameters allowed")
    else:
        names = words
    if "R" in letters:
        reason = guests.REBOOT
    before = {name: xend.find(m, name).domid for name in names}
    for name in names:
        guest = xend.find(m, name)
        if guest.is_dom0:
            raise Fault("Domain 0 cannot be shutdown")
        if guest.live is None:
            raise Fault("Domain cannot be shutdown")
        domains.request(m, guest.live, reason)
    if "W" in letters:
        _await(m, names, before, reason)
    return 0


def _await(m: Machine, names: list[str], before: dict[str, int | None], reason: int) -> None:
    """Compares with names only: a domain given by its number counts as gone at once."""
    if reason == guests.REBOOT and any(name.isdigit() for name in names):
        raise NotSimulated("xm reboot -w with a number")
    left = list(names)
    word = "rebooted" if reason == guests.REBOOT else "terminated"
    while left:
        running = {guest.name: guest.domid for guest in xend.live(m)
                   if guest.live and guest.live["reason"] is None}
        for name in list(left):
            gone = running.get(name) not in (None, before[name]) if reason == guests.REBOOT else name not in running
            if gone:
                out(f"Domain {name} {word}\n")
                left.remove(name)
        if left:
            wait(m, 1)
            domains.settle(m)
    out(f"All domains {word}\n")


def _destroy(m: Machine, args: list[str]) -> int:
    try:
        guest = xend.find(m, args[0])
    except Fault:
        if args[0].isdigit():
            raise Fault("(3, 'No such process')") from None
        raise
    if guest.is_dom0:
        raise Fault(f"Cannot destroy privileged domain {args[0]}")
    if guest.live is not None:
        domid = guest.live["domid"]
        wait(m, _DESTROY_SECONDS)
        domain = domains.get(m, domid)
        if domain is not None:
            domains.destroy(m, domain)
    return 0


def _pause(m: Machine, args: list[str]) -> int:
    guest = xend.find_live(m, args[0])
    if guest.live is None:
        raise Fault(f"Cannot pause privileged domain {args[0]}")
    if not guest.live["paused"]:
        domains.pause(m, guest.live)
    elif not xend.modern(m):
        raise NotSimulated("xm pause twice")
    return 0


def _unpause(m: Machine, args: list[str]) -> int:
    guest = xend.find_live(m, args[0])
    if guest.live is None:
        raise Fault(f"Cannot unpause privileged domain {args[0]}")
    if guest.live["paused"]:
        domains.unpause(m, guest.live)
    elif not xend.modern(m):
        raise NotSimulated("xm unpause of a guest that runs")
    return 0


# --- names and text ----------------------------------------------------------------------------------------------


def _domid(m: Machine, args: list[str]) -> int:
    out(f"{xend.find(m, args[0]).domid}\n")
    return 0


def _domname(m: Machine, args: list[str]) -> int:
    out(f"{xend.find(m, args[0]).name}\n")
    return 0


def _rename(m: Machine, args: list[str]) -> int:
    guest, domain = xend.running(m, args[0], "rename")
    if xend.is_managed(m, guest.uuid):
        raise NotSimulated("xm rename of a managed domain")
    xend_create.check_name(m, args[1])
    domain["name"] = domain["config"]["c_info"]["name"] = guest.settings["name"] = args[1]
    return 0


def _dmesg(m: Machine, args: list[str]) -> int:
    if args:
        raise NotSimulated("xm dmesg " + args[0])
    hypervisor.dmesg(m)
    return 0


def _console(m: Machine, args: list[str]) -> int:
    """Shows what the guest wrote, and never ends."""
    words = [word for word in args if word not in ("-q", "--quiet")]
    guest = xend.find_live(m, words[0])
    if guest.live is None:
        raise NotSimulated("xm console 0")
    if guests.installs(guest.live):
        from ..common import installer

        return installer.attach(m, guest.live)
    path = guests.console_log(m, guest.live)
    out(path.read_text(errors="surrogateescape") if path.exists() else "")
    flush()
    m.hang()
    return 0


# command -> (function, least words, most words); None: the command counts itself.
_COMMANDS: dict[str, tuple[Command, int | None, int | None]] = {
    "create": (_create, None, None), "new": (_new, None, None), "start": (_start, 1, None),
    "delete": (_delete, 1, None), "list": (xm_list.list_domains, None, None),
    "vcpu-list": (xm_list.vcpu_list, None, None), "uptime": (xm_list.uptime, None, None),
    "sched-credit": (xm_list.sched_credit, None, None), "info": (xm_list.info, None, None),
    "dmesg": (_dmesg, None, None), "domid": (_domid, 1, None), "domname": (_domname, 1, None),
    "rename": (_rename, 2, None), "console": (_console, 1, None), "dump-core": (xm_state.dump_core, 1, 2),
    "shutdown": (_shutdown, None, None), "reboot": (_reboot, None, None), "destroy": (_destroy, 1, None),
    "pause": (_pause, 1, None), "unpause": (_unpause, 1, None), "restore": (xm_state.restore, 1, None),
    "save": (xm_state.save, 2, None), "mem-set": (xm_resources.mem_set, 2, None),
    "mem-max": (xm_resources.mem_max, 2, None), "vcpu-set": (xm_resources.vcpu_set, 2, None),
    "vcpu-pin": (xm_resources.vcpu_pin, 3, None), "block-attach": (xm_devices.block_attach, 4, 5),
    "block-detach": (xm_devices.block_detach, 2, 3), "block-list": (xm_devices.block_list, None, None),
    "network-attach": (xm_devices.network_attach, 1, 11), "network-detach": (xm_devices.network_detach, 2, 3),
    "network-list": (xm_devices.network_list, None, None),
    "cpupool-list": (xm_pools.cpupool_list, 0, 2), "cpupool-migrate": (xm_pools.cpupool_migrate, 2, None),
}
