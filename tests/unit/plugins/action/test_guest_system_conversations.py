# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The action plugin between the module and a guest's own installer, on a simulated machine: from nothing to a guest
that is set up, what a failure shows, and that the next run is not held up by it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from netbsd_sim.net import fetch

from ansible_collections.netbsd.xen.plugins.action import guest_system as action
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.read import vnd
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import resource as guest_system
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work import netbsd_system
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import lock
from ansible_collections.netbsd.xen.plugins.plugin_utils._arguments import validated
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.needs import ConsoleError, Held
from ansible_collections.netbsd.xen.tests.unit.support import sim_host
from ansible_collections.netbsd.xen.tests.unit.support.installer_guest import AtMachine
from ansible_collections.netbsd.xen.tests.unit.support.simulated import SimulatedHost
from ansible_collections.netbsd.xen.tests.unit.support.whole_host import the_mirror

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOwj9+WsILBmTvLUmQ56i6XkrekkVp1AyMUBWPnvAALq admin@rack"
INSTALL = {
    "method": "sysinst",
    "release": "7.99.10",
    "source": "http://192.0.2.4/pub/NetBSD",
    "network": {"address": "10.0.2.21/24", "gateway": "10.0.2.2", "nameservers": ["10.0.2.3"]},
    "hostname": "web1.example.org",
    "authorized_keys": [KEY],
}
GUEST = {"name": "web1", "os": "netbsd", "memory": 64, "nics": ["bridge0"], "install": INSTALL}
GUEST["disks"] = [{"path": "/home/xen/web1.img", "size": "512M"}]
RECORD = "/usr/pkg/etc/xen/.web1.install"
VARIABLES = {"inventory_hostname": "xen1", "netbsd_xen_typing_seconds": 0}


class Action(action.ActionModule):
    """In the place of a connection: the simulated machine. ``after``: the console ends behind so many keys."""

    TAKES_LONG = False

    def __init__(self, host: SimulatedHost, after: int = -1, check: bool = False) -> None:
        self.host, self.after, self.calls = host, after, 0
        self._task = SimpleNamespace(action="netbsd.xen.guest_system", args={}, check_mode=check, async_val=0)

    def _execute_module(self, module_name: str, module_args: dict[str, Any], task_vars: Any) -> dict[str, Any]:
        self.calls += 1
        arguments = validated(guest_system.ARGUMENTS, module_args)
        outcome = converge(guest_system, arguments, self.host, self._task.check_mode)
        failures = [dict(error.details, thing=thing, msg=str(error)) for thing, error in outcome.failures.items()]
        return dict(outcome.result(), failures=failures, failed=bool(failures), msg="; ".join(outcome.failures))

    def _console(self, name: str, toolstack: str, task_vars: dict[str, Any]) -> tuple[Any, bytes]:
        assert toolstack == "xl"
        if self.after == 0:
            raise Held("web1: its console is in use, by root on ttyp0")
        return AtMachine(self.host.machine.directory, name, self.after), b""

    def did(self) -> dict[str, Any]:
        return self.carry_out({"guests": [GUEST], "host_name": "xen1"}, VARIABLES)


@pytest.fixture
def host(tmp_path, monkeypatch) -> SimulatedHost:
    monkeypatch.setattr(lock, "LOCK_FILE", str(tmp_path / "lock"))
    monkeypatch.setattr(vnd, "BETWEEN_LOOKS_SECONDS", 0.0)
    monkeypatch.setattr(fetch, "MIRROR", the_mirror())
    monkeypatch.setattr(netbsd_system.netbsd_release, "host_key_types", lambda _release: ("ed25519",))
    monkeypatch.setattr(action, "_transcript_path", lambda dom0, guest: str(tmp_path / f"{dom0}-{guest}.cast"))
    return SimulatedHost(sim_host.make_host(tmp_path / "nb0", profile="netbsd-7.99.10-xen-4.17"))


def test_a_guest_is_installed_in_one_run(host, tmp_path):
    did = Action(host)
    result = did.did()
    assert not result.get("failed"), result["failures"]
    assert did.calls == 2 and result["changed"]
    assert [(each["thing"], each["after"]) for each in result["changes"]] == [("web1", "configured")]
    assert json.loads(host.text(RECORD))["stage"] == "configured"
    said = "".join(json.loads(line)[2] for line in (tmp_path / "xen1-web1.cast").read_text().splitlines()[1:])
    assert "halt" in said and "Nx" not in said
    again = Action(host)
    assert again.did()["changes"] == [] and again.calls == 1


@pytest.mark.parametrize("after", [0, 40])
def test_a_failure_shows_the_screen_and_the_next_run_goes_on(host, tmp_path: Path, after):
    result = Action(host, after).did()
    (failure,) = result["failures"]
    assert result["failed"] and failure["thing"] == "web1"
    assert "the conversation with its installer broke off" in failure["msg"] and "\n" not in failure["msg"]
    assert failure["transcript"] == str(tmp_path / "xen1-web1.cast") and failure["stage"] == "prepared"
    assert bool(failure.get("screen")) == bool(after)
    assert after == 0 or "the last answer was" in failure["msg"]
    assert failure["next_run"] == "it begins with an empty disk again"
    found = json.loads(host.text(RECORD))
    assert (found["stage"], found["installer"]) == ("prepared", "")
    result = Action(host).did()
    assert not result.get("failed") and json.loads(host.text(RECORD))["stage"] == "configured"


@pytest.mark.parametrize("given", ["slowly", None, -1, 11])
def test_a_pace_that_is_none_is_said(given):
    with pytest.raises(ConsoleError, match="netbsd_xen_typing_seconds is .*; allowed are 0 to 10 seconds"):
        action._pace({"netbsd_xen_typing_seconds": given})
    assert action._pace({}) == 0.08 and action._pace({"netbsd_xen_typing_seconds": "0.5"}) == 0.5


def test_a_check_talks_to_nobody(host):
    did = Action(host, check=True)
    (change,) = did.did()["changes"]
    assert change["summary"].startswith("install NetBSD 7.99.10 by sysinst") and did.calls == 1
    assert host.stat("/home/xen/web1.img") is None
