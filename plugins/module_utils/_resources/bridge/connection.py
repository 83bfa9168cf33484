# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Which changes could cut the connection that we came in on, and how each is taken back. Pure."""

from __future__ import annotations

from typing import Any

from ..._change import Change
from ..._formats.net import ifconfig
from . import again
from .declared import Declared
from .read import BRCONFIG, IFCONFIG, used


def carriers(current: dict[str, Any], declared: Declared) -> set[str]:
    """The interfaces that carry the connection: the one with the address that it ends at, and what that one is built
    on. Where nobody can tell the address (sudo takes it away, a gateway hides it), every interface with an address of
    the network may be it."""
    interfaces = current["interfaces"]
    found: set[str] = set()
    for address in (current.get("connection"), declared.reached_at):
        found = found or {name for name, each in interfaces.items() if address and address in each["addresses"]}
    if not found:
        found = {name for name, each in interfaces.items() if used(each) and not name.startswith("lo")}
    return _with_foundations(current, found)


def _with_foundations(current: dict[str, Any], names: set[str]) -> set[str]:
    """Also the parent of a VLAN, and the other members of a bridge in which an address has an interface of its own."""
    found = set(names)
    for name in names:
        vlan = (current["interfaces"].get(name) or {}).get("vlan")
        if vlan:
            found.add(vlan[1])
        if name.startswith(("vether", "tap")):
            for bridge, members in current["bridges"].items():
                if name in members:
                    found.update([bridge, *members])
    return found if found == names else _with_foundations(current, found)


def commands_of(changes: list[Change]) -> list[list[str]]:
    """The commands that change the network as it is now, in order."""
    return [argv for change in changes if change.action == "run" for argv in change.data]


def touched(current: dict[str, Any], declared: Declared, changes: list[Change]) -> list[str]:
    """The carriers of the connection that these changes touch, in alphabetical order. What is done to a bridge is done
    to its members: with a second one on the same wire, the frames go round."""
    names: set[str] = set()
    for argv in commands_of(changes):
        names.update(argv[1:], current["bridges"].get(argv[1], []))
    return sorted(names & carriers(current, declared))


def warnings(current: dict[str, Any], declared: Declared, changes: list[Change]) -> list[str]:
    """A warning in words for changes that touch the connection."""
    names = touched(current, declared, changes)
    if not names:
        return []
    return [
        f"This changes the network that Ansible reaches this machine over ({', '.join(names)}): {in_words(changes)}. "
        "It is done in one step, which takes itself back if the machine can't be reached anew afterwards."
    ]


def in_words(changes: list[Change]) -> str:
    """The live changes of the network."""
    return "; ".join(f"{change.thing}: {change.summary}" for change in changes if change.action == "run")


# -- taking back ------------------------------------------------------------------------------------------------------


def undo(current: dict[str, Any], commands: list[list[str]]) -> list[list[str]]:
    """The commands that put the network back as ``current`` shows it, for commands that were planned against that.

    Each command's opposite, in reverse. What was created is only destroyed again: all else about it goes with it. What
    was destroyed is made again with its members.
    """
    created = {argv[1] for argv in commands if argv[2:] == ["create"]}
    destroyed = {argv[1] for argv in commands if argv[2:] == ["destroy"]}
    back: list[list[str]] = []
    for argv in reversed(commands):
        back += _opposite(current, created, destroyed, argv)
    return back


def _opposite(
    current: dict[str, Any], created: set[str], destroyed: set[str], argv: list[str]
) -> list[list[str]]:
    tool, name, action, rest = argv[0], argv[1], argv[2], argv[3:]
    if action == "create":
        return [[IFCONFIG, name, "destroy"]]
    if tool == BRCONFIG and action in ("add", "delete"):
        # What is destroyed leaves its bridge by itself, and what is made again joins it.
        if {name, rest[0]} & (created | destroyed):
            return []
        return [[BRCONFIG, name, "delete", *rest]] if action == "add" else again.member(current, name, rest[0])
    if name in created:
        return []
    old = current["interfaces"][name]
    if action == "destroy":
        return again.interface(current, name, destroyed)
    if action == "mtu":
        return [[IFCONFIG, name, "mtu", str(old["mtu"])]] if old["mtu"] else []
    if action == "up":
        return [] if old["up"] else [[tool, name, "down"]]
    if action == "vlan":
        return [[IFCONFIG, name, "-vlanif"]]
    if action == "-vlanif":
        return again.vlan(name, old)
    if action in ("inet", "inet6"):
        address = rest[0].partition("/")[0]
        if rest[1:] != ["delete"]:
            return [[IFCONFIG, name, action, address, "delete"]]
        return again.address(name, old, action, address)
    if tool == BRCONFIG or action in ifconfig.SETTING_WORDS:
        # Only ever set of what is made again, by which it goes.
        return []
    raise ValueError(f"nobody knows how to take {argv} back")
