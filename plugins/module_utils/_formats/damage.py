# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a power cut makes of a file: its name and size are back, its content is not.

FFS with its log, the default of installations since NetBSD 6, keeps the log's part of the truth: names, sizes, modes.
What was written in the last half minute and not fsynced comes back full of NUL, or whole at its beginning and NUL in
its tail (record power-cut). Killed in between, a program leaves half a file, or an empty one.
"""

from __future__ import annotations

_NUL = "\0"


def of(text: str | bytes | None) -> str:
    """What is wrong with the content of a text file, to be put behind its name: ``is empty``...; empty if nothing is,
    or there is no file."""
    if text is None:
        return ""
    content = text.decode("latin-1") if isinstance(text, bytes) else text
    if not content:
        return "is empty"
    if _NUL not in content:
        return ""
    return "holds nothing but NUL bytes" if not content.strip(_NUL) else "holds NUL bytes"


def by_power_cut(text: str | bytes | None) -> str:
    """As ``of``, for a file that may well be empty."""
    return of(text) if text else ""
