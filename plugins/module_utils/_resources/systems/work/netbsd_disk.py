# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A NetBSD guest's disk: a disklabel, or a GPT, with a root file system and swap; and the way to its root file system
in dom0, which is a partition of a unit of vnd(4), or a wedge on that.

gpt(8) works on the disk's file itself (sbin/gpt/gpt.c, gpt_open), so that vnd(4) finds a finished GPT when the unit is
configured: it makes the wedges then, and deletes them with the unit (sys/dev/vnd.c of NetBSD 7.99.10: dkwedge_discover,
dkwedge_delall). A kernel that does not look by itself is told where the wedge is. gpt(8) ends with status 0 whatever it
says, so what it wrote is read back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ...._change import XenError
from ...._formats.install import disk_content, partitions, proto_label
from ...._formats.install.netbsd_release import major
from ...._formats.install.partitions import Partition
from . import content, units
from .job import MOUNTS, Job

DISKLABEL, GPT, DKCTL, SH = "/sbin/disklabel", "/sbin/gpt", "/sbin/dkctl", "/bin/sh"
LABEL, WITH_GPT = TABLES = ("disklabel", "gpt")
# The first release whose kernels for guests and for dom0 are known to make wedges (DKWEDGE_AUTODISCOVER and
# DKWEDGE_METHOD_GPT in XEN3_DOMU, XEN3_DOM0 and GENERIC; 7.99.10), and vnd(4) with them. gpt(8) has -l from there on.
GPT_FROM = 7
_PROTOTYPE = ".label"
_SECTOR = partitions.SECTOR
_WEDGE = re.compile(r"^(dk[0-9]+): .*, ([0-9]+) blocks at ([0-9]+), type: ", re.MULTILINE)


def refuse_unfit(job: Job, table: str) -> None:
    """Raise XenError if dom0 can't make such a disk."""
    if table == WITH_GPT and (major(job.host.release) < GPT_FROM or not job.host.exists(GPT)):
        raise XenError(
            f"table is gpt, and NetBSD {job.host.release} of dom0 makes no wedges on a file; allowed is {LABEL}"
        )


def overhead_bytes(table: str) -> int:
    """What the table takes of a disk."""
    return 2 << 20 if table == WITH_GPT else 0


def make(job: Job, table: str, swap: int) -> None:
    """Give the disk its table, whatever a run that broke off has left on it. ``swap`` in bytes."""
    found = job.host.stat(job.install.disk.path)
    size = found.size if found else 0
    if table == WITH_GPT:
        _make_gpt(job, proto_label.gpt_layout(size, swap), size)
    else:
        _make_label(job, proto_label.layout(size, swap))


@contextmanager
def root(job: Job, table: str) -> Iterator[str]:
    """The root file system's device in dom0, such as vnd0a or dk3. Its unit is given back whatever happens."""
    with units.attached(job) as unit:
        yield _wedge(job, unit) if table == WITH_GPT else f"{unit}a"


def leave(job: Job, table: str) -> None:
    """Take away what said whose the disk is. A label's name of the pack, and a partition's, harm nobody."""
    if table == WITH_GPT:
        job.host.write_within(job.install.disk.path, content.LOOKED_AT - _SECTOR, bytes(_SECTOR))


def _make_label(job: Job, layout: proto_label.Layout) -> None:
    prototype = job.mount_point + _PROTOTYPE
    job.host.make_dir(MOUNTS, 0o700)
    with units.attached(job) as unit:
        job.host.write_text(prototype, proto_label.text(layout, job.record.mark), 0o600)
        try:
            job.host.run([DISKLABEL, "-R", "-r", unit, prototype])
        finally:
            job.host.remove(prototype)
    # Nothing else may be on the disk before what says whose it is, or nobody would touch it again after a power cut.
    job.host.sync([job.install.disk.path])


def _make_gpt(job: Job, layout: proto_label.Layout, size: int) -> None:
    """The mark comes first, into the gap before the first partition, where no table reaches."""
    host, disk, mark = job.host, job.install.disk.path, job.record.mark
    gap = content.LOOKED_AT - _SECTOR
    host.write_within(disk, gap, disk_content.end_mark(mark))
    host.write_within(disk, 0, bytes(gap))
    host.write_within(disk, size - content.LOOKED_AT, bytes(content.LOOKED_AT))
    wanted = [Partition(partitions.FIRST, layout.root, 0, mark)]
    if layout.swap:
        wanted.append(Partition(partitions.FIRST + layout.root, layout.swap, 0, f"{mark}-swap"))
    host.run([GPT, "create", disk])
    for number, each in enumerate(wanted):
        options = ["-b", f"{each.start}", "-s", f"{each.size}", "-t", "swap" if number else "ffs", "-l", each.name]
        host.run([GPT, "add", *options, disk])
    with host.open_file(disk) as stream:
        found = partitions.read_gpt(stream.read(content.LOOKED_AT))
    if found != wanted:
        raise XenError(f"{GPT} has not given disk {disk} the partitions that it was told to: {found or 'it has none'}")


def _wedge(job: Job, unit: str) -> str:
    """The wedge of the root file system, by where it begins: its name may be taken by another."""
    found = _wedges(job, unit)
    if partitions.FIRST not in found:
        disk = job.install.disk.path
        with job.host.open_file(disk) as stream:
            there = partitions.read_gpt(stream.read(content.LOOKED_AT)) or []
        if not there:
            raise XenError(f"disk {disk} has no GPT any more; nothing was done")
        where = [f"{there[0].start}", f"{there[0].size}"]
        job.host.run([DKCTL, unit, "addwedge", job.record.mark, *where, "ffs"])
        found = _wedges(job, unit)
    if partitions.FIRST not in found:
        raise XenError(f"the kernel of dom0 makes no wedge of {job.install.disk.path}; use table: {LABEL}")
    name = found[partitions.FIRST]
    if not job.host.exists(f"/dev/r{name}"):
        job.host.run([SH, "MAKEDEV", name], cwd="/dev")
    return name


def _wedges(job: Job, unit: str) -> dict[int, str]:
    """The wedges of a unit by their first sectors."""
    text = job.host.run([DKCTL, unit, "listwedges"]).stdout
    return {int(start): name for name, _size, start in _WEDGE.findall(text)}
