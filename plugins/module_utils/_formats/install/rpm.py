# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A package of rpm's (format 3 and 4): a lead of 96 bytes, two headers of tagged values, and the files as a cpio
archive of the form newc, packed. Pure.

Sources: rpm's docs/manual/format.md, format_header.md and format_payload.md; cpio(5).
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

MAGIC = b"\xed\xab\xee\xdb"
_LEAD = 96
_HEADER_MAGIC, _INDEX, _ENTRY = b"\x8e\xad\xe8\x01", 16, 16
_MOST_BYTES = 64 << 20
_COMPRESSOR, _USERS, _GROUPS, _DIRINDEXES, _BASENAMES, _DIRNAMES = 1125, 1039, 1040, 1116, 1117, 1118
_STRING_TYPES = (6, 8, 9)
_CPIO_MAGICS, _CPIO_HEAD, _CPIO_END = (b"070701", b"070702"), 110, "TRAILER!!!"


@dataclass(frozen=True)
class Header:
    """``packed_by`` what the files are packed with; ``owners`` user and group of each file that is not root's, by its
    path without the first slash; ``at`` where the files begin, in bytes."""

    packed_by: str
    owners: dict[str, tuple[str, str]]
    at: int


@dataclass(frozen=True)
class Entry:
    """A file of a cpio archive; ``kind`` and permissions are ``mode``'s; ``inode`` tells which are one file."""

    name: str
    mode: int
    size: int
    time: int
    inode: int
    links: int
    device: tuple[int, int] = field(default=(0, 0))

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)


def header(stream: BinaryIO) -> Header:
    """What a package says of itself, from a stream at its beginning. Raises ValueError, with what is wrong in words."""
    lead = stream.read(_LEAD)
    if not lead.startswith(MAGIC) or len(lead) < _LEAD:
        raise ValueError("is no .rpm")
    _signature, at = _header(stream, _LEAD)
    padding = -at % 8
    stream.read(padding)
    tags, at = _header(stream, at + padding)
    names = _paths(tags)
    users, groups = _texts(tags, _USERS), _texts(tags, _GROUPS)
    owners = dict(zip(names, zip(users, groups)))
    return Header(
        (_texts(tags, _COMPRESSOR) or ["gzip"])[0],
        {name: owner for name, owner in owners.items() if owner != ("root", "root")},
        at,
    )


def entries(stream: BinaryIO) -> Iterator[tuple[Entry, BinaryIO]]:
    """The files of a cpio archive, each with a stream of its content, which must be read before the next one is asked
    for, or not at all. Raises ValueError for what is damaged, or has another form."""
    while True:
        head = stream.read(_CPIO_HEAD)
        if len(head) < _CPIO_HEAD or head[:6] not in _CPIO_MAGICS:
            raise ValueError("has files larger than 4G, or is damaged")
        numbers = [int(head[at : at + 8], 16) for at in range(6, _CPIO_HEAD, 8)]
        inode, mode, _uid, _gid, links, time, size, _major, _minor, major, minor, length, _sum = numbers
        name = stream.read(length)[:-1].decode("utf-8", "surrogateescape")
        stream.read(-(_CPIO_HEAD + length) % 4)
        if name == _CPIO_END:
            return
        content = Piece(stream, size)
        yield Entry(name, mode, size, time, inode, links, (major, minor)), content  # type: ignore[misc]
        content.skip()
        stream.read(-size % 4)


class Piece:
    """The next ``size`` bytes of a stream, to be read like one."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self.stream, self.left = stream, size

    def read(self, size: int = -1) -> bytes:
        wanted = self.left if size < 0 else min(size, self.left)
        found = self.stream.read(wanted) if wanted else b""
        if len(found) < wanted and not found:
            raise ValueError("is cut short")
        self.left -= len(found)
        return found

    def skip(self) -> None:
        """Go behind it."""
        while self.left:
            self.read(1 << 16)


def _header(stream: BinaryIO, at: int) -> tuple[dict[int, tuple[int, int, bytes]], int]:
    """The values of a header by their tags (type, count, bytes from there on), and where it ends."""
    head = stream.read(_INDEX)
    if len(head) < _INDEX or head[:4] != _HEADER_MAGIC:
        raise ValueError("is a damaged .rpm")
    count, size = struct.unpack_from(">II", head, 8)
    if count * _ENTRY + size > _MOST_BYTES:
        raise ValueError("is a damaged .rpm")
    index, store = stream.read(count * _ENTRY), stream.read(size)
    if len(index) < count * _ENTRY or len(store) < size:
        raise ValueError("is a damaged .rpm")
    found = {}
    for number in range(count):
        tag, kind, offset, items = struct.unpack_from(">IIII", index, number * _ENTRY)
        found[tag] = (kind, items, store[offset:])
    return found, at + _INDEX + count * _ENTRY + size


def _texts(tags: dict[int, tuple[int, int, bytes]], tag: int) -> list[str]:
    kind, count, raw = tags.get(tag, (0, 0, b""))
    if kind not in _STRING_TYPES:
        return []
    return [part.decode("utf-8", "surrogateescape") for part in raw.split(b"\0", count)[:count]]


def _paths(tags: dict[int, tuple[int, int, bytes]]) -> list[str]:
    folders, (_kind, count, raw) = _texts(tags, _DIRNAMES), tags.get(_DIRINDEXES, (0, 0, b""))
    places = struct.unpack_from(f">{count}I", raw) if len(raw) >= 4 * count else ()
    names = _texts(tags, _BASENAMES)
    return [f"{folders[place]}{name}".lstrip("/") for place, name in zip(places, names) if place < len(folders)]
