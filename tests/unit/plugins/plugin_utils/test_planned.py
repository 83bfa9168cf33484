# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning on the controller: only an empty plan over a fresh reading may answer for the machine."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.netbsd.xen.plugins.module_utils._engine import WARNINGS
from ansible_collections.netbsd.xen.plugins.module_utils._resources import device_nodes
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.info import MODULE
from ansible_collections.netbsd.xen.plugins.plugin_utils._planned import PlannedAction, mark_stale, usable_read

REMOTE = {"changed": True, "said": "by the machine"}


class Nodes(PlannedAction):
    RESOURCE = device_nodes

    def _execute_module(self, **kwargs):
        if kwargs["module_name"] == MODULE:
            return {"failed": True, "msg": "it can't be looked at"}
        self.asked = kwargs
        return dict(REMOTE)


def action(**args):
    task = SimpleNamespace(
        action="netbsd.xen.device_nodes", args=args, async_val=0, check_mode=False, diff=False, environment=[]
    )
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir="unused"))
    plugin = Nodes(task, connection, None, None, None, None)
    plugin.asked = None
    return plugin


def read_machine(units=4, **extra):
    declared = device_nodes.declare({"xen": True, "vnd_units": units, "xbd_units": 4})
    nodes = {node.name: node.numbers for node in device_nodes.nodes(declared, "amd64")}
    access = {name: device_nodes.PRIVATE for name in ("xenevt", "xsd_kva")}
    resources = {"device_nodes": {"machine": "amd64", "nodes": nodes, "access": access, "blocked": {}, "all": False}}
    return dict({"netbsd_xen_host": {"snapshot": {"id": "one", "resources": resources}}, "ansible_facts": {}}, **extra)


def test_an_empty_plan_needs_no_call():
    plugin = action(vnd_units=4)
    result = plugin.run(task_vars=read_machine())
    assert plugin.asked is None
    assert (result["changed"], result["changes"], result["commands"]) == (False, [], [])


def test_something_to_do_goes_to_the_machine():
    plugin = action(vnd_units=5)
    result = plugin.run(task_vars=read_machine())
    assert result["said"] == "by the machine"
    assert plugin.asked["module_args"] == {"vnd_units": 5}


def test_without_a_reading_the_machine_is_asked():
    assert action().run(task_vars={"ansible_facts": {}})["said"] == "by the machine"


def test_a_resource_that_could_not_be_read_is_asked_for():
    variables = read_machine()
    variables["netbsd_xen_host"]["snapshot"]["resources"] = {}
    assert action().run(task_vars=variables)["said"] == "by the machine"


def test_after_a_change_the_reading_is_stale():
    variables = read_machine()
    result = action(vnd_units=5).run(task_vars=variables)
    variables["ansible_facts"].update(result["ansible_facts"])
    assert usable_read(variables) is None
    assert action(vnd_units=4).run(task_vars=variables)["said"] == "by the machine"


def test_another_reading_makes_it_fresh_again():
    variables = read_machine(ansible_facts={"netbsd_xen_stale": "an older one"})
    assert action().run(task_vars=variables)["changed"] is False


def test_check_mode_does_not_make_the_reading_stale():
    plugin = action(vnd_units=5)
    plugin._task.check_mode = True
    assert "ansible_facts" not in plugin.run(task_vars=read_machine())


def test_a_failure_makes_it_stale_too(monkeypatch):
    monkeypatch.setitem(REMOTE, "changed", False)
    monkeypatch.setitem(REMOTE, "failed", True)
    assert action(vnd_units=5).run(task_vars=read_machine())["ansible_facts"] == {"netbsd_xen_stale": "one"}


def test_bad_input_is_refused_before_the_machine_is_asked():
    for args, words in (({"vnd_units": -1}, "vnd_units is -1"), ({"frobnicate": 1}, "frobnicate")):
        plugin = action(**args)
        with pytest.raises(AnsibleActionFail, match=words):
            plugin.run(task_vars=read_machine())
        assert plugin.asked is None


def test_marking_without_a_reading_adds_nothing():
    result = {}
    mark_stale(result, {"ansible_facts": {}})
    assert result == {}


def test_warnings_and_diffs_say_whose_they_are():
    """Ansible drops a warning that another host has given already, and shows none with its host."""
    plugin = action(vnd_units=5)
    plugin._execute_module = lambda **_: {
        "changed": True,
        WARNINGS: ["no node"],
        "diff": [{"before_header": "nodes", "after_header": "nodes", "before": "", "after": "x"}],
    }
    result = plugin.run(task_vars=dict(read_machine(), inventory_hostname="rack1"))
    assert result["warnings"] == ["rack1: no node"]
    assert [result["diff"][0][f"{side}_header"] for side in ("before", "after")] == ["rack1: nodes"] * 2
