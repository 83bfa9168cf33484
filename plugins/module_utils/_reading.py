# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What can be asked of this machine without changing it: commands, files, what it is, its clock."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar

from . import _atomic, _kept
from ._change import CommandFailed, XenError
from ._command import Result, run, told
from ._formats.system import damage
from ._formats.system.damage import CHUNK, Content

T = TypeVar("T")

COMMAND_SECONDS = 30.0
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


_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFBLK: "block",
    stat.S_IFCHR: "char",
    stat.S_IFLNK: "link",
}


def kind_of(mode: int) -> str:
    """What the mode of an inode says that it is, in a word."""
    return _KINDS.get(stat.S_IFMT(mode), "other")


def _device(number: int) -> tuple[int, int]:
    """Major and minor number. What lies on no device, as all below /kern, has NODEV, -1, which os.major refuses."""
    unsigned = number & 0xFFFFFFFFFFFFFFFF
    return os.major(unsigned), os.minor(unsigned)


@dataclass(frozen=True)
class Names:
    """What uname(1) says: ``system`` -s, ``name`` -n, ``release`` -r, ``kernel`` -v and ``hardware`` -m."""

    system: str
    name: str
    release: str
    kernel: str
    hardware: str


class Reading:
    """A machine as it can be looked at. Every command that was run is kept in ``commands`` for the module's result.

    With ``one_look`` the machine is only read, as it is at one moment: a command that several readers need is run once,
    and nothing is waited for. ``ssh_connection`` is what ssh(1) says of the connection that we are run over; sudo(8)
    and doas(1) take it away.
    """

    def __init__(self, one_look: bool = False) -> None:
        self.commands: list[dict[str, Any]] = []
        self.one_look = one_look
        # Where passwords are only known by their digests with it (see ``guests/declare/config.py``).
        self.salt = ""
        self.ssh_connection = os.environ.get("SSH_CONNECTION", "")
        self._seen: dict[tuple[str, ...], Result] = {}
        said = os.uname()
        self.is_named(Names(said.sysname, said.nodename, said.release, said.version, said.machine))

    def is_named(self, names: Names) -> None:
        """Take this for what the machine says of itself."""
        self.system, self.name, self.release = names.system, names.name, names.release
        self.kernel, self.hardware = names.kernel, names.hardware
        # What uname -p says.
        self.processor = _PROCESSORS.get(names.hardware, names.hardware)

    def part(self, read: Callable[[], T]) -> T | None:
        """What ``read`` gives, which needs nothing else that is read. Only where a machine was collected, and something
        of it is missing still, that may be nothing."""
        return read()

    # -- the clock ---------------------------------------------------------------------------------------------------

    def now(self) -> float:
        """The machine's clock, in seconds since 1970."""
        return time.time()

    def day(self) -> str:
        """The machine's date (UTC), as 2026-11-30."""
        return time.strftime("%Y-%m-%d", time.gmtime(self.now()))

    def pause(self, seconds: float) -> None:
        """Let some time go by before the machine is looked at again."""
        time.sleep(seconds)

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
                f"{' '.join(told(argv))} failed with exit status {result.rc}: {result.tail or 'it printed nothing'}",
                command=told(argv),
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
        if tuple(argv) in self._seen:
            return self._seen[tuple(argv)]
        try:
            result = run(argv, timeout, cwd, env, stdin)
        except CommandFailed as error:
            if error.details.get("timed_out"):
                self.commands.append({"argv": told(argv), "rc": None, "seconds": round(timeout, 3)})
            raise
        self.commands.append({"argv": told(argv), "rc": result.rc, "seconds": round(result.seconds, 3)})
        if self.one_look:
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

    def content(self, path: str) -> Content | None:
        """What a file's content is, without the content, of which there may be much; None if there is no file. Raises
        XenError if it can't be read."""
        if self.stat(path) is None:
            return None
        with self.open_file(path) as stream:
            return damage.summary(iter(lambda: stream.read(CHUNK), b""))

    def gzip_damage(self, path: str) -> str:
        """What is wrong with a gzip file, to be put behind its name; empty if nothing is. Raises XenError if nobody can
        read it."""
        with self.open_file(path) as stream:
            return damage.of_gzip(iter(lambda: stream.read(CHUNK), b""))

    def first_line(self, path: str) -> str:
        """The first line of a file that may be long; empty if there is none."""
        return (self.read_bytes(path) or b"").split(b"\n", 1)[0].decode("utf-8", "replace")

    def lines_with(self, path: str, words: str) -> list[str]:
        """The lines of a file that may be long in which these words stand."""
        return [line for line in (self.read_text(path) or "").splitlines() if words in line]

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
        copies = (path + ".prev", f"/var/backups{path}.current", _kept.place(path) or path)
        seen = {copy: self.content(copy) for copy in copies}
        return [copy for copy in copies if seen[copy] and not damage.of(seen[copy])]

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
        kind = kind_of(found.st_mode)
        major, minor = _device(found.st_rdev) if kind in ("block", "char") else (0, 0)
        mode = stat.S_IMODE(found.st_mode)
        device = "{},{}".format(*_device(found.st_dev))
        owner = (found.st_uid, found.st_gid)
        return FileStat(kind, found.st_size, mode, *owner, major, minor, found.st_mtime, found.st_ino, device)

    def is_lost(self, path: str) -> str:
        """What has become of a file, or of a link, that was put there: ``nothing`` is there, it is ``empty``; empty if
        neither is so."""
        found = self.stat(path, follow=False)
        if found is None:
            return "nothing"
        return "empty" if found.kind == "file" and found.size == 0 else ""

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

    def leftovers(self, path: str) -> list[str]:
        """The files that runs which were killed have left behind on their way to ``path``."""
        return _atomic.leftovers(path)

    def unfinished(self, folder: str) -> list[str]:
        """The names of all files in a directory that runs which were killed have left behind."""
        return _atomic.unfinished(folder)
