# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a running guest has of what was declared. Pure.

``domain`` is what the toolstack's ``domains`` gave; its ``config`` is in the words of xl.cfg.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Tuple

from ...._change import NotRead
from ...._formats.guest import cpuset, devices
from ...._formats.xl.xl_output import Row

if TYPE_CHECKING:
    from ..declare.guest import Guest

Pair = Tuple[Any, Any]


def row_of(domain: dict[str, Any]) -> Row:
    """The line of the toolstack's list that a domain was made of."""
    return Row(domain["name"], domain["domid"], domain["used"], domain["online_vcpus"], domain["state"])


# -- a key of the guest: (live, declared), or None where that is not compared ------------------------------------------


def never(guest: Guest, domain: dict[str, Any]) -> Pair | None:
    """It shows in the running domain, and is not compared as the others are."""
    return None


def shown(key: str, name: str = "", missing: Any = "") -> Callable[[Guest, dict[str, Any]], Pair | None]:
    """It is in the domain's configuration by this name. What was not declared is the toolstack's."""

    def pair(guest: Guest, domain: dict[str, Any]) -> Pair | None:
        value = guest.value(key)
        return None if value is None else (domain["config"].get(name or key, missing), value)

    return pair


def booted(key: str) -> Callable[[Guest, dict[str, Any]], Pair | None]:
    """How it was booted, if not by a bootloader, which puts its own words in the place of the declared ones."""
    same = shown(key)
    return lambda guest, domain: None if guest.bootloader else same(guest, domain)


def bootloader(guest: Guest, domain: dict[str, Any]) -> Pair | None:
    return (domain["config"].get("bootloader", ""), guest.bootloader) if guest.bootloader else None


def guest_type(guest: Guest, domain: dict[str, Any]) -> Pair | None:
    return domain["config"].get("type"), guest.xl_type


def uuid(guest: Guest, domain: dict[str, Any]) -> Pair | None:
    """xl invents a UUID for a configuration without one, and nobody restarts a guest for the sake of ours."""
    return (domain["config"].get("uuid"), guest.uuid) if guest.uuid_given else None


def pool(guest: Guest, domain: dict[str, Any]) -> Pair | None:
    if not guest.pool:
        return None
    if domain["pool"] is None:
        raise NotRead(f"the CPU pool of {guest.name} was not looked at")
    return domain["pool"], guest.pool


def disks(guest: Guest, domain: dict[str, Any]) -> Pair | None:
    live, declared = disks_by_vdev(domain["config"]), {disk.settled()["vdev"]: disk.settled() for disk in guest.disks}
    return None if live == declared else (list(live.values()), list(declared.values()))


def nics(guest: Guest, domain: dict[str, Any]) -> Pair | None:
    """In what was declared of them: defaults that the toolstack filled in are not ours to judge."""
    live, declared = nics_by_mac(guest, domain["config"]), declared_nics(guest)
    return None if live == declared else (list(live.values()), list(declared.values()))


def pci(guest: Guest, domain: dict[str, Any]) -> Pair | None:
    return live_pci_addresses(domain["config"]), sorted(each.address for each in guest.pci)


# -- devices and processors --------------------------------------------------------------------------------------------


def disks_by_vdev(config: dict[str, Any]) -> dict[Any, dict[str, Any]]:
    """The disks of a live configuration by their virtual device."""
    return {disk["vdev"]: disk for disk in config.get("disk", []) if isinstance(disk, dict)}


def declared_nics(guest: Guest) -> dict[str, dict[str, Any]]:
    """The declared interfaces by MAC, in what was declared of them."""
    return {nic.mac: {key: value for key, value in nic.settled().items() if value} for nic in guest.nics}


def nics_by_mac(guest: Guest, config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The live interfaces by MAC, each in the words in which it was declared."""
    declared = declared_nics(guest)
    live = {nic["mac"]: nic for nic in config.get("vif", []) if isinstance(nic, dict)}
    return {mac: {key: nic.get(key, "") for key in declared.get(mac, nic)} for mac, nic in live.items()}


def live_pci_addresses(config: dict[str, Any]) -> list[str]:
    """The PCI devices of a live configuration, which xl gives as text and xm in parts."""
    return sorted(
        pci.get("address", "") if isinstance(pci, dict) else devices.parse_pci(pci).address
        for pci in config.get("pci", [])
    )


def wrong_pins(guest: Guest, domain: dict[str, Any], total: int | None) -> dict[str, tuple[str, str]]:
    """The virtual CPUs that are not pinned as declared: number to (live, declared).

    ``total`` is the number of the machine's CPUs; without it only sets that are written alike can be told equal, and
    NotRead is raised where it would decide. So it is if nobody looked at the pins.
    """
    if not guest.cpus:
        return {}
    if domain["cpus"] is None:
        raise NotRead(f"the pinning of {guest.name} was not looked at")
    found = {}
    for number in range(guest.maxvcpus):
        declared = guest.cpus[0] if len(guest.cpus) == 1 else (*guest.cpus, *["all"] * guest.maxvcpus)[number]
        live = domain["cpus"].get(str(number), "")
        if live != declared and not _same(live, declared, total):
            found[str(number)] = (live, declared)
    return found


def _same(live: str, declared: str, total: int | None) -> bool:
    if not cpuset.readable(declared):
        return True  # a set of nodes: the toolstack knows what it is, we do not
    if total is None:
        if "all" in (live, declared):
            raise NotRead("the number of the machine's CPUs was not looked at")
        total = cpuset.MOST_CPUS
    return cpuset.readable(live) and cpuset.cpus(live, total) == cpuset.cpus(declared, total)


def disk_paths(live: dict[str, Any]) -> list[str]:
    """The paths of a running domain's disks."""
    disks = (live["config"] or {}).get("disk", [])
    return [disk["path"] for disk in disks if isinstance(disk, dict) and disk["path"]]
