# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Numbers as C reads them: strtol(3), strtoul(3), atoi(3), and what fits into its types."""
from __future__ import annotations

import re

_PATTERNS = {
    0: re.compile(r"[ \t\n\v\f\r]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)"),
    10: re.compile(r"[ \t\n\v\f\r]*([+-]?)([0-9]+)"),
    16: re.compile(r"[ \t\n\v\f\r]*([+-]?)((?:0[xX](?=[0-9a-fA-F]))?[0-9a-fA-F]+)"),
}
LONG_MAX = 2**63 - 1
ULONG_MAX = 2**64 - 1


def leading(text: str, base: int) -> tuple[int, int]:
    """The number at the beginning of a text and how many characters it takes: (0, 0) if there is none.

    ``base`` is 0 (decimal, 0x hexadecimal, 0 octal), 10 or 16.
    """
    match = _PATTERNS[base].match(text)
    if match is None:
        return 0, 0
    digits = match[2].lower()
    if base == 0:
        base = 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10
    number = int(digits.removeprefix("0x"), base)
    return (-number if match[1] == "-" else number), match.end()


def atoi(text: str) -> int:
    """The number at the beginning, or 0."""
    return signed(leading(text, 10)[0])


def signed(number: int, bits: int = 32) -> int:
    """The number in a signed type of so many bits."""
    half = 1 << (bits - 1)
    return (number + half) % (2 * half) - half


def unsigned(number: int, bits: int = 32) -> int:
    return number % (1 << bits)
