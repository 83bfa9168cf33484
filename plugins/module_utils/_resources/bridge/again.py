# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The commands that make an interface, a VLAN or a bridge's member again as it is. Pure.

What an interface has, and what becomes of it when it is destroyed or, for a VLAN, taken from its parent:

addresses            given back with ``alias``, in order; those that come by themselves are left to come
MTU, VLAN, up        set again
settings             capabilities in use, description, flags: set again (``_formats.net.ifconfig.settings``)
membership           it joins its bridge again, with its part in the spanning tree and what it learns
a bridge's members   join again; a bridge that is destroyed has no addresses and no guests, or that is refused
a bridge's settings  spanning tree, size and time of its cache, fixed addresses: set again
routes               given again if they went through it (``steps``)
address on the link  a VLAN has its parent's; tap(4) and vether(4) invent another one, as at every boot, which others
                     learn when the addresses are given back (arp(4) announces them)
media                none of these has any to choose
"""

from __future__ import annotations

from typing import Any

from ..._formats.net import ifconfig
from .read import BRCONFIG, IFCONFIG


def interface(current: dict[str, Any], name: str, destroyed: set[str]) -> list[list[str]]:
    """An interface that is there in ``current`` and was destroyed. One that is in a bridge of ``destroyed`` joins that
    when the bridge is made."""
    old = current["interfaces"][name]
    commands = [[IFCONFIG, name, "create"]]
    if old["vlan"]:
        commands += vlan(name, old)
    else:
        if old["mtu"] != ifconfig.DEFAULT_MTU:
            commands.append([IFCONFIG, name, "mtu", str(old["mtu"])])
        commands += contents(name, old)
        if old["up"] or old["given"]:
            commands.append([IFCONFIG, name, "up" if old["up"] else "down"])
    commands += [[BRCONFIG, name, *words] for words in _of_bridge(current, name)]
    for each in current["bridges"].get(name, []):
        commands += member(current, name, each)
    for bridge, members in current["bridges"].items():
        if name in members and bridge not in destroyed:
            commands += member(current, bridge, name)
    return commands


def vlan(name: str, old: dict[str, Any]) -> list[list[str]]:
    """A VLAN that has no parent any more."""
    commands = [[IFCONFIG, name, "vlan", str(old["vlan"][0]), "vlanif", old["vlan"][1]]]
    if old["mtu"]:
        commands.append([IFCONFIG, name, "mtu", str(old["mtu"])])
    return [*commands, *contents(name, old), [IFCONFIG, name, "up" if old["up"] else "down"]]


def contents(name: str, old: dict[str, Any]) -> list[list[str]]:
    """Settings and addresses of an interface that has none."""
    return [[IFCONFIG, name, *words] for words in [*old["settings"], *old["given"]]]


def address(name: str, old: dict[str, Any], family: str, deleted: str) -> list[list[str]]:
    """An address that was deleted, at its place: the first one is what the machine speaks from. Those behind it are
    given once more."""
    given = [words for words in old["given"] if words[0] == family]
    place = next((n for n, words in enumerate(given) if words[1].partition("/")[0] == deleted), len(given))
    commands = [[IFCONFIG, name, *words] for words in given[place:place + 1]]
    for words in given[place + 1:]:
        commands += [[IFCONFIG, name, family, words[1].partition("/")[0], "delete"], [IFCONFIG, name, *words]]
    return commands


def member(current: dict[str, Any], bridge: str, name: str) -> list[list[str]]:
    """A member that has left its bridge."""
    settings = [words for words in current["settings"].get(bridge, []) if words[1:2] == [name]]
    return [[BRCONFIG, bridge, "add", name], *([BRCONFIG, bridge, *words] for words in settings)]


def _of_bridge(current: dict[str, Any], name: str) -> list[list[str]]:
    """The settings of a bridge that are not those of a member."""
    members = current["bridges"].get(name, [])
    return [words for words in current["settings"].get(name, []) if not set(words[1:2]) & set(members)]
