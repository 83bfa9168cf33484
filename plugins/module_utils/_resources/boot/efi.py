# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Machines that boot by EFI: how to tell them, and the boot menu that their loader reads before /boot.cfg."""

from __future__ import annotations

from typing import Any

from ..._formats.boot import bootcfg
from ..._formats.system import mounts
from ..._host import Host

SYSCTL = "/sbin/sysctl"
MOUNT = "/sbin/mount"
# The EFI loader came with NetBSD 8; before it there is nothing to ask.
FIRST_RELEASE = 8
# The file system knows no capitals, its mount may.
_MENUS = ("EFI/NetBSD/boot.cfg", "efi/netbsd/boot.cfg")


def read(host: Host) -> dict[str, Any]:
    """``booted`` says that the firmware was EFI (sys/arch/x86/x86/x86_machdep.c: machdep.bootmethod is UEFI or BIOS; a
    Xen kernel is never told and says BIOS, so that True can be believed and False can't); ``menu`` is a boot.cfg on a
    mounted EFI partition, None if there is none."""
    if not bootcfg.is_from(host.release, FIRST_RELEASE):
        return {"booted": False, "menu": None}
    answer = host.try_run([SYSCTL, "-n", "machdep.bootmethod"])
    mounted = mounts.parse(host.run([MOUNT]).stdout)
    menus = [f"{each.directory.rstrip('/')}/{name}" for each in mounted if each.type == "msdos" for name in _MENUS]
    return {
        "booted": answer.rc == 0 and answer.stdout.strip() == "UEFI",
        "menu": next((path for path in menus if host.exists(path)), None),
    }


def warnings(efi: dict[str, Any]) -> list[str]:
    """What can't be seen from here on a machine that boots by EFI."""
    if not efi["booted"] or efi["menu"]:
        return []
    return [
        "This machine boots by EFI, whose loader reads EFI/NetBSD/boot.cfg on the EFI partition before /boot.cfg; no "
        "mounted file system has one. If the partition is not mounted, look there."
    ]
