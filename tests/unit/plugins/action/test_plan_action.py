# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin: one call to a machine that is as declared, and the group that tells later plays what to do."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from netbsd_sim.core import profiles

from ansible_collections.netbsd.xen.plugins.action import plan as action
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.host_plan import HostPlan
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.rack import Unseen, from_result
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import MACHINE
from ansible_collections.netbsd.xen.tests.unit.support.look_here import Looks
from ansible_collections.netbsd.xen.tests.unit.support.whole_host import Jinja, WholeHost

# As Ansible tells of a machine without Python: nothing that a module has printed.
NO_PYTHON = {"failed": True, "rc": 127, "module_stdout": "", "module_stderr": "python3.13: not found", "msg": "no JSON"}


class Plan(action.ActionModule):
    """The plugin, with a machine in the place of a connection."""

    def __init__(self, whole: WholeHost, **options: Any) -> None:
        self.looks = Looks(whole.host)
        self.answer: dict[str, Any] | None = None
        self._task = SimpleNamespace(args=options, async_val=0, check_mode=False, ignore_unreachable=False)
        self._connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
        self._loader = whole.loader
        self._templar = SimpleNamespace(copy_with_new_env=lambda available_variables: Jinja(available_variables))

    def validate_argument_spec(self, argument_spec: dict[str, Any]) -> tuple[None, dict[str, Any]]:
        return None, {**{name: each["default"] for name, each in argument_spec.items()}, **self._task.args}

    def _execute_module(self, module_name: str, module_args: dict[str, Any], task_vars: Any) -> dict[str, Any]:
        assert module_name == "netbsd.xen.look"
        return self.answer or self.looks(json.loads(module_args["asks"]))


def result(whole: WholeHost, **options: Any) -> dict[str, Any]:
    return Plan(whole, **options).run(task_vars=whole.own)


@pytest.mark.parametrize("era", profiles.PROFILES)
def test_a_machine_as_declared_is_called_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, era: str) -> None:
    whole = WholeHost(tmp_path, monkeypatch, era)
    assert whole.run()[1] == []
    found = result(whole)
    assert (found["plan"]["calls"], found["add_group"]) == (1, "netbsd_xen_in_sync")
    assert found["host"] == json.loads(json.dumps(whole.variables()[MACHINE]["host"]))
    assert not {"packages", "commands", "failed"} & set(found)
    assert HostPlan.from_data(json.loads(json.dumps(found["plan"]))).in_sync
    whole.machine.run("/sbin/brconfig", "bridge0", "delete", "wm0")
    found = result(whole)
    assert [step["thing"] for step in found["plan"]["steps"]] == ["bridge0"]
    assert found["add_group"] == "netbsd_xen_with_work"
    assert found["commands"] and found["packages"]


def test_the_plan_of_a_bare_machine_is_that_of_one_who_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = WholeHost(tmp_path, monkeypatch, profiles.DEFAULT_PROFILE)
    found = result(whole)["plan"]
    assert {**found, "calls": 0} == whole.plan().as_data()


@pytest.fixture
def whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WholeHost:
    return WholeHost(tmp_path, monkeypatch, profiles.DEFAULT_PROFILE)


def test_without_python_the_rest_is_told_later(whole: WholeHost) -> None:
    plan = Plan(whole)
    plan.answer = NO_PYTHON
    found = plan.run(task_vars=whole.own)
    assert (found["add_group"], found["parent_groups"]) == ("netbsd_xen_without_python", ["netbsd_xen_with_work"])
    assert [step["thing"] for step in found["plan"]["steps"]] == ["python313", "pkgin"]
    assert len(found["plan"]["later"]) == 1
    assert "failed" not in found and "host" not in found


def test_the_group_is_told_where_the_result_does_not_count(whole: WholeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """ansible-core 2.21, plugins/action/__init__.py: ActionBase.add_group."""
    told: list[tuple[str, list[str]]] = []

    def add_group(_self: Any, group_name: str, *, parent_group_names: list[str] | None = None) -> bool:
        told.append((group_name, list(parent_group_names or [])))
        return True

    monkeypatch.setattr(action.ActionBase, "add_group", add_group, raising=False)
    plan = Plan(whole)
    plan.answer = NO_PYTHON
    plan.run(task_vars=whole.own)
    result(whole)
    assert told == [("netbsd_xen_without_python", ["netbsd_xen_with_work"]), ("netbsd_xen_with_work", [])]


@pytest.mark.parametrize("options", [{"python_required": True}, {}])
def test_it_is_a_failure_where_nobody_will_bring_python(whole: WholeHost, options: dict[str, Any]) -> None:
    plan = Plan(whole, **options)
    plan.answer = NO_PYTHON
    found = plan.run(task_vars={**whole.own, **({} if options else {"ansible_run_tags": ["domu"]})})
    assert (found["failed"], found["msg"], "add_group" in found) == (True, "no JSON", False)


def test_a_module_that_says_why_it_failed_is_no_lack_of_python(whole: WholeHost) -> None:
    plan = Plan(whole)
    plan.answer = {"failed": True, "msg": "the disk is full"}
    found = plan.run(task_vars=whole.own)
    assert (found["failed"], found["msg"]) == (True, "the disk is full")


def test_whom_nobody_can_reach_is_told_with_the_plan_of_the_rack_where_the_play_goes_on(whole: WholeHost) -> None:
    def nobody(asks: Any) -> Any:
        raise AnsibleConnectionFailure("connection refused")

    plan = Plan(whole)
    plan.looks = nobody
    with pytest.raises(AnsibleConnectionFailure):
        plan.run(task_vars=whole.own)
    plan._task.ignore_unreachable = True
    found = plan.run(task_vars=whole.own)
    assert from_result("nb0", found) == Unseen("nb0", "connection refused", True)
    assert not {"failed", "unreachable", "msg", "add_group"} & set(found)


def test_tags_choose(whole: WholeHost) -> None:
    found = Plan(whole).run(task_vars={**whole.own, "ansible_run_tags": ["bridge"], "ansible_skip_tags": []})
    assert {step["role"] for step in found["plan"]["steps"]} == {"bridge"}


def test_no_password_is_in_the_result(whole: WholeHost) -> None:
    assert whole.run()[1] == []
    whole.own["domu_guests"] = [{**whole.own["domu_guests"][0], "vnc": True, "vncpasswd": "hunter2"}]
    found = result(whole)
    assert found["add_group"] == "netbsd_xen_with_work"
    assert "hunter2" not in json.dumps(found)
