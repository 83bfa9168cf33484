# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Files that appear complete or not at all: written beside their place, synced, renamed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from typing import BinaryIO

# How the name of a file ends that is not at its place yet. Nobody else's name does.
UNFINISHED = ".netbsd_xen"


def replace(path: str, content: bytes | BinaryIO, mode: int, keep_mode: bool = True) -> None:
    """Put content to ``path`` in one step. With ``keep_mode`` a file that is there keeps its mode and its owner.

    What runs that were killed have left behind on the way there is removed first. Raises OSError.
    """
    for abandoned in leftovers(path):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(abandoned)
    with beside(path) as (temporary, stream):
        if isinstance(content, bytes):
            stream.write(content)
        else:
            shutil.copyfileobj(content, stream, 1 << 20)
        stream.flush()
        os.fsync(stream.fileno())
        old = _stat(path)
        if old is not None and keep_mode:
            mode = stat.S_IMODE(old.st_mode)
            os.chown(temporary, old.st_uid, old.st_gid)
        os.chmod(temporary, mode)
        os.rename(temporary, path)
    sync_directory(os.path.dirname(path) or ".")


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


@contextlib.contextmanager
def beside(path: str) -> Iterator[tuple[str, BinaryIO]]:
    """A new file in the directory of ``path``: its name, and a stream into it. At the end it is gone, unless it was
    renamed."""
    folder, name = os.path.split(path)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=UNFINISHED, dir=folder or ".")
    with os.fdopen(descriptor, "wb") as stream:
        # Until it is closed, leftovers() sees that somebody works on it.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield temporary, stream
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)


def leftovers(path: str) -> list[str]:
    """The files that runs which were killed have left behind on their way to ``path``."""
    folder, name = os.path.split(path)
    return [os.path.join(folder, entry) for entry in unfinished(folder or ".") if is_left_of(entry, name)]


def is_left_of(entry: str, name: str) -> bool:
    """Whether this is the name of a file on its way to another name."""
    return re.match(re.escape(f".{name}.") + "[a-z0-9_]+" + re.escape(UNFINISHED) + r"\Z", entry) is not None


def unfinished(folder: str) -> list[str]:
    """The names of all files in a directory that runs which were killed have left behind."""
    try:
        names = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return []
    ours = [entry for entry in names if entry.startswith(".") and entry.endswith(UNFINISHED)]
    return [entry for entry in ours if _is_abandoned(os.path.join(folder, entry))]


def _is_abandoned(path: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def sync_directory(folder: str) -> None:
    """The rename itself must survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        pass  # some file systems can't sync a directory; the file itself is safe
    finally:
        os.close(descriptor)


def create_sparse(path: str, size: int, mode: int) -> None:
    """A new file of ``size`` bytes that takes no space yet. Raises OSError, FileExistsError among them."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        os.ftruncate(descriptor, size)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_directory(os.path.dirname(path) or ".")


def write_within(path: str, at: int, content: bytes) -> None:
    """Write over a part of a file, which must be there, and have it on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.lseek(descriptor, at, os.SEEK_SET)
        while content:
            content = content[os.write(descriptor, content) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
