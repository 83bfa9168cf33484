# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every construct that etc/rc.d/network reads in /etc/ifconfig.IF, and every line that ifconfig(8) and brconfig(8)
print, each with what becomes of it. Sources: etc/rc.d/network, etc/rc.subr, sbin/ifconfig and sbin/brconfig of NetBSD
7.99.10.
"""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats.net import brconfig, ifconfig, interface_files
from ansible_collections.netbsd.xen.plugins.module_utils._formats.net.interface_files import NotUnderstood

READ, KEPT, REFUSED = "read", "kept as it is", "refused in words where it would have to change"

# A file for bridge0, what becomes of it, and its members, whether it is up, and its MTU. Of those that are READ or KEPT
# sh is asked as well.
FILES = [
    ("", READ, [], False, 1500),
    ("create\n", READ, [], False, 1500),
    ("up\n", READ, [], True, 1500),
    ("up\ndown\n", READ, [], False, 1500),
    ("mtu 9000\n", READ, [], False, 9000),
    ("mtu 9000 up\n", READ, [], True, 9000),
    ("# up\n", KEPT, [], False, 1500),
    ("   # up\n", KEPT, [], False, 1500),
    ("\n \t\nup\n", KEPT, [], True, 1500),
    ("  up  \n", READ, [], True, 1500),
    ("up # not down\n", READ, [], True, 1500),
    ("mtu 9000 # mtu 1400\n", READ, [], False, 9000),
    ("up", READ, [], False, 1500),  # without its newline the last line is not read
    ("up\n!brconfig $int add wm0", READ, [], True, 1500),
    ("mtu \\\n9000\n", READ, [], False, 9000),
    ("mtu 90\\\n00\n", READ, [], False, 9000),
    ("mtu \\ \t\n  9000 up\n", READ, [], True, 9000),  # blanks behind the backslash
    ("mtu\\\n 9000\n", READ, [], False, 1500),  # blanks before the next line don't count: mtu9000
    ("# up \\\nup\n", KEPT, [], False, 1500),  # the comment goes on
    ("up\\\\\n mtu 9000\n", REFUSED, [], False, 1500),  # two backslashes at the end go on too, and one stays
    ("up \\\n", READ, [], False, 1500),  # and has no end
    ("inet 10.0.0.1/24\n", KEPT, [], False, 1500),
    ("inet 10.0.0.1 netmask 255.255.255.0 up\n", KEPT, [], True, 1500),
    ("inet 10.0.0.2 netmask 0xffffff00 alias\n", KEPT, [], False, 1500),
    ("inet6 2001:db8::1 prefixlen 64 alias\n", KEPT, [], False, 1500),
    ("dhcp\n", KEPT, [], False, 1500),
    ("description up\n", KEPT, [], False, 1500),
    ("media autoselect mediaopt down\nup\n", KEPT, [], True, 1500),
    ("-link0 link1 up\n", KEPT, [], True, 1500),
    ('description "my bridge" up\n', REFUSED, [], False, 1500),
    ("!brconfig $int add wm0 up\n", READ, ["wm0"], True, 1500),
    ("! brconfig ${int} add wm0\n", READ, ["wm0"], False, 1500),
    ("!/sbin/brconfig bridge0 add wm0\n", READ, ["wm0"], False, 1500),
    ("!brconfig $int add wm0 add wm1 up\n", READ, ["wm0", "wm1"], True, 1500),
    ("!brconfig $int add wm0 # uplink\n", READ, ["wm0"], False, 1500),
    ("!brconfig $int add wm0 delete wm0\n", READ, [], False, 1500),
    ("!brconfig $int add wm0; brconfig $int up\n", READ, ["wm0"], True, 1500),
    ("!brconfig $int add wm0 && ifconfig $int up\n", READ, ["wm0"], True, 1500),
    ("!brconfig bridge1 add wm0 up\n", KEPT, [], False, 1500),
    ("!route add default 10.0.0.1\n", KEPT, [], False, 1500),
    ("!ifconfig wm0 mtu 9000\n", READ, [], False, 1500),
    ("!ifconfig $int mtu 9000 up\n", READ, [], True, 9000),
    ("!ifconfig vether0 create\n!brconfig $int add vether0\n", READ, ["vether0"], False, 1500),
    ("up; brconfig $int add wm0\n", READ, ["wm0"], True, 1500),
    ("mtu 9000 && brconfig $int add wm0\n", READ, ["wm0"], False, 9000),
    ("!for i in wm0 wm1; do brconfig $int add $i; done\n", REFUSED, [], False, 1500),
    ('!brconfig $int add "wm0"\n', REFUSED, [], False, 1500),
    ("!brconfig $int add wm0 || true\n", REFUSED, [], False, 1500),
    ("!brconfig $int add `cat /etc/uplink`\n", REFUSED, [], False, 1500),
    ("!(brconfig $int add wm0)\n", REFUSED, [], False, 1500),
    ("!brconfig $int add wm0 > /dev/null\n", REFUSED, [], False, 1500),
    ("!brconfig $int add wm0 &\n", REFUSED, [], False, 1500),
    ("mtu $(cat /etc/mtu)\n", REFUSED, [], False, 1500),
    ("up\r\n", KEPT, [], False, 1500),  # ifconfig knows no "up\r"
]
# As network_start_interfaces goes through a file, with functions for the commands, which only tell of their call.
_BOOT = r"""
int=bridge0
call() { printf '%s\n' "$*"; }
ifconfig() { call ifconfig "$@"; }
brconfig() { call brconfig "$@"; }
route() { :; }
joined() {
	while read -r part; do
		if [ "${part%\\}" != "$part" ]; then printf '%s' "${part%?}"; else printf '%s\n' "$part"; fi
	done
}
joined | while read -r words; do
	case "$words" in
	''|'#'*|create|dhcp) ;;
	'!'*) ( eval "${words#!}" ) ;;
	*) ( set -f; eval set -- $words; ifconfig $int "$@" ) ;;
	esac
done
"""


def at_boot(text: str) -> tuple[list[str], bool, int]:
    """What sh makes of a file: the members, whether the bridge is up, and its MTU."""
    text = text.replace("/sbin/", "")
    ran = subprocess.run(["/bin/sh", "-c", _BOOT], input=text.encode(), capture_output=True, timeout=10).stdout.decode()
    members: list[str] = []
    is_up, mtu = False, 1500
    for line in ran.split("\n"):
        words = line.split(" ")
        if words[1:2] != ["bridge0"]:
            continue
        rest = iter(words[2:])
        for word in rest:
            if word in ("description", "media", "mediaopt", "inet", "inet6", "netmask", "prefixlen", "stp"):
                next(rest, "")
            elif word in ("up", "down"):
                is_up = word == "up"
            elif word == "mtu" and words[0] == "ifconfig":
                mtu = int(next(rest, "0") or 0)
            elif word == "add" and words[0] == "brconfig":
                members += [member for member in [next(rest, "")] if member not in members]
            elif word == "delete" and words[0] == "brconfig":
                gone = next(rest, "")
                members = [member for member in members if member != gone]
    return members, is_up, mtu


@pytest.mark.parametrize(("text", "verdict", "members", "is_up", "mtu"), FILES)
def test_constructs_of_a_file(text: str, verdict: str, members: list[str], is_up: bool, mtu: int) -> None:
    found = interface_files.parse_bridge_file(text, "bridge0")
    if verdict == REFUSED:
        assert found.other == [(1, text.strip())]
        return
    assert found.other == []
    assert (found.members, found.up, found.mtu) == (members, is_up, mtu) == at_boot(text)


@pytest.mark.parametrize(("text", "verdict"), [row[:2] for row in FILES])
def test_a_file_with_any_of_them_is_brought_to_a_bridge(text: str, verdict: str) -> None:
    """And sh agrees with what comes of it. What is kept stays, to the byte."""
    try:
        after = interface_files.update_bridge_file(text, "bridge0", ["wm0"], 1500, False)
    except NotUnderstood:
        assert "mtu" in text or "wm1" in text or "vether0" in text
        return
    if verdict == REFUSED:
        assert after.startswith(text)  # who calls refuses it where it is of a brconfig
        return
    assert at_boot(after) == (["wm0"], True, 1500), after
    if verdict == KEPT:
        assert after.startswith(text)


PIECES = st.sampled_from([
    "create\n", "up\n", "down\n", "mtu 1400\n", "mtu 9000 up\n", "!brconfig $int add wm0 up\n", "# x\n", "  # x \\\n",
    "!brconfig $int add wm1\n", "\n", "inet 10.0.0.1 \\\n", "alias\n", "up \\\n", "\\\n", "  up\n", "up # x\n",
    "up; brconfig $int add wm2\n", "up", "!brconfig $int add wm3", " ", "\t",
])


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=7).map("".join))
def test_any_file_does_what_sh_says(text: str) -> None:
    found = interface_files.parse_bridge_file(text, "bridge0")
    if not found.other:
        assert (found.members, found.up, found.mtu) == at_boot(text)
    try:
        after = interface_files.update_bridge_file(text, "bridge0", ["wm0"], 1500, False)
    except NotUnderstood:
        return
    if not interface_files.parse_bridge_file(after, "bridge0").other:
        assert at_boot(after) == (["wm0"], True, 1500)


# -- VLANs

VLANS = [
    ("vlan 3 vlanif wm0\n", (3, "wm0")),
    ("create\nvlan 3 vlanif wm0 up\n", (3, "wm0")),
    ("vlanif wm0 vlan 3\n", (3, "wm0")),
    ("!ifconfig $int vlan 3 vlanif wm0\n", (3, "wm0")),
    ("!ifconfig vlan9 vlan 3 vlanif wm0\n", None),
    ("  # vlan 3 vlanif wm0\n", None),
    ("vlan 3 vlanif wm0", None),
    ("vlan 3 \\\n vlanif wm0\n", (3, "wm0")),
    ("vlan 3 vlanif wm0\nvlan 4 vlanif wm1 # new\n", (4, "wm1")),
    ("inet 10.0.0.1/24\nup\n", None),
]


@pytest.mark.parametrize(("text", "found"), VLANS)
def test_vlans(text: str, found: tuple[int, str] | None) -> None:
    assert interface_files.parse_vlan_file(text, "vlan3") == found
    after = interface_files.update_vlan_file(text, "vlan3", 7, "re0")
    assert interface_files.parse_vlan_file(after, "vlan3") == (7, "re0")
    assert interface_files.update_vlan_file(after, "vlan3", 7, "re0") == after


def test_a_vlan_that_sh_works_out() -> None:
    with pytest.raises(NotUnderstood):
        interface_files.update_vlan_file("up\n!ifconfig $int vlan `cat /etc/n` vlanif wm0\n", "vlan3", 7, "re0")


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ("inet 10.0.0.1/24;up", "inet 10.0.0.1/24\nup\n"),
        ("create\n!brconfig $int add wm0; brconfig $int up", "create\n!brconfig $int add wm0; brconfig $int up\n"),
        ("up", "up\n"),
    ],
)
def test_the_variable_of_an_interface(value: str, lines: str) -> None:
    assert interface_files.of_variable(value) == lines


# -- what is printed

# A line of `ifconfig -a` below an interface's first, and what is read of it (None: nothing, it is left alone).
IFCONFIG_LINES = [
    ("\tcapabilities=7ff80<TSO4,IP4CSUM_Rx,IP4CSUM_Tx>", None),
    ("\tenabled=300<IP4CSUM_Rx,IP4CSUM_Tx>", ("enabled", ["IP4CSUM_Rx", "IP4CSUM_Tx"])),
    ("\tenabled=0", None),
    ("\tec_capabilities=7<VLAN_MTU,VLAN_HWTAGGING,JUMBO_MTU>", None),
    ("\tec_enabled=7<VLAN_MTU>", None),
    ("\tvlan: 3 parent: wm0", ("vlan", (3, "wm0"))),
    ("\tvlan: 0 parent: <none>", None),
    ("\ttunnel inet 10.0.0.1 --> 10.0.0.2", None),
    ("\tagrport: wm0, flags=3<COLLECTING,DISTRIBUTING>", None),
    ("\tcarp: MASTER carpdev wm0 vhid 1 advbase 1 advskew 0", None),
    ("\taddress: 52:54:00:12:34:56", ("link", "52:54:00:12:34:56")),
    ("\tlink 00:16:3e:00:00:01", None),
    ("\tlinkstr: /tmp/bus", None),
    ("\tmedia: Ethernet autoselect (1000baseT full-duplex)", None),
    ("\tstatus: active", None),
    ('\tdescription: "to the rack"', ("description", "to the rack")),
    ("\tinput: 12 packets, 1024 bytes", None),
    ("\toutput: 12 packets, 1024 bytes", None),
    ("\tinet 10.0.2.15 netmask 0xffffff00 broadcast 10.0.2.255", ("networks", ["10.0.2.15/24"])),
    ("\tinet alias 10.0.2.16 netmask 0xffffff00 broadcast 10.0.2.255", ("networks", ["10.0.2.16/24"])),
    ("\tinet 10.0.2.15/24 broadcast 10.0.2.255 flags 0x0", ("networks", ["10.0.2.15/24"])),
    ("\tinet 10.0.0.1 -> 10.0.0.2 netmask 0xff000000", ("networks", ["10.0.0.1/8"])),
    ("\tinet6 2001:db8::1 prefixlen 64 pltime infty vltime infty", ("addresses", ["2001:db8::1"])),
    ("\tinet6 fe80::1%wm0 prefixlen 64 tentative scopeid 0x1", ("addresses", ["fe80::1"])),
    ("\tatalk 1.2 range 0-65534 phase 2", None),
]


@pytest.mark.parametrize(("line", "expected"), IFCONFIG_LINES)
def test_lines_of_ifconfig(line: str, expected: tuple | None) -> None:
    bare = ifconfig.Interface(["UP"], 1500)
    found = ifconfig.parse_interfaces(f"wm0: flags=8843<UP> mtu 1500\n{line}\nlo0: flags=8049<LOOPBACK> mtu 33624\n")
    assert list(found) == ["wm0", "lo0"]
    if expected is None:
        assert found["wm0"] == bare
    else:
        assert getattr(found["wm0"], expected[0]) == expected[1] != getattr(bare, expected[0])


@pytest.mark.parametrize(
    ("line", "flags", "mtu"),
    [
        ("wm0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500", 5, 1500),
        ("wm0: flags=8802<BROADCAST,SIMPLEX,MULTICAST> metric 3 mtu 9000", 3, 9000),
        ("wm0: flags=0<>", 0, 0),
        ("wm0: flags=0x8943<UP,BROADCAST,RUNNING>wm0: flags=0x8943<PROMISC,SIMPLEX,MULTICAST> mtu 1500", 6, 1500),
    ],
)
def test_the_first_line_of_an_interface(line: str, flags: int, mtu: int) -> None:
    found = ifconfig.parse_interfaces(line + "\n")["wm0"]
    assert (len(found.flags), found.mtu) == (flags, mtu)


# Each line of `brconfig -a`, and the arguments that make a new bridge like it.
BRCONFIG_LINES = [
    ("\tConfiguration:", []),
    ("\t\tpriority 32768 hellotime 2 fwddelay 15 maxage 20", []),
    ("\t\tpriority 100 hellotime 2 fwddelay 4 maxage 20", [["priority", "100"], ["fwddelay", "4"]]),
    ("\t\tipfilter disabled flags 0x0", []),
    ("\t\tipfilter enabled flags 0x1", [["ipf"]]),
    ("\tInterfaces:", []),
    ("\t\twm0 flags=3<LEARNING,DISCOVER>", []),
    ("\t\twm0 flags=7<LEARNING,DISCOVER,STP>", [["stp", "wm0"]]),
    ("\t\twm0 flags=b<LEARNING,DISCOVER,PROTECTED>", [["protect", "wm0"]]),
    ("\t\twm0 flags=0<>", [["-learn", "wm0"], ["-discover", "wm0"]]),
    ("\t\t\tport 1 priority 128", []),
    ("\t\t\tport 1 priority 64", [["ifpriority", "wm9", "64"]]),
    ("\t\t\tport 1 priority 128 path cost 55 forwarding", []),
    ("\t\t\tport 1 priority 128 path cost 200 <unknown state 9>", [["ifpathcost", "wm9", "200"]]),
    ("\tAddress cache (max cache: 100, timeout: 1200):", []),
    ("\tAddress cache (max cache: 9, timeout: 60):", [["maxaddr", "9"], ["timeout", "60"]]),
    ("\t\t00:16:3e:00:00:11 wm9 1187 flags=0<>", []),
    ("\t\t00:16:3e:00:00:11 wm9 0 flags=1<STATIC>", [["static", "wm9", "00:16:3e:00:00:11"]]),
]


@pytest.mark.parametrize(("line", "words"), BRCONFIG_LINES)
def test_lines_of_brconfig(line: str, words: list[list[str]]) -> None:
    text = f"bridge0: flags=41<UP,RUNNING>\n\t\twm9 flags=3<LEARNING,DISCOVER>\n{line}\n"
    assert brconfig.parse_settings(text) == {"bridge0": words}
    is_member = line.startswith("\t\twm0 ")
    assert ifconfig.parse_bridges(text) == {"bridge0": ["wm9", *(["wm0"] if is_member else [])]}
