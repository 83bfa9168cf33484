# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A declared guest's devices: disks, network interfaces, PCI devices and its screen."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...._formats.guest import devices, disk_spec
from ...._formats.guest.devices import Disk, Nic, Pci
from .fields import Fields
from .values import ANY, GuestFields

DISK_KEYS = (
    "path",
    "size",
    "vdev",
    "access",
    "format",
    "cdrom",
    "script",
    "backendtype",
    "discard",
    "direct_io_safe",
    "shared",
)
NIC_KEYS = ("bridge", "mac", "model", "script", "ip", "type", "rate")
PCI_KEYS = ("bdf", "vslot", *devices.PCI_FLAGS, "rdm_policy")
VNC_KEYS = ("listen", "display", "keymap")
# An empty drive is one without a path.
FORMATS = tuple(form for form in disk_spec.FORMATS if form != "empty")
MAX_DISPLAY = 99

# What xl takes for a network interface and NetBSD does not carry out, with the reason (xen tools/hotplug/NetBSD:
# vif-bridge reads neither mtu nor vlan; xen commit c2517364eb: no ioctl renames an interface).
_NO_NIC_KEYS = {
    "mtu": "NetBSD ignores it there; set the MTU of the bridge and its interfaces (role bridge)",
    "vlan": "NetBSD ignores it there; make a bridge on a vlan interface and name that bridge",
    "vifname": "NetBSD can't rename an interface; it is xvif and the domain's id, i and the interface's number",
}
# A disk and an interface as they stand in a configuration (xl-disk-configuration(5), xl-network-configuration(5)).
_XL = "a guest's configuration"
_XL_DISK = re.compile(
    r"\A(?:phy|file|tap\w*|qcow2?|vhd|vdev|target|format|access)[:=]"
    r"|,\s*(?:raw|qcow2?|qed|vhd|xvd[a-z]+|[hs]d[a-z]+|0x[0-9a-f]+|[0-9]+|rw?|ro|w)\s*(?:,|\Z)"
)
_BRIDGE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,14}\Z")
# The character device of a NetBSD disk. libxl wants the block device or a file (record create-rawdisk, NetBSD 7.99.10).
_RAW_DEVICE = re.compile(r"/dev/r((?:wd|sd|ld|dk|raid|ccd|cgd|vnd|xbd|cd)[0-9]+[a-p]?)\Z")
_ADDRESS = re.compile(r"[0-9A-Za-z:.%_-]+\Z")
_KEYMAP = re.compile(r"[a-z][a-z0-9-]{0,19}\Z")


@dataclass(frozen=True)
class Vnc:
    """A guest's screen by VNC. Without a ``display`` (0 is port 5900) the first free one is taken."""

    listen: str = "127.0.0.1"
    display: int | None = None
    keymap: str = ""


# -- disks -------------------------------------------------------------------------------------------------------------


def disks(fields: GuestFields, key: str) -> tuple[Disk, ...]:
    """The guest's disks. One without a name of its own gets the next free of xvda, xvdb, ..."""
    parts = fields.parts(key, "path", DISK_KEYS)
    taken = {devices.vdev_number(str(part.values["vdev"])) for part in parts if part.values.get("vdev")}
    names = (devices.default_vdev(index) for index in itertools.count())
    free = (name for name in names if devices.vdev_number(name) not in taken)
    found = [_disk(part, free, fields.found["type"]) for part in parts]
    fields.adopt(parts)
    numbers: dict[int, str] = {}
    for disk in found:
        number = devices.vdev_number(disk.vdev)
        if number is not None and number in numbers:
            fields.problem(
                f"disks: {numbers[number]} and {disk.path or 'an empty drive'} both have the vdev {disk.vdev}; "
                "each needs its own"
            )
        if number is not None:
            numbers[number] = disk.path or "an empty drive"
    return tuple(found)


def _disk(part: Fields, free: Iterator[str], guest_type: str) -> Disk:
    vdev = part.text("vdev") or next(free)
    if devices.vdev_number(vdev) is None:
        part.wrong("vdev", vdev, "xvda, xvdb, ..., hda to hdd, sda to sdp, or a number")
    cdrom = part.flag("cdrom", False)
    path = _disk_path(part, cdrom, guest_type)
    size = part.size("size")
    if size is not None and path.startswith("/dev/"):
        part.problem(f"size is given for the device {path}; it is only for files, which are made if they are not there")
    backend = part.choice("backendtype", "", ("phy", "qdisk"))
    return Disk(
        path=path,
        vdev=vdev,
        access=_access(part, cdrom),
        format=_format(part, backend, guest_type),
        cdrom=cdrom,
        size=size,
        script=part.word("script"),
        backendtype=backend,
        discard=part.optional_flag("discard"),
        direct_io_safe=part.flag("direct_io_safe", False),
        shared=part.text("shared"),
    )


def _disk_path(part: Fields, cdrom: bool, guest_type: str) -> str:
    given = part.values.get("path")
    if isinstance(given, str) and _XL_DISK.search(given):
        part.wrong("path", given, f"a path alone; what {_XL} has in one text is told by path, vdev and access")
        return ""
    path = part.path("path", needed=not cdrom)
    raw = _RAW_DEVICE.match(path)
    if raw:
        part.wrong("path", path, f"the block device /dev/{raw.group(1)} instead of this raw (character) device")
    if cdrom and not path and guest_type != "hvm":
        # libxl changes CDs only for hvm guests (record cd_insert, xl 4.17).
        part.problem("path is missing; only an hvm guest can have an empty drive")
    return path


def _access(part: Fields, cdrom: bool) -> str:
    """A CD can't be written, whatever is asked for (libxlu_disk.c)."""
    access = disk_spec.ACCESS[part.choice("access", "ro" if cdrom else "rw", tuple(disk_spec.ACCESS))]
    if cdrom and access == "rw":
        part.wrong("access", part.values["access"], "ro, because it is a CD")
        return "ro"
    return access


def _format(part: Fields, backend: str, guest_type: str) -> str:
    """The kernel's block backend serves raw disks only; everything else is qemu's (Xen's SUPPORT.md)."""
    form = part.choice("format", "raw", FORMATS)
    if form != "raw" and backend == "phy":
        part.wrong("format", form, "raw, because the backend phy is the kernel, which knows no other")
    elif form != "raw" and guest_type != "hvm" and backend != "qdisk":
        part.wrong(
            "format",
            form,
            f"raw, because the kernel serves a {guest_type} guest's disks and knows no other; convert the image, or "
            "have qemu serve it with backendtype: qdisk",
        )
    return form


# -- network -----------------------------------------------------------------------------------------------------------


def nics(fields: GuestFields, key: str) -> tuple[Nic, ...]:
    """The guest's interfaces. A MAC address that is not given is derived, so that it is the same in every run."""
    parts = fields.parts(key, "bridge", (*NIC_KEYS, *_NO_NIC_KEYS))
    macs = (devices.derived_mac(fields.host_name, fields.name, index) for index in itertools.count())
    found = [_nic(part, next(macs), fields.found["type"]) for part in parts]
    fields.adopt(parts)
    return tuple(found)


def _nic(part: Fields, derived_mac: str, guest_type: str) -> Nic:
    for key, reason in _NO_NIC_KEYS.items():
        if key in part.values:
            part.problem(f"{key} is {part.values[key]!r}; {reason}")
    mac = (part.text("mac") or derived_mac).lower()
    mac = "" if mac == ANY else mac
    problem = devices.mac_problem(mac) if mac else None
    if problem:
        part.problem(f"mac is {mac!r}; {problem}")
    bridge = part.text("bridge")
    if "=" in bridge:
        part.wrong("bridge", bridge, f"a bridge's name alone; what {_XL} has in one text is told by bridge and mac")
    elif not _BRIDGE.match(bridge):
        part.wrong("bridge", bridge, "the name of a bridge, for example bridge0 (xl's own default is xenbr0)")
    kind = part.choice("type", "", ("vif", "ioemu"))
    if kind == "ioemu" and guest_type != "hvm":
        part.wrong("type", kind, "vif, because only an hvm guest has emulated interfaces")
    rate = part.text("rate")
    if rate and not _is_rate(rate):
        part.wrong("rate", rate, "bits or bytes a second, for example 10MB/s or 100Mb/s")
    return Nic(mac, bridge, part.word("model"), part.word("script"), part.word("ip"), type=kind, rate=rate)


def _is_rate(text: str) -> bool:
    """Whether something may pass, in an interval that is no moment (libxlu_vif.c)."""
    found = devices.RATE.match(text)
    return found is not None and int(found.group(1)) > 0 and int(found.group(4) or 1) > 0


# -- PCI ---------------------------------------------------------------------------------------------------------------


def pci(fields: GuestFields, key: str) -> tuple[Pci, ...]:
    """The PCI devices that the guest gets."""
    value = fields.values.get(key, [])
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, (int, float)) and not isinstance(item, bool):
            fields.problem(f"{key}: {item!r} is what YAML makes of an address without quotes; write it as '03:00.0'")
            return ()
    parts = fields.parts(key, "bdf", PCI_KEYS)
    found = [device for device in map(_pci, parts) if device is not None]
    fields.adopt(parts)
    addresses = [device.address for device in found]
    for address in sorted({each for each in addresses if addresses.count(each) > 1}):
        fields.problem(f"pci: {address} is in the list twice")
    return tuple(found)


def _pci(part: Fields) -> Pci | None:
    words = [part.word("bdf")]
    if part.values.get("vslot") is not None:
        words[0] += f"@{part.word('vslot')}"
    words += [f"{key}={int(part.flag(key, False))}" for key in devices.PCI_FLAGS if key in part.values]
    if "rdm_policy" in part.values:
        words.append(f"rdm_policy={part.choice('rdm_policy', 'relaxed', devices.RDM_POLICIES)}")
    try:
        device = devices.parse_pci(",".join(words))
    except ValueError:
        device = Pci(name=words[0])
    if device.name or device.func is None:
        part.wrong("bdf", words[0], "the address of one function of a PCI device, for example 0000:03:00.0 or 03:00.0")
        return None
    return device


# -- screen ------------------------------------------------------------------------------------------------------------


def vnc(fields: GuestFields, key: str) -> Vnc | None:
    """The guest's screen: ``vnc: true`` or a dictionary; None without one."""
    value = fields.values.get(key)
    if value is None or value is False:
        return None
    if value is True:
        return Vnc()
    part = fields.part(key, VNC_KEYS) if isinstance(value, dict) else None
    if part is None:
        fields.wrong(key, value, f"true, false or a dictionary with {', '.join(VNC_KEYS)}")
        return None
    listen = part.text("listen", Vnc.listen)
    if not _ADDRESS.match(listen):
        part.wrong("listen", listen, "an address of this host, for example 127.0.0.1 or 0.0.0.0")
    keymap = part.text("keymap")
    if keymap and not _KEYMAP.match(keymap):
        part.wrong("keymap", keymap, "the name of a keyboard layout, for example de or en-us")
    found = Vnc(listen, part.optional_integer("display", 0, MAX_DISPLAY), keymap)
    fields.adopt([part])
    return found
