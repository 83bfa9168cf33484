# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bridges: now and at boot, and never at the cost of a guest."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._resources.bridge import resource as bridge
from ansible_collections.netbsd.xen.tests.unit.support.net_machine import Machine

FILE = "create\n!brconfig $int add wm0 up\n"


def params(*bridges):
    return {"bridges": [dict({"interfaces": [], "mtu": None, "state": "present"}, **spec) for spec in bridges]}


def run(host, *bridges, check=False):
    outcome = converge(bridge, params(*bridges), host, check)
    assert {thing: str(error) for thing, error in outcome.failures.items()} == {}
    if not check:
        assert converge(bridge, params(*bridges), host, check=True).done == []
    return outcome


def refusal(host, *bridges):
    """Of one thing, or before anything was read."""
    try:
        outcome = converge(bridge, params(*bridges), host, check=False)
    except Refused as error:
        return str(error)
    finally:
        assert all(command.endswith(" -a") for command in host.ran)
    assert len(outcome.failures) == 1
    error = next(iter(outcome.failures.values()))
    assert isinstance(error, Refused) and outcome.done == []
    return str(error)


OFFICE = {"name": "bridge0", "interfaces": ["wm0"]}


def test_from_nothing(tmp_path):
    host = Machine(tmp_path)
    outcome = run(host, OFFICE)
    assert [change.summary for change in outcome.done] == [
        "create it, add wm0, bring it up",
        "write /etc/ifconfig.bridge0, which makes the bridge at boot",
    ]
    assert host.text("/etc/ifconfig.bridge0") == FILE
    assert host.bridges == {"bridge0": ["wm0"]} and host.down == set()


def test_in_sync_costs_two_commands(tmp_path):
    host = Machine(tmp_path, bridges={"bridge0": ["xvif3i0", "wm0"]})
    host.put("/etc/ifconfig.bridge0", "create\nup\n!brconfig bridge0 add wm0\n")
    assert run(host, OFFICE, check=True).done == []
    assert host.ran == ["/sbin/ifconfig -a", "/sbin/brconfig -a"]


def test_check_mode_touches_nothing(tmp_path):
    host = Machine(tmp_path)
    assert len(run(host, OFFICE, check=True).done) == 2
    assert host.bridges == {} and not host.exists("/etc/ifconfig.bridge0")


def test_a_member_taken_out_by_another_hand_comes_back(tmp_path):
    host = Machine(tmp_path, bridges={"bridge0": ["xvif3i0"]})
    host.put("/etc/ifconfig.bridge0", FILE)
    (change,) = run(host, OFFICE).done
    assert (change.before["members"], change.after["members"]) == (["xvif3i0"], ["wm0", "xvif3i0"])


def test_an_undeclared_member_goes_but_no_guest(tmp_path):
    host = Machine(tmp_path, bridges={"bridge0": ["xvif3i0", "wm0", "tap0", "wm1"]})
    host.put("/etc/ifconfig.bridge0", FILE + "!brconfig $int add wm1 up\n")
    assert [change.summary for change in run(host, OFFICE).done][0] == "remove wm1"
    assert host.bridges["bridge0"] == ["xvif3i0", "wm0", "tap0"]
    assert host.text("/etc/ifconfig.bridge0") == FILE + "!brconfig $int up\n"


def test_a_bridge_that_is_down_comes_up(tmp_path):
    host = Machine(tmp_path, bridges={"bridge0": ["wm0"]})
    host.put("/etc/ifconfig.bridge0", FILE)
    host.down.add("bridge0")
    (change,) = run(host, OFFICE).done
    assert change.summary == "bring it up"


def test_an_interface_moves_from_one_declared_bridge_to_another(tmp_path):
    host = Machine(tmp_path, bridges={"bridge0": ["wm0", "wm1"]})
    run(host, {"name": "bridge1", "interfaces": ["wm1"]}, OFFICE)
    assert host.bridges == {"bridge0": ["wm0"], "bridge1": ["wm1"]}


def test_absent(tmp_path):
    host = Machine(tmp_path, bridges={"bridge0": ["wm0"]})
    host.put("/etc/ifconfig.bridge0", FILE)
    run(host, dict(OFFICE, state="absent"))
    assert host.bridges == {} and not host.exists("/etc/ifconfig.bridge0")


def test_an_interface_moves_from_an_absent_bridge(tmp_path):
    host = Machine(tmp_path, bridges={"bridge0": ["wm0"]})
    run(host, {"name": "bridge1", "interfaces": ["wm0"]}, dict(OFFICE, state="absent"))
    assert host.bridges == {"bridge1": ["wm0"]}


# -- files and interfaces that somebody else has made

VETHER = (
    "create\n!ifconfig vether0 create\n!ifconfig vether0 inet 192.168.2.1/24 up\n"
    "!brconfig $int add wm0 add vether0 up\n"
)


@pytest.fixture
def with_vether(tmp_path):
    host = Machine(tmp_path, bridges={"bridge0": ["wm0", "vether0"]}, addresses={"vether0": ["192.168.2.1/24"]})
    host.put("/etc/ifconfig.bridge0", VETHER)
    return host


def test_an_interface_with_an_address_that_is_declared_as_a_member_is_left_alone(with_vether):
    assert run(with_vether, dict(OFFICE, interfaces=["wm0", "vether0"])).done == []
    assert with_vether.text("/etc/ifconfig.bridge0") == VETHER


def test_an_address_that_was_not_given_here_is_not_taken_away(with_vether):
    assert "vether0 has the address 192.168.2.1" in refusal(with_vether, OFFICE)
    assert with_vether.text("/etc/ifconfig.bridge0") == VETHER
    assert with_vether.networks == {"vether0": ["192.168.2.1/24"]}


def test_options_of_a_member_that_left_do_not_keep_the_bridge_down(tmp_path):
    host = Machine(tmp_path, bridges={"bridge0": ["wm0"]})
    host.put("/etc/ifconfig.bridge0", "create\n!brconfig $int add wm0 stp wm0 add wm1 stp wm1 up\n")
    run(host, OFFICE)
    assert host.text("/etc/ifconfig.bridge0") == "create\n!brconfig $int add wm0 stp wm0 up\n"


# -- MTU


def test_a_declared_mtu_is_set_on_all_now_and_at_boot(tmp_path):
    host = Machine(tmp_path)
    outcome = run(host, {"name": "bridge0", "interfaces": ["wm0", "wm1"], "mtu": 9000})
    assert (host.mtus["bridge0"], host.mtus["wm0"], host.mtus["wm1"]) == (9000, 9000, 9000)
    assert "!ifconfig wm1 mtu 9000\n" in host.text("/etc/ifconfig.bridge0")
    assert "can't join a bridge of another MTU" in outcome.plan.warnings[0]


@pytest.mark.parametrize("there", [False, True])
def test_an_mtu_that_a_card_does_not_take_leaves_all_as_it_was_on_every_run(tmp_path, there):
    """ifconfig only warns, with status 0 (record wm0-mtu-20000, NetBSD 7.99.10)."""
    host = Machine(tmp_path, bridges={"bridge0": ["wm0"]} if there else {})
    was = host.state()
    for _run in range(2):
        outcome = converge(bridge, params(dict(OFFICE, mtu=9216)), host, check=False)
        (thing,), (error,) = outcome.failures, outcome.failures.values()
        assert (thing, outcome.done, host.state()) == ("bridge0", [], was)
        assert "wm0: its MTU was to be 9216, but it is 1500." in str(error)
        assert "ifconfig said: SIOCSIFMTU: Invalid argument. " in str(error) and "declare a smaller mtu" in str(error)
        assert "All of this was taken back: bridge0: " in str(error)
        assert not host.exists("/etc/ifconfig.bridge0")
    assert run(host, dict(OFFICE, mtu=9000)).done and host.mtus["wm0"] == host.mtus["bridge0"] == 9000


def test_the_bridges_that_need_a_failed_one_wait_and_the_others_go_on(tmp_path):
    host = Machine(tmp_path, mtus=(("wm0", 1500), ("wm1", 1500), ("wm2", 1500)), bridges={"bridge0": ["wm0", "wm1"]})
    lines = host.answers["/sbin/brconfig"]
    host.answers["/sbin/brconfig"] = lambda argv: "" if "delete" in argv else lines(argv)  # ends with 0, does nothing
    wanted = params(OFFICE, {"name": "bridge1", "interfaces": ["wm1"]}, {"name": "bridge2", "interfaces": ["wm2"]})
    outcome = converge(bridge, wanted, host, check=False)
    assert "bridge0: wm1 was to leave it, but it is there" in str(outcome.failures["bridge0"])
    assert "it depends on bridge0" in str(outcome.failures["bridge1"])
    assert sorted(outcome.failures) == ["bridge0", "bridge1"]
    assert host.bridges == {"bridge0": ["wm0", "wm1"], "bridge2": ["wm2"]}
    assert host.exists("/etc/ifconfig.bridge2") and not host.exists("/etc/ifconfig.bridge0")


def test_what_is_refused_of_one_bridge_stops_that_one_only(tmp_path):
    host = Machine(tmp_path)
    for check in (True, False):
        outcome = converge(bridge, params({"name": "bridge0", "interfaces": ["em0"]}, {"name": "bridge1"}), host, check)
        assert list(outcome.failures) == ["bridge0"] and {change.thing for change in outcome.done} == {"bridge1"}
    assert host.bridges == {"bridge1": []}


@pytest.mark.parametrize("command", ["create", "up"])
def test_whatever_is_not_achieved_is_said_and_taken_back(tmp_path, command):
    host = Machine(tmp_path)
    answers = dict(host.answers)
    for tool in ("/sbin/ifconfig", "/sbin/brconfig"):
        host.answers[tool] = lambda argv, real=answers[tool]: "" if argv[2:] == [command] else real(argv)
    outcome = converge(bridge, params(OFFICE), host, check=False)
    words = "bridge0 was to be " + {"create": "made, but it is not there", "up": "up, but it is down"}[command]
    assert words in str(outcome.failures["bridge0"]) and host.bridges == {}


def test_what_can_not_be_taken_back_is_said(tmp_path):
    host = Machine(tmp_path, bridges={"bridge0": ["wm0"]})
    real = host.answers["/sbin/ifconfig"]

    def no_way_back(argv):
        return (0, "", "ifconfig: SIOCSIFMTU: Invalid argument\n") if argv[1:] == ["wm0", "mtu", "1500"] else real(argv)

    host.answers["/sbin/ifconfig"] = no_way_back
    host.answers["/sbin/ifconfig bridge0 mtu 9000"] = (1, "", "ifconfig: SIOCSIFMTU: Invalid argument\n")
    outcome = converge(bridge, params(dict(OFFICE, mtu=9000)), host, check=False)
    assert "But this is not as it was: wm0: MTU was 1500 and is 9000." in str(outcome.failures["bridge0"])


def test_the_members_own_mtu_is_taken_over(tmp_path):
    host = Machine(tmp_path, mtus=(("wm0", 9000),))
    run(host, OFFICE)
    assert host.mtus["bridge0"] == 9000
    assert host.text("/etc/ifconfig.bridge0") == "create\nmtu 9000\n!brconfig $int add wm0 up\n"


def test_unequal_mtus_are_refused(tmp_path):
    host = Machine(tmp_path, mtus=(("wm0", 1500), ("wm1", 1400)))
    words = refusal(host, {"name": "bridge0", "interfaces": ["wm0", "wm1"]})
    assert "wm0 has 1500, wm1 has 1400" in words


# -- refusals


def test_an_interface_that_does_not_exist(tmp_path):
    host = Machine(tmp_path, bridges={"bridge7": []})
    assert "no interface em0 on this machine; there are: wm0, wm1." in refusal(
        host, {"name": "bridge0", "interfaces": ["em0"]}
    )


def test_a_member_of_an_undeclared_bridge(tmp_path):
    host = Machine(tmp_path, bridges={"bridge7": ["wm0"]})
    assert "wm0 is a member of bridge7" in refusal(host, OFFICE)


def test_a_bridge_with_guests_does_not_go(tmp_path):
    host = Machine(tmp_path, bridges={"bridge0": ["wm0", "xvif3i0", "tap1"]})
    assert "xvif3i0, tap1" in refusal(host, dict(OFFICE, state="absent"))


@pytest.mark.parametrize(
    ("specs", "words"),
    [
        ([{"name": "xenbr0"}], "bridge0, bridge1"),
        ([{"name": "bridge"}], "bridge0, bridge1"),
        ([{"name": "../bridge0"}], "bridge0, bridge1"),
        ([{"name": "bridge0", "interfaces": ["wm0; reboot"]}], "can't be the name"),
        ([{"name": "bridge0", "interfaces": ["bridge1"]}], "can't be the name"),
        ([{"name": "bridge0", "interfaces": ["xvif1i0"]}], "guest's interface"),
        ([{"name": "bridge0", "interfaces": ["tap0"]}], "guest's interface"),
        ([{"name": "bridge0", "interfaces": ["wm0", "wm0"]}], "one bridge, once"),
        ([OFFICE, {"name": "bridge1", "interfaces": ["wm0"]}], "declared in bridge0 and in bridge1"),
        ([OFFICE, OFFICE], "declared 2 times"),
        ([dict(OFFICE, mtu=100)], "576 to 9216"),
    ],
)
def test_what_makes_no_sense(tmp_path, specs, words):
    assert words in refusal(Machine(tmp_path), *specs)


def test_a_file_beyond_understanding(tmp_path):
    host = Machine(tmp_path)
    host.put("/etc/ifconfig.bridge0", "create\n!for i in wm0; do brconfig $int add $i up; done\n")
    assert "line 2 of /etc/ifconfig.bridge0" in refusal(host, OFFICE)


# -- warnings


@pytest.mark.parametrize(
    ("rc_conf", "words"),
    [
        ('auto_ifconfig=NO\nnet_interfaces="wm0"\n', "will not be there after a reboot"),  # record net-interfaces-set
        ('auto_ifconfig=NO\nnet_interfaces="wm0 bridge0"\n', None),
        ("true && auto_ifconfig=NO\n", "only sh can tell: line 1 of /etc/rc.conf sets it within a condition"),
    ],
)
def test_rc_conf_that_gets_in_the_way(tmp_path, rc_conf, words):
    host = Machine(tmp_path)
    host.put("/etc/rc.conf", rc_conf)
    warnings = run(host, OFFICE).plan.warnings
    assert (words is None and warnings == []) or words in warnings[0]


def test_a_variable_of_rc_conf_that_is_read_instead_of_the_file(tmp_path):
    """etc/rc.d/network looks at the variable first. What would be written into the file had no effect."""
    host = Machine(tmp_path)
    host.put("/etc/rc.conf", 'ifconfig_bridge0="!brconfig \\$int add wm1 up"\n')
    words = "line 1 of /etc/rc.conf sets ifconfig_bridge0, so that /etc/ifconfig.bridge0, which would make it at boot"
    assert words in refusal(host, OFFICE)
    host.put("/etc/ifconfig.bridge0", "create\n!brconfig $int add wm0 up\n")
    words = "which is read at boot instead of /etc/ifconfig.bridge0, and does not make it as declared"
    assert words in refusal(host, OFFICE)
    host.put("/etc/rc.conf", 'ifconfig_bridge0="!brconfig \\$int add wm0; up"\n')
    host.put("/etc/ifconfig.bridge0", "create\n")
    assert "write_file" not in [change.action for change in run(host, OFFICE).done]
    assert host.text("/etc/ifconfig.bridge0") == "create\n"
    host.put("/etc/rc.conf", "ifconfig_bridge0=\n")  # an empty one is none
    assert "write_file" in [change.action for change in run(host, OFFICE).done]


def test_a_last_line_without_its_end_is_not_read_at_boot(tmp_path):
    host = Machine(tmp_path)
    run(host, OFFICE)
    host.put("/etc/ifconfig.bridge0", "create\n!brconfig $int add wm0 up")
    assert [change.action for change in run(host, OFFICE).done] == ["write_file"]
    assert host.text("/etc/ifconfig.bridge0") == "create\n!brconfig $int add wm0 up\n"


def test_an_interface_that_is_down(tmp_path):
    host = Machine(tmp_path)
    host.down.add("wm0")
    assert "wm0 is down" in run(host, OFFICE).plan.warnings[0]


def test_a_bridge_with_addresses_keeps_them(tmp_path):
    host = Machine(tmp_path, bridges={"bridge0": []})
    host.put("/etc/ifconfig.bridge0", "create\ninet 10.9.0.1/24\n")
    run(host, OFFICE)
    assert "inet 10.9.0.1/24\n" in host.text("/etc/ifconfig.bridge0")
    current = bridge.read(host)
    current["interfaces"]["bridge0"]["addresses"] = ["10.9.0.1"]
    plan = bridge.plan(current, bridge.declare(params(dict(OFFICE, state="absent"))))
    assert plan.changes == [] and "it has addresses (10.9.0.1)" in str(plan.refused["bridge0"])


@pytest.mark.parametrize("silent", ["/sbin/ifconfig", "/sbin/brconfig"])
def test_a_tool_that_prints_nothing_is_not_believed(tmp_path, silent):
    host = Machine(tmp_path, bridges={"bridge0": ["wm0"]})
    host.answers[silent] = ""
    with pytest.raises(XenError, match=f"{silent} -a .*bridge|{silent} -a printed"):
        run(host, dict(OFFICE, state="absent"))


def test_a_machine_without_bridges_has_none(tmp_path):
    host = Machine(tmp_path)
    assert run(host, dict(OFFICE, state="absent")).done == []
