# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""xl sched-credit, sched-credit2, sched-rtds: records sched_* (xl 4.20), and measurements there.

Under another scheduler, looking at all domains prints nothing and is status 0 (facts xl-behaviour 10).
"""
from __future__ import annotations

from ...core.machine import Machine, NotSimulated
from ..common import domains, hypervisor, pools
from ..common.hypervisor import Domain, err, need_xenstore, out
from . import cnumbers, options
from .finding import Call, Command, find_domid

_TITLES = {
    "credit": f"{'Name':<33} {'ID':>4} {'Weight':>6} {'Cap':>4}\n",
    "credit2": f"{'Name':<33} {'ID':>4} {'Weight':>6} {'Cap':>4}\n",
    "rtds": f"{'Name':<33} {'ID':>4} {'Period':>9} {'Budget':>9} {'Extratime':>10}\n",
}
_NO_CREDIT = ("libxl: error: libxl_sched.c:230:sched_credit_domain_set: Domain {}:Getting domain sched credit: Invalid "
              "argument\nlibxl_domain_sched_params_set failed.\n")


def _credit(m: Machine, args: list[str], call: Call) -> int:
    return _scheduler(m, args, "credit")


def _credit2(m: Machine, args: list[str], call: Call) -> int:
    return _scheduler(m, args, "credit2")


def _rtds(m: Machine, args: list[str], call: Call) -> int:
    return _scheduler(m, args, "rtds")


def _scheduler(m: Machine, args: list[str], kind: str) -> int:
    names = {"domain": "d", "weight": "w", "cap": "c", "cpupool": "p", "schedparam": "s", "ratelimit_us": "r",
             "period": "P", "budget": "b", "extratime": "e", "vcpuid": "v"}
    given = options.read(f"sched-{kind}", args, "d:w:c:p:sr:P:b:e:v:t:m:", names)
    for letter in set(given.values) & set("rPbevtm"):
        raise NotSimulated(f"xl sched-{kind} -{letter}")
    need_xenstore(m)
    if "d" not in given.values:
        return _pools(m, given, kind)
    domid = find_domid(m, given.values["d"])
    domain = domains.get(m, domid)
    change = "w" in given.values or "c" in given.values
    if domain is None and domid:
        return _unknown(kind, change, domid)
    actual = pools.pool_of(m, domain)["sched"]
    if actual != kind:
        return _other_scheduler(domid, kind, actual, change)
    if kind == "rtds":
        raise NotSimulated("xl sched-rtds under rtds")
    if change:
        return _change(m, domid, domain, given.values)
    _rows(m, [domain])
    return 0


def _unknown(kind: str, change: bool, domid: int) -> int:
    if change:
        raise NotSimulated(f"xl sched-{kind} -d {domid} (no such domain)")
    out(_TITLES[kind])
    err("libxl: error: libxl_dom.c:76:libxl__domain_cpupool: get domaininfo failed: No such process\n"
        "libxl: error: libxl_sched.c:901:libxl_domain_sched_params_get: Unknown scheduler\n"
        "libxl_domain_sched_params_get failed.\n")
    return 1


def _other_scheduler(domid: int, kind: str, actual: str, change: bool) -> int:
    if change and kind == "credit":
        err(_NO_CREDIT.format(domid))
    elif change:
        raise NotSimulated(f"xl sched-{kind} of a domain under {actual}")
    else:
        out(_TITLES[kind])
        err(f"libxl_domain_sched_params_get returned {actual} not {kind}.\n")
    return 1


def _pools(m: Machine, given: options.Arguments, kind: str) -> int:
    """All domains, pool by pool; with -s only the pools' own parameters."""
    if "w" in given.values or "c" in given.values:
        err("Must specify a domain.\n")
        return 1
    chosen = pools.pools(m)
    if "p" in given.values:
        chosen = [pool for pool in chosen if pool["name"] == given.values["p"]]
        if not chosen:
            err(f"unknown cpupool '{given.values['p']}'\n")
            return 1
    everybody: list[Domain | None] = [None, *hypervisor.domains(m).values()]
    for pool in chosen:
        if pool["sched"] != kind:
            if "s" in given.letters:
                raise NotSimulated(f"xl sched-{kind} -s under {pool['sched']}")
            continue
        limits = "tslice=30ms ratelimit=1000us migration-delay=0us" if kind == "credit" else "ratelimit=1000us"
        out(f"Cpupool {pool['name']}: {limits}\n")
        if "s" not in given.letters:
            _rows(m, [domain for domain in everybody if pools.pool_of(m, domain) is pool])
    return 0


def _change(m: Machine, domid: int, domain: Domain | None, values: dict[str, str]) -> int:
    target = hypervisor.section(m)["dom0_sched"] if domain is None else domain
    vcpus = hypervisor.dom0_vcpus(m) if domain is None else domain["max_vcpus"]
    limits = (("w", "weight", 441, 1, 65535, "weight out of range, valid values are within range from 1 to 65535"),
              ("c", "cap", 451, 0, vcpus * 100,
               f"cap out of range, valid range is from 0 to {vcpus * 100} for specified number of vcpus"))
    new = {}
    for letter, key, line, least, most, message in limits:
        if letter in values:
            new[key] = cnumbers.leading(values[letter], 10)[0]
            if not least <= new[key] <= most:
                err(f"libxl: error: libxl_sched.c:{line}:sched_credit2_domain_set: Domain {domid}:Cpu {message}\n"
                    "libxl_domain_sched_params_set failed.\n")
                return 1
    target.update(new)
    return 0


def _rows(m: Machine, listed: list[Domain | None]) -> None:
    out(_TITLES["credit2"])
    for domain in listed:
        name, domid = (hypervisor.dom0_name(m), 0) if domain is None else (domain["name"], domain["domid"])
        params = hypervisor.section(m)["dom0_sched"] if domain is None else domain
        out(f"{name:<33} {domid:4d} {params['weight']:6d} {params['cap']:4d}\n")


COMMANDS: dict[str, Command] = {"sched-credit": _credit, "sched-credit2": _credit2, "sched-rtds": _rtds}
