# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Linux' file systems as mke2fs(8) shall make them, and what a disk's bytes say of one.

What dom0's mke2fs would choose by itself is newer than many a guest: a kernel, an e2fsck or a boot loader that does not
know one of the features refuses the whole file system. So each feature is named, and none is taken that came late:
``64bit`` and ``metadata_csum`` (e2fsprogs 1.43), ``orphan_file`` and ``metadata_csum_seed`` (1.47; Linux 5.15), which
neither GRUB nor pygrub's own reader (xen tools/libfsimage/ext2fs) took from the beginning.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_EXT2 = ("ext_attr", "resize_inode", "dir_index", "filetype", "sparse_super", "large_file")
_EXT3 = (*_EXT2, "has_journal")
# As Linux 2.6.28 had them, the first one with ext4.
_EXT4 = (*_EXT3, "extent", "flex_bg", "huge_file", "uninit_bg", "dir_nlink", "extra_isize")
_FEATURES = {"ext2": _EXT2, "ext3": _EXT3, "ext4": _EXT4}
FILE_SYSTEMS = tuple(_FEATURES)
# Larger ones came with ext4 (e2fsprogs 1.41 made them the default); older loaders read 128 bytes only.
_INODE_BYTES = {"ext2": 128, "ext3": 128, "ext4": 256}
# What it takes beside its files: its journal, inode tables, and the blocks that are root's.
_FIXED_BYTES, _SPARE = 160 << 20, 1.25
SUPERBLOCK_AT = 1024
_MAGIC = 0xEF53


def mke2fs_options(file_system: str) -> list[str]:
    """The options of mke2fs that make a file system with these features and no others."""
    features = ",".join(["none", *_FEATURES[file_system]])
    return ["-t", file_system, "-O", features, "-I", str(_INODE_BYTES[file_system])]


def least_bytes(content: int) -> int:
    """The smallest disk for files of so many bytes, in bytes."""
    return int(content * _SPARE) + _FIXED_BYTES


@dataclass(frozen=True)
class Superblock:
    """``last_mounted`` is the directory where it was mounted last, empty if it never was; ``mounts`` how often it was
    mounted for writing since it was checked."""

    uuid: str
    label: str
    last_mounted: str
    mounts: int


def superblock(content: bytes) -> Superblock | None:
    """What the superblock of an ext file system says (Linux fs/ext4/ext4.h); None if there is none. ``content`` are
    the file system's first 2048 bytes."""
    block = content[SUPERBLOCK_AT:]
    if len(block) < 264 or struct.unpack_from("<H", block, 56)[0] != _MAGIC:
        return None
    digits = block[104:120].hex()
    uuid = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    return Superblock(uuid, _text(block[120:136]), _text(block[136:200]), struct.unpack_from("<H", block, 52)[0])


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "replace")
