# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kind of machine a simulated host is. One `Profile` an era; everything in it is constant."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache

XL = "xl"
XM = "xm"
BIOS = "bios"
EFI = "efi"


@dataclass(frozen=True)
class Disk:
    """A disk of the machine. Partitions map a letter to its size in 512-byte sectors; `d` is the whole disk. `first` is
    the sector at which they begin: before it are the MBR and, where there is one, what GRUB embeds."""

    name: str
    partitions: dict[str, int]
    first: int = 0


@dataclass(frozen=True)
class RootFs:
    """How newfs(8) made the root file system. bsize and fsize are in bytes; its size is that of partition `a`."""

    version: int  # 1: FFSv1, 2: FFSv2
    bsize: int
    fsize: int


# newfs(8)'s sizes: 16 KiB and 2 KiB from 1000 MiB on, 8 KiB and 1 KiB from 20 MiB on (sbin/newfs/newfs.c).
_LARGE_V1 = RootFs(1, 16384, 2048)
_LARGE_V2 = RootFs(2, 16384, 2048)
_SMALL_V1 = RootFs(1, 8192, 1024)


@dataclass(frozen=True)
class Profile:
    """Constants of one era. `total_memory` is in MiB, `nics` are (name, MAC) pairs."""

    name: str
    netbsd_release: str
    netbsd_revision: int  # kern.osrevision, MMmmrrpp00
    arch: str
    xen_release: str
    xen_version: str
    packages: dict[str, str]  # base name -> version that the package mirror offers
    total_memory: int = 8192
    cpus: int = 4
    disks: tuple[Disk, ...] = (
        Disk("wd0", {"a": 16777216, "b": 1048576, "d": 33554432, "e": 4194304, "f": 4194304}, 2048),
        Disk("wd1", {"d": 8388608, "e": 2097152, "f": 2097152}),
    )
    nics: tuple[tuple[str, str], ...] = (("wm0", "52:54:00:12:34:56"), ("wm1", "52:54:00:12:34:57"))
    cpu_brand: str = "Intel Core i7 9xx (Nehalem Class Core i7)"
    kernels: tuple[str, ...] = ("GENERIC", "XEN3_DOM0", "XEN3_DOMU", "INSTALL", "INSTALL_XEN3_DOMU")
    python_package: str = "python313"
    python_command: str = "python3.13"
    interpreter: str = ""  # which pythonX.Y of the controller that is (core/base.py); empty: the simulator's own
    build_date: str = "Mon Dec 16 13:08:11 UTC 2024"
    build_host: str = "mkrepro@mkrepro.NetBSD.org:/usr/src/sys/arch/amd64/compile"
    # A boot command of more than 79 characters overflows the loader's buffer (facts: boot.cfg(5), source). It did no
    # visible harm up to 300 characters on 7.99.10, so only a strict machine dies of it.
    strict_boot_commands: bool = False
    processor: str = "x86_64"  # uname -p, hw.machine_arch
    toolstack: str = XL
    # Commands that are not what they are on the newest system: path -> "room.module:function", empty without them.
    commands: dict[str, str] = field(default_factory=dict)
    firmware: str = BIOS
    root_fs: RootFs = _LARGE_V2
    # Words of `cpuctl identify` that say what the CPU can do for HVM guests, and the label of the line that has them:
    # features2 in NetBSD 5, features1 from 7 on (facts section 9).
    hvm_feature: str = "VMX"
    hvm_feature_label: str = "features1"
    npf: bool = True  # whether the kernel has npf(4) (in GENERIC from NetBSD 6 on, not in that of the records)
    balloon: bool = True  # whether dom0's kernel has balloon(4) (facts section 9: from NetBSD 6 on)


NETBSD_10_1_XEN_4_20 = Profile(
    name="netbsd-10.1-xen-4.20",
    netbsd_release="10.1",
    netbsd_revision=1001000000,
    arch="amd64",
    xen_release="4.20",
    xen_version="4.20.2_20260610nb0",
    packages={
        "pkgin": "25.5.0",
        "e2fsprogs": "1.47.2",
        "python313": "3.13.5",
        "xenkernel420": "20260610",
        "xentools420": "20260610",
        "xenkernel418": "20260911",
        "xentools418": "20260911",
        "grub2": "2.04nb3",
    },
)

# The same machine with the Xen that was current when NetBSD 10.1 came, and one that the firmware starts by EFI.
NETBSD_10_1_XEN_4_18 = replace(NETBSD_10_1_XEN_4_20, name="netbsd-10.1-xen-4.18", xen_release="4.18",
                               xen_version="4.18.5_20260911nb0")
NETBSD_10_1_XEN_4_20_EFI = replace(
    NETBSD_10_1_XEN_4_20, name="netbsd-10.1-xen-4.20-efi", firmware=EFI,
    disks=(NETBSD_10_1_XEN_4_20.disks[0], Disk("wd1", {"d": 8388608, "e": 2097152, "f": 2097152, "g": 524288}, 2048)))

NETBSD_9_4_XEN_4_15 = Profile(
    name="netbsd-9.4-xen-4.15",
    netbsd_release="9.4",
    netbsd_revision=904000000,
    arch="amd64",
    xen_release="4.15",
    xen_version="4.15.5",
    packages={
        "pkgin": "25.5.0",
        "e2fsprogs": "1.47.2",
        "python313": "3.13.5",
        "xenkernel415": "4.15.5",
        "xentools415": "4.15.5",
        "xenkernel413": "4.13.5",
        "xentools413": "4.13.5",
        "xenkernel411": "4.11.4",
        "xentools411": "4.11.4",
        "grub2": "2.04nb3",
        "xenkernel418": "20260911",
        "xentools418": "20260911",
    },
    build_date="Sat Apr 20 13:00:42 UTC 2024",
)

# The machine of the records: a NetBSD of its own build under Xen 4.17, whose commands are replayed against this.
NETBSD_7_99_10_XEN_4_17 = Profile(
    name="netbsd-7.99.10-xen-4.17",
    netbsd_release="7.99.10",
    netbsd_revision=799001000,
    arch="amd64",
    xen_release="4.17",
    xen_version="4.17.5",
    packages={
        "pkgin": "23.8.1",
        "e2fsprogs": "1.47.0",
        "python311": "3.11.9",
        "xenkernel417": "4.17.5",
        "xentools417": "4.17.5",
        "xenkernel418": "20260911",
        "xentools418": "20260911",
        "yajl": "2.1.0nb1",
    },
    total_memory=2047,
    cpus=1,
    disks=(Disk("wd0", {"a": 4063232, "b": 524288, "d": 8388608, "e": 614400, "f": 614400, "g": 2570240}, 2048),),
    nics=(("wm0", "52:54:00:12:34:56"),),
    cpu_brand="QEMU Virtual CPU version 2.5+",
    python_package="python311",
    python_command="python3.11",
    build_date="Sun Nov 29 13:04:11 UTC 2026",
    build_host="builder@host:/usr/src/sys/arch/amd64/compile",
    root_fs=_LARGE_V1,
    npf=False,
)

# xl of Xen 4.2 is installed beside xm, but nobody recorded it.
_COMMANDS_4_2 = {
    "/usr/sbin/service": "",  # appeared in NetBSD 8 (facts section 2.5)
    "/usr/pkg/sbin/xl": "xen.xm.xend_rc:xl_beside_xm",
    "/usr/pkg/sbin/xm": "xen.xm.command:xm",
    "/usr/pkg/sbin/xend": "xen.xm.xend_rc:xend",
    "/usr/pkg/sbin/xenbackendd": "xen.xm.xend_rc:xenbackendd",
    "/usr/pkg/sbin/xenstored": "xen.xm.xend_rc:xenstored",
    "/usr/pkg/sbin/xenconsoled": "xen.xm.xend_rc:xenconsoled",
}
_COMMANDS_3_1 = {path: target for path, target in _COMMANDS_4_2.items() if not path.endswith("/xl")}
_COMMANDS_3_1["/sbin/npfctl"] = ""  # came with NetBSD 6

NETBSD_6_1_XEN_4_2 = Profile(
    name="netbsd-6.1-xen-4.2",
    netbsd_release="6.1",
    netbsd_revision=601000000,
    arch="amd64",
    xen_release="4.2",
    xen_version="4.2.5",
    packages={
        "pkgin": "25.5.0",
        "e2fsprogs": "1.47.2",
        "python313": "3.13.5",
        "xenkernel42": "4.2.5",
        "xentools42": "4.2.5",
        "xenkernel41": "4.1.6.1",
        "xentools41": "4.1.6.1",
        "grub": "0.97nb12",
    },
    build_date="Sat May 18 17:41:22 UTC 2013",
    build_host="builds@b6.netbsd.org:/usr/src/sys/arch/amd64/compile",
    toolstack=XM,
    commands=_COMMANDS_4_2,
    root_fs=_LARGE_V1,
    hvm_feature_label="features2",
)

NETBSD_5_1_XEN_3_1 = Profile(
    name="netbsd-5.1-xen-3.1",
    netbsd_release="5.1",
    netbsd_revision=501000000,
    arch="i386",
    xen_release="3.1",
    xen_version="3.1.4",
    packages={
        "pkgin": "25.5.0",
        "e2fsprogs": "1.47.2",
        "python313": "3.13.5",
        "xenkernel3": "3.1.4",
        "xentools3": "3.1.4",
        "xentools3-hvm": "3.1.4",
        "xenkernel33": "3.3.2nb6",
        "xentools33": "3.3.2",
        "xenkernel41": "4.1.6.1",
        "xentools41": "4.1.6.1",
        "grub": "0.97nb12",
    },
    total_memory=2048,
    cpus=2,
    kernels=("GENERIC", "XEN3_DOM0", "XEN3_DOMU", "XEN3PAE_DOM0", "XEN3PAE_DOMU", "INSTALL", "INSTALL_XEN3_DOMU",
             "INSTALL_XEN3PAE_DOMU"),
    build_date="Sun Nov  7 14:39:56 UTC 2010",
    build_host="builds@b6.netbsd.org:/usr/src/sys/arch/i386/compile",
    processor="i386",
    toolstack=XM,
    commands=_COMMANDS_3_1,
    root_fs=_LARGE_V1,
    hvm_feature_label="features2",
    balloon=False,
)

PROFILES: dict[str, Profile] = {profile.name: profile for profile in (
    NETBSD_10_1_XEN_4_20, NETBSD_10_1_XEN_4_20_EFI, NETBSD_10_1_XEN_4_18, NETBSD_9_4_XEN_4_15,
    NETBSD_7_99_10_XEN_4_17, NETBSD_6_1_XEN_4_2, NETBSD_5_1_XEN_3_1)}
DEFAULT_PROFILE = NETBSD_10_1_XEN_4_20.name

# What GRUB legacy can read: FFSv1 with 8 KiB blocks, less than 512 MB (facts section 4.5). /usr is then on its own.
SMALL_ROOT_SECTORS = 983040


def get(name: str, small_root: bool = False, raid: bool = False, interpreter: str = "") -> Profile:
    """The profile of that name; `small_root` is that machine with a root file system made for GRUB legacy, `raid` the
    one whose second disk is as its first, with the root file system on a RAID-1 of their partitions `a`; `interpreter`:
    with that Python of the controller. Raises ValueError that names the known ones."""
    try:
        profile = PROFILES[name]
    except KeyError:
        raise ValueError(f"no profile {name!r}; there are: {', '.join(sorted(PROFILES))}") from None
    return _varied(name, small_root, raid, interpreter) if small_root or raid or interpreter else profile


@lru_cache(maxsize=None)
def _varied(name: str, small_root: bool, raid: bool, interpreter: str) -> Profile:
    profile = replace(PROFILES[name], interpreter=interpreter)
    if raid:
        return _with_raid(profile)
    return _with_small_root(profile) if small_root else profile


def _with_raid(profile: Profile) -> Profile:
    first, second, *others = profile.disks
    return replace(profile, disks=(first, replace(first, name=second.name), *others))


def _with_small_root(profile: Profile) -> Profile:
    disk, *others = profile.disks
    rest = disk.partitions["a"] - SMALL_ROOT_SECTORS
    first = replace(disk, partitions={**disk.partitions, "a": SMALL_ROOT_SECTORS, "g": rest})
    return replace(profile, disks=(first, *others), root_fs=_SMALL_V1)
