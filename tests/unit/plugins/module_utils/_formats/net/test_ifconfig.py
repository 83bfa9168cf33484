# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ifconfig's and brconfig's output, and bridge files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats.net import (
    brconfig,
    ifconfig,
    ifconfig_address,
    interface_files,
    netstat,
)

# record bridge-file-create (NetBSD 7.99.10)
IFCONFIG_A = """\
wm0: flags=8b43<UP,BROADCAST,RUNNING,PROMISC,ALLMULTI,SIMPLEX>wm0: flags=8b43<MULTICAST> mtu 1500
\tcapabilities=2bf80<TSO4,IP4CSUM_Rx,IP4CSUM_Tx,TCP4CSUM_Rx>
\tenabled=0
\taddress: 52:54:00:12:34:56
\tmedia: Ethernet autoselect (1000baseT full-duplex)
\tstatus: active
\tinet 10.0.2.15 netmask 0xffffff00 broadcast 10.0.2.255
\tinet6 fe80::5054:ff:fe12:3456%wm0 prefixlen 64 scopeid 0x1
lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 33648
\tinet 127.0.0.1 netmask 0xff000000
\tinet6 ::1 prefixlen 128
bridge0: flags=41<UP,RUNNING> mtu 1500
bridge1: flags=0 mtu 1500
"""
# record after-reboot (NetBSD 7.99.10), with an address cache that looks like members
BRCONFIG_A = """\
bridge0: flags=41<UP,RUNNING>
\tConfiguration:
\t\tpriority 32768 hellotime 2 fwddelay 15 maxage 20
\t\tipfilter disabled flags 0x0
\tInterfaces:
\t\txvif3i0 flags=3<LEARNING,DISCOVER>
\t\t\tport 4 priority 128
\t\twm0 flags=3<LEARNING,DISCOVER>
\t\t\tport 1 priority 128
\tAddress cache (max cache: 100, timeout: 1200):
\t\t52:56:00:00:00:02 wm0 1198 flags=0<>
\t\t00:16:3e:00:00:11 xvif3i0 1172 flags=0<>
bridge1: flags=0<>
\tConfiguration:
\t\tpriority 32768 hellotime 2 fwddelay 15 maxage 20
\t\tipfilter disabled flags 0x0
\tInterfaces:
\tAddress cache (max cache: 100, timeout: 1200):
"""


def test_flags_in_two_pieces():
    found = ifconfig.parse_interfaces(IFCONFIG_A)
    assert list(found) == ["wm0", "lo0", "bridge0", "bridge1"]
    assert found["wm0"].flags[0] == "UP" and found["wm0"].flags[-1] == "MULTICAST"
    assert (found["wm0"].mtu, found["lo0"].mtu) == (1500, 33648)
    assert found["wm0"].addresses == ["10.0.2.15", "fe80::5054:ff:fe12:3456"]
    assert (found["bridge0"].flags, found["bridge1"].flags) == (["UP", "RUNNING"], [])


def test_members_are_not_mixed_up_with_the_address_cache():
    assert ifconfig.parse_bridges(BRCONFIG_A) == {"bridge0": ["xvif3i0", "wm0"], "bridge1": []}
    assert ifconfig.parse_bridges("") == {}


@given(st.text(alphabet="wm0: flags=<UP,>\tInterfaces\nmtu 15", max_size=80))
def test_no_output_makes_it_fail(text):
    assert all(found.mtu >= 0 for found in ifconfig.parse_interfaces(text).values())
    assert all(isinstance(members, list) for members in ifconfig.parse_bridges(text).values())


# -- files


@pytest.mark.parametrize(
    "text",
    [
        "create\n!brconfig $int add wm0 up\n",  # record bridge-file-create
        "!brconfig $int add wm0 up\n",  # record bridge-file-nocreate
        "create\nup\n!brconfig bridge0 add wm0\n",  # record bridge-file-up
        "create\n!/sbin/brconfig ${int} add wm0 up\n",
        "up\n# members\n!brconfig $int \\\n  add wm0\n",
        "!brconfig $int add wm0; brconfig $int up\n",
        "!brconfig $int stp wm0 add wm0 && ifconfig $int up\n",
        "!brconfig bridge0 add wm0 up\n!brconfig bridge9 add wm9\n!route add default 10.0.0.1\n",
    ],
)
def test_every_spelling_of_one_bridge(text):
    found = interface_files.parse_bridge_file(text, "bridge0")
    assert (found.members, found.up, found.mtu, found.other) == (["wm0"], True, 1500, [])
    assert interface_files.update_bridge_file(text, "bridge0", ["wm0"], 1500, False).rstrip("\n") == text.rstrip("\n")


def test_a_line_for_the_shell_is_told():
    found = interface_files.parse_bridge_file("create\n!for i in wm0 wm1; do brconfig $int add $i; done\n", "bridge0")
    assert found.other == [(2, "!for i in wm0 wm1; do brconfig $int add $i; done")]


def update(text, members, mtu=1500, set_members=False):
    after = interface_files.update_bridge_file(text, "bridge0", members, mtu, set_members)
    assert interface_files.update_bridge_file(after, "bridge0", members, mtu, set_members) == after
    found = interface_files.parse_bridge_file(after, "bridge0")
    assert sorted(found.members) == sorted(members) and found.up and found.mtu == mtu
    return after


def test_a_new_file():
    assert update("", ["wm0", "wm1"]) == "create\n!brconfig $int add wm0 up\n!brconfig $int add wm1 up\n"
    assert update("", []) == "create\nup\n"
    assert update("", ["wm0"], 9000, True) == "create\nmtu 9000\n!ifconfig wm0 mtu 9000\n!brconfig $int add wm0 up\n"


def test_other_lines_stay():
    text = "# office\ncreate\ninet 10.0.0.1/24\n!brconfig $int stp wm0 add wm0 add wm1 up\n!echo hello\n"
    assert update(text, ["wm0", "wm2"]) == text.replace(" add wm1", "") + "!brconfig $int add wm2 up\n"


# Every word of brconfig (its command table in sbin/brconfig/brconfig.c), with the arguments that it has. Those that
# name a member go with it; brconfig ends at one for a member that is not there.
WORDS_OF_A_MEMBER = (
    "add wm1",
    "delete wm1",
    "discover wm1",
    "-discover wm1",
    "learn wm1",
    "-learn wm1",
    "stp wm1",
    "-stp wm1",
    "protect wm1",
    "-protect wm1",
    "ifpriority wm1 64",
    "ifpathcost wm1 200",
    "static wm1 00:16:3e:00:00:01",
)
WORDS_OF_THE_BRIDGE = (
    "up",
    "flush",
    "flushall",
    "addr",
    "maxaddr 200",
    "timeout 1200",
    "deladdr 00:16:3e:00:00:01",
    "hellotime 2",
    "fwddelay 15",
    "maxage 20",
    "priority 32768",
    "ipf",
    "-ipf",
)


@pytest.mark.parametrize("words", WORDS_OF_A_MEMBER)
def test_a_word_about_a_member_goes_with_it(words):
    text = f"create\n!brconfig $int {words}\n!brconfig $int add wm0 stp wm0 {words}  add wm1  up\n"
    assert update(text, ["wm0"]) == "create\n!brconfig $int add wm0 stp wm0  up\n"
    assert update(text, ["wm0", "wm1"]) == text


@pytest.mark.parametrize("words", WORDS_OF_THE_BRIDGE)
def test_a_word_about_the_bridge_stays(words):
    assert update(f"create\n!brconfig $int add wm0 up {words} add wm1\n", ["wm0"]) == (
        f"create\n!brconfig $int add wm0 up {words}\n"
    )


def test_names_of_members_may_be_like_words():
    """What follows a word that takes arguments is none itself."""
    assert interface_files.parse_bridge_file("!brconfig $int add up\n", "bridge0").up is False
    assert interface_files.parse_bridge_file("!brconfig $int stp add\n", "bridge0").members == []


def test_names_of_interfaces_with_other_signs():
    text = "wm0.5: flags=8843<UP> mtu 1500\nvlan10: flags=8843<UP> mtu 1496\n\tvlan: 10 parent: wm0.5\n"
    found = ifconfig.parse_interfaces(text)
    assert (list(found), found["vlan10"].vlan) == (["wm0.5", "vlan10"], (10, "wm0.5"))


def test_a_line_that_only_added_goes():
    assert update("create\n!brconfig $int add wm0\nup\n", []) == "create\nup\n"


def test_mtu_comes_before_the_members():
    text = "create\n!brconfig $int add wm0 up\n"
    assert update(text, ["wm0"], 9000) == "create\nmtu 9000\n!brconfig $int add wm0 up\n"
    assert update("mtu 1400 up\n" + text, ["wm0"], 9000).splitlines()[0] == "mtu 9000"
    assert update("create\nmtu 1400\n!brconfig $int add wm0 up\n", ["wm0"], 1500).splitlines()[1] == "mtu 1500"
    changed = update("create\nmtu 1400\n!ifconfig wm0 mtu 1400\n!brconfig $int add wm0 up\n", ["wm0"], 9000, True)
    assert changed == "create\nmtu 9000\n!ifconfig wm0 mtu 9000\n!brconfig $int add wm0 up\n"


@pytest.mark.parametrize(
    "line", ["!brconfig $int add wm0 up; brconfig $int add wm1\n", "!brconfig $int \\\n add wm1 up\n"]
)
def test_a_member_that_cannot_be_taken_out(line):
    with pytest.raises(interface_files.NotUnderstood):
        interface_files.update_bridge_file(line, "bridge0", ["wm0"], 1500, False)


pieces = st.sampled_from(
    [
        "create\n",
        "up\n",
        "mtu 1400\n",
        "!brconfig $int add wm0 up\n",
        "!brconfig $int add wm1\n",
        "# x\n",
        "\n",
        "inet 10.0.0.1\n",
    ]
)


@given(st.lists(pieces), st.sets(st.sampled_from(["wm0", "wm1", "wm2"])), st.sampled_from([1500, 9000]), st.booleans())
def test_any_file_can_be_brought_to_any_bridge(lines, members, mtu, set_members):
    text = "".join(lines)
    after = update(text, sorted(members), mtu, set_members)
    kept = [line for line in lines if line.startswith(("#", "inet"))]
    assert [line + "\n" for line in after.splitlines() if line.startswith(("#", "inet"))] == kept


# -- addresses


# By release. 7.99.10: records tap-show-addr and vlan-show. 5 and 7: af_inet.c and af_inet6.c of those branches; 8 to 10
# the same of theirs, as public reports of 8 and 9.0 show them.
OLD = """\
tap905: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1400
\tec_capabilities=5<VLAN_MTU,JUMBO_MTU>
\tec_enabled=0
\taddress: f2:0b:a4:5c:19:fc
\tmedia: Ethernet autoselect
\tinet 10.9.8.1 netmask 0xffffff00 broadcast 10.9.8.255
\tinet alias 10.9.7.1 netmask 0xffff0000 broadcast 10.9.255.255
\tinet6 fe80::f00b:a4ff:fe5c:19fc%tap905 prefixlen 64 tentative scopeid 0x4
\tinet6 2001:db8::7 prefixlen 64 deprecated
"""
NEW = """\
vmx0: flags=0x8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500
\tcapabilities=7fd80<TSO4,IP4CSUM_Rx,TCP4CSUM_Rx,TCP4CSUM_Tx>
\tenabled=7fd80<TSO4,IP4CSUM_Rx,TCP4CSUM_Rx,TCP4CSUM_Tx>
\tenabled=7fd80<UDP4CSUM_Rx,UDP4CSUM_Tx,TCP6CSUM_Rx,TCP6CSUM_Tx>
\tec_capabilities=7<VLAN_MTU,VLAN_HWTAGGING,JUMBO_MTU>
\tec_enabled=2<VLAN_HWTAGGING>
\taddress: 00:50:56:b9:ec:eb
\tmedia: Ethernet autoselect (10Gbase-T)
\tstatus: active
\tinet 0.0.0.0/8 broadcast 255.255.255.255 flags 0x0
\tinet 10.10.10.218/24 broadcast 10.10.10.255 flags 0x0
\tinet 10.10.11.218/25 broadcast 10.10.11.255 flags 0x1<TENTATIVE>
\tinet6 fe80::250:56ff:feb9:eceb%vmx0/64 flags 0x0 scopeid 0x1
\tinet6 fe80::1%vmx0/64 flags 0x0 scopeid 0x1
\tinet6 2001:db8::250:56ff:feb9:eceb/64 flags 0x40<AUTOCONF>
\tinet6 2001:db8::99/64 flags 0xc2<TENTATIVE,AUTOCONF,TEMPORARY>
\tinet6 2001:db8::7/64 flags 0x1<ANYCAST>
lo0: flags=0x8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 33624
\tinet 127.0.0.1/8 flags 0x0
\tinet6 ::1/128 flags 0x20<NODAD>
\tinet6 fe80::1%lo0/64 flags 0x0 scopeid 0x2
"""


@pytest.mark.parametrize(
    ("text", "name", "networks", "sixes", "given"),
    [
        (
            OLD,
            "tap905",
            ["10.9.8.1/24", "10.9.7.1/16"],
            ["fe80::f00b:a4ff:fe5c:19fc/64", "2001:db8::7/64"],
            [
                "inet 10.9.8.1/24 alias",
                "inet 10.9.7.1/16 alias",
                "inet6 2001:db8::7 prefixlen 64 deprecated alias",
            ],
        ),
        (
            NEW,
            "vmx0",
            ["0.0.0.0/8", "10.10.10.218/24", "10.10.11.218/25"],
            [
                "fe80::250:56ff:feb9:eceb/64",
                "fe80::1/64",
                "2001:db8::250:56ff:feb9:eceb/64",
                "2001:db8::99/64",
                "2001:db8::7/64",
            ],
            [
                "inet 10.10.10.218/24 alias",
                "inet 10.10.11.218/25 alias",
                "inet6 fe80::1%vmx0 prefixlen 64 alias",
                "inet6 2001:db8::7 prefixlen 64 anycast alias",
            ],
        ),
    ],
)
def test_the_addresses_of_every_release(text, name, networks, sixes, given):
    found = ifconfig.parse_interfaces(text)[name]
    assert found.networks == networks
    assert [each.network for each in found.all_addresses if each.family == "inet6"] == sixes
    again = [each for each in found.all_addresses if not ifconfig_address.comes_by_itself(each, found.link)]
    assert [" ".join(ifconfig_address.arguments(each)) for each in again] == given


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("\tinet 10.0.0.1 -> 10.0.0.2 netmask 0xffffffff", "inet 10.0.0.1/32 10.0.0.2 alias"),
        ("\tinet 10.0.0.1/32 -> 10.0.0.2 flags 0x0", "inet 10.0.0.1/32 10.0.0.2 alias"),
        ("\tinet6 2001:db8::1 -> 2001:db8::2 prefixlen 128", "inet6 2001:db8::1 2001:db8::2 prefixlen 128 alias"),
        ("\tinet 10.0.0.1 netmask 0xff00ff00 broadcast 10.255.0.255",
         "inet 10.0.0.1 netmask 0xff00ff00 broadcast 10.255.0.255 alias"),
        ("\tinet 10.0.0.1/24 broadcast 10.0.0.0 flags 0x0", "inet 10.0.0.1/24 broadcast 10.0.0.0 alias"),
        ("\tinet 10.0.0.1/24 broadcast 10.0.0.255 flags 0x0 preference 5", "inet 10.0.0.1/24 alias preference 5"),
    ],
)
def test_other_forms_of_an_address(line, words):
    found = ifconfig_address.parse(line)
    assert " ".join(ifconfig_address.arguments(found)) == words


@pytest.mark.parametrize(
    "line",
    ["\tinet", "\tinet alias", "\tinet  netmask 0xff000000", "\tinet6 10.0.0.1/8", "\ttunnel inet 10.0.0.1 -> x"],
)
def test_what_is_no_address(line):
    assert ifconfig_address.parse(line) is None


@given(st.text(alphabet="inet6 alias%/->:0123456789abcdefx.<,>netmaskprefixlen\x00", max_size=60))
def test_no_line_makes_the_reader_of_addresses_fail(text):
    found = ifconfig_address.parse("\tinet6 fe80::1%wm0 " + text)
    assert ifconfig_address.arguments(found)[0] == "inet6"
    ifconfig_address.parse("\tinet " + text)


def test_what_else_an_interface_has():
    found = ifconfig.parse_interfaces(NEW)["vmx0"]
    assert found.enabled[0] == "TSO4" and len(found.enabled) == 8
    assert ["ip4csum-rx"] in ifconfig.settings(found) and ["tcp6csum-tx"] in ifconfig.settings(found)
    text = 'vlan7: flags=9883<UP,BROADCAST,NOARP,SIMPLEX,LINK0> mtu 1500\n\tdescription: "office net"\n\tenabled=0\n'
    assert ifconfig.settings(ifconfig.parse_interfaces(text)["vlan7"]) == [
        ["description", "office net"],
        ["-arp"],
        ["link0"],
    ]


def test_what_a_bridge_has_beside_its_members():
    assert brconfig.parse_settings(BRCONFIG_A) == {"bridge0": [], "bridge1": []}
    text = (
        "bridge0: flags=41<UP,RUNNING>\n\tConfiguration:\n"
        "\t\tpriority 100 hellotime 2 fwddelay 4 maxage 20\n\t\tipfilter disabled flags 0x0\n\tInterfaces:\n"
        "\t\twm0 flags=7<LEARNING,DISCOVER,STP>\n\t\t\tport 1 priority 64 path cost 10 forwarding\n"
        "\t\twm1 flags=2<DISCOVER>\n\t\t\tport 2 priority 128\n"
        "\tAddress cache (max cache: 500, timeout: 1200):\n"
        "\t\t52:56:00:00:00:02 wm0 1198 flags=0<>\n\t\t52:56:00:00:00:03 wm1 0 flags=1<STATIC>\n"
    )
    assert [" ".join(words) for words in brconfig.parse_settings(text)["bridge0"]] == [
        "priority 100",
        "fwddelay 4",
        "stp wm0",
        "ifpriority wm0 64",
        "ifpathcost wm0 10",
        "-learn wm1",
        "maxaddr 500",
        "static wm1 52:56:00:00:00:03",
    ]


def test_the_routes_that_somebody_gave():
    # record bridge-file-create (NetBSD 7.99.10), with a network, a host and a blocked one more
    text = """\
Routing tables

Internet:
Destination        Gateway            Flags    Refs      Use    Mtu Interface
default            10.0.2.2           UGS         -        -      -L wm0
10.0.2/24          link#1             UC          -        -      -  wm0
10.0.2.2           52:55:0a:00:02:02  UHLc        -        -      -  wm0
10.5/16            10.0.2.7           UGS         -        -      -  wm0
10.6.0.1           10.0.2.7           UGHS        -        -      -  wm0
127/8              127.0.0.1          UGRS        -        -  33648  lo0
"""
    found = [(route.destination, route.gateway) for route in netstat.parse_static(text, "inet")]
    assert found == [("default", "10.0.2.2"), ("10.5.0.0/16", "10.0.2.7"), ("10.6.0.1", "10.0.2.7")]
    six = "default      fe80::1%vlan10    UGS  -  -  -  vlan10\n2001:db8:5::/48 2001:db8::2 UGS - - - wm0\n"
    assert netstat.parse_static(six, "inet6") == [
        netstat.Route("inet6", "default", "fe80::1%vlan10", "vlan10"),
        netstat.Route("inet6", "2001:db8:5::/48", "2001:db8::2", "wm0"),
    ]


@given(st.text(alphabet="default 10.0.2/4GUSH-\n\x00", max_size=60))
def test_no_routing_table_makes_it_fail(text):
    assert all(route.gateway for route in netstat.parse_static(text, "inet"))
