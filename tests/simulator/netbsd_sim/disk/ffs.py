# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How newfs(8) lays out an FFS, and its superblock as bytes.

Numbers: sbin/newfs/newfs.c 1.115 and mkfs.c 1.128 (NetBSD 7.99.10), sys/ufs/ffs/fs.h; record from-sets (newfs,
fsck-empty).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

SECTOR = 512
UFS1_MAGIC, UFS2_MAGIC = 0x011954, 0x19540119
# Where a superblock may be, in the order in which the kernel looks (fs.h, SBLOCKSEARCH).
PLACES = (65536, 8192, 0, 262144)
_PLACE = {1: 8192, 2: 65536}
SUPERBLOCK_BYTES = 8192
_MAGIC_AT = 1372
_CLEAN_AT, _MOUNTED_AT, _MOUNTED_LENGTH = 209, 212, 468
_LEAST_GROUPS = 4
_CG_BYTES = 168 + 4 + 4 + 2  # struct cg, and what CGSIZE_IF adds for one old cylinder
_MEGABYTE = 1024.0 * 1024.0


class TooSmall(Exception):
    """newfs says so and ends with 23."""


@dataclass(frozen=True)
class Ffs:
    """A layout. `size`, `fpg` and the block numbers are in fragments, bsize and fsize in bytes."""

    version: int
    bsize: int
    fsize: int
    size: int
    sblkno: int
    cblkno: int
    iblkno: int
    dblkno: int
    ncg: int
    fpg: int
    ipg: int
    dsize: int
    cssize: int
    free_blocks: int
    free_frags: int
    mounted_on: str = ""
    clean: bool = True

    @property
    def frag(self) -> int:
        return self.bsize // self.fsize

    @property
    def sectors(self) -> int:
        return self.size * (self.fsize // SECTOR)

    def backups(self) -> list[int]:
        """The sectors of the superblock's copies, one in each cylinder group (cgsblock)."""
        return [(group * self.fpg + self.sblkno) * (self.fsize // SECTOR) for group in range(self.ncg)]

    def free(self, frags_used: int) -> tuple[int, int, int]:
        """What is free beside so many fragments: all, as loose fragments, and as whole blocks."""
        loose, blocks = self.free_frags, self.free_blocks
        left = loose + blocks * self.frag - frags_used
        loose = (loose - frags_used) % self.frag + self.frag * (frags_used <= self.frag)
        return left, min(loose, left), (left - min(loose, left)) // self.frag


def _up(number: int, step: int) -> int:
    return -(-number // step) * step


def layout(sectors: int, version: int, bsize: int = 0, fsize: int = 0, density: int = 0) -> Ffs:
    """What newfs makes of a partition. Raises TooSmall with its words."""
    if not fsize:
        fsize = bsize // 8 or (512 if sectors < 40960 else 1024 if sectors < 2048000 else
                               2048 if sectors < 268435456 else 4096)
    bsize = bsize or 8 * fsize
    density = density or 4 * fsize
    frag, size = bsize // fsize, sectors // (fsize // SECTOR)
    inopb = bsize // (128 if version < 2 else 256)
    contig = min(max(1, 65536 // bsize), 16)
    sblkno = _up(-(-(_PLACE[version] + SUPERBLOCK_BYTES) // fsize), frag)
    cblkno = sblkno + _up(-(-SUPERBLOCK_BYTES // fsize), frag)
    iblkno = cblkno + frag
    if size < iblkno + 3 * frag:
        raise TooSmall(f"Filesystem size {size} < minimum size of {iblkno + 3 * frag}")

    def group_bytes(inodes: int, frags: int) -> int:
        """CGSIZE_IF"""
        clusters = contig * 4 + -(-(frags // frag) // 8) if contig > 1 else 0
        old = 1 if version < 2 else 0
        return _CG_BYTES - 6 * (1 - old) + -(-inodes // 8) + -(-frags // 8) + clusters

    inode_blocks = (size - iblkno) // (frag + max(density * inopb // fsize, 1)) or 1
    inode_blocks = min(inode_blocks, (size - iblkno) // frag - 2)
    if inode_blocks * inopb >= 1 << 31:
        inode_blocks = ((1 << 31) - 8) // inopb
    nothing, everything = group_bytes(0, 0), group_bytes(inode_blocks * inopb, size)
    ncg = -(-(everything - nothing) // (bsize - nothing))
    if ncg < _LEAST_GROUPS:
        ncg = max(ncg, size // 2 // (iblkno + inode_blocks * frag))
        ncg = min(ncg, _LEAST_GROUPS, inode_blocks)
    fpg = _up(_up(-(-size // ncg), frag), 8)
    per_group = (inode_blocks - 1) // ncg + 1
    over = group_bytes(per_group * inopb, fpg) - bsize
    if over > 0:
        fpg -= over * 8
        ncg = -(-size // fpg)
        per_group = (inode_blocks - 1) // ncg + 1
    dblkno = iblkno + per_group * frag
    last = size - fpg * (ncg - 1)
    if last < dblkno:
        ncg -= 1
        size -= last
    cssize = _up(ncg * 16, fsize)
    summary = cssize // fsize
    dsize = size - sblkno - ncg * (dblkno - sblkno)
    blocks = dsize // frag - -(-summary // frag) - 1  # one for the root directory
    loose = size % frag + (frag - summary % frag if summary % frag else 0) + frag - 1
    return Ffs(version, bsize, fsize, size, sblkno, cblkno, iblkno, dblkno, ncg, fpg, per_group * inopb,
               dsize - summary, cssize, blocks, loose)


def told(ffs: Ffs, special: str) -> str:
    """What newfs prints of it at its usual verbosity (mkfs.c; record newfs; outputs newfs-raid0): the copies' sectors
    in one line, and a dot for some of those that no longer fit."""
    lines = [f"{special}: {ffs.size * ffs.fsize / _MEGABYTE:.1f}MB ({ffs.sectors} sectors) block size {ffs.bsize}, "
             f"fragment size {ffs.fsize}",
             f"\tusing {ffs.ncg} cylinder groups of {ffs.fpg * ffs.fsize / _MEGABYTE:.2f}MB, {ffs.fpg // ffs.frag} "
             f"blks, {ffs.ipg} inodes.", "super-block backups (for fsck_ffs -b #) at:"]
    sectors = ffs.backups()
    row = f"{sectors[0]},"
    written = 1
    while written < len(sectors) and len(row) + len(row.rpartition(" ")[2]) + 1 < 80:
        row += f" {sectors[written]},"
        written += 1
    lines.append(row)
    left = len(sectors) - written
    if left:
        step, column, dots = 80 * 65536 // left, 0, 0
        for _group in range(left):
            column += step
            dots += (column - 1) // 65536
            column -= (column - 1) // 65536 * 65536
        lines.append("." * dots)
    return "\n".join(lines) + "\n"


# --- bytes -----------------------------------------------------------------------------------------------------------

_FIRST = struct.Struct("<4x4x16i")  # fs_sblkno ... fs_old_rps


def superblock(ffs: Ffs, seconds: int) -> bytes:
    """The superblock as it is on the disk; what nobody here reads is zero."""
    old = ffs.version < 2
    block = bytearray(SUPERBLOCK_BYTES)
    _FIRST.pack_into(block, 0, ffs.sblkno, ffs.cblkno, ffs.iblkno, ffs.dblkno, 0, -1, seconds if old else 0,
                     ffs.size if old else 0, ffs.dsize if old else 0, ffs.ncg, ffs.bsize, ffs.fsize, ffs.frag, 5, 0,
                     60 if old else 0)
    struct.pack_into("<iiii", block, 72, -ffs.bsize, -ffs.fsize, ffs.bsize.bit_length() - 1,
                     ffs.fsize.bit_length() - 1)
    struct.pack_into("<ii", block, 96, ffs.frag.bit_length() - 1, (ffs.fsize // SECTOR).bit_length() - 1)
    struct.pack_into("<i", block, 104, 2048)
    struct.pack_into("<ii", block, 116, ffs.bsize // (4 if old else 8), ffs.bsize // (128 if old else 256))
    struct.pack_into("<ii", block, 144, seconds, ffs.size & 0x7FFFFFFF)
    struct.pack_into("<ii", block, 156, ffs.cssize, ffs.bsize)
    struct.pack_into("<ii", block, 184, ffs.ipg, ffs.fpg)
    block[_CLEAN_AT] = int(ffs.clean)
    block[211] = 0x80  # FS_FLAGS_UPDATED
    name = ffs.mounted_on.encode()[:_MOUNTED_LENGTH - 1]
    block[_MOUNTED_AT:_MOUNTED_AT + len(name)] = name
    struct.pack_into("<q", block, 1000, _PLACE[ffs.version])
    struct.pack_into("<qqqq", block, 1008, 1, ffs.free_blocks, 0, ffs.free_frags)
    struct.pack_into("<qqqq", block, 1072, seconds, ffs.size, ffs.dsize, ffs.dblkno)
    struct.pack_into("<I", block, _MAGIC_AT, UFS1_MAGIC if old else UFS2_MAGIC)
    return bytes(block)


def read(block: bytes, place: int) -> Ffs | None:
    """The layout of which a superblock tells, or None if these bytes are none for that place (sys/ufs/ffs/
    ffs_vfsops.c, ffs_mountfs)."""
    if len(block) < _MAGIC_AT + 4:
        return None
    version = {UFS1_MAGIC: 1, UFS2_MAGIC: 2}.get(struct.unpack_from("<I", block, _MAGIC_AT)[0])
    if version is None or place != _PLACE[version]:
        return None
    values = _FIRST.unpack_from(block)
    bsize, fsize = values[10:12]
    if not 4096 <= bsize <= 65536 or not 512 <= fsize <= bsize:
        return None
    size, dsize = struct.unpack_from("<qq", block, 1080)
    blocks, _inodes, frags = struct.unpack_from("<qqq", block, 1016)
    ipg, fpg = struct.unpack_from("<ii", block, 184)
    name = block[_MOUNTED_AT:_MOUNTED_AT + _MOUNTED_LENGTH].split(b"\0")[0].decode(errors="replace")
    sblkno, cblkno, iblkno, dblkno = values[:4]
    return Ffs(version, bsize, fsize, size, sblkno, cblkno, iblkno, dblkno, values[9], fpg, ipg, dsize,
               struct.unpack_from("<i", block, 156)[0], blocks, frags, name, block[_CLEAN_AT] == 1)


def mounted(ffs: Ffs, directory: str, clean: bool) -> Ffs:
    """The same, last mounted there."""
    return replace(ffs, mounted_on=directory, clean=clean)
