# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: the device nodes that a dom0 needs, made by MAKEDEV(8).

MAKEDEV calls ``mknod -r``, which leaves a node alone that has the right kind and numbers, and removes whatever else has
its name, a plain file too (sbin/mknod/mknod.c). Such a file is somebody's data: a disk image that was meant to be
written to a node that did not exist. It is refused in words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .._change import LIMIT, Change, NotRead, Plan, Refused
from .._host import FileStat, Host

NAME = "device_nodes"
ARGUMENTS: dict[str, Any] = {
    "xen": {"type": "bool", "default": True},
    "vnd_units": {"type": "int", "default": 4},
    "xbd_units": {"type": "int", "default": 4},
    **LIMIT,
}

MAX_UNITS = 1024
MAKEDEV_SECONDS = 120.0
PRIVATE = "0600 0:0"
# Node, MAKEDEV target, kind, major, minor, mode with owner and group: the same on i386 and amd64
# (sys/arch/{i386,amd64}/conf/majors.*, etc/MAKEDEV.tmpl). Through xenevt and xsd_kva whoever may open them talks to the
# hypervisor and to xenstored. xencons is a terminal: who is logged in there owns it, so its owner is not judged.
XEN_NODES = (
    ("xencons", "xen", "char", 143, 0, ""),
    ("xenevt", "xen", "char", 141, 0, PRIVATE),
    # Where MAKEDEV's target xen does not make xsd_kva, it is a target of its own (record makedev-u, NetBSD 7.99.10).
    ("xsd_kva", "xsd_kva", "char", 141, 1, PRIVATE),
)
_PRIVATE_NODES = [node[0] for node in XEN_NODES if node[-1]]
# Disk: majors of the block and the raw node, on both architectures.
DISKS = {"vnd": (14, 41), "xbd": (142, 142)}
# xl's block script looks at /dev/vndNd, newfs and mount use the partitions: the whole disk and one partition stand for
# the unit, because MAKEDEV makes all of a unit's nodes in one go.
LOOKED_AT = "ad"
_LOOKED_AT = re.compile(r"(xencons|xenevt|xsd_kva|r?(vnd|xbd)[0-9]+[ad])\Z")
_DISK_NODE = re.compile(r"r?(?P<unit>(?:vnd|xbd)[0-9]+)[a-p]\Z")
# The reading of all that MAKEDEV might make, which counts where it shall make something.
ALL = "all"
_MADE = re.compile(r"(xencons|xenevt|xsd_kva|r?(vnd|xbd)[0-9]+[a-p])\Z")


@dataclass(frozen=True)
class Declared:
    """Whether Xen's own nodes are wanted, and how many units of each disk."""

    xen: bool
    units: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Node:
    """One wanted node: its name in /dev, the MAKEDEV target that makes it, what it must be (``char 143,0``) and who may
    open it (``0600 0:0``; empty where that is not judged)."""

    name: str
    target: str
    numbers: str
    access: str = ""


def declare(params: dict[str, Any]) -> Declared:
    """What is wanted. Raises Refused for a number of units that makes no sense."""
    units = []
    for disk in DISKS:
        count = params[f"{disk}_units"]
        if not 0 <= count <= MAX_UNITS:
            raise Refused(f"{disk}_units is {count}; allowed is 0 to {MAX_UNITS}.")
        units.append((disk, count))
    return Declared(params["xen"], tuple(units))


def nodes(declared: Declared, machine: str) -> list[Node]:
    """The nodes that are wanted on a machine (``uname -m``)."""
    found = []
    if declared.xen:
        found = [Node(name, to, f"{kind} {major},{minor}", who) for name, to, kind, major, minor, who in XEN_NODES]
    for disk, count in declared.units:
        block, char = DISKS[disk]
        for unit in range(count):
            for letter in LOOKED_AT:
                minor = unit * _units_apart(machine) + ord(letter) - ord("a")
                found.append(Node(f"{disk}{unit}{letter}", f"{disk}{unit}", f"block {block},{minor}"))
                found.append(Node(f"r{disk}{unit}{letter}", f"{disk}{unit}", f"char {char},{minor}"))
    return found


def _units_apart(machine: str) -> int:
    """How far the minor numbers of two units are apart. i386 once had 8 partitions, and keeps the ninth and following
    in numbers of their own (OLDMAXPARTITIONS in sys/arch/i386/include/disklabel.h, makedisk_p16high in MAKEDEV.tmpl);
    amd64 always had 16 (record makedev-vnd4, NetBSD 7.99.10)."""
    return 8 if machine == "i386" else 16


def read(host: Host, declared: Declared | None = None) -> dict[str, Any]:
    """The nodes in /dev that stand for their units, and what is not a node and has the name of one."""
    return {**_seen(host, _LOOKED_AT), ALL: False}


def read_more(host: Host, current: dict[str, Any], declared: Declared, reading: str) -> dict[str, Any]:
    """The same, with whatever has the name of a node that MAKEDEV might make: sixteen for each where two stand for a
    unit."""
    return {**_seen(host, _MADE), ALL: True}


def _seen(host: Host, pattern: re.Pattern[str]) -> dict[str, Any]:
    found, access, blocked = {}, {}, {}
    for name in host.list_dir("/dev"):
        stat = host.stat("/dev/" + name) if pattern.match(name) else None
        if stat is None:
            continue
        if stat.kind not in ("block", "char"):
            blocked[name] = {"kind": stat.kind, "size": stat.size}
        elif _LOOKED_AT.match(name):
            found[name] = f"{stat.kind} {stat.major},{stat.minor}"
            if name in _PRIVATE_NODES:
                access[name] = _access(stat)
    return {"machine": host.hardware, "nodes": found, "access": access, "blocked": blocked}


def _access(stat: FileStat) -> str:
    return f"{stat.mode:04o} {stat.uid}:{stat.gid}"


def plan(current: dict[str, Any], declared: Declared) -> Plan:
    """One change for each MAKEDEV target with a missing or wrong node. Raises Refused where a file is in its way, and
    NotRead if nobody has looked for one."""
    wrong: dict[str, list[Node]] = {}
    for node in nodes(declared, current["machine"]):
        if current["nodes"].get(node.name) != node.numbers or current["access"].get(node.name, "") != node.access:
            wrong.setdefault(node.target, []).append(node)
    if wrong and not current[ALL]:
        raise NotRead("what is in the way of device nodes that are to be made was not looked at", reading=ALL)
    _refuse_files_in_the_way(wrong, current["blocked"])
    return Plan([_change(target, missing, current) for target, missing in wrong.items()])


def _refuse_files_in_the_way(targets: dict[str, list[Node]], blocked: dict[str, dict[str, Any]]) -> None:
    wanted = {node.name for missing in targets.values() for node in missing}
    for name, found in sorted(blocked.items()):
        disk = _DISK_NODE.match(name)
        if name in wanted or (disk is not None and disk.group("unit") in targets):
            size = f" of {found['size']} bytes" if found["kind"] == "file" else ""
            raise Refused(
                f"/dev/{name} is a {found['kind']}{size} and no device node. MAKEDEV would remove it, and perhaps it "
                "is somebody's data: a disk image that was written before the node was there. Move it away or remove "
                "it."
            )


def _change(target: str, wanted: list[Node], current: dict[str, Any]) -> Change:
    # Where just the permissions are wrong, MAKEDEV leaves them so unless it is told otherwise.
    numbers_right = all(current["nodes"].get(node.name) == node.numbers for node in wanted)
    found = [(node, current["nodes"].get(node.name), current["access"].get(node.name, "")) for node in wanted]
    return Change(
        resource=NAME,
        thing=target,
        action="mend" if numbers_right else "make",
        summary=f"{'give their own permissions to' if numbers_right else 'make'} the device nodes of {target}",
        before={node.name: _words(numbers, access) if numbers else "missing" for node, numbers, access in found},
        after={node.name: _words(node.numbers, node.access) for node in wanted},
    )


def _words(numbers: str, access: str) -> str:
    return f"{numbers}, {access}" if access else numbers


def apply(host: Host, change: Change) -> None:
    """Run MAKEDEV for the change's target, and bring the names to the disk. It works in its current directory, hence
    the cwd."""
    force = ["-f"] if change.action == "mend" else []
    host.run(["/bin/sh", "/dev/MAKEDEV", *force, change.thing], timeout=MAKEDEV_SECONDS, cwd="/dev")
    host.sync(["/dev"])
