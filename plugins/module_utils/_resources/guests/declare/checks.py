# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What is wrong with a declared guest although each of its values is right alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...._formats.guest import devices
from ...._formats.guest.devices import Disk
from ...._formats.xl.xlcfg_keys import COMMON_KEYS, known_keys
from ...._releases import nearest
from ..keys import KEYS

if TYPE_CHECKING:
    from .guest import Guest

# The disks that qemu emulates besides SCSI ones: the first four, whatever they are called (libxl_dm.c).
_EMULATED = frozenset(f"{kind}{letter}" for kind in ("hd", "xvd") for letter in "abcd")
# Options of a PCI device that xm does not read (xen tools/python/xen/xm/create.py, 4.2.2).
_NO_XM_PCI_OPTIONS = ("permissive", "seize", "rdm_policy")


def contradictions(guest: Guest, values: dict[str, Any], release: str | None, toolstack: str) -> list[str]:
    """What can't be true together, or not with this release. ``values`` is what was declared, defaults included."""
    if guest.state == "absent" or not guest.configured:
        return []
    problems = _amounts(guest) + _booting(guest, values) + _devices(guest) + _unknown_to(guest, values, release)
    problems += _emulated(guest) if guest.type == "hvm" and toolstack == "xl" else []
    problems += _unnamed(guest, values)
    if guest.name in guest.depends_on:
        problems.append("depends_on names the guest itself")
    return problems + (_xm(guest, values, str(release)) if toolstack == "xm" else [])


def _unnamed(guest: Guest, values: dict[str, Any]) -> list[str]:
    """What the installation of a system goes by."""
    if not values.get("install"):
        return []
    problems = [] if guest.uuid else ["uuid is 'any'; a guest that gets its system by install needs one that stays"]
    if not all(nic.mac for nic in guest.nics):
        problems.append("mac is 'any'; a guest that gets its system by install needs addresses that stay")
    if guest.config:
        problems.append(f"config is {guest.config!r}; a guest that gets its system by install has a file of its name")
    return problems


def warnings(guest: Guest, toolstack: str = "xl") -> list[str]:
    """What is allowed and probably does not work."""
    if not guest.pci or toolstack == "xm":
        return []
    # xenkernel418/DESCR in pkgsrc; libxl_netbsd.c, libxl__pci_numdevs.
    return [
        f"guest {guest.name}: pci is given, and PCI passthrough is not supported by the Xen of a NetBSD host; "
        "its start will probably fail"
    ]


def _amounts(guest: Guest) -> list[str]:
    problems = []
    if guest.vcpus > guest.maxvcpus:
        problems.append(f"vcpus is {guest.vcpus} and maxvcpus {guest.maxvcpus}; vcpus can't be more than maxvcpus")
    elif guest.os == "netbsd" and guest.vcpus < guest.maxvcpus:
        # xl list of a guest with vcpus=1 maxvcpus=2 says 2, before and after xl vcpu-set 1 (NetBSD 7.99.10).
        problems.append(
            f"vcpus is {guest.vcpus} and maxvcpus {guest.maxvcpus}; a NetBSD guest starts all of maxvcpus and gives "
            "none back, so the two must be equal. For fewer virtual CPUs lower maxvcpus, which takes a restart"
        )
    if guest.memory > guest.maxmem:
        problems.append(f"memory is {guest.memory} MiB and maxmem {guest.maxmem} MiB; memory can't be more than maxmem")
    if len(guest.cpus) > guest.maxvcpus:
        # xl drops the rest without a word (xl_parse.c, parse_vcpu_affinity).
        problems.append(
            f"cpus has {len(guest.cpus)} entries and the guest {guest.maxvcpus} virtual CPUs; allowed is one for each"
        )
    if guest.cap is not None and guest.cap > 100 * guest.maxvcpus:
        problems.append(
            f"cap is {guest.cap} percent; allowed are 0 (no cap) to {100 * guest.maxvcpus}, 100 for each virtual CPU"
        )
    return problems


def _booting(guest: Guest, values: dict[str, Any]) -> list[str]:
    boots = guest.kernel or guest.bootloader or (guest.type != "hvm" and guest.settings.get("firmware"))
    # A kernel that is given and wrong has had its line already.
    if guest.type == "hvm" or boots or values.get("kernel"):
        return []
    return [f"kernel is missing; a {guest.type} guest needs a kernel (a file on the dom0) or a bootloader"]


def _devices(guest: Guest) -> list[str]:
    problems = []
    if guest.os == "netbsd" and guest.type in ("pv", "pvshim") and any(disk.cdrom for disk in guest.disks):
        # sys/arch/xen/xenbus/xenbus_probe.c 1.51
        problems.append(
            f"a disk has cdrom: true, and NetBSD as a {guest.type} guest ignores such disks; "
            "use access: ro without cdrom"
        )
    for key in KEYS:
        value = guest.value(key.name) if key.only else None
        if value and not (guest.type in key.types and guest.os in key.systems):
            problems.append(f"{key.name} is {list(value) if isinstance(value, tuple) else value!r}; {key.only}")
    if guest.vnc and guest.type != "hvm" and "," in guest.secrets.get("vncpasswd", ""):
        # It becomes a word in a list with commas (xl_parse.c, vfb).
        problems.append(f"vncpasswd holds a comma, which a {guest.type} guest's screen can't have in its password")
    return problems


def _emulated(guest: Guest) -> list[str]:
    """xl ends the start of a guest one of whose emulated disks can't be written to (libxl_dm.c,
    libxl__build_device_model_args_new)."""
    return [
        f"disk {disk.path} is {disk.vdev} with access ro, which no emulated disk can be; use cdrom: true, or a vdev of "
        "the kind sda"
        for disk in guest.disks
        if disk.access == "ro" and not disk.cdrom and _usual_name(disk.vdev).rstrip("0123456789") in _EMULATED
    ]


def _usual_name(vdev: str) -> str:
    number = devices.vdev_number(vdev)
    return vdev if number is None else devices.vdev_name(number)


def _unknown_to(guest: Guest, values: dict[str, Any], release: str | None) -> list[str]:
    """What the release would drop without a word."""
    if release is None:
        return []
    known = known_keys(release)
    problems = [
        f"{key.name} is given, which Xen {release} does not know; leave it out"
        for key in KEYS
        if key.xl and values.get(key.name) not in (None, False, []) and not {key.xl, key.xm} & (known | COMMON_KEYS)
    ]
    # Older ones know builder in the place of type, and would take a guest without it for a pv one (xl.cfg(5) of 4.10).
    if guest.type in ("pvh", "pvshim") and "pvh" not in nearest(release).guest_types:
        problems.append(f"type is {guest.type!r}; Xen {release} has guests of type pv and hvm only")
    return problems


def _xm(guest: Guest, values: dict[str, Any], release: str) -> list[str]:
    """What xm can't be told."""
    problems = [problem for disk in guest.disks for problem in _xm_disk(disk)]
    problems += [
        f"{key.name} is given, which xm can't be told; leave it out"
        for key in KEYS
        if key.toolstack == "xl" and values.get(key.name)
    ]
    # In its place the oldest have vcpu_avail, a mask.
    if guest.maxvcpus != guest.vcpus and "maxvcpus" not in known_keys(release):
        problems.append(f"maxvcpus is {guest.maxvcpus}; Xen {release} starts all of a guest's virtual CPUs")
    if any("all" in text or "node" in text for text in guest.cpus):
        problems.append(f"cpus is {values['cpus']!r}; xm takes numbers, ranges and ^ only")
    for device in guest.pci:
        unknown = [option for option in _NO_XM_PCI_OPTIONS if getattr(device, option)]
        problems += [f"pci: {device.address} has {option}, which xm does not know" for option in unknown]
    # Its Python refuses a file with other characters.
    odd = [key for key, value in values.items() if not str(value).isascii()]
    return problems + [f"{key} is {values[key]!r}; xm reads ASCII only" for key in odd]


def _xm_disk(disk: Disk) -> list[str]:
    try:
        devices.render_disk(disk, "xm")
    except ValueError as error:
        return [str(error)]
    return []
