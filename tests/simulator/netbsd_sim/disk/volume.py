# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""File systems in a part of a file: made, found, filled and read.

Label, MBR and superblocks are in the file where the real ones are. The files of a file system are in it too, as an
archive behind the superblock: whatever copies, compresses or wipes the bytes of a disk does the same to its files.
While a file system is mounted its tree is a directory, and the archive is what it held before: the rest is in memory.
"""

from __future__ import annotations

import io
import os
import shutil
import stat
import struct
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import ffs, labels

FFS, EXT2, CD9660, MSDOS = "ffs", "ext2fs", "cd9660", "msdos"
# Where the archive begins in a partition: behind what any of these file systems has at its own beginning.
_ARCHIVE = 131072
_ARCHIVE_MAGIC = b"simulated-files "
_HEAD_BYTES = 512
_ISO = 16 * 2048


class Full(Exception):
    """There is no room in the file system."""


@dataclass(frozen=True)
class Span:
    """Bytes of a file that are a disk or a partition."""

    path: Path
    offset: int
    size: int

    def read(self, start: int, length: int) -> bytes:
        """What is there; NUL behind the end of the file."""
        length = max(0, min(length, self.size - start))
        with open(self.path, "rb") as stream:
            stream.seek(self.offset + start)
            return stream.read(length).ljust(length, b"\0")

    def write(self, start: int, data: bytes) -> None:
        """Nothing is written behind the end."""
        data = data[:max(0, self.size - start)]
        with open(self.path, "r+b") as stream:
            stream.seek(self.offset + start)
            stream.write(data)


# --- labels ----------------------------------------------------------------------------------------------------------


def read_label(disk: Span) -> labels.Label | None:
    """The disklabel of a whole disk."""
    place = labels.place(disk.read(0, 512).ljust(512, b"\0"))
    return labels.unpack(disk.read(place, 512)) or (labels.unpack(disk.read(512, 512)) if place != 512 else None)


def write_label(disk: Span, label: labels.Label) -> None:
    disk.write(labels.place(disk.read(0, 512).ljust(512, b"\0")), labels.pack(label))


# --- what is there ---------------------------------------------------------------------------------------------------


def find_ffs(span: Span) -> ffs.Ffs | None:
    """The FFS in a partition: the kernel looks at all places (ffs_vfsops.c, ffs_mountfs)."""
    for place in ffs.PLACES:
        found = ffs.read(span.read(place, ffs.SUPERBLOCK_BYTES), place)
        if found is not None:
            return found
    return None


def kind(span: Span) -> str | None:
    """Which file system a partition has."""
    if find_ffs(span):
        return FFS
    if span.read(1024 + 56, 2) == b"\x53\xef":
        return EXT2
    return CD9660 if span.read(_ISO, 6) == b"\x01CD001" else None


# --- making ----------------------------------------------------------------------------------------------------------


def make_ffs(span: Span, layout: ffs.Ffs, seconds: int) -> None:
    """An empty FFS: superblock, its copies, a root directory. Old superblocks go (sbin/newfs/mkfs.c,
    zap_old_sblock)."""
    for place in filter(None, ffs.PLACES):
        span.write(place, bytes(ffs.SUPERBLOCK_BYTES))
    block = ffs.superblock(layout, seconds)
    for sector in layout.backups():
        span.write(sector * ffs.SECTOR, block)
    span.write(ffs.PLACES[0 if layout.version == 2 else 1], block)
    _write_archive(span, empty_archive(seconds))


def mark(span: Span, directory: str, clean: bool, seconds: int) -> None:
    """Write where an FFS is mounted, and whether it is clean, into its superblock."""
    found = find_ffs(span)
    if found is not None:
        block = ffs.superblock(ffs.mounted(found, directory, clean), seconds)
        span.write(ffs.PLACES[0 if found.version == 2 else 1], block)


def make_ext2(span: Span, version: int, features: tuple[int, int, int], block: int, label: str, uuid: bytes,
              seconds: int) -> None:
    """An empty ext2, ext3 or ext4: its superblock (sys/ufs/ext2fs/ext2fs.h). `features` are compatible, incompatible
    and read-only compatible."""
    for place in filter(None, ffs.PLACES):
        span.write(place, bytes(ffs.SUPERBLOCK_BYTES))
    data = bytearray(1024)
    blocks = span.size // block
    struct.pack_into("<IIIIIII", data, 0, blocks // 4, blocks, blocks // 20, blocks - blocks // 50, blocks // 4 - 11,
                     int(block == 1024), (block // 1024).bit_length() - 1)
    struct.pack_into("<II", data, 44, 0, seconds)
    struct.pack_into("<HHH", data, 56, 0xEF53, 1, 1)
    struct.pack_into("<I", data, 76, version)
    struct.pack_into("<IH", data, 84, 11, 128 if version == 0 else 256)
    struct.pack_into("<III", data, 92, *features)
    data[104:120] = uuid
    data[120:136] = label.encode()[:16].ljust(16, b"\0")
    span.write(1024, bytes(data))
    _write_archive(span, empty_archive(seconds, lost_found=True))


def make_cd(span: Span) -> None:
    """An empty CD, for `pack`. What makefs(8) makes is a real one (cd.py)."""
    span.write(_ISO, b"\x01CD001")
    _write_archive(span, empty_archive(0))


# --- files -----------------------------------------------------------------------------------------------------------


def empty_archive(seconds: int, lost_found: bool = False) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, mode in [(".", 0o755)] + ([("./lost+found", 0o700)] if lost_found else []):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, mode, seconds
            archive.addfile(entry)
    return buffer.getvalue()


def _write_archive(span: Span, archive: bytes) -> None:
    data = zlib.compress(archive, 1)
    if _ARCHIVE + _HEAD_BYTES + len(data) > span.size:
        raise Full
    head = _ARCHIVE_MAGIC + f"{len(data)} {zlib.crc32(data)}\n".encode()
    span.write(_ARCHIVE, head.ljust(_HEAD_BYTES, b"\0") + data)


def _archive_head(span: Span) -> tuple[int, int] | None:
    """(length, checksum); None where no archive begins."""
    head = span.read(_ARCHIVE, _HEAD_BYTES)
    if not head.startswith(_ARCHIVE_MAGIC):
        return None
    length, checksum = (int(word) for word in head[len(_ARCHIVE_MAGIC):head.index(b"\n")].split())
    return length, checksum


def _read_archive(span: Span) -> bytes | None:
    """None for one that is damaged: the file system is then past mending."""
    head = _archive_head(span)
    if head is None:
        return None
    data = span.read(_ARCHIVE + _HEAD_BYTES, head[0])
    return zlib.decompress(data) if zlib.crc32(data) == head[1] and len(data) == head[0] else None


def unpack(span: Span, target: Path) -> bool:
    """Make the tree in a directory that is not there yet. False if what is on the disk cannot be read."""
    archive = _read_archive(span)
    if archive is None:
        return False
    target.mkdir()
    with tarfile.open(fileobj=io.BytesIO(archive)) as stream:
        # Python's own care for what an archive may hold would leave modes and links away.
        stream.extraction_filter = getattr(tarfile, "fully_trusted_filter", None)
        members = stream.getmembers()
        for member in members:
            try:
                stream.extract(member, target, numeric_owner=True, set_attrs=not member.isdir())
            except PermissionError:  # one user only: whose it is stands in the archive
                continue
        for member in reversed(members):
            if member.isdir():
                place = target / member.name
                place.chmod(member.mode)
                os.utime(place, (member.mtime, member.mtime))
    return True


def pack(span: Span, tree: Path) -> bool:
    """Put a tree on the disk. False, and nothing is written, if no file system of ours is there any more. Raises
    Full."""
    if kind(span) is None or _archive_head(span) is None:
        return False
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.add(tree, ".", filter=_plain)
    _write_archive(span, buffer.getvalue())
    return True


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Numbers only; no sockets and pipes, and nothing of the simulator's own."""
    member.uname = member.gname = ""
    if member.name == "./.sim":
        return None
    return member if member.isreg() or member.isdir() or member.issym() or member.islnk() else None


def used(tree: Path, fragment: int, block: int) -> tuple[int, int]:
    """(files, bytes) that a tree takes in a file system with such fragments and blocks: indirect blocks too."""
    files = taken = 0
    seen = set()
    for path, found in walk(tree):
        if found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode):
            if found.st_ino in seen:
                continue
            seen.add(found.st_ino)
        files += 1
        size = found.st_size
        if stat.S_ISDIR(found.st_mode):
            size = 512
        elif stat.S_ISLNK(found.st_mode) or path.parent.name == "dev":
            continue
        taken += -(-size // fragment) * fragment
        if size > 12 * block:
            taken += -(-(size - 12 * block) // (block * (block // 8))) * block
    return files, taken


def walk(tree: Path) -> Iterator[tuple[Path, os.stat_result]]:
    yield tree, tree.lstat()
    for directory, names, files in os.walk(tree):
        for name in [*names, *files]:
            path = Path(directory, name)
            yield path, path.lstat()


@dataclass(frozen=True)
class File:
    """What a file system has under a name; `content` is None for what is no file. Mode without the kind."""

    mode: int
    uid: int
    content: bytes | None = None
    link: str = ""

    @property
    def is_dir(self) -> bool:
        return self.content is None and not self.link


def files(span: Span) -> dict[str, File] | None:
    """All that is in a file system, by path without a leading slash; None if it cannot be read."""
    archive = _read_archive(span)
    if archive is None:
        return None
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as stream:
        for member in stream:
            data = stream.extractfile(member) if member.isreg() or member.islnk() else None
            found[member.name.removeprefix("./")] = File(
                member.mode & 0o7777, member.uid, None if data is None else data.read(),
                member.linkname if member.issym() else "")
    return found


def written(span: Span) -> dict[str, tuple[int, float]]:
    """The files that are on the disk, with size and time: what a mounted tree has beside them is in memory."""
    archive = _read_archive(span)
    if archive is None:
        return {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as stream:
        return {member.name.removeprefix("./"): (member.size, member.mtime) for member in stream if member.isreg()}


def count(span: Span) -> tuple[int, int] | None:
    """(files, bytes) that an FFS that nobody has mounted holds, with its root directory; None for a damaged one."""
    archive, layout = _read_archive(span), find_ffs(span)
    if archive is None or layout is None:
        return None
    taken = 0
    files = set()
    with tarfile.open(fileobj=io.BytesIO(archive)) as stream:
        for member in stream:
            files.add(member.name)
            if member.isdir() or (member.isreg() and "/dev/" not in member.name):
                size = 512 if member.isdir() else member.size
                taken += -(-size // layout.fsize) * layout.fsize
    return len(files), taken


def remove(tree: Path) -> None:
    """Delete a tree whatever modes it has."""
    for directory, names, _files in os.walk(tree):
        for name in names:
            path = os.path.join(directory, name)
            if not os.path.islink(path):
                os.chmod(path, 0o700)
    shutil.rmtree(tree, ignore_errors=True)
