# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests that were read, as hosts of an inventory: their names, their variables and the way to each. Pure, but for a
look at host keys where somebody wants that."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.netbsd.xen.plugins.plugin_utils import _guest_hosts
from ansible_collections.netbsd.xen.plugins.plugin_utils._guest_hosts import AUTO, GuestHost, Scan
from ansible_collections.netbsd.xen.plugins.plugin_utils._inventory.dom0s import DeclaredGuest, Dom0

CONSOLE = "netbsd.xen.console"
WITHOUT_NETWORK, WITHOUT_ADDRESS, ALWAYS, NEVER = CONSOLES = ("without_network", "without_address", "always", "never")
# What is a host already, or no host at all, whatever a guest is called.
_TAKEN = frozenset(("all", "localhost", "ungrouped"))
# A name comes from a machine; here it must not mean several hosts, nor be taken for a template or an option.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*\Z")
# What stands in a guest's variables under the same name behind this word.
PREFIX = "netbsd_xen_"
_TOLD = ("state", "type", "memory", "vcpus", "domid", "uuid", "macs", "bridges", "toolstack", "config_file")


@dataclass(frozen=True)
class Host:
    """A guest as a host: ``about`` are its variables beside those for the connection, ``way`` how ssh gets there."""

    name: str
    dom0: str
    about: Mapping[str, Any]
    connection: Mapping[str, Any]
    way: GuestHost | None = None

    @property
    def needs_dom0(self) -> bool:
        """Whether its connection asks the inventory for its dom0."""
        return self.connection.get("ansible_connection") == CONSOLE


def hosts(
    dom0s: Mapping[str, Dom0],
    found: Mapping[str, Mapping[str, Any]],
    scan: Scan,
    folder: str,
    jump: str = _guest_hosts.ALWAYS,
    console: str = WITHOUT_NETWORK,
) -> tuple[list[Host], list[str]]:
    """The hosts, and a line for each guest that can be none. ``found`` is what ``reading.read`` gave, by dom0."""
    repeated = _repeated(dom0s, found)
    wanted = [(dom0s[dom0], guest) for dom0, each in found.items() for guest in each["guests"]]
    left_out = [
        f"{dom0.name}: guest {guest['name']!r} is left out: such a name is none for a host"
        for dom0, guest in wanted
        if not _NAME.match(guest["name"])
    ]
    named = [(dom0, guest) for dom0, guest in wanted if _NAME.match(guest["name"])]
    logins = [_login(dom0.guests.get(guest["name"], DeclaredGuest()), guest) for dom0, guest in named]
    asked = {each["address"] for each in logins if each["host_keys"]} if jump == AUTO else set()
    seen = scan(sorted(asked - {""})) if asked - {""} else {}
    made: list[Host] = []
    used: set[str] = set()
    for (dom0, guest), login in zip(named, logins):
        name = guest["name"] if guest["name"] not in repeated else f"{guest['name']}.{dom0.name}"
        if name in used:
            left_out.append(f"{dom0.name}: guest {guest['name']!r} is left out: another one is called {name}")
            continue
        used.add(name)
        way = None
        if login["address"]:
            near = _guest_hosts.Dom0(dom0.name, dom0.connection, (), {}, (), jump)
            way = _guest_hosts.reached(near, guest["name"], name, login, seen, folder)
        if _by_console(console, guest["has_network"], way):
            made.append(Host(name, dom0.name, _about(dom0, guest), _at_console(dom0, guest)))
        else:
            known = _guest_hosts.variables(way) if way else {}
            made.append(Host(name, dom0.name, _about(dom0, guest), known, way))
    return made, left_out


def _repeated(dom0s: Mapping[str, Dom0], found: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Names that say not enough: of guests of several dom0s, which may run or not, and of what is something else."""
    counted = Counter(
        name for dom0 in dom0s.values() for name in {*dom0.guests, *found.get(dom0.name, {"names": ()})["names"]}
    )
    return {name for name, count in counted.items() if count > 1} | set(dom0s) | _TAKEN


def _login(declared: DeclaredGuest, guest: Mapping[str, Any]) -> dict[str, Any]:
    """Its address by its declaration, else by its installation, else by its dom0; with what the installation knows."""
    login = guest["login"] or {}
    known: Collection[str] = (declared.address, login.get("address") or "", *guest["addresses"])
    return {
        "address": next(filter(_guest_hosts.is_address, known), ""),
        "user": login.get("user") or "",
        "python": login.get("python") or "",
        "host_keys": login.get("host_keys") or [],
    }


def _by_console(console: str, has_network: bool, way: GuestHost | None) -> bool:
    if console == WITHOUT_NETWORK:
        return not has_network
    return console == ALWAYS or (console == WITHOUT_ADDRESS and way is None)


def _at_console(dom0: Dom0, guest: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "ansible_connection": CONSOLE,
        "ansible_console_dom0": dom0.name,
        "ansible_console_guest": guest["name"],
        "ansible_console_toolstack": guest["toolstack"],
    }


def _about(dom0: Dom0, guest: Mapping[str, Any]) -> dict[str, Any]:
    declared = dom0.guests.get(guest["name"])
    return {
        _guest_hosts.DOM0_VARIABLE: dom0.name,
        f"{PREFIX}guest": guest["name"],
        **{f"{PREFIX}{name}": guest[name] for name in _TOLD},
        f"{PREFIX}system": (declared and declared.system) or guest["system"],
        f"{PREFIX}declared": declared is not None,
    }
