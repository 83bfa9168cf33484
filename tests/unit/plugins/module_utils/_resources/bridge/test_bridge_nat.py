# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests behind the machine's address: forwarding and npf, never at the cost of the admin's own rules."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._formats.net import npf
from ansible_collections.netbsd.xen.plugins.module_utils._resources.bridge import resource as bridge
from ansible_collections.netbsd.xen.tests.unit.support.net_machine import Machine

NAT = ({"bridge": "bridge3", "interface": "wm0"},)
MAP = "map wm0 dynamic 10.0.3.0/24 -> 10.0.2.15\n"
OWN_RULES = "group default {\n\tpass final on lo0 all\n\tblock all\n}\n"


@pytest.fixture
def host(tmp_path):
    return Machine(tmp_path, addresses={"wm0": ["10.0.2.15/24"]})


def params(nat=NAT, **spec):
    one = {"name": "bridge3", "interfaces": [], "mtu": None, "address": "10.0.3.1/24", "state": "present"}
    return {"bridges": [dict(one, **spec)], "vlans": [], "nat": None if nat is None else list(nat)}


def run(host, nat=NAT, check=False):
    outcome = converge(bridge, params(nat), host, check)
    assert {thing: str(error) for thing, error in outcome.failures.items()} == {}
    if not check:
        assert converge(bridge, params(nat), host, check=True).done == []
    return outcome


def refusal(host, nat=NAT, **spec):
    with pytest.raises(Refused) as caught:
        converge(bridge, params(nat, **spec), host, check=False)
    assert not [command for command in host.ran if command.split()[1] not in ("-a", "show", "-n")]
    return str(caught.value)


def test_the_address_of_a_client_that_waits_for_its_own_is_not_gone_out_with(host):
    """As a DHCP client leaves it on NetBSD 8: inet 0.0.0.0/8."""
    host.networks["wm0"].insert(0, "0.0.0.0/8")
    run(host)
    assert npf.maps(host.npf_rules) == MAP


def test_from_nothing(host):
    run(host)
    assert (host.forwarding, host.npf_active) == ("1", True)
    assert host.text("/etc/sysctl.conf") == "net.inet.ip.forwarding=1\n"
    assert host.text("/etc/rc.conf") == "rc_configured=YES\nnpf=YES\n"
    assert host.text("/etc/npf.conf") == host.npf_rules
    assert npf.maps(host.npf_rules) == MAP and "group default {\n\tpass final all\n}" in host.npf_rules
    assert not host.exists("/etc/npf.conf.netbsd-xen")


def test_the_rules_are_validated_before_they_are_loaded_and_loaded_before_they_are_put_in_place(host):
    run(host)
    calls = [command for command in host.ran if "npfctl" in command and not command.endswith("show")]
    assert calls == [
        "/sbin/npfctl validate /etc/npf.conf.netbsd-xen",
        "/sbin/npfctl reload /etc/npf.conf.netbsd-xen",
        "/sbin/npfctl start",
    ]


def test_rules_that_npf_does_not_take_change_nothing(host):
    host.npf_active = True
    host.put("/etc/npf.conf", OWN_RULES)
    host.bad_rules = True
    outcome = converge(bridge, params(), host, check=False)
    assert "npf does not take the new rules, so /etc/npf.conf stays as it is" in str(outcome.failures["nat"])
    assert (host.text("/etc/npf.conf"), host.npf_rules) == (OWN_RULES, "")
    assert not host.exists("/etc/npf.conf.netbsd-xen") and "npf=YES" not in host.text("/etc/rc.conf")


def test_own_rules_that_run_are_only_extended(host):
    host.npf_active = True
    host.put("/etc/npf.conf", OWN_RULES)
    run(host)
    assert host.text("/etc/npf.conf") == f"{npf.BEGIN}{MAP}{npf.END}\n{OWN_RULES}" == host.npf_rules
    assert host.text("/etc/npf.conf.orig") == OWN_RULES


def test_own_rules_that_do_not_run_are_never_switched_on(host):
    host.put("/etc/npf.conf", OWN_RULES)
    assert "Start it yourself" in refusal(host)


@pytest.mark.parametrize("by_hand", ["flushed", "stopped", "forwarding", "sysctl.conf", "rc.conf", "npf.conf"])
def test_what_another_hand_undid_comes_back(host, by_hand):
    run(host)
    if by_hand == "flushed":
        host.npf_rules = ""
    elif by_hand == "stopped":
        host.npf_active = False
    elif by_hand == "forwarding":
        host.forwarding = "0"
    else:
        host.put("/etc/" + by_hand, "# nothing\n")
    assert run(host).done != []
    assert (npf.maps(host.npf_rules), host.npf_active, host.forwarding) == (MAP, True, "1")


def test_no_translation_any_more(host):
    run(host)
    run(host, nat=())
    assert npf.maps(host.text("/etc/npf.conf")) is None and "map" not in host.npf_rules
    assert host.npf_active


@pytest.mark.parametrize("rules", ["", OWN_RULES])
def test_taking_the_translation_away_switches_nothing_on(host, rules):
    """The admin has stopped npf since."""
    host.put("/etc/npf.conf", npf.with_maps(rules, [MAP], 10))
    run(host, nat=())
    assert npf.maps(host.text("/etc/npf.conf")) is None
    assert not host.npf_active and host.npf_rules == ""


def test_another_address_of_the_interface_is_followed(host):
    run(host)
    host.networks["wm0"] = ["10.0.2.99/24", "10.0.2.100/24"]
    run(host)
    assert npf.maps(host.npf_rules) == "map wm0 dynamic 10.0.3.0/24 -> 10.0.2.99\n"


def test_nothing_is_touched_or_asked_where_nothing_is_said(host):
    run(host, nat=None)
    assert not [command for command in host.ran if "npfctl" in command or "sysctl" in command]
    assert not host.exists("/etc/npf.conf") and host.forwarding == "0"


def test_what_was_read_ahead_is_enough_for_an_unchanged_task(host):
    run(host)
    assert bridge.plan(bridge.read(host), bridge.declare(params())).changes == []
    fresh = Machine(host.root / "other", addresses={"wm0": ["10.0.2.15/24"]})
    with pytest.raises(NotRead):
        bridge.plan(bridge.read(fresh), bridge.declare(params()))


def test_a_line_of_sysctl_conf_is_changed_where_it_stands(host):
    host.put("/etc/sysctl.conf", "kern.x=1\n net.inet.ip.forwarding = 0 # router?\nddb.onpanic=0\n")
    run(host)
    assert host.text("/etc/sysctl.conf") == "kern.x=1\n net.inet.ip.forwarding = 1 # router?\nddb.onpanic=0\n"


def test_netbsd_6_gets_its_own_syntax(host):
    host.release = "6.1"
    run(host)
    assert npf.maps(host.npf_rules) == MAP and "group (default) {" in host.npf_rules


def test_netbsd_5_has_no_npf(host):
    host.release = "5.1"
    assert "this is NetBSD 5.1, and npf came with NetBSD 6" in refusal(host)


@pytest.mark.parametrize(
    ("nat", "spec", "words"),
    [
        (NAT, {"address": None}, "declared bridge with an address"),
        (NAT, {"state": "absent"}, "declared bridge with an address"),
        (({"bridge": "bridge9", "interface": "wm0"},), {}, "declared bridge with an address"),
        (({"bridge": "bridge3", "interface": "em0"},), {}, "no interface em0"),
        (({"bridge": "bridge3", "interface": "wm1"},), {}, "no IPv4 address"),
        (NAT, {"interfaces": ["wm0"]}, "not in bridge3"),
    ],
)
def test_what_makes_no_sense(host, nat, spec, words):
    assert words in refusal(host, nat, **spec)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("if true; then\nnpf=NO\nfi\n", "line 2 of /etc/rc.conf sets it within a condition"),
        ('x="\n', "/etc/rc.conf can't be understood: line 1: a quote has no end"),
        (". /srv/site/rc.conf\n", "npf is decided by line 1 of /srv/site/rc.conf"),
    ],
)
def test_an_rc_conf_beyond_understanding(host, text, words):
    host.put("/etc/rc.conf", text)
    host.put("/srv/site/rc.conf", "npf=NO\n")
    assert words in refusal(host)


@pytest.mark.parametrize("path", ["/etc/rc.conf.local", "/etc/rc.conf.d/npf"])
def test_npf_is_switched_on_where_it_is_decided(host, path):
    host.put("/etc/rc.conf", "npf=YES\n. /etc/rc.conf.local\n")
    host.put("/etc/rc.conf.local", "")
    host.put(path, "npf=NO\n")
    done = run(host)
    assert f"set npf=YES in {path}" in [change.summary for change in done.done]
    assert host.text(path) == "npf=YES\n"
