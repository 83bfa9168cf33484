# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""xl: memory, CPUs and scheduling of a domain. Records of xl 4.20 unless another is named."""
from __future__ import annotations

import re

from ...core.machine import Machine, NotSimulated
from ..common import domains, guests, hypervisor, pools
from ..common.hypervisor import KIB_PER_MIB, Domain, XlExit, err, out
from . import options
from .finding import NO_INFO, NO_USERDATA, Call, Command, find_domid, find_guest

_UNITS_KB = {"": KIB_PER_MIB, "b": 1 / KIB_PER_MIB, "k": 1, "m": KIB_PER_MIB, "g": KIB_PER_MIB**2,
             "t": KIB_PER_MIB**3}


def _memory_kb(text: str) -> int:
    """`96`, `96m`, `1g`: without a unit it is MiB, whatever xl(1) says (facts pains 23). Raises XlExit(1)."""
    match = re.fullmatch(r"(\d+)([bkmgt]?)b?", text.lower())
    if match is None:
        err(f"invalid memory size: {text}\n")
        raise XlExit(1)
    return int(int(match[1]) * _UNITS_KB[match[2]])


def _mem_set(m: Machine, args: list[str], call: Call) -> int:
    name, text = options.read("mem-set", args, required=2).words[:2]
    domid = find_domid(m, name)
    target = _memory_kb(text)
    domain = domains.get(m, domid)
    if domain is None and domid:
        err(NO_USERDATA.format(domid=domid) + f"cannot set domid {domid} dynamic max memory to : {text}\n")
        return 1
    maximum = hypervisor.dom0_max_kb(m) if domain is None else domain["max_kb"]
    if target > maximum:
        err(f"libxl: error: libxl_mem.c:278:libxl_set_memory_target: Domain {domid}:memory_dynamic_max must be less "
            "than or equal to memory_static_max\n\n")
    elif domain is None and target < hypervisor.MINIMUM_DOM0_KB:
        err(f"libxl: error: libxl_mem.c:287:libxl_set_memory_target: New target {target} for dom0 is below the minimum "
            "threshold\n")
    else:
        _balloon(m, domain, target)
        return 0
    err(f"cannot set domid {domid} dynamic max memory to : {text}\n")
    return 1


def _balloon(m: Machine, domain: Domain | None, target: int) -> None:
    """The target is set; the memory follows if the guest has a balloon driver that listens (records mem_set_*,
    memset-down at the root device prompt, memset-running-*). Domain-0 can't grow beyond what it booted with."""
    if domain is None:
        state = hypervisor.section(m)
        room = state["dom0_kb"] + hypervisor.free_kb(m)
        state["dom0_kb"] = min(target, room, max(state["dom0_kb"], hypervisor.boot_memory_kb(m)))
        return
    domain["target_kb"] = target
    listens = not guests.ignores_requests(domain) and domain["reason"] is None
    if listens and target:
        domain["mem_kb"] = min(target, domain["mem_kb"] + hypervisor.free_kb(m))


def _mem_max(m: Machine, args: list[str], call: Call) -> int:
    name, text = options.read("mem-max", args, required=2).words[:2]
    domid = find_domid(m, name)
    maximum = _memory_kb(text)
    domain = domains.get(m, domid)
    where = f"libxl_domain_setmaxmem: Domain {domid}:"
    if domain is None and domid:
        err(NO_USERDATA.format(domid=domid))
    elif domain is None:
        err("libxl: error: libxl_mem.c:47:libxl_domain_setmaxmem: Cannot get memory info from "
            "/local/domain/0/memory/target: No such file or directory\n")
    elif maximum < domain["target_kb"]:
        err(f"libxl: error: libxl_mem.c:59:{where}memory_static_max must be greater than or or equal to "
            "memory_dynamic_max: Success\n")
    else:
        domain["max_kb"] = maximum
        return 0
    err(f"cannot set domid {domid} static max memory to : {text}\n")
    return 1


def _vcpu_set(m: Machine, args: list[str], call: Call) -> int:
    given = options.read("vcpu-set", args, "i", {"ignore-host": "i"}, required=2)
    domain = find_guest(m, "vcpu-set", given.words[0], NO_INFO)
    match = re.match(r"\d+", given.words[1])
    if match is None:
        err("Error: Invalid argument.\n")
        return 1
    count, cpus = int(match[0]), m.profile.cpus
    if "i" not in given.letters and count > max(domain["vcpus"], cpus):
        err(f"You are overcommmitting! You have {cpus} physical CPUs and want {count} vCPUs! Aborting, use "
            "--ignore-host to continue\n")
        return 1
    if count == 0:
        err(f"libxl: error: libxl_domain.c:1865:libxl_set_vcpuonline: Domain {domain['domid']}:Requested 0 VCPUs!: "
            f"Function not implemented\nlibxl_set_vcpuonline failed domid={domain['domid']} max_vcpus=0, rc: -3\n")
        return 1
    if count > domain["max_vcpus"]:
        err(f"libxl: error: libxl_domain.c:1871:libxl_set_vcpuonline: Domain {domain['domid']}:Requested {count} "
            f"VCPUs, however maxcpus is {domain['max_vcpus']}!: Function not implemented\nlibxl_set_vcpuonline failed "
            f"domid={domain['domid']} max_vcpus={count}, rc: -3\n")
        return 1
    # The request is in xenstore. A Linux guest gives CPUs back (tests/contract on Xen 4.20; drivers/xen/cpu_hotplug.c)
    # and takes none by itself (record vcpulist_up).
    domain["wanted_vcpus"] = count
    if domain["os"] == guests.LINUX and not domains.is_busy(m, domain):
        domain["vcpus"] = min(domain["vcpus"], count)
    return 0


def _vcpu_pin(m: Machine, args: list[str], call: Call) -> int:
    """`-` leaves that affinity as it is. A CPU of another pool cannot be had (measured on xl 4.20)."""
    given = options.read("vcpu-pin", args, "f", {"force": "f"}, required=3)
    words = given.words
    if given.letters:
        raise NotSimulated("xl vcpu-pin -f")
    domain = find_guest(m, "vcpu-pin", words[0], NO_INFO + "Could not get domain info\n")
    vcpus = _which_vcpus(domain, words[1])
    hard = _cpus(m, words[2])
    soft = _cpus(m, words[3]) if len(words) > 3 else None
    if hard == []:
        err("vcpu hard affinity map is empty\n")
        return 1
    if call.dry_run:
        out(f"cpumap: {_spelt(m, hard)}\n" + (f"cpumap_soft: {_spelt(m, soft)}\n" if soft is not None else ""))
        return 0
    for vcpu in vcpus:
        if vcpu >= domain["max_vcpus"] or (hard and not set(hard) & set(pools.cpus_of(m, domain))):
            err(f"libxl: error: libxl_sched.c:62:libxl__set_vcpuaffinity: Domain {domain['domid']}:Setting vcpu "
                f"affinity: Invalid argument\nCould not set affinity for vcpu `{vcpu}'.\n")
            return 1
        _pin(m, domain, vcpu, hard, soft)
    return 0


def _which_vcpus(domain: Domain, word: str) -> list[int]:
    """Raises XlExit(1)."""
    if word == "all":
        return list(range(domain["max_vcpus"]))
    if not word.isdigit():
        err(f"Error: Invalid argument {word} as VCPU.\n")
        raise XlExit(1)
    return [int(word)]


def _cpus(m: Machine, word: str) -> list[int] | None:
    """None for `-`. Raises XlExit(1)."""
    from .cpuconfig import cpu_range

    if word == "-":
        return None
    try:
        return [cpu for cpu in cpu_range(word, m.profile.cpus, err) if cpu < m.profile.cpus]
    except ValueError:
        raise XlExit(1) from None


def _spelt(m: Machine, cpus: list[int] | None) -> str:
    from ..common.listing import cpu_set

    return "any cpu" if cpus is None else cpu_set(cpus, m.profile.cpus)


def _pin(m: Machine, domain: Domain, vcpu: int, hard: list[int] | None, soft: list[int] | None) -> None:
    everywhere = list(range(m.profile.cpus))
    for key, cpus in (("affinity", hard), ("soft_affinity", soft)):
        if cpus is not None:
            current = domain.setdefault(key, [])
            current += [everywhere] * (domain["max_vcpus"] - len(current))
            current[vcpu] = cpus
    reachable = (domain["affinity"] or [everywhere] * domain["max_vcpus"])[vcpu]
    if soft is not None and not set(soft) & set(reachable):
        err(f"libxl: warning: libxl_sched.c:84:libxl__set_vcpuaffinity: Domain {domain['domid']}:All cpus in soft "
            f"affinity of vcpu {vcpu} are unreachable. Only hard affinity will be considered for scheduling\n")


COMMANDS: dict[str, Command] = {"mem-set": _mem_set, "mem-max": _mem_max, "vcpu-set": _vcpu_set,
                                "vcpu-pin": _vcpu_pin}
