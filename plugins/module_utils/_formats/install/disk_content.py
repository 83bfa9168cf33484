# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What the beginning of a disk says of what is on it: NetBSD's disklabel, FFS, and other things that are known by a few
bytes. Pure.

Sources: sys/sys/disklabel.h (struct disklabel), sys/ufs/ffs/fs.h (struct fs), sys/sys/bootblock.h,
sys/sys/disklabel_gpt.h, sys/ufs/ext2fs/ext2fs.h; the label's place measured on NetBSD 7.99.10 by ``disklabel -R -r`` on
a vnd without an MBR.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass

SECTOR = 512
# LABELSECTOR is 1 on i386 and amd64.
LABEL_AT = SECTOR
_LABEL_MAGIC = 0x82564557
_TYPENAME, _PACKNAME, _NAME_BYTES = 8, 24, 16
_MAGIC2, _PARTITIONS_COUNT, _PARTITIONS, _PARTITION_BYTES = 132, 138, 148, 16
MAX_PARTITIONS = 16
# Where a file system has its superblock, from its own beginning, and what is in it.
_FFS = ((65536, 0x19540119), (8192, 0x00011954))
_FFS_MAGIC, _FFS_MOUNTED_ON, _FFS_MOUNTED_BYTES = 1372, 212, 468
_KNOWN = (
    (510, b"\x55\xaa", "an MBR"),
    (512, b"EFI PART", "a GPT"),
    (1080, b"\x53\xef", "an ext2, ext3 or ext4 file system"),
    (0, b"QFI\xfb", "a qcow2 image"),
    (32769, b"CD001", "an ISO 9660 file system"),
)


# What the mark of an installation's record looks like (_resources/systems/act.py makes it).
_MARK = re.compile(r"nx[0-9a-f]{12}\Z")


@dataclass(frozen=True)
class Label:
    """NetBSD's disklabel: the names of the disk's type and of the pack, and by letter the first sector and the number
    of sectors."""

    kind: str
    pack: str
    partitions: dict[str, tuple[int, int]]

    @property
    def mark(self) -> str:
        """The name that is a record's mark, else that of the pack. sysinst of NetBSD 7 puts what it is told as the name
        of the disk into the type's, and leaves the pack's empty (usr.sbin/sysinst/disks.c, write_disklabel; measured on
        7.99.10)."""
        return next((name for name in (self.pack, self.kind) if _MARK.match(name)), self.pack)


def label(head: bytes) -> Label | None:
    """The disklabel of a disk that begins with these bytes (``LABEL_AT`` + 512 at least), or None."""
    raw = head[LABEL_AT : LABEL_AT + SECTOR]
    if len(raw) < _PARTITIONS + _PARTITION_BYTES * MAX_PARTITIONS:
        return None
    if {_number(raw, 0), _number(raw, _MAGIC2)} != {_LABEL_MAGIC}:
        return None
    count = min(struct.unpack_from("<H", raw, _PARTITIONS_COUNT)[0], MAX_PARTITIONS)
    partitions = {}
    for index in range(count):
        size, start = struct.unpack_from("<II", raw, _PARTITIONS + _PARTITION_BYTES * index)
        if size:
            partitions["abcdefghijklmnop"[index]] = (start, size)
    kind, pack = (_text(raw[at : at + _NAME_BYTES]) for at in (_TYPENAME, _PACKNAME))
    return Label(kind, pack, partitions)


def empty_label(mark: str) -> bytes:
    """One sector with a label that has this name of the pack, and no partitions. The kernel does not take it for one,
    as its sum is not right."""
    raw = bytearray(SECTOR)
    for at in (0, _MAGIC2):
        struct.pack_into("<I", raw, at, _LABEL_MAGIC)
    name = mark.encode("ascii")[: _NAME_BYTES - 1]
    raw[_PACKNAME : _PACKNAME + len(name)] = name
    return bytes(raw)


def ffs_mounted_on(head: bytes, start: int = 0) -> str | None:
    """Where the FFS that begins at byte ``start`` of these was mounted last (fs_fsmnt), empty for never; None if there
    is none."""
    for at, magic in _FFS:
        block = head[start + at : start + at + _FFS_MAGIC + 4]
        if len(block) == _FFS_MAGIC + 4 and _number(block, _FFS_MAGIC) == magic:
            return _text(block[_FFS_MOUNTED_ON : _FFS_MOUNTED_ON + _FFS_MOUNTED_BYTES])
    return None


def described(head: bytes) -> list[str]:
    """What is known by these first bytes of a disk, in words."""
    found = ["a disklabel"] if label(head) else []
    if ffs_mounted_on(head) is not None:
        found.append("a file system of NetBSD")
    return found + [words for at, magic, words in _KNOWN if head[at : at + len(magic)] == magic]


def _number(raw: bytes, at: int) -> int:
    found: int = struct.unpack_from("<I", raw, at)[0]
    return found


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("ascii", "replace")


# What stands in the last sector of a disk that is written as a whole, as long as it is.
_END = b"netbsd.xen installs "


def end_mark(mark: str) -> bytes:
    """The last sector of a disk that is being written, with this mark."""
    return (_END + mark.encode()).ljust(SECTOR, b"\0")


def number_of(mark: str) -> int:
    """A number of 32 bits that follows from a mark."""
    return zlib.crc32(mark.encode())


def end_marked(tail: bytes) -> str:
    """The mark in the last of these bytes' sectors; empty for none."""
    sector = tail[-SECTOR:]
    return _text(sector[len(_END) :]) if sector.startswith(_END) else ""
