# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Disk and network specifications of an xl configuration, names of virtual disks, MAC addresses."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

XEN_MAC_PREFIX = "00:16:3e"
XVD_MAJOR = 202

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}\Z", re.IGNORECASE)
_XVD = re.compile(r"xvd([a-z]{1,2})([0-9]*)\Z")
_DISK_PARTITION = re.compile(r"d([0-9]+)(?:p([0-9]+))?\Z")
_IDE = re.compile(r"hd([a-d])([0-9]*)\Z")
_SCSI = re.compile(r"sd([a-p])([0-9]*)\Z")
_NUMBER = re.compile(r"(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Disk:
    """A guest's disk. ``access`` is rw or ro; ``size`` in bytes is only for making a file that does not exist."""

    path: str
    vdev: str
    access: str = "rw"
    format: str = "raw"
    cdrom: bool = False
    size: int | None = None

    def settled(self) -> dict[str, object]:
        """What two descriptions of one disk have in common, whoever wrote them."""
        number = vdev_number(self.vdev)
        return {
            "vdev": self.vdev if number is None else f"{number:#x}",
            "path": self.path,
            "access": self.access,
            "format": self.format,
            "cdrom": self.cdrom,
        }


@dataclass(frozen=True)
class Nic:
    """A guest's network interface. Empty means that the toolstack's default holds."""

    mac: str
    bridge: str = ""
    model: str = ""
    script: str = ""
    ip: str = ""

    def settled(self) -> dict[str, str]:
        """What two descriptions of one interface have in common."""
        return {
            "mac": self.mac.lower(),
            "bridge": self.bridge,
            "model": self.model,
            "script": self.script,
            "ip": self.ip,
        }


# -- disks -------------------------------------------------------------------------------------------------------------


def render_disk(disk: Disk) -> str:
    """The specification in xl's keyword form. The target comes last, because it may hold commas and blanks."""
    words = [f"format={disk.format}", f"vdev={disk.vdev}", f"access={disk.access}"]
    if disk.cdrom:
        words.append("devtype=cdrom")
    return ",".join([*words, f"target={disk.path}"])


_ACCESS = {"r": "ro", "ro": "ro", "w": "rw", "rw": "rw", "": "rw"}
_FORMATS = ("raw", "qcow", "qcow2", "vhd", "empty", "qed")
_FLAGS = ("direct-io-safe", "discard", "no-discard", "colo", "no-colo", "trusted", "untrusted")
# Said to mean something, and dropped by xl (libxlu_disk_l.l): both files and block devices are recognised by
# themselves.
_DEAD_PREFIX = re.compile(r"(tapdisk|tap2?|aio|ioemu|file|phy):")
_FORMAT_PREFIX = re.compile(r"(raw|qcow2?|vhd):")
_SCRIPT_PREFIX = re.compile(r"(iscsi|e?nbd|drbd):")
_PARAMETER = re.compile(r"([a-z][-a-z0-9]*)=([^,]*)\Z")


def parse_disk(text: str) -> Disk:
    """A disk specification in any of xl's spellings (xl-disk-configuration(5), libxlu_disk_l.l).

    Raises ValueError for one that xl would refuse.
    """
    found: dict[str, str] = {}
    rest = text.lstrip(" \t\n")
    positional = ["target", "format", "vdev", "access"]
    while True:
        prefix = _DEAD_PREFIX.match(rest) or _FORMAT_PREFIX.match(rest) or _SCRIPT_PREFIX.match(rest)
        if prefix is None:
            break
        if _FORMAT_PREFIX.match(rest):
            found["format"] = prefix.group(1)
        if "format" in positional:
            positional.remove("format")
        rest = rest[prefix.end() :]
    while rest:
        if rest.startswith("target="):
            found["target"] = rest[len("target=") :]
            break
        word, _comma, rest = rest.partition(",")
        _disk_word(word, found, positional)
        rest = rest.lstrip(" \t\n")
    return _disk(found, text)


def _disk_word(word: str, found: dict[str, str], positional: list[str]) -> None:
    parameter = _PARAMETER.match(word)
    if parameter:
        found[parameter.group(1)] = parameter.group(2)
    elif word == "cdrom":
        found["devtype"] = "cdrom"
    elif word not in _FLAGS:
        while positional and positional[0] in found:
            positional.pop(0)
        if not positional:
            raise ValueError(f"too many fields: {word!r}")
        name = positional.pop(0)
        # An old form with a device type and no format: ``,hdc:cdrom``.
        vdev, colon, kind = word.partition(":")
        if colon and kind in ("cdrom", "disk") and name in ("format", "vdev"):
            found.update(vdev=vdev, devtype=kind)
            if name == "format":
                found["format"] = "empty"
        else:
            found[name] = word


def _disk(found: dict[str, str], text: str) -> Disk:
    access = _ACCESS.get(found.get("access", ""))
    form = found.get("format") or "raw"
    if access is None or form not in _FORMATS:
        raise ValueError(f"{text!r} is no disk specification")
    return Disk(
        path=found.get("target", ""),
        vdev=found.get("vdev", ""),
        access=access,
        format=form,
        cdrom=found.get("devtype") == "cdrom",
    )


def vdev_number(vdev: str) -> int | None:
    """The number of a virtual disk's name, by which two spellings of one disk are known; None for a bad name.

    As in xen tools/libs/light/libxl_device.c, libxl__device_disk_dev_number.
    """
    found = _XVD.match(vdev)
    if found:
        return _xvd_number(_letters(found.group(1)), int(found.group(2) or 0))
    found = _DISK_PARTITION.match(vdev)
    if found:
        return _xvd_number(int(found.group(1)), int(found.group(2) or 0))
    found = _IDE.match(vdev)
    if found:
        disk, partition = ord(found.group(1)) - ord("a"), int(found.group(2) or 0)
        return None if partition > 63 else ((3 if disk < 2 else 22) << 8) | ((disk & 1) << 6) | partition
    found = _SCSI.match(vdev)
    if found:
        disk, partition = ord(found.group(1)) - ord("a"), int(found.group(2) or 0)
        return None if partition > 15 else (8 << 8) | (disk << 4) | partition
    if _NUMBER.match(vdev):
        if vdev[:2].lower() == "0x":
            return int(vdev, 16)
        return int(vdev, 8 if vdev.startswith("0") else 10)
    return None


def _letters(text: str) -> int:
    """a is 0, z is 25, aa is 26."""
    number = 0
    for letter in text:
        number = number * 26 + ord(letter) - ord("a") + 1
    return number - 1


def _xvd_number(disk: int, partition: int) -> int | None:
    if disk <= 15 and partition <= 15:
        return (XVD_MAJOR << 8) | (disk << 4) | partition
    if disk < (1 << 20) and partition <= 255:
        return (1 << 28) | (disk << 8) | partition
    return None


def default_vdev(index: int) -> str:
    """xvda, xvdb, ... for the disks of a guest that do not name theirs."""
    letters = ""
    index += 1
    while index:
        index, letter = divmod(index - 1, 26)
        letters = chr(ord("a") + letter) + letters
    return "xvd" + letters


# -- network -----------------------------------------------------------------------------------------------------------


def render_vif(nic: Nic) -> str:
    """The specification in xl's form, with what is not left to the toolstack."""
    words = [("mac", nic.mac), ("bridge", nic.bridge), ("model", nic.model), ("script", nic.script), ("ip", nic.ip)]
    return ",".join(f"{key}={value}" for key, value in words if value)


def parse_vif(text: str) -> Nic:
    """A network specification (xl-network-configuration(5)). What is not looked at here is ignored."""
    found: dict[str, str] = {}
    for word in text.split(","):
        key, _equals, value = word.strip().partition("=")
        found[key.strip()] = value.strip()
    return Nic(
        mac=found.get("mac", "").lower(),
        bridge=found.get("bridge", ""),
        model=found.get("model", ""),
        script=found.get("script", ""),
        ip=found.get("ip", ""),
    )


def mac_problem(mac: str) -> str | None:
    """What is wrong with a MAC address for a guest, in words, or None."""
    if not _MAC.match(mac):
        return "allowed are six pairs of hexadecimal digits with colons, for example 00:16:3e:01:02:03"
    if int(mac[:2], 16) & 1:
        return "its first byte is odd, which makes it a multicast address; no interface can have one"
    if not int(mac.replace(":", ""), 16):
        return "all zeros is no address"
    return None


def derived_mac(host: str, guest: str, index: int) -> str:
    """A MAC address in Xen's range that is the same in every run, for the ``index``-th interface of a guest."""
    digest = hashlib.sha256(f"{host}\0{guest}\0{index}".encode()).digest()
    return ":".join([XEN_MAC_PREFIX, *(f"{byte:02x}" for byte in digest[:3])])


def derived_uuid(host: str, guest: str) -> str:
    """A UUID (of the kind that is made from a hash) that is the same in every run."""
    digest = bytearray(hashlib.sha256(f"netbsd.xen\0{host}\0{guest}".encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return "-".join([text[:8], text[8:12], text[12:16], text[16:20], text[20:]])
