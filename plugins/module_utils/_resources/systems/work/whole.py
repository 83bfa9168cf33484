# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Disks that are written as a whole, without NetBSD's label at their beginning. While they are, their last sector has
the record's mark, so that what broke off is known to be ours. It is taken away when the record says that all is there;
where that is broken off it stays, and nobody asks for it any more."""

from __future__ import annotations

from ...._change import XenError
from ...._formats.install import disk_content
from .job import Job

# The mark's sector, and what rounds a disk down to whole megabytes before it.
RESERVED_BYTES = 1 << 20


def room(job: Job) -> int:
    """How many bytes of the guest's disk are the system's: all but its last megabyte."""
    return (_size(job) // RESERVED_BYTES - 1) * RESERVED_BYTES


def mark(job: Job) -> None:
    """Have the disk say whose it is, whatever its beginning holds."""
    job.host.write_within(
        job.install.disk.path, _size(job) - disk_content.SECTOR, disk_content.end_mark(job.record.mark)
    )


def unmark(job: Job) -> None:
    """Leave nothing of ours on the disk."""
    job.host.write_within(job.install.disk.path, _size(job) - disk_content.SECTOR, bytes(disk_content.SECTOR))


def _size(job: Job) -> int:
    found = job.host.stat(job.install.disk.path)
    if found is None:
        raise XenError(f"disk {job.install.disk.path} is gone")
    return found.size
