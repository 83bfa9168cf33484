# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Device nodes and vnd units.

Nobody may mknod without privileges, so a node is a small placeholder file below /dev whose content is
`c MAJOR MINOR MODE UID GID` (mode in octal). The machine's Python answers stat from it (pysite/sitecustomize.py).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from ..core.machine import Machine, SimError

WHEEL = 0
OPERATOR = 5
PARTITIONS = "abcdefghijklmnop"

# amd64 majors (facts netbsd-xen section 3, sys/arch/amd64/conf/majors.amd64): (block, character)
DISK_MAJORS = {"wd": (0, 3), "vnd": (14, 41), "xbd": (142, 142), "cgd": (20, 81), "raid": (18, 60), "ccd": (16, 18)}
# A wedge has no partitions (etc/MAKEDEV.tmpl; majors.amd64).
WEDGE_MAJOR = 168

# record MAKEDEV-xen.txt and facts section 3: (kind, major, minor, mode, uid, gid)
XEN_NODES = {
    "xenevt": ("c", 141, 0, 0o600, 0, WHEEL),
    "xsd_kva": ("c", 141, 1, 0o600, 0, WHEEL),
    "xencons": ("c", 143, 0, 0o600, 0, WHEEL),
}

# What `MAKEDEV std` makes (etc/MAKEDEV.tmpl; majors: sys/arch/amd64/conf/majors.amd64).
STD_NODES = {
    "console": ("c", 0, 0, 0o600, 0, WHEEL), "constty": ("c", 0, 1, 0o600, 0, WHEEL),
    "drum": ("c", 4, 0, 0o640, 0, 2), "kmem": ("c", 2, 1, 0o640, 0, 2), "mem": ("c", 2, 0, 0o640, 0, 2),
    "null": ("c", 2, 2, 0o666, 0, WHEEL), "zero": ("c", 2, 12, 0o666, 0, WHEEL), "klog": ("c", 7, 0, 0o600, 0, WHEEL),
    "ksyms": ("c", 85, 0, 0o444, 0, WHEEL), "random": ("c", 46, 0, 0o444, 0, WHEEL),
    "urandom": ("c", 46, 1, 0o644, 0, WHEEL), "tty": ("c", 1, 0, 0o666, 0, WHEEL),
    "stdin": ("c", 22, 0, 0o666, 0, WHEEL), "stdout": ("c", 22, 1, 0o666, 0, WHEEL),
    "stderr": ("c", 22, 2, 0o666, 0, WHEEL),
}

_NODE_TEXT = re.compile(r"([bc]) (\d+) (\d+) ([0-7]+) (\d+) (\d+)\n?\Z")


@dataclass(frozen=True)
class Node:
    """A device node: kind is "b" or "c"; mode has only the permission bits."""

    kind: str
    major: int
    minor: int
    mode: int = 0o600
    uid: int = 0
    gid: int = WHEEL

    @property
    def rdev(self) -> int:
        """NetBSD's dev_t (sys/types.h makedev): what `stat -f %r` prints."""
        return (self.major << 8 & 0xFFF00) | (self.minor << 12 & 0xFFF00000) | (self.minor & 0xFF)


def node(m: Machine, name: str) -> Node | None:
    """The device node of that absolute path, or None if it is anything else or missing. The tree of a guest that is
    mounted somewhere has a directory dev too."""
    path = m.path(name)
    if "/dev/" not in name or not path.is_file() or path.stat().st_size > 64:
        return None
    return parse_node(path.read_text(errors="replace"))


def parse_node(text: str) -> Node | None:
    """A placeholder's content as a Node."""
    match = _NODE_TEXT.match(text)
    if not match:
        return None
    kind, major, minor, mode, uid, gid = match.groups()
    return Node(kind, int(major), int(minor), int(mode, 8), int(uid), int(gid))


def make_node(path: Path, made: Node) -> None:
    """Write a placeholder with the node's permissions. In a user namespace only the invoking user exists: then the
    group stays wheel."""
    path.write_text(f"{made.kind} {made.major} {made.minor} {made.mode:o} {made.uid} {made.gid}\n")
    path.chmod(made.mode)
    if made.gid:
        try:
            os.chown(path, made.uid, made.gid)
        except OSError:
            return


def disk_minor(arch: str, unit: int, part: int) -> int:
    """unit*16+part on amd64 (record makedev-vnd4). i386 once had 8 partitions and keeps the numbers of the others
    apart (DISKMINOR in sys/arch/i386/include/disklabel.h, makedisk_p16high in etc/MAKEDEV.tmpl)."""
    if arch != "i386":
        return unit * 16 + part
    return unit * 8 + part % 8 + part // 8 * (1 << 19)


def disk_nodes(disk: str, unit: int, arch: str = "amd64") -> dict[str, Node]:
    """All nodes of a disk unit: block and raw, partitions a-p."""
    block, char = DISK_MAJORS[disk]
    nodes: dict[str, Node] = {}
    for part, letter in enumerate(PARTITIONS):
        minor = disk_minor(arch, unit, part)
        nodes[f"{disk}{unit}{letter}"] = Node("b", block, minor, 0o640, 0, OPERATOR)
        nodes[f"r{disk}{unit}{letter}"] = Node("c", char, minor, 0o640, 0, OPERATOR)
    return nodes


def wedge_nodes(unit: int) -> dict[str, Node]:
    """Both nodes of a wedge."""
    return {f"{prefix}dk{unit}": Node(kind, WEDGE_MAJOR, unit, 0o640, 0, OPERATOR)
            for prefix, kind in (("", "b"), ("r", "c"))}


def vnd_units(m: Machine) -> list[int]:
    """Units whose /dev/vndNd exists, ascending."""
    found = (re.fullmatch(r"vnd(\d+)d", entry.name) for entry in m.path("/dev").glob("vnd*d"))
    return sorted(int(match[1]) for match in found if match)


def vnconfig_attach(m: Machine, unit: int, path: str) -> None:
    """Configure a unit on a file. The same file on two units is allowed (record vnconfig-same-file-other-unit)."""
    raw = f"/dev/rvnd{unit}d"
    if unit not in vnd_units(m):
        raise SimError(f"vnconfig: {raw}: opendisk: No such file or directory")  # record vnd-corner
    if str(unit) in m.data.setdefault("vnd", {}):
        raise SimError(f"vnconfig: {raw}: VNDIOCSET: Device busy")  # record vnconfig-again-same-unit
    target = m.path(path)
    if not target.exists():
        raise SimError(f"vnconfig: {path}: No such file or directory")
    if target.is_dir():
        raise SimError(f"vnconfig: {path}: Is a directory")  # record vnd-corner
    m.data["vnd"][str(unit)] = path
    # The unit holds the inode, even when the file is removed later (record vnd-rm-while-open).
    m.data.setdefault("vnd_inodes", {})[str(unit)] = target.stat().st_ino


def vnconfig_detach(m: Machine, unit: int) -> None:
    """Free a unit. One that is mounted or that a guest holds is busy (records vnconfig-u-busy,
    vnconfig-of-guest-image)."""
    raw = f"/dev/rvnd{unit}d"
    if unit not in vnd_units(m):
        raise SimError(f"vnconfig: {raw}: opendisk: No such file or directory")
    if str(unit) not in m.data.setdefault("vnd", {}):
        raise SimError(f"vnconfig: {raw}: VNDIOCCLR: Device not configured")
    if vnd_busy(m, unit):
        raise SimError(f"vnconfig: {raw}: VNDIOCCLR: Device busy")
    del m.data["vnd"][str(unit)]
    m.data.setdefault("vnd_inodes", {}).pop(str(unit), None)


def vnd_busy(m: Machine, unit: int) -> bool:
    """Whether a file system on the unit is mounted, or a guest's backend has it open."""
    if unit in m.data.get("vnd_held", []):
        return True
    wedges = [name for name, about in m.data.get("wedges", {}).items() if about[0] == f"vnd{unit}"]
    pattern = "|".join([f"vnd{unit}[a-p]", *wedges])
    return any(re.fullmatch(f"/dev/({pattern})", mount["device"]) for mount in m.data.get("mounts", []))


def vnd_hold(m: Machine, unit: int) -> None:
    """A guest's backend opens the unit."""
    held = m.data.setdefault("vnd_held", [])
    if unit not in held:
        held.append(unit)


def vnd_release(m: Machine, unit: int) -> None:
    """A guest's backend closes the unit."""
    held = m.data.setdefault("vnd_held", [])
    if unit in held:
        held.remove(unit)
