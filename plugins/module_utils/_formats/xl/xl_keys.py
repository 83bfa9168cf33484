# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The keys of xl.cfg that hold one value or a list of words: what they hold, and where xl's JSON has them.

Source: what ``xl create -n -d`` of Xen 4.17 and 4.20 prints for each (tests/contract/corpus), xen tools/xl/xl_parse.c.
"""

from __future__ import annotations

from typing import NamedTuple

PV, PVH, HVM = "pv", "pvh", "hvm"


class Key(NamedTuple):
    """One key: ``kind`` is flag, number, mib (the JSON has KiB), text, choice or words; ``place`` its way in the JSON.

    ``only``: the type of guest that it does anything for, or empty. ``choices``: the allowed words in the order of
    their numbers, where ``numbered`` says that a number is taken as well; ``default``: the one that is as good as none.
    """

    name: str
    kind: str
    place: str
    only: str = ""
    choices: tuple[str, ...] = ()
    default: str = ""
    numbered: bool = False


def _choice(name: str, place: str, words: str, only: str = "", default: str = "", numbered: bool = False) -> Key:
    return Key(name, "choice", place, only, tuple(words.split()), default, numbered)


def _each(kind: str, pairs: str, only: str = "") -> list[Key]:
    """Keys of one kind from words ``key:place``, where a ``-`` in the place is the key itself."""
    found = []
    for pair in pairs.split():
        name, _colon, place = pair.partition(":")
        found.append(Key(name, kind, place.replace("-", name), only))
    return found


_HVM = "b_info/type.hvm/"
_KEYS = [
    *_each(
        "flag",
        """hap:c_info/- oos:c_info/- driver_domain:c_info/- xend_suspend_evtchn_compat:c_info/- localtime:b_info/-
        nomigrate:b_info/disable_migrate acpi:b_info/- nestedhvm:b_info/nested_hvm dm_restrict:b_info/- vpmu:b_info/-
        device_model_stubdomain_override:b_info/device_model_stubdomain msr_relaxed:b_info/arch_x86/-
        bootloader_restrict:b_info/-""",
    ),
    *_each("flag", "e820_host:b_info/type.pv/-", PV),
    *_each("flag", "pvshim:b_info/type.pvh/-", PVH),
    *_each(
        "flag",
        f"""apic:b_info/- pae:{_HVM}- acpi_s3:{_HVM}- acpi_s4:{_HVM}- acpi_laptop_slate:{_HVM}- nx:{_HVM}- hpet:{_HVM}-
        vpt_align:{_HVM}- nographic:{_HVM}- usb:{_HVM}- vkb_device:{_HVM}- xen_platform_pci:{_HVM}- hvm_pirq:{_HVM}pirq
        altp2mhvm:{_HVM}altp2m spice:{_HVM}spice/enable spicedisable_ticketing:{_HVM}spice/disable_ticketing
        spiceagent_mouse:{_HVM}spice/agent_mouse spicevdagent:{_HVM}spice/vdagent vnc:{_HVM}vnc/enable
        vncunused:{_HVM}vnc/findunused sdl:{_HVM}sdl/enable opengl:{_HVM}sdl/opengl
        spice_clipboard_sharing:{_HVM}spice/clipboard_sharing""",
        HVM,
    ),
    *_each(
        "number",
        """cpu_weight:b_info/sched_params/weight cap:b_info/sched_params/- period:b_info/sched_params/-
        slice:b_info/sched_params/- latency:b_info/sched_params/- extratime:b_info/sched_params/-
        max_grant_frames:b_info/- max_maptrack_frames:b_info/- max_grant_version:b_info/- rtc_timeoffset:b_info/-
        max_event_channels:b_info/event_channels vmtrace_buf_kb:b_info/- nr_spis:b_info/arch_arm/-""",
    ),
    *_each(
        "number",
        f"""spiceport:{_HVM}spice/port spicetls_port:{_HVM}spice/tls_port spiceusbredirection:{_HVM}spice/usbredirection
        usbversion:{_HVM}- vncdisplay:{_HVM}vnc/display""",
        HVM,
    ),
    *_each("mib", "shadow_memory:b_info/shadow_memkb videoram:b_info/video_memkb"),
    *_each("mib", "stubdomain_memory:b_info/stubdomain_memkb"),
    *_each("mib", f"mmio_hole:{_HVM}mmio_hole_memkb rdm_mem_boundary:{_HVM}rdm_mem_boundary_memkb", HVM),
    *_each(
        "text",
        """kernel:b_info/- ramdisk:b_info/- cmdline:b_info/- bootloader:b_info/- bootloader_user:b_info/-
        pool:c_info/pool_name device_tree:b_info/- device_model_override:b_info/device_model device_model_user:b_info/-
        device_model_stubdomain_seclabel:b_info/device_model_ssid_label stubdomain_kernel:b_info/-
        stubdomain_ramdisk:b_info/- stubdomain_cmdline:b_info/-""",
    ),
    *_each(
        "text",
        "pvshim_path:b_info/type.pvh/- pvshim_cmdline:b_info/type.pvh/- pvshim_extra:b_info/type.pvh/-",
        PVH,
    ),
    *_each(
        "text",
        f"""bios_path_override:{_HVM}system_firmware firmware_override:{_HVM}firmware acpi_firmware:{_HVM}-
        smbios_firmware:{_HVM}- boot:{_HVM}- soundhw:{_HVM}- keymap:{_HVM}- spicehost:{_HVM}spice/host
        spicepasswd:{_HVM}spice/passwd spice_image_compression:{_HVM}spice/image_compression
        spice_streaming_video:{_HVM}spice/streaming_video vnclisten:{_HVM}vnc/listen vncpasswd:{_HVM}vnc/passwd
        display:{_HVM}sdl/display xauthority:{_HVM}sdl/xauthority""",
        HVM,
    ),
    *_each(
        "words",
        """bootloader_args:b_info/- device_model_args:b_info/extra device_model_args_pv:b_info/extra_pv
        device_model_args_hvm:b_info/extra_hvm""",
    ),
    _choice("passthrough", "c_info/passthrough", "default disabled enabled sync_pt share_pt", default="default"),
    _choice(
        "tsc_mode", "b_info/tsc_mode", "default always_emulate native native_paravirt", default="default", numbered=True
    ),
    _choice(
        "timer_mode",
        "b_info/timer_mode",
        "delay_for_missed_ticks no_delay_for_missed_ticks no_missed_ticks_pending one_missed_tick_pending",
        numbered=True,
    ),
    _choice("altp2m", "b_info/altp2m", "disabled mixed external limited", default="disabled", numbered=True),
    _choice("bios", _HVM + "bios", "rombios seabios ovmf", HVM),
    _choice("hdtype", _HVM + "hdtype", "ide ahci", HVM, default="ide"),
    _choice("vga", _HVM + "vga/kind", "cirrus stdvga none qxl", HVM),
    _choice("vendor_device", _HVM + "vendor_device", "none xenserver", HVM, default="none"),
    _choice("device_model_version", "b_info/device_model_version", "qemu-xen-traditional qemu-xen"),
    _choice("gic_version", "b_info/arch_arm/gic_version", "default v2 v3", default="default"),
    _choice("vuart", "b_info/arch_arm/vuart", "unknown sbsa_uart", default="unknown"),
    _choice("tee", "b_info/tee", "none optee ffa", default="none"),
    _choice(
        "sve",
        "b_info/arch_arm/sve_vl",
        "disabled 128 256 384 512 640 768 896 1024 1152 1280 1408 1536 1664 1792 1920 2048 hw",
        default="disabled",
    ),
]
KEYS = {key.name: key for key in _KEYS}

# What the JSON calls some words otherwise, or with a blank mark for a dash.
JSON_WORDS = {"vga": {"std": "stdvga"}, "device_model_version": {"qemu_xen": "qemu-xen"}}
JSON_WORDS["device_model_version"]["qemu_xen_traditional"] = "qemu-xen-traditional"

# What follows on an event if nothing else is said. Every release and xm knows the common ones.
EVENTS = {
    "on_poweroff": "destroy",
    "on_reboot": "restart",
    "on_watchdog": "destroy",
    "on_crash": "destroy",
    "on_soft_reset": "soft-reset",
}
COMMON_EVENTS = ("on_poweroff", "on_reboot", "on_crash")

# Words of device specifications of the form word=value: key to list in the JSON, and word to place in the entry there.
# A place that ends in ? holds a truth.
DEVICES: dict[str, tuple[str, dict[str, str]]] = {
    "vfb": (
        "vfbs",
        {
            "vnc": "vnc/enable?",
            "vnclisten": "vnc/listen",
            "vncdisplay": "vnc/display",
            "vncunused": "vnc/findunused?",
            "vncpasswd": "vnc/passwd",
            "sdl": "sdl/enable?",
            "opengl": "sdl/opengl?",
            "display": "sdl/display",
            "xauthority": "sdl/xauthority",
            "keymap": "keymap",
        },
    ),
    "vtpm": ("vtpms", {"backend": "backend_domname", "uuid": "uuid"}),
    "p9": (
        "p9s",
        {
            "tag": "tag",
            "security_model": "security_model",
            "path": "path",
            "backend": "backend_domname",
            "type": "type",
            "max-space": "max_space",
            "max-files": "max_files",
            "max-open-files": "max_open_files",
            "auto-delete": "auto_delete?",
        },
    ),
    "pvcalls": ("pvcallsifs", {"backend": "backend_domname"}),
    "channel": (
        "channels",
        {"name": "name", "backend": "backend_domname", "connection": "connection", "path": "connection.socket/path"},
    ),
    "usbctrl": ("usbctrls", {"type": "type", "version": "version", "ports": "ports"}),
    "usbdev": (
        "usbdevs",
        {
            "type": "type",
            "hostbus": "type.hostdev/hostbus",
            "hostaddr": "type.hostdev/hostaddr",
            "controller": "ctrl",
            "port": "port",
        },
    ),
    "vkb": (
        "vkbs",
        {
            "backend": "backend_domname",
            "backend-type": "backend_type",
            "unique-id": "unique_id",
            "feature-disable-keyboard": "feature_disable_keyboard?",
            "feature-disable-pointer": "feature_disable_pointer?",
            "feature-abs-pointer": "feature_abs_pointer?",
            "feature-raw-pointer": "feature_raw_pointer?",
            "feature-multi-touch": "feature_multi_touch?",
            "multi-touch-width": "multi_touch_width",
            "multi-touch-height": "multi_touch_height",
            "multi-touch-num-contacts": "multi_touch_num_contacts",
            "width": "width",
            "height": "height",
        },
    ),
    "virtio": (
        "virtios",
        {"backend": "backend_domname", "type": "type", "transport": "transport", "grant_usage": "grant_usage?"},
    ),
}
# In the order of their numbers in the JSON.
VIRIDIAN_WORDS = tuple(
    """base freq time_ref_count reference_tsc hcall_remote_tlb_flush apic_assist crash_ctl synic stimer hcall_ipi
    ex_processor_masks no_vp_limit cpu_hotplug""".split()
)

SIZES = ("memory", "maxmem", "vcpus", "maxvcpus")
# Keys that xl reads as lists only.
LISTS = ("disk", "vif", "pci", "irqs", "ioports", "iomem", "dtdev", "vnuma", "vdispl", "vsnd", *DEVICES)
