# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""netstat -rn (record bridge-file-create, NetBSD 7.99.10; usr.bin/netstat/show.c), arp -an."""

from __future__ import annotations

import ipaddress

from ..core import forms
from ..core.machine import Machine, NotSimulated
from . import network

_HEAD = "Destination        Gateway            Flags    Refs      Use    Mtu Interface"


def netstat(m: Machine, argv: list[str]) -> int:
    """netstat -rn -f inet|inet6. Of IPv6 only what every machine has: the simulator knows no other route of it. The
    hosts of the network that were spoken to are left out."""
    if argv[1:-1] != ["-rn", "-f"] or argv[-1] not in ("inet", "inet6"):
        raise NotSimulated(" ".join(argv))
    print("Routing tables\n\n" + ("Internet:" if argv[-1] == "inet" else "Internet6:"))
    print(_HEAD)
    if argv[-1] == "inet6":
        print(_row("::1", "::1", "UHl", "33648", "lo0"))
        return 0
    gateway = m.data.get("routes", {}).get("default")
    rows = []
    for name, entry in network.interfaces(m).items():
        for address, mask in entry["inet"]:
            net = ipaddress.IPv4Interface(f"{address}/{ipaddress.IPv4Address(int(mask, 16))}").network
            if name == "lo0":
                rows.append(_row("127/8", "127.0.0.1", "UGRS", "33648", name))
                rows.append(_row(address, address, "UHl", "33648", name))
                continue
            if gateway and ipaddress.ip_address(gateway) in net:
                rows.insert(0, _row("default", gateway, "UGS", "-L", name))
            rows += [
                _row(_short(net), f"link#{entry['index']}", "UC", "-", name),
                _row(address, str(entry["mac"]), "UHLl", "-", "lo0"),
            ]
    print("\n".join(rows))
    return 0


def _row(destination: str, gateway: str, flags: str, mtu: str, interface: str) -> str:
    # The L of a locked MTU stands behind its column.
    size, locked = mtu.rstrip("L"), "L" if mtu.endswith("L") else " "
    return f"{destination:<18} {gateway:<18} {flags:<8}    -        - {size:>6}{locked} {interface}"


def _short(net: ipaddress.IPv4Network) -> str:
    """Without the zeros at the end: 10.0.2/24, 127/8."""
    octets = str(net.network_address).split(".")
    return ".".join(octets[: max(1, -(-net.prefixlen // 8))]) + f"/{net.prefixlen}"


def arp(m: Machine, argv: list[str]) -> int:
    """arp -an: this machine's own addresses, and those of guests that it has spoken to (usr.sbin/arp/arp.c,
    print_entry)."""
    forms.read(argv)
    for name, entry in network.interfaces(m).items():
        for address, _mask in entry["inet"] if entry["mac"] else ():
            print(f"? ({address}) at {entry['mac']} on {name} permanent")
    for address, (mac, name) in m.data.get("arp", {}).items():
        print(f"? ({address}) at {mac} on {name}")
    return 0
