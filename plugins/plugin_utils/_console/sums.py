# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest's own ``cksum`` says of data, and data in pieces that keep their names when something before them
changes."""

from __future__ import annotations

import hashlib
import zlib

_LEAST, _MOST, _WINDOW = 4096, 32768, 32


def _table() -> tuple[int, ...]:
    entries = []
    for number in range(256):
        value = number << 24
        for _bit in range(8):
            value = (value << 1) ^ 0x04C11DB7 if value & 0x80000000 else value << 1
        entries.append(value & 0xFFFFFFFF)
    return tuple(entries)


_TABLE = _table()


def cksum(data: bytes) -> str:
    """``CRC LENGTH``, as cksum(1) of POSIX prints it for its standard input."""
    crc, length = 0, len(data)
    tail = bytearray()
    while length:
        tail.append(length & 0xFF)
        length >>= 8
    for byte in data + bytes(tail):
        crc = ((crc << 8) & 0xFFFFFFFF) ^ _TABLE[(crc >> 24) ^ byte]
    return f"{crc ^ 0xFFFFFFFF} {len(data)}"


def name(data: bytes) -> str:
    """The name under which a guest keeps a piece."""
    return hashlib.sha256(data).hexdigest()[:32]


def pieces(data: bytes) -> list[bytes]:
    """Cut at places that the content itself decides, so that a module with other arguments is mostly the same
    pieces."""
    found, start = [], 0
    for at in range(len(data)):
        size = at - start
        if size < _LEAST or (size < _MOST and zlib.crc32(data[at - _WINDOW : at]) & 0x1FFF):
            continue
        found.append(data[start:at])
        start = at
    return [*found, data[start:]] if start < len(data) or not data else found
