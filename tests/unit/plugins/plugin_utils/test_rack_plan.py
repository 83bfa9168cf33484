# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What only the whole rack shows: guests in two places, who must not go on, the sums."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.netbsd.xen.plugins.plugin_utils._plan import rack
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.host_plan import DeclaredGuest, HostPlan, Step
from ansible_collections.netbsd.xen.tests.unit.support.rack_plans import (
    IF_NEEDED,
    bridge,
    declared,
    disk,
    problem,
    restart,
    running,
    unreachable,
)

UUID = "3e1f1b2c-0000-4000-8000-000000000001"
NEW = HostPlan("xen1", steps=(disk("web1"),), declared_guests=(DeclaredGuest("web1", UUID),))


def states(*found: HostPlan | rack.Unseen) -> dict[str, str]:
    return {view.host: view.state for view in rack.rack_plan(found).hosts}


def test_a_host_is_what_is_worst_of_it() -> None:
    waits = restart("web1", IF_NEEDED)
    found = states(
        HostPlan("a"),
        HostPlan("b", waiting=(waits,)),
        HostPlan("c", waiting=(waits,), steps=(bridge(),)),
        HostPlan("d", later=(problem("after Xen"),)),
        HostPlan("e", steps=(bridge(),), problems=(problem("no"),)),
        rack.Unseen("f", "no Python", unreachable=False),
        unreachable("g"),
        HostPlan("h", running=(running("old"),), warnings=("old",)),
    )
    assert found == {
        "a": "in_sync",
        "b": "waiting",
        "c": "drifted",
        "d": "drifted",
        "e": "failed",
        "f": "failed",
        "g": "unreachable",
        "h": "in_sync",
    }


def elsewhere(here: HostPlan, *others: HostPlan) -> list[tuple[str, str, str, str]]:
    view = rack.rack_plan([here, *others]).hosts[0]
    return [(each.other, each.running_as, each.same, each.refused) for each in view.elsewhere]


def test_a_guest_runs_elsewhere_by_its_uuid_under_any_name() -> None:
    other = HostPlan("xen2", running=(running("web-old", UUID.upper()),))
    assert elsewhere(NEW, other) == [("xen2", "web-old", "uuid", "disk")]


def test_a_guest_runs_elsewhere_by_its_name_where_nobody_declares_it() -> None:
    assert elsewhere(NEW, HostPlan("xen2", running=(running("web1", "another"),))) == [("xen2", "web1", "name", "disk")]
    # It is to go there, and has not gone yet.
    going = HostPlan("xen2", running=(running("web1", known=True),), declared_guests=declared("db1"))
    assert elsewhere(NEW, going) == [("xen2", "web1", "name", "disk")]


def test_a_name_is_a_machine_s_own_matter_where_both_declare_it() -> None:
    assert elsewhere(NEW, HostPlan("xen2", running=(running("web1"),), declared_guests=declared("web1"))) == []


def test_a_guest_that_runs_here_is_not_the_stranger_elsewhere() -> None:
    here = replace(NEW, running=(running("web1", UUID, known=True),))
    assert elsewhere(here, HostPlan("xen2", running=(running("web1", "another"),))) == []
    # But one with its very uuid is.
    assert elsewhere(here, HostPlan("xen2", running=(running("web1", UUID),))) == [("xen2", "web1", "uuid", "disk")]


def test_guests_without_a_uuid_are_not_the_same_for_that() -> None:
    here = HostPlan("xen1", declared_guests=declared("web1"))
    assert elsewhere(here, HostPlan("xen2", running=(running("db1"),))) == []


def test_a_guest_is_told_once_of_each_host_where_it_runs() -> None:
    others = [HostPlan(f"xen{number}", running=(running("web1", UUID),)) for number in (2, 3)]
    assert elsewhere(NEW, *others) == [("xen2", "web1", "uuid", "disk"), ("xen3", "web1", "uuid", "disk")]
    (refused,) = rack.rack_plan([NEW, *others]).hosts[0].problems
    assert "runs on xen2, by its uuid and runs on xen3, by its uuid; nothing" in refused.message


def test_an_empty_disk_of_a_guest_that_runs_elsewhere_stops_its_host() -> None:
    there = HostPlan("xen2", running=(running("web1", UUID),))
    plan = rack.rack_plan([NEW, there])
    (refused,) = plan.hosts[0].problems
    assert (refused.thing, plan.hosts[0].state) == ("web1", "failed")
    for words in ("no empty disk", "runs on xen2, by its uuid", "nothing is changed on this host", "Migrate it"):
        assert words in refused.message
    assert list(plan.stopped()) == ["xen1"]
    # A disk that is there, or that another guest gets, is no reason to stop.
    other = replace(NEW, steps=(disk("db1"), bridge()))
    plan = rack.rack_plan([other, there])
    assert [each.guest for each in plan.hosts[0].elsewhere] == ["web1"]
    assert plan.stopped() == {} and plan.hosts[0].state == "drifted"


def test_a_slice_without_the_other_host_can_t_know_of_it() -> None:
    """So docs/scale.md has the plan of the whole rack go before runs in slices."""
    there = HostPlan("xen2", running=(running("web1", UUID),))
    assert list(rack.rack_plan([NEW, there]).stopped(problems=True)) == ["xen1"]
    assert rack.rack_plan([NEW]).stopped(problems=True) == {}


@pytest.mark.parametrize("act", ["Create", "Restore", "Revive"])
def test_the_very_same_guest_is_not_started_twice(act: str) -> None:
    """As after a migration that the inventory does not know of: its disk is one that both hosts have."""
    start = Step("domu", "domain", "web1", "start the guest", "live", action=act)
    here = replace(NEW, steps=(bridge(), start))
    plan = rack.rack_plan([here, HostPlan("xen2", running=(running("web1", UUID),))])
    (refused,) = plan.hosts[0].problems
    assert refused.message.startswith("is not started, because the guest runs on xen2, by its uuid, and two would")
    assert list(plan.stopped()) == ["xen1"]
    # A name is no proof, and what runs in both places already is not made worse by a restart.
    assert elsewhere(here, HostPlan("xen2", running=(running("web1", "another"),))) == [("xen2", "web1", "name", "")]
    again = replace(here, steps=(restart("web1"),), running=(running("web1", UUID, known=True),))
    assert elsewhere(again, HostPlan("xen2", running=(running("web1", UUID),))) == [("xen2", "web1", "uuid", "")]


def test_of_guests_on_hosts_that_nobody_saw_a_word_is_said() -> None:
    assert rack.rack_plan([NEW, HostPlan("xen2")]).perhaps_elsewhere == ()
    assert rack.rack_plan([NEW, unreachable("xen2")]).perhaps_elsewhere == (("xen1", "web1"),)
    assert rack.rack_plan([HostPlan("xen1", steps=(bridge(),)), unreachable("xen2")]).perhaps_elsewhere == ()


def test_undeclared_is_what_nobody_plans_anything_for() -> None:
    plan = HostPlan(
        "xen1", steps=(restart("going"),), running=(running("going"), running("old"), running("web1", known=True))
    )
    (view,) = rack.rack_plan([plan]).hosts
    assert [guest.name for guest in view.undeclared] == ["old"]


def test_who_must_not_go_on() -> None:
    plan = rack.rack_plan(
        [
            HostPlan("synced"),
            HostPlan("drifted", steps=(bridge(),), waiting=(restart("web1", IF_NEEDED),)),
            HostPlan("waiting", waiting=(restart("web1", IF_NEEDED),)),
            HostPlan("troubled", steps=(bridge(),), problems=(problem("no space", "/"),)),
            rack.Unseen("broken", "no Python", unreachable=False),
            unreachable("gone"),
        ]
    )
    assert list(plan.stopped()) == ["broken", "gone"]
    assert {host: each.unreachable for host, each in plan.stopped().items()} == {"broken": False, "gone": True}
    assert list(plan.stopped(problems=True)) == ["troubled", "broken", "gone"]
    both = plan.stopped(drift=True)
    assert list(both) == ["drifted", "waiting", "troubled", "broken", "gone"]
    assert both["drifted"].reason == "not as declared: 1 to be changed, 1 waiting for a word"
    assert both["troubled"].reason == "/: no space"


def test_a_result_is_a_plan_or_the_reason_why_there_is_none() -> None:
    assert rack.from_result("xen1", {"plan": NEW.as_data(), "changed": False}) == NEW
    # ansible-core 2.19 and newer put two words before what it was.
    gone = rack.from_result("xen1", {"unreachable": True, "msg": "Task failed: timed out"})
    assert gone == rack.Unseen("xen1", "timed out", unreachable=True)
    assert rack.from_result("xen1", gone.as_result()) == gone
    assert rack.from_result("xen1", {"failed": True, "msg": "no"}) == rack.Unseen("xen1", "no", unreachable=False)
    for nothing in (None, "", {}, {"skipped": True}, [1]):
        assert rack.from_result("xen1", nothing) == rack.Unseen("xen1", "nobody has looked at it", unreachable=False)


@pytest.mark.parametrize("broken", [{}, {"host": "xen1"}, {**NEW.as_data(), "steps": [{"nonsense": 1}]}])
def test_a_plan_that_is_none_is_never_one_in_sync(broken: dict[str, object]) -> None:
    found = rack.from_result("xen1", {"plan": broken})
    assert isinstance(found, rack.Unseen) and "its plan is none" in found.reason


def test_warnings_that_say_what_is_told_anyway_are_not_told_again() -> None:
    waits = restart("web1", IF_NEEDED)
    plan = HostPlan(
        "xen1",
        waiting=(waits,),
        warnings=(
            f"guest web1 was left as it is; with restart_policy: if_needed a run does this: {waits.summary}",
            "running and not declared, so left alone: old",
            "guest web1: its disk /d is gone, although the guest is running",
        ),
    )
    (view,) = rack.rack_plan([plan]).hosts
    assert view.warnings == ("guest web1: its disk /d is gone, although the guest is running",)
