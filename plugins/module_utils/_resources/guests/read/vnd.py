# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The vnd units that guests leave behind.

On NetBSD a disk in a file is a vnd unit, which the block script configures when the disk comes and releases when it
goes (tools/hotplug/NetBSD/block). After a failed block-detach or a slow destroy the unit stays configured for good
(records vnconfig-l-end-with-guest, t1-vnconfig-after-destroy, NetBSD 7.99.10), and with enough of them no guest starts.

A unit is released only if its file is a disk that a guest's configuration names and nothing uses it, seen twice, with
no other run at work: a disk that comes has its unit before xenstored knows of it. All others, an admin's CD for
example, stay. It is done by a plain ``vnconfig -u``, which refuses a unit that is open (record vnconfig-u-busy);
``-F`` hung the machine (records vnconfig-F-mounted-hang, vnd-mount-once-F).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Optional, Tuple

from ...._change import CommandFailed
from ...._formats.system import mounts, vnconfig
from ...._formats.xl import xenstore
from ...._formats.xl.xl_output import Domain, Row
from ...._host import Host
from .current import KeptUnit, LeftUnit, VndUnits

VNCONFIG = "/usr/sbin/vnconfig"
MOUNT = "/sbin/mount"
XENSTORE_LS = "/usr/pkg/bin/xenstore-ls"
BACKENDS = "/local/domain/0/backend/vbd"
XENSTORE_SECONDS = 10.0
# The block script's own work, and that of xend after a guest has ended, takes less.
BETWEEN_LOOKS_SECONDS = 3.0

# Who may just be configuring a unit. The xl that waits for a guest's end keeps its command line, and has init as its
# parent (record ps-args-with-guest-with-guest, NetBSD 7.99.10; tools/xl/xl_utils.c, do_daemonize).
_COMING = re.compile(r"(xl|xm) (create|restore|migrate|block-attach)|/(block|xenbackendd)( |\Z)")
_INIT = "1"

_MOUNTED = "a file system on it is mounted on"
# What is at a path under any name: file system and inode.
Place = Tuple[str, Optional[int]]


def read(host: Host, domains: list[Domain], disks: dict[str, str], looks: int) -> VndUnits | None:
    """The configured units that are not the disks of running guests.

    ``disks`` are the disks that guests' configurations name: path to guest. ``looks`` is 2 where it decides. None if
    nobody looked: that takes a command, and where every disk in a file belongs to a running guest there is nothing to
    find.
    """
    live = {path for domain in domains for path in domain.disk_paths}
    if host.system != "NetBSD" or live.issuperset(disks):
        return None
    places, running = places_of(host, disks), set(places_of(host, dict.fromkeys(live, "")))
    if running.issuperset(places):
        return None
    unsure = unsure_of(domain.row for domain in domains)
    if any(domain.config is None for domain in domains):
        unsure = unsure or "a domain runs that nothing is known of"
    return looked(host, places, running, unsure, looks)


def unsure_of(rows: Iterable[Row]) -> str:
    """Why nobody can say what is in use; empty if one can. xenstored tells nothing of these."""
    found = next((row for row in rows if row.domid != 0 and (row.dying or row.unnamed)), None)
    return f"domain {found.domid}, {found.name}, may still use it" if found else ""


def places_of(host: Host, disks: dict[str, str]) -> dict[Place, tuple[str, str]]:
    """Where the disks that are files are, with their paths and guests."""
    found: dict[Place, tuple[str, str]] = {}
    for path, guest in disks.items():
        stat = host.stat(path) if path else None
        if stat is not None and stat.kind == "file":
            found[(stat.device, stat.inode)] = (path, guest)
    return found


# -- looking -----------------------------------------------------------------------------------------------------------


def looked(host: Host, places: dict[Place, tuple[str, str]], running: set[Place], unsure: str, looks: int) -> VndUnits:
    """What ``read`` gives, of the units whose files are at these places."""
    found = _look(host, places, running, unsure)
    for _again in range(looks - 1):
        if found.left:
            host.pause(BETWEEN_LOOKS_SECONDS)
            later = _look(host, places, running, unsure)
            left = {name: unit for name, unit in later.left.items() if found.left.get(name) == unit}
            found = VndUnits(left, later.kept)
    return found


def _look(host: Host, places: dict[Place, tuple[str, str]], running: set[Place], unsure: str) -> VndUnits:
    left, kept = {}, {}
    for unit, place in configured(host):
        path, guest = places.get(place, ("", ""))
        if path and place not in running:
            left[unit.name] = LeftUnit(path, guest)
        elif place not in running:
            kept[unit.name] = KeptUnit("", "", f"{unit.place} is no guest's disk")
    if left:
        uses = _uses(host, unsure)
        for name, about in list(left.items()):
            why = uses(name, about.path)
            if why:
                del left[name]
                kept[name] = KeptUnit(about.path, about.guest, why)
    return VndUnits(left, kept)


def configured(host: Host) -> list[tuple[vnconfig.Unit, Place]]:
    """The configured units, and where their files are."""
    units = vnconfig.parse(host.run([VNCONFIG, "-l"]).stdout)
    return [(unit, (unit.device or _device(host, unit.directory), unit.inode)) for unit in units]


def _device(host: Host, directory: str) -> str:
    found = host.stat(directory) if directory else None
    return found.device if found else ""


def _uses(host: Host, unsure: str) -> Any:
    """A function of a unit and its file that says who uses it, in words; empty if nobody does."""
    everybody = unsure or _somebody_comes(host)
    mounted = mounts.parse(host.run([MOUNT]).stdout)
    backends, silent = _backends(host)
    files = {host.real_path(backend.get("params", "").split("file:", 1)[-1]) for backend in backends}
    # Scripts write it as vnd0 or /dev/vnd0d.
    units = {unit for backend in backends for unit in re.findall(r"vnd[0-9]+", backend.get("vnd", ""))}

    def why(name: str, path: str) -> str:
        on_it = re.compile(rf"/dev/{name}[a-p]\Z")
        directory = next((mount.directory for mount in mounted if on_it.match(mount.device)), "")
        if directory:
            return f"{_MOUNTED} {directory}"
        if name in units or host.real_path(path) in files:
            return "xenstored knows a guest that uses it"
        return everybody or silent

    return why


def _somebody_comes(host: Host) -> str:
    """Whether a guest or a disk is just being made, by whomever."""
    for line in host.run(["/bin/ps", "-axww", "-o", "ppid=", "-o", "args="]).stdout.splitlines():
        parent, _blank, command = line.strip().partition(" ")
        if parent != _INIT and _COMING.search(command):
            return f"{command.strip()} is at work"
    return ""


def _backends(host: Host) -> tuple[list[dict[str, str]], str]:
    """dom0's end of every guest's disk as xenstored has it, and why that can't be told."""
    try:
        result = host.try_run([XENSTORE_LS, BACKENDS], timeout=XENSTORE_SECONDS)
    except CommandFailed as error:
        return [], f"xenstored can't be asked who uses it: {error}"
    if result.rc == 0:
        return xenstore.leaves(result.stdout, 2), ""
    # Without a disk the directory is not there (record after-shutdown, NetBSD 7.99.10).
    missing = "No such file or directory" in result.stderr
    return [], "" if missing else f"xenstored can't be asked who uses it: {result.tail}"
