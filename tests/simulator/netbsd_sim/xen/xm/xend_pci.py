# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's PCI devices as xm and xend take them.

Source: tools/python/xen/xm/create.py (preprocess_pci, configure_pci), xend/server/pciif.py and util/pci.py; the HOWTO:
NetBSD's dom0 gives devices to guests under Xen 3.1 only. How pkgsrc's 3.1 reads /kern/xen/pci stands in no source
that was found; the words of Python's open stand for those of a device that is not there.
"""
from __future__ import annotations

import re
from typing import Any

from ...core.machine import Machine, NotSimulated
from . import xend, xend_sxp

_ADDRESS = re.compile(r"(?:([0-9a-fA-F]{1,4})[:,])?([0-9a-fA-F]{1,2})[:,]([0-9a-fA-F]{1,2})[.,]([0-9a-fA-F])")
_PARTS = ("domain", "bus", "slot", "func")


def given(m: Machine, texts: list[Any]) -> list[dict[str, str]]:
    """The addresses of `pci = [...]`. 3.1 drops without a word what is none."""
    matches = [_ADDRESS.match(str(text)) for text in texts]
    if xend.modern(m) and not all(matches):
        raise NotSimulated("xm of 4.x with a PCI device that has no address")
    return [{part: f"0x{text}" for part, text in zip(_PARTS, match.groups("0"))} for match in matches if match]


def form(devices: list[dict[str, str]]) -> list[Any]:
    """`(device (pci (dev ...) ...))`, or nothing. Python 2's dictionaries are in an order of their own; this is that
    of the source."""
    listed = [["dev", *([part, device[part]] for part in _PARTS)] for device in devices]
    return [["device", ["pci", *listed]]] if listed else []


def from_form(device: list[Any]) -> list[dict[str, str]]:
    """The addresses of a `(pci ...)`."""
    return [{part: str(xend_sxp.child(dev, part)) for part in _PARTS} for dev in device[1:] if dev[0] == "dev"]


def check(m: Machine, devices: list[dict[str, str]]) -> None:
    """setupDevice: whether each is there to be given away. Raises Fault."""
    for device in devices:
        domain, bus, slot, function = (int(device[part], 16) for part in _PARTS)
        name = f"{domain:04x}:{bus:02x}:{slot:02x}.{function:x}"
        if xend.modern(m):
            why = ("Error Parsing PCI Device Info: Failed to locate sysfs mount: /proc/bus/pci/devices: No such file "
                   "or directory (2)")
        elif not m.path(f"/kern/xen/pci/{name}").exists():
            why = f"[Errno 2] No such file or directory: '/kern/xen/pci/{name}'"
        else:
            continue
        raise xend.Fault(f"pci: failed to locate device and parse it's resources - {why}")
