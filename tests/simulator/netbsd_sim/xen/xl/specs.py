# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Disk and network specifications: positional and key=value forms, as xl splits them.

Written after the rules of Xen's tools/libs/util/libxlu_disk_l.l (disks), libxlu_vif.c and tools/xl/xl_parse.c
(networks). Messages: records create_disk_badformat, create_disk_notarget, create_bad_mac (xl 4.20) and fixture
xl-configs.
"""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from . import cnumbers

Report = Callable[[str], None]

_FORMATS = {"": "raw", "raw": "raw", "qcow": "qcow", "qcow2": "qcow2", "vhd": "vhd", "empty": "empty", "qed": "qed"}
_ACCESS = {"r": 0, "ro": 0, "rw": 1, "w": 1, "": 1}
_ENUMS = {"backendtype": ("backend", ("phy", "tap", "qdisk", "standalone")),
          "specification": ("specification", ("xen", "virtio"))}
_TEXTS = {"backend": "backend_domname", "vdev": "vdev", "script": "script", "colo-host": "colo_host",
          "colo-export": "colo_export", "active-disk": "active_disk", "hidden-disk": "hidden_disk"}
_DISK_KEYS = re.compile(r"(format|access|devtype|colo-port|" + "|".join((*_ENUMS, *_TEXTS)) + r")=([^,]*),?")
_FLAGS: dict[str, tuple[str, Any]] = {
    "cdrom": ("is_cdrom", 1), "direct-io-safe": ("direct_io_safe", True), "discard": ("discard_enable", "True"),
    "no-discard": ("discard_enable", "False"), "colo": ("colo_enable", "True"), "no-colo": ("colo_enable", "False"),
    "trusted": ("trusted", "True"), "untrusted": ("trusted", "False"), "grant_usage=1": ("grant_usage", "True"),
    "grant_usage=0": ("grant_usage", "False"),
}
_DISK_FLAGS = re.compile("(" + "|".join(_FLAGS) + r")(?:,|\Z)")
_FORMAT_PREFIX = re.compile(r"(raw|qcow2?|vhd):")
_SCRIPT_PREFIX = re.compile(r"(iscsi|e?nbd|drbd):")
_IGNORED_PREFIX = re.compile(r"(tapdisk|tap2?|aio|ioemu|file|phy):")
_UNKNOWN_PREFIX = re.compile(r"[a-z][a-z0-9]*:(?=[^a-z0-9]|\Z)")
_UNKNOWN_KEY = re.compile(r"[a-z][-a-z0-9]*=[^,],?")
_POSITIONAL = re.compile(r"[^=,]*,|[^=,]+,?")

# The order in which libxl prints them (libxl_types.idl).
_DISK_ORDER = (
    "backend_domname", "pdev_path", "vdev", "backend", "format", "script", "removable", "readwrite", "is_cdrom",
    "direct_io_safe", "discard_enable", "specification", "colo_enable", "colo_restore_enable", "colo_host",
    "colo_port", "colo_export", "active_disk", "hidden_disk", "trusted", "grant_usage")
_NIC_ORDER = ("backend_domname", "devid", "mtu", "vlan", "model", "mac", "ip", "bridge", "ifname", "script", "nictype",
              "rate_bytes_per_interval", "rate_interval_usecs", "gatewaydev", "coloft_forwarddev")


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
        """A text that was set already is an error, unless it is empty."""
        if self.values.get(key):
            self.fail(f"{what} respecified", text)
        self.values[key] = text

    def set_enum(self, name: str, text: str) -> None:
        key, known = _ENUMS[name]
        if text not in known:
            self.fail(f"unknown value for {name}", text)
        if self.values.get(key, text) != text:
            self.fail(f"{key} respecified", text)
        self.values[key] = text

    def set_access(self, text: str) -> None:
        if text not in _ACCESS:
            self.fail("unknown value for access", text)
        self.values["readwrite"] = _ACCESS[text]

    def set_key(self, key: str, text: str, whole: str) -> None:
        if key == "format":
            self.set_format(text)
        elif key == "access":
            self.set_access(text)
        elif key == "devtype":
            if text not in ("cdrom", "disk"):
                self.fail("unknown value for type", whole)
            self.values["is_cdrom"] = int(text == "cdrom")
        elif key == "colo-port":
            if not cnumbers.atoi(text):
                self.fail("unknown value for colo_port", text)
            self.values["colo_port"] = cnumbers.atoi(text)
        elif key in _ENUMS:
            self.set_enum(key, text)
        else:
            self.set_once(_TEXTS[key], key, text)

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
        elif self.values.get("vdev") is None:
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
            self.set_key(match[1], match[2], match[0])
        elif rest.startswith("target="):
            self.set_once("pdev_path", "target", rest[7:].removesuffix(","))
            return len(rest)
        elif match := _DISK_FLAGS.match(rest):
            key, value = _FLAGS[match[1]]
            self.values[key] = value
        elif match := _FORMAT_PREFIX.match(rest):
            self.prefixed = True
            self.set_format(match[1])
        elif match := _SCRIPT_PREFIX.match(rest):
            self.prefixed = True
            self.set_once("script", "script", f"block-{match[1]}")
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
        if values.get("vdev") is None:
            self.fail("no vdev specified")
        if values.get("pdev_path") is None and not values.get("removable"):
            self.fail("no target specified (and device not removable)")
        # Numbers that are 0 and texts that are not set don't appear in libxl's JSON.
        return {key: values[key] for key in _DISK_ORDER if values.get(key) not in (None, 0)}


def parse_disk(specs: list[str], source: str, report: Report) -> dict[str, Any]:
    """One disk from its specification (`xl block-attach` may give it in several pieces).

    Returns libxl's JSON form of it. Raises SpecError after reporting.
    """
    disk = _Disk(source, "", report)
    for spec in specs:
        disk.spec = spec
        disk.scan(spec)
    return disk.finish()


_NIC_TEXT = {"bridge": "bridge", "gatewaydev": "gatewaydev", "netdev": "gatewaydev", "ip": "ip", "script": "script",
             "backend": "backend_domname", "vifname": "ifname", "model": "model", "vlan": "vlan",
             "forwarddev": "coloft_forwarddev"}


def parse_nic_word(nic: dict[str, Any], word: str, report: Report, source: str = "command line",
                   behind: str = "") -> bool:
    """Put one `key=value` of a network into ``nic``. False after reporting that it is wrong.

    ``behind`` is what stands behind the word in xl's memory: a MAC that is too short goes on there. Raises SpecError
    for what ends xl.
    """
    key, equals, text = word.partition("=")
    if equals and key == "mac":
        if not _read_mac(nic, text, behind):
            report("Invalid parameter `mac'.\n")
            return False
    elif equals and key == "type":
        if text not in ("vif", "ioemu"):
            report("Invalid parameter `type'.\n")
            return False
        nic["nictype"] = {"vif": "vif", "ioemu": "vif_ioemu"}[text]
    elif equals and (key in _NIC_TEXT or key.startswith("colo_")):
        if key == "netdev":
            report("the netdev parameter is deprecated, please use gatewaydev instead\n")
        nic[_NIC_TEXT.get(key, key)] = text
    elif equals and key in ("mtu", "devid"):
        _set_number(nic, key, text, report)
    elif equals and key == "rate":
        _set_rate(nic, text, report, source)
    elif equals and key == "accel":
        report("the accel parameter for vifs is currently not supported\n")
    elif word in ("trusted", "untrusted"):
        nic["trusted"] = str(word == "trusted")
    else:
        report(f"unrecognized argument `{word}'\n")
        return False
    return True


def _set_number(nic: dict[str, Any], key: str, text: str, report: Report) -> None:
    number, length = cnumbers.leading(text, 10)
    if not length:
        report(f'xl: failed to convert "{text}" to number\n')
        raise SpecError
    if number or key == "devid":
        nic[key] = cnumbers.signed(number)


_RATE_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}
_INTERVAL_UNITS = {"": 10**6, "s": 10**6, "ms": 10**3, "m": 10**3, "us": 1, "u": 1}
_DEFAULT_INTERVAL = 50_000
_UINT_MAX = 2**32 - 1


def _set_rate(nic: dict[str, Any], text: str, report: Report, source: str) -> None:
    """`10Mb/s@20ms`: bytes an interval, and the interval in microseconds. Raises SpecError (libxlu_vif.c)."""
    def fail(message: str, near: str) -> NoReturn:
        report(f"{source}: config parsing error in vif: {message} in `{near}'\n")
        raise SpecError

    rate, at, interval = text.partition("@")
    if not rate:
        fail("no rate specified", text)
    match = re.fullmatch(r"([0-9]+)([GMK]?)([Bb])/s", rate)
    if match is None:
        fail("invalid rate", rate)
    if not 0 < int(match[1]) <= _UINT_MAX:
        fail("rate overflow", rate)
    bytes_a_second = int(match[1]) * _RATE_UNITS[match[2]] // (8 if match[3] == "b" else 1)
    microseconds = _DEFAULT_INTERVAL
    if at:
        match = re.fullmatch(r"([0-9]+)([mu]?s?)", interval)
        if match is None:
            fail("invalid replenishment interval", interval)
        microseconds = int(match[1]) * _INTERVAL_UNITS[match[2]]
        if not 0 < microseconds <= _UINT_MAX:
            fail("replenishment interval overflow", interval)
    nic["rate_interval_usecs"] = microseconds
    nic["rate_bytes_per_interval"] = bytes_a_second * microseconds // 10**6


def parse_nic(spec: str, devid: int, default_bridge: str | None, report: Report,
              source: str = "command line") -> dict[str, Any]:
    """One entry of `vif = [...]`. A wrong word is reported and left out (record create_bad_mac)."""
    nic: dict[str, Any] = {"devid": devid}
    if default_bridge:
        nic["bridge"] = default_bridge
    words = [word for word in spec.split(",") if word]
    for index, word in enumerate(words):
        parse_nic_word(nic, word.lstrip(" "), report, source, "".join(words[index + 1 : index + 2]))
    return order_nic(nic)


def order_nic(nic: dict[str, Any]) -> dict[str, Any]:
    """The keys in libxl's order, without what is 0."""
    colo = [key for key in nic if key.startswith("colo_")]
    order = (*_NIC_ORDER, *colo, "trusted")
    return {key: nic[key] for key in order if key in nic and (nic[key] != 0 or key == "devid")}


_NO_MAC = "00:00:00:00:00:00"


def _read_mac(nic: dict[str, Any], text: str, behind: str) -> bool:
    """Six hexadecimal numbers, any single character between them. What was read before an error stays
    (xl_parse.c, parse_nic_config; fixture xl-configs)."""
    parts = [int(part, 16) for part in nic.get("mac", _NO_MAC).split(":")]
    text += "\0" + behind
    good = True
    for index in range(6):
        number, length = cnumbers.leading(text, 16)
        if not length or not 0 <= number <= 255:
            good = False
            break
        parts[index] = number
        text = text[length + 1 :]
    mac = ":".join(f"{part:02x}" for part in parts)
    if mac != _NO_MAC:
        nic["mac"] = mac
    return good


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


def vdev_index(vdev: str) -> int:
    """Which disk of its kind a virtual disk is: 0 for xvda, hda and sda (libxl_device.c, device_disk_dev_number)."""
    number = vdev_number(vdev) or 0
    if number >> 28 == 1:
        return number >> 8 & 0xFFFFF
    major, minor = number >> 8, number & 0xFF
    if major in (3, 22):
        return (0 if major == 3 else 2) + (minor >> 6)
    return minor >> 4


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
