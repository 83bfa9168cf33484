# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The guests of a machine that is to be rebooted: each is shut down and waited for, and none is ever cut off.

/etc/rc.d/xendomains asks them too, but after a while it gives up and the machine goes down all the same (pkgsrc
xentools420/files/xendomains.sh, xendomains_stop).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ... import _processes
from ..._change import CommandFailed, XenError
from ..._formats.xl.xl_output import Row
from ..._host import Host
from ..._toolstack import lost
from ..._toolstack.choose import toolstack
from ..._toolstack.interface import Toolstack
from ..._toolstack.lock import exclusive

# How many are asked at the same time: they all write to the same disks while they shut down.
AT_ONCE = 8
XENSTORE_LIST = "/usr/pkg/bin/xenstore-list"
XENSTORE_SECONDS = 10.0


def running(host: Host, abandon: bool = False) -> list[Row]:
    """The guests that run. With ``abandon`` those that can't be shut down from here are left out.

    Raises XenError for these otherwise: guests that nobody can ask, and guests that xenstored does not know.
    """
    tool = toolstack(host)
    alive, why = tool.alive()
    if alive:
        try:
            rows = [row for row in tool.rows() if row.domid != 0 and not row.dying]
        except CommandFailed as error:
            why = f"{error}."
        else:
            nameless = lost.nameless(rows)
            if nameless and not abandon:
                raise XenError(f"The machine was not rebooted. {lost.words_for_nameless(nameless)}")
            return [row for row in rows if row not in nameless]
    traces = [] if abandon else _traces(host)
    if traces:
        raise XenError(
            f"Guests seem to be running ({', '.join(traces)}), and they can't be shut down from here: {why} The "
            "machine was not rebooted. Shut the guests down from inside, and then allow it with abandon_guests."
        )
    return []


def _traces(host: Host) -> list[str]:
    """Signs of guests, in words. Raises CommandFailed if nobody could look."""
    processes = _processes.names(host)
    return lost.signs(host) + (_domains_in_xenstore(host) if lost.store_lives(processes) else [])


def _domains_in_xenstore(host: Host) -> list[str]:
    """A paravirtual guest of xend without a network interface is seen nowhere else."""
    if not host.exists(XENSTORE_LIST):
        return []
    try:
        # It fails if there is no such path, as where the tools of another release have not even introduced dom0.
        listed = host.try_run([XENSTORE_LIST, "/local/domain"], timeout=XENSTORE_SECONDS)
    except CommandFailed:
        return ["xenstored, which does not answer"]
    return [f"domain {name}" for name in listed.stdout.split() if name.isdigit() and name != "0"]


def shut_down(host: Host, seconds: float, abandon: bool = False) -> list[str]:
    """Shut every guest down and return their names. Each has ``seconds`` for it; ``abandon``: see ``running``.

    Raises XenError if one still runs then; those that have shut down stay down.
    """
    guests = running(host, abandon)
    if not guests:
        return []
    with exclusive():
        tool = toolstack(host)
        with ThreadPoolExecutor(max_workers=AT_ONCE) as workers:
            ended = dict(zip(guests, workers.map(lambda row: _ask(tool, row, seconds), guests)))
        left = running(host, abandon)
    if left or not all(ended.values()):
        stubborn = sorted({row.name for row in left} | {row.name for row, gone in ended.items() if not gone})
        raise XenError(_words(stubborn, sorted(row.name for row, gone in ended.items() if gone), seconds))
    return [row.name for row in guests]


def _ask(tool: Toolstack, row: Row, seconds: float) -> bool:
    try:
        return tool.shutdown(row, seconds)
    except XenError:
        return False


def _words(stubborn: list[str], ended: list[str], seconds: float) -> str:
    down = f" Shut down are {', '.join(ended)}; start them again with netbsd.xen.domain." if ended else ""
    return (
        f"The machine was not rebooted, because {', '.join(stubborn)} did not shut down within {seconds:g} seconds, "
        "and what is not written to disk would be lost. Shut down from inside, or stop with netbsd.xen.domain and "
        f"destroy_after; does powerd run in NetBSD guests?{down}"
    )
