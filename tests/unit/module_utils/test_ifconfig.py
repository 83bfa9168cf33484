# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ifconfig's and brconfig's output, and bridge files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats import ifconfig

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
        "create\n!/sbin/brconfig ${int} add wm0 up",
        "up\n# members\n!brconfig $int \\\n  add wm0\n",
        "!brconfig $int add wm0; brconfig $int up\n",
        "!brconfig $int stp wm0 add wm0 && ifconfig $int up\n",
        "!brconfig bridge0 add wm0 up\n!brconfig bridge9 add wm9\n!route add default 10.0.0.1\n",
    ],
)
def test_every_spelling_of_one_bridge(text):
    found = ifconfig.parse_bridge_file(text, "bridge0")
    assert (found.members, found.up, found.mtu, found.other) == (["wm0"], True, 1500, [])
    assert ifconfig.update_bridge_file(text, "bridge0", ["wm0"], 1500, False).rstrip("\n") == text.rstrip("\n")


def test_a_line_for_the_shell_is_told():
    found = ifconfig.parse_bridge_file("create\n!for i in wm0 wm1; do brconfig $int add $i; done\n", "bridge0")
    assert found.other == [(2, "!for i in wm0 wm1; do brconfig $int add $i; done")]


def update(text, members, mtu=1500, set_members=False):
    after = ifconfig.update_bridge_file(text, "bridge0", members, mtu, set_members)
    assert ifconfig.update_bridge_file(after, "bridge0", members, mtu, set_members) == after
    found = ifconfig.parse_bridge_file(after, "bridge0")
    assert sorted(found.members) == sorted(members) and found.up and found.mtu == mtu
    return after


def test_a_new_file():
    assert update("", ["wm0", "wm1"]) == "create\n!brconfig $int add wm0 up\n!brconfig $int add wm1 up\n"
    assert update("", []) == "create\nup\n"
    assert update("", ["wm0"], 9000, True) == "create\nmtu 9000\n!ifconfig wm0 mtu 9000\n!brconfig $int add wm0 up\n"


def test_other_lines_stay():
    text = "# office\ncreate\ninet 10.0.0.1/24\n!brconfig $int stp wm0 add wm0 add wm1 up\n!echo hello\n"
    assert update(text, ["wm0", "wm2"]) == text.replace(" add wm1", "") + "!brconfig $int add wm2 up\n"


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
    with pytest.raises(ifconfig.NotUnderstood):
        ifconfig.update_bridge_file(line, "bridge0", ["wm0"], 1500, False)


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
