# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests as hosts of an inventory: who joins, under which name, and by which way."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest

from ansible_collections.netbsd.xen.plugins.plugin_utils import _guest_hosts
from ansible_collections.netbsd.xen.plugins.plugin_utils._guest_hosts import Dom0

KEY, OTHER = "ssh-ed25519 AAAAguest", "ssh-ed25519 AAAAother"
CONNECTION = {
    "ansible_host": "192.0.2.1",
    "ansible_port": 2222,
    "ansible_user": "admin",
    "ansible_ssh_private_key_file": "/home/me/my keys/100%",
    "ansible_ssh_args": "-o ControlMaster=auto -o 'ControlPath=/tmp/%h'",
}
FOLDER = "/home/me/.ansible/netbsd_xen/known_hosts"


def guest(name="web1", **keys):
    return {"name": name, "nics": ["bridge0"], "install": {"release": "10.1"}, **keys}


def login(address="10.0.2.21", keys=(KEY,), seen="ssh"):
    return {"address": address, "user": "root", "host_keys": list(keys), "seen": seen, "proof": "the words"}


def dom0(name="xen1", guests=None, logins=None, connection=CONNECTION, **given):
    guests = (guest(),) if guests is None else guests
    logins = {each["name"]: login() for each in guests} if logins is None else logins
    return Dom0(name, connection, tuple(guests), logins, ("netbsd_xen_guests",), **given)


class Net:
    """Which keys the controller sees where."""

    def __init__(self, **_nothing):
        self.asked, self.answers = [], {}

    def __call__(self, addresses):
        self.asked.append(addresses)
        return {address: frozenset(keys) for address, keys in self.answers.items() if address in addresses}


@pytest.fixture
def net():
    return Net()


def hosts(net, *dom0s):
    return _guest_hosts.hosts(dom0s, net, FOLDER)


def options(host):
    words = shlex.split(host.ssh_common_args)
    assert words[::2] == ["-o"] * (len(words) // 2)
    return dict(word.split("=", 1) for word in words[1::2])


def test_through_the_dom0(net):
    ((found,), left_out) = hosts(net, dom0())
    assert left_out == [] and net.asked == [["10.0.2.21"]]
    assert (found.name, found.address, found.user, found.straight) == ("web1", "10.0.2.21", "root", False)
    given = options(found)
    assert given["StrictHostKeyChecking"] == "yes" and given["HostKeyAlias"] == "web1"
    assert given["UserKnownHostsFile"] == f'"{FOLDER}/web1"' == f'"{found.path}"'
    assert found.known_hosts == (f"web1 {KEY}",)
    # As ssh's own command for a jump host, to which a percent sign is the begin of something.
    way = [word.replace("%%", "%") for word in shlex.split(given["ProxyCommand"])]
    assert way[:5] == ["ssh", "-o", "ControlMaster=auto", "-o", "ControlPath=/tmp/%h"]
    assert way[5:] == ["-p", "2222", "-l", "admin", "-i", "/home/me/my keys/100%", "-W", "[%h]:%p", "192.0.2.1"]


@pytest.mark.parametrize(
    ("seen", "known"),
    [("/usr/pkg/bin/python3.13", "/usr/pkg/bin/python3.13"), ("", None), (None, None), ("/bin/sh -c 'x' #", None)],
)
def test_the_python_that_was_seen_in_it(net, seen, known):
    """A plain path or nothing: it comes from a machine."""
    told = {**login(), "python": seen} if seen is not None else login()
    ((found,), _left_out) = hosts(net, dom0(logins={"web1": told}))
    assert _guest_hosts.variables(found).get("ansible_python_interpreter") == known


@pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no ssh")
def test_ssh_takes_all_of_it(net):
    ((found,), _left_out) = hosts(net, dom0())
    said = subprocess.run(
        ["ssh", "-F", "/dev/null", "-G", *shlex.split(found.ssh_common_args), found.address],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    assert f"userknownhostsfile {found.path}" in said and "stricthostkeychecking true" in said
    way = [line.partition(" ")[2] for line in said if line.startswith("proxycommand ")]
    assert way == [options(found)["ProxyCommand"]]


def test_straight_where_the_controller_sees_the_guests_own_key(net):
    net.answers = {"10.0.2.21": [OTHER, KEY]}
    ((found,), _left_out) = hosts(net, dom0())
    assert found.straight and "ProxyCommand" not in options(found)


def test_another_machine_at_that_address_is_not_the_guest(net):
    net.answers = {"10.0.2.21": [OTHER]}
    ((found,), _left_out) = hosts(net, dom0())
    assert not found.straight


@pytest.mark.parametrize(("jump", "straight"), [("always", False), ("never", True)])
def test_who_says_how_is_not_looked_for(net, jump, straight):
    ((found,), _left_out) = hosts(net, dom0(jump=jump))
    assert (found.straight, net.asked) == (straight, [])


def test_the_dom0_may_be_the_controller_itself(net):
    ((found,), _left_out) = hosts(net, dom0(connection={"ansible_connection": "local"}))
    assert (found.straight, net.asked) == (True, [])


def test_two_guests_of_one_name_and_one_address_are_never_taken_for_each_other(net):
    found, _left_out = hosts(net, dom0("xen1"), dom0("xen2", logins={"web1": login(keys=(OTHER,))}))
    assert [each.name for each in found] == ["web1.xen1", "web1.xen2"]
    assert len({each.path for each in found}) == len({each.control_path for each in found}) == 2
    assert [options(each)["HostKeyAlias"] for each in found] == ["web1.xen1", "web1.xen2"]


def test_the_name_does_not_hang_on_whether_the_other_has_come_up(net):
    ((found,), _left_out) = hosts(net, dom0("xen1"), dom0("xen2", logins={}))
    assert found.name == "web1.xen1"


@pytest.mark.parametrize(
    "guests",
    [
        [guest(state="absent")],
        [guest(state="shutdown")],
        [{**guest(), "install": None}],
        [guest(nics=[])],
        [guest("web2")],
        ["web1"],
        [],
    ],
)
def test_who_is_not_meant_is_not_spoken_of(net, guests):
    assert hosts(net, dom0(guests=guests, logins={"web1": login()})) == ([], [])


@pytest.mark.parametrize(
    ("of", "words"),
    [
        ({"address": ""}, "nobody knows its address (the words)"),
        ({"address": "-oProxyCommand=id"}, "what its dom0 gives for its address is none"),
        ({"address": "fe80::1%`id`"}, "what its dom0 gives for its address is none"),
        ({"keys": ()}, "its host keys are not known, and none is accepted blindly"),
        ({"seen": "console"}, "neither its dom0 nor the controller reaches it over ssh"),
    ],
)
def test_who_can_not_be_reached_is_said(net, of, words):
    found, (line,) = hosts(net, dom0(logins={"web1": login(**of)}))
    assert found == [] and line == f"xen1: guest web1 does not join the inventory: {words}"


def test_a_guest_that_dom0_does_not_reach_may_be_near_the_controller(net):
    net.answers = {"10.0.2.21": [KEY]}
    ((found,), left_out) = hosts(net, dom0(logins={"web1": login(seen="console")}))
    assert found.straight and left_out == []


def test_who_has_joined_is_not_looked_for_again(net):
    assert hosts(net, dom0(present={"web1": "10.0.2.21"})) == ([], []) and net.asked == []
    ((found,), _left_out) = hosts(net, dom0(present={"web1": "10.0.2.20"}))
    assert found.address == "10.0.2.21"
