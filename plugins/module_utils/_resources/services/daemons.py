# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The daemons of Xen, as they really live: looking at them, what ails a service, and starting what is missing.

A script's word is not taken for a fact: ``xencommons status`` exits 0 when all is dead (record dead-after-1, NetBSD
7.99.10). Processes count, and xenstored's answer.

Sources of what the scripts start: pkgsrc sysutils/xentools{3,33,41,42,420}/files; of how xend starts xenstored: Xen's
tools/misc/xend of 3.1.
"""

from __future__ import annotations

import os
import time
from typing import Any

from ... import _processes, _progress, _releases
from ..._change import CommandFailed, Refused, XenError
from ..._command import Result
from ..._host import Host
from ..._toolstack import lost
from . import settings

PROGRAMS = "/usr/pkg/sbin"
XENSTORE_READ = "/usr/pkg/bin/xenstore-read"
XENSTORE_WRITE = "/usr/pkg/bin/xenstore-write"
# Since Xen 4.5; before, xencommons itself writes dom0's name.
XEN_INIT_DOM0 = "/usr/pkg/libexec/xen/bin/xen-init-dom0"
DOM0_NAME = "/local/domain/0/name"
# Without it xl list works and xl create says "Illegal pool specified: (null)". xen-init-dom0 writes it, and does
# nothing where dom0 has its name already (Xen's tools/helpers/xen-init-dom0.c, from 4.17 on).
POOL, POOL_NAME = "/local/pool/0/name", "Pool-0"
XENSTORED = "xenstored"
WATCHDOG = "xenwatchdogd"
# Who keeps a connection to xenstored. When that dies they have lost it for good: a new xenstored knows nothing of them.
CLIENTS = ("xenconsoled", "xenbackendd", "xend")
# xend needs it and does not make it; /var/run is empty after a boot (pkgsrc xend.sh).
XEND_RUN_DIR = "/var/run/xend/boot"

# xencommons' start sleeps 5 s on its way.
SCRIPT_SECONDS = 120.0
XENSTORE_SECONDS = 10.0
# How long a service may take to be well: after a command that succeeded, and after one that did not.
HEALTHY_SECONDS = 30.0
FAILED_SECONDS = 3.0
POLL_SECONDS = 0.5

# What xenstored said when it was asked for the names of dom0 and of the first CPU pool.
ANSWERS, NO_NAME, NO_POOL = "Domain-0", "no name", "no CPU pool"
SILENT, NO_TOOL = "no answer", "no xenstore-read"

_SERVICES = [service for row in _releases.RELEASES.values() for service in row.services]
_MEMBERS = frozenset(name for service in _SERVICES for name in service.daemons + service.scripts)


# -- looking ----------------------------------------------------------------------------------------------------------


def processes(host: Host) -> dict[str, list[int]]:
    """The process ids of Xen's daemons, by name. A store goes by the name xenstored, whichever of the two it is."""
    found: dict[str, list[int]] = {}
    for process in _processes.running(host):
        name = XENSTORED if process.name in lost.STORES else process.name
        if name in _MEMBERS:
            found.setdefault(name, []).append(process.pid)
    return found


def ask_xenstore(host: Host) -> str:
    """Whether xenstored answers and knows dom0 and its CPU pool. Only to be asked while it lives: else the question
    never ends (record xenstored-dead-hang)."""
    if not host.exists(XENSTORE_READ):
        return NO_TOOL
    # Where xen-init-dom0 is not, xl is not either.
    wanted = [DOM0_NAME, POOL] if host.exists(XEN_INIT_DOM0) else [DOM0_NAME]
    try:
        values = host.try_run([XENSTORE_READ, *wanted], timeout=XENSTORE_SECONDS).stdout.splitlines()
    except CommandFailed:
        return SILENT
    # What is read before a path that is not there is printed all the same (xenstore_client.c, MODE_read).
    if values[:1] != [ANSWERS]:
        return NO_NAME
    return ANSWERS if len(values) == len(wanted) else NO_POOL


def members(known: _releases.Service) -> tuple[str, ...]:
    """Everything that must live while the service is started."""
    return known.daemons + known.scripts


def needs_xenstored(known: _releases.Service) -> bool:
    """Whether the service is of no use before another one has started xenstored."""
    return not known.xenstore and any(name in CLIENTS for name in members(known))


def is_down(known: _releases.Service, living: dict[str, list[int]]) -> bool:
    """Whether the service has ended. xend leaves xenstored behind when it is stopped, and must."""
    return not any(living.get(name) for name in known.scripts or known.daemons)


def ailment(living: dict[str, list[int]], answer: str | None, known: _releases.Service) -> tuple[str, str] | None:
    """What is to be done and what was found, in words; None if all live and, where it matters, xenstored knows dom0."""
    dead = [name for name in members(known) if not living.get(name)]
    said = " and ".join(dead) + " not running"
    if XENSTORED in dead or (dead and not known.xenstore and len(dead) == len(members(known))):
        return "start it", said
    if known.xenstore and answer == NO_POOL:
        if known.pool:
            return (
                f"tell xenstored of the CPU pool {POOL_NAME}, and start what is missing",
                f"xenstored does not know the CPU pool {POOL_NAME} ({POOL}), because xen-init-dom0 has not run: guests "
                "are listed, and none can be created",
            )
    elif known.xenstore and answer != ANSWERS:
        return "tell xenstored of dom0, and start what is missing", "xenstored runs, but does not know dom0"
    if dead:
        return "start " + " and ".join(dead), said
    return None


def refuse_hopeless(name: str, living: dict[str, list[int]], answer: str | None) -> None:
    """Raises Refused for a xenstored that lives and can't be asked: nothing but a boot helps."""
    if answer == SILENT:
        raise Refused(
            f"Service {name}: xenstored runs (process {living[XENSTORED][0]}) but does not answer within "
            f"{XENSTORE_SECONDS:g} s. It can't be restarted beside running guests; reboot the machine."
        )
    if answer == NO_TOOL:
        raise Refused(f"Service {name}: xenstored runs, but {XENSTORE_READ} is missing; are the Xen tools installed?")


# -- starting and stopping --------------------------------------------------------------------------------------------


def start(host: Host, name: str, known: _releases.Service) -> None:
    """Start what is missing of a service, and nothing twice. xenstored itself is never ended.

    A script starts its daemons whatever runs already, and with one of them alive that would add a second (record
    xc-before). So it is run only where none of them lives, or where xenstored is to be started; what has outlived
    xenstored is ended first.
    """
    living = processes(host)
    missing = [member for member in members(known) if not living.get(member)]
    result = None
    if XENSTORED in missing:
        _refuse_beside_guests(host)
        _end_survivors(host, living)
        result = run_script(host, name, "start")
    elif missing and not known.xenstore and len(missing) == len(members(known)):
        result = run_script(host, name, "start")
    else:
        if known.xenstore and ask_xenstore(host) == NO_NAME:
            result = _introduce_dom0(host)
        if known.pool and ask_xenstore(host) == NO_POOL:
            result = host.run([XENSTORE_WRITE, POOL, POOL_NAME], timeout=XENSTORE_SECONDS)
        for member in missing:
            result = _start_alone(host, member)
    if result is not None:
        wait(lambda: _is_well(host, known), f"the daemons of {name} are not well", result)


def _refuse_beside_guests(host: Host) -> None:
    """Raises XenError if a guest may have been started since the plan was made, or by other hands."""
    found = lost.signs(host)
    if found:
        raise XenError(lost.words_for_dead_store(found))


def _is_well(host: Host, known: _releases.Service) -> bool:
    living = processes(host)
    answer = ask_xenstore(host) if known.xenstore and living.get(XENSTORED) else None
    return ailment(living, answer, known) is None


def _end_survivors(host: Host, living: dict[str, list[int]]) -> None:
    for name in CLIENTS:
        for process in living.get(name, []):
            # It may have ended by itself by now.
            host.try_run(["/bin/kill", "-TERM", str(process)])


def _introduce_dom0(host: Host) -> Result:
    if host.exists(XEN_INIT_DOM0):
        return host.run([XEN_INIT_DOM0])
    return host.run([XENSTORE_WRITE, DOM0_NAME, ANSWERS], timeout=XENSTORE_SECONDS)


def _start_alone(host: Host, member: str) -> Result:
    """Start one daemon as its script would. None of these disturbs a guest: xend keeps those that run."""
    argv = [f"{PROGRAMS}/{member}"]
    if member == "xend":
        host.make_dir(XEND_RUN_DIR)
        argv.append("start")
    elif member == "xenconsoled":
        argv += settings.console_trace(host)
    return host.run(argv, timeout=SCRIPT_SECONDS)


def stop(host: Host, name: str, known: _releases.Service) -> None:
    """Stop a service by its script, and wait until its processes have gone.

    The watchdog's script sends SIGTERM, by which it has the hypervisor reset the machine 300 seconds later; SIGUSR1 is
    what ends the watch (Xen's tools/misc/xenwatchdogd.c and tools/hotplug/NetBSD/rc.d/xen-watchdog)."""
    if WATCHDOG in known.daemons:
        ids = [str(process) for process in processes(host).get(WATCHDOG, [])]
        result = host.try_run(["/bin/kill", "-USR1", *ids])
    else:
        result = run_script(host, name, "stop")
    wait(lambda: is_down(known, processes(host)), f"{name} is still running", result)


def run_script(host: Host, name: str, action: str) -> Result:
    """Run a script's action whether the service is enabled or not. Any exit status is returned: it proves nothing."""
    with _progress.during(name, f"one{action}"):
        return host.try_run([f"{settings.SCRIPTS}/{name}", f"one{action}"], timeout=SCRIPT_SECONDS)


def wait(done: Any, complaint: str, result: Result) -> None:
    """Ask again and again until ``done``. Raises XenError with the last words of the command that should do it."""
    with _progress.during(os.path.basename(result.argv[0]), "is waited for"):
        _wait(done, complaint, result)


def _wait(done: Any, complaint: str, result: Result) -> None:
    end = time.monotonic() + (HEALTHY_SECONDS if result.rc == 0 else FAILED_SECONDS)
    while not done():
        if time.monotonic() > end:
            raise XenError(
                f"{' '.join(result.argv)} ended with status {result.rc}, but {complaint}: "
                f"{result.tail or 'it printed nothing'}",
                command=list(result.argv),
                rc=result.rc,
                output=result.tail,
            )
        time.sleep(POLL_SECONDS)
