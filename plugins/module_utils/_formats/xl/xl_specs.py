# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Texts within the values of a guest's configuration, in one spelling each: CPUs, words of devices, ports, PCI."""

from __future__ import annotations

import re
from typing import Any

from ..guest import cpuset, devices
from .xl_keys import DEVICES

_PORTS = re.compile(r"(?:0x)?([0-9a-f]+)(?:-(?:0x)?([0-9a-f]+))?", re.IGNORECASE)
_IOMEM = re.compile(r"(?:0x)?([0-9a-f]+),(?:0x)?([0-9a-f]+)(?:@(?:0x)?([0-9a-f]+))?\Z", re.IGNORECASE)
# A list of CPUs no longer than this is written out; nobody's host has more.
MAX_CPU = 4096


def parse_cpus(text: str) -> set[int] | None:
    """The host's CPUs in ``0-3,^1``; None where it depends on the host which they are (``all``, ``node:0``).

    Raises ValueError for what xl would refuse (xl_parse.c, update_cpumap_range).
    """
    cpus: set[int] = set()
    known = True
    for word in filter(None, text.split(",")):
        part = _part(word)
        if part.last is None:
            if part.without:
                raise ValueError("'^all' is not possible")
            known = False
            continue
        known = known and not part.nodes
        numbers = range(part.first, min(part.last, MAX_CPU) + 1)
        cpus = cpus.difference(numbers) if part.without else cpus.union(numbers)
    return cpus if known else None


def _part(text: str) -> cpuset.Part:
    part = cpuset.part(text)
    if part is None:
        raise ValueError(f"{text!r} is no CPU and no range of CPUs")
    if part.last is not None and part.last < part.first:
        raise ValueError(f"the range {text!r} is backwards")
    return part


def cpu_text(cpus: list[int]) -> str:
    """CPUs in ascending order as text: 0-3,5."""
    parts: list[list[int]] = []
    for cpu in sorted(cpus):
        if parts and parts[-1][1] == cpu - 1:
            parts[-1][1] = cpu
        else:
            parts.append([cpu, cpu])
    return ",".join(f"{first}" if first == last else f"{first}-{last}" for first, last in parts)


def settled_cpus(value: Any, vcpus: Any) -> Any:
    """``cpus``: one text where all virtual CPUs have the same, else a list of one for each. A list for more virtual
    CPUs than there are is cut."""
    if not isinstance(value, list):
        return _settled_cpu_text(value)
    texts = [_settled_cpu_text(text) for text in value]
    if isinstance(vcpus, int):
        texts = texts[:vcpus]
        if len(texts) == vcpus and len(set(texts)) == 1:
            return texts[0]
    return texts


def _settled_cpu_text(value: Any) -> str:
    try:
        cpus = parse_cpus(str(value))
    except ValueError:
        return str(value)
    return str(value) if cpus is None else cpu_text(sorted(cpus))


def settled_pci(text: Any, defaults: dict[str, int]) -> str:
    """A PCI device in one spelling, with the guest's ``pci_...`` keys in it; flags that are off are left out."""
    try:
        pci = devices.parse_pci(str(text))
    except ValueError:
        return str(text)
    flags = {
        flag: getattr(pci, flag) if getattr(pci, flag) is not None else bool(defaults.get(f"pci_{flag}"))
        for flag in devices.PCI_FLAGS
    }
    return devices.render_pci(
        devices.Pci(
            domain=pci.domain,
            bus=pci.bus,
            dev=pci.dev,
            func=pci.func,
            vslot=pci.vslot or None,
            name=pci.name,
            rdm_policy=pci.rdm_policy,
            **{flag: True if on else None for flag, on in flags.items()},
        )
    )


def device_words(text: str) -> list[tuple[str, str]]:
    """``a=1, b=2`` as pairs; a word without a value has an empty one."""
    words = (word.lstrip(" ") for word in text.split(",") if word)
    return [(word.partition("=")[0], word.partition("=")[2]) for word in words]


def settled_device(key: str, text: Any) -> Any:
    """The words that xl knows of a device, sorted, the last of two alike; zeros and ones for flags."""
    if not isinstance(text, str):
        return text
    places = DEVICES[key][1]
    found = {}
    for word, value in _virtio_words(text) if key == "virtio" else device_words(text):
        if word in places:
            found[word] = _flag_text(value) if places[word].endswith("?") else value.strip()
    if key == "usbctrl" and found.get("type") == "auto":
        del found["type"]
    return ",".join(f"{word}={found[word]}" for word in sorted(found))


def _virtio_words(text: str) -> list[tuple[str, str]]:
    """The type of a virtio device has a comma in it: ``type=virtio,device22``."""
    return device_words(text.replace("virtio,device", "virtio;device"))


def _flag_text(value: str) -> str:
    number = re.match(r"\s*[+-]?([0-9]+)", value)
    return str(int(bool(number and int(number.group(1)))))


def settled_irq(text: Any) -> str:
    """An interrupt's number in decimal."""
    return str(int(text)) if isinstance(text, str) and text.isdecimal() else str(text)


def settled_ioport(text: Any) -> str:
    """A range of ports in hexadecimal without 0x, or one port. What follows a single port is dropped by xl."""
    found = _PORTS.match(str(text))
    if found is None:
        return str(text)
    first, last = int(found.group(1), 16), int(found.group(2) or found.group(1), 16)
    return ioport_text(first, last)


def ioport_text(first: int, last: int) -> str:
    """A range of ports, or one, in hexadecimal."""
    return f"{first:x}" if first == last else f"{first:x}-{last:x}"


def settled_iomem(text: Any) -> str:
    """Frames of the host's memory: first, number, and where the guest sees them, in hexadecimal without 0x."""
    found = _IOMEM.match(str(text))
    if found is None:
        return str(text)
    start, number, guest = found.groups()
    return iomem_text(int(start, 16), int(number, 16), None if guest is None else int(guest, 16))


def iomem_text(start: int, number: int, guest: int | None) -> str:
    """Frames of the host's memory as ``iomem`` has them."""
    return f"{start:x},{number:x}" + ("" if guest is None else f"@{guest:x}")
