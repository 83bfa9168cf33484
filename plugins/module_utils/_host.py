# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The one door to the machine: run an argument list, read a file, write a file atomically."""

from __future__ import annotations

import contextlib
import os
import stat
import tarfile
import zlib
from collections.abc import Callable, Iterable
from typing import BinaryIO

from . import _atomic, _kept, _unpacking
from ._change import XenError
from ._formats.system import damage
from ._reading import COMMAND_SECONDS, FileStat, Names, Reading

__all__ = ["COMMAND_SECONDS", "FileStat", "Host", "Names"]

# From how many files on the disk is given time to sort them.
MANY_FILES = 100


class Host(Reading):
    """This machine, to be looked at and to be changed."""

    def write_text(self, path: str, text: str, mode: int = 0o644, backup: bool = False) -> None:
        """Replace a file in one step, or leave it as it was. A symbolic link stays, and its target is written.

        The text goes to a temporary file beside it, is synced and renamed over it. Mode and owner of an existing file
        are kept, else ``mode`` holds. The first content ever found is kept (``_kept``); with ``backup`` the last one
        is too, as ``PATH.prev``. Raises XenError if that can't be done, for example on a full disk.
        """
        try:
            _kept.keep(path)
            if backup:
                self._keep_last(path)
            _atomic.replace(os.path.realpath(path), text.encode("utf-8", "surrogateescape"), mode)
        except OSError as error:
            raise XenError(f"{path} can't be written: {error.strerror}. It is unchanged.") from error

    def copy_file(self, source: str, path: str, mode: int, keep: bool = True) -> None:
        """Copy a file's content to ``path`` in one step; the target appears complete or not at all. Unless the caller
        keeps it himself, the first content found there is kept (``_kept``)."""
        try:
            if keep and source != path:
                _kept.keep(path)
            with open(source, "rb") as stream:
                _atomic.replace(path, stream, mode, keep_mode=False)
        except OSError as error:
            raise XenError(f"{source} can't be copied to {path}: {error.strerror}. The target is unchanged.") from error

    def write_stream(self, stream: BinaryIO, path: str, mode: int, keep: bool = True) -> None:
        """Put all that a stream gives to ``path`` in one step; otherwise as ``copy_file``."""
        try:
            if keep:
                _kept.keep(path)
            _atomic.replace(path, stream, mode, keep_mode=False)
        except OSError as error:
            raise XenError(f"{path} can't be written: {error.strerror}. It is unchanged.") from error

    def set_mode(self, path: str, mode: int) -> None:
        """Give a file other permission bits, and have them on the disk: its content stays as it is."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            try:
                os.fchmod(descriptor, mode)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise XenError(f"{path} can't get mode {mode:04o}: {error.strerror}") from error

    def make_dir(self, path: str, mode: int = 0o755) -> None:
        """Create a directory and its parents; one that is there is left as it is."""
        try:
            os.makedirs(path, mode=mode, exist_ok=True)
        except OSError as error:
            raise XenError(f"The directory {path} can't be created: {error.strerror}") from error

    def rename(self, source: str, path: str, keep: bool = False) -> None:
        """Rename a file over another in one step; ``keep``: see ``copy_file``."""
        try:
            if keep:
                _kept.keep(path)
            os.rename(source, path)
            _atomic.sync_directory(os.path.dirname(path) or ".")
        except OSError as error:
            raise XenError(f"{source} can't be renamed to {path}: {error.strerror}") from error

    def remove(self, path: str, keep: bool = False) -> None:
        """Remove a file; one that is not there is no error. ``keep``: see ``copy_file``."""
        try:
            if keep:
                _kept.keep(path)
            os.unlink(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise XenError(f"{path} can't be removed: {error.strerror}") from error

    def remove_dir(self, path: str) -> None:
        """Remove an empty directory; one that is not there is no error."""
        try:
            os.rmdir(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise XenError(f"The directory {path} can't be removed: {error.strerror}") from error

    def sync(self, paths: Iterable[str]) -> int:
        """Bring to the disk what other programs wrote: files, and directories, whose names and sizes it is. Links and
        devices have no content, and what is gone needs none. Returns how many there were.

        One by one, because sync(2) only schedules the writing (NetBSD sync(2)). Of many files that is done first, so
        that the disk gets them in its own order: 3000 new ones take 2.5 s after it, and 13 s without. Where a file
        system can't sync a directory its files are safe all the same. Raises XenError if the disk does not take a file.
        """
        named, count = list(paths), 0
        if len(named) > MANY_FILES:
            os.sync()
        for path in named:
            try:
                kind = os.lstat(path).st_mode
                if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
                    continue
                descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            except (OSError, ValueError):
                continue
            try:
                os.fsync(descriptor)
            except OSError as error:
                if stat.S_ISREG(kind):
                    raise XenError(f"{path} does not get to the disk: {error.strerror}") from error
            finally:
                os.close(descriptor)
            count += 1
        return count

    def create_sparse(self, path: str, size: int, mode: int = 0o600) -> None:
        """Create a file of ``size`` bytes that takes no space yet. Raises XenError, and leaves it alone, if one is
        there."""
        try:
            _atomic.create_sparse(path, size, mode)
        except OSError as error:
            raise XenError(f"The disk file {path} can't be created: {error.strerror}") from error

    def unpack(self, archive: str, folder: str, told: Callable[[int], None]) -> None:
        """Unpack a tarball into a directory (see ``_unpacking``). Raises XenError."""
        with self.open_file(archive) as stream:
            try:
                _unpacking.unpack(stream, folder, told)
            except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
                raise XenError(f"{archive} can't be unpacked into {folder}: {error}") from error

    def write_within(self, path: str, at: int, content: bytes) -> None:
        """Write over a part of a file or disk, from byte ``at`` on, and have it there. Raises XenError."""
        try:
            _atomic.write_within(path, at, content)
        except OSError as error:
            raise XenError(f"{path} can't be written: {error.strerror}") from error

    def _keep_last(self, path: str) -> None:
        """Keep the content of a file as PATH.prev, unless a power cut has been at it."""
        found = self.stat(path)
        if found is None or damage.is_worse(self.read_bytes(path), [self.read_bytes(path + ".prev")]):
            return
        with open(path, "rb") as stream:
            _atomic.replace(path + ".prev", stream, found.mode, keep_mode=False)

    def beside(self, path: str) -> contextlib.AbstractContextManager[tuple[str, BinaryIO]]:
        """A new file in the directory of ``path``, for what shall get to ``path``: its name, and a stream into it. At
        the end it is gone, unless it was renamed."""
        return _atomic.beside(path)
