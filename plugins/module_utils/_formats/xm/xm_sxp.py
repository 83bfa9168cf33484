# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A domain as ``xm list --long`` tells it, in the words of xl.cfg.

The words of the form are those of xend (Xen's tools/python/xen/xend/XendConfig.py: ``to_sxp``, ``image_sxpr``; the
devices: server/blkif.py and server/netif.py). What is missing or not understood there is left out here.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from ..guest import devices
from ..guest.devices import Nic, Pci
from ..xl.xl_keys import COMMON_EVENTS
from . import sxp
from .sxp import Form

# The kinds of disk that xend knows: tap and tap2 are served by a process instead of the kernel.
_DISKS = ("vbd", "tap", "tap2")
_NIC_WORDS = ("bridge", "model", "script", "ip", "type", "vifname", "rate")
# xend puts its own directory before a script's name, and writes a limit as bytes and microseconds.
_SCRIPT_DIR = re.compile(r"\A/.*/xen/scripts/")
_LIMIT = re.compile(r"([0-9]{1,12}),([0-9]{1,12})\Z")
_HEX = re.compile(r"(0x)?[0-9a-f]{1,8}\Z", re.IGNORECASE)
_TYPES = {"hvm": "hvm", "linux": "pv"}


def domains(text: str) -> list[Form]:
    """The forms of the domains in the output of ``xm list --long``. Raises ValueError if it is something else."""
    forms = sxp.parse(text)
    if any(sxp.name(form) != "domain" for form in forms):
        raise ValueError("xm list --long printed something else than domains")
    return forms


def domid(form: Form) -> int | None:
    """The domain's id; None for a managed domain that does not run."""
    return _number(sxp.value(form, "domid"))


def settled(form: Form) -> dict[str, Any]:
    """The domain's configuration, with memory in MiB, and beside it ``domid`` and ``state`` (xend's six letters)."""
    found: dict[str, Any] = {
        "name": sxp.value(form, "name"),
        "uuid": (sxp.value(form, "uuid") or "").lower(),
        "memory": _number(sxp.value(form, "memory")),
        "maxmem": _number(sxp.value(form, "maxmem")),
        "vcpus": _allowed_vcpus(form),
        "maxvcpus": _number(sxp.value(form, "vcpus")),
        "cpu_weight": _number(sxp.value(form, "cpu_weight")),
        "cap": _number(sxp.value(form, "cpu_cap")),
        "pool": sxp.value(form, "pool_name"),
        "bootloader": sxp.value(form, "bootloader"),
        "domid": domid(form),
        "state": sxp.value(form, "state"),
        **{event: (sxp.value(form, event) or "").replace("_", "-") for event in COMMON_EVENTS},
        **_image(form),
    }
    running = [device[1] for device in sxp.children(form, "device") if len(device) > 1]
    found["disk"] = [_disk(device) for device in running if sxp.name(device) in _DISKS]
    found["vif"] = [_nic(device) for device in running if sxp.name(device) == "vif"]
    found["pci"] = [pci for device in running if sxp.name(device) == "pci" for pci in _pci(device)] or None
    return {key: value for key, value in found.items() if value not in ("", None)}


def _allowed_vcpus(form: Form) -> int | None:
    """``vcpu_avail`` has a bit for each virtual CPU that the guest may use, also for those that it does not have. Where
    it is not said, xend lets the guest use all (XendConfig.py, ``_vcpus_sanity_check``)."""
    available, most = _number(sxp.value(form, "vcpu_avail")), _number(sxp.value(form, "vcpus"))
    if available is None or most is None or most > 1024:
        return most
    return bin(available & ((1 << most) - 1)).count("1")


def _image(form: Form) -> dict[str, Any]:
    for child in sxp.children(form, "image"):
        if len(child) < 2:
            continue
        image = child[1]
        root, extra = sxp.value(image, "root") or "", sxp.value(image, "args") or ""
        # xend has put the root into the arguments already; only a configuration that never ran has it apart.
        missing = root and "root=" not in extra
        return {
            "type": _TYPES.get(sxp.name(image) or ""),
            "kernel": _kernel(image),
            "ramdisk": sxp.value(image, "ramdisk"),
            "cmdline": f"root={root} {extra}".strip() if missing else extra.strip(),
        }
    return {}


def _kernel(image: Form) -> str | None:
    """A guest of the type hvm boots from its disk; what xend calls its kernel is its firmware."""
    kernel = sxp.value(image, "kernel") or ""
    return None if kernel.rpartition("/")[2] == "hvmloader" else kernel


def _disk(device: Form) -> Any:
    """A disk as ``Disk.settled`` gives it, or the text of its specification if that is not understood."""
    fields = [sxp.value(device, key) or "" for key in ("uname", "dev", "mode")]
    text = ",".join(fields)
    try:
        disk = devices.parse_disk(text, "xm")
    except ValueError:
        return text
    number = devices.vdev_number(disk.vdev, "xm")
    return (disk if number is None else replace(disk, vdev=f"{number:#x}")).settled()


def _nic(device: Form) -> dict[str, object]:
    words: dict[str, Any] = {key: sxp.value(device, key) or "" for key in _NIC_WORDS}
    words["script"] = _SCRIPT_DIR.sub("", words["script"])
    limit = _LIMIT.match(words["rate"])
    if limit:
        words["rate"] = devices.rate_text(int(limit.group(1)), int(limit.group(2)))
    return Nic(mac=sxp.value(device, "mac") or "", **words).settled()


def _pci(device: Form) -> list[dict[str, object]]:
    """The addresses: (pci (dev (domain 0x0) (bus 0x3) (slot 0x0) (func 0x1) ...) ...)."""
    found = []
    for dev in sxp.children(device, "dev"):
        parts = [sxp.value(dev, key) or "" for key in ("domain", "bus", "slot", "func")]
        if all(_HEX.match(part) for part in parts):
            domain, bus, slot, function = (int(part, 16) for part in parts)
            found.append(Pci(domain, bus, slot, function).settled())
    return found


def _number(text: str | None) -> int | None:
    """xend writes whole numbers, and some of them as 128.0."""
    digits = (text or "").partition(".")[0]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 400 else None
