# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of the guarded step: a new connection, and patience until the machine is back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure

from ansible_collections.netbsd.xen.plugins.action import bridge
from ansible_collections.netbsd.xen.plugins.module_utils._engine import WARNINGS
from ansible_collections.netbsd.xen.plugins.plugin_utils import _declared
from ansible_collections.netbsd.xen.plugins.plugin_utils._planned import PlannedAction

NEEDED = {"changed": False, "guard": "needed", "changes": [], "commands": ["look"], WARNINGS: []}
GUARDED = {"changed": True, "guarded": True, "changes": ["live"], "commands": ["read"], WARNINGS: ["careful"]}
DONE = {"changed": True, "changes": ["file"], "commands": ["add"]}
UNDONE = {"failed": True, "changed": False, "guard": "undone", "msg": "taken back"}
EARLY = {"failed": True, "guard": "early", "msg": "not made yet"}
MISSING = {"failed": True, "guard": "missing", "msg": "nothing guards"}
LOST = AnsibleConnectionFailure("Connection timed out")


class Machine:
    """Answers each call of the module with the next of its answers; keeps what was asked, and each new connection."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answers: list[Any]) -> None:
        self.answers, self.asked, self.now, self.call_seconds = list(answers), [], 0.0, 0.0
        monkeypatch.setattr(PlannedAction, "carry_out", lambda action, args, task_vars: self.answer(args))
        monkeypatch.setattr(bridge.time, "sleep", self.sleep)
        monkeypatch.setattr(bridge.time, "monotonic", lambda: self.now)

    def answer(self, args: dict[str, Any]) -> dict[str, Any]:
        measured = args.get("guard_measured")
        self.asked.append("confirm" if args.get("guard_confirm") else "ask" if measured is None else "change")
        self.measured = measured
        self.now += self.call_seconds
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(found, Exception):
            raise found
        return dict(found)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def reset(self) -> None:
        self.asked.append("reset")

    def run(self, **args: Any) -> dict[str, Any]:
        action = bridge.ActionModule.__new__(bridge.ActionModule)
        action._connection = self
        return action.carry_out(args, {})


def test_what_needs_no_guard_is_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, [DONE])
    assert (machine.run(), machine.asked) == (DONE, ["ask"])


def test_a_guarded_step_is_confirmed_over_a_new_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, [NEEDED, GUARDED, DONE])
    result = machine.run()
    assert machine.asked == ["ask", "change", "reset", "confirm"]
    assert (result["changed"], result["changes"], result[WARNINGS]) == (True, ["live", "file"], ["careful"])
    assert result["commands"] == ["read", "add"]


def test_who_comes_too_early_comes_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, [NEEDED, GUARDED, EARLY, DONE])
    assert machine.run()["changed"] and machine.asked == ["ask", "change", "reset", "confirm", "reset", "confirm"]


def test_a_guard_that_was_killed_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, [NEEDED, GUARDED, EARLY])
    result = machine.run(guard_seconds=30)
    assert (result["failed"], result["changed"], result["msg"]) == (True, False, "not made yet")
    assert 90 <= machine.now < 95


def test_a_machine_that_came_back_by_itself_fails_in_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, [NEEDED, GUARDED, LOST, LOST, UNDONE])
    result = machine.run()
    assert (result["failed"], result["changed"], result["msg"]) == (True, False, "taken back")


def test_a_machine_that_never_comes_back_is_unreachable_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, [NEEDED, GUARDED, LOST])
    with pytest.raises(AnsibleConnectionFailure, match="taken back after 30 seconds.*Look at its console"):
        machine.run(guard_seconds=30)
    assert 90 <= machine.now < 95


def test_a_lost_answer_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, [NEEDED, LOST, DONE])
    assert machine.run()["changed"] and machine.asked == ["ask", "change", "reset", "confirm"]


def test_a_connection_that_breaks_before_the_guard_is_asked_for_is_just_that(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, [LOST])
    with pytest.raises(AnsibleConnectionFailure, match="Connection timed out"):
        machine.run()
    assert machine.asked == ["ask"]


def test_a_step_that_needs_no_guard_any_more_is_done_with(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, [NEEDED, DONE])
    assert (machine.run(), machine.asked) == (DONE, ["ask", "change"])


@pytest.mark.parametrize(
    ("takes", "asked", "seconds"), [(1.0, 60, 60), (1.0, 20, 20), (25.0, 20, 150), (25.0, 60, 150), (400.0, 60, 600)]
)
def test_the_guard_waits_as_long_as_the_connection_takes(
    monkeypatch: pytest.MonkeyPatch, takes: float, asked: int, seconds: float
) -> None:
    machine = Machine(monkeypatch, [NEEDED, GUARDED, DONE])
    machine.call_seconds = takes
    result = machine.run(guard_seconds=asked)
    assert (result["guard_seconds"], result["guard_measured"], machine.measured) == (seconds, takes, takes)


def test_over_a_slow_connection_the_machine_has_longer_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, [NEEDED, GUARDED, LOST])
    machine.call_seconds = 20.0
    with pytest.raises(AnsibleConnectionFailure, match="taken back after 120 seconds"):
        machine.run(guard_seconds=60)
    assert 280 <= machine.now <= 330


def test_a_connection_that_broke_before_the_change_is_just_that(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, [NEEDED, LOST, MISSING])
    with pytest.raises(AnsibleConnectionFailure, match="Connection timed out"):
        machine.run()


@pytest.mark.parametrize(
    ("task_vars", "found"),
    [
        ({"ansible_host": "192.0.2.7"}, "192.0.2.7"),
        ({"inventory_hostname": "2001:db8::7"}, "2001:db8::7"),
        ({"ansible_host": "xen1.example.org", "inventory_hostname": "xen1"}, None),
    ],
)
def test_the_address_that_the_controller_knows(task_vars: dict[str, Any], found: str | None) -> None:
    action = bridge.ActionModule.__new__(bridge.ActionModule)
    assert action.arguments({"bridges": []}, task_vars).get("reached_at") == found


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"bridge_vlans": [{"name": "vlan1", "id": 0, "parent": "wm0"}]}, "1 to 4094"),
        ({"bridge_vlans": [{"name": "vlan1", "id": 1, "parent": "bridge0"}]}, "network cards"),
        ({"bridge_nat": [{"bridge": "bridge9", "interface": "wm0"}]}, "declared bridge with an address"),
        ({"bridge_guard_seconds": 1}, "10 to 600"),
        ({"bridge_bridges": [{"name": "bridge0", "address": "10.0.0.1"}]}, "address is '10.0.0.1'"),
    ],
)
def test_what_the_inventory_declares_is_checked_before_any_machine_is_touched(
    values: dict[str, Any], words: str
) -> None:
    (error,) = _declared._check_bridges(values, _declared.HostReport("xen1"))
    assert words in error
