# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Why xl would refuse a guest's configuration (exit status of ``xl create -n``; xen tools/xl/xl_parse.c)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from xl_effective import OLD, unknown_disk_words, vnuma_sums

from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest import devices
from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest.disk_spec import parse_disk
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl import xl_specs
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl.xl_keys import (
    DEVICES,
    EVENTS,
    HVM,
    KEYS,
    PV,
    PVH,
    VIRIDIAN_WORDS,
)
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl.xl_values import (
    first_that_starts,
    integer,
    text_of,
)
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl.xlcfg_keys import known_keys

ACTIONS = ("destroy", "restart", "rename-restart", "preserve", "coredump-destroy", "coredump-restart", "soft-reset")
SMBIOS_WORDS = tuple(
    """bios_vendor bios_version system_manufacturer system_product_name system_version system_serial_number
    baseboard_manufacturer baseboard_product_name baseboard_version baseboard_serial_number baseboard_asset_tag
    baseboard_location_in_chassis enclosure_manufacturer enclosure_serial_number enclosure_asset_tag
    battery_manufacturer battery_device_name oem""".split()
)

_LEADING_NUMBER = re.compile(r"\s*[+-]?[0-9]")
_INT_MAX = (1 << 31) - 1
# MiB; HVM_BELOW_4G_MMIO_LENGTH and HVM_BELOW_4G_MMIO_START of Xen's hvm/e820.h.
_MMIO_HOLE = range(256, 3840 + 1)
_BOUNDED = ("max_grant_frames", "max_maptrack_frames", "max_grant_version")
_TYPES = {"usbctrl": ("auto", "pv", "devicemodel", "qusb"), "usbdev": ("hostdev",), "vkb": ("qemu", "linux")}
_P9_4_17 = ("tag", "security_model", "path", "backend")
_SOUND_WORDS = (
    "sample-rates", "sample-formats", "channels-min", "channels-max", "buffer-size",
    "backend", "short-name", "long-name", "name", "unique-id", "type",
)  # fmt: skip


def problems(settings: dict[str, Any], release: str | None = None, cpus: int | None = None) -> list[str]:
    """Why xl of a release would refuse a parsed configuration, in an admin's words; empty if it would take it.

    ``release`` None is a recent one. ``cpus``: how many CPUs the host has, if known; a guest must have one of them.
    What depends on the host beyond that (a missing file, a name that is taken) is not looked at, as ``xl create -n``
    does not either.
    """
    known = known_keys(release)
    reader = _Reader({key: value for key, value in settings.items() if key in known}, release, cpus)
    found: list[str] = []
    for check in (_identity, _boot, _sizes, _choices, _hvm, _lists, _devices, _machine_parts):
        found += check(reader)
    return found


def guest_type(settings: dict[str, Any]) -> str | None:
    """pv, pvh or hvm, as xl understands ``type`` and ``builder``; None where it refuses them.

    xl compares no more than was written: ``type="p"`` is pv, and an empty type hvm.
    """
    kind, builder = text_of(settings.get("type")), text_of(settings.get("builder"))
    found = None if kind is None else first_that_starts((HVM, PV, PVH), kind)
    if kind is not None and found is None:
        return None
    if builder is None:
        return found or PV
    built = {HVM: HVM, "generic": PV}.get(first_that_starts((HVM, "generic"), builder) or "")
    return built if built and found in (None, built) else None


class _Reader:
    """The settings as xl's functions read them: a text is no list, a list no text, both are then as good as missing."""

    def __init__(self, settings: dict[str, Any], release: str | None, cpus: int | None) -> None:
        self._settings = settings
        self.old = release in OLD
        self.unknown_disk_words = unknown_disk_words(release)
        self.cpus = cpus
        self.kind = guest_type(settings)

    def given(self, key: str) -> bool:
        return key in self._settings

    def text(self, key: str) -> str | None:
        value = self._settings.get(key)
        if isinstance(value, bool):
            return str(int(value))
        return value if isinstance(value, str) else str(value) if isinstance(value, int) else None

    def number(self, key: str) -> int | None:
        return integer(self._settings.get(key))

    def items(self, key: str) -> list[Any]:
        value = self._settings.get(key)
        return list(value) if isinstance(value, (list, tuple)) else []

    def texts(self, key: str) -> list[str]:
        """Up to the first that is a list: there xl stops."""
        found = []
        for item in self.items(key):
            if isinstance(item, (list, tuple)):
                break
            found.append(str(item))
        return found


def _identity(reader: _Reader) -> Iterator[str]:
    if reader.text("name") is None:
        yield "name is missing"
    if reader.kind is None:
        yield f"type {reader.text('type')!r} with builder {reader.text('builder')!r} is no type of guest"
    uuid = reader.text("uuid")
    if uuid is not None and not devices.is_uuid(uuid):
        yield f"uuid {uuid!r} is not 32 hexadecimal digits in groups of 8-4-4-4-12"
    for key in EVENTS:
        action = reader.text(key)
        if action is not None and action not in ACTIONS:
            yield f"{key} is {action!r}; allowed are {', '.join(ACTIONS)}"


def _boot(reader: _Reader) -> Iterator[str]:
    if reader.kind == HVM:
        return
    firmware, kernel = reader.text("firmware"), reader.text("kernel")
    if firmware is not None:
        if kernel is not None:
            yield "kernel and firmware are both given"
        if not "pvgrub32".startswith(firmware) and not "pvgrub64".startswith(firmware):
            yield f"firmware is {firmware!r}; allowed are pvgrub32 and pvgrub64"
    elif kernel is None and reader.text("bootloader") is None:
        yield "neither kernel nor bootloader is given"


def _sizes(reader: _Reader) -> Iterator[str]:
    vcpus, maxvcpus = reader.number("vcpus") or 0, reader.number("maxvcpus") or 0
    if maxvcpus and maxvcpus < vcpus or maxvcpus < 0:
        yield f"maxvcpus ({maxvcpus}) is less than vcpus ({vcpus})"
    for key in _BOUNDED:
        number = reader.number(key)
        if reader.given(key) and (number is None or not 0 <= number <= _INT_MAX):
            yield f"{key} is no number from 0 to {_INT_MAX}"
    yield from _vnuma(reader, maxvcpus)
    for key in ("cpus", "cpus_soft"):
        yield from _pinning(reader, key, maxvcpus or vcpus)


def _vnuma(reader: _Reader, maxvcpus: int) -> Iterator[str]:
    nodes = reader.items("vnuma")
    if not nodes:
        return
    try:
        memory, cpus = vnuma_sums(nodes)
    except ValueError as error:
        yield f"vnuma: {error}"
        return
    if maxvcpus and maxvcpus != cpus:
        yield f"vnuma has {cpus} virtual CPUs, and maxvcpus is {maxvcpus}"
    maxmem = reader.number("maxmem")
    if maxmem is not None and maxmem != memory:
        yield f"vnuma has {memory} MiB, and maxmem is {maxmem}"


def _pinning(reader: _Reader, key: str, vcpus: int) -> Iterator[str]:
    single = reader.text(key)
    for text in [single] if single is not None else reader.texts(key)[: max(vcpus, 0)]:
        try:
            cpus = xl_specs.parse_cpus(text)
        except ValueError as error:
            yield f"{key}: {error}"
            continue
        there = cpus if cpus is None or reader.cpus is None else {cpu for cpu in cpus if cpu < reader.cpus}
        # Without virtual CPUs there is nothing to pin, and an empty list passes.
        if there is not None and not there and vcpus:
            yield f"{key}: no CPU of the host is in {text!r}"


def _choices(reader: _Reader) -> Iterator[str]:
    for key, row in KEYS.items():
        if row.kind != "choice" or row.only not in ("", reader.kind):
            continue
        text, number = reader.text(key), reader.number(key)
        if key == "timer_mode" and reader.kind == PV and (text is not None):
            yield "timer_mode is not for pv guests"
        elif row.numbered and number is not None:
            if not 0 <= number < len(row.choices):
                yield f"{key} is {number}; allowed are {', '.join(row.choices)}"
        elif text is not None and (text not in row.choices or (key == "tee" and text == "ffa" and reader.old)):
            yield f"{key} is {text!r}; allowed are {', '.join(row.choices)}"


def _hvm(reader: _Reader) -> Iterator[str]:
    if reader.kind != HVM:
        return
    hole = reader.number("mmio_hole")
    if hole is not None and hole not in _MMIO_HOLE:
        yield f"mmio_hole is {hole}; allowed are {_MMIO_HOLE[0]} to {_MMIO_HOLE[-1]} MiB"
    genid = reader.text("ms_vm_genid")
    if genid not in (None, "generate", "none"):
        yield f"ms_vm_genid is {genid!r}; allowed are generate and none"
    gfx = reader.text("gfx_passthru")
    if gfx not in (None, "default", "igd") and reader.number("gfx_passthru") is None:
        yield f"gfx_passthru is {gfx!r}; allowed are 0, 1 and igd"
    for word in reader.texts("viridian"):
        if word not in ("all", "defaults") and word.lstrip("!") not in VIRIDIAN_WORDS:
            yield f"viridian: {word!r} is not known"
    if reader.text("mca_caps") is not None or any(word != "lmce" for word in reader.texts("mca_caps")):
        yield "mca_caps is no list of lmce"
    for word in reader.texts("smbios"):
        name, equals, value = word.partition("=")
        if name not in SMBIOS_WORDS or not equals or not value:
            yield f"smbios: {word!r} is not understood"
    if ":" in (reader.text("vnclisten") or "") and reader.number("vncdisplay"):
        yield "the VNC display is given twice, in vnclisten and in vncdisplay"


def _lists(reader: _Reader) -> Iterator[str]:
    for key in ("device_model_args", "device_model_args_pv", "device_model_args_hvm"):
        if reader.text(key) is not None:
            yield f"{key} is no list"
    for text in reader.texts("disk"):
        try:
            parse_disk(text, unknown=reader.unknown_disk_words)
        except ValueError as error:
            yield str(error)
    for text in reader.texts("pci"):
        try:
            devices.parse_pci(text)
        except ValueError as error:
            yield str(error)
    for text in reader.texts("vif"):
        yield from _vif(text)


def _vif(text: str) -> Iterator[str]:
    for key, value in xl_specs.device_words(text):
        if key == "rate":
            problem = _rate_problem(value)
            if problem:
                yield f"vif: the rate {value!r} is none; {problem}"
        elif key in ("devid", "mtu") and not _LEADING_NUMBER.match(value):
            yield f"vif: the {key} {value!r} is no number"


def _rate_problem(text: str) -> str | None:
    """Why xl would refuse a limit of a network interface, or None."""
    found = devices.RATE.match(text)
    if found is None:
        return "allowed are a number, a unit of GB/s, MB/s, KB/s, B/s or the same with b, and @ with an interval"
    if not 0 < int(found.group(1)) < 1 << 32 or found.group(4) and not 0 < int(found.group(4)) < 1 << 32:
        return "the number is 0 or too large"
    return None


def _devices(reader: _Reader) -> Iterator[str]:
    for key, check in _DEVICE_CHECKS.items():
        for text in reader.texts(key):
            for problem in check(text, reader):
                yield f"{key}: {problem} in {text!r}"


def _unknown_words(key: str, text: str, allowed: tuple[str, ...] | None = None) -> Iterator[str]:
    for word, _value in xl_specs.device_words(text):
        if word not in (allowed or tuple(DEVICES[key][1])):
            yield f"{word!r} is not known"


def _vtpm(text: str, reader: _Reader) -> Iterator[str]:
    yield from _unknown_words("vtpm", text)
    words = dict(xl_specs.device_words(text))
    if "backend" not in words:
        yield "the backend is missing"
    if "uuid" in words and not devices.is_uuid(words["uuid"]):
        yield "the uuid is none"


def _p9(text: str, reader: _Reader) -> Iterator[str]:
    if not reader.old:
        yield from _unknown_words("p9", text)
        return
    yield from _unknown_words("p9", text, _P9_4_17)
    words = dict(xl_specs.device_words(text))
    yield from (f"the {word} is missing" for word in _P9_4_17[:3] if word not in words)


def _pvcalls(text: str, reader: _Reader) -> Iterator[str]:
    yield from _unknown_words("pvcalls", text)


def _usb(key: str, text: str) -> Iterator[str]:
    yield from _unknown_words(key, text)
    kind = dict(xl_specs.device_words(text)).get("type")
    if kind is not None and kind not in _TYPES[key]:
        yield f"{kind!r} is no type; allowed are {', '.join(_TYPES[key])}"


def _usbctrl(text: str, reader: _Reader) -> Iterator[str]:
    yield from _usb("usbctrl", text)


def _usbdev(text: str, reader: _Reader) -> Iterator[str]:
    yield from _usb("usbdev", text)


def _vkb(text: str, reader: _Reader) -> Iterator[str]:
    yield from _unknown_words("vkb", text)
    words = dict(xl_specs.device_words(text))
    if words.get("backend-type") not in _TYPES["vkb"]:
        yield f"the backend-type is missing, or none of {', '.join(_TYPES['vkb'])}"
    touch = [word for word in words if word.startswith("multi-touch-") and integer(words[word])]
    if integer(words.get("feature-multi-touch")) and not touch:
        yield "multi-touch-width, multi-touch-height or multi-touch-num-contacts is missing"


def _channel(text: str, reader: _Reader) -> Iterator[str]:
    words = xl_specs.device_words(text)
    yield from (f"{word!r} has no value" for word, value in words if not value)
    found = {word.strip(): value.strip() for word, value in words}
    connection = found.get("connection")
    if connection not in ("pty", "socket"):
        yield "the connection is missing, or neither pty nor socket"
    if connection == "socket" and "path" not in found:
        yield "the path of the socket is missing"


def _vdispl(text: str, reader: _Reader) -> Iterator[str]:
    yield from _unknown_words("vdispl", text, ("backend", "be-alloc", "connectors"))
    if not dict(xl_specs.device_words(text)).get("connectors"):
        yield "no connector is given"


def _virtio(text: str, reader: _Reader) -> Iterator[str]:
    yield from _unknown_words("virtio", text.replace("virtio,device", "virtio;device"))


_DEVICE_CHECKS = {
    "vtpm": _vtpm,
    "p9": _p9,
    "pvcalls": _pvcalls,
    "usbctrl": _usbctrl,
    "usbdev": _usbdev,
    "vkb": _vkb,
    "channel": _channel,
    "vdispl": _vdispl,
    "virtio": _virtio,
}


def _machine_parts(reader: _Reader) -> Iterator[str]:
    """Ports, interrupts and memory of the host, and sound cards."""
    for key, pattern in (
        ("ioports", r"(?:0x)?[0-9a-fA-F]+(-(?:0x)?[0-9a-fA-F]+\Z|(?!-))"),
        ("irqs", r"\s*[+]?[0-9]+\Z"),
        ("iomem", r"(?:0x)?[0-9a-fA-F]+,(?:0x)?[0-9a-fA-F]+(?:@(?:0x)?[0-9a-fA-F]+)?\Z"),
    ):
        for item in reader.items(key):
            if not isinstance(item, (str, int)) or not re.match(pattern, str(item)):
                yield f"{key}: {item!r} is not understood"
    for card in reader.items("vsnd"):
        if not isinstance(card, (list, tuple)):
            yield f"vsnd: {card!r} is no list"
            continue
        for part in card:
            kind, *words = (word.lstrip(" ") for word in str(part).split(","))
            names = [word.partition("=")[0] for word in words]
            if kind.lower() not in ("card", "pcm", "stream") or not set(names) <= set(_SOUND_WORDS):
                yield f"vsnd: {part!r} is not understood"
