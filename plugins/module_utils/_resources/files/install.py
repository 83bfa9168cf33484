# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Putting files in place: the applying side of ``system_files``. The old file or the new one is there at every moment,
complete, and only what has the right sum gets there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from ... import _progress
from ..._change import Change, Refused, XenError
from ..._host import Host
from . import content
from .declared import Wanted

FETCH_SECONDS = 1800.0
# Left free beside the new file, so that the machine can still write its logs.
SPARE_BYTES = 1 << 20
NEW_FILE_MODE = 0o444


@dataclass(frozen=True)
class Job:
    """What ``apply`` needs: the file, and the SHA512 that its source must have, None if nobody knows."""

    wanted: Wanted
    expected: str | None = None


def previous_size(wanted: Wanted, dest: dict[str, Any] | None) -> int:
    return dest["size"] if dest and wanted.keep_previous else 0


def refuse_no_room(wanted: Wanted, size: int, free: int) -> None:
    if free < size + SPARE_BYTES:
        raise Refused(
            f"{wanted.dest}: its file system has {free} bytes free, but {size + SPARE_BYTES} are needed "
            f"({size} for the file{' and the previous one' if wanted.keep_previous else ''}, {SPARE_BYTES} to spare)."
        )


def apply(host: Host, change: Change) -> None:
    """Put the file in place; what was there stays in place until the new one is complete and proven."""
    job = change.data
    wanted = job.wanted
    # First, because the new file may need their room.
    for path in content.leftovers(host, wanted.dest):
        host.remove(path)
    if change.action == "clean":
        return
    if change.action == "set_mode":
        host.copy_file(wanted.dest, wanted.dest, wanted.mode)
        return
    if change.action == "note":
        _note(host, job, job.expected, content.sha512(host, wanted.dest))
        return
    host.make_dir(os.path.dirname(wanted.dest))
    if wanted.is_url:
        _fetch(host, job)
    elif wanted.remote_src:
        _put(host, job, wanted.src)
    else:
        _take(host, job)


def _take(host: Host, job: Job) -> None:
    """Put what was brought here from the controller in place, if it is what was read there."""
    wanted = job.wanted
    if not wanted.staged or host.stat(wanted.staged) is None:
        raise XenError(f"{wanted.dest}: {wanted.src} was not brought to the machine; the file in place is unchanged.")
    found = content.sha512(host, wanted.staged)
    if found != job.expected:
        raise XenError(
            f"{wanted.dest}: {wanted.src} arrived with the SHA512 {found[:16]}..., not {str(job.expected)[:16]}...; "
            "the file in place is unchanged."
        )
    _refuse_damaged(host, wanted, wanted.staged)
    _put(host, job, wanted.staged)


def _refuse_damaged(host: Host, wanted: Wanted, path: str) -> None:
    damage = content.gzip_damage(host, path) if wanted.is_gzip else None
    if damage:
        raise XenError(f"{wanted.dest}: what came from {wanted.src} is refused, because {damage}.")


def _fetch(host: Host, job: Job) -> None:
    wanted = job.wanted
    with host.beside(wanted.dest) as (temporary, _stream):
        with _progress.growing(wanted.dest, f"is fetched from {wanted.src}", temporary):
            host.run([content.FTP, "-o", temporary, wanted.src], timeout=FETCH_SECONDS)
        fetched = host.stat(temporary)
        if fetched is None or not fetched.size:
            raise XenError(f"{wanted.dest}: {wanted.src} gave nothing; the file in place is unchanged.")
        found = content.sha512(host, temporary)
        if job.expected is not None and found != job.expected:
            raise XenError(
                f"{wanted.dest}: what came from {wanted.src} has the SHA512 {found[:16]}..., not the "
                f"{'declared' if wanted.sha512 else 'one in ' + wanted.sums}, {job.expected[:16]}...; the file in "
                f"place is unchanged."
            )
        _refuse_damaged(host, wanted, temporary)
        _put(host, job, temporary)


def _put(host: Host, job: Job, source: str) -> None:
    """Each step whole: first the old file to DEST.old, then the new one over it, then the note. What is in place
    already is not put there again, so that DEST.old stays the one before it."""
    wanted = job.wanted
    source_sum = content.sha512(host, source)
    sha512, size = source_sum, 0
    if wanted.member:
        sha512, size = content.member_sum(host, source, wanted.member)
    old = content.read_file(host, wanted.dest)
    if old is None or old["sha512"] != sha512:
        room = size if wanted.member else _size(host, source)
        refuse_no_room(wanted, room + previous_size(wanted, old), host.free_bytes(os.path.dirname(wanted.dest)))
        _replace(host, wanted, source, old)
    elif wanted.mode not in (None, old["mode"]):
        host.copy_file(wanted.dest, wanted.dest, wanted.mode)
    _note(host, job, source_sum, sha512)


def _note(host: Host, job: Job, source_sum: str, installed_sum: str) -> None:
    """Note beside the file where it came from, or take away what was noted about another."""
    wanted = job.wanted
    if wanted.needs_origin:
        text = content.origin_text(wanted, source_sum, job.expected is not None, installed_sum)
        host.write_text(wanted.origin, text)
    else:
        host.remove(wanted.origin)


def _size(host: Host, path: str) -> int:
    found = host.stat(path)
    return found.size if found else 0


def _replace(host: Host, wanted: Wanted, source: str, old: dict[str, Any] | None) -> None:
    mode = wanted.mode
    if mode is None:
        mode = old["mode"] if old else NEW_FILE_MODE
    if old is not None and wanted.keep_previous:
        host.copy_file(wanted.dest, wanted.dest + ".old", old["mode"])
    if not wanted.member:
        host.copy_file(source, wanted.dest, mode, keep=wanted.is_run_beside)
        return
    with content.member(host, source, wanted.member) as stream:
        host.write_stream(stream, wanted.dest, mode, keep=wanted.is_run_beside)
