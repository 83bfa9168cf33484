# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a power cut makes of a file: its name and size are back, its content is not.

FFS with its log, the default of installations since NetBSD 6, keeps the log's part of the truth: names, sizes, modes.
What was written in the last half minute and not fsynced comes back full of NUL, or whole at its beginning and NUL in
its tail (record power-cut). Killed in between, a program leaves half a file, or an empty one.
"""

from __future__ import annotations

import codecs
import hashlib
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_NUL = "\0"
# Bytes: an ELF file ends with the table of its sections, of which the last numbers may be 0.
ELF_TAIL = 64
CHUNK = 1 << 20
CUT_SHORT = "is cut short"


@dataclass(frozen=True)
class Content:
    """What a content is, without the content: its ``size`` in bytes and its SHA512; ``nul`` is how many of its bytes
    are NUL: none, some or all; ``nul_tail`` whether the last ELF_TAIL are; ``utf8`` whether it is text; ``newline``
    whether it ends with one."""

    size: int
    sha512: str
    nul: str = "none"
    nul_tail: bool = False
    utf8: bool = True
    newline: bool = True


def summary(chunks: Iterable[bytes]) -> Content:
    """What the content is that comes in these pieces. The module ``look`` says the same in words of its own."""
    digest, decoder = hashlib.sha512(), codecs.getincrementaldecoder("utf-8")()
    size, some, only, utf8, tail = 0, False, True, True, b""
    for chunk in chunks:
        digest.update(chunk)
        size, tail = size + len(chunk), (tail + chunk[-ELF_TAIL:])[-ELF_TAIL:]
        # To the first one that decides: a kernel has millions of them.
        some, only = some or b"\0" in chunk, only and not chunk.lstrip(b"\0")
        try:
            utf8 = utf8 and decoder.decode(chunk) is not None
        except UnicodeDecodeError:
            utf8 = False
    try:
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        utf8 = False
    how_many = "none" if not some else "all" if only else "some"
    return Content(size, digest.hexdigest(), how_many, not tail.strip(b"\0"), utf8, tail[-1:] == b"\n")


def _seen(content: str | bytes | Content) -> Content:
    """Without a sum, which nobody needs of a text that is at hand."""
    if isinstance(content, Content):
        return content
    text = content.decode("latin-1") if isinstance(content, bytes) else content
    nul = "none" if _NUL not in text else "some" if text.strip(_NUL) else "all"
    return Content(len(text), "", nul, not text[-ELF_TAIL:].strip(_NUL))


def of(text: str | bytes | Content | None) -> str:
    """What is wrong with the content of a text file, to be put behind its name: ``is empty``...; empty if nothing is,
    or there is no file."""
    if text is None:
        return ""
    seen = _seen(text)
    if not seen.size:
        return "is empty"
    return {"none": "", "some": "holds NUL bytes", "all": "holds nothing but NUL bytes"}[seen.nul]


def by_power_cut(text: str | bytes | Content | None) -> str:
    """As ``of``, for a file that may well be empty."""
    return of(text) if text is not None and _seen(text).size else ""


def of_program(content: bytes | Content | None, is_elf: bool = False) -> str:
    """As ``of``, for what may well hold NUL. Only of an ELF file it is known that it does not end with many of them."""
    if content is None:
        return ""
    seen = _seen(content)
    if not seen.size or seen.nul == "all":
        return of(seen)
    return "ends with NUL bytes" if is_elf and seen.nul_tail else ""


def of_gzip(chunks: Iterable[bytes]) -> str:
    """As ``of``, for a gzip file that comes in these pieces. A boot loader would find out too late. The module ``look``
    says the same in words of its own."""
    data = zlib.decompressobj(31)
    try:
        for chunk in chunks:
            while chunk and not data.eof:
                data.decompress(chunk, CHUNK)
                chunk = data.unconsumed_tail
    except zlib.error as error:
        return no_gzip(str(error))
    return "" if data.eof else CUT_SHORT


def no_gzip(why: str) -> str:
    """``why`` in the words of zlib."""
    return f"is no gzip file or damaged ({why})"


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
