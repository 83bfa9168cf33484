# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The hypervisor's CPU pools: which there are, and which domains and CPUs they have."""
from __future__ import annotations

from typing import Any

from ...core.machine import Machine
from . import hypervisor
from .hypervisor import Domain

Pool = dict[str, Any]


def pools(m: Machine) -> list[Pool]:
    """All pools: id, name, sched, cpus. Pool-0 has all CPUs after a boot. Names need not be unique."""
    found: list[Pool] = hypervisor.section(m)["pools"]
    return found


def named(m: Machine, text: str) -> Pool | None:
    """By name, or by number."""
    found = next((pool for pool in pools(m) if pool["name"] == text), None)
    if found is None and text.isdigit():
        found = next((pool for pool in pools(m) if pool["id"] == int(text)), None)
    return found


def pool_of(m: Machine, domain: Domain | None) -> Pool:
    """Where a domain is; None is Domain-0, which is always in the first."""
    number = 0 if domain is None else domain.get("pool", 0)
    return next(pool for pool in pools(m) if pool["id"] == number)


def cpus_of(m: Machine, domain: Domain) -> list[int]:
    cpus: list[int] = pool_of(m, domain)["cpus"]
    return cpus


def free_cpus(m: Machine) -> list[int]:
    """CPUs of no pool."""
    taken = {cpu for pool in pools(m) for cpu in pool["cpus"]}
    return [cpu for cpu in range(m.profile.cpus) if cpu not in taken]


def members(m: Machine, pool: Pool) -> int:
    ours: int = pool["id"]
    return (ours == 0) + sum(int(domain.get("pool", 0)) == ours for domain in hypervisor.domains(m).values())
