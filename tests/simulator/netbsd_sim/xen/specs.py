# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Disk and network specifications: positional and key=value forms, as xl splits them.

Written after the rules of Xen's tools/libs/util/libxlu_disk_l.l (disks) and tools/xl/xl_parse.c (networks). Messages:
records create_disk_badformat, create_disk_notarget, create_bad_mac (xl 4.20).
"""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Report = Callable[[str], None]

_FORMATS = {"": "raw", "raw": "raw", "qcow": "qcow", "qcow2": "qcow2", "vhd": "vhd", "empty": "empty", "qed": "qed"}
_ACCESS = {"r": 0, "ro": 0, "rw": 1, "w": 1, "": 1}
_DISK_KEYS = re.compile(r"(format|access|backend|backendtype|specification|vdev|script|devtype)=([^,]*),?")
_DISK_FLAGS = re.compile(r"(cdrom|direct-io-safe|discard|no-discard|trusted|untrusted)(?:,|\Z)")
_FORMAT_PREFIX = re.compile(r"(raw|qcow2?|vhd):")
_IGNORED_PREFIX = re.compile(r"(tapdisk|tap2?|aio|ioemu|file|phy):")
_UNKNOWN_PREFIX = re.compile(r"[a-z][a-z0-9]*:(?=[^a-z0-9]|\Z)")
_UNKNOWN_KEY = re.compile(r"[a-z][-a-z0-9]*=[^,],?")
_POSITIONAL = re.compile(r"[^=,]*,|[^=,]+,?")

# The order in which libxl prints a disk (libxl_types.idl).
_DISK_ORDER = ("backend_domname", "pdev_path", "vdev", "backend", "format", "script", "removable", "readwrite",
               "is_cdrom", "direct_io_safe", "discard_enable", "trusted", "specification")
_NIC_ORDER = ("backend_domname", "devid", "mtu", "model", "mac", "ip", "bridge", "ifname", "script", "nictype",
              "gatewaydev")


class SpecError(Exception):
    """The specification is wrong; the message has been reported."""


@dataclass
class _Disk:
    source: str
    spec: str
    report: Report
    values: dict[str, Any] = field(default_factory=lambda: {"readwrite": 1})
    prefixed: bool = False
    access_given: bool = False

    def fail(self, message: str, near: str | None = None) -> None:
        wrong = "" if near is None else f": near `{near}'"
        self.report(f"{self.source}: config parsing error in disk specification: {message}{wrong} in `{self.spec}'\n")
        raise SpecError

    def set_format(self, text: str) -> None:
        if text not in _FORMATS:
            self.fail("unknown value for format", text)
        if self.values.get("format", _FORMATS[text]) != _FORMATS[text]:
            self.fail("format respecified", text)
        self.values["format"] = _FORMATS[text]

    def set_once(self, key: str, what: str, text: str) -> None:
        if self.values.get(key):
            self.fail(f"{what} respecified", text)
        self.values[key] = text

    def set_access(self, text: str) -> None:
        if text not in _ACCESS:
            self.fail("unknown value for access", text)
        self.values["readwrite"] = _ACCESS[text]

    def set_key(self, key: str, text: str) -> None:
        if key == "format":
            self.set_format(text)
        elif key == "access":
            self.set_access(text)
        elif key == "devtype":
            if text not in ("cdrom", "disk"):
                self.fail("unknown value for type", f"devtype={text}")
            self.values["is_cdrom"] = int(text == "cdrom")
        elif key == "backendtype":
            if text not in ("phy", "tap", "qdisk", "standalone"):
                self.fail("unknown value for backendtype", text)
            self.values["backend"] = text
        else:
            self.set_once({"backend": "backend_domname"}.get(key, key), key, text)

    def set_flag(self, flag: str) -> None:
        if flag == "cdrom":
            self.values["is_cdrom"] = 1
        elif flag == "direct-io-safe":
            self.values["direct_io_safe"] = "True"
        elif flag.endswith("discard"):
            self.values["discard_enable"] = str(flag == "discard")
        else:
            self.values["trusted"] = str(flag == "trusted")

    def split_devtype(self, text: str) -> bool:
        """`hdc:cdrom`, the old way to say that a device is a cdrom."""
        vdev, colon, devtype = text.rpartition(":")
        if not colon:
            return False
        self.set_once("vdev", "vdev", vdev)
        if devtype not in ("cdrom", "disk"):
            self.fail("unknown deprecated type", devtype)
        self.values["is_cdrom"] = int(devtype == "cdrom")
        return True

    def positional(self, text: str) -> None:
        if self.values.get("pdev_path") is None:
            self.values["pdev_path"] = text
        elif not self.prefixed and "format" not in self.values:
            if not self.values["pdev_path"] and self.split_devtype(text):
                self.values["format"] = "empty"
            else:
                self.set_format(text)
        elif not self.values.get("vdev"):
            if not self.split_devtype(text):
                self.values["vdev"] = text
        elif not self.access_given:
            self.access_given = True
            self.set_access(text)
        else:
            self.fail("too many positional parameters", text)

    def scan(self, text: str) -> None:
        position = 0
        while position < len(text):
            rest = text[position:]
            if rest[0] in " \t\n":
                position += len(rest) - len(rest.lstrip(" \t\n"))
                continue
            position += self._one(rest)

    def _one(self, rest: str) -> int:
        """Read one parameter; returns its length."""
        if match := _DISK_KEYS.match(rest):
            self.set_key(match[1], match[2])
        elif rest.startswith("target="):
            self.set_once("pdev_path", "target", rest[7:].removesuffix(","))
            return len(rest)
        elif match := _DISK_FLAGS.match(rest):
            self.set_flag(match[1])
        elif match := _FORMAT_PREFIX.match(rest):
            self.prefixed = True
            self.set_format(match[1])
        elif match := _IGNORED_PREFIX.match(rest):
            self.prefixed = True
        elif match := _UNKNOWN_PREFIX.match(rest):
            self.fail("unknown deprecated disk prefix", match[0])
        elif match := _UNKNOWN_KEY.match(rest):
            self.fail("unknown parameter", match[0])
        elif match := _POSITIONAL.match(rest):
            self.positional(match[0].removesuffix(","))
        else:
            self.fail("bad disk syntax", rest)
        return len(match[0])  # type: ignore[index]

    def finish(self) -> dict[str, Any]:
        values = self.values
        values.setdefault("format", "raw")
        if values.get("is_cdrom"):
            values["removable"], values["readwrite"] = 1, 0
            if not values.get("pdev_path"):
                values["format"] = "empty"
        if not values.get("vdev"):
            self.fail("no vdev specified")
        if not values.get("pdev_path") and not values.get("removable"):
            self.fail("no target specified (and device not removable)")
        # Numbers that are 0 and texts that are not set don't appear in libxl's JSON.
        return {key: values[key] for key in _DISK_ORDER if values.get(key)}


def parse_disk(specs: list[str], source: str, report: Report) -> dict[str, Any]:
    """One disk from its specification (`xl block-attach` may give it in several pieces).

    Returns libxl's JSON form of it. Raises SpecError after reporting.
    """
    disk = _Disk(source, "", report)
    for spec in specs:
        disk.spec = spec
        disk.scan(spec)
    return disk.finish()


_NIC_TEXT = {"bridge": "bridge", "gatewaydev": "gatewaydev", "ip": "ip", "script": "script",
             "backend": "backend_domname", "vifname": "ifname", "model": "model"}


def parse_nic_word(nic: dict[str, Any], word: str, report: Report) -> bool:
    """Put one `key=value` of a network into ``nic``. False after reporting that it is wrong."""
    key, equals, text = word.partition("=")
    if equals and key == "mac":
        mac = _read_mac(text)
        if mac is None:
            report("Invalid parameter `mac'.\n")
            return False
        nic["mac"] = mac
    elif equals and key == "type":
        if text not in ("vif", "ioemu"):
            report("Invalid parameter `type'.\n")
            return False
        nic["nictype"] = {"vif": "vif", "ioemu": "vif_ioemu"}[text]
    elif equals and key in _NIC_TEXT:
        nic[_NIC_TEXT[key]] = text
    elif equals and key in ("mtu", "devid"):
        nic[key] = int(text)
    elif equals and key == "rate":
        nic["rate"] = text
    else:
        report(f"unrecognized argument `{word}'\n")
        return False
    return True


def parse_nic(spec: str, devid: int, default_bridge: str | None, report: Report) -> dict[str, Any]:
    """One entry of `vif = [...]`. A wrong word is reported and left out (record create_bad_mac)."""
    nic: dict[str, Any] = {"devid": devid}
    if default_bridge:
        nic["bridge"] = default_bridge
    for word in spec.split(","):
        if word:
            parse_nic_word(nic, word.lstrip(" "), report)
    return order_nic(nic)


def order_nic(nic: dict[str, Any]) -> dict[str, Any]:
    """The keys in libxl's order."""
    return {key: nic[key] for key in _NIC_ORDER if key in nic}


def _read_mac(text: str) -> str | None:
    """Six hexadecimal numbers, any single character between them (xl_parse.c, parse_nic_config)."""
    parts = []
    for _index in range(6):
        match = re.match(r"[0-9a-fA-F]+", text)
        if match is None or int(match[0], 16) > 255:
            return None
        parts.append(int(match[0], 16))
        text = text[match.end() + 1 :]
    return ":".join(f"{part:02x}" for part in parts)


def vdev_number(vdev: str) -> int | None:
    """The device number of a virtual disk: xvdX[n], dNpM, hdX[n], sdX[n] or a C integer. None if it is none.

    Xen's docs/misc/vbd-interface.txt; records blocklist (xvda is 51712), create-hda (768), create-hex (1),
    block_detach_missing (xvdz is 268441856).
    """
    if match := re.fullmatch(r"(xvd|hd|sd)([a-z]{1,2})(\d*)", vdev):
        disk = 0
        for letter in match[2]:
            disk = disk * 26 + ord(letter) - ord("a") + 1
        return _number(match[1], disk - 1, int(match[3] or 0))
    if match := re.fullmatch(r"d(\d+)(?:p(\d+))?", vdev):
        return _number("xvd", int(match[1]), int(match[2] or 0))
    if re.fullmatch(r"0[xX][0-9a-fA-F]+|\d+", vdev):
        return int(vdev, 16 if vdev[:2] in ("0x", "0X") else 8 if vdev.startswith("0") and vdev != "0" else 10)
    return None


def _number(kind: str, disk: int, partition: int) -> int | None:
    if kind == "xvd":
        if disk <= 15 and partition <= 15:
            return (202 << 8) | (disk << 4) | partition
        return (1 << 28) | (disk << 8) | partition
    if kind == "hd" and disk <= 3 and partition <= 63:
        return ((3 if disk < 2 else 22) << 8) | ((disk & 1) << 6) | partition
    if kind == "sd" and disk <= 15 and partition <= 15:
        return (8 << 8) | (disk << 4) | partition
    return None
