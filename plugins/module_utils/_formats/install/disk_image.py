# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a file with an image of a disk is, from its first bytes: raw, packed, qcow2, or none that can be written to a
guest's disk."""

from __future__ import annotations

import struct
from dataclasses import dataclass

RAW, QCOW2 = "raw", "qcow2"
# How much of a file ``look`` wants: ISO 9660 has its mark behind 32 KiB.
HEAD_BYTES = 36 << 10
_PACKED = ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz"), (b"\x28\xb5\x2f\xfd", "zstd"))
# Other programs' disks, and what else people name an image by mistake.
_OTHERS = (
    (b"KDMV", "a VMware disk (vmdk)"),
    (b"# Disk DescriptorFile", "a VMware disk (vmdk)"),
    (b"conectix", "a Virtual PC disk (vhd)"),
    (b"vhdxfile", "a Hyper-V disk (vhdx)"),
    (b"<<< ", "a VirtualBox disk (vdi)"),
    (b"PK\3\4", "a zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x7fELF", "a program"),
    (b"#!", "a script"),
)
_SECTOR = 512


@dataclass(frozen=True)
class DiskImage:
    """``form`` is RAW or QCOW2, empty for none; ``packed_by`` what it is packed with, when nobody can tell more before
    it is unpacked; ``size`` of the disk in bytes, None where only the whole file tells; ``holds`` what is on it, in
    words; ``wrong`` why it can't be used."""

    form: str
    packed_by: str = ""
    size: int | None = None
    holds: str = ""
    wrong: str = ""


def look(head: bytes) -> DiskImage:
    """What a file is that begins with these bytes (HEAD_BYTES of them, fewer if the file is shorter)."""
    for magic, name in _PACKED:
        if head.startswith(magic):
            return DiskImage("", name)
    if head.startswith(b"QFI\xfb"):
        return _qcow2(head)
    for magic, words in _OTHERS:
        if head.startswith(magic):
            way = "; make a raw or qcow2 one of it (qemu-img convert -O qcow2)" if "disk" in words else ""
            return DiskImage("", wrong=f"is {words}, no image of a disk{way}")
    start = head.lstrip()[:16].lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"{")):
        return DiskImage("", wrong="is a page or a message of a server, no image of a disk; look at its address")
    holds = contents(head)
    if not holds:
        return DiskImage("", wrong="is no image of a disk that anybody knows (no partition table, no file system)")
    return DiskImage(RAW, holds=holds)


def _qcow2(head: bytes) -> DiskImage:
    """QEMU's docs/interop/qcow2.txt."""
    if len(head) < 72:
        return DiskImage(QCOW2, wrong="is a qcow2 that is cut short")
    version, backing, _length, _bits, size, crypt = struct.unpack_from(">IQIIQI", head, 4)
    if version not in (2, 3):
        return DiskImage(QCOW2, wrong=f"is a qcow of version {version}; only 2 and 3 are known")
    if backing:
        return DiskImage(QCOW2, wrong="is a qcow2 on top of another file; make one of both (qemu-img convert)")
    if crypt:
        return DiskImage(QCOW2, wrong="is an encrypted qcow2")
    return DiskImage(QCOW2, size=size)


def contents(head: bytes) -> str:
    """What a raw disk that begins with these bytes holds, in words; empty if nobody can tell."""
    found = []
    if head[_SECTOR : _SECTOR + 8] == b"EFI PART":
        found.append("a GPT")
    elif head[510:512] == b"\x55\xaa" and any(head[446:510]):
        found.append("an MBR")
    if head[_SECTOR : _SECTOR + 4] == b"WEV\x82":
        found.append("a BSD disklabel")
    if head[1024 + 56 : 1024 + 58] == b"\x53\xef":
        found.append("an ext file system")
    if head[:4] == b"XFSB":
        found.append("an XFS file system")
    if head[32769:32774] == b"CD001":
        found.append("a CD (ISO 9660)")
    return " and ".join(found)
