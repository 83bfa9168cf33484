# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""xm's commands for CPU pools, which came with Xen 4.1 (main.py, xend/XendCPUPool.py of Xen 4.2). No others than Pool-0
are made with xm here."""
from __future__ import annotations

from ...core.machine import Machine, NotSimulated
from ..common import pools
from ..common.hypervisor import out
from . import xend
from .xend import Fault


def cpupool_list(m: Machine, args: list[str]) -> int:
    """brief_cpupool_list."""
    if args:
        raise NotSimulated("xm cpupool-list with " + args[0])
    out("Name               CPUs   Sched     Active   Domain count\n")
    for pool in pools.pools(m):
        out(f"{pool['name']:<16}   {len(pool['cpus']):3d}  {pool['sched']:>8}       y          "
            f"{pools.members(m, pool)}\n")
    return 0


def cpupool_migrate(m: Machine, args: list[str]) -> int:
    """XendCPUPool.pool_migrate, which looks for the pool first."""
    pool = pools.named(m, args[1])
    if pool is None:
        raise Fault(f"unknown pool {args[1]}")
    if pool["name"] != args[1]:
        raise NotSimulated("xm cpupool-migrate to a pool by its number")
    try:
        guest = xend.find(m, args[0])
    except Fault:
        raise Fault(f"unknown domain {args[0]}") from None
    if guest.is_dom0:
        raise Fault("could not move Domain-0")
    xend.running(m, args[0], "cpupool-migrate")[1]["pool"] = pool["id"]
    return 0
