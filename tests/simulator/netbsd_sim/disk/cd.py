# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""CDs as makefs(8) makes them: ISO 9660 with one directory, with Rock Ridge or without.

Compared with what makefs of NetBSD 7.99.10 made of such a directory (usr.sbin/makefs/cd9660): the order and the names
of the entries, what each has of Rock Ridge (PX, TF, NM), the label; its comments on Rock Ridge (ER) are left out.
"""
from __future__ import annotations

import re
import struct
from collections.abc import Mapping

BLOCK = 2048
_ROOT_AT = 20
_DATE = bytes((126, 11, 30, 0, 0, 0, 0))
_DIRECTORY, _FILE = 0o040755, 0o100644


def cd(label: str, files: Mapping[str, bytes], rock_ridge: bool) -> bytes:
    """The whole of a CD with these files in its top directory."""
    at = _ROOT_AT + 1
    records = [_record(b"\0", _ROOT_AT, BLOCK, 2), _record(b"\1", _ROOT_AT, BLOCK, 2)]
    body = b""
    for name, content in sorted(files.items()):
        more = _rock_ridge(name) if rock_ridge else b""
        records.append(_record(_cd_name(name), at, len(content), 0, more))
        blocks = -(-len(content) // BLOCK)
        body += content.ljust(blocks * BLOCK, b"\0")
        at += blocks
    directory = b"".join(records).ljust(BLOCK, b"\0")
    head = bytes(16 * BLOCK) + _volume(label, at) + b"\xffCD001\x01".ljust(BLOCK, b"\0") + bytes(2 * BLOCK)
    return head + directory + body


def _both(value: int) -> bytes:
    return struct.pack("<I", value) + struct.pack(">I", value)


def _short(value: int) -> bytes:
    return struct.pack("<H", value) + struct.pack(">H", value)


def _record(name: bytes, at: int, size: int, flags: int, more: bytes = b"") -> bytes:
    length = 33 + len(name)
    body = _both(at) + _both(size) + _DATE + bytes((flags, 0, 0)) + _short(1) + bytes((len(name),)) + name
    body += bytes(length % 2) + more
    return bytes((2 + len(body), 0)) + body


def _rock_ridge(name: str) -> bytes:
    entries = b"PX\x24\x01" + _both(_FILE) + _both(1) + _both(0) + _both(0)
    entries += b"TF\x1a\x01\x07" + _DATE * 3
    named = name.encode()
    entries += b"NM" + bytes((5 + len(named), 1, 0)) + named
    return entries + bytes(len(entries) % 2)


def _cd_name(name: str) -> bytes:
    """META_DATA.;1 for meta-data."""
    base, _dot, extension = name.upper().partition(".")
    return f"{re.sub('[^A-Z0-9_]', '_', base)}.{extension};1".encode()


def _volume(label: str, blocks: int) -> bytes:
    found = bytearray(b"\x01CD001\x01".ljust(BLOCK, b"\0"))
    found[8:72] = "NetBSD".ljust(32).encode() + label.ljust(32).encode()
    found[80:88] = _both(blocks)
    found[120:132] = _short(1) + _short(1) + _short(BLOCK)
    found[156:190] = _record(b"\0", _ROOT_AT, BLOCK, 2)
    return bytes(found)
