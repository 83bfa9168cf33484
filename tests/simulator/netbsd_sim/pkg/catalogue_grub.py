# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages of the two GRUBs: pkgsrc sysutils/grub and sysutils/grub2 (PLIST, MESSAGE, CONFLICTS)."""

from __future__ import annotations

from collections.abc import Callable

from ..core.profiles import Profile
from .catalogue import File, Package

# The stages that GRUB 0.97 copies to the disk. ISO9660 and NETBOOT are left out as in a default build.
_STAGES = ("stage1", "stage2", "e2fs_stage1_5", "fat_stage1_5", "ffs_stage1_5", "jfs_stage1_5", "minix_stage1_5",
           "reiserfs_stage1_5", "ufs2_stage1_5", "vstafs_stage1_5", "xfs_stage1_5")
_LEGACY_COMMANDS = ("sbin/grub", "sbin/grub-install", "sbin/grub-md5-crypt", "sbin/grub-terminfo", "bin/mbchk")
_LEGACY_MESSAGE = """Because NetBSD already uses /boot for a different purpose, this version of
GRUB has been compiled to look in /grub for its files (specifically,
menu.lst and the loaders).

GRUB is not actually installed on your disk until you run a command such as
  grub-install /dev/wd0d
or
  grub-install '(hd0)'
"""

_MODULES = ("boot.img", "boot.mod", "biosdisk.mod", "bsd.mod", "chain.mod", "command.lst", "configfile.mod",
            "diskboot.img", "echo.mod", "ffs.mod", "gzio.mod", "kernel.img", "loadenv.mod", "lzma_decompress.img",
            "moddep.lst", "multiboot.mod", "multiboot2.mod", "normal.mod", "part_bsd.mod", "part_gpt.mod",
            "part_msdos.mod", "search.mod", "serial.mod", "terminal.mod", "test.mod", "ufs1.mod", "ufs2.mod")
_GRUB2_BIN = ("grub-editenv", "grub-file", "grub-menulst2cfg", "grub-mkimage", "grub-mkpasswd-pbkdf2",
              "grub-mkrelpath", "grub-mkrescue", "grub-mkstandalone", "grub-script-check", "grub-syslinux2cfg")
_GRUB2_SBIN = ("grub-bios-setup", "grub-install", "grub-macbless", "grub-mkconfig", "grub-ofpathname", "grub-probe",
               "grub-reboot", "grub-set-default", "grub-sparc64-setup")
_GRUB2_SCRIPTS = ("00_header", "05_pkgsrc_theme", "10_netbsd", "30_os-prober", "40_custom", "41_custom")
_GRUB2_MESSAGE = """To actually install GRUB 2 to disk, use grub-install(8).  But do
not use it unless you understand what it actually does, for it may
lead to loss of data when used improperly.
"""


def _grub(base: str, version: str, profile: Profile) -> Package:
    files = [File(name, command=True, mode=0o755) for name in _LEGACY_COMMANDS]
    # The directory is CPU-VENDOR, and pkgsrc's vendor is empty.
    files += [File(f"share/grub/{profile.processor}-/{name}", f"simulated GRUB 0.97 {name}\n".encode())
              for name in _STAGES]
    return Package(base, version, "GRand Unified Bootloader -- Boots *BSD, Linux, groks ffs, FAT, ext2", tuple(files),
                   conflicts=("grub2",), message=_LEGACY_MESSAGE)


def _grub2(base: str, version: str, profile: Profile) -> Package:
    files = [File(f"bin/{name}", command=True, mode=0o755) for name in _GRUB2_BIN]
    files += [File(f"sbin/{name}", command=True, mode=0o755) for name in _GRUB2_SBIN]
    # An x86_64 build is one for i386-pc as well (GRUB_TARGET_CPU in the Makefile).
    files += [File(f"lib/grub/i386-pc/{name}", f"simulated GRUB 2 {name}\n".encode()) for name in _MODULES]
    files += [File(f"share/examples/grub/{name}", b"#!/bin/sh\n", mode=0o755) for name in _GRUB2_SCRIPTS]
    files.append(File("share/examples/grub/default.conf.sample", b"GRUB_DEFAULT=0\\nGRUB_TIMEOUT=5\n"))
    conf = [(f"grub/{name}", f"grub/{name}", 0o755) for name in _GRUB2_SCRIPTS]
    conf.append(("grub/default.conf.sample", "grub/default.conf", 0o644))
    return Package(base, version, "GRand Unified Bootloader, version 2", tuple(files), tuple(conf),
                   conflicts=("grub",), message=_GRUB2_MESSAGE)


MAKERS: dict[str, Callable[[str, str, Profile], Package]] = {"grub": _grub, "grub2": _grub2}
