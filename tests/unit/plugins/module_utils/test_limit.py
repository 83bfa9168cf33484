# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A plan within a limit: nothing above it is done, nothing is lost, and no sequence is left half-done."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._change import (
    GUEST_RECREATE,
    GUEST_RESTART,
    HOST_REBOOT,
    IMPACTS,
    LIVE,
    Change,
    Plan,
    above,
)

THINGS = ("bridge0", "vlan1", "nat")


def change(thing: str, impact: str = LIVE, needs: tuple[str, ...] = (), summary: str = "change it") -> Change:
    return Change("bridge", thing, "run", summary, impact=impact, needs=needs)


changes = st.lists(
    st.builds(
        change,
        st.sampled_from(THINGS),
        st.sampled_from(IMPACTS),
        st.lists(st.sampled_from(THINGS), max_size=2, unique=True).map(tuple),
        st.integers(0, 9).map(str),
    ),
    max_size=8,
)


@given(changes, st.sampled_from(IMPACTS))
def test_what_is_done_is_within_the_limit_and_the_rest_is_kept(planned: list[Change], limit: str) -> None:
    plan = Plan(planned).within(limit)
    assert not any(above(each.impact, limit) for each in plan.changes)
    assert len(plan.changes) + len(plan.deferred) == len(planned) and len(plan.warnings) == len(plan.deferred)
    # What it waits for is the least that lets it be done.
    for each in plan.deferred:
        enough = each.word.partition(": ")[2]
        assert each.word == f"max_impact: {enough}" and above(enough, limit)
        again = Plan(planned).within(enough).changes
        assert [same.summary for same in again].count(each.summary) >= 1


@given(changes, st.sampled_from(IMPACTS))
def test_what_waits_holds_up_what_its_failure_would(planned: list[Change], limit: str) -> None:
    waiting: set[str] = set()
    numbered = [change(each.thing, each.impact, each.needs, str(at)) for at, each in enumerate(planned)]
    done = {each.summary for each in Plan(numbered).within(limit).changes}
    for each in numbered:
        held = above(each.impact, limit) or bool(waiting & {each.thing, *each.needs})
        assert (each.summary in done) is not held
        waiting |= {each.thing} if held else set()


@given(changes, st.sampled_from(IMPACTS), st.sampled_from(IMPACTS))
def test_a_higher_limit_lets_more_be_done_and_a_second_look_at_one_nothing_else(
    planned: list[Change], one: str, other: str
) -> None:
    low, high = sorted((one, other), key=IMPACTS.index)
    numbered = [change(each.thing, each.impact, each.needs, str(at)) for at, each in enumerate(planned)]
    less, more = (Plan(numbered).within(limit) for limit in (low, high))
    assert {each.summary for each in less.changes} <= {each.summary for each in more.changes}
    assert less.within(low) == less and Plan(numbered).within(HOST_REBOOT) == Plan(numbered)


def test_it_is_said_what_waits_and_for_which_word() -> None:
    guest = Change("domain", "web1", "Restart", "restart it", impact=GUEST_RESTART)
    plan = Plan([guest, change("bridge0")], warnings=["look here"]).within(LIVE)
    assert plan.changes == [change("bridge0")]
    assert plan.warnings == [
        "look here",
        "guest web1 was left as it is; with max_impact: guest_restart a run does this: restart it",
    ]
    assert plan.deferred[0].report()["word"] == "max_impact: guest_restart"


def test_what_needs_two_things_that_wait_waits_for_the_more_costly_one() -> None:
    both = [
        change("bridge0", GUEST_RESTART),
        change("vlan1", GUEST_RECREATE),
        change("nat", needs=("bridge0", "vlan1")),
    ]
    assert [each.word for each in Plan(both).within(LIVE).deferred] == [
        "max_impact: guest_restart",
        "max_impact: guest_recreate",
        "max_impact: guest_recreate",
    ]
    assert [each.thing for each in Plan(both).within(GUEST_RESTART).deferred] == ["vlan1", "nat"]


@pytest.mark.parametrize(("impact", "limit"), list(itertools.product(IMPACTS, IMPACTS)))
def test_the_order_of_impacts(impact: str, limit: str) -> None:
    order = ["live", "guest_restart", "guest_recreate", "host_reboot"]
    assert above(impact, limit) is (order.index(impact) > order.index(limit))
