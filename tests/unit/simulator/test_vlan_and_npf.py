# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""vlan(4), vether(4), addresses, sysctl.conf and npf. Sources: sys/net/if_vlan.c, sbin/ifconfig/vlan.c,
etc/rc.d/network, usr.sbin/npf/npfctl."""
from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.sim_host import Host, hosttree
from ansible_collections.netbsd.xen.tests.unit.support.xm_host import MODERN, OLD

VLAN = "vlan10: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500\n\tcapabilities="
PARENT = "\tenabled=0\n\tvlan: 10 parent: wm0\n\taddress: "


def failure(host, *argv: str) -> str:
    result = host.run(*argv)
    assert result.rc == 1
    return result.err


def test_a_vlan_takes_after_its_parent(generic):
    """vlan_clone_create, vlan_config, vlan_unconfig."""
    generic.run("ifconfig", "vlan10", "create")
    assert generic.run("ifconfig", "vlan10").out == "vlan10: flags=8802<BROADCAST,SIMPLEX,MULTICAST>\n"
    assert generic.run("ifconfig", "vlan10", "vlan", "10", "vlanif", "wm0").rc == 0
    shown = generic.run("ifconfig", "vlan10").out
    assert shown.startswith(VLAN) and PARENT in shown
    assert "\tinet6 fe80::" in shown  # by itself: it is up (record vlan-show)
    assert "\tec_enabled=1<VLAN_MTU>\n" in generic.run("ifconfig", "wm0").out
    assert generic.run("ifconfig", "vlan10", "-vlanif").rc == 0
    assert "vlan: 10" not in generic.run("ifconfig", "vlan10").out
    assert generic.run("ifconfig", "vlan10", "destroy").rc == 0
    assert "vlan10" not in generic.run("ifconfig", "-l").out


@pytest.mark.parametrize(("words", "message"), [
    ("vlan10 vlan 10 vlanif nosuch0", "SIOCSETVLAN: No such file or directory"),
    ("vlan10 vlan 5000 vlanif wm0", "SIOCSETVLAN: Invalid argument"),
    ("vlan11 vlan 11 vlanif wm1", "SIOCSETVLAN: Device busy"),
    ("vlan10 10.1.1.1/24", "SIOCAIFADDR: Invalid argument"),
    ("wm0 vlan 10 vlanif wm1", "valid only with vlan(4) interfaces")])
def test_vlan_refusals(generic, words, message):
    generic.run("ifconfig", "vlan10", "create")
    generic.run("ifconfig", "vlan11", "create")
    generic.run("ifconfig", "vlan11", "vlan", "11", "vlanif", "wm0")
    assert failure(generic, "ifconfig", *words.split()) == f"ifconfig: {message}\n"


@pytest.mark.parametrize("words", ["vlan11 mtu 1501", "wm0 mtu 9001", "tap7 mtu 500000"])
def test_an_mtu_that_is_refused_is_only_warned_of(generic, words):
    """Records vlan-mtu-too-big, wm0-mtu-20000, tapA-mtu-500000: ifconfig ends with 0."""
    for name in ("vlan11", "tap7"):
        generic.run("ifconfig", name, "create")
    generic.run("ifconfig", "vlan11", "vlan", "11", "vlanif", "wm0")
    before = generic.run("ifconfig", words.split()[0]).out
    result = generic.run("ifconfig", *words.split())
    assert (result.rc, result.err) == (0, "ifconfig: SIOCSIFMTU: Invalid argument\n")
    assert generic.run("ifconfig", words.split()[0]).out == before


@pytest.mark.parametrize(("profile", "lines"), [
    ("netbsd-7.99.10-xen-4.17", ["inet 10.9.3.1 netmask 0xffffff00 broadcast 10.9.3.255",
                                 "inet alias 10.9.4.1 netmask 0xffffff00 broadcast 10.9.4.255"]),
    ("netbsd-9.4-xen-4.15", ["inet 10.9.3.1/24 broadcast 10.9.3.255 flags 0x0",
                             "inet 10.9.4.1/24 broadcast 10.9.4.255 flags 0x0"])])
def test_an_address_without_alias_replaces_the_first(tmp_path, profile, lines):
    """Records tapA-inet-A to tapA-show-CD; from NetBSD 8 on they are printed otherwise (af_inet.c 1.21)."""
    host = Host(tmp_path / "h")
    hosttree.create(host.directory, "h", "bare", profile)
    host.run("ifconfig", "tap6", "create")
    for words in ("10.9.1.1/24", "10.9.2.1/24", "10.9.3.1/24 alias", "10.9.4.1/24"):
        assert host.run("ifconfig", "tap6", "inet", *words.split()).rc == 0
    shown = host.run("ifconfig", "tap6").out.splitlines()
    assert [line.strip() for line in shown if "\tinet " in line] == lines


def test_inet6_addresses_never_replace_each_other(generic):
    """af_inetany.c, commit_address."""
    for number in (1, 2):
        assert generic.run("ifconfig", "wm1", "inet6", f"2001:db8::{number}", "prefixlen", "64").rc == 0
    assert generic.run("ifconfig", "wm1", "inet6", "2001:db8::1", "delete").rc == 0
    shown = generic.run("ifconfig", "wm1").out
    assert "2001:db8::2/64" in shown and "2001:db8::1/" not in shown and "inet6 fe80::" in shown


def test_a_vlan_that_loses_its_parent_leaves_its_bridge(generic):
    """Records vlan-detach-in-bridge, br-delete-vlan."""
    for words in ("vlan7 create", "vlan7 vlan 7 vlanif wm0", "bridge5 create"):
        generic.run("ifconfig", *words.split())
    generic.run("brconfig", "bridge5", "add", "vlan7")
    assert generic.run("ifconfig", "vlan7", "-vlanif").rc == 0
    assert failure(generic, "brconfig", "bridge5", "delete", "vlan7") == (
        "brconfig: delete vlan7: No such file or directory\n")


def test_a_vlan_is_a_member_once_it_has_a_parent(generic):
    generic.run("ifconfig", "vlan10", "create")
    generic.run("ifconfig", "bridge1", "create")
    assert failure(generic, "brconfig", "bridge1", "add", "vlan10") == "brconfig: add vlan10: Invalid argument\n"
    generic.run("ifconfig", "vlan10", "vlan", "10", "vlanif", "wm0")
    assert generic.run("brconfig", "bridge1", "add", "vlan10").rc == 0


def test_the_vlan_of_a_file_is_there_after_a_boot(generic):
    generic.write("/etc/ifconfig.vlan10", "create\nvlan 10 vlanif wm0\nup\n")
    generic.reboot()
    assert generic.run("ifconfig", "vlan10").out.startswith(VLAN)


def test_bridges_are_configured_before_vlans(generic):
    """rc.d/network goes through `ifconfig -C`, which lists bridge before vlan: the member is not there yet."""
    generic.write("/etc/ifconfig.vlan10", "vlan 10 vlanif wm0\n")
    generic.write("/etc/ifconfig.bridge1", "create\n!brconfig $int add vlan10 up\n")
    result = generic.rc_script("network", "restart")
    assert "Configuring network interfaces: wm0 bridge1 vlan10.\n" in result.out
    assert result.err == "brconfig: add vlan10: No such file or directory\n"
    generic.write("/etc/ifconfig.bridge1", "create\n!ifconfig vlan10 create; ifconfig vlan10 vlan 10 vlanif wm0; "
                                           "brconfig $int add vlan10 up\n")
    generic.rc_script("network", "restart")
    assert "\t\tvlan10 flags=3<LEARNING,DISCOVER>\n" in generic.run("brconfig", "bridge1").out


def test_vether_came_with_netbsd_10(generic, tmp_path):
    """if_vether.c 1.1 of 2020-09."""
    assert generic.run("ifconfig", "vether0", "create").rc == 0
    assert generic.run("ifconfig", "vether0", "inet", "10.0.3.1/24").rc == 0
    assert "\tinet 10.0.3.1/24 broadcast 10.0.3.255 flags 0x0\n" in generic.run("ifconfig", "vether0").out
    hosttree.create(tmp_path / "old", "old0", "python", profile=MODERN)
    old = Host(tmp_path / "old")
    assert "Invalid argument" in failure(old, "ifconfig", "vether0", "create")
    assert old.run("ifconfig", "tap0", "create").rc == 0


def test_addresses_come_and_go(generic):
    generic.run("ifconfig", "tap0", "create")
    generic.run("ifconfig", "tap0", "inet", "10.0.3.1/24")
    generic.run("ifconfig", "tap0", "inet", "10.0.4.1/24", "alias")
    assert generic.run("ifconfig", "tap0", "inet", "10.0.3.1", "delete").rc == 0
    out = generic.run("ifconfig", "tap0").out
    assert ("10.0.3.1" in out, "10.0.4.1" in out) == (False, True)
    assert "Can't assign requested address" in failure(generic, "ifconfig", "tap0", "inet", "10.9.9.9", "delete")


def test_sysctl_conf_counts_at_boot(generic):
    """etc/rc.d/sysctl."""
    generic.run("sysctl", "-w", "net.inet.ip.forwarding=1")
    generic.reboot()
    assert generic.run("sysctl", "-n", "net.inet.ip.forwarding").out == "0\n"
    generic.append("/etc/sysctl.conf", "net.inet.ip.forwarding=1 # for the guests\n")
    generic.reboot()
    assert generic.run("sysctl", "-n", "net.inet.ip.forwarding").out == "1\n"


RULES = """$ext_if = "wm0"
map $ext_if dynamic 10.0.3.0/24 -> inet4($ext_if)
group default {
\tpass final all
}
"""


def test_npf_loads_what_it_accepts(generic):
    assert failure(generic, "npfctl", "reload") == "npfctl: open '/etc/npf.conf': No such file or directory\n"
    generic.write("/etc/npf.conf", RULES)
    assert generic.run("npfctl", "validate").rc == 0
    assert "# filtering:\tinactive\n# config:\tempty\n" in generic.run("npfctl", "show").out
    generic.append("/etc/rc.conf", "npf=YES\n")
    generic.reboot()
    shown = generic.run("npfctl", "show").out
    assert "# filtering:\tactive\n# config:\tloaded\n" in shown
    assert "map $ext_if dynamic 10.0.3.0/24 -> inet4" in shown
    assert generic.rc_script("npf", "stop").rc == 0
    assert "# config:\tempty\n" in generic.run("npfctl", "show").out


@pytest.mark.parametrize(("text", "message"), [
    ("group default {\n\tpass final all\n", "/etc/npf.conf:3:0: syntax error"),
    ("pass all\n" + RULES, "/etc/npf.conf:1:4: syntax error near 'pass'"),
    (RULES + "map wm0 dynamic 10.0.3.0/24\n", "/etc/npf.conf:6:28: syntax error"),
    ("group (default) {\n\tpass final all\n}\n", "/etc/npf.conf:1:7: syntax error near '('"),
    ("alg \"icmp\"\n", "npfctl: default group was not defined")])
def test_npf_refuses_what_its_grammar_refuses(generic, text, message):
    generic.write("/etc/npf.conf", text)
    assert failure(generic, "npfctl", "validate", "/etc/npf.conf") == message + "\n"
    generic.write("/etc/npf.conf", RULES)
    generic.run("npfctl", "reload")
    generic.write("/etc/npf.conf", text)
    assert generic.run("npfctl", "reload").rc == 1
    assert "map $ext_if" in generic.run("npfctl", "show").out


def test_groups_of_netbsd_6(tmp_path):
    hosttree.create(tmp_path / "six", "six0", "python", profile=MODERN)
    host = Host(tmp_path / "six")
    host.write("/etc/npf.conf", "group (name \"external\", interface wm0) {\n\tpass out final all\n}\n"
                                "group (default) {\n\tpass final all\n}\nmap wm0 dynamic 10.0.0.0/8 -> 1.2.3.4\n")
    assert host.run("npfctl", "reload").rc == 0
    host.write("/etc/npf.conf", RULES)
    assert host.run("npfctl", "reload").rc == 1


def test_netbsd_5_has_no_npf(tmp_path):
    hosttree.create(tmp_path / "five", "five0", "python", profile=OLD)
    assert not (tmp_path / "five/root/etc/rc.d/npf").exists()
    assert not (tmp_path / "five/root/sbin/npfctl").is_symlink()
