# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""An interface's address as ifconfig(8) prints it and takes it, on NetBSD 5 to 10 (sbin/ifconfig: af_inet.c,
af_inet6.c).

IPv4    up to 7: ``inet [alias ]A[ -> PEER] netmask 0xffffff00 broadcast B``, where alias is every one but the first
        from 8 on: ``inet A/24[ -> PEER] broadcast B flags 0x0``, with ``netmask 0x...`` for a mask with holes
IPv6    up to 7: ``inet6 A[%IF][ -> PEER] prefixlen 64[ tentative ...][ scopeid 0x1]``
        from 8 on: ``inet6 A[%IF]/64[ -> PEER] flags 0x2<TENTATIVE>[ scopeid 0x1]``, where autoconf is told too
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

_FLAGS = re.compile(r"<([^>]*)>")
_MASK = re.compile(r"(0x)?[0-9a-f]{1,8}\Z")
_LENGTH = re.compile(r"[0-9]{1,3}\Z")
# Words that have another one behind them.
_WITH_VALUE = ("->", "netmask", "broadcast", "prefixlen", "scopeid", "preference", "flags", "pltime", "vltime")
# What ifconfig takes as well as it prints it.
_GIVEN_FLAGS = ("anycast", "deprecated")


@dataclass(frozen=True)
class Address:
    """One address. ``family`` is inet or inet6; ``length`` that of its prefix in bits; ``netmask`` is for a mask with
    holes, which has none; ``zone`` the interface of an address of the link; ``flags`` are in lower case."""

    family: str
    address: str
    length: int | None = None
    netmask: str = ""
    peer: str = ""
    broadcast: str = ""
    zone: str = ""
    flags: tuple[str, ...] = ()
    preference: str = "0"

    @property
    def network(self) -> str:
        """With its length, ``10.0.2.15/24``; with a mask that has holes, that of its ones."""
        ones = bin(int(self.netmask, 16)).count("1") if self.netmask else 0
        return f"{self.address}/{ones if self.length is None else self.length}"

    @property
    def of_the_link(self) -> bool:
        """fe80::/10: every interface that is up has one."""
        return is_of_the_link(self.address)


def is_of_the_link(address: str) -> bool:
    """Whether an address says nothing about its interface's use: one of the link, or none at all (0.0.0.0)."""
    found = ipaddress.ip_address(address)
    return found.is_unspecified or (found.version == 6 and found.is_link_local)


def parse(line: str) -> Address | None:
    """An address from its line of ``ifconfig IF``; None for any other line, or if no address can be read in it."""
    words = line.split()
    if words[:1] not in (["inet"], ["inet6"]):
        return None
    family = words.pop(0)
    if words[:1] == ["alias"]:
        del words[0]
    text, _slash, length = (words or [""])[0].partition("/")
    text, _percent, zone = text.partition("%")
    if not _is_address(family, text):
        return None
    values, flags = _options(words[1:])
    length = length or values.get("prefixlen", "")
    mask = values.get("netmask", "")
    bits = int(length) if _LENGTH.match(length) else _length_of(mask)
    peer, broadcast = values.get("->", "").partition("%")[0], values.get("broadcast", "")
    return Address(
        family=family,
        address=text,
        length=bits,
        netmask=f"0x{int(mask, 16):08x}" if bits is None and _MASK.match(mask) else "",
        peer=peer if _is_address(family, peer) else "",
        broadcast=broadcast if _is_address(family, broadcast) else "",
        zone=zone,
        flags=tuple(flags),
        preference=values.get("preference", "0"),
    )


def comes_by_itself(found: Address, link_address: str) -> bool:
    """Whether an address is there again when its interface is up again, without anybody giving it: that of the link
    which the kernel makes from the hardware's (``link_address``), and what a router or a privacy extension gave."""
    if found.address == "0.0.0.0":
        return True
    if found.family != "inet6":
        return False
    if {"autoconf", "temporary"} & set(found.flags):
        return True
    return found.of_the_link and _identifier(found.address) == _eui64(link_address)


def arguments(found: Address) -> list[str]:
    """What to tell ``ifconfig IF`` so that it has this address beside all others.

    Always with ``alias``: without, the first address that is there is replaced (record tapA-show-CD, NetBSD 7.99.10).
    """
    flags = [flag for flag in _GIVEN_FLAGS if flag in found.flags]
    peer = [found.peer] if found.peer else []
    preference = ["preference", found.preference] if found.preference != "0" else []
    if found.family == "inet6":
        address = found.address + (f"%{found.zone}" if found.zone else "")
        length = ["prefixlen", str(found.length)] if found.length is not None else []
        return ["inet6", address, *peer, *length, *flags, "alias", *preference]
    own = found.address if found.length is None else f"{found.address}/{found.length}"
    mask = ["netmask", found.netmask] if found.netmask else []
    broadcast = [] if found.broadcast in ("", _usual_broadcast(found)) else ["broadcast", found.broadcast]
    return ["inet", own, *peer, *mask, *broadcast, "alias", *preference]


def _options(words: list[str]) -> tuple[dict[str, str], list[str]]:
    values: dict[str, str] = {}
    flags: list[str] = []
    words = list(words)
    while words:
        word = words.pop(0)
        if word in _WITH_VALUE and words:
            values[word] = words.pop(0)
        else:
            flags.append(word)
    for group in _FLAGS.findall(values.get("flags", "")):
        flags += [flag for flag in group.lower().split(",") if flag]
    return values, flags


def _is_address(family: str, text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == (6 if family == "inet6" else 4)
    except ValueError:
        return False


def _length_of(mask: str) -> int | None:
    """The length of a netmask without holes."""
    if not _MASK.match(mask):
        return None
    bits = f"{int(mask, 16):032b}"
    return bits.count("1") if "01" not in bits else None


def _usual_broadcast(found: Address) -> str:
    if found.length is None or found.length > 32:
        return ""
    return str(ipaddress.IPv4Interface(f"{found.address}/{found.length}").network.broadcast_address)


def _identifier(address: str) -> int:
    return int(ipaddress.IPv6Address(address)) & ((1 << 64) - 1)


def _eui64(link_address: str) -> int | None:
    """RFC 4291, appendix A."""
    try:
        octets = bytes.fromhex(link_address.replace(":", ""))
    except ValueError:
        return None
    if len(octets) != 6:
        return None
    return int.from_bytes(bytes([octets[0] ^ 2]) + octets[1:3] + b"\xff\xfe" + octets[3:], "big")
