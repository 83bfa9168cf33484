# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""tar(1) of NetBSD, which is pax, as far as it unpacks sets, and takes files in and gives them out by a pipe."""

from __future__ import annotations

import io
import lzma
import os
import sys
import tarfile
import zlib
from pathlib import Path

from ..core import forms
from ..core.machine import Machine, NotSimulated, SimError
from . import volumes


def tar(m: Machine, argv: list[str]) -> int:
    """tar -x[pzJ]f ARCHIVE [-C DIR] [MEMBER...] (records from-sets tar-base, tar-etc; bin/pax/tar.c, ar_io.c,
    file_subs.c); tar -cf - FILE..., tar -xf - (bin/pax/tar.1)."""
    letters, values, chosen = forms.read(argv)
    if letters == {"c", "f"} and values["f"] == ["-"] and chosen:
        return _pack(m, chosen)
    if not {"x", "f"} <= letters or "c" in letters:
        raise NotSimulated(" ".join(argv))
    name = values["f"][-1]
    if name == "-":
        return _take_in(m, argv, letters)
    target = os.path.abspath(values.get("C", ["."])[-1])
    path = m.path(os.path.abspath(name))
    if not path.exists():
        raise SimError(f"tar: Failed open to read on {name} (No such file or directory)")
    if not m.path(target).is_dir():
        raise SimError(f"tar: Cannot chdir to `{target}' (No such file or directory)")
    try:
        return _unpack(m, path, target, chosen)
    except (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError):
        # gzip or xz says what it misses; what came before is there (ar_io.c, ar_read).
        said = "tar: End of archive volume 1 reached\ntar: Sorry, unable to determine archive format."
        raise SimError(said) from None


def _pack(m: Machine, names: list[str]) -> int:
    """Plain files of the working directory, as an archive on the standard output."""
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.USTAR_FORMAT) as archive:
        for name in names:
            path = m.path(os.path.abspath(name))
            if not path.is_file():
                raise NotSimulated(f"tar -cf - {name}, which is no plain file")
            archive.add(path, name)
    return 0


def _take_in(m: Machine, argv: list[str], letters: set[str]) -> int:
    """What comes on the standard input, into the working directory."""
    if letters != {"x", "f"}:
        raise NotSimulated(" ".join(argv))
    with tarfile.open(fileobj=io.BytesIO(sys.stdin.buffer.read())) as archive:
        archive.extraction_filter = getattr(tarfile, "fully_trusted_filter", None)
        for member in archive.getmembers():
            _extract(archive, member, m.path(os.getcwd()))
    return 0


def _unpack(m: Machine, path: Path, target: str, chosen: list[str]) -> int:
    """What is there already is replaced (file_subs.c, unlnk_exist). A full file system spoils each file that no longer
    fits, and the others are still unpacked (file_subs.c, rd_wrfile)."""
    found = volumes.space(m, target)
    left = found[2] if found else sys.maxsize
    fragment = found[1].fsize if found else 1
    rc = 0
    with tarfile.open(path) as archive:
        archive.extraction_filter = getattr(tarfile, "fully_trusted_filter", None)
        members = archive.getmembers()
        # Outside the sandbox no path of the machine is one of this process.
        place = m.path(target)
        for number, member in enumerate(members):
            if number == len(members) // 2:
                m.midway()
            if chosen and not any(member.name == each or member.name.startswith(each.rstrip("/") + "/")
                                  for each in chosen):
                continue
            left -= -(-member.size // fragment) * fragment
            if left < 0 and member.isreg():
                print(f"tar: Failed write to file {member.name} (No space left on device)", file=sys.stderr)
                rc = 1
                continue
            _extract(archive, member, place)
        for member in reversed(members):
            if member.isdir() and (place / member.name).is_dir():
                os.utime(place / member.name, (member.mtime, member.mtime))
    return rc


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> None:
    """The time of what was written is the archive's (-p), so a power cut knows by its own clock what is new."""
    path = place / member.name
    if not member.isdir() and (path.is_symlink() or path.exists()):
        path.unlink()
    archive.extract(member, place, numeric_owner=True)
