# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A guest as it runs: what ``xl list`` and ``xl list -l`` say, in the words of the declaration."""

from __future__ import annotations

from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._formats.devices import Disk, Nic
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl_output import Row
from ansible_collections.netbsd.xen.plugins.module_utils._resources._guest import Guest

# In the JSON a value that is its enumeration's first is left out; for these that is destroy (records list_l_linux,
# list_l_crashed, xl 4.20).
_EVENTS = ("on_poweroff", "on_reboot", "on_crash")


def domain(row: Row, config: dict[str, Any]) -> dict[str, Any]:
    """One running domain as plain data. Memory in MiB: ``memory`` is what the toolstack has set, ``used`` what it
    has."""
    found: dict[str, Any] = {
        "name": row.name,
        "domid": row.domid,
        "used": row.memory,
        "online_vcpus": row.vcpus,
        "state": row.state,
        "config": None,
    }
    if config:
        found["config"] = _config(config)
    return found


def row_of(domain: dict[str, Any]) -> Row:
    """The line of ``xl list`` that a domain was made of."""
    return Row(domain["name"], domain["domid"], domain["used"], domain["online_vcpus"], domain["state"])


def _config(config: dict[str, Any]) -> dict[str, Any]:
    general, build = config.get("c_info", {}), config.get("b_info", {})
    maxvcpus = build.get("max_vcpus", 1)
    maxmem = build.get("max_memkb", 0) // 1024
    found = {
        "type": general.get("type", "pv"),
        "uuid": general.get("uuid", ""),
        "kernel": build.get("kernel", ""),
        "ramdisk": build.get("ramdisk", ""),
        "cmdline": build.get("cmdline", ""),
        "bootloader": _bootloader(build),
        "memory": build["target_memkb"] // 1024 if "target_memkb" in build else maxmem,
        "maxmem": maxmem,
        # The CPUs that it may use; how many of them its kernel has started is another matter.
        "vcpus": len(build["avail_vcpus"]) if "avail_vcpus" in build else 1,
        "maxvcpus": maxvcpus,
        "disks": [_disk(disk).settled() for disk in config.get("disks", [])],
        "nics": [_nic(nic).settled() for nic in config.get("nics", [])],
    }
    for event in _EVENTS:
        found[event] = str(config.get(event, "destroy")).replace("_", "-")
    return found


def _bootloader(build: dict[str, Any]) -> str:
    """Its place in the JSON moved from the part for pv guests to the common one."""
    return str(build.get("bootloader") or build.get("type.pv", {}).get("bootloader") or "")


def _disk(disk: dict[str, Any]) -> Disk:
    return Disk(
        path=disk.get("pdev_path", ""),
        vdev=disk.get("vdev", ""),
        access="rw" if disk.get("readwrite") else "ro",
        format=disk.get("format", "raw"),
        cdrom=bool(disk.get("is_cdrom")),
    )


def _nic(nic: dict[str, Any]) -> Nic:
    return Nic(
        mac=nic.get("mac", ""),
        bridge=nic.get("bridge", ""),
        model=nic.get("model", ""),
        script=nic.get("script", ""),
        ip=nic.get("ip", ""),
    )


def differences(guest: Guest, config: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Where a running guest is not as declared: key to (live, declared).

    Devices are compared in what was declared: defaults that the toolstack filled in are not ours to judge.
    """
    found = {}
    for key in ("type", "memory", "maxmem", "vcpus", "maxvcpus", *_EVENTS, *_boot_keys(guest)):
        declared, live = getattr(guest, key), config[key]
        if live != declared:
            found[key] = (live, declared)
    # xl invents a UUID for a configuration without one, and nobody restarts a guest for the sake of ours.
    if guest.uuid_given and config["uuid"] != guest.uuid:
        found["uuid"] = (config["uuid"], guest.uuid)
    disks = [disk.settled() for disk in guest.disks]
    if _sorted(disks, "vdev") != _sorted(config["disks"], "vdev"):
        found["disks"] = (config["disks"], disks)
    wanted = {nic.mac: {key: value for key, value in nic.settled().items() if value} for nic in guest.nics}
    live_nics = {nic["mac"]: nic for nic in config["nics"]}
    live_parts = {mac: {key: nic[key] for key in wanted.get(mac, nic)} for mac, nic in live_nics.items()}
    if live_parts != wanted:
        found["nics"] = (list(live_parts.values()), list(wanted.values()))
    return found


def _boot_keys(guest: Guest) -> tuple[str, ...]:
    """How it was booted, as far as the toolstack keeps the declared words: a bootloader puts its own in their place."""
    return ("bootloader",) if guest.bootloader else ("kernel", "ramdisk", "cmdline")


def _sorted(items: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    return sorted(items, key=lambda item: str(item[key]))
