# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kind of machine a simulated host is. One `Profile` an era; everything in it is constant."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Disk:
    """A disk of the machine. Partitions map a letter to its size in 512-byte sectors; `d` is the whole disk."""

    name: str
    partitions: dict[str, int]


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
        Disk("wd0", {"a": 16777216, "b": 1048576, "d": 33554432, "e": 4194304, "f": 4194304}),
        Disk("wd1", {"d": 8388608, "e": 2097152, "f": 2097152}),
    )
    nics: tuple[tuple[str, str], ...] = (("wm0", "52:54:00:12:34:56"), ("wm1", "52:54:00:12:34:57"))
    cpu_brand: str = "Intel Core i7 9xx (Nehalem Class Core i7)"
    kernels: tuple[str, ...] = ("GENERIC", "XEN3_DOM0", "XEN3_DOMU", "INSTALL", "INSTALL_XEN3_DOMU")
    python_package: str = "python313"
    python_command: str = "python3.13"
    build_date: str = "Mon Dec 16 13:08:11 UTC 2024"
    build_host: str = "mkrepro@mkrepro.NetBSD.org:/usr/src/sys/arch/amd64/compile"
    # A boot command of more than 79 characters overflows the loader's buffer (facts: boot.cfg(5), source). It did no
    # visible harm up to 300 characters on 7.99.10, so only a strict machine dies of it.
    strict_boot_commands: bool = False
    extra: dict[str, str] = field(default_factory=dict)


NETBSD_10_1_XEN_4_20 = Profile(
    name="netbsd-10.1-xen-4.20",
    netbsd_release="10.1",
    netbsd_revision=1001000000,
    arch="amd64",
    xen_release="4.20",
    xen_version="4.20.2_20260610nb0",
    packages={
        "pkgin": "25.5.0",
        "python313": "3.13.5",
        "xenkernel420": "20260610",
        "xentools420": "20260610",
        "xenkernel418": "20260911",
        "xentools418": "20260911",
    },
)

PROFILES: dict[str, Profile] = {NETBSD_10_1_XEN_4_20.name: NETBSD_10_1_XEN_4_20}
DEFAULT_PROFILE = NETBSD_10_1_XEN_4_20.name


def get(name: str) -> Profile:
    """The profile of that name. Raises ValueError that names the known ones."""
    try:
        return PROFILES[name]
    except KeyError:
        raise ValueError(f"no profile {name!r}; there are: {', '.join(sorted(PROFILES))}") from None
