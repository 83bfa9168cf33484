# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""cksum(1)."""

from __future__ import annotations

import hashlib
import os
import sys

from . import forms
from .machine import Machine, NotSimulated


def cksum(m: Machine, argv: list[str]) -> int:
    """cksum -a ALGORITHM [-n] FILE..., or the CRC of standard input (records cksum-a-sha512, dd-sector)."""
    letters, values, words = forms.read(argv)
    if "a" in letters and words:
        return _print_sums(m, values["a"][-1].upper(), words, bare="n" in letters)
    if letters or words:
        raise NotSimulated(" ".join(argv))
    data = sys.stdin.buffer.read()
    print(f"{_crc(data)} {len(data)}")
    return 0


def _crc(data: bytes) -> int:
    """cksum(1), POSIX: the length follows the data."""
    crc = 0
    for byte in data + _little_endian(len(data)):
        crc ^= byte << 24
        for _bit in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc ^ 0xFFFFFFFF


def _little_endian(length: int) -> bytes:
    return length.to_bytes((length.bit_length() + 7) // 8, "little")


def _print_sums(m: Machine, algorithm: str, names: list[str], bare: bool) -> int:
    rc = 0
    for name in names:
        try:
            digest = hashlib.new(algorithm.lower(), m.path(os.path.abspath(name)).read_bytes()).hexdigest()
        except OSError as error:
            print(f"cksum: {name}: {error.strerror}", file=sys.stderr)
            rc = 1
            continue
        print(f"{digest} {name}" if bare else f"{algorithm} ({name}) = {digest}")
    return rc
