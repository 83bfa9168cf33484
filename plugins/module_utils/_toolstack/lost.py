# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Guests that xenstored does not know: it died beside them, or another one was started after that.

They go on working, but the toolstack finds everything of them in xenstore, and nothing brings that back: such a guest
has no name any more and can't be shut down, saved or changed (record xenstored-killed-beside-a-guest, NetBSD 7.99.10).
So no xenstored is ever started beside running guests. While it is dead xl can't be asked who runs, because it would
hang for good (record xenstored-dead-hang); what the kernel has of a guest tells. What is said about all this, whoever
notices it, is said here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from .. import _processes, _releases
from .._change import CommandFailed
from .._formats.system.ps import Process
from .._formats.xl.xl_output import NAMELESS, Row
from .._host import Host

# The names of a store's program: pkgsrc's tools bring both, and xencommons starts the one that it is told.
STORES = ("xenstored", "oxenstored")
DEVICE_MODELS = ("qemu-dm", "qemu-system-i386")
# With these an xl stays behind its guest.
_STAYING = ("create", "restore", "migrate-receive")
IFCONFIG = "/sbin/ifconfig"
VNCONFIG = "/usr/sbin/vnconfig"
DMESG = "/sbin/dmesg"
# What a store leaves that has run since the boot, which empties /var/run. Without one there was never a guest.
_LEFT_BY_A_STORE = (
    "/var/run/xenstored.pid",
    "/var/run/xen/xenstored.pid",
    "/var/run/xenstored/socket",
    "/var/run/xen/xenstored/socket",
)
_UNIT_IN_USE = re.compile(r"^(vnd[0-9]+): (?!not in use)(?P<what>.*)$", re.MULTILINE)
# sys/arch/xen/xen/xbdback_xenbus.c. The kernel's buffer can survive a reboot; what counts is behind the last banner.
_BANNER = re.compile(r"^(?:\[ *[0-9.]+\] )?hypervisor[0-9]+ at mainbus[0-9]+: ", re.MULTILINE)
_BACKEND = re.compile(r"xbd backend: (?P<what>attach|detach) device .* for domain (?P<domid>[0-9]+)")
_DISK = "disk "
_IF_NOT_A_GUESTS = " If there are no guests, because this disk is something else's, take it away and run this again."
_HOW = (
    "They go on working, but nothing can manage them from here any more. Shut each of them down from within, then "
    "reboot the machine on your word that this is done: netbsd.xen.site with --tags reboot -e bootloader_reboot=true "
    "-e bootloader_abandon_guests=true (module xen_reboot: reboot and abandon_guests), or /sbin/reboot by hand; "
    "shutdown(8) may wait for xl for ever. What a guest has not written to its disks by then is lost."
)


# -- looking -----------------------------------------------------------------------------------------------------------


def store_lives(names: Iterable[str]) -> bool:
    """Whether a store is among the names of the running programs."""
    return not set(STORES).isdisjoint(names)


def signs(host: Host) -> list[str]:
    """Signs of running guests, in words, on a machine whose store can't be asked; empty if there are none. Where
    nobody could look, that is a sign as well.

    A guest without any disk and any network interface leaves none.
    """
    try:
        processes = _processes.running(host)
        found = _of_processes(processes)
        if host.system != "NetBSD":
            return found
        names = host.run([IFCONFIG, "-l"]).stdout.split()
    except CommandFailed as error:
        return [f"nobody can tell: {error}"]
    found += [f"interface {name}" for name in names if _releases.GUEST_INTERFACE.match(name)]
    if not store_lives(process.name for process in processes) and any(map(host.exists, _LEFT_BY_A_STORE)):
        found += _of_disks(host)
    return found


def _of_processes(processes: list[Process]) -> list[str]:
    staying = [each for each in processes if each.name == "xl" and not set(_STAYING).isdisjoint(each.words)]
    models = [each for each in processes if each.name in DEVICE_MODELS]
    return sorted({f"process {each.name}" for each in (*staying, *models)})


def _of_disks(host: Host) -> list[str]:
    """A file that is a guest's disk has a vnd unit, and the kernel tells of each disk that a guest takes and leaves."""
    units = [f"{_DISK}{found[1]} on {found['what']}" for found in _UNIT_IN_USE.finditer(_said(host, VNCONFIG, "-l"))]
    told = _BANNER.split(_said(host, DMESG))[-1]
    disks: Counter[int] = Counter()
    for found in _BACKEND.finditer(told):
        disks[int(found["domid"])] += 1 if found["what"] == "attach" else -1
    return units + [f"domain {domid} with a disk in the kernel's messages" for domid in sorted(+disks)]


def _said(host: Host, *argv: str) -> str:
    try:
        return host.try_run(argv).stdout
    except CommandFailed:
        return ""


def nameless(rows: Iterable[Row]) -> list[Row]:
    """The domains of a list that the store does not know. One that is being taken apart has lost its name too, and one
    that is being made, which is paused, has none yet: these are so for a moment only."""
    return [row for row in rows if row.domid != 0 and row.unnamed and not row.dying and not row.paused]


# -- the words ---------------------------------------------------------------------------------------------------------


def words_for_dead_store(found: list[str]) -> str:
    """What is the matter where the store is dead and there are signs of guests, and what to do."""
    only_disks = all(sign.startswith(_DISK) for sign in found)
    return (
        f"xenstored is not running, and guests seem to run ({', '.join(found)}). A new xenstored would not know them, "
        f"so none is started. {_HOW}{_IF_NOT_A_GUESTS if only_disks else ''}"
    )


def words_for_nameless(found: Iterable[Row]) -> str:
    """What is the matter with domains that the store does not know, and what to do."""
    ids = ", ".join(str(row.domid) for row in found)
    return (
        f"Guests run that xenstored does not know (domain {ids}, to xl {NAMELESS}): it was started anew while they "
        f"ran. {_HOW}"
    )
