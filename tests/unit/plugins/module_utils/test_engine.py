# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read, plan, apply with a resource small enough to see through: named lamps that are on or off."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import Change, NotRead, Plan, Refused, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge, internal_error


def lamps(lit, stuck=(), broken=()):
    """A resource over the set ``lit``; a stuck lamp takes the order and stays, a broken one raises."""

    def plan(current, declared):
        missing = [name for name in declared if name not in current]
        return Plan([Change("lamp", name, "on", f"light {name}", "off", "on") for name in missing])

    def apply(_host, change):
        if change.thing in broken:
            raise XenError(f"{change.thing} is broken")
        if change.thing not in stuck:
            lit.add(change.thing)

    def declare(params):
        if "0" in params["names"]:
            raise Refused("lamp 0 can't be lit")
        return params["names"]

    return SimpleNamespace(
        NAME="lamp", declare=declare, read=lambda _host, _declared: sorted(lit), plan=plan, apply=apply
    )


def test_in_sync_means_no_change():
    outcome = converge(lamps({"a"}), {"names": ["a"]}, host=None, check=False)
    assert outcome.result()["changed"] is False
    assert outcome.result()["changes"] == []


def test_what_is_planned_is_done_and_reported():
    lit = set()
    result = converge(lamps(lit), {"names": ["a", "b"]}, host=None, check=False).result()
    assert lit == {"a", "b"}
    assert [change["summary"] for change in result["changes"]] == ["light a", "light b"]
    assert result["diff"][0]["before"] == "off\n"


def test_check_mode_tells_the_same_and_touches_nothing():
    lit = set()
    result = converge(lamps(lit), {"names": ["a"]}, host=None, check=True).result()
    assert (result["changed"], lit) == (True, set())


def test_one_failure_does_not_stop_or_hide_the_others():
    lit = set()
    outcome = converge(lamps(lit, broken={"b"}), {"names": ["a", "b", "c"]}, host=None, check=False)
    assert lit == {"a", "c"}
    assert {thing: str(error) for thing, error in outcome.failures.items()} == {"b": "b is broken"}
    assert [change.thing for change in outcome.done] == ["a", "c"]


def test_success_that_is_not_there_on_reading_back_is_a_failure():
    outcome = converge(lamps(set(), stuck={"a"}), {"names": ["a"]}, host=None, check=False)
    assert "on reading back this is still to be done: light a" in str(outcome.failures["a"])


def test_what_was_done_is_told_where_it_can_not_be_read_back():
    lit = set()
    resource = lamps(lit)
    look = resource.read

    def read(host, declared):
        if lit:
            raise XenError("the lamps can't be seen any more")
        return look(host, declared)

    resource.read = read
    outcome = converge(resource, {"names": ["a"]}, host=None, check=False)
    assert outcome.result()["changed"] is True
    assert [str(error) for error in outcome.failures.values()] == ["the lamps can't be seen any more"]


def test_what_a_plan_lacks_is_read_by_name_and_once():
    resource, read = lamps({"a"}), []

    def plan(current, declared):
        for reading in ("fuses", "switches"):
            if reading not in current:
                raise NotRead(f"{reading} were not looked at", reading=reading)
        return Plan()

    def read_more(_host, current, _declared, reading):
        read.append(reading)
        return [*current, reading]

    resource.plan, resource.read_more = plan, read_more
    assert converge(resource, {"names": ["a"]}, host=None, check=False).result()["changed"] is False
    assert read == ["fuses", "switches"]
    resource.read_more = lambda _host, current, _declared, reading: read.append(reading) or current
    with pytest.raises(NotRead, match="fuses were not"):
        converge(resource, {"names": ["a"]}, host=None, check=False)
    assert read[2:] == ["fuses"], "what a reading did not bring is not read again"


def test_what_no_reading_brings_is_an_error():
    resource = lamps({"a"})

    def plan(_current, _declared):
        raise NotRead("the cellar was not looked at")

    resource.plan = plan
    with pytest.raises(NotRead, match="cellar"):
        converge(resource, {"names": ["a"]}, host=None, check=False)


def test_bad_input_is_refused_before_the_machine_is_read():
    resource = lamps(set())
    resource.read = lambda *_: pytest.fail("the machine was read")
    with pytest.raises(Refused):
        converge(resource, {"names": ["0"]}, host=None, check=False)


def test_a_defect_of_ours_is_told_in_words():
    with pytest.raises(KeyError) as caught:
        {}["nothing"]
    report = internal_error("lamp", caught.value)
    words = "netbsd.xen.lamp: internal error, please report it: KeyError: 'nothing' (test_engine.py:"
    assert report["msg"].startswith(words)
    assert "Traceback" in report["internal_traceback"]
