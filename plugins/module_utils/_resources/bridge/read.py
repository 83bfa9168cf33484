# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The machine's network as it is: interfaces, bridges, their files, and over which address we came in. Reads only."""

from __future__ import annotations

import re
from typing import Any

from ..._change import XenError
from ..._formats.net import brconfig, ifconfig, ifconfig_address, netstat
from ..._host import Host
from . import rc_conf

IFCONFIG, BRCONFIG, ROUTE, NETSTAT = "/sbin/ifconfig", "/sbin/brconfig", "/sbin/route", "/usr/bin/netstat"
_BRIDGE = re.compile(r"bridge[0-9]+\Z")
_FILE = re.compile(r"ifconfig\.(?:bridge|vlan)[0-9]+\Z")


def read(host: Host) -> dict[str, Any]:
    """Every interface and bridge of the machine, the files of bridges and VLANs, and what rc.conf says of them. Two
    commands. Raises XenError if one of them kept something to itself."""
    found = live(host)
    if not found["interfaces"]:
        raise XenError(f"{IFCONFIG} -a printed no interface, and every machine has lo0. Look at what it prints.")
    differ = sorted(set(found["bridges"]) ^ {name for name in found["interfaces"] if _BRIDGE.match(name)})
    if differ:
        raise XenError(
            f"{IFCONFIG} -a and {BRCONFIG} -a do not show the same bridges ({', '.join(differ)}). Perhaps something "
            "made or removed one just now: repeat this; else look at what they print."
        )
    files = [name for name in host.list_dir("/etc") if _FILE.match(name)]
    return dict(
        found,
        netbsd=host.release,
        connection=connection(host),
        files={"/etc/" + name: host.read_text("/etc/" + name) for name in files},
        rc_conf=rc_conf.read(host),
    )


def live(host: Host) -> dict[str, Any]:
    """The interfaces and bridges as they are now. ``settings`` are the arguments of brconfig that make a new bridge
    like each of them. Two commands."""
    interfaces = ifconfig.parse_interfaces(host.run([IFCONFIG, "-a"]).stdout)
    text = host.run([BRCONFIG, "-a"]).stdout
    return {
        "interfaces": {name: _interface(found) for name, found in interfaces.items()},
        "bridges": ifconfig.parse_bridges(text),
        "settings": brconfig.parse_settings(text),
    }


def routes(host: Host) -> list[netstat.Route]:
    """The routes that somebody gave, of both families. Two commands."""
    found = []
    for family in ("inet", "inet6"):
        found += netstat.parse_static(host.run([NETSTAT, "-rn", "-f", family]).stdout, family)
    return found


def connection(host: Host) -> str | None:
    """The machine's own address of the ssh connection that we are run over (ssh(1): SSH_CONNECTION), or None if nobody
    tells."""
    words = host.ssh_connection.split()
    return words[2].partition("%")[0] if len(words) == 4 else None


def _interface(found: ifconfig.Interface) -> dict[str, Any]:
    """``given`` are the arguments of ifconfig for each address that would not come back by itself, ``settings`` those
    for all else that a new interface has not; ``networks6`` are the IPv6 addresses with their lengths."""
    own = [each for each in found.all_addresses if not ifconfig_address.comes_by_itself(each, found.link)]
    return {
        "up": "UP" in found.flags,
        "mtu": found.mtu,
        "addresses": found.addresses,
        "networks": found.networks,
        "networks6": [each.network for each in found.all_addresses if each.family == "inet6"],
        "given": [ifconfig_address.arguments(each) for each in own],
        "settings": ifconfig.settings(found),
        "vlan": list(found.vlan) if found.vlan else None,
    }


def used(interface: dict[str, Any]) -> list[str]:
    """The addresses that somebody may use the interface by. Those of its link say nothing: every interface that is up
    has one (record vlan-show, NetBSD 7.99.10)."""
    return [address for address in interface["addresses"] if not ifconfig_address.is_of_the_link(address)]
