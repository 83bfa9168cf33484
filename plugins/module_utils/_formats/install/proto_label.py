# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What goes where on a guest's disk, and the prototype of a disklabel as ``disklabel -R`` takes it. Pure.

Its form is that of record write-proto (NetBSD 7.99.10), from which ``disklabel -R -r`` wrote a label. d is the whole
disk on i386 and amd64.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import partitions

SECTOR = 512
# A cylinder of the geometry that vnd(4) makes up: 64 tracks of 32 sectors, one megabyte.
_CYLINDER = 2048
# The label of a disk has 32 bits for a number of sectors.
MOST_BYTES = ((1 << 32) - _CYLINDER) * SECTOR

_HEAD = """\
type: vnd
disk: vnd
label: {mark}
flags:
bytes/sector: 512
sectors/track: 32
tracks/cylinder: 64
sectors/cylinder: 2048
cylinders: {cylinders}
total sectors: {total}
rpm: 3600
interleave: 1
trackskew: 0
cylinderskew: 0
headswitch: 0
track-to-track seek: 0
drivedata: 0

4 partitions:
#        size    offset     fstype [fsize bsize cpg/sgs]
"""


@dataclass(frozen=True)
class Layout:
    """A root file system, swap behind it, in sectors; ``total`` are those of the disk."""

    total: int
    root: int
    swap: int


def layout(disk_bytes: int, swap_bytes: int) -> Layout:
    """What goes where on a disk with a disklabel, from its first sector on, in whole cylinders."""
    total = disk_bytes // SECTOR
    swap = -(-swap_bytes // SECTOR // _CYLINDER) * _CYLINDER
    root = (total - swap) // _CYLINDER * _CYLINDER
    return Layout(total, root, swap)


def gpt_layout(disk_bytes: int, swap_bytes: int) -> Layout:
    """The same between a GPT's two tables, behind the first megabyte."""
    total = disk_bytes // SECTOR
    swap = -(-swap_bytes // SECTOR // _CYLINDER) * _CYLINDER
    end = (total - partitions.GPT_END_SECTORS) // _CYLINDER * _CYLINDER
    return Layout(total, end - partitions.FIRST - swap, swap)


def text(found: Layout, mark: str) -> str:
    """The prototype. ``mark``, of 15 letters at most, is the name of the pack."""
    lines = [f" a: {found.root:9d} {0:9d}     4.2BSD      0     0     0"]
    lines += [f" b: {found.swap:9d} {found.root:9d}       swap"] if found.swap else []
    lines.append(f" d: {found.total:9d} {0:9d}     unused      0     0")
    return _HEAD.format(mark=mark, cylinders=found.total // _CYLINDER, total=found.total) + "\n".join(lines) + "\n"
