# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: the device nodes that a dom0 needs, made by MAKEDEV(8)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._change import Change, Plan, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host

NAME = "device_nodes"
ARGUMENTS: dict[str, Any] = {
    "xen": {"type": "bool", "default": True},
    "vnd_units": {"type": "int", "default": 4},
}

MAX_VND_UNITS = 1024
MAKEDEV_SECONDS = 120.0
# Node, MAKEDEV target, kind, major, minor: the same on i386 and amd64 (sys/arch/{i386,amd64}/conf/majors.*).
XEN_NODES = (
    ("xencons", "xen", "char", 143, 0),
    ("xenevt", "xen", "char", 141, 0),
    # Where MAKEDEV's target xen does not make xsd_kva, it is a target of its own (record makedev-u, NetBSD 7.99.10).
    ("xsd_kva", "xsd_kva", "char", 141, 1),
)
VND_BLOCK_MAJOR, VND_CHAR_MAJOR = 14, 41
PARTITIONS = 16
_MANAGED = re.compile(r"(xencons|xenevt|xsd_kva|r?vnd[0-9]+[ad])\Z")


@dataclass(frozen=True)
class Node:
    """One wanted node: its name in /dev, the MAKEDEV target that makes it, and what it must be."""

    name: str
    target: str
    kind: str
    major: int
    minor: int

    @property
    def text(self) -> str:
        return f"{self.kind} {self.major},{self.minor}"


def declare(params: dict[str, Any]) -> list[Node]:
    """The nodes that are wanted. Raises Refused for a number of vnd units that makes no sense."""
    units = params["vnd_units"]
    if not 0 <= units <= MAX_VND_UNITS:
        raise Refused(f"vnd_units is {units}; allowed is 0 to {MAX_VND_UNITS}.")
    nodes = [Node(*spec) for spec in XEN_NODES] if params["xen"] else []
    for unit in range(units):
        # xl's block script looks at /dev/vndNd, newfs and mount use the partitions: the whole disk and one partition
        # stand for the unit, because MAKEDEV makes all of a unit's nodes in one go.
        for letter in "ad":
            minor = unit * PARTITIONS + ord(letter) - ord("a")
            nodes.append(Node(f"vnd{unit}{letter}", f"vnd{unit}", "block", VND_BLOCK_MAJOR, minor))
            nodes.append(Node(f"rvnd{unit}{letter}", f"vnd{unit}", "char", VND_CHAR_MAJOR, minor))
    return nodes


def read(host: Host, declared: list[Node] | None = None) -> dict[str, Any]:
    """Every node of interest in /dev: name to ``kind major,minor``."""
    nodes = {}
    for name in host.list_dir("/dev"):
        if _MANAGED.match(name):
            found = host.stat("/dev/" + name)
            if found is not None:
                nodes[name] = f"{found.kind} {found.major},{found.minor}"
    return {"nodes": nodes}


def plan(current: dict[str, Any], declared: list[Node]) -> Plan:
    """One change for each MAKEDEV target with a missing or wrong node."""
    wrong: dict[str, list[Node]] = {}
    for node in declared:
        if current["nodes"].get(node.name) != node.text:
            wrong.setdefault(node.target, []).append(node)
    return Plan([_change(target, nodes, current["nodes"]) for target, nodes in wrong.items()])


def _change(target: str, nodes: list[Node], present: dict[str, str]) -> Change:
    return Change(
        resource=NAME,
        thing=target,
        action="make",
        summary=f"make the device nodes of {target}",
        before={node.name: present.get(node.name, "missing") for node in nodes},
        after={node.name: node.text for node in nodes},
    )


def apply(host: Host, change: Change) -> None:
    """Run MAKEDEV for the change's target. It works in its current directory, hence the cwd."""
    host.run(["/bin/sh", "/dev/MAKEDEV", change.thing], timeout=MAKEDEV_SECONDS, cwd="/dev")
