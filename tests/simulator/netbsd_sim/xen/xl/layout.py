# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The order in which libxl prints the parts of a configuration: that of Xen's tools/libs/light/libxl_types.idl (4.20),
of what an xl configuration can set."""
from __future__ import annotations

from typing import Any

_VNC = "enable listen passwd display findunused".split()
_SDL = "enable opengl display xauthority".split()

_CREATE = ("type hap oos ssid_label name domid uuid pool_name run_hotplug_scripts driver_domain passthrough "
           "xend_suspend_evtchn_compat").split()

_BUILD = (
    "max_vcpus avail_vcpus vcpu_hard_affinity vcpu_soft_affinity numa_placement tsc_mode max_memkb target_memkb "
    "video_memkb shadow_memkb rtc_timeoffset exec_ssid_label localtime disable_migrate cpuid blkdev_start vnuma_nodes "
    "max_grant_frames max_maptrack_frames max_grant_version device_model_version device_model_stubdomain "
    "stubdomain_memkb stubdomain_kernel stubdomain_cmdline stubdomain_ramdisk device_model device_model_ssid_label "
    "device_model_user extra extra_pv extra_hvm sched_params ioports irqs iomem llc_colors claim_mode event_channels "
    "kernel cmdline ramdisk device_tree acpi bootloader bootloader_args bootloader_restrict bootloader_user timer_mode "
    "nested_hvm apic dm_restrict tee type.pv type.pvh type.hvm arch_arm arch_x86 altp2m vmtrace_buf_kb vpmu").split()

_HVM = (
    "firmware bios pae acpi_s3 acpi_s4 acpi_laptop_slate nx viridian viridian_enable viridian_disable hpet vpt_align "
    "mmio_hole_memkb altp2m system_firmware smbios_firmware smbios acpi_firmware hdtype nographic vga vnc keymap sdl "
    "spice gfx_passthru gfx_passthru_kind serial boot usb usbversion usbdevice vkb_device soundhw xen_platform_pci "
    "usbdevice_list vendor_device ms_vm_genid serial_list rdm rdm_mem_boundary_memkb mca_caps pirq").split()

_SPICE = ("enable port tls_port host disable_ticketing passwd agent_mouse vdagent clipboard_sharing usbredirection "
          "image_compression streaming_video").split()

_CONFIG = ("c_info b_info disks nics pcidevs dtdevs vfbs vkbs virtios vtpms p9s pvcallsifs vdispls vsnds channels "
           "usbctrls usbdevs on_poweroff on_reboot on_watchdog on_crash on_soft_reset").split()

# Path in a configuration -> order of its keys.
ORDER: dict[str, list[str]] = {
    "": _CONFIG,
    "c_info": _CREATE,
    "b_info": _BUILD,
    "b_info.sched_params": "sched weight cap period budget extratime slice latency".split(),
    "b_info.type.pvh": "pvshim pvshim_path pvshim_cmdline pvshim_extra".split(),
    "b_info.type.hvm": _HVM,
    "b_info.type.hvm.vnc": _VNC,
    "b_info.type.hvm.sdl": _SDL,
    "b_info.type.hvm.spice": _SPICE,
    "b_info.arch_arm": "gic_version vuart sve_vl nr_spis".split(),
    "vfbs": "backend_domname devid vnc sdl keymap".split(),
    "vfbs.vnc": _VNC,
    "vfbs.sdl": _SDL,
    "vkbs": ("backend_domname devid backend_type unique_id feature_disable_keyboard feature_disable_pointer "
             "feature_abs_pointer feature_raw_pointer feature_multi_touch width height multi_touch_width "
             "multi_touch_height multi_touch_num_contacts").split(),
    "virtios": "backend_domname type transport grant_usage devid".split(),
    "vtpms": "backend_domname devid uuid".split(),
    "p9s": ("backend_domname tag path security_model devid type max_space max_files max_open_files "
            "auto_delete").split(),
    "pvcallsifs": "backend_domname devid".split(),
    "vdispls": "backend_domname devid be_alloc connectors".split(),
    "vsnds": "backend_domname devid short_name long_name params pcms".split(),
    "vsnds.pcms": "name params streams".split(),
    "vsnds.pcms.streams": "unique_id type params".split(),
    "channels": "backend_domname devid name connection.pty connection.socket".split(),
    "usbctrls": "type devid version ports".split(),
    "usbdevs": "ctrl port type.hostdev".split(),
    "pcidevs": ("func dev bus domain vdevfn vfunc_mask msitranslate power_mgmt permissive seize rdm_policy "
                "name").split(),
}
_PARAMS = "sample_rates sample_formats channels_min channels_max buffer_size".split()
ORDER.update(dict.fromkeys(("vsnds.params", "vsnds.pcms.params", "vsnds.pcms.streams.params"), _PARAMS))

# Structures that are printed even when nothing in them is set.
ALWAYS_HVM = ("vga", "vnc", "sdl", "spice", "rdm")


def arranged(value: Any, path: str = "") -> Any:
    """The same data in libxl's order. Entries of a list have the list's path."""
    if isinstance(value, list):
        return [arranged(entry, path) for entry in value]
    if not isinstance(value, dict):
        return value
    keys = [key for key in ORDER[path] if key in value] if path in ORDER else list(value)
    return {key: arranged(value[key], f"{path}.{key}" if path else key) for key in keys}
