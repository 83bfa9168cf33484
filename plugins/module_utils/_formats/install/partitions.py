# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Partition tables: the MBR that a Linux guest's disk gets, and what a disk's first bytes say of an MBR or a GPT. Pure.

Sources: sys/sys/bootblock.h (struct mbr_partition), sys/sys/disklabel_gpt.h (struct gpt_hdr, struct gpt_ent).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

SECTOR = 512
# Where the first partition begins, in sectors: what every program of today chooses, a megabyte. What is before it can
# be a boot loader's.
FIRST = 2048
LINUX, PROTECTIVE = 0x83, 0xEE
_ENTRIES_AT, _ENTRY, _SIGNATURE, _DISK_ID_AT = 446, "<B3sB3sII", b"\x55\xaa", 440
# Cylinder, head and sector of what lies behind the end of what those can name.
_NO_CHS = b"\xfe\xff\xff"
# pygrub looks at the active one first.
_ACTIVE = 0x80
MOST_SECTORS = (1 << 32) - 1
_GPT_HEAD, _GPT_SIGNATURE, _GPT_ENTRY = "<8sIIIIQQQQ16sQIII", b"EFI PART", "<16s16sQQQ72s"
# Beside the table, its header and the MBR: what a GPT has behind its last partition (128 entries, and the header).
GPT_END_SECTORS = 33


@dataclass(frozen=True)
class Partition:
    """``start`` and ``size`` in sectors; ``kind`` is an MBR's number of a type, 0 in a GPT; ``name`` only a GPT has."""

    start: int
    size: int
    kind: int = 0
    name: str = ""


def mbr(sectors: int, disk_id: int) -> bytes:
    """The first sector of a disk with one Linux partition of so many sectors. ``disk_id`` tells it from others. Raises
    ValueError for one that an MBR can't name."""
    if not 0 < sectors <= MOST_SECTORS:
        raise ValueError(f"an MBR can't have a partition of {sectors} sectors")
    raw = bytearray(SECTOR)
    struct.pack_into("<I", raw, _DISK_ID_AT, disk_id)
    struct.pack_into(_ENTRY, raw, _ENTRIES_AT, _ACTIVE, _NO_CHS, LINUX, _NO_CHS, FIRST, sectors)
    raw[-2:] = _SIGNATURE
    return bytes(raw)


def read_mbr(head: bytes) -> list[Partition]:
    """The partitions of an MBR that a disk begins with; none if it has no MBR."""
    if head[SECTOR - 2 : SECTOR] != _SIGNATURE:
        return []
    found = []
    for number in range(4):
        at = _ENTRIES_AT + struct.calcsize(_ENTRY) * number
        _active, _first, kind, _last, start, size = struct.unpack_from(_ENTRY, head, at)
        if kind and size:
            found.append(Partition(start, size, kind))
    return found


def read_gpt(head: bytes) -> list[Partition] | None:
    """The partitions of a GPT that a disk begins with, as NetBSD finds them (sys/dev/dkwedge/dkwedge_gpt.c); None if it
    has none, or one whose sums are wrong."""
    raw = head[SECTOR : 2 * SECTOR]
    if len(raw) < SECTOR or not raw.startswith(_GPT_SIGNATURE):
        return None
    values = struct.unpack_from(_GPT_HEAD, raw)
    length, told, table_at, count, size, table_sum = values[2], values[3], values[10], *values[11:14]
    bare = raw[:16] + bytes(4) + raw[20:length]
    table = head[table_at * SECTOR : table_at * SECTOR + count * size]
    right = zlib.crc32(bare) == told and zlib.crc32(table) == table_sum and size >= struct.calcsize(_GPT_ENTRY)
    if not right or len(table) < count * size:
        return None
    found = []
    for number in range(count):
        kind, _own, first, last, _flags, name = struct.unpack_from(_GPT_ENTRY, table, number * size)
        if any(kind):
            text = name.decode("utf-16-le", "replace").split("\0", 1)[0]
            found.append(Partition(first, last - first + 1, 0, text))
    return found


def first_start(head: bytes) -> int:
    """The first sector of the first partition of whichever table a disk begins with; 0 for none."""
    for found in (read_gpt(head), [each for each in read_mbr(head) if each.kind != PROTECTIVE]):
        if found:
            return found[0].start
    return 0
