# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Which address belongs to a MAC: arp(8)'s table, and what ISC's dhcpd (dhcpd.leases(5)) or dnsmasq has given away."""

from __future__ import annotations

import re
from collections import defaultdict

# ``? (10.0.2.16) at 00:16:3e:00:00:11 on wm0`` (record domu-ssh, NetBSD 7.99.10); a name may stand for the mark.
_ARP = re.compile(r"^\S+ \(([0-9.]+)\) at ([0-9a-f:]{11,17}) ", re.MULTILINE | re.IGNORECASE)
_LEASE = re.compile(r"^lease ([0-9.]+) \{(.*?)^\}", re.MULTILINE | re.DOTALL)
_HARDWARE = re.compile(r"^\s*hardware ethernet ([0-9a-f:]+);", re.MULTILINE | re.IGNORECASE)
_STATE = re.compile(r"^\s*binding state (\w+);", re.MULTILINE)
# When it ends in seconds since 1970, the MAC (with a type before it where that is not Ethernet), the address, a name,
# the client's id (dnsmasq, lease.c: lease_update_file).
_DNSMASQ = re.compile(r"^\d+ ([0-9a-f]{2}(?::[0-9a-f]{2}){5}) ([0-9.]+) ", re.MULTILINE | re.IGNORECASE)


def arp_addresses(text: str) -> dict[str, list[str]]:
    """The addresses of each MAC, in small letters with all its zeros, in ``arp -an``."""
    found: dict[str, list[str]] = defaultdict(list)
    for address, mac in _ARP.findall(text):
        found[settled(mac)].append(address)
    return dict(found)


def leased_addresses(text: str) -> dict[str, str]:
    """The address of each MAC in dhcpd's file. A later lease of one address takes the place of an earlier one, and of
    two addresses of one MAC the later one holds; what is not active is nobody's."""
    holders: dict[str, str] = {}
    for address, body in _LEASE.findall(text):
        holders.pop(address, None)
        hardware, state = _HARDWARE.search(body), _STATE.search(body)
        if hardware and (state is None or state.group(1) == "active"):
            holders[address] = settled(hardware.group(1))
    return {mac: address for address, mac in holders.items()}


def dnsmasq_addresses(text: str) -> dict[str, str]:
    """The address of each MAC in dnsmasq's file, a line each. Of two addresses of one MAC the later line holds."""
    return {settled(mac): address for mac, address in _DNSMASQ.findall(text)}


def settled(mac: str) -> str:
    """A MAC in small letters with two digits in each part; arp(8) of some systems leaves zeros out."""
    return ":".join(part.zfill(2) for part in mac.lower().split(":"))
