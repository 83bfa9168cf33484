# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What comes of a guest's configuration in xl: for comparing with xl's JSON."""

from __future__ import annotations

import contextlib
import re
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl.xl_config import settled
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl.xl_keys import (
    DEVICES,
    EVENTS,
    HVM,
    KEYS,
    LISTS,
    PV,
    SIZES,
)
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl.xlcfg_keys import known_keys

# Lists of lists: elsewhere xl stops reading at the first list within a list.
NESTED = ("vnuma", "vsnd")
# The releases of the corpus that pass over the word vlan of an interface, take these words of a disk for positional
# fields, and know fewer words of other devices.
OLD = ("4.14", "4.17")
_NEWER_DISK_WORDS = frozenset(["trusted", "untrusted", "grant_usage=1", "grant_usage=0"])


def effective(settings: dict[str, Any], release: str | None = None) -> dict[str, Any]:
    """The settled configuration without what has no effect on this release and this type of guest: unknown keys, keys
    of other types, values of a wrong kind. What xl derives is filled in. For comparing with xl's JSON."""
    given = _as_lists_are_read(settings)
    found = settled(given, unknown_disk_words(release))
    known = known_keys(release)
    kind = found["type"]
    for key in list(found):
        if key not in known or not _has_effect(key, found[key], kind):
            del found[key]
    _fill_sizes(found)
    if release in OLD:
        found["vif"] = [{key: value for key, value in vif.items() if key != "vlan"} for vif in found["vif"]]
    if kind == PV:
        _fold_vnc(found, settled(given))
        if found.get("pci"):
            found["e820_host"] = 1
            found["pci"] = [text.replace(",rdm_policy=strict", "") for text in found["pci"]]
    if kind == HVM and str(found.get("kernel", "")).rpartition("/")[2] == "hvmloader":
        del found["kernel"]
    return found


def unknown_disk_words(release: str | None) -> frozenset[str]:
    """The words of a disk specification that a release does not know."""
    return _NEWER_DISK_WORDS if release in OLD else frozenset()


def _as_lists_are_read(settings: dict[str, Any]) -> dict[str, Any]:
    """A text where a list is needed does not count, and a list ends at the first list that has no business in it."""
    found = dict(settings)
    for key in LISTS:
        value = found.get(key)
        if value is None or (key in NESTED and isinstance(value, list)):
            continue
        if not isinstance(value, list):
            del found[key]
            continue
        stop = next((index for index, item in enumerate(value) if isinstance(item, list)), len(value))
        found[key] = value[:stop]
    return found


def _has_effect(key: str, value: Any, kind: str) -> bool:
    if key in KEYS:
        row = KEYS[key]
        if row.only and row.only != kind:
            return False
        if row.kind == "words":
            return isinstance(value, list)
        return isinstance(value, int) if row.kind in ("flag", "number", "mib") else isinstance(value, str)
    if key in LISTS:
        return isinstance(value, list)
    if key == "rdm":
        # xl drops a policy that it understands, and what is said with it (libxlu_pci.c, xlu_rdm_parse).
        return kind == HVM and value == "strategy=host"
    if key == "firmware":
        return kind != HVM
    if key in ("smbios", "viridian", "mca_caps", "gfx_passthru", "ms_vm_genid", "serial", "usbdevice"):
        return kind == HVM
    return key in (
        "name",
        "type",
        "uuid",
        "seclabel",
        "init_seclabel",
        "cpus",
        "cpus_soft",
        "llc_colors",
        "cpuid",
        *SIZES,
        *EVENTS,
    )


def _fill_sizes(found: dict[str, Any]) -> None:
    for key in ("memory", "maxmem"):
        if not isinstance(found.get(key), int):
            found.pop(key, None)
    for key, default in (("vcpus", 1), ("maxvcpus", found.get("vcpus", 1))):
        if not isinstance(found.get(key), int) or not found[key]:
            found[key] = default if isinstance(default, int) and default else 1
    if found.get("vnuma"):
        with contextlib.suppress(ValueError):  # which is a problem, and told as such
            found["maxmem"], _cpus = vnuma_sums(found["vnuma"])


def _fold_vnc(found: dict[str, Any], given: dict[str, Any]) -> None:
    """A pv guest without ``vfb`` gets its display from the keys that are meant for hvm guests."""
    if given.get("vnc") == 1 and not found.get("vfb"):
        words = [(word, given[word]) for word in DEVICES["vfb"][1] if isinstance(given.get(word), (str, int))]
        found["vfb"] = [",".join(f"{word}={value}" for word, value in sorted(words))]


def vnuma_sums(nodes: Any) -> tuple[int, int]:
    """MiB of memory and number of virtual CPUs of all nodes of ``vnuma``. Raises ValueError for nodes that xl refuses:
    a node that is no list, a word without a value, a size that is no number."""
    memory = cpus = 0
    for node in nodes:
        if not isinstance(node, list):
            raise ValueError(f"the node {node!r} is no list")
        for word in node:
            if not isinstance(word, str):
                continue
            key, _equals, value = (part.strip() for part in word.partition("="))
            if not key or not value:
                raise ValueError(f"{word!r} is no word=value")
            if key == "size":
                memory += _leading_number(value)
            elif key == "vcpus":
                ranges = [_cpu_range(part) for part in value.split(",")]
                cpus += sum(last - first + 1 for first, last in ranges)
            elif key in ("pnode", "vdistances"):
                for part in value.split(","):
                    _leading_number(part)
    return memory, cpus


def _leading_number(text: str) -> int:
    found = re.match(r"\s*[+]?([0-9]+)", text)
    if found is None:
        raise ValueError(f"{text!r} is no number")
    return int(found.group(1))


def _cpu_range(text: str) -> tuple[int, int]:
    found = re.match(r"([0-9]+)(?:-([0-9]+))?\Z", text)
    first, last = (int(found.group(1)), int(found.group(2) or found.group(1))) if found else (1, 0)
    if last < first:
        raise ValueError(f"{text!r} is no CPU and no range of CPUs")
    return first, last
