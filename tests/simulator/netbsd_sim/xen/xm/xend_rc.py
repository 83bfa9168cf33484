# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""xend, xenbackendd and the others as daemons, and the rc.d scripts that start them.

Source: pkgsrc sysutils/xentools42 and xentools41/files/{xencommons,xend}.sh, sysutils/xentools3 and
xentools33/files/{xend,xenbackendd}.sh; tools/xenbackendd and xend/server/SrvDaemon.py of Xen 3.1 and 4.2; rc.subr of
NetBSD 5 and 6.
"""
from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...core import xenhooks
from ...core.machine import Machine, NotSimulated, SimError
from ...pkg import tools

if TYPE_CHECKING:
    from ...system.services import Action, Script

_PRIVCMD = "/kern/xen/privcmd"
_LOCKS = ("/var/lock/xend", "/var/lock/subsys/xend")
_READERS = {"list", "info", "vcpu-list", "dmesg", "domid", "domname", "top", "uptime", "help", "console",
            "network-list", "block-list"}


# --- the daemons -------------------------------------------------------------------------------------------------


def _write(m: Machine, name: str, text: str) -> None:
    path = m.path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _needs_hypervisor(m: Machine, name: str) -> None:
    if not m.is_dom0() or not m.path(_PRIVCMD).exists():
        raise NotSimulated(f"{name} without a hypervisor or without /kern")


def xenstored(m: Machine, _argv: list[str]) -> int:
    """Beside a running one it ends silently."""
    _needs_hypervisor(m, "xenstored")
    if not m.daemon("xenstored"):
        _write(m, "/var/run/xenstored.pid", f"{m.start_daemon('xenstored')}\n")
        m.data["dom0_set_up"] = False
        xenhooks.store_started(m)
    return 0


def xenconsoled(m: Machine, _argv: list[str]) -> int:
    if not m.daemon("xenstored"):
        print("Failed to contact xenstore (No such file or directory).  Is it running?", file=sys.stderr)
        return 1
    key = "xenconsoled" if not m.daemon("xenconsoled") else f"xenconsoled#{m.data['next_pid']}"
    _write(m, "/var/run/xenconsoled.pid", f"{m.start_daemon(key)}\n")
    return 0


def xenbackendd(m: Machine, _argv: list[str]) -> int:
    """Runs the hotplug scripts. It goes to the background before it looks for xenstored, so nobody hears of it."""
    if not m.daemon("xenstored"):
        log = m.path("/var/log/xenbackendd.log")
        with log.open("a") as stream:
            stream.write("Failed to contact xenstore (No such file or directory).  Is it running?\n")
        return 0
    key = "xenbackendd" if not m.daemon("xenbackendd") else f"xenbackendd#{m.data['next_pid']}"
    _write(m, "/var/run/xenbackendd.pid", f"{m.start_daemon(key)}\n")
    return 0


def xend(m: Machine, argv: list[str]) -> int:
    """xend start | stop | restart | status."""
    word = argv[1] if len(argv) == 2 else ""
    if word == "start":
        return _start_xend(m)
    if word == "stop":
        _stop_xend(m)
        return 0
    if word == "restart":
        _stop_xend(m)
        return _start_xend(m)
    if word == "status":
        return 0 if m.daemon("xend") else 3
    raise NotSimulated(" ".join(argv))


def _start_xend(m: Machine) -> int:
    from . import xend_life

    if m.daemon("xend"):
        return 0
    _needs_hypervisor(m, "xend")
    if tools.release(m) in ("3.1", "3.3"):  # xend.py's start_xenstored and start_consoled
        xenstored(m, [])
        if not m.daemon("xenconsoled"):
            xenconsoled(m, [])
        # Its Domain-0 gets its name when xend takes stock (tools/python/xen/xend/XendDomain.py of 3.1, dom0_setup).
        m.data["dom0_set_up"] = True
        xenhooks.daemons_started(m)
    elif not m.daemon("xenstored"):
        raise NotSimulated("xend start without xenstored")
    _write(m, "/var/run/xend.pid", f"{m.start_daemon('xend')}\n")
    _write(m, "/var/run/xend/xmlrpc.sock", "")
    xend_life.xend_started(m)
    return 0


def _stop_xend(m: Machine) -> None:
    from . import xend_life

    if m.daemon("xend"):
        xend_life.xend_stops(m)
        m.stop_daemon("xend")


def _stop(m: Machine, name: str) -> None:
    for key in [key for key in m.data.get("daemons", {}) if key.partition("#")[0] == name]:
        del m.data["daemons"][key]


def xl_beside_xm(m: Machine, argv: list[str]) -> int:
    """xl refuses to change anything while xend's lock file exists (tools/libxl/xl.c). NetBSD's scripts never make that
    file, and what xl of Xen 4.2 does otherwise has no record."""
    words = [word for word in argv[1:] if not word.startswith("-")]
    forced = "-f" in argv[1:2]
    if words and words[0] not in _READERS and not forced and any(m.path(lock).exists() for lock in _LOCKS):
        print("xend is running, which prevents xl from working correctly.\n"
              "If you still want to force the execution of xl please use the -f\noption.", file=sys.stderr)
        return 1
    raise NotSimulated("xl of Xen 4.2")


# --- rc.d of 4.2 -------------------------------------------------------------------------------------------------


def _xencommons_start(m: Machine, script: Script) -> int:
    print("Starting xenservices: xenstored, xenconsoled.", flush=True)
    if not m.path(_PRIVCMD).exists():
        print(f"{script.path}: WARNING: {_PRIVCMD} is not readable.", file=sys.stderr)
    xenstored(m, [])
    if not m.data.get("booting"):
        m.sleep(5)
    print("Setting domain 0 name...")
    m.data["dom0_set_up"] = True
    xenhooks.daemons_started(m)
    return xenconsoled(m, [])


def _xencommons_stop(m: Machine, _script: Script) -> int:
    """This one ends xenstored, too."""
    print("Stopping xencommons.")
    _stop(m, "xenconsoled")
    _stop(m, "xenstored")
    return 0


def _xencommons_status(m: Machine, _script: Script) -> int:
    xenstore, console = m.daemon("xenstored"), m.daemon("xenconsoled")
    if xenstore and console:
        print(f"xencommons are running as pids  {xenstore} {console}.")
        return 0
    for name, pid in (("xenstored", xenstore), ("xenconsoled", console)):
        print(f"{name} is running as pid {pid}." if pid else f"{name} is not running.")
    return 0


def _xend_start(m: Machine, script: Script) -> int:
    print("Starting xendservices: xenbackendd, xend.", flush=True)
    if not m.path(_PRIVCMD).exists():
        print(f"{script.path}: WARNING: {_PRIVCMD} is not readable.", file=sys.stderr)
    m.path("/var/run/xend/boot").mkdir(parents=True, exist_ok=True)
    xenbackendd(m, [])
    return _start_xend(m)


def _xend_stop(m: Machine, _script: Script) -> int:
    print("Stopping xendservices.")
    _stop_xend(m)
    _stop(m, "xenbackendd")
    return 0


def _xend_status(m: Machine, _script: Script) -> int:
    """Variables are misspelt in the script: it never says that anything runs."""
    if m.daemon("xenbackendd"):
        print("xenbackendd is not running.\nxend is not running.")
    else:
        print("xends are not running.")
    return 0


# --- rc.d of 4.1 -------------------------------------------------------------------------------------------------

_SERVICES_4_1 = ("xenstored", "xenconsoled", "xenbackendd")


def _xencommons_41_start(m: Machine, _script: Script) -> int:
    """Starts xenbackendd as well. required_files of the script is not looked at by a start of its own."""
    print("Starting xenservices: xenstored, xenconsoled, xenbackendd.", flush=True)
    xenstored(m, [])
    if not m.data.get("booting"):
        m.sleep(5)
    m.data["dom0_set_up"] = True
    xenhooks.daemons_started(m)
    xenconsoled(m, [])
    return xenbackendd(m, [])


def _xencommons_41_stop(m: Machine, _script: Script) -> int:
    print("Stopping xencommons.")
    for name in reversed(_SERVICES_4_1):
        _stop(m, name)
    return 0


def _xencommons_41_status(m: Machine, _script: Script) -> int:
    """Exit status 0 whatever it says. `test -n` without quotes is true of nothing as well: then the pid is missing."""
    pids = {name: m.daemon(name) for name in _SERVICES_4_1}
    if all(pids.values()):
        print("xencommons are running as pids  " + " ".join(str(pid) for pid in pids.values()) + ".")
    elif not any(pids.values()):
        print("xencommons are not running.")
    else:
        for name, pid in pids.items():
            print(f"{name} is running as pid {pid or ''}.")
    return 0


# --- rc.d of 3.1 and 3.3, and xend of 4.1 -----------------------------------------------------------------------


def _plain(name: str, start: Callable[[Machine], int], stop: Callable[[Machine], None]) -> dict[str, Action]:
    """A daemon in rc.subr's frame."""

    def started(m: Machine, script: Script) -> int:
        if name == "xend" and script.origin != "xentools41" and not m.path(_PRIVCMD).exists():
            print("xend: Cannot find /kern/xen/privcmd!")
            return 1
        if m.daemon(name):
            raise SimError(f"{name} already running? (pid={m.daemon(name)}).")
        print(f"Starting {name}.", flush=True)
        return start(m)

    def stopped(m: Machine, _script: Script) -> int:
        if not m.daemon(name):
            raise SimError(f"{name} not running?" + (
                " (check /var/run/xenbackendd.pid)." if name == "xenbackendd" else ""))
        print(f"Stopping {name}.")
        stop(m)
        return 0

    def status(m: Machine, _script: Script) -> int:
        pid = m.daemon(name)
        print(f"{name} is running as pid {pid}." if pid else f"{name} is not running.")
        return 0 if pid else 1

    return {"start": started, "stop": stopped, "status": status}


_XEND_3 = {
    "xend": _plain("xend", _start_xend, _stop_xend),
    "xenbackendd": _plain("xenbackendd", lambda m: xenbackendd(m, []), lambda m: _stop(m, "xenbackendd")),
    "xencommons": {},
}

ACTIONS: dict[str, dict[str, dict[str, Action]]] = {
    "4.2": {
        "xencommons": {"start": _xencommons_start, "stop": _xencommons_stop, "status": _xencommons_status},
        "xend": {"start": _xend_start, "stop": _xend_stop, "status": _xend_status},
        "xenbackendd": {},
    },
    "4.1": {
        "xencommons": {"start": _xencommons_41_start, "stop": _xencommons_41_stop, "status": _xencommons_41_status},
        "xend": _plain("xend", _start_xend, _stop_xend),
        "xenbackendd": {},
    },
    "3.3": _XEND_3,
    "3.1": _XEND_3,
}
