# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The configuration of a domU kernel that drives PCI devices which dom0 leaves to it.

The distribution's XEN3_DOMU has the bus for them, and no driver, commented out (sys/arch/amd64/conf/XEN3_DOMU); which
drivers belong there depends on the devices. The form is that of config(5).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

BASE = "arch/amd64/conf/XEN3_DOMU"
# What finds a device on these buses (sys/arch/amd64/conf/GENERIC).
_LOCATORS = {
    "pci": "dev ? function ?",
    "ppb": "bus ?",
    "mii": "phy ?",
    "scsibus": "target ? lun ?",
    "atapibus": "drive ?",
    "uhub": "port ? configuration ? interface ?",
}
# The bus and its bridge to xenbus are ours.
_OURS = ("xpci", "pci")
_DEVICE = re.compile(r"[a-z][a-z0-9_]*[a-z_][0-9]*\*?\Z")
_PARENT = re.compile(r"[a-z][a-z0-9_]*?(?P<unit>[0-9]+|\?)?\Z")
_LOCATOR = r"[a-z][a-z0-9_]* (?:\?|-?[0-9]+|0x[0-9a-f]+)"
_LOCATORS_TEXT = re.compile(rf"{_LOCATOR}(?: {_LOCATOR})*\Z")
_BASE = re.compile(r"[A-Za-z0-9_+./-]+\Z")


@dataclass(frozen=True)
class Device:
    """A driver and what it attaches to, ``wm`` at ``pci``. ``locators`` are config(5)'s, empty for the bus' usual
    ones."""

    device: str
    at: str
    locators: str = ""


def render(devices: Sequence[Device], base: str = BASE) -> str:
    """The text of the configuration. ``base`` is the one that it starts from, below sys/.

    Raises ValueError for what config(1) would not read, for a device that is there twice, and where nothing is at pci.
    """
    if not _BASE.match(base) or ".." in base.split("/"):
        raise ValueError(f"base is {base!r}; allowed is a path below the kernel's sources, such as {BASE}")
    lines = [_line(device) for device in devices]
    twice = sorted({line for line in lines if lines.count(line) > 1})
    if twice:
        raise ValueError(f"there twice: {', '.join(' '.join(line.split()) for line in twice)}")
    if not any(line.split()[2].rstrip("0123456789?") == "pci" for line in lines):
        raise ValueError("none of the devices is at pci, so the guest could use none; give the card's own driver")
    return "\n".join(
        [
            "# A domU kernel with drivers for PCI devices that dom0 leaves to it (pciback.hide).",
            f'include "{base}"',
            "",
            "xpci*\tat xenbus?",
            "pci*\tat xpci?",
            *lines,
            "",
        ]
    )


def _line(device: Device) -> str:
    name, at = device.device, device.at
    if not _DEVICE.match(name):
        raise ValueError(f"device is {name!r}; allowed is the name of a driver, such as wm")
    if name.rstrip("0123456789*") in _OURS and at.rstrip("0123456789?") in ("xenbus", "xpci"):
        raise ValueError(f"{name} at {at} is there anyway; leave it out")
    parent = _PARENT.match(at)
    if parent is None:
        raise ValueError(f"device {name}: at is {at!r}; allowed is the name of a bus, such as pci")
    if device.locators and not _LOCATORS_TEXT.match(device.locators):
        raise ValueError(f"device {name}: locators is {device.locators!r}; allowed is such as 'dev ? function ?'")
    unit = name if name[-1] == "*" or name[-1].isdigit() else name + "*"
    bus = at if parent.group("unit") else at + "?"
    locators = device.locators or _LOCATORS.get(at.rstrip("0123456789?"), "")
    return f"{unit}\tat {bus} {locators}".rstrip()
