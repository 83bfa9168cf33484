# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A tarball with the root of a system, looked through before anything is written: whether it is one, how large it
becomes, and that nothing in it leads out of the directory in which it is unpacked."""

from __future__ import annotations

import importlib
import posixpath
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from ...._change import XenError
from ...._host import Host
from ...._progress import Say

_ZSTD = b"\x28\xb5\x2f\xfd"
_PACKED_BY = ((b"\x1f\x8b", "gzip"), (b"BZh", "bz2"), (b"\xfd7zXZ\0", "lzma"), (b"\x5d\0\0", "lzma"))
_MAGIC_BYTES, _END_BYTES = 6, 1024
_BLOCK = 4096
_TOLD_EVERY = 500
# Kernels' configurations, which are asked before anything is unpacked, and how large one can be.
_KEPT, _KEPT_BYTES = "boot/config-", 4 << 20


@dataclass
class Tree:
    """``size`` is what its files take on a disk, in bytes; ``names`` its members without a leading ``./``; ``texts``
    what is in the kernels' configurations, by name; ``links`` where symbolic links lead."""

    size: int = 0
    names: set[str] = field(default_factory=set)
    texts: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def has(self, path: str) -> bool:
        """Whether there is a member of this name, also where /lib or /sbin is a link into /usr."""
        return path in self.names or (path.split("/", 1)[0] in self.names and f"usr/{path}" in self.names)


def look(host: Host, path: str, say: Say, found: Tree | None = None, called: str = "") -> Tree:
    """Look through the whole of it. ``found`` is what was unpacked into the same directory before; ``called`` is what
    the admin knows it as. Raises XenError, in one line, if it can't be unpacked safely."""
    _refuse_zstd(host, path)
    found = Tree() if found is None else found
    called = called or path
    whole = getattr(host.stat(path), "size", None)
    try:
        with host.open_file(path) as stream, unpacked(stream) as content:
            watched = _Watched(content)
            tar = tarfile.open(fileobj=watched, mode="r|")  # type: ignore[call-overload]
            for number, member in enumerate(tar):
                name = _name(called, member.name)
                _refuse_way_out(called, name, member, found.links)
                if member.issym():
                    found.links[name] = member.linkname
                found.names.add(name)
                if name.startswith(_KEPT) and member.isreg() and member.size <= _KEPT_BYTES:
                    content = tar.extractfile(member)
                    found.texts[name] = content.read().decode("utf-8", "replace") if content else ""
                found.size += -(-member.size // _BLOCK) * _BLOCK + _BLOCK if member.isreg() else _BLOCK
                if number % _TOLD_EVERY == 0:
                    say(f"looks through {path}", stream.tell(), whole, "bytes")
            watched.to_its_end(path)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise XenError(f"{called} is no tarball, or damaged: {error}") from error
    except Exception as error:
        # lzma.LZMAError, where Python was built with lzma; tarfile itself says when it was not.
        if type(error).__name__ == "LZMAError":
            raise XenError(f"{called} is damaged: {error}") from error
        raise
    return found


@contextmanager
def unpacked(stream: BinaryIO) -> Iterator[BinaryIO]:
    """What is packed in a stream, by a module that notices where that ends too early."""
    head = stream.read(_MAGIC_BYTES)
    stream.seek(0)
    name = next((name for magic, name in _PACKED_BY if head.startswith(magic)), "")
    if not name:
        yield stream
        return
    try:
        module = importlib.import_module(name)
    except ImportError:
        raise tarfile.CompressionError(f"this Python has no module {name}") from None
    with module.open(stream) as content:
        yield content


class _Watched:
    """A stream that knows its last bytes: tarfile takes any end of a file for the end of the archive, which is two
    blocks of zeros (pax, POSIX.1)."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._last = stream, b""

    def read(self, size: int) -> bytes:
        found = self._stream.read(size)
        self._last = (self._last + found)[-_END_BYTES:]
        return found

    def to_its_end(self, path: str) -> None:
        """Read what is left. Raises XenError if that is not how an archive ends."""
        while self.read(1 << 20):
            pass
        if any(self._last) or len(self._last) < _END_BYTES:
            raise XenError(f"{path} is cut short: it has no end of an archive; get it again")


def _refuse_zstd(host: Host, path: str) -> None:
    with host.open_file(path) as stream:
        head = stream.read(len(_ZSTD))
    if head == _ZSTD:
        raise XenError(f"{path} is packed by zstd, which dom0's Python can't unpack; pack it with xz or gzip")


def _name(path: str, name: str) -> str:
    settled = posixpath.normpath(name)
    if name.startswith("/") or settled.split("/")[0] == "..":
        raise XenError(f"{path} is refused: {name!r} in it lies outside of its root")
    return settled


def _refuse_way_out(path: str, name: str, member: tarfile.TarInfo, links: dict[str, str]) -> None:
    """A file that is unpacked through a link, or linked to from outside, would be dom0's."""
    if member.islnk():
        _name(path, member.linkname)
    folder = posixpath.dirname(name)
    while folder:
        target = links.get(folder)
        if target is not None and _leads_out(folder, target):
            raise XenError(f"{path} is refused: {name!r} in it lies behind the link {folder!r} to {target!r}")
        folder = posixpath.dirname(folder)


def _leads_out(link: str, target: str) -> bool:
    at = posixpath.normpath(posixpath.join(posixpath.dirname(link), target))
    return at.startswith("/") or at.split("/")[0] == ".."


def refuse_other(path: str, found: Tree) -> None:
    """Raise XenError for what is not the root of a system."""
    if found.has("etc/passwd") and found.has("etc/shadow"):
        return
    tops = {name.split("/")[0] for name in found.names} - {"."}
    if len(tops) == 1 and f"{min(tops)}/etc/passwd" in found.names:
        raise XenError(
            f"{path} has everything below {min(tops)}/; pack what is in there (tar -C {min(tops)} -cf FILE .)"
        )
    raise XenError(f"{path} has no etc/passwd and etc/shadow, so it is not the root of a Linux system")
