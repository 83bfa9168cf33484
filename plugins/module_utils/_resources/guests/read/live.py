# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a running guest has of what was declared. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Callable, Tuple

from ...._change import NotRead
from ...._formats.guest import cpuset, devices
from ...._formats.xl.xl_output import Domain

if TYPE_CHECKING:
    from ..declare.guest import Guest

Pair = Tuple[Any, Any]


# -- a key of the guest: (live, declared), or None where that is not compared ------------------------------------------


def never(guest: Guest, domain: Domain) -> Pair | None:
    """It shows in the running domain, and is not compared as the others are."""
    return None


def shown(key: str, name: str = "", missing: Any = "") -> Callable[[Guest, Domain], Pair | None]:
    """It is in the domain's configuration by this name. What was not declared is the toolstack's."""

    def pair(guest: Guest, domain: Domain) -> Pair | None:
        value = guest.value(key)
        return None if value is None else (domain.settings.get(name or key, missing), value)

    return pair


def booted(key: str) -> Callable[[Guest, Domain], Pair | None]:
    """How it was booted, if not by a bootloader, which puts its own words in the place of the declared ones."""
    same = shown(key)
    return lambda guest, domain: None if guest.bootloader else same(guest, domain)


def bootloader(guest: Guest, domain: Domain) -> Pair | None:
    return (domain.settings.get("bootloader", ""), guest.bootloader) if guest.bootloader else None


def guest_type(guest: Guest, domain: Domain) -> Pair | None:
    return domain.settings.get("type"), guest.xl_type


def uuid(guest: Guest, domain: Domain) -> Pair | None:
    """xl invents a UUID for a configuration without one, and nobody restarts a guest for the sake of ours."""
    return (domain.settings.get("uuid"), guest.uuid) if guest.uuid_given else None


def pool(guest: Guest, domain: Domain) -> Pair | None:
    if not guest.pool:
        return None
    if domain.pool is None:
        raise NotRead(f"the CPU pool of {guest.name} was not looked at")
    return domain.pool, guest.pool


def disks(guest: Guest, domain: Domain) -> Pair | None:
    live, declared = disks_by_vdev(domain), {disk.settled()["vdev"]: disk.settled() for disk in guest.disks}
    return None if live == declared else (list(live.values()), list(declared.values()))


def nics(guest: Guest, domain: Domain) -> Pair | None:
    """In what was declared of them: defaults that the toolstack filled in are not ours to judge."""
    guest = with_made_up_macs(guest, domain)
    live, declared = nics_by_mac(guest, domain), declared_nics(guest)
    return None if live == declared else (list(live.values()), list(declared.values()))


def pci(guest: Guest, domain: Domain) -> Pair | None:
    return live_pci_addresses(domain), sorted(each.address for each in guest.pci)


# -- devices and processors --------------------------------------------------------------------------------------------


def disks_by_vdev(domain: Domain) -> dict[Any, dict[str, Any]]:
    """The disks of a running domain by their virtual device."""
    return {disk["vdev"]: disk for disk in domain.devices("disk")}


def with_made_up_macs(guest: Guest, domain: Domain) -> Guest:
    """The guest, where it may have any MAC address with those that Xen has made up for the running domain."""
    named = {nic.mac for nic in guest.nics}
    made_up = (nic["mac"] for nic in domain.devices("vif") if nic["mac"] not in named)
    nics = tuple(nic if nic.mac else replace(nic, mac=next(made_up, "")) for nic in guest.nics)
    return replace(guest, nics=nics)


def declared_nics(guest: Guest) -> dict[str, dict[str, Any]]:
    """The declared interfaces by MAC, in what was declared of them."""
    return {nic.mac: {key: value for key, value in nic.settled().items() if value} for nic in guest.nics}


def nics_by_mac(guest: Guest, domain: Domain) -> dict[str, dict[str, Any]]:
    """The live interfaces by MAC, each in the words in which it was declared."""
    declared = declared_nics(guest)
    live = {nic["mac"]: nic for nic in domain.devices("vif")}
    return {mac: {key: nic.get(key, "") for key in declared.get(mac, nic)} for mac, nic in live.items()}


def live_pci_addresses(domain: Domain) -> list[str]:
    """The PCI devices of a running domain, which xl gives as text and xm in parts."""
    return sorted(
        pci.get("address", "") if isinstance(pci, dict) else devices.parse_pci(pci).address
        for pci in domain.settings.get("pci", [])
    )


def wrong_pins(guest: Guest, domain: Domain, total: int | None) -> dict[str, tuple[str, str]]:
    """The virtual CPUs that are not pinned as declared: number to (live, declared).

    ``total`` is the number of the machine's CPUs; without it only sets that are written alike can be told equal, and
    NotRead is raised where it would decide. So it is if nobody looked at the pins.
    """
    if not guest.cpus:
        return {}
    if domain.cpus is None:
        raise NotRead(f"the pinning of {guest.name} was not looked at")
    found = {}
    for number in range(guest.maxvcpus):
        declared = guest.cpus[0] if len(guest.cpus) == 1 else (*guest.cpus, *["all"] * guest.maxvcpus)[number]
        live = domain.cpus.get(str(number))
        # One that the domain does not have comes with a restart, pinned as the configuration says.
        if live is not None and live != declared and not _same(live, declared, total):
            found[str(number)] = (live, declared)
    return found


def _same(live: str, declared: str, total: int | None) -> bool:
    if not cpuset.readable(declared):
        return True  # a set of nodes: the toolstack knows what it is, we do not
    if total is None:
        if "all" in (live, declared):
            raise NotRead("the number of the machine's CPUs was not looked at", reading="start")
        total = cpuset.MOST_CPUS
    return cpuset.readable(live) and cpuset.cpus(live, total) == cpuset.cpus(declared, total)
