# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a change of the network costs those who use it. Pure."""

from __future__ import annotations

from typing import Any

from ..._change import GUEST_RESTART, LIVE
from .read import BRCONFIG, used

# They have no card that would begin anew.
_WITHOUT_CARD = ("bridge", "tap", "vether", "vlan")


def impact(current: dict[str, Any], commands: list[list[str]]) -> str:
    """``live`` for what nobody notices, as a member that joins or an address that comes."""
    return GUEST_RESTART if any(_interrupts(current, argv) for argv in commands) else LIVE


def _interrupts(current: dict[str, Any], argv: list[str]) -> bool:
    """Whether a command takes from somebody what he has: a way through a bridge, an address, a VLAN, or for some
    seconds a card, which begins anew with another MTU (sys/net/if_ethersubr.c, ether_ioctl: SIOCSIFMTU)."""
    tool, name, action, rest = argv[0], argv[1], argv[2], argv[3:]
    members, found = current["bridges"].get(name, []), current["interfaces"].get(name)
    if tool == BRCONFIG:
        return action == "delete" and rest[0] in members and len(members) > 1
    if found is None or not found["up"]:
        return False
    if action == "destroy":
        return bool(used(found)) or len(members) > 1
    if action == "mtu":
        return not name.startswith(_WITHOUT_CARD)
    return action == "-vlanif" or (action in ("inet", "inet6") and rest[-1:] == ["delete"])
