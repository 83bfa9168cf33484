# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What each kind of change costs the people who use the machine: every place that makes one, and that it is true."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils import _resources
from ansible_collections.netbsd.xen.plugins.module_utils._change import GUEST_RESTART, LIVE, Plan
from ansible_collections.netbsd.xen.plugins.module_utils._engine import planned
from ansible_collections.netbsd.xen.plugins.module_utils._resources import ttys
from ansible_collections.netbsd.xen.plugins.module_utils._resources.bridge import resource as bridge
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import request
from ansible_collections.netbsd.xen.plugins.module_utils._resources.services import resource as rc_service
from ansible_collections.netbsd.xen.tests.unit.support.fakes import FakeXen
from ansible_collections.netbsd.xen.tests.unit.support.guests import WEB, machine, no_waiting, run
from ansible_collections.netbsd.xen.tests.unit.support.net_machine import Machine as NetMachine
from ansible_collections.netbsd.xen.tests.unit.support.rc_machine import Machine as RcMachine

DECIDED = "decided"
# Every function that makes changes, with what they cost, in the order in which they stand there. Where it hangs on the
# machine it is "decided", and a test below tells how; commands of the network are decided in bridge/impact.py.
COSTS = {
    "boot/boot_blocks.py: _plan_grub": "live",
    "boot/boot_blocks.py: _edit": "live",
    "boot/boot_blocks.py: _install": "live",
    "boot/boot_cfg.py: _change": "live",
    "boot/grub2.py: plan": "live",
    "boot/grub2.py: _once_changes": "live",
    "boot/grub_legacy.py: plan": "live",
    "bridge/at_boot.py: changes": "live",
    "bridge/members.py: _free_changes": "live",
    "bridge/members.py: _live_changes": "live",
    "bridge/members.py: _absent_changes": "live, live",
    "bridge/nat.py: changes": "live",
    "bridge/nat.py: _forwarding_changes": "live, live",
    "bridge/nat.py: _rules_changes": "decided, live",
    "bridge/nat.py: _boot_changes": "live",
    "bridge/vlans.py: _file": "live",
    "bridge/vlans.py: _live": "live, live, live",
    "bridge/vlans.py: _removal": "live, live",
    "device_nodes.py: _change": "live",
    "dom0_weight.py: plan": "live, live",
    "dom0_weight.py: _script_change": "live",
    "files/resource.py: _change": "live, live, live",
    "files/resource.py: _install": "live",
    "guests/plan/absent.py: plan_absent": "guest_recreate, guest_recreate",
    "guests/plan/absent.py: _remove_saved": "guest_recreate",
    "guests/plan/absent.py: _remove_disks": "guest_recreate",
    "guests/plan/guest.py: _only_down": "guest_restart",
    "guests/plan/guest.py: _forget": "live",
    "guests/plan/guest.py: _rename": "live, live",
    "guests/plan/guest.py: _disk": "live",
    "guests/plan/guest.py: _config": "live",
    "guests/plan/guest.py: _saved": "live",
    "guests/plan/guest.py: _save": "guest_restart",
    "guests/plan/guest.py: _domain": "guest_restart",
    "guests/plan/guest.py: _start": "live, live",
    "guests/plan/guest.py: _revive": "live",
    "guests/plan/running.py: plan_running": "live, guest_restart",
    "guests/plan/running.py: _restart": "guest_restart",
    "guests/plan/running.py: _vcpus": "live",
    "guests/plan/running.py: _pool": "live",
    "guests/plan/running.py: _shares": "live",
    "guests/plan/running.py: _pins": "live",
    "guests/plan/running.py: _memory": "live",
    "guests/plan/running.py: _disk_goes": "guest_restart",
    "guests/plan/running.py: _disk_comes": "live, live",
    "guests/plan/running.py: _nic_goes": "guest_restart",
    "guests/plan/running.py: _nic_comes": "live",
    "guests/plan/vnd.py: changes": "live",
    "guests/request.py: _change": "decided",
    "kernfs.py: plan": "live",
    "kernfs.py: _line_change": "live, live",
    "packages/resource.py: _change": "live",
    "reboot/target.py: _change": "host_reboot",
    "services/resource.py: _state": "decided",
    "services/settings.py: change": "live",
    "systems/plan.py: _change": "decided",
    "systems/visits.py: plan": "live",
    "systems/visits.py: _change": "live",
    "tool_scripts.py: _mend": "live",
    "tool_scripts.py: _copy": "live",
    "ttys.py: plan": "decided",
    "xl_conf.py: _change": "live",
}
# They make those of others.
MAKERS = {"guests/plan/changes.py: change", "guests/plan/changes.py: stop", "bridge/resource.py: _impact"}
ROOT = Path(_resources.__path__[0])
NAMES = {name: name.lower() for name in ("LIVE", "GUEST_RESTART", "GUEST_RECREATE", "HOST_REBOOT")}
# What a call costs that does not say it.
DEFAULTS = {"Change": "live", "change": "live", "stop": "guest_restart"}


def made() -> Iterator[tuple[str, str]]:
    """Each call that makes a change: where it stands, and what it says that the change costs."""
    for path in sorted(ROOT.rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            for call in ast.walk(function) if isinstance(function, ast.FunctionDef) else ():
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in DEFAULTS:
                    given = [each.id for each in _arguments(call) if isinstance(each, ast.Name)]
                    said = [NAMES.get(name, DECIDED) for name in given if name in NAMES or name == "impact"]
                    place = f"{path.relative_to(ROOT)}: {function.name}"
                    yield place, (said or [DEFAULTS[call.func.id]])[0]


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def test_every_place_that_makes_a_change_is_known_with_what_that_costs() -> None:
    found: dict[str, list[str]] = {}
    for place, cost in made():
        found.setdefault(place, []).append(cost)
    print(f"{sum(map(len, found.values()))} kinds of changes in {len(found)} places")
    assert {place: ", ".join(costs) for place, costs in found.items() if place not in MAKERS} == COSTS


# -- what is decided ---------------------------------------------------------------------------------------------------


def costs(plan: Plan) -> set[tuple[str, str]]:
    return {(change.summary, change.impact) for change in plan.changes if change.action in ("run", "load_new")}


def of_network(host: NetMachine, *bridges: dict[str, object], **options: object) -> dict[str, str]:
    """What the changes of the network cost, by their words."""
    filled = [{"interfaces": [], "mtu": None, "address": None, "state": "present", **each} for each in bridges]
    params = {"bridges": filled, "vlans": [], "nat": None, **options}
    return dict(costs(planned(bridge, host, bridge.declare(params))))


def test_a_network_that_comes_costs_nobody_anything(tmp_path: Path) -> None:
    host = NetMachine(tmp_path)
    found = of_network(host, {"name": "bridge0", "interfaces": ["wm0"], "address": "10.9.0.1/24"})
    assert set(found.values()) == {LIVE}
    host = NetMachine(tmp_path, bridges={"bridge0": ["wm0"]})
    assert set(of_network(host, {"name": "bridge0", "interfaces": ["wm0", "wm1"]}).values()) == {LIVE}


@pytest.mark.parametrize(("members", "cost"), [(["wm0", "wm1", "xvif1i0"], GUEST_RESTART), (["wm0"], LIVE)])
def test_a_member_that_leaves_costs_those_whom_the_bridge_joins(tmp_path: Path, members: list[str], cost: str) -> None:
    host = NetMachine(tmp_path, bridges={"bridge0": members})
    found = of_network(host, {"name": "bridge0"})
    assert {words: impact for words, impact in found.items() if words.startswith("remove ")} == {
        f"remove {', '.join(each for each in members if each.startswith('wm'))}": cost
    }


@pytest.mark.parametrize(("members", "cost"), [(["wm0", "wm1"], GUEST_RESTART), (["wm0"], LIVE), ([], LIVE)])
def test_a_bridge_that_goes_costs_those_whom_it_joins(tmp_path: Path, members: list[str], cost: str) -> None:
    host = NetMachine(tmp_path, bridges={"bridge0": members})
    assert of_network(host, {"name": "bridge0", "state": "absent"})["destroy it"] == cost


def test_another_mtu_lets_a_card_begin_anew(tmp_path: Path) -> None:
    host = NetMachine(tmp_path, bridges={"bridge0": ["wm0"]})
    (cost,) = of_network(host, {"name": "bridge0", "interfaces": ["wm0"], "mtu": 1400}).values()
    assert cost == GUEST_RESTART
    host.down.add("wm0")
    (cost,) = of_network(host, {"name": "bridge0", "interfaces": ["wm0"], "mtu": 1400}).values()
    assert cost == LIVE


def test_an_address_in_the_place_of_another_costs_who_has_the_old_one(tmp_path: Path) -> None:
    host = NetMachine(tmp_path, bridges={"bridge0": ["wm0", "vether0"]}, addresses={"vether0": ["10.9.0.1/24"]})
    found = of_network(host, {"name": "bridge0", "interfaces": ["wm0"], "address": "10.9.0.2/24"})
    assert found == {"remove the address 10.9.0.1/24, give it the address 10.9.0.2/24": GUEST_RESTART}


def test_a_vlan_that_moves_costs_who_is_on_it(tmp_path: Path) -> None:
    host = NetMachine(tmp_path)
    host.mtus["vlan1"], host.vlans["vlan1"] = 1500, (7, "wm0")
    vlan = {"name": "vlan1", "id": 8, "parent": "wm0", "state": "present"}
    assert of_network(host, vlans=[vlan]) == {"make it number 8 on wm0": GUEST_RESTART}


def test_a_translation_that_goes_costs_who_goes_out_by_it(tmp_path: Path) -> None:
    addresses = {"wm1": ["203.0.113.5/24"]}
    host = NetMachine(tmp_path, bridges={"bridge0": ["wm0"]}, addresses=addresses)
    wanted = {"name": "bridge0", "interfaces": ["wm0"], "address": "10.9.0.1/24"}
    nat = [{"bridge": "bridge0", "interface": "wm1"}]
    assert of_network(host, wanted, nat=nat)["write /etc/npf.conf and load it"] == LIVE
    params = {"bridges": [{"mtu": None, "state": "present", **wanted}], "vlans": [], "nat": nat}
    declared = bridge.declare(params)
    for change in planned(bridge, host, declared).changes:
        bridge.apply(host, change)
    assert of_network(host, wanted, nat=[]) == {"change /etc/npf.conf and load it": GUEST_RESTART}
    # The old address is nobody's way any more.
    host.networks["wm1"] = ["203.0.113.9/24"]
    assert of_network(host, wanted, nat=nat) == {"change /etc/npf.conf and load it": LIVE}


@pytest.mark.parametrize(
    ("name", "state", "cost"),
    [("sshd", "stopped", GUEST_RESTART), ("sshd", "started", LIVE), ("xen-watchdog", "stopped", LIVE)],
)
def test_a_service_that_stops_costs_who_uses_it(tmp_path: Path, name: str, state: str, cost: str) -> None:
    running = ["xenwatchdogd", *(["sshd"] if state == "stopped" else [])]
    host = RcMachine(tmp_path, running)
    params = {"services": [{"name": name, "state": state}], "release": None, "assume_files": []}
    (change,) = planned(rc_service, host, rc_service.declare(params)).changes
    assert change.impact == cost


@pytest.mark.parametrize(("status", "cost"), [("on", GUEST_RESTART), ("off", LIVE)])
def test_a_terminal_that_is_switched_off_costs_who_is_logged_in(status: str, cost: str) -> None:
    lines = ("console", "off secure"), ("tty00", status)
    text = "".join(f'{name}\t"/usr/libexec/getty std.9600"\tvt100\t{rest}\n' for name, rest in lines)
    (change,) = ttys.plan({"text": text}, ("com0", 9600)).changes
    assert change.impact == cost


@pytest.mark.parametrize(
    ("kind", "options", "cost"),
    [
        ("reboot", {}, GUEST_RESTART),
        ("migrate", {"target": "xen2"}, LIVE),
        # It stands still meanwhile.
        ("dump_core", {"directory": "/var/crash"}, GUEST_RESTART),
    ],
)
def test_what_a_request_costs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, options: dict[str, str], cost: str
) -> None:
    no_waiting(monkeypatch, str(tmp_path / "lock"))
    host = machine()
    FakeXen(host)
    run(host, WEB)
    declared = request.declare({"names": ["web1"], "request": kind, "timeout": 10, **options})
    assert [change.impact for change in planned(request, host, declared).changes] == [cost]
    within = planned(request, host, declared, LIVE)
    assert bool(within.changes) is (cost == LIVE)
