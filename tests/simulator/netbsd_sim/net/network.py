# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces and bridges. Messages are those that ifconfig and brconfig print on NetBSD 7.99.10 (see the records)."""

from __future__ import annotations

import ipaddress
import re
import zlib
from typing import Any

from ..core.machine import Machine, NotSimulated, SimError

# net/if.h, in the order of its bits.
FLAG_BITS = {
    "UP": 0x1,
    "BROADCAST": 0x2,
    "LOOPBACK": 0x8,
    "NOTRAILERS": 0x20,
    "RUNNING": 0x40,
    "PROMISC": 0x100,
    "ALLMULTI": 0x200,
    "SIMPLEX": 0x800,
    "MULTICAST": 0x8000,
}

# `ifconfig -C` (record ifconfig-C) of a dom0's kernel, and of GENERIC; xvif is not cloned, xennetback makes it.
_CLONERS = ("bridge", "vlan", "stf", "gif", "gre", "tun", "tap", "sl", "pppoe", "ppp", "lo")
_CLONERS_GENERIC = ("agr", "bridge", "vlan", "stf", "gif", "gre", "tap", "tun", "strip", "sl", "pppoe", "ppp", "lo")

# What `ifconfig IF create` makes here.
CLONED_KINDS = ("bridge", "tap", "vlan", "vether")
_ETHERNET_KINDS = ("ether", "tap", "xvif", "vlan", "vether")

# The largest MTU of what has ECAP_JUMBO_MTU: ether_ioctl refuses more (records wm0-mtu-9000, wm0-mtu-20000,
# tapA-mtu-500000; net/if_ethersubr.c).
_JUMBO_MTU = 9000
_SMALLEST_VLAN_MTU = 46

INVALID_MTU = "ifconfig: SIOCSIFMTU: Invalid argument"


def cloners(m: Machine) -> tuple[str, ...]:
    """The names that `ifconfig IF create` knows, last attached first. vether came with NetBSD 10 (if_vether.c 1.1),
    and stands behind bridge in GENERIC."""
    known = _CLONERS if m.is_dom0() else _CLONERS_GENERIC
    return ("vether", *known) if int(m.profile.netbsd_release.split(".")[0]) >= 10 else known


def interfaces(m: Machine) -> dict[str, dict[str, Any]]:
    """All interfaces, in the order in which the kernel lists them."""
    found: dict[str, dict[str, Any]] = m.data.setdefault("interfaces", {})
    return found


def create_interface(m: Machine, name: str, kind: str, mac: str | None = None, mtu: int = 1500) -> dict[str, Any]:
    """Make an interface of kind ether, bridge, xvif, lo, tap, vether or vlan. Raises SimError if the name is taken."""
    known = interfaces(m)
    if name in known:
        # records ifconfig-create-again.txt, generic
        raise SimError("ifconfig: clone_command: File exists\nifconfig: exec_matches: File exists")
    index = max((entry.get("index", 0) for entry in known.values()), default=0) + 1
    entry: dict[str, Any] = {"kind": kind, "flags": [], "mtu": mtu, "mac": None, "members": [], "index": index,
                             "inet": [], "inet6": [], "zone": name}
    if kind in _ETHERNET_KINDS:
        entry["flags"] = ["BROADCAST", "SIMPLEX", "MULTICAST"]
        entry["mac"] = mac or _invented_mac(m, name)
        if kind == "xvif":  # record ifconfig-a-guest-with-guest
            entry["flags"] = ["BROADCAST", "NOTRAILERS", "SIMPLEX", "MULTICAST"]
        if kind == "vlan":  # nothing until it has a parent (if_vlan.c: vlan_clone_create)
            entry.update(mac=None, mtu=0, vlan=None)
    elif kind == "lo":
        entry["flags"] = ["LOOPBACK", "MULTICAST"]
        entry["mtu"] = 33648 if mtu == 1500 else mtu
    known[name] = entry
    return entry


def destroy_interface(m: Machine, name: str) -> None:
    """Remove an interface; a bridge loses it as a member (record bridge-autodestroy-member), a vlan its parent."""
    known = interfaces(m)
    if name not in known:
        # record bridge-destroy-with-member, second destroy
        raise SimError("ifconfig: clone_command: Device not configured\nifconfig: exec_matches: Device not configured")
    del known[name]
    for entry in known.values():
        if name in entry["members"]:
            entry["members"].remove(name)
        if entry.get("vlan") and entry["vlan"][1] == name:
            unconfigure_vlan(m, entry)


def configure_vlan(m: Machine, entry: dict[str, Any], tag: int, parent: str) -> None:
    """SIOCSETVLAN with a parent (if_vlan.c: vlan_config): address, MTU and most flags are the parent's. Raises SimError
    in ifconfig's words."""
    if tag != tag & 0xFFF:
        raise SimError("ifconfig: SIOCSETVLAN: Invalid argument")
    above = interfaces(m).get(parent)
    if above is None:
        raise SimError("ifconfig: SIOCSETVLAN: No such file or directory")
    if entry["vlan"]:
        raise SimError("ifconfig: SIOCSETVLAN: Device busy")
    if above["kind"] not in _ETHERNET_KINDS or above["mac"] is None:
        raise SimError("ifconfig: SIOCSETVLAN: Protocol not supported")
    entry.update(vlan=[tag, parent], mac=above["mac"], mtu=above["mtu"])
    entry["flags"] = [flag for flag in above["flags"] if flag in ("UP", "BROADCAST", "SIMPLEX", "MULTICAST")]
    set_flags(entry, "RUNNING")
    if "UP" in entry["flags"]:
        interface_up(entry)


def unconfigure_vlan(m: Machine, entry: dict[str, Any]) -> None:
    """SIOCSETVLAN without a parent (if_vlan.c: vlan_unconfig). It leaves its bridge too (records vlan-detach-in-bridge,
    vlan-show-detached, br-delete-vlan)."""
    if entry["vlan"]:
        entry.update(vlan=None, mac=None, mtu=0, inet=[], inet6=[])
        interface_down(entry)
        clear_flags(entry, "PROMISC")
        for other in interfaces(m).values():
            if entry["zone"] in other["members"]:
                other["members"].remove(entry["zone"])


def set_mtu(m: Machine, name: str, mtu: int) -> bool:
    """SIOCSIFMTU: False if the kernel refuses. A vlan's is at most its parent's, which takes the tag on top (VLAN_MTU;
    if_vlan.c: vlan_ioctl; record vlan-mtu-too-big). A bridge takes any (record br-mtu-big)."""
    entry = interfaces(m)[name]
    if entry["kind"] == "xvif":
        raise NotSimulated(f"ifconfig {name} mtu")
    if entry["kind"] == "vlan":
        allowed = entry["vlan"] and _SMALLEST_VLAN_MTU <= mtu <= interfaces(m)[entry["vlan"][1]]["mtu"]
    else:
        allowed = entry["mac"] is None or mtu <= int(entry.get("max_mtu", _JUMBO_MTU))
    if allowed:
        entry["mtu"] = mtu
    return bool(allowed)


def bridge(m: Machine, name: str) -> dict[str, Any]:
    """The bridge of that name. Raises SimError with brconfig's message if there is no such interface, or no bridge."""
    # brconfig looks at the name first (records create-vifdef: "xenbr0 is not a bridge", bridge-second: "wm0 is not a
    # bridge"), then asks the kernel (record brconfig-nonexist.txt).
    if not re.match(r"bridge\d", name):
        raise SimError(f"brconfig: {name} is not a bridge")
    entry = interfaces(m).get(name)
    if entry is None:
        raise SimError("brconfig: unable to get interface flags: Device not configured")
    return entry


def add_member(m: Machine, bridge_name: str, name: str) -> None:
    """Put an interface into a bridge. Errors as in records bridge-second, bridge-mtu and brconfig-add-again.txt."""
    target = bridge(m, bridge_name)
    member = interfaces(m).get(name)
    if member is None:
        raise SimError(f"brconfig: add {name}: No such file or directory")
    if name in target["members"]:
        raise SimError(f"brconfig: add {name}: File exists")
    if any(name in entry["members"] for entry in interfaces(m).values()):
        raise SimError(f"brconfig: add {name}: Device busy")
    if member["kind"] not in _ETHERNET_KINDS or member["mac"] is None or member["mtu"] != target["mtu"]:
        raise SimError(f"brconfig: add {name}: Invalid argument")
    target["members"].insert(0, name)  # the newest is listed first
    # A NIC keeps both flags when the bridge is gone (record bridge-destroy-with-member); a tap has only PROMISC.
    set_flags(member, "PROMISC", *(("ALLMULTI",) if member["kind"] == "ether" else ()))


def delete_member(m: Machine, bridge_name: str, name: str) -> None:
    """Take an interface out of a bridge (record brconfig-delete.txt)."""
    target = bridge(m, bridge_name)
    if name not in target["members"]:
        raise SimError(f"brconfig: delete {name}: No such file or directory")
    target["members"].remove(name)
    _forget(target, name)


def set_spanning_tree(m: Machine, bridge_name: str, name: str, on: bool) -> None:
    """brconfig stp and -stp (records br-stp, br-nostp, br-stp-missing)."""
    target = bridge(m, bridge_name)
    if name not in target["members"]:
        raise SimError("brconfig: unable to get bridge flags: No such file or directory")
    _forget(target, name)
    if on:
        target["stp"] = sorted([*target.get("stp", []), name])


def _forget(target: dict[str, Any], name: str) -> None:
    """A member that comes again takes no part in the spanning tree."""
    if name in target.get("stp", []):
        target["stp"].remove(name)


def set_flags(entry: dict[str, Any], *names: str) -> None:
    """Set flags of an interface, kept in the order of their bits."""
    wanted = set(entry["flags"]) | set(names)
    entry["flags"] = [flag for flag in FLAG_BITS if flag in wanted]


def clear_flags(entry: dict[str, Any], *names: str) -> None:
    """Clear flags of an interface."""
    entry["flags"] = [flag for flag in entry["flags"] if flag not in names]


def interface_up(entry: dict[str, Any]) -> None:
    """What `up` does: an interface with a driver beneath it also becomes RUNNING. One with a MAC address gives itself
    an IPv6 address of its link, unless it has one (records vlan-show, tap-show-addr, ifconfig-a-guest-with-guest;
    netinet6/in6_ifattach.c)."""
    set_flags(entry, "UP", "RUNNING")
    if entry["mac"] and not any(address.startswith("fe80:") for address, *_rest in entry["inet6"]):
        entry["inet6"].append([link_local(entry["mac"], entry["zone"]), 64, f"0x{entry['index']:x}"])


def link_local(mac: str, zone: str) -> str:
    """The fe80:: address of a MAC address (EUI-64)."""
    octets = [int(part, 16) for part in mac.split(":")]
    octets[0] ^= 2
    eui = octets[:3] + [0xFF, 0xFE] + octets[3:]
    host = int.from_bytes(bytes(eui), "big")
    return f"{ipaddress.IPv6Address((0xFE80 << 112) | host)}%{zone}"


def interface_down(entry: dict[str, Any]) -> None:
    """What `down` does (record bridge-down-up: flags=0)."""
    clear_flags(entry, "UP", "RUNNING")


def _invented_mac(m: Machine, name: str) -> str:
    """tap's addresses begin with f2:0b:a4 (record dom0-on-xen-4.17/bridge.txt); the rest is fixed by host and name."""
    tail = zlib.crc32(f"{m.hostname} {name}".encode()) & 0xFFFFFF
    return f"f2:0b:a4:{tail >> 16:02x}:{tail >> 8 & 255:02x}:{tail & 255:02x}"
