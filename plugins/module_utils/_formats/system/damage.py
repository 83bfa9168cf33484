# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a power cut makes of a file: its name and size are back, its content is not.

FFS with its log, the default of installations since NetBSD 6, keeps the log's part of the truth: names, sizes, modes.
What was written in the last half minute and not fsynced comes back full of NUL, or whole at its beginning and NUL in
its tail (record power-cut). Killed in between, a program leaves half a file, or an empty one.
"""

from __future__ import annotations

from collections.abc import Sequence

_NUL = "\0"
# Bytes: an ELF file ends with the table of its sections, of which the last numbers may be 0.
ELF_TAIL = 64


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


def of_program(content: bytes | None, is_elf: bool = False) -> str:
    """As ``of``, for what may well hold NUL. Only of an ELF file it is known that it does not end with many of them."""
    if content is None:
        return ""
    if not content:
        return "is empty"
    if not content.strip(_NUL.encode()):
        return "holds nothing but NUL bytes"
    return "ends with NUL bytes" if is_elf and not content[-ELF_TAIL:].strip(_NUL.encode()) else ""


def is_worse(content: bytes | None, copies: Sequence[bytes | None]) -> bool:
    """Whether a content must not take the place of a copy: a power cut has been at it, or it is nothing but the
    beginning of what a copy has, up to the middle of a line."""
    if not content or of(content):
        return True
    return any(copy and copy != content and copy.startswith(content) for copy in copies) and content[-1:] != b"\n"


def not_touched(path: str, wrong: str, copies: Sequence[str]) -> str:
    """What an admin must hear of a damaged file that is not ours to make up."""
    where = f"{' and '.join(copies)} hold earlier contents" if copies else "no earlier content of it was found"
    return (
        f"{path} {wrong}, as a power cut leaves what was not on the disk yet. It is not touched. Restore it ({where}), "
        "and run this again."
    )
