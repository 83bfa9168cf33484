# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The routing table that ``netstat -rn -f inet`` and ``-f inet6`` print (netstat(1))."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

_COLUMNS = 4


class Route(NamedTuple):
    """A route that somebody gave: ``family`` is inet or inet6, ``destination`` is ``default``, a network with its
    length or an address."""

    family: str
    destination: str
    gateway: str
    interface: str


def parse_static(text: str, family: str) -> list[Route]:
    """The routes through a gateway that were given by hand, a script or a DHCP client: those with the flags G and S
    (record bridge-file-create, NetBSD 7.99.10). All others come and go with addresses and routers. A route that blocks
    or rejects (flags R, B) has no interface of its own."""
    found = []
    for line in text.splitlines():
        words = line.split()
        if len(words) <= _COLUMNS or not re.fullmatch(r"[A-Za-z0-9]+", words[2]):
            continue
        flags = words[2]
        destination = _destination(words[0], family, "H" in flags)
        if {"G", "S"} <= set(flags) and not {"R", "B"} & set(flags) and destination:
            found.append(Route(family, destination, words[1], words[-1]))
    return found


def _destination(text: str, family: str, is_host: bool) -> str | None:
    """NetBSD leaves out the zeros at the end of an IPv4 network: 10.0.2/24, 127/8."""
    if text == "default":
        return text
    address, slash, length = text.partition("/")
    if family == "inet" and not is_host:
        parts = address.split(".")
        address = ".".join([*parts, "0", "0", "0"][:4])
        length = length if slash else str(8 * len(parts))
    try:
        ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return address if is_host else f"{address}/{length}"
