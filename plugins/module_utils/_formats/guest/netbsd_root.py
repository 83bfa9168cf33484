# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What NetBSD calls the root file system on a guest's first disk. It counts disks by their numbers, however they are
declared (sys/arch/xen/xenbus/xenbus_probe.c, xenbus_probe_device_type; measured on 7.99.10). Pure."""

from __future__ import annotations

import itertools
from typing import Any

from .vdev import default_vdev, vdev_number

FIRST = "xbd0a"


def device(disks: object) -> str:
    """The first partition of the first of ``disks``, which are as somebody declared them. Of one that is declared wrong
    is told elsewhere."""
    if not isinstance(disks, list):
        return FIRST
    known = [disk if isinstance(disk, dict) else {"path": disk} for disk in disks]
    numbers = [number for disk, number in zip(known, _numbers(known)) if disk.get("path") and not disk.get("cdrom")]
    return f"xbd{sum(number < numbers[0] for number in numbers)}a" if numbers else FIRST


def _numbers(disks: list[dict[str, Any]]) -> list[int]:
    """Their numbers; those that have none get the next that is free."""
    given = [vdev_number(str(disk["vdev"])) if disk.get("vdev") else None for disk in disks]
    free = (number for number in map(vdev_number, map(default_vdev, itertools.count())) if number not in given)
    return [(next(free) if number is None else number) or 0 for number in given]
