# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection that Ansible came in on: what touches it, the way back, and the guarded step."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils import _guard
from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._resources.bridge import (
    connection,
    guarded,
)
from ansible_collections.netbsd.xen.plugins.module_utils._resources.bridge import (
    resource as bridge,
)
from ansible_collections.netbsd.xen.plugins.module_utils._resources.bridge import (
    seen as bridge_seen,
)
from ansible_collections.netbsd.xen.tests.unit.support.net_machine import Machine

ADDRESS = "10.0.2.15"
OFFICE = {"name": "bridge0", "interfaces": ["wm0"]}
VLAN10 = {"name": "vlan10", "id": 10, "parent": "wm0"}


@pytest.fixture(autouse=True)
def over_wm0(monkeypatch):
    monkeypatch.setenv("SSH_CONNECTION", f"10.0.2.2 51234 {ADDRESS} 22")


def machine(tmp_path, **options):
    options.setdefault("addresses", {"wm0": [ADDRESS + "/24"]})
    return Machine(tmp_path, **options)


def params(*bridges, vlans=(), **options):
    plain = {"interfaces": [], "mtu": None, "address": None, "state": "present"}
    base = {"nat": None, "guard_seconds": 60, "guard_token": "t1", "guard_confirm": False, "reached_at": None}
    return dict(
        dict(base, guard_measured=2.0),
        bridges=[dict(plain, **each) for each in bridges],
        vlans=[dict({"state": "present"}, **each) for each in vlans],
        **options,
    )


def planned(host, wanted):
    declared = bridge.declare(wanted)
    current = bridge.read(host, declared)
    return current, declared, bridge.plan(current, declared)


# -- what carries the connection


def carriers(host, **options):
    declared = bridge.declare(params(OFFICE, **options))
    return connection.carriers(bridge.read(host, declared), declared)


def test_the_interface_with_the_address_of_the_connection(tmp_path):
    assert carriers(machine(tmp_path, addresses={"wm0": ["10.0.2.15/24"], "wm1": ["10.0.9.1/24"]})) == {"wm0"}


def test_a_vlan_rests_on_its_parent(tmp_path):
    host = machine(tmp_path, addresses={"vlan10": ["10.0.2.15/24"]}, mtus=(("wm0", 1500), ("vlan10", 1500)))
    host.vlans["vlan10"] = (10, "wm0")
    assert carriers(host) == {"vlan10", "wm0"}


def test_a_bridges_own_address_rests_on_all_its_members(tmp_path):
    host = machine(tmp_path, bridges={"bridge0": ["wm0", "vether0"]}, addresses={"vether0": ["10.0.2.15/24"]})
    assert carriers(host) == {"vether0", "bridge0", "wm0"}


def test_without_the_variable_the_controllers_word_counts_and_else_all_may_be_it(tmp_path, monkeypatch):
    monkeypatch.delenv("SSH_CONNECTION")  # as after sudo
    host = machine(tmp_path, addresses={"wm0": ["10.0.2.15/24"], "wm1": ["10.0.9.1/24"], "lo0": ["127.0.0.1/8"]})
    assert carriers(host, reached_at="10.0.9.1") == {"wm1"}
    assert carriers(host, reached_at="192.0.2.1") == carriers(host) == {"wm0", "wm1"}


def test_an_address_of_ipv6_may_be_it_as_well(tmp_path, monkeypatch):
    monkeypatch.delenv("SSH_CONNECTION")
    current = bridge.read(machine(tmp_path, mtus=(("wm0", 1500), ("wm1", 1500), ("wm2", 1500))))
    current["interfaces"]["wm0"].update(addresses=["fe80::1", "2001:db8::1"], networks=[])
    current["interfaces"]["wm1"].update(addresses=["10.0.9.1"], networks=["10.0.9.1/24"])
    current["interfaces"]["wm2"].update(addresses=["fe80::2"])
    assert connection.carriers(current, bridge.declare(params(OFFICE))) == {"wm0", "wm1"}


# -- what touches it


@pytest.mark.parametrize(
    ("spec", "touches"),
    [
        (OFFICE, ["wm0"]),
        (dict(OFFICE, interfaces=["wm1"]), []),
        (dict(OFFICE, interfaces=["wm1"], mtu=1400), []),
        (dict(OFFICE, mtu=1400), ["wm0"]),
        (dict(OFFICE, interfaces=[]), []),
    ],
)
def test_a_change_that_touches_the_connection_is_warned_about(tmp_path, spec, touches):
    current, declared, plan = planned(machine(tmp_path), params(spec))
    assert connection.touched(current, declared, plan.changes) == touches
    warned = [words for words in plan.warnings if "reaches this machine over (wm0): bridge0:" in words]
    assert len(warned) == len(touches)


def test_taking_it_out_and_destroying_its_bridge_touch_it(tmp_path):
    host = machine(tmp_path, bridges={"bridge0": ["wm0"]})
    for spec in (dict(OFFICE, interfaces=[]), dict(OFFICE, state="absent")):
        current, declared, plan = planned(host, params(spec))
        assert "wm0" in connection.touched(current, declared, plan.changes)


@pytest.mark.parametrize("spec", [dict(OFFICE, interfaces=["wm0", "wm1"]), dict(OFFICE, address="10.0.3.1/24")])
def test_what_is_done_to_its_bridge_touches_it(tmp_path, spec):
    """A second card on the same wire makes a loop."""
    current, declared, plan = planned(machine(tmp_path, bridges={"bridge0": ["wm0"]}), params(spec))
    assert connection.touched(current, declared, plan.changes) == ["wm0"]


# -- the way back


CASES = {
    "a new bridge": ({}, params(OFFICE)),
    "a new bridge with another MTU": ({}, params(dict(OFFICE, interfaces=["wm0", "wm1"], mtu=9000))),
    "a member more": ({"bridges": {"bridge0": ["wm1"]}}, params(dict(OFFICE, interfaces=["wm1", "wm0"]))),
    "a member less": ({"bridges": {"bridge0": ["wm0", "wm1"]}}, params(dict(OFFICE, interfaces=["wm1"]))),
    "another MTU": ({"bridges": {"bridge0": ["wm0"]}}, params(dict(OFFICE, mtu=1400))),
    "another bridge": (
        {"bridges": {"bridge0": ["wm0", "wm1"]}},
        params({"name": "bridge1", "interfaces": ["wm0"]}, dict(OFFICE, interfaces=["wm1"])),
    ),
    "no bridge any more": ({"bridges": {"bridge0": ["wm0", "wm1"]}}, params(dict(OFFICE, state="absent"))),
    "a new VLAN": ({}, params(dict(OFFICE, interfaces=["vlan10"]), vlans=[VLAN10])),
    "another number": ({"vlan": 9}, params(dict(OFFICE, interfaces=["vlan10"]), vlans=[VLAN10])),
    "no VLAN any more": ({"vlan": 9}, params(dict(OFFICE, interfaces=[]), vlans=[dict(VLAN10, state="absent")])),
    "an address": ({}, params(dict(OFFICE, address="10.0.3.1/24"))),
    "another address": ({"own": "10.0.4.1/24"}, params(dict(OFFICE, address="10.0.3.1/24"))),
    "no address any more": ({"own": "10.0.4.1/24"}, params(OFFICE)),
    "no bridge with an address any more": ({"own": "10.0.4.1/24"}, params(dict(OFFICE, state="absent"))),
}
# What an admin may have made of them beside.
SETTINGS = [["description", "office net"], ["ip4csum-tx"], ["link1"]]
SIXES = ["2001:db8::2/64", "2001:db8::3/64"]


def before(tmp_path, vlan=0, own="", rich=False, **options):
    host = machine(tmp_path, **options)
    if vlan:
        host.mtus["vlan10"], host.vlans["vlan10"] = 1500, (vlan, "wm0")
        host.mtus["bridge0"], host.bridges["bridge0"] = 1500, ["vlan10"]
    if own:
        host.mtus.update(vether0=1500, bridge0=1500)
        host.networks["vether0"], host.bridges["bridge0"] = [own], ["wm0", "vether0"]
        made = "".join(f"!ifconfig vether0 {words}\n" for words in ("create", f"inet {own}", "up"))
        host.put("/etc/ifconfig.bridge0", f"create\n!brconfig $int add wm0 up\n{made}!brconfig $int add vether0 up\n")
    if rich:
        for name in ("vlan10", "vether0"):
            if name in host.mtus:
                host.settings[name] = list(SETTINGS)
                host.networks[name] = [*host.networks.get(name, ()), "10.7.0.2/24", "10.6.0.2/24", *SIXES]
        for bridge, members in host.bridges.items():
            host.settings[bridge] = list(SETTINGS[:1])
            host.bridge_settings[bridge] = [["priority", "100"], *(["stp", member] for member in members)]
    return host


def sorted_settings(state):
    """The order of settings says nothing; that of addresses does."""
    return (*state[:-2], *({name: sorted(words) for name, words in found.items()} for found in state[-2:]))


@pytest.mark.parametrize("netbsd", ["7.2", "10.1"])
@pytest.mark.parametrize("rich", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_the_way_back_leads_exactly_to_where_it_was(tmp_path, case, rich, netbsd):
    setup, wanted = CASES[case]
    host = before(tmp_path, rich=rich, netbsd=netbsd, **setup)
    was = host.state()
    current, _declared, plan = planned(host, wanted)
    if plan.refused:
        assert rich and "addresses" in str(plan.refused["vlan10"])
        return
    commands = connection.commands_of(plan.changes)
    for argv in commands:
        host.run(argv)
    assert host.state() != was
    bridge_seen.expected(commands)  # what each achieves can be seen
    for argv in connection.undo(current, commands):
        host.run(argv)
    assert sorted_settings(host.state()) == sorted_settings(was)


@pytest.mark.parametrize("rich", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_the_way_back_from_half_way_too(tmp_path, case, rich):
    setup, wanted = CASES[case]
    setup = dict(setup, rich=rich)
    count = len(connection.commands_of(planned(before(tmp_path, **setup), wanted)[2].changes))
    for done in range(count):
        host = before(tmp_path, **setup)
        was = host.state()
        current, _declared, plan = planned(host, wanted)
        commands = connection.commands_of(plan.changes)
        for argv in commands[:done]:
            host.run(argv)
        for argv in connection.undo(current, commands):
            try:
                host.run(argv)
            except CommandFailed:
                pass  # as the guard does: what was not done can't be taken back
        found = (sorted_settings(host.state()), sorted_settings(was))
        # A setting that is set again is still one.
        assert [_unique(each) for each in found[0]] == [_unique(each) for each in found[1]], commands[:done]


def _unique(found):
    if not isinstance(found, dict):
        return found
    return {name: value if isinstance(value, (int, tuple)) else _once(value) for name, value in found.items()}


def _once(values):
    return [value for number, value in enumerate(values) if value not in values[:number]]


# -- what must be seen


def seen(*lines):
    commands = [line.split() for line in lines]
    tools = {"ifconfig": "/sbin/ifconfig", "brconfig": "/sbin/brconfig"}
    found = bridge_seen.expected([tools[words[0]], *words[1:]] for words in commands)
    return {f"{fact.interface} {fact.kind} {fact.what}".strip(): value for fact, value in found.items()}


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["ifconfig wm0 mtu 9000", "ifconfig wm0 mtu 1500"], {"wm0 mtu": 1500}),
        (
            ["ifconfig vlan1 create", "ifconfig vlan1 mtu 9", "brconfig bridge0 add vlan1", "ifconfig vlan1 destroy"],
            {"vlan1 there": False},
        ),
        (["brconfig bridge0 add wm0", "ifconfig bridge0 destroy"], {"bridge0 there": False}),
        (
            ["ifconfig vlan1 create", "ifconfig vlan1 mtu 1400", "ifconfig vlan1 -vlanif", "ifconfig vlan1 up"],
            {"vlan1 there": True, "vlan1 vlan": None, "vlan1 up": True},
        ),
        (
            ["brconfig bridge0 delete vlan1", "ifconfig vlan1 -vlanif", "ifconfig vlan1 vlan 7 vlanif wm0"],
            {"vlan1 vlan": [7, "wm0"]},
        ),
        (
            [f"ifconfig tap9 inet {words}" for words in ("10.0.0.1 delete", "10.0.0.1/16", "10.0.1.1 delete")],
            {"tap9 address 10.0.0.1": "10.0.0.1/16", "tap9 address 10.0.1.1": ""},
        ),
        (
            ["ifconfig tap9 inet6 fe80::1%tap9 prefixlen 64", "ifconfig tap9 inet 10.0.0.1 netmask 0xff00ff00"],
            {"tap9 address fe80::1": "fe80::1/64", "tap9 address 10.0.0.1": "10.0.0.1/16"},
        ),
        (
            ["brconfig bridge0 stp wm0", "ifconfig tap9 -arp"],
            {"bridge0 setting stp wm0": True, "tap9 setting -arp": True},
        ),
    ],
)
def test_only_the_last_word_about_a_thing_counts(lines, wanted):
    assert seen(*lines) == wanted


def test_a_command_that_nobody_knows_the_effect_of_is_no_step():
    with pytest.raises(ValueError, match="nobody knows what must be seen after"):
        seen("ifconfig wm0 frobnicate")


# -- the guarded step


class Guard:
    """What the step asks of the guard; the change is made on the simulated machine."""

    def __init__(self, host, monkeypatch):
        self.host, self.calls, self.step = host, [], None
        for name in ("start", "confirm", "settle"):
            monkeypatch.setattr(_guard, name, getattr(self, name))

    def start(self, token, step):
        changed = [command for command in self.host.ran if not command.endswith(" -a") and "netstat -rn" not in command]
        assert not changed, "the guard comes first"
        self.calls.append(("start", token, step.seconds))
        self.step = step
        self.results = []
        for argv in step.do:
            result = self.host.try_run(argv)
            if result.rc:
                break
            self.results.append(result)

    def confirm(self, token):
        self.calls.append(("confirm", token))
        return [{"argv": ["/sbin/brconfig", "bridge0", "add", "wm0"], "rc": 0, "seconds": 0.1}]

    def settle(self):
        self.calls.append(("settle",))


@pytest.fixture
def host(tmp_path):
    return machine(tmp_path)


@pytest.fixture
def guard(host, monkeypatch):
    return Guard(host, monkeypatch)


def test_the_first_call_changes_what_is_live_and_no_file(host, guard):
    result = guarded.first(params(OFFICE), False, host)
    assert guard.calls == [("settle",), ("start", "t1", 60.0)]
    assert (result["changed"], result["guarded"], host.bridges) == (True, True, {"bridge0": ["wm0"]})
    assert [change["summary"] for change in result["changes"]] == ["create it, add wm0, bring it up"]
    assert not host.exists("/etc/ifconfig.bridge0")
    assert guard.step.tried == "bridge0: create it, add wm0, bring it up"


def test_the_second_call_confirms_and_leaves_the_rest_to_the_module(host, guard):
    guarded.first(params(OFFICE), False, host)
    assert guarded.first(params(OFFICE, guard_confirm=True), False, host) is None
    assert guard.calls[-1] == ("confirm", "t1")
    rest = planned(host, params(OFFICE))[2].changes
    assert [change.action for change in rest] == ["write_file"]


def test_a_step_that_needs_a_guard_is_told_before_anything_is_touched(host, guard):
    """So that the caller can say how long a call takes."""
    result = guarded.first(dict(params(OFFICE), guard_measured=None), False, host)
    assert (result["changed"], result["guard"], result["changes"]) == (False, "needed", [])
    assert guard.calls == [("settle",)] and all(command.endswith(" -a") for command in host.ran)


@pytest.mark.parametrize(
    ("asked", "measured", "seconds"),
    [(20, None, 20), (60, 2.0, 60), (20, 6.5, 39), (60, 25.0, 150), (60, 300.0, 600), (600, 300.0, 600)],
)
def test_the_guard_waits_longer_over_a_slow_connection(host, guard, asked, measured, seconds):
    assert guarded.limit(asked, measured) == seconds
    if measured is not None:
        result = guarded.first(dict(params(OFFICE), guard_seconds=asked, guard_measured=measured), False, host)
        assert guard.step.seconds == result["guard_seconds"] == seconds


def test_what_is_refused_beside_it_is_no_part_of_the_step(host, guard):
    wanted = params(OFFICE, {"name": "bridge1", "interfaces": ["em0"]})
    assert guarded.first(wanted, False, host)["guarded"]
    assert guard.step.tried == "bridge0: create it, add wm0, bring it up"
    assert guarded.first(dict(wanted, guard_confirm=True), False, host) is None


def test_the_guard_is_told_what_must_be_seen_and_how_it_was(host, guard):
    host.limit = 1500
    guarded.first(params(dict(OFFICE, mtu=9216)), False, host)
    step, results = guard.step, guard.results
    (words,) = [words for words in step.achieved(host, results) if "MTU" in words]
    assert words.startswith("wm0: its MTU was to be 9216, but it is 1500. ifconfig said: SIOCSIFMTU: Invalid argument")
    assert step.left(host) == ["bridge0 was not there and is now"]
    for argv in step.undo:
        host.try_run(argv)
    assert step.left(host) == [] and host.bridges == {} and host.mtus["wm0"] == 1500


def test_the_way_back_gives_routes_back_too(tmp_path, guard, monkeypatch):
    host = guard.host = before(tmp_path, vlan=9)
    host.networks["vlan10"] = ["10.7.0.2/24"]
    host.routes = {"default": ("10.7.0.1", "vlan10"), "10.9.0.0/16": ("10.7.0.3", "vlan10")}
    was = host.state()
    monkeypatch.delenv("SSH_CONNECTION")
    assert guarded.first(params(dict(OFFICE, interfaces=["vlan10"]), vlans=[VLAN10]), False, host)["guarded"]
    assert guard.step.achieved(host, guard.results) == []
    assert host.routes == was[4] and host.networks["vlan10"] == ["10.7.0.2/24"]
    for argv in guard.step.undo:
        host.try_run(argv)
    assert host.state() == was and guard.step.left(host) == []


def test_what_does_not_touch_the_connection_needs_no_guard(host, guard):
    assert guarded.first(params(dict(OFFICE, interfaces=["wm1"])), False, host) is None
    assert guard.calls == [("settle",)] and host.bridges == {}


def test_check_mode_starts_nothing(host, guard):
    assert guarded.first(params(OFFICE), True, host) is None
    assert (guard.calls, host.ran) == ([], [])


def test_a_confirmed_step_that_did_not_last_is_not_repeated_without_a_guard(host, guard):
    with pytest.raises(XenError, match="on reading back this is still to be done: bridge0"):
        guarded.first(params(OFFICE, guard_confirm=True), False, host)
    assert host.bridges == {}


@pytest.mark.parametrize("seconds", [9, 601])
def test_a_guard_that_makes_no_sense(seconds):
    with pytest.raises(XenError, match="10 to 600 seconds"):
        bridge.declare(params(OFFICE, guard_seconds=seconds))
