# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Whether a machine has room for all the guests that are to be started. Pure."""

from __future__ import annotations

from ..declare.wanted import Wanted
from . import vnd
from .changes import GuestPlan
from .seen import Seen, known

# What dom0 keeps, in MiB, when guests may take memory from it: NetBSD with the daemons and this module needs half.
DOM0_LEAST = 512


def memory(together: GuestPlan, current: Seen) -> GuestPlan:
    """``together``: what all guests need."""
    needed = together.needs_memory
    if not needed:
        return GuestPlan()
    start = known(current)
    if start.free is None or needed <= start.free + together.frees_memory:
        return GuestPlan()
    free = start.free + together.frees_memory
    text = (
        f"the guests to be started need {needed} MiB, the hypervisor's own share included, and the host has {free} MiB "
        "free"
    )
    less = "give them less memory, or stop another guest first"
    left = (start.dom0_memory or 0) - (needed - free)
    if start.dom0_fixed:
        return GuestPlan(problems=[f"{text}; {less}"])
    taken = f"{text}; the rest would be taken from dom0, which would have only {max(left, 0)} MiB left and needs"
    if left < DOM0_LEAST:
        return GuestPlan(problems=[f"{taken} {DOM0_LEAST}; {less}"])
    keeps = f"{text}; the rest will be taken from dom0, which keeps {left} MiB, because dom0_mem is not set"
    return GuestPlan(warnings=[keeps])


def vnd_units(together: GuestPlan, current: Seen, wanted: Wanted) -> GuestPlan:
    """Each disk that is a file takes a vnd unit, and with none left a start fails half-way (record create-five-4vnd,
    NetBSD 7.99.10)."""
    units = known(current).vnd_units if together.vnd_units else None
    if units is None:
        return GuestPlan()
    released = len(vnd.changes(current.vnd))
    free = max(units.nodes, wanted.assume_vnd_units) - units.used + released
    if together.vnd_units <= free:
        return GuestPlan()
    problem = (
        f"the disks of the guests to be started that are files need {together.vnd_units} vnd units, and {max(free, 0)} "
        f"are free{vnd.others(current.vnd)}; make more device nodes (makedev_vnd_units, or sh MAKEDEV vnd{units.nodes} "
        "in /dev)"
    )
    return GuestPlan(problems=[problem])
