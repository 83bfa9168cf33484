# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""route(8): the default routes."""

from __future__ import annotations

import ipaddress

from ..core import forms
from ..core.machine import Machine, SimError
from . import network


def route(m: Machine, argv: list[str]) -> int:
    """route [-nq] get [-inet6] default; add|change [-inet6] default GATEWAY; delete default."""
    command, *words = forms.read(argv).words
    family = "default6" if "-inet6" in words else "default"
    known = m.data.setdefault("routes", {})
    if command in ("add", "change"):
        if command == "add" and family in known:
            raise SimError(f"add net default: gateway {words[-1]}: File exists")
        known[family] = words[-1]
        print(f"{command} net default: gateway {words[-1]}")
        return 0
    if command == "delete":
        if known.pop("default", None) is None:
            raise SimError("route: writing to routing socket: No such process")
        print("delete net default")
        return 0
    gateway = known.get(family)
    carrier = _interface_towards(m, gateway) if gateway else None
    if family != "default" or carrier is None:
        raise SimError("route: writing to routing socket: not in table")
    name, local = carrier
    print(f"   route to: default\ndestination: default\n       mask: default\n    gateway: {gateway}\n"
          f" local addr: {local}\n  interface: {name}\n      flags: <UP,GATEWAY,DONE,STATIC>\n"
          " recvpipe  sendpipe  ssthresh  rtt,msec    rttvar  hopcount      mtu     expire\n"
          "       0         0         0         0         0         0         0         0 ")
    return 0


def _interface_towards(m: Machine, gateway: str) -> tuple[str, str] | None:
    for name, entry in network.interfaces(m).items():
        for address, mask in entry["inet"]:
            if ipaddress.ip_address(gateway) in _network(address, mask):
                return name, address
    return None


def _network(address: str, mask: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_interface(f"{address}/{ipaddress.ip_address(int(mask, 16))}").network
