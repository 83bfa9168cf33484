# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What only fully virtual guests have: platform, emulated hardware, device model (Xen's tools/xl/xl_parse.c)."""
from __future__ import annotations

import secrets
from typing import Any

from . import keytable
from .keytable import copy, put
from .settings import Reader

_BIOSES = ("rombios", "seabios", "ovmf")
_VIRIDIAN = ("base", "freq", "time_ref_count", "reference_tsc", "hcall_remote_tlb_flush", "apic_assist", "crash_ctl",
             "synic", "stimer", "hcall_ipi", "ex_processor_masks", "no_vp_limit", "cpu_hotplug")
_VIRIDIAN_BITS = 64
_MMIO_HOLE_MIB = (256, 3840)
_SMBIOS = (
    "bios_vendor", "bios_version", "system_manufacturer", "system_product_name", "system_version",
    "system_serial_number", "baseboard_manufacturer", "baseboard_product_name", "baseboard_version",
    "baseboard_serial_number", "baseboard_asset_tag", "baseboard_location_in_chassis", "enclosure_manufacturer",
    "enclosure_serial_number", "enclosure_asset_tag", "battery_manufacturer", "battery_device_name", "oem")
_VGA = {"stdvga": "std", "cirrus": "cirrus", "none": "none", "qxl": "qxl"}
_GENID_BYTES = 16
_LMCE = 1  # the only capability


# --- platform ----------------------------------------------------------------------------------------------------


def read_platform(reader: Reader, config: dict[str, Any]) -> None:
    """Firmware and processor features, up to `firmware`."""
    build = config["b_info"]
    hvm = build["type.hvm"]
    if build.get("kernel", "").rpartition("/")[2] == "hvmloader":
        reader.report('WARNING: you seem to be using "kernel" directive to override HVM guest firmware. Ignore that. '
                      'Use "firmware_override" instead if you really want a non-default firmware\n')
        del build["kernel"]
    put(hvm, "firmware", reader.string("firmware_override"))
    put(hvm, "system_firmware", reader.string("bios_path_override"))
    _bios(reader, hvm)
    copy(reader, keytable.HVM_FEATURES, config)
    _viridian(reader, hvm)
    _mmio_hole(reader, hvm)
    altp2m = reader.flag("altp2mhvm")
    if altp2m is not None:
        hvm["altp2m"] = altp2m
        reader.report('WARNING: Specifying "altp2mhvm" is deprecated. Please use "altp2m" instead.\n')
    copy(reader, keytable.HVM_FIRMWARE, config)
    _smbios(reader, hvm)
    _generation_id(reader, hvm)
    boundary = reader.number("rdm_mem_boundary")
    put(hvm, "rdm_mem_boundary_memkb", None if boundary is None else keytable.kib(boundary))
    _machine_checks(reader, hvm)
    _firmware(reader, hvm)


def _bios(reader: Reader, hvm: dict[str, Any]) -> None:
    text = reader.string("bios")
    if text is None:
        if "system_firmware" in hvm:
            reader.report("WARNING: bios_path_override given without specific bios name\n")
    elif text in _BIOSES:
        hvm["bios"] = text
    elif text != "unknown":
        reader.refuse(f'ERROR: invalid value "{text}" for "bios"')


def _viridian(reader: Reader, hvm: dict[str, Any]) -> None:
    words = reader.strings("viridian", quiet=True)
    if words is None:
        put(hvm, "viridian", reader.flag("viridian", quiet=True))
        return
    enabled: set[int] = set()
    disabled: set[int] = set()
    for word in words:
        if word == "all":
            enabled = set(range(_VIRIDIAN_BITS))
        elif word == "defaults":
            hvm["viridian"] = "True"
        else:
            _one_enlightenment(reader, word, enabled, disabled)
    put(hvm, "viridian_enable", sorted(enabled) or None)
    put(hvm, "viridian_disable", sorted(disabled) or None)


def _one_enlightenment(reader: Reader, word: str, enabled: set[int], disabled: set[int]) -> None:
    add, remove = (disabled, enabled) if word.startswith("!") else (enabled, disabled)
    name = word.removeprefix("!")
    if name not in _VIRIDIAN:
        reader.refuse(f"xl: unknown viridian enlightenment '{name}'", 3)
    add.add(_VIRIDIAN.index(name))
    remove.discard(_VIRIDIAN.index(name))


def _mmio_hole(reader: Reader, hvm: dict[str, Any]) -> None:
    size = reader.number("mmio_hole")
    if size is None:
        return
    if not _MMIO_HOLE_MIB[0] <= size <= _MMIO_HOLE_MIB[1]:
        reader.refuse(f'ERROR: invalid value {size} for "mmio_hole"')
    hvm["mmio_hole_memkb"] = keytable.kib(size)


def _smbios(reader: Reader, hvm: dict[str, Any]) -> None:
    if "smbios" not in reader.settings:
        return
    entries = reader.items("smbios")
    if entries is None:
        reader.refuse("xl: Unable to parse smbios options.")
    found = []
    for index, text in enumerate(entries):
        if not isinstance(text, str):
            reader.refuse(f"xl: Unable to get element #{index} in smbios list")
        key, equals, value = text.partition("=")
        if not equals:
            reader.refuse(f"xl: failed to split \"{text}\" at '='")
        if not value:
            reader.refuse(f'xl: empty value not allowed for smbios "{key}="')
        if key not in _SMBIOS:
            reader.refuse(f"xl: unknown smbios type '{key}'")
        found.append({"key": key, "value": value})
    put(hvm, "smbios", found or None)


def _generation_id(reader: Reader, hvm: dict[str, Any]) -> None:
    text = reader.string("ms_vm_genid")
    if text == "generate":
        hvm["ms_vm_genid"] = list(secrets.token_bytes(_GENID_BYTES))
    elif text not in (None, "none"):
        reader.refuse('ERROR: "ms_vm_genid" option must be "generate" or "none"')


def _machine_checks(reader: Reader, hvm: dict[str, Any]) -> None:
    if "mca_caps" not in reader.settings:
        return
    words = reader.strings("mca_caps", quiet=True)
    if words is None:
        reader.refuse("ERROR: unable to parse mca_caps.", 3)
    for word in words:
        if word != "lmce":
            reader.refuse(f"ERROR: unrecognized MCA capability '{word}'.", 3)
        hvm["mca_caps"] = _LMCE


def _firmware(reader: Reader, hvm: dict[str, Any]) -> None:
    """A kind of BIOS, or a file."""
    text = reader.string("firmware")
    if text is None:
        return
    if text in _BIOSES:
        hvm["bios"] = text
    elif "uefi".startswith(text):
        hvm["bios"] = "ovmf"
    elif not "bios".startswith(text):
        hvm["firmware"] = text


# --- device model ------------------------------------------------------------------------------------------------


def read_device_model(reader: Reader, config: dict[str, Any]) -> None:
    """Of every guest: a paravirtual one can have one too."""
    build = config["b_info"]
    _obsolete_device_model(reader, config["c_info"]["type"])
    put(build, "device_model", reader.string("device_model_override"))
    version = reader.string("device_model_version")
    if version in ("qemu-xen", "qemu-xen-traditional"):
        build["device_model_version"] = version.replace("-", "_")
    elif version is not None:
        reader.refuse(f'Unknown device_model_version "{version}" specified')
    elif "device_model" in build:
        reader.report("WARNING: device model override given without specific DM version\n")
    copy(reader, keytable.DEVICE_MODEL, config)
    for suffix in ("", "_pv", "_hvm"):
        key = f"device_model_args{suffix}"
        words = reader.strings(key)
        if words is None and key in reader.settings:
            reader.refuse(f"xl: Unable to parse {key}.", 3)
        put(build, f"extra{suffix}", words or None)


def _obsolete_device_model(reader: Reader, kind: str) -> None:
    text = reader.string("device_model")
    if text is None:
        return
    reader.report("WARNING: ignoring device_model directive.\n"
                  'WARNING: Use "device_model_override" instead if you really want a non-default device_model\n')
    if "stubdom-dm" not in text:
        return
    if kind == "hvm":
        reader.report('WARNING: Or use "device_model_stubdomain_override" if you  want to enable stubdomains\n')
    else:
        reader.report('WARNING: ignoring "device_model_stubdomain_override" directive for pv guest\n')


# --- emulated hardware -------------------------------------------------------------------------------------------


def read_hardware(reader: Reader, config: dict[str, Any]) -> None:
    """Display adapter, disks' controller, spice, serial lines, USB and the rest."""
    hvm = config["b_info"]["type.hvm"]
    _adapter(reader, hvm)
    controller = reader.string("hdtype")
    if controller not in (None, "ide", "ahci"):
        reader.refuse(f'ERROR: invalid value "{controller}" for "hdtype"')
    put(hvm, "hdtype", "ahci" if controller == "ahci" else None)
    copy(reader, keytable.HVM_SPICE, config)
    _graphics_passthrough(reader, hvm)
    _words_or_one(reader, "serial", hvm)
    copy(reader, keytable.HVM_USB, config)
    _words_or_one(reader, "usbdevice", hvm)
    copy(reader, keytable.HVM_LAST, config)
    vnc = hvm["vnc"]
    if ":" in vnc.get("listen", "") and vnc.get("display"):
        reader.refuse("ERROR: Display specified both in vnclisten and vncdisplay!")
    vendor = reader.string("vendor_device")
    if vendor not in (None, "none", "xenserver"):
        reader.refuse(f"xl: unknown vendor_device '{vendor}'", 3)
    put(hvm, "vendor_device", "xenserver" if vendor == "xenserver" else None)


def _adapter(reader: Reader, hvm: dict[str, Any]) -> None:
    text = reader.string("vga")
    if text is not None:
        if text not in _VGA:
            reader.refuse(f'Unknown vga "{text}" specified')
        hvm["vga"]["kind"] = _VGA[text]
        return
    standard = reader.number("stdvga")
    if standard is not None:
        hvm["vga"]["kind"] = "std" if standard else "cirrus"


def _graphics_passthrough(reader: Reader, hvm: dict[str, Any]) -> None:
    number = reader.number("gfx_passthru", quiet=True)
    text = reader.string("gfx_passthru", quiet=number is not None)
    if number is not None:
        hvm["gfx_passthru"] = str(number != 0)
    elif text is not None:
        if text not in ("default", "igd"):
            reader.refuse(f'ERROR: invalid value "{text}" for "gfx_passthru"')
        hvm["gfx_passthru"] = "True"
        put(hvm, "gfx_passthru_kind", "igd" if text == "igd" else None)


def _words_or_one(reader: Reader, key: str, hvm: dict[str, Any]) -> None:
    words = reader.strings(key, quiet=True)
    if words is None:
        put(hvm, key, reader.string(key))
    else:
        put(hvm, f"{key}_list", words or None)
