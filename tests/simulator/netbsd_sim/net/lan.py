# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dhcp server in the network outside, which a guest reaches if its bridge has a real interface of the machine.

There is none unless somebody says so (`simrack dhcp`). What a guest's dhcpcd says of it: dhcpcd's src/dhcp.c
(dhcp_bind, dhcp_discover) and dhcpcd.c (handle_exit_timeout).
"""
from __future__ import annotations

import ipaddress

from ..core.machine import Machine
from . import network

_SECONDS = 86400


def serve(m: Machine, first: str) -> None:
    """Give away addresses from `first` on, ADDRESS/PREFIX; none any more for an empty text. Raises ValueError."""
    m.data["lan"] = {"first": str(ipaddress.IPv4Interface(first)), "leases": {}} if first else {}


def lease(m: Machine, bridge: str, mac: str) -> str:
    """ADDRESS/PREFIX for an interface; the one that it had before. Empty if nobody answers."""
    lan, known = m.data.get("lan"), network.interfaces(m)
    if not lan or bridge not in known or "UP" not in known[bridge]["flags"]:
        return ""
    if not any(known[name]["kind"] == "ether" for name in known[bridge]["members"] if name in known):
        return ""
    first = ipaddress.IPv4Interface(lan["first"])
    leases: dict[str, str] = lan["leases"]
    return leases.setdefault(mac, f"{first.ip + len(leases)}/{first.network.prefixlen}")


def said(interface: str, address: str) -> str:
    """What dhcpcd prints on the guest's console, from its start to where it goes on in the background."""
    begun = f"{interface}: soliciting a DHCP lease\n"
    if not address:
        return f"{begun}timed out\n"
    return f"{begun}{interface}: leased {address.partition('/')[0]} for {_SECONDS} seconds\n"
