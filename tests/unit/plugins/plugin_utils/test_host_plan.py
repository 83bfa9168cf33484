# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A machine's plan, and the same after its way through a module's result."""

from __future__ import annotations

import json

from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.host_plan import (
    DeclaredGuest,
    HostPlan,
    Problem,
    RunningGuest,
    Step,
)

STEP = Step("bridge", "bridge", "bridge0", "add wm1", "live", {"members": []}, {"members": ["wm1"]}, action="set")
WAITS = Step("domu", "domain", "web1", "restart", "guest_restart", 1, 2, "domu_restart_policy: if_needed", "Restart")
PLAN = HostPlan(
    "xen1",
    steps=(STEP,),
    waiting=(WAITS,),
    problems=(Problem("dom0", "preflight", "", "no"),),
    later=(Problem("domu", "domain", "", "after Xen"),),
    warnings=("old",),
    running=(RunningGuest("web1", "u1", True),),
    declared_guests=(DeclaredGuest("web1", "u1"),),
    calls=2,
)


def test_a_plan_is_the_same_after_its_way_as_json() -> None:
    assert HostPlan.from_data(json.loads(json.dumps(PLAN.as_data()))) == PLAN


def test_what_waits_for_a_word_is_no_work() -> None:
    assert HostPlan("xen1", waiting=(WAITS,), warnings=("old",), running=PLAN.running).in_sync
    assert not HostPlan("xen1", steps=(STEP,)).in_sync
    assert not HostPlan("xen1", problems=PLAN.problems).in_sync
    assert not HostPlan("xen1", later=PLAN.later).in_sync
