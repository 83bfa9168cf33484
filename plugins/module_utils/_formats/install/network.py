# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A guest's network interface as it is declared, and as each system's own files say it.

What differs from machine to machine is bound to the MAC where a system can do that: the order in which a guest finds
its interfaces, and on Linux their names, hang on the kernel and on udev. A dhcp server that knows the guest's MAC knows
it only if the client sends that, so networkd and netplan are told to (they send a number made from the machine-id).
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Union

Address = Union[ipaddress.IPv4Interface, ipaddress.IPv6Interface]
_FILE_NAME = "10-netbsd-xen"


@dataclass(frozen=True)
class Interface:
    """One interface. ``addresses`` have their prefix's length (``10.0.0.21/24``, ``2001:db8::21/64``) and are none with
    ``dhcp``, which is that of IPv4; ``gateways`` are at most one of each family; ``mac`` is in small letters."""

    mac: str
    dhcp: bool = False
    addresses: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    nameservers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()

    @property
    def parsed(self) -> tuple[Address, ...]:
        """The addresses, taken apart. Raises ValueError for one that ``problems`` names."""
        return tuple(ipaddress.ip_interface(each) for each in self.addresses)

    def gateway(self, version: int) -> str:
        """The gateway of a family, 4 or 6; empty if there is none."""
        return next((each for each in self.gateways if ipaddress.ip_address(each).version == version), "")


# -- what is wrong with a declaration ----------------------------------------------------------------------------------


def problems(interface: Interface) -> list[str]:
    """What is wrong with a declared interface, a line each, in the words of its keys."""
    found = []
    networks: list[Address] = []
    if interface.dhcp and (interface.addresses or interface.gateways):
        found.append("dhcp and an address or gateway are two ways; give one")
    for text in interface.addresses:
        why = _address_problem(text)
        if why:
            found.append(f"address is {text!r}; {why}")
        else:
            networks.append(ipaddress.ip_interface(text))
    found += _gateway_problems(interface.gateways, networks)
    for text in interface.nameservers:
        if _ip(text) is None:
            found.append(f"nameservers has {text!r}; allowed are addresses")
    return found


def _address_problem(text: str) -> str:
    if "/" not in text:
        return "its prefix is missing: write it as 10.0.0.21/24"
    try:
        found = ipaddress.ip_interface(text)
    except ValueError as error:
        return f"that is no address with a prefix ({error})"
    if found.ip.is_multicast or found.ip.is_loopback or found.ip.is_unspecified:
        return "that is no address that a machine can have on a network"
    whole = found.network.num_addresses
    if whole > 2 and found.ip == found.network.network_address:
        return f"that is the network {found.network} itself"
    if whole > 2 and found.version == 4 and found.ip == found.network.broadcast_address:
        return f"that is the broadcast address of {found.network}"
    return ""


def _gateway_problems(gateways: Sequence[str], networks: Sequence[Address]) -> list[str]:
    found = []
    for text in gateways:
        gateway = _ip(text)
        if gateway is None:
            found.append(f"gateway is {text!r}; allowed is an address")
            continue
        near = [each for each in networks if each.version == gateway.version]
        if any(each.ip == gateway for each in near):
            found.append(f"gateway is {text}, which is the guest's own address")
        elif not any(gateway in each.network for each in near) and not gateway.is_link_local:
            nets = ", ".join(str(each.network) for each in near) or f"no IPv{gateway.version} address"
            found.append(f"gateway is {text}, which is outside of the guest's network ({nets})")
    versions = [gateway.version for gateway in map(_ip, gateways) if gateway is not None]
    if len(versions) != len(set(versions)):
        found.append(f"gateway is {', '.join(gateways)}; one of each family is enough")
    return found


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


# -- NetBSD ------------------------------------------------------------------------------------------------------------


def ifconfig_if(interface: Interface) -> str:
    """The text of NetBSD's /etc/ifconfig.IF (ifconfig.if(5)): an ifconfig a line. ``dhcp`` alone in a line starts
    dhcpcd for it (network_start_interfaces in etc/rc.d/network, from NetBSD 6 on)."""
    lines = ["up"]
    for index, address in enumerate(interface.parsed):
        if address.version == 4:
            # The first one of a family replaces, the others are added (facts of ifconfig, NetBSD 7.99.10).
            more = " alias" if any(each.version == 4 for each in interface.parsed[:index]) else ""
            lines.append(f"inet {address.ip} netmask {address.netmask}{more}")
        else:
            lines.append(f"inet6 {address.ip} prefixlen {address.network.prefixlen} alias")
    if interface.dhcp:
        lines.append("dhcp")
    return "".join(f"{line}\n" for line in lines)


def rc_conf_values(interfaces: Sequence[Interface]) -> dict[str, str]:
    """NetBSD's variables of rc.conf for all interfaces, the first one's gateways before others' (rc.conf(5))."""
    found = {}
    for version, variable in ((4, "defaultroute"), (6, "defaultroute6")):
        gateway = next((each.gateway(version) for each in interfaces if each.gateway(version)), "")
        if gateway:
            found[variable] = gateway
    return found


def resolv_conf(interfaces: Iterable[Interface]) -> str:
    """The text of /etc/resolv.conf (resolv.conf(5)); empty where nothing is declared, and dhcp may write it."""
    each = list(interfaces)
    servers = list(dict.fromkeys(server for interface in each for server in interface.nameservers))
    search = list(dict.fromkeys(domain for interface in each for domain in interface.search))
    lines = [f"search {' '.join(search)}"] if search else []
    return "".join(f"{line}\n" for line in (*lines, *(f"nameserver {server}" for server in servers)))


# -- Linux -------------------------------------------------------------------------------------------------------------


def ifupdown(interfaces: Sequence[Interface]) -> str:
    """The text of Debian's /etc/network/interfaces (interfaces(5)), also of those that know no prefix in an address.

    It names interfaces eth0, eth1..., in the guest's order: its command line needs ``net.ifnames=0`` where udev would
    give them other names (newer udev renames Xen's too).
    """
    lines = ["auto lo", "iface lo inet loopback"]
    for number, interface in enumerate(interfaces):
        lines += ["", f"auto eth{number}"]
        if interface.dhcp:
            lines.append(f"iface eth{number} inet dhcp")
        for address in interface.parsed:
            family = "inet" if address.version == 4 else "inet6"
            mask = str(address.netmask) if address.version == 4 else str(address.network.prefixlen)
            lines += [f"iface eth{number} {family} static", f"    address {address.ip}", f"    netmask {mask}"]
            gateway = interface.gateway(address.version)
            if gateway and address == next(each for each in interface.parsed if each.version == address.version):
                lines.append(f"    gateway {gateway}")
        if not interface.dhcp and not interface.addresses:
            lines.append(f"iface eth{number} inet manual")
    return "".join(f"{line}\n" for line in lines)


def networkd(interfaces: Sequence[Interface]) -> dict[str, str]:
    """systemd-networkd's files by their paths (systemd.network(5)), bound to the MAC. ``[DHCP]`` is the section's first
    name, which later ones (``[DHCPv4]``, from systemd 243 on) still read."""
    found = {}
    for number, interface in enumerate(interfaces):
        lines = ["[Match]", f"MACAddress={interface.mac}", "", "[Network]"]
        lines += ["DHCP=ipv4"] if interface.dhcp else []
        lines += [f"Address={address}" for address in interface.addresses]
        lines += [f"Gateway={gateway}" for gateway in interface.gateways]
        lines += [f"DNS={server}" for server in interface.nameservers]
        lines += [f"Domains={' '.join(interface.search)}"] if interface.search else []
        lines += ["", "[DHCP]", "ClientIdentifier=mac"] if interface.dhcp else []
        found[f"/etc/systemd/network/{_FILE_NAME}-{number}.network"] = "".join(f"{line}\n" for line in lines)
    return found


def netplan(interfaces: Sequence[Interface]) -> dict[str, str]:
    """netplan's file by its path. JSON is YAML."""
    path = f"/etc/netplan/{_FILE_NAME}.yaml"
    return {path: json.dumps({"network": version_2(interfaces)}, indent=2) + "\n"}


def version_2(interfaces: Sequence[Interface]) -> dict[str, Any]:
    """The network as netplan and cloud-init's version 2 have it. The way out is a route with a network of length 0,
    which both understand in all their releases (``gateway4`` is given up, ``default`` is new)."""
    return {"version": 2, "ethernets": {f"eth{number}": _ethernet(each) for number, each in enumerate(interfaces)}}


def _ethernet(interface: Interface) -> dict[str, Any]:
    found: dict[str, Any] = {"match": {"macaddress": interface.mac}}
    if interface.dhcp:
        found.update({"dhcp4": True, "dhcp-identifier": "mac"})
    if interface.addresses:
        found["addresses"] = list(interface.addresses)
    ways = [(version, interface.gateway(version)) for version in (4, 6)]
    routes = [{"to": "0.0.0.0/0" if version == 4 else "::/0", "via": gateway} for version, gateway in ways if gateway]
    if routes:
        found["routes"] = routes
    if interface.nameservers or interface.search:
        found["nameservers"] = {
            key: list(values)
            for key, values in (("addresses", interface.nameservers), ("search", interface.search))
            if values
        }
    return found


def version_1(interfaces: Sequence[Interface]) -> dict[str, Any]:
    """The network as cloud-init's version 1 has it, for images whose cloud-init is older than 17.1."""
    return {
        "version": 1,
        "config": [
            {"type": "physical", "name": f"eth{number}", "mac_address": each.mac, "subnets": _subnets(each)}
            for number, each in enumerate(interfaces)
        ],
    }


def _subnets(interface: Interface) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"type": "dhcp4"}] if interface.dhcp else []
    told = set()
    for address in interface.parsed:
        subnet = {"type": "static" if address.version == 4 else "static6", "address": str(address)}
        gateway = interface.gateway(address.version)
        if gateway and address.version not in told:
            subnet["gateway"] = gateway
        told.add(address.version)
        found.append(subnet)
    if found and interface.nameservers:
        found[0]["dns_nameservers"] = list(interface.nameservers)
    if found and interface.search:
        found[0]["dns_search"] = list(interface.search)
    return found or [{"type": "manual"}]
