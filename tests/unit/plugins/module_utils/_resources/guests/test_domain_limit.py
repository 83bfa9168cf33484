# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests within a limit of what a run may cost: whatever they are and shall be, nobody loses more than that; what was
left is done by a run without the limit, and the end is the same as if there had been none."""

from __future__ import annotations

import copy
import posixpath
import re
import tempfile
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._change import IMPACTS, above
from ansible_collections.netbsd.xen.tests.unit.support.fakes import FakeXen, MemoryHost
from ansible_collections.netbsd.xen.tests.unit.support.guests import (
    LINUX,
    WEB,
    acts,
    machine,
    no_waiting,
    run,
    settled,
)

MAC = "00:16:3e:00:00:77"
ALLOWED = {"restart_policy": "if_needed", "detach_devices": True}
POLICIES = st.fixed_dictionaries(
    {
        "restart_policy": st.sampled_from(["never", "if_needed"]),
        "detach_devices": st.booleans(),
        "remove_disks": st.booleans(),
    }
)


def a_guest(number: int) -> st.SearchStrategy[dict[str, Any]]:
    own = [f"/home/xen/{number}{letter}.img" for letter in "ab"]
    devices = st.lists(st.sampled_from(own), max_size=2, unique=True)
    macs = [f"00:16:3e:00:0{number}:0{each}" for each in (1, 2)]
    nics = st.lists(st.builds(lambda mac: {"mac": mac, "bridge": "bridge0"}, st.sampled_from(macs)), max_size=2)
    return st.fixed_dictionaries(
        {
            "name": st.just(f"g{number}"),
            "os": st.just("linux"),
            "kernel": st.just("/home/xen/vmlinux"),
            "memory": st.sampled_from([96, 128]),
            "maxmem": st.just(128),
            "cmdline": st.sampled_from(["", "quiet"]),
            "weight": st.sampled_from([256, 512]),
            "disks": devices,
            "nics": nics.map(lambda found: [nic for at, nic in enumerate(found) if nic not in found[:at]]),
            "state": st.sampled_from(["running", "running", "running", "paused", "saved", "shutdown", "absent"]),
        }
    )


def in_order(guests: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    """The second one depends on the first, where that can be."""
    first, second = guests
    return first, dict(second, depends_on=["g0"] if first["state"] == "running" else [])


GUESTS = st.tuples(*(a_guest(number) for number in range(2))).map(in_order)


def a_machine() -> tuple[MemoryHost, FakeXen]:
    host = machine()
    for path in (f"/home/xen/{number}{letter}.img" for number in range(2) for letter in "ab"):
        host.put(path)
    return host, FakeXen(host, vnd_nodes=16)


def looks_like(host: MemoryHost, xen: FakeXen) -> Any:
    """All that matters to who uses the guests."""
    files = {path for path in host.tree if path.startswith(("/home/xen/", "/usr/pkg/etc/xen/", "/var/lib/xen"))}
    domains = sorted(
        (
            domain.name,
            domain.memory,
            bool(domain.pauses),
            domain.weight,
            sorted(re.sub(r"\s", "", str(disk)) for disk in domain.settings.get("disk") or []),
            sorted(str(nic) for nic in domain.settings.get("vif") or []),
            str(domain.settings.get("cmdline", "")),
        )
        for domain in xen.domains
    )
    return {path: host.text(path) for path in files}, domains


def what_they_have(xen: FakeXen) -> dict[str, tuple[int, bool, int, int]]:
    """Of each guest that runs: who it is, whether it runs, and how many devices it has."""
    return {
        each.name: (
            each.domid,
            not each.pauses,
            len(each.settings.get("disk") or []),
            len(each.settings.get("vif") or []),
        )
        for each in xen.domains
    }


def brought_to(guests: Any, **options: Any) -> tuple[MemoryHost, FakeXen]:
    """A machine on which these guests are as declared. What was not there can't be saved, so it runs before."""
    host, xen = a_machine()
    run(host, *(dict(each, state="running") if each["state"] == "saved" else each for each in guests), **options)
    run(host, *guests, **options)
    return host, xen


def can_be(guests: Any, host: MemoryHost, xen: FakeXen) -> Any:
    """Without what is refused: a guest can be saved only if it runs or was saved."""
    there = {posixpath.basename(path) for path in host.tree if path.endswith(".save")}
    there |= {f"{each.name}.save" for each in xen.domains}
    return tuple(
        dict(each, state="shutdown") if each["state"] == "saved" and f"{each['name']}.save" not in there else each
        for each in guests
    )


def holds(before: Any, after: Any, policy: dict[str, Any], limit: str) -> list[str]:
    """What was put off, by the acts' types, after all of it was tried."""
    with pytest.MonkeyPatch.context() as patch, tempfile.NamedTemporaryFile() as lock_file:
        no_waiting(patch, lock_file.name)
        host, xen = brought_to(before, **ALLOWED)
        twin, its_xen = copy.deepcopy((host, xen))
        after = can_be(after, host, xen)
        had, files = what_they_have(xen), set(host.tree)
        first = run(host, *after, max_impact=limit, **policy)
        assert first.failures == {}
        assert [each for each in first.done if above(each.impact, limit)] == []
        if limit == "live":
            has = what_they_have(xen)
            for name, (domid, runs, disks, nics) in had.items():
                assert has[name][0] == domid and has[name][1] >= runs
                assert has[name][2] >= disks and has[name][3] >= nics
        if limit in ("live", "guest_restart"):
            gone = {path for path in files - set(host.tree) if path.endswith(".img")}
            assert gone == set() and all(f"/usr/pkg/etc/xen/{name}" in host.tree for name in had)
        again = run(host, *after, max_impact=limit, **policy)
        assert (again.done, again.failures) == ([], {})
        assert acts(again.plan.deferred) == acts(first.plan.deferred)
        at_once, left = run(twin, *after, **policy), run(host, *after, **policy)
        assert (at_once.failures, left.failures) == ({}, {})
        assert looks_like(host, xen) == looks_like(twin, its_xen)
        assert acts(left.plan.deferred) == acts(at_once.plan.deferred)
        return acts(first.plan.deferred)


@given(GUESTS, GUESTS, POLICIES, st.sampled_from(IMPACTS))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_guest_loses_more_than_the_limit_and_in_the_end_all_is_the_same(
    before: Any, after: Any, policy: dict[str, Any], limit: str
) -> None:
    holds(before, after, policy, limit)


ONE = dict(LINUX, name="g0", state="running", disks=["/home/xen/0a.img"], nics=[{"mac": MAC, "bridge": "bridge0"}])
# What each change puts off under which limits, of a guest that runs with a disk and an interface.
EACH = {
    "restart": ({"cmdline": "quiet"}, ["restart"], "guest_restart"),
    "stop": ({"state": "shutdown"}, ["shutdown"], "guest_restart"),
    "stop at once": ({"state": "destroyed"}, ["destroy"], "guest_restart"),
    "pause": ({"state": "paused"}, ["pause"], "guest_restart"),
    "save": ({"state": "saved"}, ["save"], "guest_restart"),
    "take a disk": ({"disks": []}, ["detach_disk"], "guest_restart"),
    "take an interface": ({"nics": []}, ["detach_nic"], "guest_restart"),
    "end": ({"state": "absent"}, ["shutdown", "remove_config", "remove_disk"], "guest_recreate"),
    # What is given again needs that it was taken.
    "move a disk": ({"disks": [{"path": "/home/xen/0a.img", "vdev": "xvdc"}]}, None, "guest_restart"),
    "change a weight": ({"weight": 512}, [], "live"),
    "set the memory": ({"memory": 128}, [], "live"),
    "give a disk": ({"disks": ["/home/xen/0a.img", "/home/xen/0b.img"]}, [], "live"),
}


@pytest.mark.parametrize("limit", IMPACTS)
@pytest.mark.parametrize("what", EACH)
def test_each_change_waits_for_what_it_costs(what: str, limit: str) -> None:
    after, puts_off, impact = EACH[what]
    found = holds((ONE,), (dict(ONE, **after),), {**ALLOWED, "remove_disks": True}, limit)
    if not above(impact, limit):
        assert found == []
    elif puts_off is not None:
        assert found == puts_off
    else:
        assert found[0] == "detach_disk" and "attach_disk" in found[1:]


# -- single cases ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("clock")
class TestCases:
    def test_both_words_are_told_where_both_lack(self, host: MemoryHost, xen: FakeXen) -> None:
        run(host, WEB)
        more = dict(WEB, extra="-s")
        for options, word in (
            ({"max_impact": "live"}, "restart_policy: if_needed, max_impact: guest_restart"),
            ({"max_impact": "live", "restart_policy": "if_needed"}, "max_impact: guest_restart"),
            ({"max_impact": "guest_restart"}, "restart_policy: if_needed"),
        ):
            outcome = run(host, more, **options)
            assert [change.word for change in outcome.plan.deferred] == [word]
            assert f"with {word} a run does this: shut it down and start it again" in outcome.plan.warnings[0]
        assert acts(run(host, more, max_impact="guest_restart", restart_policy="if_needed").done) == ["restart"]

    def test_what_is_written_and_the_restart_that_waits_are_as_with_never(self, host: MemoryHost, xen: FakeXen) -> None:
        run(host, LINUX)
        more = dict(LINUX, cmdline="quiet", weight=512)
        outcome = run(host, more, max_impact="live", restart_policy="if_needed")
        assert acts(outcome.done) == ["write_config", "set_weight"] and acts(outcome.plan.deferred) == ["restart"]
        assert acts(run(host, more, max_impact="guest_restart", restart_policy="if_needed").done) == ["restart"]
        assert settled(host, more, max_impact="live")

    def test_an_absent_guest_keeps_all_it_has(self, host: MemoryHost, xen: FakeXen) -> None:
        run(host, WEB)
        before = dict(host.tree)
        outcome = run(host, dict(WEB, state="absent"), max_impact="guest_restart", remove_disks=True)
        assert (outcome.done, dict(host.tree)) == ([], before)
        assert {change.word for change in outcome.plan.deferred} == {"max_impact: guest_recreate"}
        assert acts(outcome.plan.deferred) == ["shutdown", "remove_config", "remove_disk"]

    def test_a_dead_guest_is_started_beside_one_whose_restart_waits(self, host: MemoryHost, xen: FakeXen) -> None:
        front = dict(LINUX, depends_on=["web1"])
        run(host, WEB, front)
        xen.domains.remove(xen.named("lin1"))
        outcome = run(host, dict(WEB, extra="-s"), front, max_impact="live", restart_policy="if_needed")
        assert acts(outcome.done) == ["write_config", "create"] and acts(outcome.plan.deferred) == ["restart"]

    @pytest.mark.parametrize("depends_on", [[], ["lin1"]])
    def test_a_start_that_has_no_room_before_another_guest_is_stopped_waits_with_it(
        self, host: MemoryHost, xen: FakeXen, depends_on: list[str]
    ) -> None:
        run(host, dict(WEB, memory=1024))
        xen.free = 1100
        small = dict(LINUX, name="tiny1", memory=32, maxmem=32)
        behind = dict(LINUX, name="last1", memory=32, maxmem=32, depends_on=depends_on)
        guests = (dict(WEB, memory=1024, state="shutdown"), dict(LINUX, memory=1536, maxmem=1536), small, behind)
        outcome = run(host, *guests, max_impact="live")
        waits = {(change.thing, change.word) for change in outcome.plan.deferred}
        word = "max_impact: guest_restart"
        assert waits == {("web1", word), ("lin1", word), *([("last1", word)] if depends_on else [])}
        assert {each.thing for each in outcome.done if each.action == "Create"} == {
            "tiny1",
            *([] if depends_on else ["last1"]),
        }
        assert outcome.failures == {}
        xen.free = 1100 - 100
        after = run(host, *guests)
        assert (after.failures, after.plan.deferred) == ({}, [])
        assert sorted(each.name for each in xen.domains) == ["last1", "lin1", "tiny1"]

    def test_memory_of_a_waiting_restart_is_not_there_yet(self, host: MemoryHost, xen: FakeXen) -> None:
        run(host, dict(WEB, memory=1024))
        xen.free = 512
        less, other = dict(WEB, memory=128, extra="-s"), dict(LINUX, memory=1024, maxmem=1024)
        with pytest.raises(Exception, match="the guests to be started need"):
            run(host, less, other)
        assert run(host, less, other, restart_policy="if_needed").failures == {}
