# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A guest's CPUs: how many, on which of the host's, in which virtual NUMA nodes (Xen's tools/xl/xl_parse.c)."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import cnumbers
from .keytable import kib
from .settings import ConfigRefused, Reader

Report = Callable[[str], None]
_BITS_IN_BYTE = 8
_MANY = 4096  # more CPUs than any Xen has


def read(reader: Reader, host_cpus: int, config: dict[str, Any]) -> None:
    """vcpus, maxvcpus, vuart, vnuma, cpus, cpus_soft, in xl's order."""
    build = config["b_info"]
    vcpus = reader.number("vcpus")
    if vcpus is not None:
        _check_count(reader, vcpus)
        if vcpus:
            build["avail_vcpus"] = list(range(vcpus))
    build["max_vcpus"] = cnumbers.signed(reader.number("maxvcpus") or 0)
    _vuart(reader, build)
    _read_nodes(reader, host_cpus, build)
    if "max_memkb" not in build and "target_memkb" in build:
        build["max_memkb"] = build["target_memkb"]
    build["max_vcpus"] = build["max_vcpus"] or vcpus or 0
    if build["max_vcpus"] < (vcpus or 0):
        reader.refuse("xl: maxvcpus < vcpus")
    _affinity(reader, "cpus", "vcpu_hard_affinity", host_cpus, build)
    _affinity(reader, "cpus_soft", "vcpu_soft_affinity", host_cpus, build)
    if not build["max_vcpus"]:
        del build["max_vcpus"]


def _check_count(reader: Reader, vcpus: int) -> None:
    if vcpus < 0:
        reader.report("libxl: error: libxl_utils.c:812:libxl_cpu_bitmap_alloc: invalid number of cpus provided\n")
        reader.refuse("Unable to allocate cpumap")
    if vcpus > _MANY:
        from ...core.machine import NotSimulated

        raise NotSimulated(f"vcpus = {vcpus}")


def _vuart(reader: Reader, build: dict[str, Any]) -> None:
    """A console of Arm's, which is checked on x86 too."""
    text = reader.string("vuart")
    if text is None:
        return
    if text not in ("unknown", "sbsa_uart"):
        reader.refuse(f'ERROR: invalid value "{text}" for "vuart"')
    if text != "unknown":
        build["arch_arm"]["vuart"] = text


# --- affinity ----------------------------------------------------------------------------------------------------


def cpu_range(text: str, cpus: int, report: Report) -> list[int]:
    """`0-2,^1`, `all`, `node:0`: the CPUs that are meant, on a host with so many.

    The set has room for whole bytes, so that CPUs up to the next multiple of eight are kept although they don't exist
    (fixture xl-configs: cpus="7", "all" on two CPUs). Raises ValueError after reporting.
    """
    room = -(-cpus // _BITS_IN_BYTE) * _BITS_IN_BYTE
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        remove = part.startswith("^")
        part = part.removeprefix("^")
        nodes = part.startswith(("node:", "nodes:"))
        part = part.partition(":")[2] if nodes else part
        if part == "all":
            if remove:
                report('Can\'t combine "^" and "all".\n')
                raise ValueError(text)
            found = set(range(room))
            continue
        named = _numbers(part, report)
        if nodes:
            named = set(range(cpus)) if 0 in named else set()  # one node has all CPUs
        found = found - named if remove else found | named
    return sorted(cpu for cpu in found if cpu < room)


def _numbers(part: str, report: Report) -> set[int]:
    first, length = cnumbers.leading(part, 10)
    last, rest = first, part[length:]
    wrong = not length
    if rest.startswith("-") and not wrong:
        last, length = cnumbers.leading(rest[1:], 10)
        wrong = not length or last < first
        rest = rest[1 + length:]
    if wrong or rest:
        report(f"Invalid pcpu range: {part}.\n")
        raise ValueError(part)
    return set(range(max(first, 0), min(last, _MANY) + 1))


def _affinity(reader: Reader, key: str, field: str, host_cpus: int, build: dict[str, Any]) -> None:
    setting = reader.settings.get(key)
    if setting is None:
        return
    count = build["max_vcpus"]
    value = setting.value
    if isinstance(value, list) and value and not isinstance(value[0], str) and count:
        # xl frees what it never filled (fixture xl-configs: cpus=[["0"]])
        reader.report("double free or corruption (out)\n")
        raise ConfigRefused(134)
    try:
        if isinstance(value, list):
            maps = [cpu_range(text, host_cpus, reader.report) for text in (reader.strings(key) or [])[:count]]
        else:
            # Read once, even if there are no CPUs that it could be for.
            maps = [cpu_range(value, host_cpus, reader.report)] * count
    except ValueError:
        raise ConfigRefused from None
    if key == "cpus" and not all(maps):
        reader.refuse("vcpu hard affinity map is empty")
    if maps:
        build[field] = maps
    if isinstance(value, list) or key == "cpus_soft":
        build["numa_placement"] = "False"


# --- virtual NUMA ------------------------------------------------------------------------------------------------


def _read_nodes(reader: Reader, host_cpus: int, build: dict[str, Any]) -> None:
    specs = reader.items("vnuma", quiet=True)
    if not specs:
        return
    nodes = [_node(reader, spec, len(specs), build) for spec in specs]
    vcpus = sum(len(node.get("vcpus", [])) for node in nodes)
    memory = sum(node.get("memkb", 0) for node in nodes)
    if build["max_vcpus"] and build["max_vcpus"] != vcpus:
        reader.refuse("xl: vnuma vcpus and maxvcpus= mismatch")
    if not build["max_vcpus"] and host_cpus < vcpus:
        reader.refuse("xl: vnuma specifies more vcpus than pcpus, use maxvcpus= to override this check.")
    build["max_vcpus"] = vcpus
    if build.get("max_memkb", memory) != memory:
        reader.refuse("xl: maxmem and vnuma memory size mismatch")
    build["max_memkb"] = memory
    build["vnuma_nodes"] = nodes


def _node(reader: Reader, spec: Any, count: int, build: dict[str, Any]) -> dict[str, Any]:
    """One node. ``count`` is the number of all: each has a distance to each."""
    if not isinstance(spec, list):
        line = reader.settings["vnuma"].line
        reader.report(f"{reader.source}:{line}:0: warning: value is not a list\n")
        reader.refuse("xl: cannot get vnode config option list")
    node: dict[str, Any] = {"distances": [0] * count}
    for text in (text for text in spec if isinstance(text, str)):
        parts = [part for part in text.split("=") if part]
        if len(parts) < 2:
            reader.refuse(f'xl: failed to split "{text}" into pair')
        _node_option(reader, parts[0].strip(), parts[1].strip(), node, build)
    return {key: node[key] for key in ("memkb", "distances", "vcpus") if key in node}


def _node_option(reader: Reader, option: str, value: str, node: dict[str, Any], build: dict[str, Any]) -> None:
    if option == "pnode":
        number = _unsigned(reader, value)
        if number >= 1:
            reader.refuse(f"xl: invalid pnode number: {number}")
        build["numa_placement"] = "False"
    elif option == "size":
        node["memkb"] = kib(_unsigned(reader, value))
    elif option == "vcpus":
        node["vcpus"] = sorted(cpu for part in value.split(",") for cpu in _numbers(part, lambda _message: None))
    elif option == "vdistances":
        for index, text in enumerate(value.split(",")[:len(node["distances"])]):
            node["distances"][index] = _unsigned(reader, text)


def _unsigned(reader: Reader, text: str) -> int:
    number, length = cnumbers.leading(text, 10)
    if not length:
        reader.refuse(f'xl: failed to convert "{text}" to number')
    return number
