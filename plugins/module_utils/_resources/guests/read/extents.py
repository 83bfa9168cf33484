# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Where on which disk something lies, so that two names of one sector can be told. Reads only.

A partition and a wedge (dk(4)) are sectors of their disk, a unit of vnd(4) is the file behind it, and a file or any
other device is itself. A partition whose place nobody knows may be all of its disk.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ...._change import CommandFailed
from ...._formats.system import disks
from ...._host import FileStat, Host

SYSCTL, DISKLABEL, DKCTL = "/sbin/sysctl", "/sbin/disklabel", "/sbin/dkctl"
LETTERS = "abcdefghijklmnop"
# The whole disk on i386 and amd64, whatever its label says (RAW_PART): that has 32 bits for a size in sectors.
RAW, _END_OF_DISK = "d", 1 << 64
_PARTITION = re.compile(r"/dev/(?P<disk>(?!dk[0-9])[a-z]+[0-9]+)(?P<letter>[a-p])\Z")
_WEDGE = re.compile(r"/dev/(?P<disk>dk[0-9]+)\Z")

# Without a medium nobody can say anything of these, and each part of one is taken for all of it.
_REMOVABLE = re.compile(r"(cd|fd|mcd)[0-9]")


@dataclass(frozen=True)
class Extent:
    """The sectors from ``start`` up to ``end``, which is no part of it, of the disk or file ``base``; ``end`` None is
    the last one. ``disk`` is the unit by whose node it is reached, empty for a file."""

    base: str
    start: int = 0
    end: int | None = None
    disk: str = field(default="", compare=False)

    def meets(self, other: Extent) -> bool:
        """Whether they have a sector in common."""
        return (
            self.base == other.base
            and (self.end is None or other.start < self.end)
            and (other.end is None or self.start < other.end)
        )

    def holds(self, other: Extent) -> bool:
        """Whether all of the other one lies in this one."""
        ends = self.end is None or (other.end is not None and other.end <= self.end)
        return self.base == other.base and self.start <= other.start and ends


def identity(path: str, found: FileStat | None) -> str:
    """What a path leads to: a device by its numbers, a file by its inode, all else by its name."""
    if found is not None and found.kind == "block":
        return f"device {found.major},{found.minor}"
    if found is not None and found.kind == "file":
        return inode(found.device, found.inode)
    return path


def inode(device: str, number: int | None) -> str:
    """What a file is under any name, by the file system that it is on."""
    return f"inode {number} on {device}"


def names(host: Host) -> list[str]:
    """The disks that dom0 has, wedges and configured units among them."""
    return disks.names(host.run([SYSCTL, "-n", "hw.disknames"]).stdout)


def find(host: Host, paths: Iterable[str], present: list[str], units: dict[str, str]) -> dict[str, Extent]:
    """Where each of these paths lies. ``present`` are the disks that dom0 has, ``units`` what is behind its vnd units.

    Asks disklabel(8) for a disk of which several parts are named, and dkctl(8) for each wedge. Raises CommandFailed if
    one of them does not tell.
    """
    nodes = _nodes(host, present)
    found = {path: _node(host, path, nodes) for path in paths}
    wedges = {
        disk: _wedge(host, disk)
        for disk in sorted({disk for disk, letter in found.values() if not letter})
        if disk in present and _WEDGE.match(f"/dev/{disk}")
    }
    parts: dict[str, set[str]] = {}
    for disk, letter in found.values():
        parent = wedges[disk][0] if disk in wedges else disk
        parts.setdefault(parent, set()).add(letter or disk)
    several = sorted(disk for disk, named in parts.items() if len(named) > 1 and disk in present)
    labels = {disk: _label(host, disk) for disk in several if not _REMOVABLE.match(disk)}
    extents = {}
    for path, (disk, letter) in found.items():
        base, (start, size) = wedges.get(disk) or (disk, labels.get(disk, {}).get(letter, (0, 0)))
        size = _END_OF_DISK if letter == RAW else size
        extents[path] = Extent(units.get(base, base), start, start + size if size else None, disk if letter else "")
    return extents


def _nodes(host: Host, present: list[str]) -> dict[str, tuple[str, str]]:
    """The disk and the letter behind every device number."""
    found = {}
    for disk in present:
        for letter in ("",) if _WEDGE.match(f"/dev/{disk}") else LETTERS:
            stat = host.stat(f"/dev/{disk}{letter}")
            if stat is not None and stat.kind == "block":
                found[identity("", stat)] = (disk, letter)
    return found


def _node(host: Host, path: str, nodes: dict[str, tuple[str, str]]) -> tuple[str, str]:
    """The disk and the letter of a node, or of the block device beside a character device; else what is at the path,
    and no letter."""
    if path.startswith("device "):
        return nodes.get(path, (path, ""))
    place = host.real_path(path)
    stat = host.stat(place)
    folder, _slash, name = place.rpartition("/")
    if stat is not None and stat.kind == "char" and name.startswith("r"):
        return _node(host, f"{folder}/{name[1:]}", nodes)
    what = identity(place, stat)
    if what in nodes:
        return nodes[what]
    named = None if what.startswith("inode ") else _PARTITION.match(place) or _WEDGE.match(place)
    return (named["disk"], place[len("/dev/") + len(named["disk"]) :]) if named else (what, "")


def _wedge(host: Host, name: str) -> tuple[str, disks.Range]:
    result = host.try_run([DKCTL, name, "getwedgeinfo"])
    found = disks.wedge(result.stdout)
    if result.rc or found is None:
        raise CommandFailed(f"{DKCTL} {name} getwedgeinfo does not tell where the wedge lies: {result.tail}")
    return found


def _label(host: Host, disk: str) -> dict[str, disks.Range]:
    result = host.try_run([DISKLABEL, disk])
    found = disks.partitions(result.stdout)
    if not found:
        raise CommandFailed(f"{DISKLABEL} {disk} does not tell where the partitions lie: {result.tail}")
    return found
