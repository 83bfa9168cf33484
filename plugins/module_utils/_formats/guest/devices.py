# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Disk, network and PCI specifications of a guest's configuration, MAC addresses, UUIDs that follow from names."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from .disk_spec import Disk, parse_disk, render_disk
from .vdev import XVD_MAJOR, default_vdev, vdev_name, vdev_number

__all__ = [
    "PCI_FLAGS",
    "RATE",
    "RDM_POLICIES",
    "XEN_MAC_PREFIX",
    "XVD_MAJOR",
    "Disk",
    "Nic",
    "Pci",
    "default_vdev",
    "derived_mac",
    "derived_uuid",
    "is_uuid",
    "mac_problem",
    "parse_disk",
    "parse_pci",
    "parse_vif",
    "render_disk",
    "render_pci",
    "render_vif",
    "vdev_name",
    "vdev_number",
]

XEN_MAC_PREFIX = "00:16:3e"

_MAC_PART = re.compile(r"(?:0x)?([0-9a-f]+)", re.IGNORECASE)
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}\Z", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)


# -- network -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Nic:
    """A guest's network interface. Empty means that the toolstack's default holds.

    ``type`` is vif or ioemu, ``rate`` as in xl-network-configuration(5) (``10Mb/s@20ms``), ``backend`` the name of the
    domain that serves it, ``devid`` its number in the guest, ``mtu`` in bytes.
    """

    mac: str
    bridge: str = ""
    model: str = ""
    script: str = ""
    ip: str = ""
    type: str = ""
    vifname: str = ""
    gatewaydev: str = ""
    backend: str = ""
    rate: str = ""
    devid: int | None = None
    mtu: int | None = None
    vlan: str = ""
    trusted: bool | None = None

    def settled(self) -> dict[str, object]:
        """What two descriptions of one interface have in common. The first five keys are always there."""
        found: dict[str, object] = {
            "mac": self.mac.lower(),
            "bridge": self.bridge,
            "model": self.model,
            "script": self.script,
            "ip": self.ip,
        }
        others = {**vars(self), "rate": _settled_rate(self.rate)}
        found.update((key, value) for key, value in others.items() if key not in found and value not in ("", None))
        return found


_NIC_TEXTS = ("bridge", "model", "script", "ip", "vifname", "gatewaydev", "backend", "rate", "vlan")
_NIC_NUMBERS = ("devid", "mtu")
# libxlu_vif.c
RATE = re.compile(r"([0-9]+)([GMK]?)([Bb])/s(?:@([0-9]+)([mu]?)s?)?\Z")
_SETTLED_RATE = re.compile(r"[0-9]+B/[0-9]+us\Z")
_RATE_UNITS = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3}
_MICROSECONDS = {"": 1000000, "m": 1000, "u": 1}
_DEFAULT_INTERVAL = 50000


def render_vif(nic: Nic) -> str:
    """The specification in xl's form, which xm reads as well, with what is not left to the toolstack."""
    words = [f"mac={nic.mac}"] if nic.mac else []
    if nic.type:
        words.append(f"type={nic.type}")
    words += [f"{key}={getattr(nic, key)}" for key in _NIC_TEXTS if getattr(nic, key)]
    words += [f"{key}={getattr(nic, key)}" for key in _NIC_NUMBERS if getattr(nic, key) is not None]
    if nic.trusted is not None:
        words.append("trusted" if nic.trusted else "untrusted")
    return ",".join(words)


def parse_vif(text: str) -> Nic:
    """A network specification (xl-network-configuration(5); xm's has the same form). An empty one is an interface with
    defaults. What xl does not understand in it, it passes over in silence, and so does this (xl_parse.c,
    parse_nic_config)."""
    found: dict[str, object] = {"mac": ""}
    for token in text.split(","):
        word = token.lstrip(" ")
        key, equals, value = word.partition("=")
        if word in ("trusted", "untrusted"):
            found["trusted"] = word == "trusted"
        elif equals:
            found.update(_nic_word(key, value))
    return Nic(**found)  # type: ignore[arg-type]


def _nic_word(key: str, value: str) -> dict[str, object]:
    if key == "mac":
        return {"mac": settled_mac(value)}
    if key == "type":
        return {"type": value} if value in ("vif", "ioemu") else {}
    if key == "netdev":  # the old name
        return {"gatewaydev": value}
    if key in _NIC_NUMBERS:
        number = re.match(r"\s*[+]?([0-9]{1,10})", value)
        return {key: int(number.group(1))} if number else {}
    return {key: value} if key in _NIC_TEXTS else {}


def settled_mac(text: str) -> str:
    """A MAC address with two small digits a byte. xl takes ``0:16:3E:0:0:1`` and any separators; at a part that is no
    byte it stops, and the rest stays zero. All zeros is none. What ends too early is returned as it is, because there
    xl reads whatever follows in its memory."""
    parts: list[int] = []
    at = 0
    while len(parts) < 6:
        found = _MAC_PART.match(text, at)
        if found is None or int(found.group(1), 16) > 255:
            if at > len(text):
                return text.lower()
            break
        parts.append(int(found.group(1), 16))
        at = found.end() + 1
    parts += [0] * (6 - len(parts))
    return ":".join(f"{part:02x}" for part in parts) if any(parts) else ""


def rate_text(bytes_per_interval: int, interval_usecs: int) -> str:
    """A limit as it is compared: what may pass in how many microseconds."""
    return f"{bytes_per_interval}B/{interval_usecs}us"


def _settled_rate(text: str) -> str:
    found = RATE.match(text)
    if found is None or _SETTLED_RATE.match(text):
        return text
    number, unit, kind, interval, interval_unit = found.groups()
    rate = int(number) * _RATE_UNITS[unit] // (8 if kind == "b" else 1)
    usecs = _DEFAULT_INTERVAL if interval is None else int(interval) * _MICROSECONDS[interval_unit]
    return rate_text(rate * usecs // 1000000, usecs)


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


def is_uuid(text: str) -> bool:
    """Whether it is 32 hexadecimal digits in groups of 8-4-4-4-12."""
    return _UUID.match(text) is not None


def derived_uuid(host: str, guest: str) -> str:
    """A UUID (of the kind that is made from a hash) that is the same in every run."""
    digest = bytearray(hashlib.sha256(f"netbsd.xen\0{host}\0{guest}".encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return "-".join([text[:8], text[8:12], text[12:16], text[16:20], text[20:]])


# -- PCI ---------------------------------------------------------------------------------------------------------------

PCI_FLAGS = ("permissive", "msitranslate", "seize", "power_mgmt")
RDM_POLICIES = ("strict", "relaxed")
_BDF = re.compile(r"(?:([0-9a-f]+):)?([0-9a-f]+):([0-9a-f]+)\.(\*|[0-9a-f]+)", re.IGNORECASE)
_HEX = re.compile(r"(?:0x)?([0-9a-f]+)", re.IGNORECASE)
_LEADING_INTEGER = re.compile(r"\s*([+-]?[0-9]+)")


@dataclass(frozen=True)
class Pci:
    """A PCI device of the host that a guest gets, by its address or by the ``name`` that it has in
    ``xl pci-assignable-list``. ``func`` None is all functions of the device; ``vslot`` its slot in the guest, or None
    for any; a flag that is None follows the guest's pci_permissive, pci_msitranslate, pci_seize and pci_power_mgmt."""

    domain: int = 0
    bus: int = 0
    dev: int = 0
    func: int | None = 0
    vslot: int | None = None
    name: str = ""
    permissive: bool | None = None
    msitranslate: bool | None = None
    seize: bool | None = None
    power_mgmt: bool | None = None
    rdm_policy: str = ""

    @property
    def address(self) -> str:
        """As in 0000:03:00.0, or with .* for all functions; empty for a device known by name."""
        if self.name:
            return ""
        func = "*" if self.func is None else f"{self.func:x}"
        return f"{self.domain:04x}:{self.bus:02x}:{self.dev:02x}.{func}"

    def settled(self) -> dict[str, object]:
        """What two descriptions of one device have in common: what it is, and what is said about it."""
        found: dict[str, object] = {"name": self.name} if self.name else {"address": self.address}
        if self.vslot:
            found["vslot"] = self.vslot
        for flag in PCI_FLAGS:
            if getattr(self, flag) is not None:
                found[flag] = getattr(self, flag)
        if self.rdm_policy:
            found["rdm_policy"] = self.rdm_policy
        return found


def parse_pci(text: str) -> Pci:
    """A PCI specification (xl-pci-configuration(5); xm's ``03:00.0@5,msitranslate=1`` has the same form).

    Raises ValueError for one that xl would refuse (libxlu_pci.c, xlu_pci_parse_spec_string).
    """
    found: dict[str, object] = {}
    rest = text
    start = _BDF.match(text)
    if start:
        found.update(_bdf(start, text))
        rest = text[start.end() :]
        if rest.startswith("@"):
            slot = _HEX.match(rest, 1)
            found["vslot"] = _vslot(slot.group() if slot else "", text)
            rest = rest[slot.end() :] if slot else ""
        if rest and not rest.startswith(","):
            raise ValueError(f"{text!r} is no PCI device: {rest!r} follows its address")
        rest = rest[1:]
    while rest:
        word, _comma, rest = rest.partition(",")
        found.update(_pci_word(word, text))
    if ("name" in found) == ("bus" in found):
        raise ValueError(f"{text!r} is no PCI device: it needs either an address, for example 03:00.0, or a name")
    return Pci(**found)  # type: ignore[arg-type]


def _pci_word(word: str, text: str) -> dict[str, object]:
    key, equals, value = word.partition("=")
    if not equals:
        raise ValueError(f"{text!r} is no PCI device: {word!r} has no value")
    if key == "bdf":
        found = _BDF.match(value)
        if found is None:
            raise ValueError(f"{text!r} is no PCI device: {value!r} is no address")
        return _bdf(found, text)
    if key == "vslot":
        return {"vslot": _vslot(value, text)}
    if key in PCI_FLAGS:
        number = _LEADING_INTEGER.match(value)
        return {key: bool(number and int(number.group(1)))}
    if key == "rdm_policy" and value in RDM_POLICIES:
        return {key: value}
    if key == "name":
        return {key: value}
    raise ValueError(f"{text!r} is no PCI device: {word!r} is not understood")


def _bdf(found: re.Match[str], text: str) -> dict[str, object]:
    domain, bus, dev = (int(part or "0", 16) for part in found.groups()[:3])
    func = None if found.group(4) == "*" else int(found.group(4), 16)
    if domain > 0xFFFF or bus > 0xFF or dev > 0x1F or (func or 0) > 7:
        raise ValueError(f"{text!r} is no PCI device: a part of its address is too large")
    return {"domain": domain, "bus": bus, "dev": dev, "func": func}


def _vslot(value: str, text: str) -> int:
    found = _HEX.match(value)
    if found is None or int(found.group(1), 16) > 0x1F:
        raise ValueError(f"{text!r} is no PCI device: its slot in the guest is not within 0 and 1f")
    return int(found.group(1), 16)


def render_pci(pci: Pci) -> str:
    """The specification in xl's form; for a device with an address xm reads it as well."""
    words = [f"name={pci.name}"] if pci.name else [pci.address]
    if pci.vslot is not None:
        words = [f"{words[0]},vslot={pci.vslot:x}"] if pci.name else [f"{words[0]}@{pci.vslot:x}"]
    words += [f"{flag}={int(getattr(pci, flag))}" for flag in PCI_FLAGS if getattr(pci, flag) is not None]
    if pci.rdm_policy:
        words.append(f"rdm_policy={pci.rdm_policy}")
    return ",".join(words)
