# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A package of Debian's: an ar(5) archive of ``debian-binary``, ``control.tar*`` and ``data.tar*`` (deb(5)). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAGIC = b"!<arch>\n"
_HEAD, _END = 60, b"`\n"
DATA, CONTROL = "data.tar", "control.tar"


@dataclass(frozen=True)
class Member:
    """One file of an ar archive: where its content begins in the archive and how long it is, in bytes."""

    name: str
    at: int
    size: int


def members(stream: BinaryIO) -> Iterator[Member]:
    """The members of an archive, from a stream at its beginning that can seek. Raises ValueError, with what is wrong in
    words, for anything else."""
    if stream.read(len(MAGIC)) != MAGIC:
        raise ValueError("is no .deb (no ar archive)")
    at = len(MAGIC)
    while True:
        head = stream.read(_HEAD)
        if not head:
            return
        name, size = head[:16].decode("ascii", "replace").strip().rstrip("/"), head[48:58].strip()
        if len(head) < _HEAD or head[58:] != _END or not size.isdigit():
            raise ValueError("is a damaged .deb")
        at += _HEAD
        yield Member(name, at, int(size))
        # Each begins at an even place.
        at += int(size) + int(size) % 2
        stream.seek(at)


def data(stream: BinaryIO) -> Member:
    """Where its files are. Raises ValueError as ``members`` does."""
    found = next((member for member in members(stream) if member.name.startswith(DATA)), None)
    if found is None:
        raise ValueError("is no .deb (no data.tar in it)")
    return found
