# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""How a Solaris guest boots, from its DVD and from its disk (NetBSD/Xen HOWTO 1.7, Creating an unprivileged Solaris
domain). Pure."""

from __future__ import annotations

METHOD = "media"
FOLDER = "/home/xen"
BITS = ("64", "32")
# What its boot path calls the disk is the disk's number, which in the HOWTO is 0 and is tried with nothing else.
DISK_VDEV = 0
# What the DVD is to the guest: the HOWTO's 6:cdrom.
DVD_VDEV = "6"
POOL = "rpool"
_KERNELS = {"64": "platform/i86xpv/kernel/amd64/unix", "32": "platform/i86xpv/kernel/unix"}
_RAMDISKS = {"64": "boot/amd64/x86.microroot", "32": "boot/x86.microroot"}


def on_dvd(bits: str) -> tuple[str, str]:
    """Where the DVD has the kernel and the ramdisk."""
    return _KERNELS[bits], _RAMDISKS[bits]


def boots(install: object, name: object) -> dict[str, str]:
    """The files of dom0 that a guest has by default, if its ``install`` is of this method."""
    if not isinstance(install, dict) or install.get("method") != METHOD:
        return {}
    return {"kernel": f"{FOLDER}/{name}-unix", "ramdisk": f"{FOLDER}/{name}-x86.microroot"}


def live(bits: str) -> str:
    """The arguments with which the DVD's live system boots."""
    return f"/{_KERNELS[bits]} - nowin -B install_media=cdrom"


def installed(bits: str, bootfs: str) -> str:
    """The arguments with which the system on the disk boots; ``bootfs`` is the number of its boot file system."""
    return f'/{_KERNELS[bits]} -B zfs-bootfs={POOL}/{bootfs},bootpath="/xpvd/xdf@{DISK_VDEV}:a"'
