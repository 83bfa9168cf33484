# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What must be true before a guest starts: everything that would make the toolstack fail half-way, or do something else
than declared. Pure."""

from __future__ import annotations

from typing import Any

from ...._formats.guest import cpuset
from ...._formats.guest.devices import Nic
from ..declare.guest import Guest
from ..declare.wanted import Wanted
from . import storage
from .seen import Seen, kind, known

# What the hypervisor needs for a guest beside its memory, in KiB (xen tools/libs/light: libxl_create.c,
# libxl__get_required_paging_memory; libxl_internal.h, LIBXL_PV_EXTRA_MEMORY and LIBXL_HVM_EXTRA_MEMORY).
_KIB_A_PAGE = 4
_PAGES_A_VCPU = 256
_PV_EXTRA, _HVM_EXTRA = 1024, 2048
PACKAGES = "/usr/pkg"


def memory_needed(guest: Guest) -> int:
    """The MiB that must be free for a guest to start: its memory, the tables for it, and a little."""
    tables = _KIB_A_PAGE * (_PAGES_A_VCPU * guest.maxvcpus + guest.maxmem)
    extra = _PV_EXTRA if guest.type == "pv" else _HVM_EXTRA
    return guest.memory + -(-(tables + extra) // 1024)


def problems(guest: Guest, current: Seen, wanted: Wanted) -> list[str]:
    """Why a guest can't be started now, in words."""
    found = missing_files(guest, current)
    if guest.bootloader.startswith("/") and kind(current, guest.bootloader) != "file":
        found.append(f"bootloader {guest.bootloader} does not exist on the machine")
    for nic in guest.nics:
        found += nic_problems(guest, nic, current)
    for disk in guest.disks:
        found += storage.problems(guest, disk, current, wanted)
    return found + _identity(guest, current) + _pools_and_cpus(guest, current) + _pci(guest, current)


def missing_files(guest: Guest, current: Seen) -> list[str]:
    """The kernel and the ramdisk that are not there, in words."""
    named = [(key, getattr(guest, key)) for key in ("kernel", "ramdisk")]
    return [
        f"{key} {path} does not exist on the machine; copy it there, or correct the path"
        for key, path in named
        if path and kind(current, path) != "file"
    ]


def missing_at_first_start(guest: Guest, current: Seen) -> list[str]:
    """Of those, the ones that no package of Xen can bring before the machine is a dom0."""
    return [words for words in missing_files(guest, current) if f" {PACKAGES}/" not in words]


def nic_problems(guest: Guest, nic: Nic, current: Seen) -> list[str]:
    """Why an interface can't be made: the toolstack's own error leaves half of it behind (record net_attach_badbridge,
    xl 4.20)."""
    found = []
    bridges = known(current).bridges
    if nic.bridge not in bridges:
        present = ", ".join(bridges) or "none"
        found.append(f"bridge {nic.bridge} does not exist on the machine; there are: {present}")
    having = [name for name, config in storage.others(guest, current) if nic.mac and nic.mac in _macs(config)]
    having += [name for name, end in storage.devices_of_others(guest, current) if nic.mac and end.mac == nic.mac]
    return found + [f"mac {nic.mac} is in use by {name}" for name in dict.fromkeys(having)]


def _macs(config: dict[str, Any]) -> list[str]:
    return [vif["mac"] for vif in config.get("vif", [])]


def _identity(guest: Guest, current: Seen) -> list[str]:
    found = []
    for name, config in storage.others(guest, current):
        if guest.uuid and config.get("uuid") == guest.uuid:
            found.append(f"uuid {guest.uuid} is in use by {name}")
        display = guest.vnc.display if guest.vnc else None
        if display is not None and display in _displays(config):
            found.append(f"vnc display {display} is in use by {name}")
    return found


def _displays(config: dict[str, Any]) -> list[int]:
    frames = [frame for frame in config.get("vfb", []) if isinstance(frame, dict)]
    return [frame["vncdisplay"] for frame in [*frames, config] if frame.get("vncdisplay") is not None]


def _pools_and_cpus(guest: Guest, current: Seen) -> list[str]:
    found = []
    if guest.pool:
        pools = known(current).pools or []
        if guest.pool not in pools:
            found.append(f"pool {guest.pool} does not exist; there are: {', '.join(pools) or 'none'}")
    return found + cpu_problems(guest, current)


def cpu_problems(guest: Guest, current: Seen) -> list[str]:
    """xl takes a CPU that does not exist without a word (record create_cpus_absent, xl 4.20)."""
    if not guest.cpus:
        return []
    total = known(current).cpus
    if total is None:
        return []
    return [
        f"cpus {text!r} means no CPU of this machine, which has {total} (0 to {total - 1})"
        for text in guest.cpus
        # Sets of nodes can't be worked out here; the toolstack knows them.
        if cpuset.readable(text) and cpuset.beyond(text, total)
    ]


def _pci(guest: Guest, current: Seen) -> list[str]:
    if not guest.pci:
        return []
    hidden = known(current).pci
    return [
        f"pci device {pci.address} is not kept for guests; {_hide_hint(hidden)}"
        for pci in guest.pci
        # A device known by name only the toolstack can find; .* stands for all of its functions.
        if pci.address and not any(name == pci.address or name[:-1] + "*" == pci.address for name in hidden)
    ]


def _hide_hint(hidden: list[str]) -> str:
    those = f"those that are: {', '.join(hidden)}" if hidden else "none is"
    return f"{those}. Hide it from dom0 with pciback.hide on its boot line (bootloader_pci_hide) and reboot the host"


def vnd_units(guest: Guest, current: Seen) -> int:
    """How many vnd units the start of a guest takes: each disk that is a file needs one (record create-five-4vnd,
    NetBSD 7.99.10)."""
    return sum(current.files.get(disk.path) == "file" or disk.size is not None for disk in guest.disks if disk.path)
