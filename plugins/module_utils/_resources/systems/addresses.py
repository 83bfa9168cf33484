# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Which addresses a guest may have that was given one by dhcp: what its console says, what a dhcp server on dom0 has
given to its MAC, and what dom0 has seen of it. Whoever answers there must prove with a host key that it is the guest.
"""

from __future__ import annotations

from ..._change import CommandFailed
from ..._formats.install import console_text
from ..._formats.net import ifconfig, ifconfig_address, neighbours
from ..._host import Host

# Of ISC's dhcpd: NetBSD's own, pkgsrc's (net/isc-dhcp4: DHCP_HOME), Debian's.
LEASES = ("/var/db/dhcpd.leases", "/var/db/isc-dhcp/dhcpd.leases", "/var/lib/dhcp/dhcpd.leases")
# Of dnsmasq (config.h: LEASEFILE), on a BSD and on Linux.
DNSMASQ_LEASES = ("/var/db/dnsmasq.leases", "/var/lib/misc/dnsmasq.leases")
ARP = ("/usr/sbin/arp", "-an")


def known(host: Host, mac: str, shown: str) -> list[str]:
    """The addresses, the likeliest first. ``shown`` is what the guest's console has shown of its boot, plain."""
    mac = neighbours.settled(mac)
    found = [console_text.given_address(shown)]
    found += [neighbours.leased_addresses(host.read_text(path) or "").get(mac, "") for path in LEASES]
    found += [neighbours.dnsmasq_addresses(host.read_text(path) or "").get(mac, "") for path in DNSMASQ_LEASES]
    try:
        found += reversed(neighbours.arp_addresses(host.try_run(ARP).stdout).get(mac, []))
    except CommandFailed:
        pass  # it is one of several that may tell
    return list(dict.fromkeys(filter(None, found)))


def why_none(host: Host, mac: str, bridge: str) -> str:
    """Why nobody knows an address, in words."""
    mac = neighbours.settled(mac)
    if bridge and not _is_on(host, bridge):
        return (
            f"nobody tells its address: dom0 has none itself on {bridge}, so that only the guest's console could, and "
            "that names none"
        )
    return (
        f"nobody tells its address: its console names none, and dom0 knows none of its MAC {mac} (no lease, nothing in "
        "its arp table)"
    )


def _is_on(host: Host, bridge: str) -> bool:
    """Whether dom0 has an address on a bridge, on its own interface or on a member. True where that is not known."""
    if host.system != "NetBSD":
        return True
    try:
        interfaces = ifconfig.parse_interfaces(host.try_run(["/sbin/ifconfig", "-a"]).stdout)
        members = ifconfig.parse_bridges(host.try_run(["/sbin/brconfig", "-a"]).stdout)
    except CommandFailed:
        return True
    if bridge not in members:
        return True
    near = [interfaces[name] for name in (bridge, *members[bridge]) if name in interfaces]
    return any(not ifconfig_address.is_of_the_link(address) for each in near for address in each.addresses)
