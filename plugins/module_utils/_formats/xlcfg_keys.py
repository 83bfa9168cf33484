# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The keys of an xl configuration (xl.cfg(5) of Xen 4.20). xl itself ignores a key that it does not know, without a
word (record create-unkkey, NetBSD 7.99.10)."""

from __future__ import annotations

# Keys that a guest declares under names of its own, or that follow from them.
DECLARED_KEYS = frozenset(
    """name type builder uuid kernel ramdisk cmdline root extra bootloader memory maxmem vcpus maxvcpus disk vif
    on_poweroff on_reboot on_crash""".split()
)

OTHER_KEYS = frozenset(
    """pool cpus cpus_soft cpu_weight cap vnuma on_watchdog on_soft_reset firmware
    pvshim pvshim_path pvshim_cmdline pvshim_extra
    seclabel init_seclabel max_grant_frames max_maptrack_frames max_grant_version nomigrate driver_domain device_tree
    passthrough xend_suspend_evtchn_compat vmtrace_buf_kb vpmu xenstore_feature_mask
    vtpm p9 pvcalls vfb channel rdm usbctrl usbdev pci pci_permissive pci_msitranslate pci_seize pci_power_mgmt
    gfx_passthru rdm_mem_boundary dtdev ioports iomem irqs max_event_channels vdispl dm_restrict device_model_user
    vsnd vkb virtio tee bootloader_args bootloader_restrict bootloader_user e820_host
    boot hdtype hap oos shadow_memory
    bios bios_path_override pae acpi acpi_s3 acpi_s4 acpi_laptop_slate apic nx hpet altp2m altp2mhvm altp2m_count
    nestedhvm cpuid acpi_firmware smbios_firmware smbios ms_vm_genid
    tsc_mode localtime rtc_timeoffset vpt_align timer_mode mmio_hole
    xen_platform_pci xen_platform_pci_bar_uc viridian hvm_pirq
    videoram stdvga vga vnc vnclisten vncdisplay vncunused vncpasswd keymap sdl opengl nographic
    spice spicehost spiceport spicetls_port spicedisable_ticketing spicepasswd spiceagent_mouse spicevdagent
    spice_clipboard_sharing spiceusbredirection spice_image_compression spice_streaming_video
    serial soundhw vkb_device usb usbversion usbdevice vendor_device
    device_model_version device_model_override stubdomain_kernel stubdomain_cmdline stubdomain_ramdisk stubdomain_memory
    device_model_stubdomain_override device_model_stubdomain_seclabel
    device_model_args device_model_args_pv device_model_args_hvm
    gic_version vuart sve llc_colors nr_spis trap_unmapped_accesses mca_caps msr_relaxed""".split()
)

# Their values are passwords.
SECRET_KEYS = ("vncpasswd", "spicepasswd")
