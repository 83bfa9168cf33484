# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""xl pci-*: records pci_* (xl 4.20) of a dom0 without pciback. With devices hidden from dom0 there is no source:
NetBSD's libxl has no list of them (facts pains 28)."""
from __future__ import annotations

from ...core.machine import Machine
from ..common.hypervisor import XlExit, err
from . import options, pcispec
from .finding import Call, Command, find_domid

_NO_PCIBACK = "libxl: error: libxl_pci.c:445:libxl_device_pci_assignable_list: Looks like pciback driver not loaded\n"


def _device(command: str, spec: str) -> dict[str, int]:
    """Raises XlExit(2)."""
    try:
        device = pcispec.parse(spec, {}, err)
    except pcispec.PciError:
        err(f'{command}: malformed PCI_SPEC_STRING "{spec}"\n')
        raise XlExit(2) from None
    return {key: int(device.get(key, 0)) for key in ("domain", "bus", "dev", "func")}


def _address(device: dict[str, int]) -> str:
    return f"{device['domain']:04x}:{device['bus']:02x}:{device['dev']:02x}.{device['func']:x}"


def _list(m: Machine, args: list[str], call: Call) -> int:
    """No guest has any: each that names one fails (record create_bad_pci)."""
    find_domid(m, options.read("pci-list", args, required=1).words[0])
    return 0


def _attach(m: Machine, args: list[str], call: Call) -> int:
    words = options.read("pci-attach", args, required=2).words
    domid = find_domid(m, words[0])
    device = _device("pci-attach", words[1])
    text = f"{device['domain']:x}:{device['bus']:x}:{device['dev']:x}.{device['func']:x}"
    err(f"{_NO_PCIBACK}libxl: error: libxl_pci.c:1688:libxl__device_pci_add: Domain {domid}:PCI device {text} is not "
        f"assignable\nlibxl: error: libxl_pci.c:1820:device_pci_add_done: Domain {domid}:libxl__device_pci_add failed "
        f"for PCI device {text} (rc -3)\nlibxl: error: libxl_device.c:1500:device_addrm_aocomplete: unable to add "
        "device\n")
    return 1


def _detach(m: Machine, args: list[str], call: Call) -> int:
    words = options.read("pci-detach", args, "f", required=2).words
    find_domid(m, words[0])
    _device("pci-detach", words[1])
    err("libxl: error: libxl_device.c:1500:device_addrm_aocomplete: unable to remove device\n")
    return 1


def _assignable_list(m: Machine, args: list[str], call: Call) -> int:
    """Status 0 (facts xl-behaviour 10)."""
    options.read("pci-assignable-list", args, "n", {"show-names": "n"})
    err(_NO_PCIBACK)
    return 0


def _assignable_add(m: Machine, args: list[str], call: Call) -> int:
    words = options.read("pci-assignable-add", args, "n:q", {"name": "n", "quiet": "q"}, required=1).words
    address = _address(_device("pci-assignable-add", words[0]))
    err("libxl: error: libxl_pci.c:793:libxl__device_pci_assignable_add: Couldn't lstat "
        f"/sys/bus/pci/devices/{address}: No such file or directory\n")
    return 1


def _assignable_remove(m: Machine, args: list[str], call: Call) -> int:
    words = options.read("pci-assignable-remove", args, "r", required=1).words
    address = _address(_device("pci-assignable-remove", words[0]))
    err("libxl: error: libxl_pci.c:907:libxl__device_pci_assignable_remove: failed to de-quarantine "
        f"{address}\n")
    return 1


COMMANDS: dict[str, Command] = {
    "pci-list": _list, "pci-attach": _attach, "pci-detach": _detach, "pci-assignable-list": _assignable_list,
    "pci-assignable-add": _assignable_add, "pci-assignable-remove": _assignable_remove,
}
