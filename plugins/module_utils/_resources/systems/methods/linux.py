# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What the methods for Linux have alike: where the root is on the guest's disk, how the guest boots it, and how a tree
in dom0 becomes its disk."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...._formats.guest import linux_root
from ...._formats.install import ext
from ..work import boots, linux_boot, linux_disk
from ..work import linux_root as roots
from ..work.job import Job
from ..work.linux_disk import MBR, NONE, TABLES

if TYPE_CHECKING:
    from ...._formats.guest.devices import Disk
    from ...guests.declare.fields import Fields
    from ...guests.declare.guest import Guest

_ROOT = re.compile(r"(?<!\S)root=(?:/dev/)?(\S+)")
URL = ("http://", "https://", "ftp://")


def root(disk: Disk, table: str) -> str:
    """What Linux calls the file system on a disk."""
    return linux_root.device(disk.vdev, table == NONE)


def file_system(fields: Fields) -> str:
    return fields.choice("filesystem", "ext4", ext.FILE_SYSTEMS)


def table(fields: Fields, disk: Disk | None) -> str:
    """How the guest's disk begins: as its name says (xvda1 is a file system, xvda a disk with a table), unless the
    admin says that a whole disk has none."""
    partition = disk is not None and linux_root.is_partition(disk.vdev)
    found = fields.choice("table", NONE if partition else MBR, TABLES)
    if disk is not None and partition and found != NONE:
        fields.problem(f"table is {found}, and the guest's disk is {linux_root.name(disk.vdev)}, which has no table")
    return found


def unfit(guest: Guest, wanted: str, method: str) -> list[str]:
    """What of the guest's own declaration would keep it from booting what is installed."""
    found = []
    told = _ROOT.findall(guest.cmdline)
    if guest.type == "hvm":
        found.append(f"method {method} makes no boot loader; the guest must be of type pv or pvh")
    elif not linux_root.is_known(wanted):
        found.append(f"Linux knows no disk {wanted!r}; give the disk a vdev such as xvda, or hda (0x300)")
    elif not guest.bootloader and told != [wanted]:
        said = f"root is {told[-1]!r}" if told else "the guest's root is not said"
        found.append(f"{said}, and the system will be on {wanted}; write root: /dev/{wanted}")
    if not guest.bootloader and not guest.kernel:
        found.append(
            "the guest has neither kernel nor bootloader; name a file of dom0 as kernel (it is taken out of the tree "
            "if it is not there), or bootloader: pygrub"
        )
    return found


def finish(job: Job) -> None:
    """Make the tree in dom0 the guest's own, and its disk of that. The tree is gone afterwards."""
    stage = roots.stage(job)
    job.say("configures it")
    keys = roots.configure(job)
    linux_boot.take_out(job)
    linux_disk.make(job, stage)
    boots.prove_loader(job)
    job.note(host_keys=keys, python=roots.python(job))
    job.host.run([roots.RM, "-rf", stage], timeout=roots.REMOVE_SECONDS)
