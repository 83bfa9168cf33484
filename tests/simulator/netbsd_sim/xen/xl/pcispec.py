# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""`pci = [...]`, `rdm =` and the device that xl's pci-* commands name (Xen's tools/libs/util/libxlu_pci.c of 4.20, as
far as fixture xl-configs shows it)."""
from __future__ import annotations

import re
from typing import Any

from . import cnumbers
from .settings import Reader, Report

_BDF = re.compile(r"(?:([0-9a-fA-F]+):)?([0-9a-fA-F]+):([0-9a-fA-F]+)\.(\*|[0-9a-fA-F]+)(?:@([0-9a-fA-F]+))?")
_SWITCHES = ("msitranslate", "power_mgmt", "permissive", "seize")
_ALL_FUNCTIONS = 2**32 - 1
_RC_INVALID, _RC_FAIL, _RC_SEGFAULT = 6, 3, 139


class PciError(Exception):
    """The specification is wrong: xl's exit status. What it prints first has been reported."""

    def __init__(self, rc: int = _RC_INVALID) -> None:
        super().__init__(rc)
        self.rc = rc


def _address(text: str) -> dict[str, int]:
    """`[domain:]bus:device.function[@slot]` as libxl's numbers; those that are 0 are not printed."""
    match = _BDF.fullmatch(text)
    if match is None:
        # Without a function, the real one dies of signal 11.
        raise PciError(_RC_SEGFAULT if re.fullmatch(r"[0-9a-fA-F]+:[0-9a-fA-F]+", text) else _RC_INVALID)
    domain, bus, device, slot = (int(match[group] or "0", 16) for group in (1, 2, 3, 5))
    function = 0 if match[4] == "*" else int(match[4], 16)
    if domain > 0xFFFF or bus > 0xFF or device > 0x1F or function > 7 or slot > 0x1F:
        raise PciError
    return {"func": function, "dev": device, "bus": bus, "domain": domain, "vdevfn": slot << 3,
            "vfunc_mask": _ALL_FUNCTIONS if match[4] == "*" else 1}


def _option(device: dict[str, Any], key: str, text: str, report: Report) -> None:
    if key == "bdf":
        device.update(_address(text))
    elif key == "vslot":
        slot, length = cnumbers.leading(text, 16)
        if not length or length != len(text) or not 0 <= slot <= 0x1F:
            raise PciError
        device["vdevfn"] = slot << 3
    elif key in _SWITCHES:
        device[key] = bool(cnumbers.atoi(text))
    elif key == "rdm_policy":
        if text not in ("strict", "relaxed"):
            report(f"Unknown RDM policy: {text}")
            raise PciError(_RC_FAIL)
        device["rdm_policy"] = text
    elif key == "name":
        device["name"] = text
    else:
        report(f"Unknown PCI_SPEC_STRING option: {key}")
        raise PciError


def parse(spec: str, defaults: dict[str, Any], report: Report) -> dict[str, Any]:
    """One device in libxl's JSON form. Raises PciError."""
    device = dict(defaults)
    first, _comma, rest = spec.partition(",")
    if "=" in first:
        rest = spec
    else:
        device.update(_address(first))
    for word in rest.split(",") if rest else []:
        key, equals, text = word.partition("=")
        if not equals:
            raise PciError
        _option(device, key, text, report)
    if ("name" in device) == ("bus" in device):
        raise PciError
    return {key: value for key, value in device.items() if value or (key == "rdm_policy" and "rdm_policy" in device)}


def read(reader: Reader, kind: str, config: dict[str, Any]) -> None:
    """pci_* and pci. Raises ConfigRefused."""
    defaults: dict[str, Any] = {key: bool(reader.number(f"pci_{key}")) for key in _SWITCHES}
    reservation = _reserved(reader)
    if kind == "hvm":
        config["b_info"]["type.hvm"]["rdm"] = reservation
        defaults |= {"rdm_policy": reservation["policy"]} if "policy" in reservation else {}
    else:
        defaults["rdm_policy"] = "strict"  # the enumeration's 0, in memory that such a guest uses for other things
    devices = []
    for spec in reader.strings("pci") or []:
        try:
            devices.append(parse(spec, defaults, reader.report))
        except PciError as error:
            if error.rc == _RC_SEGFAULT:
                reader.refuse(rc=error.rc)
            reader.refuse(f"unable to parse PCI_SPEC_STRING `{spec}' for passthrough", error.rc)
    if devices:
        config["pcidevs"] = devices
        if kind == "pv":
            config["b_info"]["type.pv"]["e820_host"] = "True"


def _reserved(reader: Reader) -> dict[str, str | None]:
    """`rdm`: only `strategy=host` alone has an effect in 4.20 (corpus rdm-*); messages have no line end. The policy is
    then whatever was in memory: usually no name of one, printed as null."""
    text = reader.string("rdm")
    if text == "strategy=host":
        return {"strategy": "host", "policy": None}
    if text is not None:
        key, equals, value = text.partition(",")[0].partition("=")
        if key == "strategy" and value != "host":
            reader.report(f"Unknown RDM strategy option: {value}")
        elif key == "policy" and value not in ("strict", "relaxed"):
            reader.report(f"Unknown RDM property policy value: {value}")
        elif equals and key not in ("strategy", "policy"):
            reader.report(f"Unknown RDM state option: {key}")
    return {}
