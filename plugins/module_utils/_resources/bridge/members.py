# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Bridges: their members, MTU and own address. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..._change import Change, Refused, XenError
from ..._formats.net import ifconfig
from ..._formats.text import printable
from . import at_boot, rc_conf, vlans
from .declared import Declared, Wanted, is_guest
from .machine import Machine
from .read import BRCONFIG, IFCONFIG, used

# Never of use in a bridge, so not offered where a name is wrong.
_NOT_OFFERED = re.compile(r"(bridge|xvif|tap|vether|lo|stf|gif|gre|tun|ppp|sl|pppoe|pflog|npflog)[0-9]")


@dataclass
class Planned:
    """``frees`` are changes that let interfaces go, and come before all ``changes``."""

    frees: list[Change]
    changes: list[Change]
    warnings: list[str]


def plan(resource: str, current: dict[str, Any], declared: Declared, refused: dict[str, XenError]) -> Planned:
    """The changes of each declared bridge, what is live before what is at boot. One that can't be had goes into
    ``refused``."""
    machine = Machine(resource, current, vlans.predicted(current, declared), declared)
    result = Planned([], [], [])
    for wanted in declared.bridges:
        try:
            one = _plan_one(machine, wanted)
        except Refused as error:
            refused[wanted.name] = error
            continue
        result.frees += one.frees
        result.changes += one.changes
        result.warnings += one.warnings
    return result


def _plan_one(machine: Machine, wanted: Wanted) -> Planned:
    """Raises Refused for members that can't be its members."""
    if not wanted.present:
        return Planned(_absent_changes(machine, wanted), [], [])
    mtu = _checked_mtu(machine, wanted)
    return Planned(
        frees=_free_changes(machine, wanted),
        changes=[*_live_changes(machine, wanted, mtu), *at_boot.changes(machine, wanted, mtu)],
        warnings=_warnings(machine, wanted, mtu),
    )


# -- checks -----------------------------------------------------------------------------------------------------------


def _checked_mtu(machine: Machine, wanted: Wanted) -> int:
    """The MTU that the bridge and all its members must have."""
    interfaces = machine.interfaces
    for name in wanted.interfaces:
        if name not in interfaces:
            usable = sorted(each for each in interfaces if not _NOT_OFFERED.match(each))
            raise Refused(
                f"Bridge {wanted.name}: there is no interface {name} on this machine; there are: {', '.join(usable)}."
            )
        _refuse_member_of_another(machine, wanted, name)
    if wanted.mtu is not None:
        _refuse_mtu_above_parent(machine, wanted, wanted.mtu)
        return wanted.mtu
    mtus = {name: interfaces[name]["mtu"] for name in wanted.interfaces}
    if len(set(mtus.values())) > 1:
        words = ", ".join(f"{name} has {mtu}" for name, mtu in mtus.items())
        raise Refused(
            f"Bridge {wanted.name}: its interfaces must have one MTU, but {words}. Declare the bridge's mtu, or "
            "change theirs."
        )
    return next(iter(mtus.values()), machine.mtu(wanted))


def _refuse_member_of_another(machine: Machine, wanted: Wanted, interface: str) -> None:
    # A bridge that is declared without the interface gives it up first.
    declared_names = {bridge.name for bridge in machine.declared.bridges}
    for bridge, members in machine.current["bridges"].items():
        if interface in members and bridge != wanted.name and bridge not in declared_names:
            raise Refused(
                f"Bridge {wanted.name}: {interface} is a member of {bridge}, and an interface can be in one bridge "
                f"only. Take it out of {bridge}: declare {bridge} too, without it or with state: "
                "absent."
            )


def _refuse_mtu_above_parent(machine: Machine, wanted: Wanted, mtu: int) -> None:
    """vlan_ioctl in sys/net/if_vlan.c answers EINVAL to more than the parent's. A parent in the bridge is set first."""
    for name in wanted.interfaces:
        vlan = machine.interfaces[name]["vlan"]
        if vlan and vlan[1] not in wanted.interfaces:
            above = machine.interfaces.get(vlan[1], {}).get("mtu", mtu)
            if mtu > above:
                raise Refused(
                    f"Bridge {wanted.name}: mtu is {mtu}, but {name} is a VLAN on {vlan[1]}, which has {above}. Raise "
                    f"that first: mtu {mtu} in /etc/ifconfig.{vlan[1]}, and ifconfig {vlan[1]} mtu {mtu}."
                )


# -- now --------------------------------------------------------------------------------------------------------------


def _extra(machine: Machine, wanted: Wanted) -> list[str]:
    members = machine.members(wanted)
    return [name for name in machine.found(wanted) if name not in members and not is_guest(name)]


def _free_changes(machine: Machine, wanted: Wanted) -> list[Change]:
    """Members that are not declared leave; what carried an address that is no longer declared goes with it."""
    found, extra = machine.found(wanted), _extra(machine, wanted)
    if not extra:
        return []
    commands = [[BRCONFIG, wanted.name, "delete", name] for name in extra]
    own = machine.own(wanted)
    if own in extra and at_boot.made_by_us(machine, wanted):
        commands.append([IFCONFIG, own, "destroy"])
    elif own in extra:
        _refuse_to_take_out(machine, wanted, own)
    left = sorted(name for name in found if name not in extra)
    summary = "remove " + ", ".join(extra)
    before, after = {"members": sorted(found)}, {"members": left}
    return [Change(machine.resource, wanted.name, "run", summary, before, after, data=commands)]


def _refuse_to_take_out(machine: Machine, wanted: Wanted, own: str) -> None:
    """Raise Refused for an interface with the bridge's address that somebody else has made."""
    addresses = used(machine.interfaces.get(own, {"addresses": []}))
    if addresses:
        raise Refused(
            f"Bridge {wanted.name}: its member {own} has the address {', '.join(addresses)}, which was not given here "
            f"and would go. Name {own} in interfaces, or declare the address as the bridge's address; or take it out "
            "by hand."
        )


def _live_changes(machine: Machine, wanted: Wanted, mtu: int) -> list[Change]:
    """What the bridge needs now. Its MTU comes before its members, because one with another MTU is not taken."""
    exists = wanted.name in machine.current["bridges"]
    left = [name for name in machine.found(wanted) if name not in _extra(machine, wanted)]
    steps = _Steps()
    if not exists:
        steps.add("create it", [IFCONFIG, wanted.name, "create"])
    for name in wanted.interfaces:
        if wanted.mtu is not None and machine.interfaces[name]["mtu"] != mtu:
            steps.add(f"set the MTU of {name} to {mtu}", [IFCONFIG, name, "mtu", str(mtu)])
    if (machine.mtu(wanted) if exists else ifconfig.DEFAULT_MTU) != mtu:
        steps.add(f"set its MTU to {mtu}", [IFCONFIG, wanted.name, "mtu", str(mtu)])
    if wanted.address:
        _own_steps(machine, wanted, mtu, steps)
    missing = [name for name in machine.members(wanted) if name not in left]
    if missing:
        steps.add("add " + ", ".join(missing), *([BRCONFIG, wanted.name, "add", name] for name in missing))
    if not exists or not machine.current["interfaces"].get(wanted.name, {}).get("up"):
        steps.add("bring it up", [BRCONFIG, wanted.name, "up"])
    if not steps.commands:
        return []
    after = {"members": sorted({*left, *machine.members(wanted)}), "mtu": mtu, "up": True}
    return [
        Change(
            resource=machine.resource,
            thing=wanted.name,
            action="run",
            summary=", ".join(steps.words),
            before=_state(machine, wanted, left) if exists else None,
            after=dict(after, address=wanted.address) if wanted.address else after,
            data=steps.commands,
        )
    ]


class _Steps:
    """Commands with what they do in words."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []
        self.words: list[str] = []

    def add(self, words: str, *commands: list[str]) -> None:
        self.words.append(words)
        self.commands += commands


def _own_steps(machine: Machine, wanted: Wanted, mtu: int, steps: _Steps) -> None:
    """The interface with the bridge's address: there, with just that address and the bridge's MTU, and up."""
    own = machine.own(wanted)
    found = machine.interfaces.get(own)
    if found is None:
        steps.add(f"create {own} for its address", [IFCONFIG, own, "create"])
    if (found or {"mtu": ifconfig.DEFAULT_MTU})["mtu"] != mtu:
        steps.add(f"set the MTU of {own} to {mtu}", [IFCONFIG, own, "mtu", str(mtu)])
    addresses = (found or {"networks": []})["networks"]
    for other in addresses:
        if other != wanted.address:
            steps.add(f"remove the address {other}", [IFCONFIG, own, "inet", other.split("/")[0], "delete"])
    if wanted.address not in addresses:
        steps.add(f"give it the address {wanted.address}", [IFCONFIG, own, "inet", str(wanted.address)])
    if found is None or not found["up"]:
        steps.add(f"bring {own} up", [IFCONFIG, own, "up"])


def _state(machine: Machine, wanted: Wanted, members: list[str]) -> dict[str, Any]:
    up = bool(machine.current["interfaces"].get(wanted.name, {}).get("up"))
    return {"members": sorted(members), "mtu": machine.mtu(wanted), "up": up}


def _absent_changes(machine: Machine, wanted: Wanted) -> list[Change]:
    members = machine.found(wanted)
    guests = [name for name in members if is_guest(name)]
    if guests:
        raise Refused(
            f"Bridge {wanted.name}: it can't go while guests use it ({', '.join(guests)}). Stop them or move them "
            "first."
        )
    found = machine.current["interfaces"].get(wanted.name)
    addresses = used(found) if found else []
    if addresses:
        raise Refused(
            f"Bridge {wanted.name}: it has addresses ({', '.join(addresses)}), so it does more than join guests. "
            "Remove them by hand first."
        )
    changes = []
    if wanted.name in machine.current["bridges"]:
        state = _state(machine, wanted, members)
        ours = at_boot.made_by_us(machine, wanted)
        own = [[IFCONFIG, name, "destroy"] for name in members if ours and name == machine.own(wanted)]
        commands = [[IFCONFIG, wanted.name, "destroy"], *own]
        changes.append(Change(machine.resource, wanted.name, "run", "destroy it", state, None, data=commands))
    before = machine.current["files"].get(wanted.file)
    if before is not None:
        summary = f"remove {wanted.file}"
        changes.append(
            Change(machine.resource, wanted.name, "remove_file", summary, printable(before), None, data=wanted.file)
        )
    return changes


# -- warnings ---------------------------------------------------------------------------------------------------------


def _warnings(machine: Machine, wanted: Wanted, mtu: int) -> list[str]:
    found = []
    found += rc_conf.warnings(machine.current, wanted.name)
    for name in wanted.interfaces:
        if not machine.interfaces[name]["up"]:
            found.append(f"Bridge {wanted.name}: its interface {name} is down; write up into /etc/ifconfig.{name}.")
        if machine.interfaces[name]["vlan"] and machine.declared.vlan(name) is None:
            found.append(
                f"Bridge {wanted.name}: {name} is a VLAN that is not declared in vlans. At boot bridges may come "
                "before VLANs and then can't take them; a declared one is made by the bridge's file."
            )
    if mtu != ifconfig.DEFAULT_MTU:
        found.append(
            f"Bridge {wanted.name}: its MTU is {mtu}; a guest's interface comes with {ifconfig.DEFAULT_MTU} unless "
            "its vif says otherwise, and can't join a bridge of another MTU."
        )
    return found
