# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The rack's plan for a terminal: no line is lost, none is obeyed, and the sums are those of the lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.plugin_utils._plan import rack, rack_text
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.host_plan import HostPlan, Step
from ansible_collections.netbsd.xen.tests.unit.support.rack_plans import (
    IF_NEEDED,
    REBOOT,
    bridge,
    declared,
    disk,
    into_xen,
    menu,
    problem,
    restart,
    running,
    sample,
    unreachable,
)


def told(*found: HostPlan | rack.Unseen) -> list[str]:
    return [line.text for line in rack_text.lines(rack.rack_plan(found))]


def test_a_rack_in_sync_is_one_line() -> None:
    assert told(*(HostPlan(f"xen{number}") for number in range(100))) == ["100 hosts: 100 in sync"]
    assert told(HostPlan("xen1")) == ["1 host: 1 in sync"]
    assert told() == ["no hosts"]


def test_a_line_a_change_and_what_waits_for_which_word() -> None:
    plan = HostPlan(
        "xen2",
        steps=(bridge(), restart("web1")),
        waiting=(into_xen(REBOOT), restart("db1", IF_NEEDED)),
        running=(running("old"),),
        warnings=("Xen 4.17 is old",),
    )
    assert told(HostPlan("xen1"), plan, unreachable("xen3")) == [
        "xen2:",
        "  live           bridge bridge0   add wm1 as a member",
        "  guest_restart  guest web1       restart the guest for memory",
        "  waits          xen_reboot host  boot into Xen 4.20 (host_reboot; waits for bootloader_reboot: true)",
        "  waits          guest db1        "
        "restart the guest for memory (guest_restart; waits for domu_restart_policy: if_needed)",
        "  undeclared     guest old        runs, and nobody declares it; left alone",
        "xen3: can't be reached: Failed to connect to the host via ssh: ssh: connect to host xen3 port 22: timed out",
        "warning: Xen 4.17 is old (xen2)",
        "3 hosts: 1 can't be reached, 1 to be changed, 1 in sync",
        "2 changes: 1 live, 1 guest_restart",
        "2 changes waiting: 1 guest_restart, 1 host_reboot; for bootloader_reboot: true (1), "
        "domu_restart_policy: if_needed (1)",
        "1 undeclared guest",
    ]


def test_each_line_of_a_refusal_is_a_line() -> None:
    refusal = problem("guest a: no memory\nguest b: no disk", resource="domain")
    assert told(HostPlan("xen1", problems=(refusal,)))[1:3] == [
        "  problem  guest  guest a: no memory",
        "  problem  guest  guest b: no disk",
    ]


def test_hosts_with_the_very_same_lines_are_told_together_and_each_is_named() -> None:
    alike = [HostPlan(f"xen{number}", steps=(bridge(), menu())) for number in range(1, 98)]
    other = HostPlan("xen98", steps=(bridge(), menu(), restart("web1")))
    found = told(*alike, other)
    head = found[: next(number for number, line in enumerate(found) if line.startswith("  "))]
    assert " ".join(head) == ", ".join(plan.host for plan in alike) + " (each of these 97 hosts):"
    assert max(map(len, head)) <= 100
    assert found.count("xen98:") == 1 and len(found) == len(head) + 2 + 1 + 3 + 2


def test_a_long_reason_is_cut_and_a_long_change_is_not() -> None:
    (reason, _sum) = told(rack.Unseen("xen1", "x" * 5000, unreachable=False))
    assert len(reason) < 500 and reason.endswith("x ...")
    assert "y" * 5000 in told(HostPlan("xen1", steps=(bridge(summary="y" * 5000),)))[1]


def test_control_characters_are_shown_and_not_obeyed() -> None:
    evil = "web\x1b[2J\u202e1\nxen9: all is well\r\x00\x9b\udc80"
    plan = HostPlan(
        evil,
        steps=(Step(evil, evil, evil, evil, evil),),
        waiting=(restart(evil, evil),),
        problems=(problem(evil, evil, evil),),
        later=(problem(evil, evil, evil),),
        warnings=(evil,),
        running=(running(evil + "2"),),
    )
    gone = rack.Unseen(evil, evil, unreachable=True)
    for line in (*told(plan, gone), *(each.text for each in rack_text.waiting(rack.rack_plan([plan]), [evil]))):
        assert line.isprintable(), line
        line.encode()
    assert not any(line.startswith("xen9") for line in told(plan, gone))


def test_what_waits_at_the_end_of_a_run() -> None:
    plan = rack.rack_plan(
        [
            HostPlan("xen1"),
            HostPlan("xen2", waiting=(restart("db1", IF_NEEDED),), running=(running("old"),)),
            HostPlan("xen10", waiting=(into_xen(REBOOT),), declared_guests=declared("old")),
        ]
    )
    assert [line.text for line in rack_text.waiting(plan)] == [
        "HOST   THING            WAITS FOR                       WHAT",
        "xen2   guest db1        domu_restart_policy: if_needed  restart the guest for memory (guest_restart)",
        "xen2   guest old        undeclared                      runs, and nobody declares it; left alone",
        "xen10  xen_reboot host  bootloader_reboot: true         boot into Xen 4.20 (host_reboot)",
        "xen10  guest old        elsewhere                       "
        "runs on xen2, where a guest of that name shall not exist",
    ]
    assert rack_text.waiting(plan, ["xen7"])[-1].text == "Not known of, because the run failed there: xen7"
    quiet = rack.rack_plan([HostPlan("xen1"), HostPlan("xen2", steps=(bridge(),))])
    assert rack_text.waiting(quiet, ["xen7"]) == []


# -- no line is lost ---------------------------------------------------------------------------------------------------

TEXTS = st.sampled_from(["web1", "db1", "a b", "x\ny", "\x1b[1m", "ü" * 40, "-", ""])
WORDS = st.sampled_from([IF_NEEDED, REBOOT])
STEPS = st.builds(
    Step,
    role=st.just("domu"),
    resource=st.sampled_from(["domain", "bridge"]),
    thing=TEXTS,
    summary=TEXTS,
    impact=st.sampled_from(rack.IMPACTS),
)
PLANS = st.builds(
    HostPlan,
    host=st.just(""),
    steps=st.lists(STEPS, max_size=3).map(tuple),
    waiting=st.lists(STEPS, max_size=2).map(tuple),
    problems=st.lists(TEXTS.map(problem), max_size=2).map(tuple),
    later=st.lists(TEXTS.map(problem), max_size=2).map(tuple),
    running=st.lists(TEXTS.map(running), max_size=2).map(tuple),
)
RACKS = st.lists(st.one_of(PLANS, st.builds(rack.Unseen, st.just(""), TEXTS, st.booleans())), max_size=12)


def named(found: Sequence[HostPlan | rack.Unseen]) -> list[HostPlan | rack.Unseen]:
    """With names by which each is told from every other, in this order."""
    return [type(each)(**{**vars(each), "host": f"host{number:02d}"}) for number, each in enumerate(found)]


def by_host(lines: Sequence[rack_text.Line]) -> dict[str, list[str]]:
    """The lines of each host, the folded ones given back to all of theirs."""
    found: dict[str, list[str]] = {}
    names: list[str] = []
    previous = ""
    for line in lines:
        if line.kind == rack_text.HOST:
            names = [*(names if previous == rack_text.HOST else []), *re.findall(r"host\d\d", line.text)]
        elif line.text.startswith("  "):
            for name in names:
                found.setdefault(name, []).append(line.text)
        previous = line.kind
    return found


@given(RACKS)
def test_no_line_is_lost_and_none_is_told_of_another_host(found: list[HostPlan | rack.Unseen]) -> None:
    hosts = named(found)
    plan = rack.rack_plan(hosts)
    lines = by_host(rack_text.lines(plan))
    for view in plan.hosts:
        expected = [(step.impact, rack_text.clean(step.summary)) for step in view.plan.steps]
        expected += [("waits", rack_text.clean(step.summary)) for step in view.plan.waiting]
        expected += [("later", rack_text.clean(line)) for each in view.plan.later for line in _lines(each.message)]
        expected += [("problem", rack_text.clean(line)) for each in view.problems for line in _lines(each.message)]
        expected += [("undeclared", "") for _guest in view.undeclared]
        own = lines.pop(view.host, [])
        assert [line.split()[0] for line in own] == [label for label, _what in expected]
        assert all(what in line for line, (_label, what) in zip(own, expected))
    assert lines == {}


def _lines(message: str) -> list[str]:
    return message.splitlines() or [""]


@given(RACKS)
def test_the_sums_are_those_of_the_hosts(found: list[HostPlan | rack.Unseen]) -> None:
    plan = rack.rack_plan(named(found))
    sums, plans = plan.sums, [each for each in found if isinstance(each, HostPlan)]
    assert sum(sums.states.values()) == len(found)
    assert sums.states == {**dict.fromkeys(rack.STATES, 0), **Counter(view.state for view in plan.hosts)}
    assert sum(sums.changes.values()) == sum(len(each.steps) for each in plans)
    assert sum(sums.waiting.values()) == sum(len(each.waiting) for each in plans) == sum(plan.words.values())
    assert sums.problems == sum(len(each.problems) for each in plans)
    numbers = re.findall(r"\d+", " ".join(line.text for line in rack_text.lines(plan) if line.kind == rack_text.SUM))
    assert found == [] or int(numbers[0]) == len(found)


def test_a_hundred_hosts_stay_readable() -> None:
    lines = rack_text.lines(rack.rack_plan(sample(100)))
    assert len(lines) < 100
    assert disk("mail1").summary in "\n".join(line.text for line in lines)
