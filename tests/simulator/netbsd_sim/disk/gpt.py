# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A GPT as gpt(8) writes it, and as a kernel finds it (sbin/gpt/create.c, add.c; sys/sys/disklabel_gpt.h; sys/dev/
dkwedge/dkwedge_gpt.c; NetBSD 7.99.10)."""

from __future__ import annotations

import os
import struct
import uuid
import zlib
from dataclasses import dataclass

from .volume import Span

SECTOR, ENTRIES, ENTRY, TABLE = 512, 128, 128, 32
FFS, SWAP = "ffs", "swap"
TYPES = {FFS: "49f48d5a-b10e-11dc-b99b-0019d1879648", SWAP: "49f48d32-b10e-11dc-b99b-0019d1879648"}
_HEAD = struct.Struct("<8sIIIIQQQQ16sQIII")
_MOST_NAME = 36


class Refused(Exception):
    """What gpt(8) says behind `error: `."""


@dataclass
class Entry:
    """A partition; start and size in sectors, kind one of TYPES or a uuid."""

    start: int
    size: int
    kind: str
    name: str


def create(disk: Span) -> None:
    """An empty GPT on a disk without a table."""
    last = disk.size // SECTOR - 1
    first = disk.read(0, SECTOR)
    for sector in (1, last):
        if disk.read(sector * SECTOR, 8) == b"EFI PART":
            raise Refused("device already contains a GPT")
    if first[510:] == b"\x55\xaa" and first[450] != 0xEE:
        raise Refused("device contains a MBR")
    mbr = bytearray(SECTOR)
    mbr[446:462] = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xEE, b"\xff\xff\xff", 1, min(last, 0xFFFFFFFF))
    mbr[510:] = b"\x55\xaa"
    disk.write(0, bytes(mbr))
    # Every entry has a number of its own from the beginning.
    _write(disk, b"".join(bytes(16) + os.urandom(16) + bytes(ENTRY - 32) for _number in range(ENTRIES)), os.urandom(16))


def add(disk: Span, kind: str, start: int, size: int, name: str) -> int:
    """One more partition; its number, from 1."""
    last = disk.size // SECTOR - 1
    if disk.read(SECTOR, 8) != b"EFI PART":
        raise Refused("no primary GPT header; run create or recover")
    if disk.read(last * SECTOR, 8) != b"EFI PART":
        raise Refused("no secondary GPT header; run recover")
    table = bytearray(disk.read(2 * SECTOR, TABLE * SECTOR))
    free = next(number for number in range(ENTRIES) if not any(table[number * ENTRY:number * ENTRY + 16]))
    end = start + size
    taken = [(each.start, each.start + each.size) for each in entries(disk) or []]
    if start < 2 + TABLE or end > last - TABLE or any(start < stop and begin < end for begin, stop in taken):
        raise Refused("not enough space available on device")
    own = bytes(table[free * ENTRY + 16:free * ENTRY + 32])
    raw = struct.pack("<16s16sQQQ", uuid.UUID(TYPES[kind]).bytes_le, own, start, end - 1, 0)
    label = name.encode("utf-16-le")[:2 * _MOST_NAME].ljust(2 * _MOST_NAME, b"\0")
    table[free * ENTRY:(free + 1) * ENTRY] = raw + label
    _write(disk, bytes(table), disk.read(SECTOR + 56, 16))
    return free + 1


def _write(disk: Span, table: bytes, own: bytes) -> None:
    """Both tables and both headers."""
    last = disk.size // SECTOR - 1
    for here, other, place in ((1, last, 2), (last, 1, last - TABLE)):
        def head(checksum: int, here: int = here, other: int = other, place: int = place) -> bytes:
            return _HEAD.pack(b"EFI PART", 0x10000, _HEAD.size, checksum, 0, here, other, 2 + TABLE, last - TABLE - 1,
                              own, place, ENTRIES, ENTRY, zlib.crc32(table))
        disk.write(here * SECTOR, head(zlib.crc32(head(0))))
        disk.write(place * SECTOR, table)


def entries(disk: Span) -> list[Entry] | None:
    """What the kernel finds: only the primary table counts, and only with right sums (dkwedge_discover_gpt)."""
    raw = disk.read(SECTOR, _HEAD.size)
    values = _HEAD.unpack(raw)
    if values[0] != b"EFI PART" or values[1] != 0x10000 or values[3] != zlib.crc32(raw[:16] + bytes(4) + raw[20:]):
        return None
    table = disk.read(values[10] * SECTOR, values[11] * values[12])
    if zlib.crc32(table) != values[13]:
        return None
    names = {value: name for name, value in TYPES.items()}
    found = []
    for at in range(0, len(table), ENTRY):
        kind, own, first, last, _flags = struct.unpack_from("<16s16sQQQ", table, at)
        if any(kind):
            name = table[at + 56:at + ENTRY].decode("utf-16-le").split("\0", 1)[0]
            told = str(uuid.UUID(bytes_le=kind))
            found.append(Entry(first, last - first + 1, names.get(told, told),
                               name or str(uuid.UUID(bytes_le=own))))
    return found
