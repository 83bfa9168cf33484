# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Keys of a guest's configuration that xl copies without much ado: name, place in libxl's JSON, kind.

Order and conditions are those of Xen's tools/xl/xl_parse.c; places and kinds were measured with `xl create -n -d` of
Xen 4.20 (tests/unit/simulator/fixtures/xl-configs.jsonl).
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import cnumbers
from .settings import Reader

TEXT = "text"
FLAG = "flag"  # a boolean with a default: "True", "False", or not there
INT = "int"  # 32 bits; 0 is not printed
UINT = "uint"
PARAMETER = "parameter"  # 32 bits; -1 is the default and not printed
KIB = "kib"  # given in MiB, kept in KiB, printed whatever it is


@dataclass(frozen=True)
class Row:
    """One key. ``path``: where its value goes in the configuration."""

    key: str
    path: str
    kind: str


SCHEDULING = tuple(Row(key, f"b_info.sched_params.{field}", PARAMETER) for key, field in (
    ("cpu_weight", "weight"), ("cap", "cap"), ("period", "period"), ("slice", "slice"), ("latency", "latency"),
    ("extratime", "extratime")))

SHIM = (Row("pvshim", "b_info.type.pvh.pvshim", FLAG), Row("pvshim_path", "b_info.type.pvh.pvshim_path", TEXT),
        Row("pvshim_cmdline", "b_info.type.pvh.pvshim_cmdline", TEXT),
        Row("pvshim_extra", "b_info.type.pvh.pvshim_extra", TEXT))

AFTER_TSC = (
    Row("rtc_timeoffset", "b_info.rtc_timeoffset", UINT), Row("vncviewer", "", "vncviewer"),
    Row("localtime", "b_info.localtime", FLAG), Row("videoram", "b_info.video_memkb", KIB),
    Row("max_event_channels", "b_info.event_channels", UINT), Row("kernel", "b_info.kernel", TEXT),
    Row("ramdisk", "b_info.ramdisk", TEXT), Row("device_tree", "b_info.device_tree", TEXT))

BOOTING = (Row("driver_domain", "c_info.driver_domain", FLAG), Row("acpi", "b_info.acpi", FLAG),
           Row("bootloader", "b_info.bootloader", TEXT))

BOOTLOADER = (Row("bootloader_restrict", "b_info.bootloader_restrict", FLAG),
              Row("bootloader_user", "b_info.bootloader_user", TEXT))

_HVM = "b_info.type.hvm"
HVM_FEATURES = (
    Row("pae", f"{_HVM}.pae", FLAG), Row("acpi_s3", f"{_HVM}.acpi_s3", FLAG), Row("acpi_s4", f"{_HVM}.acpi_s4", FLAG),
    Row("acpi_laptop_slate", f"{_HVM}.acpi_laptop_slate", FLAG), Row("nx", f"{_HVM}.nx", FLAG),
    Row("hpet", f"{_HVM}.hpet", FLAG), Row("vpt_align", f"{_HVM}.vpt_align", FLAG), Row("apic", "b_info.apic", FLAG),
    Row("hvm_pirq", f"{_HVM}.pirq", FLAG))

HVM_FIRMWARE = (Row("smbios_firmware", f"{_HVM}.smbios_firmware", TEXT),
                Row("acpi_firmware", f"{_HVM}.acpi_firmware", TEXT))

DEVICE_MODEL = (
    Row("device_model_stubdomain_override", "b_info.device_model_stubdomain", FLAG),
    Row("device_model_stubdomain_seclabel", "b_info.device_model_ssid_label", TEXT),
    Row("device_model_user", "b_info.device_model_user", TEXT),
    Row("stubdomain_kernel", "b_info.stubdomain_kernel", TEXT),
    Row("stubdomain_cmdline", "b_info.stubdomain_cmdline", TEXT),
    Row("stubdomain_ramdisk", "b_info.stubdomain_ramdisk", TEXT),
    Row("stubdomain_memory", "b_info.stubdomain_memkb", KIB))

AFTER_DISPLAY = (Row("dm_restrict", "b_info.dm_restrict", FLAG),)

HVM_SPICE = (
    Row("keymap", f"{_HVM}.keymap", TEXT), Row("spice", f"{_HVM}.spice.enable", FLAG),
    Row("spiceport", f"{_HVM}.spice.port", INT), Row("spicetls_port", f"{_HVM}.spice.tls_port", INT),
    Row("spicehost", f"{_HVM}.spice.host", TEXT),
    Row("spicedisable_ticketing", f"{_HVM}.spice.disable_ticketing", FLAG),
    Row("spicepasswd", f"{_HVM}.spice.passwd", TEXT), Row("spiceagent_mouse", f"{_HVM}.spice.agent_mouse", FLAG),
    Row("spicevdagent", f"{_HVM}.spice.vdagent", FLAG),
    Row("spice_clipboard_sharing", f"{_HVM}.spice.clipboard_sharing", FLAG),
    Row("spiceusbredirection", f"{_HVM}.spice.usbredirection", INT),
    Row("spice_image_compression", f"{_HVM}.spice.image_compression", TEXT),
    Row("spice_streaming_video", f"{_HVM}.spice.streaming_video", TEXT), Row("nographic", f"{_HVM}.nographic", FLAG))

HVM_USB = (Row("boot", f"{_HVM}.boot", TEXT), Row("usb", f"{_HVM}.usb", FLAG),
           Row("usbversion", f"{_HVM}.usbversion", INT))

HVM_LAST = (Row("vkb_device", f"{_HVM}.vkb_device", FLAG), Row("soundhw", f"{_HVM}.soundhw", TEXT),
            Row("xen_platform_pci", f"{_HVM}.xen_platform_pci", FLAG))

LAST = (Row("xend_suspend_evtchn_compat", "c_info.xend_suspend_evtchn_compat", FLAG),
        Row("msr_relaxed", "b_info.arch_x86.msr_relaxed", "msr_relaxed"), Row("vpmu", "b_info.vpmu", FLAG))

_MIB_IN_KIB = 1024
_VIEWER_WARNING = ('WARNING: ignoring "vncviewer" option. Use "-V" option of "xl create" to automatically spawn '
                   "vncviewer.\n")
_RELAXED_WARNING = ("WARNING: msr_relaxed will be removed in future versions.\nIf it fixes an issue you are having "
                    "please report to xen-devel@lists.xenproject.org.\n")


def put(config: dict[str, Any], path: str, value: Any) -> None:
    """Set a value, unless it is None. `type.pv`, `type.pvh`, `type.hvm` and `connection.*` are one word of a path."""
    if value is None:
        return
    *parents, last = path.replace("type.", "type/").split(".")
    place = config
    for parent in parents:
        place = place.setdefault(parent.replace("/", "."), {})
    place[last.replace("/", ".")] = value


def kib(mebibytes: int) -> int:
    """MiB as KiB in 64 bits: -1 becomes a very large number."""
    return cnumbers.unsigned(mebibytes * _MIB_IN_KIB, 64)


def value(reader: Reader, row: Row) -> Any:
    """What a row's key says, None if it says nothing that is printed."""
    if row.kind == TEXT:
        return reader.string(row.key)
    if row.kind in (FLAG, "msr_relaxed"):
        text = reader.flag(row.key)
        if row.kind == "msr_relaxed" and text is not None:
            reader.report(_RELAXED_WARNING)
        return text
    number = reader.number(row.key)
    if number is None:
        return None
    if row.kind == "vncviewer":
        reader.report(_VIEWER_WARNING)
        return None
    if row.kind == KIB:
        return kib(number)
    if row.kind == PARAMETER:
        return cnumbers.signed(number) if cnumbers.signed(number) != -1 else None
    return (cnumbers.unsigned(number) if row.kind == UINT else cnumbers.signed(number)) or None


def copy(reader: Reader, rows: tuple[Row, ...], config: dict[str, Any]) -> None:
    """Read the rows' keys, in their order."""
    for row in rows:
        put(config, row.path, value(reader, row))
