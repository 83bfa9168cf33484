# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Whose code a disk's or a partition's first sector holds."""

from __future__ import annotations

SECTOR = 512
# The words of the table of loaders (boot/loaders.py).
BOOT_CFG, GRUB, GRUB2, OTHER = "boot_cfg", "grub", "grub2", "other"
# What both GRUBs print when something goes wrong; GRUB 2 ends the line (GNU GRUB 0.97 stage1/stage1.S, GNU GRUB 2
# grub-core/boot/i386/pc/boot.S).
_GRUB_WORDS = b"GRUB \x00Geom\x00Hard Disk\x00Read\x00 Error"
_ENDS = {GRUB: b"\x00", GRUB2: b"\r\n\x00"}
# NetBSD's master boot records end their code with this number (sys/arch/i386/stand/mbr/mbr.S, MBR_BS_MAGIC_OFFSET); a
# partition's boot block says who made it (sys/arch/i386/stand/bootxx/pbr.S), and so does the plain master boot record.
_MBR_MAGIC_AT = 444
_MBR_MAGIC = b"\xe1\xb5"
_MAKER = b"NetBSD"


def code(sector: bytes) -> str:
    """Whose code the sector holds: BOOT_CFG (NetBSD's), GRUB (legacy), GRUB2 or OTHER."""
    for kind, end in _ENDS.items():
        if _GRUB_WORDS + end in sector:
            return kind
    if sector[_MBR_MAGIC_AT : _MBR_MAGIC_AT + 2] == _MBR_MAGIC or _MAKER in sector:
        return BOOT_CFG
    return OTHER
