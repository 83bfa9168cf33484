# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""xm's commands for memory and CPUs (main.py, XendDomainInfo.setMemoryTarget and setVCpuCount, Xen 3.1 and 4.2)."""
from __future__ import annotations

import re

from ...core.machine import Machine, NotSimulated
from ..common import domains, guests, hypervisor
from ..common.hypervisor import KIB_PER_MIB
from . import xend
from .xend import Fault

_UNITS_KB = {"B": 1 / KIB_PER_MIB, "K": 1, "M": KIB_PER_MIB, "G": KIB_PER_MIB**2}


def _memory_mib(text: str) -> int:
    """int_unit: MiB without a unit. Raises ValueError."""
    match = re.fullmatch(r"(\d+)([bkmg]?)", text.lower())
    if match is None:
        if re.fullmatch(r"\d+[a-z]", text.lower()):
            raise NotSimulated(f"xm with the unit of {text}")
        raise ValueError(text)
    return int(int(match[1]) * _UNITS_KB[match[2].upper() or "M"]) // KIB_PER_MIB


def mem_set(m: Machine, args: list[str]) -> int:
    guest, mib = xend.find(m, args[0]), _memory_mib(args[1])
    new = xend.modern(m)
    if mib <= 0:
        raise Fault("memory_dynamic_max must be greater than zero" if new else "Invalid memory size")
    if guest.is_dom0:
        if not m.profile.balloon:
            raise NotSimulated("xm mem-set 0 with a kernel without balloon(4)")
        state = hypervisor.section(m)
        state["dom0_kb"] = min(mib * KIB_PER_MIB, max(state["dom0_kb"], hypervisor.boot_memory_kb(m)))
        return 0
    domain = xend.running(m, args[0], "mem-set")[1]
    target = mib * KIB_PER_MIB
    if target > domain["max_kb"]:
        if not new:
            raise NotSimulated("xm mem-set above the maximum")
        raise Fault("memory_dynamic_max must be less than or equal to memory_static_max")
    domain["target_kb"] = target
    guest.settings["memory"] = mib
    # balloon(4) came with NetBSD 6; Linux had its driver before.
    follows = m.profile.balloon or domain["os"] == guests.LINUX
    if follows and domain["reason"] is None and not guests.ignores_requests(domain):
        domain["mem_kb"] = min(target, domain["mem_kb"] + hypervisor.free_kb(m))
    return 0


def mem_max(m: Machine, args: list[str]) -> int:
    guest, domain = xend.running(m, args[0], "mem-max")
    mib = _memory_mib(args[1])
    if mib * KIB_PER_MIB < domain["mem_kb"]:
        raise NotSimulated("xm mem-max below the memory in use")
    domain["max_kb"] = mib * KIB_PER_MIB
    guest.settings["maxmem"] = mib
    return 0


def vcpu_set(m: Machine, args: list[str]) -> int:
    count = int(args[1])
    guest, domain = xend.running(m, args[0], "vcpu-set")
    if count <= 0:
        raise Fault("Zero or less VCPUs is invalid" if xend.modern(m) else "Invalid VCPUs")
    if count > domain["max_vcpus"]:
        if not xend.modern(m):
            raise NotSimulated("xm vcpu-set above the number that the guest was made with")
        raise Fault("Cannot set vcpus greater than max vcpus on running domain")
    domain["wanted_vcpus"] = guest.settings["vcpus"] = count
    if domain["os"] == guests.LINUX and not domains.is_busy(m, domain):
        domain["vcpus"] = min(domain["vcpus"], count)
    return 0


def vcpu_pin(m: Machine, args: list[str]) -> int:
    cpus = m.profile.cpus
    _found, domain = xend.running(m, args[0], "vcpu-pin")
    pinned = list(range(cpus)) if args[2] == "all" else _cpu_list(args[2])
    if args[1] == "all" and xend.modern(m):
        numbers = list(range(domain["max_vcpus"]))
    else:
        numbers = [int(args[1])]
    if any(cpu >= cpus for cpu in pinned):
        raise NotSimulated("xm vcpu-pin to a CPU that is not there")
    for number in numbers:
        if number >= domain["max_vcpus"]:
            if not xend.modern(m):
                raise NotSimulated("xm vcpu-pin of a VCPU that is not there")
            raise Fault(f"Cannot pin vcpu: {number} to cpu: {pinned} - (22, 'Invalid argument')")
        current = domain["affinity"] + [[]] * (domain["max_vcpus"] - len(domain["affinity"]))
        current[number] = [] if len(pinned) == cpus else pinned
        domain["affinity"] = current
    return 0


def _cpu_list(text: str) -> list[int]:
    """`0-3,5,^1`. Raises ValueError."""
    found: set[int] = set()
    for part in text.split(","):
        if part.startswith("^"):
            found.discard(int(part[1:]))
            continue
        first, dash, last = part.partition("-")
        found.update(range(int(first), int(last if dash else first) + 1))
    return sorted(found)
