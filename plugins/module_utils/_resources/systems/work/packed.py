# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Packages of Linux (.deb, .rpm) in dom0: fetched, checked, and each made the tarball of its files, which is looked
through and unpacked like any other.

Not by base's tar(1): NetBSD's is pax, which reads neither and has no way to take owners by their numbers. dom0's Python
unpacks what gzip, xz and bzip2 have packed; zstd is a program of pkgsrc, as no base has it.
"""

from __future__ import annotations

import hashlib
import importlib
import posixpath
import stat
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, Callable, Tuple

from .... import _progress
from ...._change import XenError
from ...._formats.install import deb, rpm
from ...._host import Host
from ...files import content
from .sources import CACHE

DEB, RPM = KINDS = (".deb", ".rpm")
ZSTD = "/usr/pkg/bin/zstd"
FETCH_SECONDS, UNPACK_SECONDS = 3600.0, 1800.0
_HASHES = {64: "sha256", 128: "sha512"}
# What Python has to unpack with, by what rpm and the names in a .deb call it.
_MODULES = {"gzip": "gzip", "gz": "gzip", "bzip2": "bz2", "bz2": "bz2", "xz": "lzma", "lzma": "lzma"}
_TYPES = ((stat.S_ISDIR, tarfile.DIRTYPE), (stat.S_ISLNK, tarfile.SYMTYPE), (stat.S_ISCHR, tarfile.CHRTYPE),
          (stat.S_ISBLK, tarfile.BLKTYPE), (stat.S_ISFIFO, tarfile.FIFOTYPE))  # fmt: skip
Numbers = Callable[[str, str], Tuple[int, int]]


def is_sum(value: object) -> bool:
    """Whether that is a SHA256 or a SHA512."""
    return isinstance(value, str) and len(value) in _HASHES and not set(value.lower()) - set("0123456789abcdef")


def obtained(host: Host, place: str, told: str) -> str:
    """The path in dom0 of a package, a URL (then with its sum) or a path, which has been checked as far as there is a
    sum, SHA256 or SHA512. Raises XenError."""
    name = posixpath.basename(place)
    if place.startswith("/"):
        if host.stat(place) is None:
            raise XenError(f"{place} does not exist; bring it there")
        _refuse_other(host, place, place, told)
        return place
    path = f"{CACHE}/packages/{told[:16]}/{name}"
    if host.stat(path) is not None and _sum(host, path, told) == told:
        return path
    host.make_dir(posixpath.dirname(path))
    with host.beside(path) as (temporary, _stream):
        with _progress.growing(path, f"is fetched from {place}", temporary):
            host.run([content.FTP, "-o", temporary, place], timeout=FETCH_SECONDS)
        _refuse_other(host, temporary, place, told)
        host.rename(temporary, path)
    return path


def _refuse_other(host: Host, path: str, place: str, told: str) -> None:
    found = _sum(host, path, told)
    if found != told:
        kind = _HASHES[len(told)].upper()
        raise XenError(f"{place} has the {kind} {found[:16]}..., and install.sums says {told[:16]}...; get it again")


def _sum(host: Host, path: str, told: str) -> str:
    if not told:
        return ""
    digest = hashlib.new(_HASHES[len(told)])
    with host.open_file(path) as stream:
        for chunk in iter(lambda: stream.read(content.CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def make_tarball(host: Host, path: str, target: str, numbers: Numbers) -> None:
    """Put the files of a package to ``target``, as a tarball. ``numbers`` tells a user's and a group's number by their
    names. Raises XenError, in one line, if it is none, damaged, or packed by what nobody here can unpack."""
    try:
        with host.open_file(path) as stream:
            if path.endswith(DEB):
                _of_deb(host, path, stream, target)
            else:
                _of_rpm(host, path, stream, target, numbers)
    except (ValueError, EOFError, OSError, zlib.error) as error:
        raise XenError(f"{path} {error}" if isinstance(error, ValueError) else f"{path} is damaged: {error}") from error
    except Exception as error:
        # lzma.LZMAError, where Python was built with lzma.
        if type(error).__name__ == "LZMAError":
            raise XenError(f"{path} is damaged: {error}") from error
        raise


def _of_deb(host: Host, path: str, stream: BinaryIO, target: str) -> None:
    member = deb.data(stream)
    packed_by = member.name[len(deb.DATA) + 1 :]
    stream.seek(member.at)
    piece: Any = rpm.Piece(stream, member.size)
    if packed_by != "zst":
        if packed_by:
            _module(path, packed_by)
        host.write_stream(piece, target, 0o600)
        return
    _by_zstd(host, path, piece, target)


def _by_zstd(host: Host, path: str, packed: BinaryIO, target: str) -> None:
    if not host.exists(ZSTD):
        raise XenError(f"{path} is packed by zstd; install it (pkgin install zstd)")
    host.write_stream(packed, f"{target}.zst", 0o600)
    host.run([ZSTD, "-d", "-q", "-f", "-o", target, f"{target}.zst"], timeout=UNPACK_SECONDS)
    host.remove(f"{target}.zst")


def _module(path: str, packed_by: str) -> Any:
    try:
        return importlib.import_module(_MODULES[packed_by])
    except (KeyError, ImportError):
        raise XenError(f"{path} is packed by {packed_by}, which dom0's Python can't unpack") from None


def _of_rpm(host: Host, path: str, stream: BinaryIO, target: str, numbers: Numbers) -> None:
    header = rpm.header(stream)
    with _payload(host, path, header, stream, target) as files, host.beside(target) as (temporary, out):
        with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            _convert(files, tar, header.owners, numbers)
        out.flush()
        host.rename(temporary, target)


@contextmanager
def _payload(host: Host, path: str, header: rpm.Header, stream: BinaryIO, target: str) -> Iterator[BinaryIO]:
    if header.packed_by == "zstd":
        unpacked = f"{target}.cpio"
        _by_zstd(host, path, stream, unpacked)
        try:
            with host.open_file(unpacked) as found:
                yield found
        finally:
            host.remove(unpacked)
    else:
        with _module(path, header.packed_by).open(stream) as content_of:
            yield content_of


def _convert(files: BinaryIO, tar: tarfile.TarFile, owners: Mapping[str, tuple[str, str]], numbers: Numbers) -> None:
    """A cpio archive as a tarball. Of several names of one file only one has its content, and the others come behind
    that as links."""
    waiting: dict[tuple[int, tuple[int, int]], list[str]] = {}
    for entry, inside in rpm.entries(files):
        name = entry.name[2:] if entry.name.startswith("./") else entry.name.lstrip("/")
        file = (entry.inode, entry.device)
        if entry.is_file and entry.links > 1 and not entry.size:
            waiting.setdefault(file, []).append(name)
            continue
        member = tarfile.TarInfo(name)
        member.mode, member.mtime = stat.S_IMODE(entry.mode), entry.time
        member.type = next((kind for fits, kind in _TYPES if fits(entry.mode)), tarfile.REGTYPE)
        member.uid, member.gid = numbers(*owners[name]) if name in owners else (0, 0)
        if member.issym():
            member.linkname = inside.read().decode("utf-8", "surrogateescape")
        member.size = entry.size if entry.is_file else 0
        tar.addfile(member, inside if entry.is_file else None)
        for other in waiting.pop(file, []):
            link = tarfile.TarInfo(other)
            link.type, link.linkname = tarfile.LNKTYPE, name
            tar.addfile(link)
    for names in waiting.values():
        for other in names:
            tar.addfile(tarfile.TarInfo(other))
