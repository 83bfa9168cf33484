# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The one door to the machine: run an argument list, read a file, write a file atomically."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from . import _atomic
from ._change import CommandFailed, XenError
from ._command import Result, run
from ._formats.system import damage

COMMAND_SECONDS = 30.0
# From how many files on the disk is given time to sort them.
MANY_FILES = 100
# What uname -p says (hw.machine_arch), by uname -m, for NetBSD's x86 ports.
_PROCESSORS = {"amd64": "x86_64"}


@dataclass(frozen=True)
class FileStat:
    """What is at a path. ``kind`` is file, directory, block, char, link or other; ``size`` in bytes; ``mode`` the
    permission bits; ``major`` and ``minor`` only for device nodes; ``modified`` is when its content was last written,
    in seconds since 1970. What it is under any name: ``inode`` on the file system ``device`` (``MAJOR,MINOR``)."""

    kind: str
    size: int
    mode: int
    uid: int
    gid: int
    major: int = 0
    minor: int = 0
    modified: float = 0.0
    inode: int = 0
    device: str = ""


_KINDS = (
    (stat.S_ISREG, "file"),
    (stat.S_ISDIR, "directory"),
    (stat.S_ISBLK, "block"),
    (stat.S_ISCHR, "char"),
    (stat.S_ISLNK, "link"),
)


def _device(number: int) -> tuple[int, int]:
    """Major and minor number. What lies on no device, as all below /kern, has NODEV, -1, which os.major refuses."""
    unsigned = number & 0xFFFFFFFFFFFFFFFF
    return os.major(unsigned), os.minor(unsigned)


class Host:
    """This machine. Every command that was run is kept in ``commands`` for the module's result.

    With ``one_look`` the machine is only read, as it is at one moment: a command that several readers need is run once.
    """

    def __init__(self, one_look: bool = False) -> None:
        self.commands: list[dict[str, Any]] = []
        self.system = os.uname().sysname
        self.processor = _PROCESSORS.get(os.uname().machine, os.uname().machine)
        self.release = os.uname().release
        self._seen: dict[tuple[str, ...], Result] | None = {} if one_look else None

    # -- commands ----------------------------------------------------------------------------------------------------

    def run(
        self,
        argv: Sequence[str],
        timeout: float = COMMAND_SECONDS,
        ok: Sequence[int] = (0,),
        cwd: str = "/",
        env: Mapping[str, str] | None = None,
        stdin: str = "",
    ) -> Result:
        """Run an argument list in ``cwd`` with the C locale, ``stdin`` as its input and a time limit in seconds.

        ``env`` comes over the few variables that every command gets; nothing of our own environment is passed on.
        Raises CommandFailed if it can't be started, does not end in time, or ends with a status that is not in ``ok``.
        """
        result = self.try_run(argv, timeout, cwd, env, stdin)
        if result.rc not in ok:
            raise CommandFailed(
                f"{' '.join(argv)} failed with exit status {result.rc}: {result.tail or 'it printed nothing'}",
                command=list(argv),
                rc=result.rc,
                output=result.tail,
            )
        return result

    def try_run(
        self,
        argv: Sequence[str],
        timeout: float = COMMAND_SECONDS,
        cwd: str = "/",
        env: Mapping[str, str] | None = None,
        stdin: str = "",
    ) -> Result:
        """As ``run``, but any exit status is returned. Raises CommandFailed only if it did not start or did not end."""
        if self._seen is not None and tuple(argv) in self._seen:
            return self._seen[tuple(argv)]
        try:
            result = run(argv, timeout, cwd, env, stdin)
        except CommandFailed as error:
            if error.details.get("timed_out"):
                self.commands.append({"argv": list(argv), "rc": None, "seconds": round(timeout, 3)})
            raise
        self.commands.append({"argv": list(argv), "rc": result.rc, "seconds": round(result.seconds, 3)})
        if self._seen is not None:
            self._seen[result.argv] = result
        return result

    # -- reading -----------------------------------------------------------------------------------------------------

    def read_bytes(self, path: str) -> bytes | None:
        """The content of a file, or None if there is none. Raises XenError if it is there and can't be read."""
        try:
            with open(path, "rb") as stream:
                return stream.read()
        except (FileNotFoundError, ValueError):
            return None
        except OSError as error:
            raise XenError(f"{path} can't be read: {error.strerror}") from error

    def open_file(self, path: str) -> BinaryIO:
        """A file for reading in pieces; the caller closes it. Raises XenError if it can't be opened."""
        try:
            return open(path, "rb")
        except OSError as error:
            raise XenError(f"{path} can't be read: {error.strerror}") from error

    def read_text(self, path: str) -> str | None:
        """As ``read_bytes``, decoded so that ``write_text`` gives the same bytes back whatever they are."""
        content = self.read_bytes(path)
        return None if content is None else content.decode("utf-8", "surrogateescape")

    def read_config(self, path: str, may_be_empty: bool = True) -> str | None:
        """As ``read_text``, for a file that is somebody's own and that others are written from. Raises XenError if a
        power cut has left NUL bytes in it, or nothing where that can't be."""
        text = self.read_text(path)
        wrong = damage.by_power_cut(text) if may_be_empty else damage.of(text)
        if wrong:
            raise XenError(damage.not_touched(path, wrong, self.whole_copies(path)))
        return text

    def whole_copies(self, path: str) -> list[str]:
        """Earlier contents of a file that are whole, the best first: what stood there before we wrote it, what
        security(8) kept, what was there before us."""
        copies = (path + ".prev", f"/var/backups{path}.current", path + ".orig")
        return [copy for copy in copies if self.read_bytes(copy) and not damage.of(self.read_bytes(copy))]

    def exists(self, path: str) -> bool:
        """True if something is there. Works for /kern/xen/privcmd, whose stat fails with Errno 45 on NetBSD
        (record ansible-stat): what can't be found is absent, any other error means that it is there."""
        try:
            os.stat(path)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return False
        except OSError:
            return True
        return True

    def stat(self, path: str, follow: bool = True) -> FileStat | None:
        """What is at a path, or None. Nothing is at a path with a NUL in it, as damaged files name them."""
        try:
            found = os.stat(path, follow_symlinks=follow)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        except OSError as error:
            raise XenError(f"{path} can't be examined: {error.strerror}") from error
        kind = next((name for test, name in _KINDS if test(found.st_mode)), "other")
        major, minor = _device(found.st_rdev) if kind in ("block", "char") else (0, 0)
        mode = stat.S_IMODE(found.st_mode)
        device = "{},{}".format(*_device(found.st_dev))
        owner = (found.st_uid, found.st_gid)
        return FileStat(kind, found.st_size, mode, *owner, major, minor, found.st_mtime, found.st_ino, device)

    def real_path(self, path: str) -> str:
        """The path without symbolic links, whether something is there or not."""
        return os.path.realpath(path)

    def list_dir(self, path: str) -> list[str]:
        """The sorted names in a directory; empty if there is none."""
        try:
            return sorted(os.listdir(path))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return []

    def free_bytes(self, path: str) -> int:
        """Bytes that root may still write to the file system that holds ``path``."""
        found = os.statvfs(path)
        return found.f_bavail * found.f_frsize

    # -- writing -----------------------------------------------------------------------------------------------------

    def write_text(self, path: str, text: str, mode: int = 0o644, backup: bool = False) -> None:
        """Replace a file in one step, or leave it as it was. A symbolic link stays, and its target is written.

        The text goes to a temporary file beside it, is synced and renamed over it. Mode and owner of an existing file
        are kept, else ``mode`` holds. With ``backup`` the old content stays beside it as ``PATH.orig`` (the first
        content ever found) and ``PATH.prev`` (the last). Raises XenError if that can't be done, for example on a full
        disk.
        """
        try:
            if backup:
                self._keep_old(path)
            _atomic.replace(os.path.realpath(path), text.encode("utf-8", "surrogateescape"), mode)
        except OSError as error:
            raise XenError(f"{path} can't be written: {error.strerror}. It is unchanged.") from error

    def copy_file(self, source: str, path: str, mode: int) -> None:
        """Copy a file's content to ``path`` in one step; the target appears complete or not at all."""
        try:
            with open(source, "rb") as stream:
                _atomic.replace(path, stream, mode, keep_mode=False)
        except OSError as error:
            raise XenError(f"{source} can't be copied to {path}: {error.strerror}. The target is unchanged.") from error

    def write_stream(self, stream: BinaryIO, path: str, mode: int) -> None:
        """Put all that a stream gives to ``path`` in one step; the target appears complete or not at all."""
        try:
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

    def rename(self, source: str, path: str) -> None:
        """Rename a file over another in one step."""
        try:
            os.rename(source, path)
            _atomic.sync_directory(os.path.dirname(path) or ".")
        except OSError as error:
            raise XenError(f"{source} can't be renamed to {path}: {error.strerror}") from error

    def remove(self, path: str) -> None:
        """Remove a file; one that is not there is no error."""
        try:
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
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            try:
                os.ftruncate(descriptor, size)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            _atomic.sync_directory(os.path.dirname(path) or ".")
        except OSError as error:
            raise XenError(f"The disk file {path} can't be created: {error.strerror}") from error

    def _keep_old(self, path: str) -> None:
        """Each copy whole or not at all: half of a first content would stay the first one ever found, and what a power
        cut left is nothing to go back to."""
        found = self.stat(path)
        if found is None or damage.is_worse(self.read_bytes(path), [self.read_bytes(path + ".prev")]):
            return
        for backup in (path + ".orig", path + ".prev"):
            if backup.endswith(".prev") or not os.path.exists(backup):
                with open(path, "rb") as stream:
                    _atomic.replace(backup, stream, found.mode, keep_mode=False)

    def beside(self, path: str) -> contextlib.AbstractContextManager[tuple[str, BinaryIO]]:
        """A new file in the directory of ``path``, for what shall get to ``path``: its name, and a stream into it. At
        the end it is gone, unless it was renamed."""
        return _atomic.beside(path)

    def leftovers(self, path: str) -> list[str]:
        """The files that runs which were killed have left behind on their way to ``path``."""
        return _atomic.leftovers(path)

    def unfinished(self, folder: str) -> list[str]:
        """The names of all files in a directory that runs which were killed have left behind."""
        return _atomic.unfinished(folder)
