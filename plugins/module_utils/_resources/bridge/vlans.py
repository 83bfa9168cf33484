# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""VLAN interfaces: now, and at boot. Pure.

A VLAN that is in a declared bridge is made by that bridge's file: /etc/rc.d/network takes the interfaces in the order
of ``ifconfig -C``, which has bridges before VLANs (record bridge-destroy-with-member, NetBSD 7.99.10), and a bridge
can't take what is not there yet. Any other VLAN has a file of its own.
"""

from __future__ import annotations

from typing import Any

from ..._change import Change, Refused, XenError
from ..._formats.net import ifconfig, interface_files
from ..._formats.text import printable
from . import again, rc_conf
from .declared import Declared, Vlan
from .read import BRCONFIG, IFCONFIG, used


def setup(vlan: Vlan, mtu: int | None) -> list[str]:
    """The arguments of the ifconfig commands that make it. ``mtu`` in bytes, None for its parent's."""
    return ["create", f"vlan {vlan.number} vlanif {vlan.parent}", "up" if mtu is None else f"mtu {mtu} up"]


def predicted(current: dict[str, Any], declared: Declared) -> dict[str, Any]:
    """The interfaces as they are when the declared VLANs are there. One that is made takes its parent's MTU, if the
    parent can send frames that are a VLAN tag longer, as all but old cards can (vlan_config in sys/net/if_vlan.c)."""
    interfaces = dict(current["interfaces"])
    for vlan in declared.vlans:
        if vlan.present and not _as_declared(current, vlan):
            parent = interfaces.get(vlan.parent, {"mtu": ifconfig.DEFAULT_MTU})
            old = interfaces.get(vlan.name, {"addresses": [], "networks": []})
            interfaces[vlan.name] = dict(old, up=True, mtu=parent["mtu"], vlan=[vlan.number, vlan.parent])
    return interfaces


def changes(resource: str, current: dict[str, Any], declared: Declared, refused: dict[str, XenError]) -> list[Change]:
    """What each declared VLAN needs. One that can't be made goes into ``refused``."""
    found: list[Change] = []
    bridged = {name for bridge in declared.bridges if bridge.present for name in bridge.interfaces}
    for vlan in declared.vlans:
        if vlan.present:
            try:
                _check(current, vlan)
                found += [*_live(resource, current, vlan), *_file(resource, current, vlan, vlan.name in bridged)]
            except Refused as error:
                refused[vlan.name] = error
    return found


def removals(resource: str, current: dict[str, Any], declared: Declared, refused: dict[str, XenError]) -> list[Change]:
    """What is to be done with VLANs that are declared absent, after the bridges have let them go. One that can't go
    goes into ``refused``."""
    found: list[Change] = []
    for vlan in declared.vlans:
        if not vlan.present:
            try:
                found += _removal(resource, current, declared, vlan)
            except Refused as error:
                refused[vlan.name] = error
    return found


def warnings(current: dict[str, Any], declared: Declared) -> list[str]:
    """What an admin should know of a VLAN that moves, and of one whose parent sends nothing."""
    found = []
    for vlan in declared.vlans:
        parent = current["interfaces"].get(vlan.parent)
        if vlan.present and parent and not parent["up"]:
            found.append(
                f"VLAN {vlan.name}: its parent {vlan.parent} is down, so nothing gets through; write up into "
                f"/etc/ifconfig.{vlan.parent}."
            )
        old = _live_vlan(current, vlan)
        if vlan.present and old and not _as_declared(current, vlan):
            found.append(
                f"VLAN {vlan.name}: it is number {old[0]} on {old[1]} now; whoever uses it, guests on its bridge "
                f"included, loses that network and gets number {vlan.number} on {vlan.parent}."
            )
    return found


def _check(current: dict[str, Any], vlan: Vlan) -> None:
    interfaces = current["interfaces"]
    if vlan.parent not in interfaces:
        raise Refused(f"VLAN {vlan.name}: there is no interface {vlan.parent} on this machine.")
    for name, found in interfaces.items():
        if name != vlan.name and found["vlan"] == [vlan.number, vlan.parent]:
            raise Refused(f"VLAN {vlan.name}: number {vlan.number} on {vlan.parent} is {name} already; declare that.")


def _live_vlan(current: dict[str, Any], vlan: Vlan) -> list[Any] | None:
    return (current["interfaces"].get(vlan.name) or {}).get("vlan")


def _as_declared(current: dict[str, Any], vlan: Vlan) -> bool:
    return _live_vlan(current, vlan) == [vlan.number, vlan.parent]


def _file(resource: str, current: dict[str, Any], vlan: Vlan, bridged: bool) -> list[Change]:
    before = current["files"].get(vlan.file)
    if before is None and bridged:
        return []
    told = rc_conf.decides(current, vlan.name)
    if told:
        found = interface_files.parse_vlan_file(rc_conf.lines(told), vlan.name)
        if before is None or found != (vlan.number, vlan.parent):
            raise Refused(f"VLAN {vlan.name}: {rc_conf.words(told, vlan.name, vlan.file, before)}")
        return []
    try:
        after = interface_files.update_vlan_file(before or "", vlan.name, vlan.number, vlan.parent)
    except interface_files.NotUnderstood as error:
        raise Refused(
            f"VLAN {vlan.name}: line {error.args[0]} of {vlan.file} is more than this module understands, so the file "
            f"is not touched: {error.args[1]!r}. Write it as 'vlan {vlan.number} vlanif {vlan.parent}'."
        ) from error
    if after == before:
        return []
    summary = f"{'write' if before is None else 'change'} {vlan.file}, which makes the VLAN at boot"
    shown = None if before is None else printable(before)
    return [Change(resource, vlan.name, "write_file", summary, shown, printable(after), data=(vlan.file, after))]


def _live(resource: str, current: dict[str, Any], vlan: Vlan) -> list[Change]:
    found = current["interfaces"].get(vlan.name)
    after = {"id": vlan.number, "parent": vlan.parent, "up": True}
    make = [IFCONFIG, vlan.name, "vlan", str(vlan.number), "vlanif", vlan.parent]
    up = [IFCONFIG, vlan.name, "up"]
    if found is None:
        commands = [[IFCONFIG, vlan.name, "create"], make, up]
        summary = f"create it: number {vlan.number} on {vlan.parent}"
        return [Change(resource, vlan.name, "run", summary, None, after, data=commands)]
    before = {"id": None, "parent": None, "up": found["up"]}
    if found["vlan"]:
        before.update(id=found["vlan"][0], parent=found["vlan"][1])
    if not _as_declared(current, vlan):
        summary = f"make it number {vlan.number} on {vlan.parent}"
        return [Change(resource, vlan.name, "run", summary, before, after, data=_move(current, vlan, make, up))]
    return [] if found["up"] else [Change(resource, vlan.name, "run", "bring it up", before, after, data=[up])]


def _move(current: dict[str, Any], vlan: Vlan, make: list[str], up: list[str]) -> list[list[str]]:
    """One that has a parent must be taken from it first, or it is busy (vlan_config in sys/net/if_vlan.c), and without
    a parent it is no Ethernet interface that a bridge could hold. It loses what it has, which is given back."""
    found = current["interfaces"][vlan.name]
    bridges = [bridge for bridge, members in current["bridges"].items() if vlan.name in members]
    leave = [[BRCONFIG, bridge, "delete", vlan.name] for bridge in bridges]
    join = [command for bridge in bridges for command in again.member(current, bridge, vlan.name)]
    if not found["vlan"]:
        return [*leave, make, up, *join]
    return [
        *leave,
        [IFCONFIG, vlan.name, "-vlanif"],
        make,
        *again.contents(vlan.name, found),
        up,
        *join,
    ]


def _removal(resource: str, current: dict[str, Any], declared: Declared, vlan: Vlan) -> list[Change]:
    found = current["interfaces"].get(vlan.name)
    if found and used(found):
        words = ", ".join(used(found))
        raise Refused(f"VLAN {vlan.name}: it has addresses ({words}), so it is in use. Remove them by hand first.")
    declared_names = {bridge.name for bridge in declared.bridges}
    for bridge, members in current["bridges"].items():
        if vlan.name in members and bridge not in declared_names:
            raise Refused(f"VLAN {vlan.name}: it is a member of {bridge}. Declare {bridge} without it.")
    changes = []
    if found is not None:
        commands = [[IFCONFIG, vlan.name, "destroy"]]
        changes.append(Change(resource, vlan.name, "run", "destroy it", {"vlan": found["vlan"]}, None, data=commands))
    before = current["files"].get(vlan.file)
    if before is not None:
        changes.append(
            Change(resource, vlan.name, "remove_file", f"remove {vlan.file}", printable(before), None, data=vlan.file)
        )
    return changes
