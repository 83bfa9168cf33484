# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a guest's configuration means to xl, whoever wrote it and however (xen tools/xl/xl_parse.c)."""

from __future__ import annotations

from typing import Any

from ..guest import devices
from ..guest.disk_spec import parse_disk
from . import xl_specs
from .xl_keys import COMMON_EVENTS, DEVICES, EVENTS, HVM, KEYS, LISTS, PV, PVH, SIZES, VIRIDIAN_WORDS, Key
from .xl_values import first_that_starts, integer, plain, text_of

# What a key is without being set.
_DEFAULTS = {"vcpus": "1", **{key: EVENTS[key] for key in COMMON_EVENTS}}
_PCI_DEFAULTS = tuple(f"pci_{flag}" for flag in devices.PCI_FLAGS)


def settled(settings: dict[str, Any], unknown_disk_words: frozenset[str] = frozenset()) -> dict[str, Any]:
    """What a configuration means: two files with the same meaning give the same data, and so does xl's JSON
    (xl_json.settled).

    Defaults of the common keys are filled in, old spellings become the present ones, flags are 0 or 1, numbers are
    numbers, disks and interfaces dictionaries, other devices lists of texts with their words in one order. What xl
    would not understand stays as it is written. ``unknown_disk_words`` are those that an older
    xl does not know.
    """
    found = {key: plain(value) for key, value in settings.items()}
    _settle_type(found)
    _settle_cmdline(found)
    _settle_sizes(found)
    _settle_names(found)
    for key in found.keys() & KEYS.keys():
        found[key] = _settled_value(KEYS[key], found[key])
    _settle_lists(found, unknown_disk_words)
    return {key: value for key, value in found.items() if value not in ("", None) and not _is_default(key, value)}


# -- the common keys ---------------------------------------------------------------------------------------------------


def _settle_type(found: dict[str, Any]) -> None:
    builder = found.pop("builder", None)
    kind = found.get("type")
    if kind is None:
        # xm's builder "linux" is a pv guest as well.
        found["type"] = HVM if builder == HVM else PV
    elif isinstance(kind, str):
        found["type"] = first_that_starts((HVM, PV, PVH), kind) or kind


def _settle_cmdline(found: dict[str, Any]) -> None:
    root, extra = text_of(found.pop("root", None)), text_of(found.pop("extra", None))
    if isinstance(found.get("cmdline"), str):
        return
    if root is None:
        cmdline = extra
    else:
        cmdline = f"root={root}" if extra is None else f"root={root} {extra}"
    if cmdline:
        found["cmdline"] = cmdline


def _settle_sizes(found: dict[str, Any]) -> None:
    for key, default in _DEFAULTS.items():
        found.setdefault(key, default)
    if "maxmem" in found:
        found.setdefault("memory", found["maxmem"])
    found.setdefault("maxmem", found.get("memory", ""))
    found.setdefault("maxvcpus", found["vcpus"])
    for key in SIZES:
        number = integer(found.get(key, ""))
        found[key] = found.get(key, "") if number is None else number


def _settle_names(found: dict[str, Any]) -> None:
    for key in ("uuid", *EVENTS):
        if isinstance(found.get(key), str):
            found[key] = found[key].lower()
    if "init_seclabel" in found and "seclabel" not in found:
        found["seclabel"] = found.pop("init_seclabel")
    if found["type"] == HVM:
        _settle_firmware(found)
        stdvga = integer(found.get("stdvga"))
        if stdvga is not None:
            del found["stdvga"]
            found.setdefault("vga", "stdvga" if stdvga else "cirrus")


def _settle_firmware(found: dict[str, Any]) -> None:
    """The short way to name a firmware: a word for ``bios``, or a path for ``firmware_override``."""
    firmware = found.get("firmware")
    if not isinstance(firmware, str):
        return
    del found["firmware"]
    if firmware in KEYS["bios"].choices:
        found["bios"] = firmware
    elif "uefi".startswith(firmware):
        found["bios"] = "ovmf"
    elif not "bios".startswith(firmware):
        found["firmware_override"] = firmware


# -- all others --------------------------------------------------------------------------------------------------------


def _settled_value(key: Key, value: Any) -> Any:
    number = integer(value)
    if key.kind == "flag":
        return value if number is None else int(bool(number))
    if key.kind in ("number", "mib"):
        return value if number is None else number
    if key.kind == "choice" and key.numbered and number is not None and 0 <= number < len(key.choices):
        return key.choices[number]
    if key.kind == "words" and isinstance(value, str):
        return value.split()
    return value


def _is_default(key: str, value: Any) -> bool:
    if value in ([], {}) and key in LISTS and key not in ("disk", "vif"):
        return True
    if key in COMMON_EVENTS:
        return False
    default = KEYS[key].default if key in KEYS else EVENTS.get(key)
    return (bool(default) and value == default) or (key == "ms_vm_genid" and value == "none")


def _settle_lists(found: dict[str, Any], unknown_disk_words: frozenset[str]) -> None:
    found["disk"] = [_settled_disk(text, unknown_disk_words) for text in _listed(found.get("disk", []))]
    found["vif"] = [_settled_vif(text, index) for index, text in enumerate(_listed(found.get("vif", [])))]
    if isinstance(found.get("pci"), list):
        defaults = {key: integer(found.pop(key, "0")) or 0 for key in _PCI_DEFAULTS}
        found["pci"] = [xl_specs.settled_pci(text, defaults) for text in found["pci"]]
    for key in ("cpus", "cpus_soft"):
        if key in found:
            found[key] = xl_specs.settled_cpus(found[key], found["maxvcpus"])
    for key in DEVICES:
        if isinstance(found.get(key), list):
            found[key] = [xl_specs.settled_device(key, text) for text in found[key]]
    for key, settle in (
        ("irqs", xl_specs.settled_irq),
        ("ioports", xl_specs.settled_ioport),
        ("iomem", xl_specs.settled_iomem),
    ):
        if isinstance(found.get(key), list):
            found[key] = [settle(text) for text in found[key]]
    if "viridian" in found:
        found["viridian"] = _settled_viridian(found["viridian"])
    gfx = integer(found.get("gfx_passthru"))
    if gfx is not None:
        found["gfx_passthru"] = int(bool(gfx))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _settled_disk(text: Any, unknown: frozenset[str]) -> Any:
    try:
        return parse_disk(str(text), unknown=unknown).settled()
    except ValueError:
        return str(text)


def _settled_vif(text: Any, index: int) -> dict[str, object]:
    found = devices.parse_vif(str(text)).settled()
    if found.get("devid") == index:
        del found["devid"]
    return found


def _settled_viridian(value: Any) -> Any:
    """0 or 1 for all that Xen thinks sensible, or the list of words: first what is on, then what is off."""
    number = integer(value)
    if number is not None or not isinstance(value, list):
        return value if number is None else int(bool(number))
    on: dict[str, bool] = {}
    for word in value:
        on[str(word).lstrip("!")] = not str(word).startswith("!")
    if "all" in on:
        return ["all"]
    if on == {"defaults": True}:
        return 1
    order = ("defaults", *VIRIDIAN_WORDS)
    words = sorted(on, key=lambda word: (order.index(word) if word in order else len(order), word))
    return [word for word in words if on[word]] + ["!" + word for word in words if not on[word]]
