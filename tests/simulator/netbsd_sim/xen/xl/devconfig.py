# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A guest's devices: lists of `key=value,key=value` texts, one device a text (Xen's tools/xl/xl_parse.c of 4.20)."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from . import cnumbers, layout, pcispec, sounddev, specs
from .keytable import put
from .settings import ConfigRefused, Reader

Device = dict[str, Any]
_UINT_MAX = 2**32 - 1


def read_passthrough(reader: Reader, kind: str, config: dict[str, Any]) -> None:
    """PCI and device tree."""
    if kind == "pv":
        put(config, "b_info.type.pv.e820_host", reader.flag("e820_host"))
    pcispec.read(reader, kind, config)
    _put_list(config, "dtdevs", [{"path": path} for path in reader.strings("dtdev") or []])


def read_devices(reader: Reader, bridge: str | None, config: dict[str, Any]) -> None:
    """All but keyboards, in xl's order."""
    try:
        # xl tells a disk's error under the configuration's name
        disks = [specs.parse_disk([spec], reader.source, reader.report) for spec in reader.strings("disk") or []]
    except specs.SpecError:
        raise ConfigRefused from None
    _put_list(config, "disks", disks)
    for key, field, read_one in (
            ("virtio", "virtios", _virtio), ("p9", "p9s", _plan9), ("vtpm", "vtpms", _vtpm),
            ("vdispl", "vdispls", _display), ("pvcalls", "pvcallsifs", _pvcalls)):
        _put_list(config, field, [read_one(reader, spec, devid)
                                  for devid, spec in enumerate(reader.strings(key) or [])])
    sounddev.read(reader, config)
    _put_list(config, "channels", [_channel(reader, spec) for spec in reader.strings("channel") or []])
    try:
        nics = [specs.parse_nic(spec, devid, bridge, reader.report, reader.source)
                for devid, spec in enumerate(reader.strings("vif") or [])]
    except specs.SpecError:
        raise ConfigRefused from None
    _put_list(config, "nics", nics)
    if reader.items("vif2") is not None:
        reader.report("WARNING: vif2: netchannel2 is deprecated and not supported by xl\n")
    framebuffers = [_framebuffer(spec, devid) for devid, spec in enumerate(reader.strings("vfb") or [])]
    _put_list(config, "vfbs", framebuffers)
    _put_list(config, "vkbs", [{"devid": devid} for devid in range(len(framebuffers))])
    _put_list(config, "usbctrls", [_usb_controller(reader, spec, devid)
                                   for devid, spec in enumerate(reader.strings("usbctrl") or [])])
    _put_list(config, "usbdevs", [_usb_device(reader, spec) for spec in reader.strings("usbdev") or []])


def _put_list(config: dict[str, Any], key: str, devices: list[Device]) -> None:
    """An empty list does not appear in libxl's JSON."""
    if devices:
        config[key] = devices


def _words(spec: str) -> Iterator[str]:
    """The parts between commas, empty ones left out as strtok(3) does, without the blanks before them."""
    return (word.lstrip(" ") for word in spec.split(",") if word)


def _old_pairs(spec: str) -> Iterator[tuple[str, str]]:
    """`key=value` words up to the first that is none: some lists end there silently."""
    for word in _words(spec):
        key, equals, value = word.partition("=")
        if not equals:
            return
        yield key, value


# --- resources of the host ---------------------------------------------------------------------------------------


def read_resources(reader: Reader, config: dict[str, Any]) -> None:
    """ioports, irqs, iomem, llc_colors."""
    build = config["b_info"]
    for key, read_one, what in (("ioports", _io_port, "#{} in ioport"), ("irqs", _irq, "{} in irq"),
                                ("iomem", _io_memory, "{} in iomem"), ("llc_colors", _colors, "{} in LLC color")):
        found = []
        for index, text in enumerate(reader.items(key) or []):
            if not isinstance(text, str):
                reader.refuse(f"xl: Unable to get element {what.format(index)} list")
            found += read_one(reader, text)
        put(build, key, found or None)


def _io_port(reader: Reader, text: str) -> list[Any]:
    first, length = cnumbers.leading(text, 16)
    wrong = f"xl: Invalid argument parsing ioport: {text}"
    if not length:
        reader.refuse(wrong)
    last, rest = first, text[length:]
    if rest.startswith("-"):
        last, length = cnumbers.leading(rest[1:], 16)
        if not length or length != len(rest) - 1:
            reader.refuse(wrong)
    elif rest:
        reader.report(wrong + "\n")
    for number in (first, last):
        if number >= _UINT_MAX:
            reader.refuse(f"xl: ioport {number:x} too big")
    return [{"first": first, "number": cnumbers.unsigned(last - first + 1)}]


def _irq(reader: Reader, text: str) -> list[Any]:
    number, length = cnumbers.leading(text, 10)
    if not length or length != len(text):
        reader.refuse(f"xl: Invalid argument parsing irq: {text}")
    if number >= _UINT_MAX:
        reader.refuse(f"xl: irq {number:x} too big")
    return [number]


def _io_memory(reader: Reader, text: str) -> list[Any]:
    match = re.fullmatch(r"(0x)?([0-9a-fA-F]+),(0x)?([0-9a-fA-F]+)(?:@(0x)?([0-9a-fA-F]+))?", text)
    if match is None:
        reader.refuse(f"xl: Invalid argument parsing iomem: {text}")
    entry = {"start": int(match[2], 16), "number": int(match[4], 16)}
    if match[6]:
        entry["gfn"] = int(match[6], 16)
    return [{key: number for key, number in entry.items() if number or key == "gfn"}]


def _colors(reader: Reader, text: str) -> list[Any]:
    match = re.match(r"(\d+)(?:-(\d+))?", text)
    if match is None:
        reader.refuse(f"xl: Invalid LLC color range: {text}")
    first, last = int(match[1]), int(match[2] or match[1])
    if first > last:
        reader.refuse(f"xl: Start LLC color is greater than end: {text}")
    return list(range(first, last + 1))


# --- one function a kind -----------------------------------------------------------------------------------------


def _virtio(reader: Reader, spec: str, devid: int) -> Device:
    """The type eats the comma of `virtio,deviceN`."""
    device: Device = {}
    match = re.search(r"type=(virtio,device[0-9a-fA-F]*|[^,]*)", spec)
    if match is not None:
        device["type"] = match[1]
        spec = spec.replace(match[0], "")
    for word in _words(spec):
        key, _equals, value = word.partition("=")
        if key == "backend":
            device["backend_domname"] = value
        elif key == "transport":
            if value != "mmio":
                reader.refuse()
            device["transport"] = value
        elif key == "grant_usage":
            device["grant_usage"] = str(cnumbers.leading(value, 0)[0] != 0)
        else:
            reader.refuse(f'Unknown string "{word}" in virtio spec')
    return {**device, "devid": devid}


_PLAN9_TEXT = {"tag": "tag", "path": "path", "security_model": "security_model", "backend": "backend_domname"}
_PLAN9_NUMBERS = {"max-space": "max_space", "max-files": "max_files", "max-open-files": "max_open_files"}


def _plan9(reader: Reader, spec: str, _devid: int) -> Device:
    device: Device = {}
    for word in (word for word in spec.split(",") if word):
        parts = [part for part in word.split("=") if part]
        if len(parts) < 2:
            reader.report(f"failed to parse 9pfs configuration: {word}")
            raise ConfigRefused
        key, value = parts[0].strip(), parts[1].strip()
        if key in _PLAN9_TEXT:
            device[_PLAN9_TEXT[key]] = value
        elif key in _PLAN9_NUMBERS:
            put(device, _PLAN9_NUMBERS[key], cnumbers.leading(value, 10)[0] or None)
        elif key == "type":
            if value not in ("qemu", "xen_9pfsd"):
                reader.refuse(f"failed to parse 9pfs type: {value}")
            device["type"] = value
        elif key == "auto-delete":
            put(device, "auto_delete", bool(cnumbers.leading(value, 10)[0]) or None)
        else:
            reader.refuse(f"Unknown 9pfs parameter '{key}'")
    return device


def _vtpm(reader: Reader, spec: str, devid: int) -> Device:
    device: Device = {"devid": devid}
    for key, value in _old_pairs(spec):
        if key == "backend":
            device["backend_domname"] = value
        elif key == "uuid":
            if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value):
                reader.refuse(f"Failed to parse vtpm UUID: {value}")
            device["uuid"] = value.lower()
        else:
            reader.refuse(f"Unknown string `{key}' in vtpm spec")
    if "backend_domname" not in device:
        reader.refuse("vtpm spec missing required backend field!")
    return device


def _display(reader: Reader, spec: str, devid: int) -> Device:
    device: Device = {"devid": devid}
    for word in _words(spec):
        key, equals, value = word.partition("=")
        if equals and key == "backend":
            device["backend_domname"] = value
        elif equals and key == "be-alloc":
            put(device, "be_alloc", bool(cnumbers.leading(value, 0)[0]) or None)
        elif equals and key == "connectors":
            device["connectors"] = [_connector(reader, text) for text in value.split(";") if text]
        else:
            reader.refuse(f'Unknown string "{word}" in vdispl spec')
    if not device.get("connectors"):
        reader.refuse("At least one connector should be specified.")
    return device


def _connector(reader: Reader, text: str) -> Device:
    name, _colon, size = text.partition(":")
    match = re.match(r"(\d+)x(\d+)", size)
    if match is None:
        reader.report("Can't parse connector resolution\n")
        return {"unique_id": name}
    return {"unique_id": name, "width": int(match[1]), "height": int(match[2])}


def _pvcalls(reader: Reader, spec: str, devid: int) -> Device:
    device: Device = {"devid": devid}
    for key, value in _old_pairs(spec):
        if key != "backend":
            reader.refuse(f"Unknown string `{key}' in pvcalls spec")
        device["backend_domname"] = value
    return device


def _channel(reader: Reader, spec: str) -> Device:
    device: Device = {}
    connection = path = None
    for word in (word for word in spec.split(",") if word):
        parts = [part for part in word.split("=") if part]
        if len(parts) < 2:
            reader.report(f"failed to parse channel configuration: {word}")
            raise ConfigRefused
        key, value = parts[0].strip(), parts[1].strip()
        if key == "backend":
            device["backend_domname"] = value
        elif key == "name":
            device["name"] = value
        elif key == "path":
            path = value
        elif key == "connection":
            if value not in ("pty", "socket"):
                reader.refuse(f"unknown channel connection '{value}'")
            connection = value
        else:
            reader.report(f"unknown channel parameter '{key}', ignoring\n")
    if connection is None:
        reader.refuse("channel has unknown 'connection'")
    if connection == "socket" and path is None:
        reader.refuse("channel connection 'socket' requires path=..")
    device[f"connection.{connection}"] = {"path": path} if connection == "socket" else {}
    return device


# --- framebuffer, keyboard, USB ----------------------------------------------------------------------------------


_FRAMEBUFFER: dict[str, tuple[str, Callable[[str], Any]]] = {
    "vnc": ("vnc.enable", lambda text: str(cnumbers.atoi(text) != 0)), "vnclisten": ("vnc.listen", str),
    "vncpasswd": ("vnc.passwd", str), "vncdisplay": ("vnc.display", lambda text: cnumbers.atoi(text) or None),
    "vncunused": ("vnc.findunused", lambda text: str(cnumbers.atoi(text) != 0)), "keymap": ("keymap", str),
    "sdl": ("sdl.enable", lambda text: str(cnumbers.atoi(text) != 0)),
    "opengl": ("sdl.opengl", lambda text: str(cnumbers.atoi(text) != 0)), "display": ("sdl.display", str),
    "xauthority": ("sdl.xauthority", str),
}


def _framebuffer(spec: str, devid: int) -> Device:
    """Unknown keys are ignored silently."""
    device: Device = {"devid": devid, "vnc": {}, "sdl": {}}
    for key, value in _old_pairs(spec):
        if key in _FRAMEBUFFER:
            path, convert = _FRAMEBUFFER[key]
            put(device, path, convert(value))
    return device


def read_display(reader: Reader, kind: str, config: dict[str, Any]) -> None:
    """vnc and sdl outside of `vfb`: a framebuffer for a PV guest that has none, the emulated card of an HVM guest."""
    if kind == "pv":
        if "vfbs" in config or not reader.number("vnc"):
            return
        device: Device = {"devid": 0, "vnc": {}, "sdl": {}}
        _top_level(reader, device)
        put(device, "keymap", reader.string("keymap"))
        config["vfbs"], config["vkbs"] = [device], [{"devid": 0}]
        return
    # xl writes into the part for HVM whatever the guest is; a PVH guest does not show it.
    _top_level(reader, config["b_info"]["type.hvm"] if kind == "hvm" else {})


def _top_level(reader: Reader, place: Device) -> None:
    display = [("vnc.enable", reader.flag("vnc")), ("vnc.listen", reader.string("vnclisten")),
               ("vnc.passwd", reader.string("vncpasswd")), ("vnc.display", reader.number("vncdisplay") or None),
               ("vnc.findunused", reader.flag("vncunused")), ("sdl.enable", reader.flag("sdl")),
               ("sdl.opengl", reader.flag("opengl")), ("sdl.display", reader.string("display")),
               ("sdl.xauthority", reader.string("xauthority"))]
    for path, value in display:
        put(place, path, value)


_KEYBOARD_SWITCHES = ("feature-disable-keyboard", "feature-disable-pointer", "feature-abs-pointer",
                      "feature-raw-pointer", "feature-multi-touch")
_TOUCH = ("multi-touch-width", "multi-touch-height", "multi-touch-num-contacts")


def read_keyboards(reader: Reader, config: dict[str, Any]) -> None:
    """`vkb`, after those that come with the framebuffers."""
    for spec in reader.strings("vkb") or []:
        keyboards = config.setdefault("vkbs", [])
        keyboards.append(_keyboard(reader, spec, len(keyboards)))


def _keyboard(reader: Reader, spec: str, devid: int) -> Device:
    device: Device = {"devid": devid}
    for word in _words(spec):
        key, equals, value = word.partition("=")
        field = key.replace("-", "_")
        if equals and key == "backend":
            device["backend_domname"] = value
        elif equals and key == "backend-type":
            if value not in ("qemu", "linux"):
                reader.refuse(f'Unknown backend_type "{value}" in vkb spec')
            device[field] = value
        elif equals and key == "unique-id":
            device[field] = value
        elif equals and key in _KEYBOARD_SWITCHES:
            put(device, field, bool(cnumbers.leading(value, 0)[0]) or None)
        elif equals and key in (*_TOUCH, "width", "height"):
            put(device, field, cnumbers.leading(value, 0)[0] or None)
        else:
            reader.refuse(f'Unknown string "{word}" in vkb spec')
    if "backend_type" not in device:
        reader.refuse("backend-type should be set in vkb spec")
    touched = any(key.replace("-", "_") in device for key in _TOUCH)
    if "feature_multi_touch" in device and not touched:
        reader.refuse(f"{', '.join(_TOUCH)} should be set for multi touch in vkb spec")
    if touched:
        device["feature_multi_touch"] = True
    return device


def _usb_controller(reader: Reader, spec: str, devid: int) -> Device:
    device: Device = {"devid": devid}
    for word in _words(spec):
        key, equals, value = word.partition("=")
        if equals and key == "type":
            if value not in ("auto", "pv", "devicemodel", "qusb"):
                reader.refuse(f"Invalid usb controller type '{value}'")
            put(device, "type", None if value == "auto" else value)
        elif equals and key in ("version", "ports"):
            put(device, key, cnumbers.atoi(value) or None)
        else:
            reader.refuse(f"Unknown string `{word}' in usbctrl spec")
    return device


def _usb_device(reader: Reader, spec: str) -> Device:
    """What is on the host's bus is printed only with `type=hostdev`."""
    device: Device = {}
    host: Device = {}
    for word in _words(spec):
        key, equals, value = word.partition("=")
        if equals and key == "type":
            if value != "hostdev":
                reader.refuse("Invalid usb device type: (null)")
            device["type.hostdev"] = host
        elif equals and key in ("hostbus", "hostaddr"):
            put(host, key, cnumbers.unsigned(cnumbers.leading(value, 0)[0], 8) or None)
        elif equals and key == "controller":
            device["ctrl"] = cnumbers.atoi(value)
        elif equals and key == "port":
            put(device, "port", cnumbers.atoi(value) or None)
        else:
            reader.refuse(f"Unknown string `{word}' in usbdev spec")
    arranged: Device = layout.arranged(device, "usbdevs")
    return arranged
