# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often a guest is expanded and planned on its way from the inventory to the machine."""

from __future__ import annotations

import json
from collections import Counter
from types import SimpleNamespace

import pytest

from ansible_collections.netbsd.xen.plugins.action.domain import ActionModule
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare import wanted
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.plan import guests
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.info import snapshot
from ansible_collections.netbsd.xen.tests.unit.support.guests import DEFAULTS, LINUX, WEB, run

pytestmark = pytest.mark.usefixtures("clock")
OFF = {"name": "off1", "state": "shutdown", "kernel": LINUX["kernel"], "memory": 64}


@pytest.fixture
def ways(monkeypatch):
    """Counts how often each guest is expanded and planned, and lets it be done."""
    counted = Counter()

    def count(module, name, of):
        real = getattr(module, name)

        def counting(first, *rest, **named):
            counted[name, of(first)] += 1
            return real(first, *rest, **named)

        monkeypatch.setattr(module, name, counting)

    count(wanted, "expand", lambda raw: raw["name"])
    count(guests, "plan_guest", lambda guest: guest.name)
    return counted


def task(read, *declared):
    """The task about these guests, on the controller, with what was read ahead; and its result, None if the machine
    was called."""
    args = {"guests": list(declared), "host_name": "box", "os_defaults": DEFAULTS}
    described = SimpleNamespace(
        action="netbsd.xen.domain", args=args, async_val=0, check_mode=False, diff=False, environment=[]
    )
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir="unused"))
    plugin = ActionModule(described, connection, None, None, None, None)
    called = []
    plugin._execute_module = lambda **_arguments: called.append(True) or {}
    result = plugin.run(task_vars={"netbsd_xen_host": {"snapshot": read}, "ansible_facts": {}})
    return None if called else result


def test_an_unchanged_guest_is_expanded_and_planned_once_on_the_machine(host, xen, ways):
    run(host, WEB, OFF)
    ways.clear()
    assert run(host, WEB, OFF).done == []
    assert ways == {(name, guest): 1 for name in ("expand", "plan_guest") for guest in ("web1", "off1")}


def test_one_that_starts_is_planned_once_more_for_what_that_takes_and_once_to_prove_it(host, xen, ways):
    assert run(host, WEB, OFF).failures == {}
    assert (ways["expand", "web1"], ways["plan_guest", "web1"]) == (1, 3)
    assert ways["expand", "off1"] == 1


def test_an_unchanged_guest_is_expanded_and_planned_once_on_the_controller(host, xen, ways):
    run(host, WEB, OFF)
    read = json.loads(json.dumps(snapshot(host, ["domain"])))
    ways.clear()
    assert task(read, WEB, OFF)["changed"] is False
    assert ways == {(name, guest): 1 for name in ("expand", "plan_guest") for guest in ("web1", "off1")}
