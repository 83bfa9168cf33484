# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bridges of a machine as variables of role bridge. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._resources.bridge.declared import is_guest, own_interface
from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt.found import Found


def adopted(current: Mapping[str, Any]) -> Found:
    """``current`` is what the resource reads."""
    found, interfaces = Found(), current["interfaces"]
    bridges, used = [], []
    for name, members in sorted(current["bridges"].items()):
        bridge, own = _bridge(name, members, current)
        used += bridge.get("interfaces", [])
        bridges.append(bridge)
        if own:
            found.note("bridge_bridges", f"the address of {name} is that of {own}")
    vlans = [
        {"name": name, "id": each["vlan"][0], "parent": each["vlan"][1]}
        for name, each in sorted(interfaces.items())
        if each.get("vlan") and name in used
    ]
    found.variables["bridge_bridges"] = bridges
    if vlans:
        found.variables["bridge_vlans"] = vlans
    return found


def _bridge(name: str, members: list[str], current: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """A bridge, and the interface that has its address; guests' interfaces are no part of it."""
    number, bridge = name[len("bridge") :], {"name": name}
    own = own_interface(name, current["netbsd"]) if number.isdigit() else ""
    listed = [member for member in members if not is_guest(member) and member != own]
    networks = (current["interfaces"].get(own) or {}).get("networks") or [] if own in members else []
    if listed:
        bridge["interfaces"] = listed  # type: ignore[assignment]
    if len(networks) == 1:
        bridge["address"] = networks[0]
        return bridge, own
    if own in members:
        bridge["interfaces"] = [*listed, own]  # type: ignore[assignment]
    return bridge, ""
