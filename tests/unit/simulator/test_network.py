# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""ifconfig, brconfig, route and /etc/rc.d/network, case by case as recorded on NetBSD 7.99.10."""
from __future__ import annotations

import re

import pytest

EMPTY_BRIDGE = """bridge0: flags={0}
\tConfiguration:
\t\tpriority 32768 hellotime 2 fwddelay 15 maxage 20
\t\tipfilter disabled flags 0x0
\tInterfaces:
{1}\tAddress cache (max cache: 100, timeout: 1200):
"""
WM0 = "\t\twm0 flags=3<LEARNING,DISCOVER>\n\t\t\tport 1 priority 128\n"


def failure(host, *argv: str) -> str:
    result = host.run(*argv)
    assert result.rc == 1
    return result.err


def test_a_bridge_by_hand(generic):
    """records brconfig-bridge0.txt, ifconfig-bridge0.txt, brconfig-delete.txt."""
    assert generic.run("ifconfig", "bridge0", "create").rc == 0
    assert generic.run("brconfig", "bridge0").out == EMPTY_BRIDGE.format("0<>", "")
    assert generic.run("ifconfig", "bridge0").out == "bridge0: flags=0 mtu 1500\n"
    assert generic.run("brconfig", "bridge0", "add", "wm0", "up").rc == 0
    assert generic.run("brconfig", "bridge0").out == EMPTY_BRIDGE.format("41<UP,RUNNING>", WM0)
    assert generic.run("ifconfig", "bridge0").out == "bridge0: flags=41<UP,RUNNING> mtu 1500\n"
    assert generic.run("brconfig", "bridge0", "delete", "wm0").rc == 0
    assert failure(generic, "brconfig", "bridge0", "delete", "wm0") == (
        "brconfig: delete wm0: No such file or directory\n")


def test_the_flags_line_of_a_member_is_in_two_pieces_and_stays_so(generic):
    """facts measured 7; records ifconfig-a.txt, bridge-destroy-with-member."""
    before = generic.run("ifconfig", "wm0").out.splitlines()[0]
    assert before == "wm0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500"
    generic.run("ifconfig", "bridge0", "create")
    generic.run("brconfig", "bridge0", "add", "wm0")
    two_pieces = ("wm0: flags=8b43<UP,BROADCAST,RUNNING,PROMISC,ALLMULTI,SIMPLEX>"
                  "wm0: flags=8b43<MULTICAST> mtu 1500")
    assert generic.run("ifconfig", "wm0").out.splitlines()[0] == two_pieces
    assert generic.run("ifconfig", "bridge0", "destroy").rc == 0
    assert generic.run("ifconfig", "wm0").out.splitlines()[0] == two_pieces


def test_capabilities_are_broken_as_recorded(generic):
    """record ifconfig-a.txt."""
    lines = generic.run("ifconfig", "wm0").out.splitlines()
    assert lines[1:4] == ["\tcapabilities=2bf80<TSO4,IP4CSUM_Rx,IP4CSUM_Tx,TCP4CSUM_Rx>",
                          "\tcapabilities=2bf80<TCP4CSUM_Tx,UDP4CSUM_Rx,UDP4CSUM_Tx,TCP6CSUM_Tx>",
                          "\tcapabilities=2bf80<UDP6CSUM_Tx>"]


@pytest.mark.parametrize(
    ("record", "argv", "message"),
    [
        ("brconfig-add-again.txt", "brconfig bridge0 add wm0", "brconfig: add wm0: File exists\n"),
        ("bridge-second", "brconfig bridge1 add wm0", "brconfig: add wm0: Device busy\n"),
        ("bridge-second", "brconfig bridge1 add lo0", "brconfig: add lo0: Invalid argument\n"),
        ("bridge-second", "brconfig bridge1 add nosuch0", "brconfig: add nosuch0: No such file or directory\n"),
        ("bridge-second", "brconfig bridge0 add bridge1", "brconfig: add bridge1: Invalid argument\n"),
        ("bridge-second", "brconfig bridge0 bogus", "brconfig: unknown command: bogus\n"),
        ("bridge-second", "brconfig wm0", "brconfig: wm0 is not a bridge\n"),
        ("create-vifdef", "brconfig xenbr0 add wm0", "brconfig: xenbr0 is not a bridge\n"),
        ("brconfig-nonexist.txt", "brconfig bridge9",
         "brconfig: unable to get interface flags: Device not configured\n"),
        ("ifconfig-nonexist.txt", "ifconfig bridge9", "ifconfig: SIOCGIFFLAGS bridge9: Device not configured\n"),
        ("ifconfig-create-again.txt", "ifconfig bridge0 create",
         "ifconfig: clone_command: File exists\nifconfig: exec_matches: File exists\n"),
        ("bridge-destroy-with-member", "ifconfig xenbr0 create",
         "ifconfig: clone_command: Invalid argument\nifconfig: exec_matches: Invalid argument\n"),
        ("bridge-destroy-with-member", "ifconfig bridge7 destroy",
         "ifconfig: clone_command: Device not configured\nifconfig: exec_matches: Device not configured\n"),
        ("bridge-autodestroy-member", "ifconfig bridge0 10.9.9.9",
         "ifconfig: SIOCAIFADDR: Inappropriate ioctl for device\n"),
    ],
)
def test_refusals(dom0, record, argv, message):
    dom0.run("ifconfig", "bridge1", "create")
    assert failure(dom0, *argv.split()) == message, record


def test_mtu_mismatch(dom0):
    """record bridge-mtu."""
    dom0.run("ifconfig", "tap0", "create")
    dom0.run("ifconfig", "tap0", "mtu", "1400", "up")
    assert failure(dom0, "brconfig", "bridge0", "add", "tap0") == "brconfig: add tap0: Invalid argument\n"
    dom0.run("ifconfig", "tap0", "mtu", "1500")
    assert dom0.run("brconfig", "bridge0", "add", "tap0").rc == 0
    tap = dom0.run("ifconfig", "tap0").out.splitlines()[0]
    assert tap == "tap0: flags=8943<UP,BROADCAST,RUNNING,PROMISC,SIMPLEX,MULTICAST> mtu 1500"


def test_destroying_a_member_removes_it_from_the_bridge(dom0):
    """record bridge-autodestroy-member."""
    dom0.run("ifconfig", "tap1", "create")
    dom0.run("brconfig", "bridge0", "add", "tap1")
    assert "tap1" in dom0.run("brconfig", "bridge0").out
    dom0.run("ifconfig", "tap1", "destroy")
    assert dom0.run("brconfig", "bridge0").out == EMPTY_BRIDGE.format("41<UP,RUNNING>", WM0)


NETWORK_START = """Starting network.
Hostname: nb0
IPv6 mode: host
Configuring network interfaces: {0}.
Adding interface aliases:.
add net default: gateway 10.0.2.2
Waiting for DAD to complete for statically configured addresses...
"""


@pytest.mark.parametrize("text", ["create\n!brconfig $int add wm0 up\n", "!brconfig $int add wm0 up\n",
                                  "create\nup\n!brconfig bridge0 add wm0\n"])
def test_network_restart_makes_the_bridge_of_the_file(generic, text):
    """records bridge-file-create, bridge-file-nocreate, bridge-file-up, network-restart-again."""
    generic.write("/etc/ifconfig.bridge0", text)
    first = generic.rc_script("network", "restart")
    assert first.rc == 0
    assert first.out == ("Stopping network.\nDeleting aliases.\nDowning network interfaces: wm0.\n"
                         + NETWORK_START.format("wm0 bridge0"))
    assert generic.run("brconfig", "-a").out == EMPTY_BRIDGE.format("41<UP,RUNNING>", WM0)
    again = generic.rc_script("network", "restart")
    assert "Downing network interfaces: wm0 bridge0.\n" in again.out
    assert generic.run("brconfig", "-a").out == EMPTY_BRIDGE.format("41<UP,RUNNING>", WM0)


def test_network_start_is_0_though_a_member_is_missing(generic):
    """record bridge-file-badmember."""
    generic.write("/etc/ifconfig.bridge0", "create\n!brconfig $int add em0 up\n")
    result = generic.rc_script("network", "start")
    assert result.rc == 0
    assert result.err == "brconfig: add em0: No such file or directory\n"
    assert generic.run("brconfig", "bridge0").out == EMPTY_BRIDGE.format("0<>", "")


def test_ifconfig_variable_of_rc_conf_creates_nothing(generic):
    """record ifconfig_rcconf."""
    generic.append("/etc/rc.conf", 'ifconfig_bridge0="create; !brconfig bridge0 add wm0 up"\n')
    assert "Configuring network interfaces: wm0.\n" in generic.rc_script("network", "restart").out
    assert generic.run("ifconfig", "-l").out == "wm0 wm1 lo0\n"


def test_a_backup_beside_the_file_is_no_interface(generic):
    """record bridge-backup-file."""
    generic.write("/etc/ifconfig.bridge0.orig", "create\n")
    assert "interfaces: wm0.\n" in generic.rc_script("network", "start").out


def test_auto_ifconfig_no_uses_the_list(generic):
    """record net-interfaces-set."""
    generic.write("/etc/ifconfig.bridge0", "create\n")
    generic.append("/etc/rc.conf", 'auto_ifconfig=NO\nnet_interfaces="wm0"\n')
    generic.rc_script("network", "restart")
    assert "bridge0" not in generic.run("ifconfig", "-l").out


def test_network_has_no_status(generic):
    """record bridge-start-only."""
    result = generic.rc_script("network", "status")
    assert result.err == ("/etc/rc.d/network: unknown directive 'status'.\n"
                          "Usage: /etc/rc.d/network [fast|force|one](start stop restart rcvar)\n")
    assert generic.rc_script("network", "rcvar").out == "# network\n"


def test_the_bridge_comes_back_at_boot(dom0):
    dom0.run("ifconfig", "bridge0", "destroy")
    dom0.reboot()
    assert dom0.run("brconfig", "-a").out == EMPTY_BRIDGE.format("41<UP,RUNNING>", WM0)


def test_routing_table(generic):
    """Record bridge-file-create, without the neighbours."""
    mac = re.search("address: (.*)", generic.run("ifconfig", "wm0").out)[1]
    assert generic.run("netstat", "-rn", "-f", "inet").out.splitlines() == [
        "Routing tables",
        "",
        "Internet:",
        "Destination        Gateway            Flags    Refs      Use    Mtu Interface",
        "default            10.0.2.2           UGS         -        -      -L wm0",
        "10.0.2/24          link#1             UC          -        -      -  wm0",
        f"10.0.2.15          {mac}  UHLl        -        -      -  lo0",
        "127/8              127.0.0.1          UGRS        -        -  33648  lo0",
        "127.0.0.1          127.0.0.1          UHl         -        -  33648  lo0",
    ]
    assert "default" not in generic.run("netstat", "-rn", "-f", "inet6").out
    assert generic.run("netstat", "-i").rc == 97


def test_default_route(generic):
    assert "  interface: wm0\n" in generic.run("route", "-n", "get", "default").out
    assert generic.run("route", "-n", "get", "-inet6", "default").rc == 1


def test_routes_are_told_with_their_interface(dom0):
    """record bridge-file-create (netstat -rn -f inet); route(8)."""
    assert "default            10.0.2.2           UGS " in dom0.run("netstat", "-rn", "-f", "inet").out
    assert dom0.run("route", "-n", "add", "default", "10.0.2.3").rc == 1  # there is one
    assert dom0.run("route", "delete", "default").rc == 0
    assert "default" not in dom0.run("netstat", "-rn", "-f", "inet").out
    assert dom0.run("route", "delete", "default").rc == 1
    assert dom0.run("route", "-n", "get", "default").rc == 1
    assert dom0.run("route", "-n", "add", "default", "10.0.2.3").rc == 0
    assert "  interface: wm0\n" in dom0.run("route", "-n", "get", "default").out


def test_stp_of_a_member_ends_with_its_membership(dom0):
    """Records br-stp, br-nostp, br-stp-missing."""
    assert dom0.run("brconfig", "bridge0", "stp", "nosuch0").err == (
        "brconfig: unable to get bridge flags: No such file or directory\n")
    assert dom0.run("brconfig", "bridge0", "stp", "wm0").rc == 0
    assert "wm0 flags=7<LEARNING,DISCOVER,STP>" in dom0.run("brconfig", "bridge0").out
    dom0.run("brconfig", "bridge0", "delete", "wm0")
    dom0.run("brconfig", "bridge0", "add", "wm0")
    assert "wm0 flags=3<LEARNING,DISCOVER>" in dom0.run("brconfig", "bridge0").out
