# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The one table of Xen releases. Everything that differs between them is asked here, never derived from a number."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from ._change import Refused

# What packs a Linux kernel, as libxc's loader learned it after 3.3 (xc_dom_bzimageloader.c; zstd with 4.15).
_UNPACKS = ("gzip", "bzip2", "lzma", "xz", "lzo", "lz4", "zstd")


@dataclass(frozen=True)
class Service:
    """An rc.d script of the tools package. ``daemons`` are the processes that must live while it is started, by the
    name that ps gives them; ``scripts`` are those that are Python, and that ps calls by their interpreter;
    ``xenstore`` says that xenstored must answer as well, ``pool`` that it must know the first CPU pool; ``variable`` is
    its switch in rc.conf, empty for none."""

    name: str
    daemons: tuple[str, ...] = ()
    xenstore: bool = False
    pool: bool = False
    scripts: tuple[str, ...] = ()
    variable: str = ""


@dataclass(frozen=True)
class Release:
    """One Xen release as pkgsrc packages it (sysutils/xenkernelNNN and xentoolsNNN: Makefile, PLIST, MESSAGE).

    ``hypervisor`` is the package's file; ``toolstack`` is what the collection manages guests with. ``platforms`` are
    the machine architectures (``uname -p``) of the packages, empty where no source tells. ``pae`` says that on i386
    the hypervisor takes PAE kernels only. ``hvm_package`` is a third package that fully virtualized guests need.
    ``netbsd`` are the oldest and the newest NetBSD, by its first number, that the packages are built for, None where no
    source tells. ``multiboot2`` says that the hypervisor has the header without which UEFI can't boot it.
    ``pci_passthrough`` says whether a guest can be given a PCI device. ``security_support_ends`` is a day, empty where
    Xen published none. ``scripts`` are the hotplug scripts, by the names that they have in the configuration directory,
    and ``programs`` what else is run by the tools themselves, so that nobody notices that it can't be run before a
    guest needs it. ``new_keys`` are keys of a guest's configuration that its toolstack reads, and no older one.
    ``unpacks`` is by what a Linux kernel may be packed. ``packaged`` says whether pkgsrc has, or had, packages of it.
    ``note`` is empty for the releases to use; for the others it says what to use instead.
    """

    name: str
    kernel_package: str
    tools_package: str
    hypervisor: str
    toolstack: str
    services: tuple[Service, ...]
    guest_types: tuple[str, ...]
    security_support_ends: str = ""
    platforms: tuple[str, ...] = ()
    pae: bool = True
    netbsd: tuple[int | None, int | None] = (None, None)
    multiboot2: bool = False
    hvm_package: str = ""
    pci_passthrough: bool = False
    scripts: tuple[str, ...] = ()
    examples: str = "/usr/pkg/share/examples/xen/scripts"
    programs: tuple[str, ...] = ()
    new_keys: tuple[str, ...] = ()
    unpacks: tuple[str, ...] = ()
    packaged: bool = True
    note: str = ""

    @property
    def rc_scripts(self) -> tuple[str, ...]:
        """The rc.d scripts of the tools, in the order in which they start."""
        return tuple(service.name for service in self.services)

    @property
    def debug_hypervisor(self) -> str:
        """The hypervisor that checks itself, slower, beside the other in its package."""
        return self.hypervisor.replace("/xen.gz", "/xen-debug.gz")

    def dom0_kernel(self, processor: str) -> str:
        """The configuration of the dom0 kernel, as in ``netbsd-XEN3_DOM0.gz``; ``processor`` is ``uname -p``."""
        return "XEN3PAE_DOM0" if processor == "i386" and self.pae else "XEN3_DOM0"

    def service(self, name: str) -> Service | None:
        """The row's service of that name."""
        return next((service for service in self.services if service.name == name), None)


# The packages' own copies are configuration: pkg_add copies them only where there is nothing, and no packing list has
# them (XEND_SCRIPTS and CONF_FILES_PERMS, mode 0755, in each Makefile of pkgsrc's sysutils/xentools*).
_SCRIPTS_4_1 = ("block", "vif-bridge", "vif-ip", "qemu-ifup", "hotplugpath.sh")
_SCRIPTS_4_2 = (*_SCRIPTS_4_1, "locking.sh")
_EXAMPLES_3 = "/usr/pkg/share/examples/xen"
_XEND_PROGRAMS = ("sbin/xm", "sbin/xend", "sbin/xenstored", "sbin/xenconsoled", "sbin/xenbackendd")
_XL_PROGRAMS = (
    "sbin/xl",
    "sbin/xenstored",
    "sbin/xenconsoled",
    "libexec/xen/bin/xen-init-dom0",
    "libexec/xen/bin/libxl-save-helper",
    "libexec/xen/bin/pygrub",
    "libexec/xen/bin/qemu-system-i386",
)
# pkgsrc's xencommons starts these two and nothing else (xentools420/files/xencommons.sh).
_XENCOMMONS = Service("xencommons", daemons=("xenstored", "xenconsoled"), xenstore=True, variable="xencommons")
# Before, libxl took the first pool's name for granted (tools/libs/light/libxl_utils.c, libxl_cpupoolid_to_name).
_XENCOMMONS_4_17 = replace(_XENCOMMONS, pool=True)
_WATCHDOG = Service("xen-watchdog", daemons=("xenwatchdogd",), variable="xenwatchdog")
_XENDOMAINS = Service("xendomains")
_XL_SERVICES = (_XENCOMMONS, _XENDOMAINS, _WATCHDOG)
_XL_SERVICES_4_17 = (_XENCOMMONS_4_17, _XENDOMAINS, _WATCHDOG)
_BOTH = ("i386", "x86_64")
_NETBSD_5_TO_9 = (5, 9)
_ONLY_64 = ("x86_64",)
# Type pvh came with Xen 4.10 (xl.cfg(5)); what 4.4 to 4.9 called PVH was another thing.
_BEFORE_PVH = ("pv", "hvm")
_WITH_PVH = ("pv", "pvh", "hvm")


def _xl_release(
    name: str,
    security_support_ends: str,
    platforms: tuple[str, ...],
    guest_types: tuple[str, ...] = _WITH_PVH,
    services: tuple[Service, ...] = _XL_SERVICES,
    new_keys: str = "",
    **more: Any,
) -> Release:
    digits = name.replace(".", "")
    return Release(
        name=name,
        kernel_package=f"xenkernel{digits}",
        tools_package=f"xentools{digits}",
        hypervisor=f"/usr/pkg/xen{digits}-kernel/xen.gz",
        toolstack="xl",
        services=services,
        guest_types=guest_types,
        security_support_ends=security_support_ends,
        platforms=platforms,
        scripts=_SCRIPTS_4_2,
        programs=_XL_PROGRAMS,
        new_keys=tuple(new_keys.split()),
        **{"multiboot2": True, "unpacks": _UNPACKS, **more},
    )


# xend starts xenstored and xenconsoled by itself before Xen 4.1 (xentools3 and xentools33, files/xend.sh).
_XEND_3 = Service("xend", daemons=("xenstored", "xenconsoled"), xenstore=True, scripts=("xend",), variable="xend")
_XENBACKENDD_3 = Service("xenbackendd", daemons=("xenbackendd",), variable="xenbackendd")
_XEND_3_SERVICES = (_XEND_3, _XENBACKENDD_3, _XENDOMAINS)
# What xm create of the 4.x line has beside the keys of 3.1 (xen tools/python/xen/xm/create.py). For 3.3 it stands too,
# which may be a few too many; maxvcpus it has not (3.3.1).
_KEYS_3_3 = """loader hpet timer_mode tsc_mode nomigrate vpt_align viridian vhpt vscsi vusb vif2 description
    guest_os_type videoram gfx_passthru opengl target hap s3_integrity oos cpuid cpuid_check machine_address_size
    suppress_spurious_page_faults pci_msitranslate pci_power_mgmt xen_platform_pci superpages"""

_XM_RELEASES = (
    Release(
        name="3.1",
        kernel_package="xenkernel3",
        tools_package="xentools3",
        hypervisor="/usr/pkg/xen3-kernel/xen.gz",
        toolstack="xm",
        services=_XEND_3_SERVICES,
        guest_types=_BEFORE_PVH,
        scripts=("block", "vif-bridge", "vif-ip", "xen-subr"),
        examples=_EXAMPLES_3,
        programs=_XEND_PROGRAMS,
        platforms=_BOTH,
        # Its Makefile builds XEN_TARGET_X86_PAE=n.
        pae=False,
        hvm_package="xentools3-hvm",
        # The only release of which the NetBSD/Xen HOWTO says so (revision 1.7).
        pci_passthrough=True,
    ),
    # It lies where 3.1 does; the two packages conflict.
    Release(
        name="3.3",
        kernel_package="xenkernel33",
        tools_package="xentools33",
        hypervisor="/usr/pkg/xen3-kernel/xen.gz",
        toolstack="xm",
        services=_XEND_3_SERVICES,
        guest_types=_BEFORE_PVH,
        scripts=("block", "vif-bridge", "vif-ip", "qemu-ifup"),
        examples=_EXAMPLES_3,
        programs=_XEND_PROGRAMS,
        platforms=_BOTH,
        netbsd=_NETBSD_5_TO_9,
        new_keys=tuple(_KEYS_3_3.split()),
    ),
    Release(
        name="4.1",
        kernel_package="xenkernel41",
        tools_package="xentools41",
        hypervisor="/usr/pkg/xen41-kernel/xen.gz",
        toolstack="xm",
        services=(
            # Its first revisions are switched by xend's variable.
            replace(_XENCOMMONS, daemons=("xenstored", "xenconsoled", "xenbackendd")),
            Service("xend", scripts=("xend",), variable="xend"),
            _XENDOMAINS,
            _WATCHDOG,
        ),
        guest_types=_BEFORE_PVH,
        scripts=_SCRIPTS_4_1,
        programs=_XEND_PROGRAMS,
        platforms=_BOTH,
        netbsd=_NETBSD_5_TO_9,
        unpacks=_UNPACKS[:3],
        new_keys=("maxvcpus",),
    ),
    # It brings xl too; its rc.d scripts start xend, and the two must not be mixed.
    Release(
        name="4.2",
        kernel_package="xenkernel42",
        tools_package="xentools42",
        hypervisor="/usr/pkg/xen42-kernel/xen.gz",
        toolstack="xm",
        services=(
            _XENCOMMONS,
            Service("xend", daemons=("xenbackendd",), scripts=("xend",), variable="xend"),
            _XENDOMAINS,
            _WATCHDOG,
        ),
        guest_types=_BEFORE_PVH,
        scripts=_SCRIPTS_4_2,
        programs=_XEND_PROGRAMS,
        platforms=_BOTH,
        netbsd=_NETBSD_5_TO_9,
        unpacks=_UNPACKS[:3],
    ),
)
# End of security support: SUPPORT.md on each of Xen's stable branches, which begins with 4.11's; 4.17's was put off
# from 2025-12-12 to 2027-12-12 in February 2026.
_OLD_XL_RELEASES = (
    # The multiboot2 header came with 4.9 (its announcement of 2017-06-28).
    _xl_release("4.5", "", _BOTH, _BEFORE_PVH, multiboot2=False, unpacks=_UNPACKS[:6]),
    _xl_release("4.6", "", (), _BEFORE_PVH, multiboot2=False, unpacks=_UNPACKS[:6]),
    _xl_release("4.8", "", (), _BEFORE_PVH, multiboot2=False, unpacks=_UNPACKS[:6]),
    _xl_release("4.11", "2021-07-10", (), unpacks=_UNPACKS[:6]),
    _xl_release("4.13", "2022-12-18", _ONLY_64, unpacks=_UNPACKS[:6]),
    _xl_release("4.15", "2024-04-08", _ONLY_64),
)
# Xen mends it, and pkgsrc went from 4.15 to 4.18: whoever runs it has packages of his own, with the scripts of Xen's
# sources (tools/hotplug/NetBSD/rc.d), where xencommons has xend's switch (record rcvars, NetBSD 7.99.10).
_NOT_IN_PKGSRC = (
    _xl_release(
        "4.17",
        "2027-12-12",
        _ONLY_64,
        services=(replace(_XENCOMMONS_4_17, variable="xend"), _XENDOMAINS, _WATCHDOG),
        new_keys="max_grant_version msr_relaxed stubdomain_cmdline vmtrace_buf_kb vpmu",
    ),
)
# Which release brought a key: Debian's xl of 4.14, 4.17 and 4.20 was searched for each name, and xl.cfg(5) of 4.18 has
# three names fewer than that of 4.20.
_SUPPORTED = (
    _xl_release(
        "4.18",
        "2028-11-16",
        _ONLY_64,
        netbsd=(9, None),
        services=_XL_SERVICES_4_17,
        new_keys="bootloader_restrict bootloader_user smbios sve virtio",
    ),
    _xl_release(
        "4.20",
        "2030-03-05",
        _ONLY_64,
        netbsd=(9, None),
        services=_XL_SERVICES_4_17,
        new_keys="hvm_pirq llc_colors nr_spis",
    ),
)
NEWEST = _SUPPORTED[-1].name
# The name in dom0 of a guest's network interface. It hangs on NetBSD's release and not on Xen's: ``xvif3.0`` in 5,
# ``xvif3i0`` from 6 on (sys/arch/xen/xen/xennetback_xenbus.c).
GUEST_INTERFACE = re.compile(r"xvif(?P<domain>[0-9]+)[.i](?P<index>[0-9]+)")


def _old(row: Release) -> Release:
    ended = f" since {row.security_support_ends}" if row.security_support_ends else ""
    return replace(row, note=f"Xen no longer mends its security{ended}; {_instead()}")


def _not_in_pkgsrc(row: Release) -> Release:
    return replace(
        row,
        packaged=False,
        note=f"pkgsrc has no packages of it, so they must be your own; Xen mends its security until "
        f"{row.security_support_ends}. Rather {_instead()}",
    )


def _instead() -> str:
    names = [newer.name for newer in reversed(_SUPPORTED)]
    platforms = " and ".join(sorted({platform for newer in _SUPPORTED for platform in newer.platforms}))
    return f"use {' or '.join(names)} ({platforms} only) if you can."


# Every release that the collection knows, oldest first.
RELEASES = {
    row.name: row
    for row in (
        *map(_old, (*_XM_RELEASES, *_OLD_XL_RELEASES)),
        *map(_not_in_pkgsrc, _NOT_IN_PKGSRC),
        *_SUPPORTED,
    )
}


def supported() -> list[str]:
    """The names of the releases that are to be used today, oldest first."""
    return [row.name for row in RELEASES.values() if not row.note]


def release(name: str) -> Release:
    """The row of a release. Raises Refused for one that is not in the table."""
    if name not in RELEASES:
        older = [known for known in RELEASES if known not in supported()]
        raise Refused(
            f"Xen release {name!r} is not known. Use {' or '.join(reversed(supported()))}; for machines that can't, "
            f"there are {', '.join(older)}."
        )
    return RELEASES[name]


def nearest(name: str) -> Release:
    """The row of a release; of one that is not in the table that of the next older one, or else of the oldest."""
    if name in RELEASES:
        return RELEASES[name]
    older = [row for row in RELEASES.values() if _numbers(row.name) < _numbers(name)]
    return older[-1] if older else next(iter(RELEASES.values()))


def _numbers(name: str) -> list[int]:
    return [int(part) for part in name.split(".") if part.isdigit()]


def service(name: str) -> Service | None:
    """What the newest release with an rc.d script of that name knows of it; None for a script of something else.
    Where a machine's own release is known, ask its row."""
    for row in reversed(list(RELEASES.values())):
        found = row.service(name)
        if found is not None:
            return found
    return None
