# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""VLANs and addresses of bridges: now and at boot."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._formats.net import ifconfig
from ansible_collections.netbsd.xen.plugins.module_utils._resources.bridge import resource as bridge
from ansible_collections.netbsd.xen.tests.unit.support.net_machine import Machine

VLAN10 = {"name": "vlan10", "id": 10, "parent": "wm0"}
ON_VLAN = {"name": "bridge0", "interfaces": ["vlan10"]}
PRIVATE = {"name": "bridge3", "address": "10.0.3.1/24"}


def params(bridges=(), vlans=()):
    plain = {"interfaces": [], "mtu": None, "address": None, "state": "present"}
    return {
        "bridges": [dict(plain, **each) for each in bridges],
        "vlans": [dict({"state": "present"}, **each) for each in vlans],
        "nat": None,
    }


def run(host, bridges=(), vlans=(), check=False):
    wanted = params(bridges, vlans)
    outcome = converge(bridge, wanted, host, check)
    assert {thing: str(error) for thing, error in outcome.failures.items()} == {}
    if not check:
        assert converge(bridge, wanted, host, check=True).done == []
    return outcome


def refusal(host, bridges=(), vlans=()):
    """Of everything that was asked for: nothing was done."""
    try:
        outcome = converge(bridge, params(bridges, vlans), host, check=False)
    except Refused as error:
        return str(error)
    finally:
        assert all(command.endswith(" -a") for command in host.ran)
    assert outcome.done == [] and all(isinstance(error, Refused) for error in outcome.failures.values())
    return "; ".join(map(str, outcome.failures.values()))


# -- VLANs


def test_a_vlan_and_its_bridge_from_nothing(tmp_path):
    host = Machine(tmp_path)
    run(host, [ON_VLAN], [VLAN10])
    assert (host.vlans, host.bridges, host.down) == ({"vlan10": (10, "wm0")}, {"bridge0": ["vlan10"]}, set())
    assert host.text("/etc/ifconfig.bridge0") == (
        "create\n!ifconfig vlan10 create\n!ifconfig vlan10 vlan 10 vlanif wm0\n!ifconfig vlan10 up\n"
        "!brconfig $int add vlan10 up\n"
    )
    assert not host.exists("/etc/ifconfig.vlan10")


def test_a_vlan_in_no_bridge_has_a_file_of_its_own(tmp_path):
    host = Machine(tmp_path)
    run(host, [], [VLAN10])
    assert host.text("/etc/ifconfig.vlan10") == "create\nvlan 10 vlanif wm0\nup\n"
    assert host.mtus["vlan10"] == 1500 and "vlan10" not in host.down


def test_the_admins_lines_of_a_vlan_stay(tmp_path):
    host = Machine(tmp_path)
    host.put("/etc/ifconfig.vlan10", "# backup\ncreate\nvlan 9 vlanif wm1 up\ninet 10.9.0.2/24\n")
    run(host, [], [VLAN10])
    assert host.text("/etc/ifconfig.vlan10") == "# backup\ncreate\nvlan 10 vlanif wm0 up\ninet 10.9.0.2/24\n"


def test_another_number_of_a_live_vlan_is_planned_in_words(tmp_path):
    host = Machine(tmp_path)
    run(host, [ON_VLAN], [VLAN10])
    host.commands.clear()
    outcome = run(host, [ON_VLAN], [dict(VLAN10, id=20, parent="wm1")])
    assert outcome.done[0].summary == "make it number 20 on wm1"
    assert "guests on its bridge included, loses that network and gets number 20 on wm1" in outcome.plan.warnings[0]
    assert (host.vlans, host.bridges) == ({"vlan10": (20, "wm1")}, {"bridge0": ["vlan10"]})
    assert host.text("/etc/ifconfig.bridge0").count("vlanif") == 1
    assert [command for command in host.ran if "vlan10" in command][:2] == [
        "/sbin/brconfig bridge0 delete vlan10",
        "/sbin/ifconfig vlan10 -vlanif",
    ]


def test_a_vlan_takes_its_parents_mtu(tmp_path):
    host = Machine(tmp_path, mtus=(("wm0", 9000),))
    run(host, [ON_VLAN], [VLAN10])
    assert (host.mtus["vlan10"], host.mtus["bridge0"]) == (9000, 9000)


def test_a_declared_mtu_is_set_on_the_vlan_too(tmp_path):
    host = Machine(tmp_path, mtus=(("wm0", 9000),))
    run(host, [dict(ON_VLAN, mtu=1400)], [VLAN10])
    assert (host.mtus["vlan10"], host.mtus["bridge0"]) == (1400, 1400)
    assert "!ifconfig vlan10 mtu 1400 up\n" in host.text("/etc/ifconfig.bridge0")


def test_an_mtu_above_the_parents_is_refused(tmp_path):
    host = Machine(tmp_path)
    outcome = converge(bridge, params([dict(ON_VLAN, mtu=9000)], [VLAN10]), host, check=False)
    assert "vlan10 is a VLAN on wm0, which has 1500" in str(outcome.failures["bridge0"])
    assert [change.thing for change in outcome.done] == ["vlan10"] and host.bridges == {}


def test_a_vlan_goes(tmp_path):
    host = Machine(tmp_path)
    run(host, [ON_VLAN], [VLAN10])
    run(host, [dict(ON_VLAN, interfaces=[])], [dict(VLAN10, state="absent")])
    assert (host.vlans, host.bridges["bridge0"]) == ({}, [])
    assert "vlan10" not in host.mtus


def test_a_vlan_in_use_stays(tmp_path):
    host = Machine(tmp_path, addresses={"vlan10": ["10.9.0.2/24"]}, mtus=(("wm0", 1500), ("vlan10", 1500)))
    assert "it has addresses (10.9.0.2)" in refusal(host, [], [dict(VLAN10, state="absent")])
    host = Machine(tmp_path, bridges={"bridge7": ["vlan10"]})
    assert "it is a member of bridge7" in refusal(host, [], [dict(VLAN10, state="absent")])


def test_one_that_may_not_go_stops_that_one_only(tmp_path):
    host = Machine(tmp_path, bridges={"bridge7": ["vlan11"]})
    run(host, [ON_VLAN], [VLAN10])
    eleven = {"name": "vlan11", "id": 11, "parent": "wm0", "state": "absent"}
    outcome = converge(bridge, params([{"name": "bridge0"}], [dict(VLAN10, state="absent"), eleven]), host, check=False)
    assert list(outcome.failures) == ["vlan11"] and "it is a member of bridge7" in str(outcome.failures["vlan11"])
    assert "vlan10" not in host.mtus and host.bridges == {"bridge0": [], "bridge7": ["vlan11"]}


def test_what_depends_on_a_refused_vlan_is_refused_with_it(tmp_path):
    host = Machine(tmp_path)
    wanted = params([ON_VLAN, {"name": "bridge1", "interfaces": ["wm1"]}], [dict(VLAN10, parent="em0")])
    plan = bridge.plan(bridge.read(host), bridge.declare(wanted))
    assert {change.thing for change in plan.changes} == {"bridge1"}
    assert "there is no interface em0" in str(plan.refused["vlan10"])
    assert str(plan.refused["bridge0"]) == "bridge0 was left as it is: it depends on vlan10, which was refused."


@pytest.mark.parametrize(
    ("addresses", "stays"),
    [
        (["fe80::1/64"], False),
        (["169.254.7.7/16"], True),
        (["2001:db8::7/64"], True),
        (["fd00::7/64"], True),
        (["10.9.0.2/24"], True),
    ],
)
def test_an_address_of_the_link_is_no_use_of_a_vlan(tmp_path, addresses, stays):
    """Every interface that is up has one (record vlan-show, NetBSD 7.99.10)."""
    host = Machine(tmp_path)
    run(host, [], [VLAN10])
    assert ifconfig.parse_interfaces(host.run(["/sbin/ifconfig", "-a"]).stdout)["vlan10"].addresses
    host.networks["vlan10"] = addresses
    outcome = converge(bridge, params([], [dict(VLAN10, state="absent")]), host, check=False)
    assert ("vlan10" in host.mtus) == stays == bool(outcome.failures)
    assert not stays or f"it has addresses ({addresses[0].split('/')[0]})" in str(outcome.failures["vlan10"])


@pytest.mark.parametrize("netbsd", ["7.2", "10.1"])
def test_a_vlan_that_moves_keeps_what_it_has(tmp_path, netbsd):
    host = Machine(tmp_path, netbsd=netbsd)
    run(host, [ON_VLAN], [dict(VLAN10, id=9)])
    host.networks["vlan10"] = ["10.9.0.2/24", "10.8.0.2/24", "2001:db8::2/64", "2001:db8::3/64"]
    host.settings["vlan10"] = [["ip4csum-tx"], ["description", "office net"]]
    host.bridge_settings["bridge0"] = [["stp", "vlan10"]]
    host.routes = {"default": ("10.9.0.1", "vlan10"), "10.5.0.0/16": ("10.8.0.1", "vlan10")}
    was = host.state()
    run(host, [ON_VLAN], [VLAN10])
    assert host.vlans == {"vlan10": (10, "wm0")}
    host.vlans = {"vlan10": (9, "wm0")}
    assert host.state() == was


def test_an_autoconfigured_address_is_left_to_come_back(tmp_path):
    host = Machine(tmp_path)
    run(host, [ON_VLAN], [dict(VLAN10, id=9)])
    host.networks["vlan10"] = ["2001:db8::2/64", "2001:db8::3/64"]
    host.flags["2001:db8::2/64"] = "AUTOCONF"
    run(host, [ON_VLAN], [VLAN10])
    assert host.networks["vlan10"] == ["2001:db8::3/64"]


def test_an_interface_that_a_route_goes_through_stays(tmp_path):
    host = Machine(tmp_path)
    run(host, [PRIVATE])
    host.routes = {"default": ("10.0.3.254", "vether3")}
    was = host.state()
    for check in (True, False):
        outcome = converge(bridge, params([{"name": "bridge3"}, {"name": "bridge4"}]), host, check)
        assert list(outcome.failures) == ["bridge3"] and {change.thing for change in outcome.done} == {"bridge4"}
        assert "vether3: the route to default goes through it, by 10.0.3.254" in str(outcome.failures["bridge3"])
    host.run(["/sbin/ifconfig", "bridge4", "destroy"])
    assert host.state() == was
    host.routes = {}
    run(host, [{"name": "bridge3"}])
    assert "vether3" not in host.mtus


def test_what_was_read_without_the_routes_can_not_plan_to_lose_any(tmp_path):
    host = Machine(tmp_path)
    run(host, [PRIVATE])
    current = bridge.read(host)
    with pytest.raises(NotRead, match="routes"):
        bridge.plan(current, bridge.declare(params([{"name": "bridge3"}])))
    assert bridge.plan(current, bridge.declare(params([PRIVATE]))).changes == []


def test_an_address_that_a_gateway_is_reached_by_does_not_go_unnoticed(tmp_path):
    """The address of a bridge moves to another network, and a route's gateway is in the old one."""
    host = Machine(tmp_path)
    run(host, [PRIVATE])
    host.routes = {"10.5.0.0/16": ("10.0.3.254", "vether3")}
    was = host.state()
    outcome = converge(bridge, params([dict(PRIVATE, address="10.0.4.1/24")]), host, check=False)
    assert "Network is unreachable" in str(outcome.failures["bridge3"]) and host.state() == was
    run(host, [dict(PRIVATE, address="10.0.3.7/24")])
    assert host.routes == {"10.5.0.0/16": ("10.0.3.254", "vether3")}


def test_a_vlan_that_nobody_declared_may_come_too_late_at_boot(tmp_path):
    host = Machine(tmp_path, mtus=(("wm0", 1500), ("vlan10", 1500)))
    host.vlans["vlan10"] = (10, "wm0")
    assert "not declared in vlans" in run(host, [ON_VLAN]).plan.warnings[0]


def test_a_vlan_whose_parent_is_down_carries_nothing(tmp_path):
    host = Machine(tmp_path)
    host.down.add("wm0")
    assert run(host, [], [VLAN10]).plan.warnings == [
        "VLAN vlan10: its parent wm0 is down, so nothing gets through; write up into /etc/ifconfig.wm0."
    ]
    host.down.clear()
    assert run(host, [], [VLAN10]).plan.warnings == []


@pytest.mark.parametrize(
    ("vlans", "words"),
    [
        ([dict(VLAN10, id=0)], "1 to 4094"),
        ([dict(VLAN10, id=4095)], "1 to 4094"),
        ([dict(VLAN10, name="wm0.10")], "vlan0, vlan1"),
        ([dict(VLAN10, parent="bridge0")], "network cards"),
        ([dict(VLAN10, parent="wm0 up")], "network cards"),
        ([dict(VLAN10, parent="em0")], "no interface em0"),
        ([VLAN10, VLAN10], "declared 2 times"),
        ([VLAN10, dict(VLAN10, name="vlan11")], "both number 10 on wm0"),
    ],
)
def test_vlans_that_make_no_sense(tmp_path, vlans, words):
    assert words in refusal(Machine(tmp_path), [], vlans)


def test_a_number_that_another_vlan_has(tmp_path):
    host = Machine(tmp_path, mtus=(("wm0", 1500), ("vlan3", 1500)))
    host.vlans["vlan3"] = (10, "wm0")
    assert "number 10 on wm0 is vlan3 already" in refusal(host, [], [VLAN10])


def test_what_ifconfig_prints_of_a_vlan():
    """sbin/ifconfig/vlan.c, and the flags line in two pieces of point 7 (record bridge-file-create, NetBSD 7.99.10)."""
    text = (
        "vlan10: flags=8943<UP,BROADCAST,RUNNING,PROMISC,SIMPLEX,MULTICAST>vlan10: flags=8943<> mtu 1496\n"
        "\tvlan: 10 parent: wm0\n\taddress: 52:54:00:12:34:56\n"
        "\tinet 10.9.0.2 netmask 0xffffff00 broadcast 10.9.0.255\n"
        "vlan11: flags=8802<BROADCAST,SIMPLEX,MULTICAST> mtu 0\n\tvlan: 11 parent: <none>\n"
    )
    found = ifconfig.parse_interfaces(text)
    assert (found["vlan10"].vlan, found["vlan10"].mtu, found["vlan10"].networks) == ((10, "wm0"), 1496, ["10.9.0.2/24"])
    assert (found["vlan11"].vlan, found["vlan11"].mtu) == (None, 0)


# -- addresses


@pytest.mark.parametrize(
    ("netbsd", "own"), [("5.1", "tap903"), ("6.1_STABLE", "tap903"), ("9.4", "tap903"), ("10.1", "vether3")]
)
def test_a_bridge_with_an_address(tmp_path, netbsd, own):
    host = Machine(tmp_path)
    host.release = netbsd
    run(host, [PRIVATE])
    assert (host.networks, host.bridges) == ({own: ["10.0.3.1/24"]}, {"bridge3": [own]})
    assert host.text("/etc/ifconfig.bridge3") == (
        f"create\n!ifconfig {own} create\n!ifconfig {own} inet 10.0.3.1/24\n!ifconfig {own} up\n"
        f"!brconfig $int add {own} up\n"
    )


def test_another_address(tmp_path):
    host = Machine(tmp_path)
    run(host, [PRIVATE])
    run(host, [dict(PRIVATE, address="10.0.4.1/24")])
    assert host.networks == {"vether3": ["10.0.4.1/24"]}
    host.networks["vether3"].append("10.9.0.1/24")
    run(host, [dict(PRIVATE, address="10.0.4.1/24")])
    assert host.networks == {"vether3": ["10.0.4.1/24"]}
    run(host, [dict(PRIVATE, address="10.0.4.1/16")])
    assert host.networks == {"vether3": ["10.0.4.1/16"]}
    assert "10.0.3.1" not in host.text("/etc/ifconfig.bridge3")


def test_an_address_goes_with_its_interface(tmp_path):
    host = Machine(tmp_path)
    run(host, [PRIVATE])
    run(host, [{"name": "bridge3"}])
    assert host.bridges == {"bridge3": []} and "vether3" not in host.mtus
    assert "vether3" not in host.text("/etc/ifconfig.bridge3")


def test_a_bridge_with_an_address_goes(tmp_path):
    host = Machine(tmp_path)
    host.release = "9.4"
    run(host, [PRIVATE])
    run(host, [dict(PRIVATE, state="absent")])
    assert (host.bridges, host.networks, "tap903" in host.mtus) == ({}, {}, False)


def test_an_address_and_a_jumbo_network(tmp_path):
    host = Machine(tmp_path, mtus=(("wm0", 9000),))
    run(host, [dict(PRIVATE, interfaces=["wm0"])])
    assert host.mtus["vether3"] == 9000
    assert "!ifconfig vether3 mtu 9000 up\n" in host.text("/etc/ifconfig.bridge3")


@pytest.mark.parametrize("address", ["10.0.3.1", "10.0.3.0/24", "10.0.3.255/24", "fe80::1/64", "10.0.3.1/31", "x"])
def test_addresses_that_make_no_sense(tmp_path, address):
    assert "address" in refusal(Machine(tmp_path), [dict(PRIVATE, address=address)])


# -- what puts guests' interfaces there


SXP = "(vif-script vif-bridge)\n"
PACKAGED = "#!/bin/sh -e\nxenstore-write $xpath/hotplug-status connected\n"
XEN_2 = '#!/bin/sh\nOP=$1; shift\neval "$@"\ncase $OP in up) brconfig $bridge add $vif ;; esac\n'


@pytest.mark.parametrize(
    ("config", "script", "mode", "words"),
    [
        (SXP, PACKAGED, 0o755, None),
        ("# nothing\n", PACKAGED, 0o755, None),
        (SXP, PACKAGED, 0o644, "can't be run"),
        (SXP, None, 0, "which is not there"),
        (SXP, XEN_2, 0o755, "was written for Xen 2"),
        ("(vif-script /etc/my-vif)\n", PACKAGED, 0o755, "/etc/my-vif, which is not there"),
    ],
)
def test_the_vif_script_is_proven(tmp_path, config, script, mode, words):
    host = Machine(tmp_path, bridges={"bridge0": ["wm0"]})
    host.put("/usr/pkg/etc/xen/xend-config.sxp", config)
    if script is not None:
        host.put("/usr/pkg/etc/xen/scripts/vif-bridge", script)
        (tmp_path / "usr/pkg/etc/xen/scripts/vif-bridge").chmod(mode)
    warnings = run(host, [{"name": "bridge0", "interfaces": ["wm0"]}]).plan.warnings
    assert (warnings == []) if words is None else (words in warnings[0])


# -- what rc.conf and the file say at boot


def test_a_variable_of_rc_conf_that_is_read_instead_of_the_file(tmp_path):
    host = Machine(tmp_path)
    host.put("/etc/rc.conf", 'ifconfig_vlan10="vlan 11 vlanif wm0; up"\n')
    assert "sets ifconfig_vlan10, so that /etc/ifconfig.vlan10, which would make it" in refusal(host, vlans=[VLAN10])
    host.put("/etc/ifconfig.vlan10", "vlan 10 vlanif wm0\nup\n")
    assert "is read at boot instead of /etc/ifconfig.vlan10" in refusal(host, vlans=[VLAN10])
    host.put("/etc/rc.conf", 'ifconfig_vlan10="vlan 10 vlanif wm0; up"\n')
    assert "write_file" not in [change.action for change in run(host, vlans=[VLAN10]).done]


def test_a_file_that_only_sh_could_tell(tmp_path):
    host = Machine(tmp_path)
    host.put("/etc/ifconfig.vlan10", "!ifconfig $int vlan `cat /etc/number` vlanif wm0\n")
    assert "line 1 of /etc/ifconfig.vlan10 is more than this module understands" in refusal(host, vlans=[VLAN10])
