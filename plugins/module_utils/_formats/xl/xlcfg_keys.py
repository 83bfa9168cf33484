# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The keys of a guest's configuration, by Xen's release. xl itself ignores a key that it does not know, without a word
(record create-unkkey, NetBSD 7.99.10)."""

from __future__ import annotations

from ..._releases import RELEASES, nearest

# What every release can be told, if under an older name: what a guest is, has and does at its end.
COMMON_KEYS = frozenset(
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

# What xl still reads although its manual no longer says so: schedulers that are gone, old spellings, warnings only.
_UNDOCUMENTED_KEYS = frozenset(
    """display xauthority opengl firmware_override period slice latency extratime vncviewer device_model vif2 pvh
    altp2mhvm""".split()
)

# In the manual of the development branch only. What a release brought is in the table of releases.
_LATER_KEYS = frozenset(
    """altp2m_count trap_unmapped_accesses xen_platform_pci_bar_uc xenstore_feature_mask xenstore_quota
    arm_sci""".split()
)

# The variables of ``xm create`` (xen tools/python/xen/xm/create.py) of the 3.x line.
_XM_KEYS = frozenset(
    """vncpasswd vncviewer vncconsole name bootloader bootargs bootentry kernel ramdisk features builder memory maxmem
    shadow_memory cpu cpus rtc_timeoffset pae acpi apic vcpus vcpu_avail cpu_cap cpu_weight restart
    on_poweroff on_reboot on_crash blkif netif tpmif disk pci ioports irq usbport vfb vif vtpm access_control nics
    root extra ip gateway netmask hostname interface dhcp nfs_server nfs_root device_model fda fdb serial monitor
    localtime keymap usb usbdevice stdvga isa boot nographic soundhw vnc vncdisplay vnclisten vncunused sdl
    display xauthority uuid on_xend_start on_xend_stop""".split()
)


def known_keys(release: str | None = None) -> frozenset[str]:
    """The keys that a release reads ("4.20", or "3.3" for a host with xm); None: that any xl reads or will read.

    A release that is not in the table of releases has those of the next older in it.
    """
    known = COMMON_KEYS | OTHER_KEYS | _UNDOCUMENTED_KEYS
    if release is None:
        return known
    rows = list(RELEASES.values())
    own = rows.index(nearest(release))
    # The last of them come with xl too; their files are shared, and what one passes over is of use to the other.
    if rows[own].toolstack == "xm":
        return _XM_KEYS.union(*(row.new_keys for row in rows[: own + 1]))
    return (known - _LATER_KEYS).difference(*(row.new_keys for row in rows[own + 1 :]))
