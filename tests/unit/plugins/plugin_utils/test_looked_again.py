# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks behind a change cost: the machine is looked at once more, and not called task by task. Every task of
netbsd.xen.site runs by its own action plugin, with a simulated machine in the place of a connection."""

from __future__ import annotations

import importlib
import json
from collections import ChainMap
from types import SimpleNamespace
from typing import Any

import pytest
from netbsd_sim.core import profiles

from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.plugin_utils import _planned
from ansible_collections.netbsd.xen.plugins.plugin_utils._arguments import validated
from ansible_collections.netbsd.xen.plugins.plugin_utils._look import info
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.order import ALL, chosen
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import MACHINE, Variables
from ansible_collections.netbsd.xen.tests.unit.support.look_here import Looks
from ansible_collections.netbsd.xen.tests.unit.support.whole_host import GUEST, WholeHost

LOOK = "look"


class Site:
    """The tasks of netbsd.xen.site on one machine. ``calls`` are the remote calls of a run, by the names of the
    modules."""

    def __init__(self, whole: WholeHost) -> None:
        self.whole, self.looks = whole, Looks(whole.host)
        self.calls: list[str] = []
        # What else happens to the machine when a module is called, by its name.
        self.meanwhile: dict[str, Any] = {}

    def run(self) -> dict[str, dict[str, Any]]:
        """The results by the names of the tasks. The machine is read first, as role host does it."""
        self.calls = []
        self.facts: dict[str, Any] = {}
        registered: dict[str, Any] = {MACHINE: info.told(self.look, [info.ALL]).value}
        results = {}
        for ordered in chosen(ALL):
            variables = Variables(ChainMap(registered, self.whole.variables()))
            if not ordered.task.when(variables):
                continue
            task_vars = {**registered, "inventory_hostname": self.whole.own["inventory_hostname"]}
            task_vars["ansible_facts"] = self.facts
            result = self.plugin(ordered.task.resource, ordered.task.given(variables)).run(task_vars=task_vars)
            assert not result.get("failed"), result
            self.facts = {**self.facts, **result.get("ansible_facts", {})}
            registered[ordered.task.register or "_"] = result
            results[ordered.name] = result
        return results

    def look(self, asks: list[dict[str, Any]]) -> dict[str, Any]:
        self.calls.append(LOOK)
        return self.looks(asks)

    def plugin(self, resource: Any, args: dict[str, Any]) -> Any:
        module = importlib.import_module(f"ansible_collections.netbsd.xen.plugins.action.{resource.NAME}")
        name = f"netbsd.xen.{resource.NAME}"
        task = SimpleNamespace(action=name, args=args, async_val=0, check_mode=False, diff=False, environment=[])
        connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir="unused"), transport="ssh")
        plugin = module.ActionModule(task, connection, None, None, None, None)
        plugin.TAKES_LONG = False
        plugin._execute_module = lambda **call: self.execute(resource, **call)
        return plugin

    def execute(self, resource: Any, module_name: str, module_args: dict[str, Any], task_vars: Any) -> dict[str, Any]:
        if module_name == info.MODULE:
            return self.look(json.loads(module_args["asks"]))
        assert module_name == f"netbsd.xen.{resource.NAME}"
        self.calls.append(resource.NAME)
        outcome = converge(resource, validated(resource.ARGUMENTS, module_args), self.whole.host, check=False)
        self.meanwhile.pop(resource.NAME, lambda: None)()
        return {**outcome.result(), "failed": bool(outcome.failures), "commands": []}


@pytest.fixture(scope="module", params=[profiles.DEFAULT_PROFILE, "netbsd-6.1-xen-4.2"])
def machine(request, tmp_path_factory):
    """One for all tests, each of which leaves it as declared."""
    with pytest.MonkeyPatch.context() as patch:
        whole = WholeHost(tmp_path_factory.mktemp("machine"), patch, request.param)
        assert whole.run()[1] == []
        yield whole


@pytest.fixture
def site(machine) -> Site:
    return Site(machine)


def edit(site: Site, path: str, old: str, new: str) -> None:
    text = site.whole.host.read_text(path)
    assert old in text
    site.whole.host.write_text(path, text.replace(old, new), 0o644)


def script(site: Site) -> None:
    site.whole.host.set_mode("/usr/pkg/etc/xen/scripts/vif-bridge", 0o644)


def rc_conf(site: Site) -> None:
    edit(site, "/etc/rc.conf", "xencommons=YES", "#xencommons=YES")


def member(site: Site) -> None:
    site.whole.machine.run("/sbin/brconfig", "bridge0", "delete", "wm0")


def menu(site: Site) -> None:
    edit(site, "/boot.cfg", "timeout=5", "timeout=7")


def guest(site: Site) -> None:
    site.whole.toolstack("destroy", GUEST["name"])


CHANGES = {script: "tool_scripts", rc_conf: "rc_service", member: "bridge", menu: "boot_cfg", guest: "domain"}


def changed(results: dict[str, dict[str, Any]]) -> list[str]:
    return [name for name, result in results.items() if result["changed"]]


def test_a_machine_as_declared_is_read_and_called_no_more(site):
    assert changed(site.run()) == []
    assert site.calls == [LOOK]


@pytest.mark.parametrize("drift", CHANGES, ids=lambda drift: drift.__name__)
def test_one_change_costs_its_own_call_and_one_look(site, drift):
    drift(site)
    assert changed(site.run()) == [CHANGES[drift]]
    assert site.calls == [LOOK, CHANGES[drift], *([LOOK] if drift is not guest else [])]
    assert changed(site.run()) == []


def test_what_is_to_be_changed_is_not_looked_at_before(site):
    member(site)
    menu(site)
    assert changed(site.run()) == ["bridge", "boot_cfg"]
    assert site.calls == [LOOK, "bridge", "boot_cfg", LOOK]


def test_what_comes_with_a_change_is_seen(site):
    """Somebody takes a line out of rc.conf while the bridge is mended."""
    member(site)
    site.meanwhile["bridge"] = lambda: rc_conf(site)
    assert changed(site.run()) == ["bridge", "xendomains"]
    assert site.calls == [LOOK, "bridge", LOOK, "rc_service", LOOK]
    assert changed(site.run()) == []


def test_a_machine_that_cannot_be_looked_at_is_called(site):
    member(site)
    looks, second = site.looks, [LOOK, "bridge", LOOK]
    site.looks = lambda asks: {"failed": True, "msg": "no space"} if site.calls == second else looks(asks)
    assert changed(site.run()) == ["bridge"]
    assert site.calls == [LOOK, "bridge", LOOK, "boot_cfg", LOOK]


def test_no_digest_of_a_password_becomes_a_fact(site, monkeypatch):
    """An admin may keep facts on a disk, and a digest with its salt is as good as a short password."""
    monkeypatch.setitem(site.whole.own, "domu_guests", [{**GUEST, "state": "shutdown", "vncpasswd": "hunter2"}])
    site.run()
    member(site)
    assert changed(site.run()) == ["bridge"]
    # The guests are looked at, and not called, although they are not among what was kept.
    assert [call for call in site.calls if call != LOOK] == ["bridge"]
    kept = site.facts[_planned.AGAIN_FACT]["snapshot"]["resources"]
    assert "rc_service" in kept and "domain" not in kept
    assert "sha256:" not in json.dumps(kept) and "masked" not in json.dumps(kept)
