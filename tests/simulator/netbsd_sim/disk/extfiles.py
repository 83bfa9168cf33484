# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of an ext file system that the real mke2fs has made (see ``system/extfs.py``), as debugfs(8) reads them,
and what a kernel writes when it mounts it."""

from __future__ import annotations

import os
import shutil
import stat
import struct
import subprocess
import tempfile
from pathlib import Path

from .volume import EXT2, File, Span, kind

_SEARCHED = "/usr/sbin:/sbin:/usr/bin:/bin"
_SUPERBLOCK, _MOUNTS, _LAST_MOUNTED = 1024, 52, 136


def files(span: Span) -> dict[str, File] | None:
    """All that is in it, by path without a leading slash; None if it is no such file system, or cannot be read."""
    program = "/.sim/bin/debugfs" if os.path.exists("/.sim/bin/debugfs") else shutil.which("debugfs", path=_SEARCHED)
    if kind(span) != EXT2 or not program:
        return None
    with tempfile.TemporaryDirectory() as folder:
        argv = [program, "-R", f"rdump / {folder}", f"{span.path}?offset={span.offset}"]
        subprocess.run(argv, capture_output=True, timeout=120, check=False, stdin=subprocess.DEVNULL)
        root = Path(folder)
        found = {}
        for directory, names, others in os.walk(root):
            for name in [*names, *others]:
                path = Path(directory, name)
                found[str(path.relative_to(root))] = _file(path)
    return found or None


def _file(path: Path) -> File:
    seen = path.lstat()
    mode = stat.S_IMODE(seen.st_mode)
    if stat.S_ISLNK(seen.st_mode):
        return File(mode, 0, link=os.readlink(path))
    return File(mode, 0, path.read_bytes() if stat.S_ISREG(seen.st_mode) else None)


def mounted(span: Span) -> None:
    """A kernel counts each mount for writing, and notes where (Linux fs/ext4/super.c, ext4_setup_super)."""
    (count,) = struct.unpack("<H", span.read(_SUPERBLOCK + _MOUNTS, 2))
    span.write(_SUPERBLOCK + _MOUNTS, struct.pack("<H", (count + 1) & 0xFFFF))
    span.write(_SUPERBLOCK + _LAST_MOUNTED, b"/".ljust(64, b"\0"))
