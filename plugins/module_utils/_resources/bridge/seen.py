# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What must be seen of the network after each command that changes it. Pure.

An exit status proves nothing: ``ifconfig IF mtu N`` ends with 0 whatever happens (record wm0-mtu-20000, NetBSD
7.99.10).
"""

from __future__ import annotations

from typing import Any, Iterable, Mapping, NamedTuple, Sequence

from ..._formats.net import ifconfig
from .declared import is_guest
from .read import BRCONFIG, ROUTE


class Fact(NamedTuple):
    """One thing that can be seen: ``kind`` of ``interface``, for addresses, members and settings that of ``what``."""

    kind: str
    interface: str
    what: str = ""


# What to do if it can't be had.
_ADVICE = {
    "mtu": "It takes no frames of that size: declare a smaller mtu for its bridge.",
    "member": "Look at both with ifconfig: their MTUs must be equal, and an interface can be in one bridge only.",
    "vlan": "Look whether that number is free on the parent, and whether the parent is there.",
}
_COMPARED = {"up": "up", "mtu": "MTU", "vlan": "VLAN", "given": "what it was given", "settings": "what was set of it"}
_LOOK = "Look at it with ifconfig."


def expected(commands: Iterable[Sequence[str]]) -> dict[Fact, Any]:
    """What must be seen after all of these commands: what a later one changes again does not count any more. Raises
    ValueError for a command that nobody knows the effect of."""
    found: dict[Fact, Any] = {}
    for argv in commands:
        for gone in [fact for fact in found if _is_gone(fact, argv)]:
            del found[gone]
        found.update(_effect(argv))
    return found


def lacking(wanted: Mapping[Fact, Any], current: dict[str, Any], said: Mapping[Fact, str]) -> list[str]:
    """What is not as ``wanted``, in words: interface, wanted, found, what the command said, what to do."""
    words = []
    for fact, value in wanted.items():
        found = look(fact, current)
        if found != value:
            told = f" {said[fact]}." if said.get(fact) else ""
            advice = _ADVICE.get(fact.kind, _LOOK)
            words.append(f"{_in_words(fact, value)}, but {_found_in_words(fact, found)}.{told} {advice}")
    return words


def facts_of(argv: Sequence[str]) -> list[Fact]:
    """What one command is about."""
    return list(_effect(argv))


def look(fact: Fact, current: dict[str, Any]) -> Any:
    """The thing as it is in ``current``; None for one of an interface that is not there."""
    if fact.kind == "member":
        return fact.what in current["bridges"].get(fact.interface, [])
    interface = current["interfaces"].get(fact.interface)
    if fact.kind == "there":
        return interface is not None
    if interface is None:
        return None
    if fact.kind == "address":
        networks = interface["networks"] + interface["networks6"]
        return next((network for network in networks if network.split("/")[0] == fact.what), "")
    if fact.kind == "setting":
        settings = interface["settings"] + current["settings"].get(fact.interface, [])
        return fact.what in [" ".join(words) for words in settings]
    return interface[fact.kind]


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What is not as it was, in words. Guests' interfaces come and go without us."""
    words = []
    for name in sorted({*before["interfaces"], *now["interfaces"]}):
        if is_guest(name):
            continue
        old, new = before["interfaces"].get(name), now["interfaces"].get(name)
        if old is None or new is None:
            words.append(f"{name} {'was not there and is now' if old is None else 'is gone'}")
            continue
        for kind, called in _COMPARED.items():
            if _comparable(kind, old[kind]) != _comparable(kind, new[kind]):
                words.append(f"{name}: {called} was {_plain(old[kind])} and is {_plain(new[kind])}")
    for name in sorted({*before["bridges"], *now["bridges"]}):
        old_members, new_members = (_members(found, name) for found in (before, now))
        if old_members != new_members and name in before["bridges"] and name in now["bridges"]:
            words.append(f"{name}: its members were {_plain(old_members)} and are {_plain(new_members)}")
    return words


def _is_gone(fact: Fact, argv: Sequence[str]) -> bool:
    """Whether a command ends what an earlier one achieved: all of a destroyed interface, and with its parent all of a
    VLAN but itself."""
    if argv[0] in (BRCONFIG, ROUTE) or argv[2] not in ("destroy", "-vlanif"):
        return False
    name = argv[1]
    if fact.kind == "member" and name in (fact.interface, fact.what):
        return True
    return fact.interface == name and not (argv[2] == "-vlanif" and fact.kind == "there")


def _effect(argv: Sequence[str]) -> dict[Fact, Any]:
    tool, name, action, rest = argv[0], argv[1], argv[2], list(argv[3:])
    if tool == BRCONFIG and action in ("add", "delete"):
        return {Fact("member", name, rest[0]): action == "add"}
    if action in ("create", "destroy"):
        return {Fact("there", name): action == "create"}
    if action in ("up", "down"):
        return {Fact("up", name): action == "up"}
    if action == "mtu":
        return {Fact("mtu", name): int(rest[0])}
    if action == "vlan":
        return {Fact("vlan", name): [int(rest[0]), rest[2]]}
    if action == "-vlanif":
        return {Fact("vlan", name): None}
    if action in ("inet", "inet6"):
        address = rest[0].partition("/")[0].partition("%")[0]
        return {Fact("address", name, address): "" if "delete" in rest else _network(address, rest)}
    if tool == BRCONFIG or action in ifconfig.SETTING_WORDS:
        return {Fact("setting", name, " ".join(argv[2:])): True}
    raise ValueError(f"nobody knows what must be seen after {list(argv)}")


def _network(address: str, words: list[str]) -> str:
    """An address as it is given, with its length."""
    length = words[0].partition("/")[2]
    if "prefixlen" in words:
        length = words[words.index("prefixlen") + 1]
    elif "netmask" in words:
        length = str(bin(int(words[words.index("netmask") + 1], 16)).count("1"))
    return f"{address}/{length}"


def _in_words(fact: Fact, value: Any) -> str:
    name, kind = fact.interface, fact.kind
    if kind == "member":
        return f"{name}: {fact.what} was to {'join' if value else 'leave'} it"
    if kind == "there":
        return f"{name} was to be {'made' if value else 'destroyed'}"
    if kind == "up":
        return f"{name} was to be {'up' if value else 'down'}"
    if kind == "mtu":
        return f"{name}: its MTU was to be {value}"
    if kind == "vlan":
        return f"{name} was to be {_vlan_in_words(value)}"
    if kind == "address":
        return f"{name} was to {'have' if value else 'lose'} the address {value or fact.what}"
    return f"{name} was to have the setting {fact.what!r}"


def _found_in_words(fact: Fact, found: Any) -> str:
    if found is None and fact.kind != "vlan":
        return "there is no such interface"
    if fact.kind == "mtu":
        return f"it is {found}"
    if fact.kind == "vlan":
        return f"it is {_vlan_in_words(found)}"
    if fact.kind == "address" and found:
        return f"it has {found}"
    if fact.kind in ("member", "address", "setting"):
        return "it is there" if found else "it is not there"
    return {"up": ("it is down", "it is up"), "there": ("it is not there", "it is still there")}[fact.kind][bool(found)]


def _vlan_in_words(value: Any) -> str:
    return f"VLAN number {value[0]} on {value[1]}" if value else "on no parent"


def _members(current: dict[str, Any], name: str) -> list[str]:
    return sorted(member for member in current["bridges"].get(name, []) if not is_guest(member))


def _comparable(kind: str, value: Any) -> Any:
    """The order of addresses says which one the machine speaks from, for each family."""
    if kind == "given":
        return sorted(value, key=lambda words: words[0])
    return sorted(value) if kind == "settings" else value


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(" ".join(map(str, each)) if isinstance(each, list) else str(each) for each in value) or "none"
    return str(value)
