# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of interfaces: what ifconfig's `inet` and `inet6` do, and how it prints them."""

from __future__ import annotations

import ipaddress
from typing import Any

from ..core.machine import Machine, NotSimulated, SimError
from . import network


def shown(m: Machine, entry: dict[str, Any]) -> list[str]:
    """The lines of an interface's addresses. From NetBSD 8 on with the length behind a slash (af_inet.c 1.21); before,
    all but the first IPv4 address are called aliases (records tap-show-addr, tapA-show-CD)."""
    new = int(m.profile.netbsd_release.split(".")[0]) >= 8
    lines = []
    for number, (address, mask) in enumerate(entry["inet"]):
        net = ipaddress.ip_interface(f"{address}/{ipaddress.ip_address(int(mask, 16))}").network
        broadcast = "" if entry["kind"] == "lo" else f" broadcast {net.broadcast_address}"
        lines.append(f"\tinet {address}/{net.prefixlen}{broadcast} flags 0x0" if new else
                     f"\tinet {'alias ' if number else ''}{address} netmask {mask}{broadcast}")
    for address, prefix, scope in entry["inet6"]:
        scoped = f" scopeid {scope}" if scope else ""
        lines.append(f"\tinet6 {address}/{prefix} flags 0x0{scoped}" if new else
                     f"\tinet6 {address} prefixlen {prefix}{scoped}")
    return lines


def set_inet(entry: dict[str, Any], text: str, words: list[str]) -> None:
    """`ADDRESS[/BITS] [netmask M] [broadcast B] [alias|delete|-alias]`; takes its words from the front. Without `alias`
    the first address goes, and the new one comes last (af_inetany.c, commit_address; records tapA-inet-B-noalias,
    tapA-show-CD)."""
    if entry["kind"] == "bridge":
        raise SimError("ifconfig: SIOCAIFADDR: Inappropriate ioctl for device")  # record br-inet
    interface = ipaddress.ip_interface(text)
    address = str(interface.ip)
    mask = int(interface.netmask) if "/" in text else _class_mask(interface.ip)
    alias = False
    while words and words[0] in ("netmask", "broadcast", "alias", "delete", "-alias"):
        word = words.pop(0)
        if word == "alias":
            alias = True
        elif word in ("delete", "-alias"):
            _remove(entry, address)
            return
        else:
            value = words.pop(0)
            if word == "netmask":
                mask = int(value, 16) if value.startswith("0x") else int(ipaddress.ip_address(value))
    if entry["kind"] == "vlan" and not entry["vlan"]:
        raise SimError("ifconfig: SIOCAIFADDR: Invalid argument")
    kept = [pair for pair in (entry["inet"] if alias else entry["inet"][1:]) if pair[0] != address]
    entry["inet"] = [*kept, [address, f"0x{mask:08x}"]]
    network.interface_up(entry)


def _class_mask(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    """The kernel's own for an address without a mask (netinet/in.c, in_ifinit): that of its class."""
    first = int(address) >> 24
    return {True: 0xFF000000, False: 0xFFFF0000}[first < 128] if first < 192 else 0xFFFFFF00


def _remove(entry: dict[str, Any], address: str) -> None:
    kept = [pair for pair in entry["inet"] if pair[0] != address]
    if len(kept) == len(entry["inet"]):
        raise SimError("ifconfig: SIOCDIFADDR: Can't assign requested address")  # record tap-inet-delete-missing
    entry["inet"] = kept


def set_inet6(entry: dict[str, Any], words: list[str]) -> None:
    """`inet6 ADDRESS[/BITS] [prefixlen N] [alias|delete|-alias]`. An IPv6 address never replaces another one
    (af_inetany.c: no SIOCGIFADDR for them)."""
    text = words.pop(0) if words else ""
    try:
        interface = ipaddress.IPv6Interface(text)
    except ValueError:
        raise NotSimulated(f"ifconfig {entry['zone']} inet6 {text}") from None
    if entry["kind"] == "bridge" or entry["mac"] is None:
        raise NotSimulated(f"ifconfig {entry['zone']} inet6")
    length = interface.network.prefixlen if "/" in text else 64
    address, delete = str(interface.ip), False
    while words and words[0] in ("prefixlen", "alias", "delete", "-alias"):
        word = words.pop(0)
        if word == "prefixlen":
            length = int(words.pop(0))
        delete = delete or word in ("delete", "-alias")
    kept = [known for known in entry["inet6"] if known[0].partition("%")[0] != address.partition("%")[0]]
    if delete:
        if len(kept) == len(entry["inet6"]):
            raise SimError("ifconfig: SIOCDIFADDR_IN6: Can't assign requested address")
        entry["inet6"] = kept
        return
    scope = f"0x{entry['index']:x}" if interface.ip.is_link_local else None
    if scope and "%" not in address:
        address += f"%{entry['zone']}"
    network.interface_up(entry)
    entry["inet6"] = [*(known for known in entry["inet6"] if known[0] != address), [address, length, scope]]
