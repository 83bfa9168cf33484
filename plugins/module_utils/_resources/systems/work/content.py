# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a guest's disk holds. A disk that holds anything is never written, and anything is a single byte that is not
zero in its first or its last megabyte. Reads only."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ...._change import NotRead
from ...._formats.install import disk_content, ext, partitions
from ...._host import Host

MISSING, NOTHING, HOLDS, UNFIT, UNKNOWN = "missing", "nothing", "holds", "unfit", "unknown"
LOOKED_AT = 1 << 20
# From the beginning of a file system, as much as says where it was mounted last.
_BEGINNING = 1 << 17
_WORD_LETTERS = 12


@dataclass(frozen=True)
class Content:
    """``kind`` is MISSING, NOTHING (no byte that is not zero), HOLDS, UNFIT
    for what is no file, or UNKNOWN where only the machine itself can tell; ``size`` in bytes;
    ``words`` what is known of it; ``mark`` the name in its label, ``mounted_on`` where the file system in
    its first partition was mounted last; ``word`` a digest of all that was looked at."""

    kind: str
    size: int = 0
    words: str = ""
    mark: str = ""
    mounted_on: str = ""
    word: str = ""


def look(host: Host, path: str) -> Content:
    """What is on a disk. Raises XenError if it can't be read."""
    found = host.stat(path)
    if found is None:
        return Content(MISSING)
    if found.kind != "file":
        return Content(UNFIT, words="a device" if found.kind in ("block", "char") else f"a {found.kind}")
    try:
        stream = host.open_file(path)
    except NotRead:
        return Content(UNKNOWN, found.size)
    with stream:
        head = stream.read(LOOKED_AT)
        stream.seek(max(0, found.size - LOOKED_AT))
        tail = stream.read(LOOKED_AT)
        stream.seek(_start(head))
        inside = stream.read(_BEGINNING)
    return of(head, tail, found.size, inside, found.modified)


def _start(head: bytes) -> int:
    """Where the first file system of a disk begins, in bytes: as its label or its table says, else with the disk."""
    label = disk_content.label(head)
    sector = label.partitions.get("a", (0, 0))[0] if label else partitions.first_start(head)
    return sector * disk_content.SECTOR


def of(head: bytes, tail: bytes, size: int, inside: bytes, modified: float = 0.0) -> Content:
    """What a disk of ``size`` bytes with these first and last bytes holds; ``inside`` are the first ones of its first
    file system. Pure.

    ``modified`` is when dom0 itself wrote to it last: one image on it twice is the same twice, and the word for the
    first must not be that for the second.
    """
    if not any(head) and not any(tail):
        return Content(NOTHING, size)
    digest = hashlib.sha256(head + tail + f"{size} {modified!r}".encode())
    label = disk_content.label(head)
    known = disk_content.described(head)
    return Content(
        HOLDS,
        size,
        " and ".join(known) if known else "data",
        disk_content.end_marked(tail) or disk_content.end_marked(head) or (label.mark if label else ""),
        disk_content.ffs_mounted_on(inside) or _ext_mounted_on(inside),
        digest.hexdigest()[:_WORD_LETTERS],
    )


def _ext_mounted_on(inside: bytes) -> str:
    """Where the ext file system that begins with these was mounted for writing; empty if it never was."""
    block = ext.superblock(inside[:2048])
    return (block.last_mounted or "/") if block and block.mounts else ""


def clear(host: Host, path: str, size: int, mark: str) -> None:
    """Have a disk hold nothing that anybody would find but a label with this mark, which is there first: whatever
    breaks off from then on, it is ours. Raises XenError."""
    label = disk_content.empty_label(mark)
    host.write_within(path, disk_content.LABEL_AT, label)
    host.write_within(path, 0, bytes(disk_content.LABEL_AT))
    rest = disk_content.LABEL_AT + len(label)
    host.write_within(path, rest, bytes(min(LOOKED_AT, size) - rest))
    host.write_within(path, max(rest, size - LOOKED_AT), bytes(min(LOOKED_AT, size - rest)))
