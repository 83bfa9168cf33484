# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A Linux guest's disk: a file system made of a directory by mke2fs(8), on the whole disk or in the one partition of an
MBR. No kernel of dom0 mounts it, and no unit of vnd(4) is needed: mke2fs and e2fsck work on a part of a file as well
(``-E offset``, and ``FILE?offset=``, which libext2fs' unix_io knows; e2fsprogs 1.43, which ``-d`` needs anyway)."""

from __future__ import annotations

from typing import Protocol

from ...._change import XenError
from ...._formats.install import disk_content, ext, partitions
from . import whole
from .job import Job

# pkgsrc's sysutils/e2fsprogs.
MKE2FS, E2FSCK = "/usr/pkg/sbin/mke2fs", "/usr/pkg/sbin/e2fsck"
MAKE_SECONDS = 3600.0
NONE, MBR = TABLES = ("none", "mbr")
_TABLE_BYTES = partitions.FIRST * partitions.SECTOR


class Laid(Protocol):
    """How a Linux guest's disk is laid out."""

    @property
    def file_system(self) -> str:
        """One of ext.FILE_SYSTEMS."""

    @property
    def table(self) -> str:
        """One of TABLES."""


def laid(job: Job) -> Laid:
    found: Laid = job.install.options
    return found


def refuse_without_programs(job: Job) -> None:
    """Raise XenError if nobody could make a file system here."""
    for program in (MKE2FS, E2FSCK):
        if not job.host.exists(program):
            raise XenError(f"{program} is missing; install e2fsprogs (role dom0 does, where it installs packages)")


def least_bytes(job: Job, content: int) -> int:
    """The smallest disk for files of so many bytes, in bytes."""
    return ext.least_bytes(content) + whole.RESERVED_BYTES + (_TABLE_BYTES if laid(job).table == MBR else 0)


def make(job: Job, folder: str) -> None:
    """Put what is in a directory onto the disk. What a run that broke off has left of it is written over."""
    disk, table = job.install.disk.path, laid(job).table
    job.say(f"makes {laid(job).file_system} on {disk}")
    start = _TABLE_BYTES if table == MBR else 0
    size = whole.room(job) - start
    options = ["-F", "-q", *ext.mke2fs_options(laid(job).file_system), "-d", folder]
    if table == MBR:
        _write_table(job, size)
        options += ["-E", f"offset={start}"]
    job.host.run([MKE2FS, *options, disk, f"{size >> 10}k"], timeout=MAKE_SECONDS)
    there = f"{disk}?offset={start}" if start else disk
    job.host.run([E2FSCK, "-f", "-n", there], timeout=MAKE_SECONDS)


def _write_table(job: Job, size: int) -> None:
    """The first megabyte: the table, and nothing of what an earlier run had there."""
    try:
        first = partitions.mbr(size // partitions.SECTOR, disk_content.number_of(job.record.mark))
    except ValueError as error:
        raise XenError(f"disk {job.install.disk.path}: {error}; declare one below 2T, or table: none") from error
    job.host.write_within(job.install.disk.path, 0, first.ljust(_TABLE_BYTES, b"\0"))
