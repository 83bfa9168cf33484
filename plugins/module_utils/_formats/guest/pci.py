# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Addresses of PCI devices, and how a NetBSD dom0 is told to leave some of them to guests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# The kernel copies the argument's value into char[64] (NetBSD sys/arch/xen/xen/xen_machdep.c).
MAX_HIDE = 63
ALLOWED = "allowed is BUS:DEVICE.FUNCTION in hexadecimal, such as 0000:03:00.0, in quotes (domain 0000 only)"

# "pci1 at ppb0 bus 1", "vga0 at pci0 dev 2 function 0: ...", "isa0 at pcib0" (NetBSD sys/dev/pci/pci.c, pcibusprint and
# pciprint; record dmesg), from NetBSD 9 on behind the time.
_STAMP = r"^(?:\[ *[0-9.]+\] )?"
_BUS = re.compile(_STAMP + r"pci([0-9]+) at \S+ bus ([0-9]+)", re.MULTILINE)
_DRIVER = re.compile(_STAMP + r"([a-z][a-z0-9_]*?[0-9]+) at pci([0-9]+) dev ([0-9]+) function ([0-7])\b", re.MULTILINE)
_ISA = re.compile(_STAMP + r"isa[0-9]+ at ([a-z][a-z0-9_]*[0-9]+)", re.MULTILINE)
# Who drives the adapter with VGA's registers: vga(4), or genfb(4) where the firmware left it in a graphics mode.
_VGA = ("vga", "genfb")
_HIDE = re.compile(r"pciback\.hide=(\S*)", re.IGNORECASE)

_ADDRESS = re.compile(r"(?:0000:)?([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-7])\Z", re.IGNORECASE)


def address(text: str) -> str:
    """A device's address as /kern/xen/pci spells it, ``0000:bb:dd.f``. Raises ValueError for what is none.

    NetBSD's pciback knows the PCI domain 0000 only (sys/arch/xen/xen/pciback.c, pciback_parse_pci).
    """
    found = _ADDRESS.match(text)
    if found is None or int(found.group(2), 16) > 0x1F:
        raise ValueError(f"{text!r} is no address of a PCI device; {ALLOWED}")
    bus, device, function = (int(part, 16) for part in found.groups())
    return f"0000:{bus:02x}:{device:02x}.{function}"


def pci_hide_argument(devices: Sequence[str]) -> str:
    """The dom0 kernel's argument that keeps dom0's drivers from these devices; empty for none.

    Raises ValueError for what is no address, for a device that is named twice, and for more than the kernel reads.
    """
    addresses = [address(device) for device in devices]
    twice = sorted({each for each in addresses if addresses.count(each) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} is there twice")
    # Without the domain, which is understood: the room is scarce.
    value = "".join(f"({each.partition(':')[2]})" for each in addresses)
    if len(value) > MAX_HIDE:
        room = MAX_HIDE // len("(bb:dd.f)")
        raise ValueError(
            f"{len(addresses)} devices take {len(value)} characters; the dom0 kernel reads {MAX_HIDE} of them, "
            f"which is room for {room} devices"
        )
    return f"pciback.hide={value}" if value else ""


def addresses_in(names: Iterable[str]) -> list[str]:
    """The devices among the names in a directory, in the kernel's spelling; anything else is left out."""
    found = []
    for name in names:
        try:
            found.append(address(name))
        except ValueError:
            continue
    return sorted(found)


def hidden_by(word: str) -> list[str]:
    """The devices that an argument of the dom0 kernel hides; empty for another argument."""
    found = _HIDE.match(word)
    return addresses_in(re.split(r"[()]+", found[1])) if found else []


def not_for_guests(messages: str) -> dict[str, str]:
    """What no guest can have, by its address and in words, of the kernel's boot messages: a VGA adapter, whose
    registers are no part of a PCI device, so that a guest that touches them panics, and the bridge to ISA devices,
    which dom0 alone has (NetBSD/Xen HOWTO, revision 1.7, on PCI devices)."""
    buses = {unit: int(bus) for unit, bus in _BUS.findall(messages)}
    bridges = set(_ISA.findall(messages))
    found = {}
    for driver, unit, device, function in _DRIVER.findall(messages):
        what = "a VGA adapter" if driver.rstrip("0123456789") in _VGA else ""
        what = "the bridge to ISA devices" if driver in bridges else what
        if what and unit in buses:
            found[f"0000:{buses[unit]:02x}:{int(device):02x}.{function}"] = f"{driver}, {what}"
    return found
