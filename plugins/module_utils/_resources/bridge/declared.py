# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What is declared of bridges, VLANs and address translation: checked as far as that takes no machine. Pure."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any

from ..._change import HOST_REBOOT, Refused

MIN_MTU, MAX_MTU = 576, 9216
# What an Ethernet frame has room for; 0 and 4095 are reserved (IEEE 802.1Q).
MIN_VLAN, MAX_VLAN = 1, 4094
MIN_GUARD_SECONDS, MAX_GUARD_SECONDS = 10, 600
# Bridges with an address have an interface of their own with the same number, see ``own_interface``.
MAX_ADDRESSED = 99

_BRIDGE = re.compile(r"bridge[0-9]{1,5}\Z")
_VLAN = re.compile(r"vlan[0-9]{1,5}\Z")
_INTERFACE = re.compile(r"[a-z][a-z0-9_]*[0-9]\Z")
_GUEST = re.compile(r"xvif[0-9]|tap(?!9[0-9][0-9]\Z)[0-9]")


@dataclass(frozen=True)
class Wanted:
    """A bridge. ``mtu`` in bytes, None to take that of its interfaces; ``address`` is the machine's own on the bridge,
    with its prefix length."""

    name: str
    interfaces: tuple[str, ...]
    mtu: int | None
    present: bool
    address: str | None = None

    @property
    def file(self) -> str:
        return f"/etc/ifconfig.{self.name}"


@dataclass(frozen=True)
class Vlan:
    """A VLAN interface: its name, its number on the wire and the interface that it is on."""

    name: str
    number: int
    parent: str
    present: bool

    @property
    def file(self) -> str:
        return f"/etc/ifconfig.{self.name}"


@dataclass(frozen=True)
class Nat:
    """Guests on ``bridge`` reach the world through ``interface``, with its address."""

    bridge: str
    interface: str
    network: str


@dataclass(frozen=True)
class Declared:
    """All that one task declares. ``nat`` is None if nothing is said about it; ``reached_at`` is the address by which
    the controller reaches the machine, ``limit`` the most that a change may cost."""

    bridges: tuple[Wanted, ...]
    vlans: tuple[Vlan, ...]
    nat: tuple[Nat, ...] | None
    reached_at: str | None
    limit: str = HOST_REBOOT

    def vlan(self, name: str) -> Vlan | None:
        """The present VLAN of that name."""
        return next((vlan for vlan in self.vlans if vlan.name == name and vlan.present), None)


def is_guest(interface: str) -> bool:
    """Whether an interface belongs to a guest; Xen and qemu make and remove it."""
    return bool(_GUEST.match(interface))


def own_interface(bridge: str, netbsd: str) -> str:
    """The interface that carries the machine's own address on a bridge, because a NetBSD bridge can have none
    (bridge_ioctl in sys/net/if_bridge.c knows no SIOCINITIFADDR).

    vether(4) is made for that and came with NetBSD 10; before, tap(4) does it. Its number is out of the way of qemu,
    which takes the lowest free ones.
    """
    number = int(bridge[len("bridge"):])
    major = netbsd.split(".")[0]
    return f"vether{number}" if major.isdigit() and int(major) >= 10 else f"tap{900 + number}"


def declare(params: dict[str, Any]) -> Declared:
    """Raises Refused for bad names and numbers, and for an interface in two places."""
    bridges = tuple(_bridge(spec) for spec in params["bridges"])
    vlans = tuple(_vlan(spec) for spec in params.get("vlans") or ())
    _refuse_repeated("Bridge", [bridge.name for bridge in bridges])
    _refuse_repeated("VLAN", [vlan.name for vlan in vlans])
    _refuse_shared_members(bridges, vlans)
    _refuse_shared_numbers(vlans)
    seconds = params.get("guard_seconds")
    if seconds is not None and not MIN_GUARD_SECONDS <= seconds <= MAX_GUARD_SECONDS:
        raise Refused(f"guard_seconds is {seconds}; allowed is {MIN_GUARD_SECONDS} to {MAX_GUARD_SECONDS} seconds.")
    nat = params.get("nat")
    return Declared(
        bridges,
        vlans,
        None if nat is None else tuple(_nat(spec, bridges) for spec in nat),
        params.get("reached_at"),
        params.get("max_impact") or HOST_REBOOT,
    )


def _bridge(spec: dict[str, Any]) -> Wanted:
    name, mtu = spec["name"], spec.get("mtu")
    if not _BRIDGE.match(name):
        raise Refused(f"Bridge name {name!r}: NetBSD's bridges are called bridge0, bridge1 and so on.")
    for interface in spec.get("interfaces") or ():
        if not _INTERFACE.match(interface) or _BRIDGE.match(interface):
            raise Refused(
                f"Bridge {name}: {interface!r} can't be the name of an interface in a bridge, such as wm0 or vlan10."
            )
        if is_guest(interface):
            raise Refused(
                f"Bridge {name}: {interface} is a guest's interface; Xen puts it there when the guest starts."
            )
    if mtu is not None and not MIN_MTU <= mtu <= MAX_MTU:
        raise Refused(f"Bridge {name}: mtu is {mtu}; allowed is {MIN_MTU} to {MAX_MTU} bytes.")
    present = spec.get("state", "present") == "present"
    return Wanted(name, tuple(spec.get("interfaces") or ()), mtu, present, _address(name, spec.get("address")))


def _address(name: str, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        address = ipaddress.IPv4Interface(text)
    except ValueError:
        address = None
    if address is None or "/" not in text or not 8 <= address.network.prefixlen <= 30:
        raise Refused(f"Bridge {name}: address is {text!r}; allowed is an IPv4 address with its length, 10.0.3.1/24.")
    if address.ip in (address.network.network_address, address.network.broadcast_address):
        raise Refused(f"Bridge {name}: address {text} is the network itself or its broadcast address.")
    if int(name[len("bridge"):]) > MAX_ADDRESSED:
        raise Refused(f"Bridge {name}: only bridge0 to bridge{MAX_ADDRESSED} can have an address.")
    return str(address)


def _vlan(spec: dict[str, Any]) -> Vlan:
    name, number, parent = spec["name"], spec["id"], spec["parent"]
    if not _VLAN.match(name):
        raise Refused(f"VLAN name {name!r}: NetBSD's VLAN interfaces are called vlan0, vlan1 and so on.")
    if not MIN_VLAN <= number <= MAX_VLAN:
        raise Refused(f"VLAN {name}: id is {number}; allowed is {MIN_VLAN} to {MAX_VLAN}.")
    # vlan_config in sys/net/if_vlan.c takes Ethernet only, and a bridge is none.
    if not _INTERFACE.match(parent) or _BRIDGE.match(parent) or _VLAN.match(parent) or is_guest(parent):
        raise Refused(f"VLAN {name}: parent is {parent!r}; allowed is one of the machine's network cards, such as wm0.")
    return Vlan(name, number, parent, spec.get("state", "present") == "present")


def _nat(spec: dict[str, Any], bridges: tuple[Wanted, ...]) -> Nat:
    name, interface = spec["bridge"], spec["interface"]
    bridge = next((each for each in bridges if each.name == name and each.present), None)
    if bridge is None or bridge.address is None:
        raise Refused(
            f"NAT of {name}: it must be a declared bridge with an address; guests use that as their way out, and its "
            "network is what is translated."
        )
    if not _INTERFACE.match(interface) or interface in bridge.interfaces or _BRIDGE.match(interface):
        raise Refused(
            f"NAT of {name}: interface is {interface!r}; allowed is an interface to the world that is not in {name}."
        )
    return Nat(name, interface, str(ipaddress.IPv4Interface(bridge.address).network))


def _refuse_repeated(kind: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise Refused(f"{kind} {name} is declared {names.count(name)} times.")


def _refuse_shared_members(bridges: tuple[Wanted, ...], vlans: tuple[Vlan, ...]) -> None:
    owners: dict[str, str] = {}
    absent = {vlan.name for vlan in vlans if not vlan.present}
    for bridge in bridges:
        for interface in bridge.interfaces if bridge.present else ():
            if interface in owners:
                raise Refused(
                    f"Interface {interface} is declared in {owners[interface]} and in {bridge.name}; an interface "
                    "can be in one bridge, once."
                )
            if interface in absent:
                raise Refused(f"Bridge {bridge.name}: {interface} is declared as a VLAN with state: absent.")
            owners[interface] = bridge.name


def _refuse_shared_numbers(vlans: tuple[Vlan, ...]) -> None:
    owners: dict[tuple[int, str], str] = {}
    for vlan in vlans:
        if not vlan.present:
            continue
        key = (vlan.number, vlan.parent)
        if key in owners:
            raise Refused(f"VLANs {owners[key]} and {vlan.name} are both number {vlan.number} on {vlan.parent}.")
        owners[key] = vlan.name
