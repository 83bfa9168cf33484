# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests that were read, as hosts: which name each has, which address, and which way leads there."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from ansible_collections.netbsd.xen.plugins.plugin_utils._inventory import hosts
from ansible_collections.netbsd.xen.plugins.plugin_utils._inventory.dom0s import DeclaredGuest, Dom0
from ansible_collections.netbsd.xen.plugins.plugin_utils._inventory.hosts import Host

KEY = "ssh-ed25519 AAAAguest"
FOLDER = "/home/me/known_hosts"
CONNECTION = {"ansible_host": "192.0.2.1", "ansible_user": "admin", "ansible_port": 2222}


def guest(name: str = "web1", **told: Any) -> dict[str, Any]:
    known = {"state": "running", "type": "pv", "system": "netbsd", "memory": 64, "vcpus": 1, "domid": 3, "uuid": "u"}
    lists: dict[str, Any] = {"macs": [], "bridges": ["bridge0"], "addresses": []}
    more = {"toolstack": "xl", "config_file": f"/x/{name}", "has_network": True, "login": None}
    return {"name": name, **known, **lists, **more, **told}


def login(address: str = "10.0.2.21", *keys: str) -> dict[str, Any]:
    return {"address": address, "user": "root", "host_keys": list(keys or (KEY,)), "seen": "ssh", "proof": "words"}


def dom0(name: str = "xen1", connection: Any = CONNECTION, **guests: DeclaredGuest) -> Dom0:
    return Dom0(name, {}, connection, guests=guests)


def nobody(addresses: list[str]) -> dict[str, frozenset[str]]:
    raise AssertionError(f"looked at {addresses}")


def made(
    *guests: dict[str, Any], here: Dom0 | None = None, scan: Any = nobody, **options: Any
) -> tuple[list[Host], list[str]]:
    here = here or dom0()
    found = {here.name: {"names": [each["name"] for each in guests], "guests": list(guests)}}
    return hosts.hosts({here.name: here}, found, scan, FOLDER, **options)


def one(*guests: dict[str, Any], **options: Any) -> Host:
    ((host,), left_out) = made(*guests, **options)
    assert left_out == []
    return host


def ssh_options(host: Host) -> dict[str, str]:
    words = shlex.split(host.connection.get("ansible_ssh_common_args", ""))
    assert words[::2] == ["-o"] * (len(words) // 2)
    return dict(word.split("=", 1) for word in words[1::2])


def test_an_installed_guest_is_reached_through_its_dom0_and_only_its_own_keys_are_taken() -> None:
    host = one(guest(login=login()))
    given = {name: value for name, value in host.connection.items() if name != "ansible_ssh_common_args"}
    assert given.pop("ansible_control_path").startswith("%(directory)s/")
    assert given == {
        "ansible_connection": "ssh",
        "ansible_host": "10.0.2.21",
        "ansible_user": "root",
        "ansible_host_key_checking": True,
        "netbsd_xen_dom0": "xen1",
    }
    options = ssh_options(host)
    assert (options["StrictHostKeyChecking"], options["HostKeyAlias"]) == ("yes", "web1")
    assert options["ProxyCommand"] == "ssh -p 2222 -l admin -W '[%h]:%p' 192.0.2.1"
    assert host.way is not None and host.way.known_hosts == (f"web1 {KEY}",)


def test_of_a_guest_whose_keys_nobody_knows_ssh_itself_decides_by_the_name_of_the_host() -> None:
    host = one(guest(addresses=["10.0.2.31"]))
    assert set(ssh_options(host)) == {"HostKeyAlias", "CheckHostIP", "ProxyCommand"}
    assert not {"ansible_user", "ansible_host_key_checking"} & set(host.connection)
    assert host.way is not None and host.way.known_hosts == ()
    straight = one(guest(addresses=["10.0.2.31"]), jump="never")
    assert "ansible_ssh_common_args" not in straight.connection


@pytest.mark.parametrize(
    ("declared", "installed", "told", "address"),
    [
        ("10.0.2.20", login("10.0.2.21"), ["10.0.2.22"], "10.0.2.20"),
        ("", login("10.0.2.21"), ["10.0.2.22"], "10.0.2.21"),
        ("", login(""), ["10.0.2.22", "10.0.2.23"], "10.0.2.22"),
        ("", None, ["fd00::1"], "fd00::1"),
        # What comes from a machine must not become an option of ssh, nor a part of one.
        ("", login("-oProxyCommand=id"), ["`id`", "fe80::1%id", "10.0.2.24"], "10.0.2.24"),
        ("", None, [], None),
    ],
)
def test_an_address_is_that_of_the_declaration_the_installation_or_the_dom0(
    declared: str, installed: Any, told: list[str], address: str | None
) -> None:
    host = one(guest(login=installed, addresses=told), here=dom0(web1=DeclaredGuest(address=declared)))
    assert host.connection.get("ansible_host") == address


def test_jump_auto_looks_once_and_goes_straight_where_it_sees_the_guests_own_key() -> None:
    asked = []

    def scan(addresses: list[str]) -> dict[str, frozenset[str]]:
        asked.append(addresses)
        return {"10.0.2.21": frozenset([KEY]), "10.0.2.22": frozenset(["ssh-ed25519 AAAAother"])}

    guests = [guest(login=login()), guest("web2", login=login("10.0.2.22")), guest("web3", addresses=["10.0.2.23"])]
    found, _left_out = made(*guests, scan=scan, jump="auto")
    assert asked == [["10.0.2.21", "10.0.2.22"]]
    assert ["ProxyCommand" in ssh_options(host) for host in found] == [False, True, True]


def test_a_dom0_that_is_the_controller_itself_is_no_way() -> None:
    host = one(guest(login=login()), here=dom0(connection={"ansible_connection": "local"}))
    assert "ProxyCommand" not in ssh_options(host)


@pytest.mark.parametrize(
    ("console", "by_console"),
    [
        ("without_network", ["none"]),
        ("without_address", ["none", "lost"]),
        ("always", ["none", "lost", "web1"]),
        ("never", []),
    ],
)
def test_who_is_reached_at_the_console(console: str, by_console: list[str]) -> None:
    guests = [guest("none", has_network=False, toolstack="xm"), guest("lost"), guest(login=login())]
    found, _left_out = made(*guests, console=console)
    assert [host.name for host in found if host.needs_dom0] == by_console
    for host in found:
        if host.needs_dom0:
            assert host.connection == {
                "ansible_connection": "netbsd.xen.console",
                "ansible_console_dom0": "xen1",
                "ansible_console_guest": host.name,
                "ansible_console_toolstack": "xm" if host.name == "none" else "xl",
            }
    ways = {host.name: bool(host.connection) for host in found if not host.needs_dom0}
    assert ways == {name: name == "web1" for name in ("none", "lost", "web1") if name not in by_console}


def test_names_that_say_too_little_have_the_dom0s_behind_them() -> None:
    here = {"xen1": dom0("xen1", other=DeclaredGuest()), "xen2": dom0("xen2")}
    found = {
        "xen1": {"names": ["web1", "mail"], "guests": [guest("web1"), guest("mail")]},
        # other is not wanted here, and the dom0 of the same name is no guest; what is declared may come any time.
        "xen2": {
            "names": ["web1", "other", "xen1", "localhost"],
            "guests": [guest("web1", login=login()), guest("other"), guest("xen1"), guest("localhost")],
        },
    }
    names = [host.name for host in hosts.hosts(here, found, nobody, FOLDER)[0]]
    assert names == ["web1.xen1", "mail", "web1.xen2", "other.xen2", "xen1.xen2", "localhost.xen2"]
    found["xen1"]["guests"] = []
    (web, *_others) = hosts.hosts(here, found, nobody, FOLDER)[0]
    assert web.name == "web1.xen2"
    assert ssh_options(web)["HostKeyAlias"] == "web1.xen2"
    assert (web.about["netbsd_xen_guest"], web.about["netbsd_xen_dom0"]) == ("web1", "xen2")


@pytest.mark.parametrize("name", ["{{ 7 }}", "a,b", "web:1", "-web", "", "web 1", "web\n1", "[1:9]"])
def test_a_name_that_is_none_for_a_host_is_left_out_with_a_word(name: str) -> None:
    found, (line,) = made(guest(name), guest("web1"))
    assert [host.name for host in found] == ["web1"]
    assert line == f"xen1: guest {name!r} is left out: such a name is none for a host"


def test_a_name_that_another_guest_has_with_its_dom0_is_left_out_with_a_word() -> None:
    here = {"xen1": dom0("xen1"), "xen2": dom0("xen2")}
    found = {
        "xen1": {"names": ["a", "a.xen2"], "guests": [guest("a"), guest("a.xen2")]},
        "xen2": {"names": ["a"], "guests": [guest("a")]},
    }
    made_here, (line,) = hosts.hosts(here, found, nobody, FOLDER)
    assert [host.name for host in made_here] == ["a.xen1", "a.xen2"]
    assert line == "xen2: guest 'a' is left out: another one is called a.xen2"


def test_what_is_known_of_a_guest_is_said_and_the_system_is_what_the_admin_says() -> None:
    (web, alone), _left_out = made(
        guest("web1"), guest("alone", state="shutdown", domid=None), here=dom0(web1=DeclaredGuest("linux"))
    )
    assert (web.about["netbsd_xen_system"], web.about["netbsd_xen_declared"]) == ("linux", True)
    assert (alone.about["netbsd_xen_system"], alone.about["netbsd_xen_declared"]) == ("netbsd", False)
    assert (alone.about["netbsd_xen_state"], alone.about["netbsd_xen_domid"]) == ("shutdown", None)
