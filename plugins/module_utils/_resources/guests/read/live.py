# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Where a running guest is not as declared. Pure.

``domain`` is what the toolstack's ``domains`` gave; its ``config`` is in the words of xl.cfg.
"""

from __future__ import annotations

from typing import Any

from ...._change import NotRead
from ...._formats.guest import cpuset, devices
from ...._formats.xl.xl_output import Row
from ..declare.guest import Guest

# Configuration keys that show in the running domain. A change of any other one can't be seen there, so what the
# domain was started with is remembered (see apply/acts.py).
SHOWN = frozenset(
    """name uuid type kernel ramdisk cmdline bootloader memory maxmem vcpus maxvcpus disk vif
    on_poweroff on_reboot on_crash cpu_weight cap cpus pool pci""".split()
)
_EVENTS = ("on_poweroff", "on_reboot", "on_crash")


def row_of(domain: dict[str, Any]) -> Row:
    """The line of the toolstack's list that a domain was made of."""
    return Row(domain["name"], domain["domid"], domain["used"], domain["online_vcpus"], domain["state"])


def differences(guest: Guest, domain: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Where a running guest is not as declared: the guest's key to (live, declared).

    Devices are compared in what was declared: defaults that the toolstack filled in are not ours to judge. What was
    not declared (weight, cpus, pool...) is the toolstack's.
    """
    config = domain["config"]
    found: dict[str, tuple[Any, Any]] = {}
    pairs: dict[str, tuple[Any, Any]] = {"type": (config.get("type"), guest.xl_type)}
    for key in ("memory", "maxmem", "vcpus", "maxvcpus", *_EVENTS, *_boot_keys(guest)):
        pairs[key] = (config.get(key, ""), getattr(guest, key))
    if guest.weight is not None:
        pairs["weight"] = (config.get("cpu_weight"), guest.weight)
    if guest.cap is not None:
        pairs["cap"] = (config.get("cap", 0), guest.cap)
    if guest.pool:
        if domain["pool"] is None:
            raise NotRead(f"the CPU pool of {guest.name} was not looked at")
        pairs["pool"] = (domain["pool"], guest.pool)
    # xl invents a UUID for a configuration without one, and nobody restarts a guest for the sake of ours.
    if guest.uuid_given:
        pairs["uuid"] = (config.get("uuid"), guest.uuid)
    found.update({key: pair for key, pair in pairs.items() if pair[0] != pair[1]})
    found.update(_devices(guest, config))
    return found


def _boot_keys(guest: Guest) -> tuple[str, ...]:
    """How it was booted, as far as the toolstack keeps the declared words: a bootloader puts its own in their place."""
    return ("bootloader",) if guest.bootloader else ("kernel", "ramdisk", "cmdline")


def _devices(guest: Guest, config: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    found: dict[str, tuple[Any, Any]] = {}
    live, declared = disks_by_vdev(config), {disk.settled()["vdev"]: disk.settled() for disk in guest.disks}
    if live != declared:
        found["disks"] = (list(live.values()), list(declared.values()))
    live_nics, nics = nics_by_mac(guest, config), declared_nics(guest)
    if live_nics != nics:
        found["nics"] = (list(live_nics.values()), list(nics.values()))
    pci, live_pci = sorted(each.address for each in guest.pci), live_pci_addresses(config)
    if pci != live_pci:
        found["pci"] = (live_pci, pci)
    return found


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
