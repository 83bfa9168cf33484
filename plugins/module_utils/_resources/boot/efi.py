# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Machines that boot by EFI: how to tell them, and which boot menu their loader reads.

It reads ``esp:/EFI/NetBSD/boot.cfg``, on the EFI partition that it was started from, and ``/boot.cfg`` of the boot
partition only if that is not there (sys/arch/i386/stand/efiboot/boot.c, EFIBOOTCFG_FILENAME).
"""

from __future__ import annotations

from typing import Any

from ..._change import CommandFailed, Refused
from ..._formats.boot import bootcfg
from ..._formats.system import fstab, mounts
from ..._host import Host
from . import loaders

SYSCTL = "/sbin/sysctl"
MOUNT = "/sbin/mount"
FSTAB = "/etc/fstab"
# The EFI loader came with NetBSD 8; before it there is nothing to ask.
FIRST_RELEASE = 8
# The file system knows no capitals, its mount may.
FOLDERS = ("EFI", "efi")
MENUS = ("EFI/NetBSD/boot.cfg", "efi/netbsd/boot.cfg")


def read(host: Host) -> dict[str, Any]:
    """How the machine boots, and what is mounted of that.

    ``booted`` says whether the firmware was EFI (sys/arch/x86/x86/x86_machdep.c: machdep.bootmethod is UEFI or BIOS),
    None where nobody can tell: a Xen kernel is never told, says BIOS and is not asked. ``partitions`` are where EFI
    partitions are mounted, ``menus`` the boot.cfg on them, ``lasting`` those partitions that /etc/fstab has.
    """
    if host.system != "NetBSD" or not bootcfg.is_from(host.release, FIRST_RELEASE):
        return {"booted": False, "partitions": [], "menus": [], "lasting": []}
    folders = _folders_of_dos(host)
    partitions = [folder for folder in folders if any(host.exists(f"{folder}/{name}") for name in FOLDERS)]
    found = (next((path for path in _paths(folder) if host.exists(path)), None) for folder in partitions)
    listed = {entry.file for entry in fstab.parse(host.read_text(FSTAB) or "")}
    return {
        "booted": _booted(host),
        "partitions": partitions,
        "menus": [path for path in found if path],
        "lasting": [folder for folder in partitions if folder in listed],
    }


def _paths(folder: str) -> list[str]:
    return [f"{folder}/{name}" for name in MENUS]


def _booted(host: Host) -> bool | None:
    if "XEN" in host.kernel:
        return None
    return {"UEFI": True, "BIOS": False}.get(_said(host, [SYSCTL, "-n", "machdep.bootmethod"]).strip())


def _folders_of_dos(host: Host) -> list[str]:
    mounted = mounts.parse(_said(host, [MOUNT]))
    return [each.directory.rstrip("/") for each in mounted if each.type == "msdos"]


def _said(host: Host, argv: list[str]) -> str:
    try:
        answer = host.try_run(argv)
    except CommandFailed:
        return ""
    return answer.stdout if answer.rc == 0 else ""


def menu(efi: dict[str, Any]) -> str:
    """The menu that NetBSD's loader reads. Raises Refused where that can't be told."""
    if efi["booted"] is False:
        return loaders.BOOT_CFG.menu
    if len(efi["menus"]) > 1:
        raise Refused(
            f"There are {' and '.join(efi['menus'])}; the EFI loader reads the one on the partition that it is started "
            "from, and which one that is can't be seen from here. Unmount the others, or name it (bootloader_path)."
        )
    if efi["menus"]:
        return str(efi["menus"][0])
    if efi["booted"] and not efi["partitions"]:
        raise Refused(
            "This machine boots by EFI, whose loader reads EFI/NetBSD/boot.cfg on the EFI partition before /boot.cfg, "
            "and no EFI partition is mounted, so that nobody can tell which of them counts. Mount it and put it into "
            "/etc/fstab, for example as /dev/dk0 /efi msdos rw 0 0; or, if it has no such file, set bootloader_path to "
            "/boot.cfg."
        )
    return loaders.BOOT_CFG.menu


def refuse_shadowed(efi: dict[str, Any], path: str) -> None:
    """Raise Refused for a menu that is not the one that the EFI loader reads, as far as that can be seen."""
    if efi["booted"] is not False and efi["menus"] and path not in efi["menus"]:
        raise Refused(
            f"{path} is not what this machine boots: the EFI loader reads {efi['menus'][0]}, on the EFI partition, "
            "before it. Leave the path out (bootloader_path), or give that file."
        )


def warnings(efi: dict[str, Any], path: str) -> list[str]:
    """What will not be seen after the next boot."""
    lost = [folder for folder in efi["partitions"] if path.startswith(folder + "/") and folder not in efi["lasting"]]
    return [
        f"{folder}, which has the boot menu {path}, is not in /etc/fstab. Put it there: under Xen nothing else tells "
        "that this machine boots by EFI, and /boot.cfg would be taken for its menu."
        for folder in lost
    ]
