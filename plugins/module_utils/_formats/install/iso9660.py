# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The files in the top directory of a CD (ISO 9660, ECMA-119), by the names that a Unix sees: those of Rock Ridge
(IEEE P1282, entry NM) where they are, else the CD's own. Enough to read back what makefs(8) made: entries that go on
elsewhere (CE), as in long names, are not followed."""

from __future__ import annotations

import struct
from dataclasses import dataclass

BLOCK = 2048
_DESCRIPTOR = 16 * BLOCK
_ROOT = 156
_DIRECTORY = 2


@dataclass(frozen=True)
class Disc:
    """The label, and the content of each file by its name."""

    label: str
    files: dict[str, bytes]


def read(content: bytes) -> Disc | None:
    """What is on a CD, of which this is the whole; None if it is none, or if it is damaged."""
    volume = content[_DESCRIPTOR : _DESCRIPTOR + BLOCK]
    if volume[:6] != b"\x01CD001":
        return None
    label = volume[40:72].decode("ascii", "replace").rstrip()
    try:
        records = _records(_extent(content, volume[_ROOT : _ROOT + 34]))
        files = {_name(each): _extent(content, each) for each in records if not each[25] & _DIRECTORY}
    except (struct.error, IndexError, ValueError):
        return None
    return Disc(label, files)


def _extent(content: bytes, entry: bytes) -> bytes:
    start, length = struct.unpack_from("<I", entry, 2)[0] * BLOCK, struct.unpack_from("<I", entry, 10)[0]
    if start + length > len(content):
        raise ValueError
    return content[start : start + length]


def _records(directory: bytes) -> list[bytes]:
    """The entries of a directory; none crosses a block, and behind the last one of each are zeros."""
    found = []
    for start in range(0, len(directory), BLOCK):
        block, at = directory[start : start + BLOCK], 0
        while at < len(block) and block[at]:
            found.append(block[at : at + block[at]])
            at += block[at]
    return found


def _name(entry: bytes) -> str:
    length = entry[32]
    at = 33 + length + (length + 1) % 2
    given = b""
    while at + 4 <= len(entry) and entry[at + 2] >= 4:
        if entry[at : at + 2] == b"NM":
            given += entry[at + 5 : at + entry[at + 2]]
        at += entry[at + 2]
    return (given or entry[33 : 33 + length]).decode("utf-8", "replace")
