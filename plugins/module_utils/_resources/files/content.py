# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What is in files, on their way to their place: sums, damage, one member of an archive. Read in pieces, because a
kernel and its set are tens of megabytes on machines that may have little memory."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tarfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from ..._change import Refused, XenError
from ..._formats.system import damage
from ..._formats.system.cksums import sha512_sums
from ..._host import Host
from .declared import Wanted

FTP = "/usr/bin/ftp"
SUMS_SECONDS = 120.0
CHUNK = 1 << 20
# How many names of an archive are told when the wanted one is not among them.
NAMES_TOLD = 5


def read_file(host: Host, path: str) -> dict[str, Any] | None:
    """Kind, size in bytes, mode and, for a plain file, the SHA512 of what is at a path and, in words, how a power cut
    has taken its content, if it has (``lost``); None for nothing."""
    found = host.stat(path, follow=False)
    if found is None:
        return None
    inside = host.content(path) if found.kind == "file" else None
    return {
        "kind": found.kind,
        "size": found.size,
        "mode": found.mode,
        "sha512": inside.sha512 if inside else None,
        "lost": damage.of_program(inside),
    }


def leftovers(host: Host, path: str) -> list[str]:
    """What killed runs left behind of a file, of the one before it, and of what is noted about it. The first two can be
    as large as a kernel."""
    return [found for part in ("", ".old", ".origin") for found in host.leftovers(path + part)]


def sha512(host: Host, path: str) -> str:
    """The SHA512 of a file."""
    with host.open_file(path) as stream:
        return _stream_sum(stream)[0]


def _stream_sum(stream: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha512(), 0
    for chunk in iter(lambda: stream.read(CHUNK), b""):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


def source_damage(host: Host, path: str, is_gzip: bool) -> str | None:
    """Why a file of this machine must not be put anywhere, or None: a power cut has been at it."""
    if is_gzip:
        return gzip_damage(host, path)
    head, found = host.first_line(path), host.content(path)
    wrong = damage.of(found) if head.startswith("#!") else damage.of_program(found, head.startswith("\x7fELF"))
    return f"it {wrong}" if wrong else None


def gzip_damage(host: Host, path: str) -> str | None:
    """Why a gzip file can't be unpacked, or None."""
    wrong = host.gzip_damage(path)
    return f"it {wrong}" if wrong else None


# -- one member of an archive -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def member(host: Host, archive: str, name: str) -> Iterator[BinaryIO]:
    """The content of one plain file in an archive, of exactly that name; nothing else is unpacked.

    Raises XenError if it is not there, is something else than a plain file, or the archive is damaged.
    """
    try:
        with host.open_file(archive) as stream, tarfile.open(fileobj=stream, mode="r|*") as tar:
            content = tar.extractfile(_entry(tar, archive, name))
            yield content  # type: ignore[misc]  # a plain file has content
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise XenError(f"{archive} can't be unpacked: {error}") from error
    except Exception as error:
        # lzma.LZMAError, where Python was built with lzma; tarfile itself says when it was not.
        if type(error).__name__ == "LZMAError":
            raise XenError(f"{archive} can't be unpacked: {error}") from error
        raise


def _entry(tar: tarfile.TarFile, archive: str, name: str) -> tarfile.TarInfo:
    seen = []
    for entry in tar:
        if entry.name != name:
            seen.append(entry.name)
        elif not entry.isreg():
            raise XenError(f"{name} in {archive} is no plain file.")
        else:
            return entry
    raise XenError(f"{archive} has no {name}; it begins with {', '.join(seen[:NAMES_TOLD]) or 'nothing'}.")


def member_sum(host: Host, archive: str, name: str) -> tuple[str, int]:
    """SHA512 and size in bytes of a member. Raises XenError as ``member`` does."""
    with member(host, archive, name) as content:
        return _stream_sum(content)


# -- sums that a mirror tells -----------------------------------------------------------------------------------------


def told_sum(host: Host, wanted: Wanted) -> str:
    """The SHA512 of ``src`` that the file ``sums`` tells. Raises Refused if it tells none."""
    if wanted.sums.startswith("/"):
        text = host.read_text(wanted.sums)
        if text is None:
            raise Refused(f"{wanted.dest}: its sums {wanted.sums} does not exist.")
    else:
        text = host.run([FTP, "-o", "-", wanted.sums], timeout=SUMS_SECONDS).stdout
    name = os.path.basename(wanted.src)
    found = sha512_sums(text).get(name)
    if found is None:
        raise Refused(f"{wanted.dest}: {wanted.sums} has no line 'SHA512 ({name}) = ...', so nobody can check it.")
    return found


# -- where a file came from -------------------------------------------------------------------------------------------


def read_origin(host: Host, path: str) -> dict[str, Any] | None:
    """What is noted about a file: ``from`` and ``member`` as declared, the SHA512 of what was fetched (``sha512``) and
    of what was put in place (``installed``), and whether the first was ``checked``. None for no note or rubbish."""
    try:
        found = json.loads(host.read_text(path) or "")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def origin_text(wanted: Wanted, source: str, checked: bool, installed: str) -> str:
    """The note for ``read_origin``."""
    note = {
        "from": wanted.src,
        "member": wanted.member,
        "sha512": source,
        "checked": checked,
        "installed": installed,
    }
    return json.dumps(note, indent=1, sort_keys=True) + "\n"
