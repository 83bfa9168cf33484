# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What Linux calls the root file system on a guest's disk: the disk's own name where that is a partition's (0x301 is
hda1), else its first partition's (0x300 is hda, and has hda1). Pure."""

from __future__ import annotations

import re
from typing import Any

from .vdev import default_vdev, vdev_name, vdev_number

_NAME = re.compile(r"[a-z]+([0-9]*)\Z")


def name(vdev: str) -> str:
    """The name of a disk; its number as hexadecimal text where it has none."""
    number = vdev_number(vdev)
    return vdev_name(number) if number is not None else vdev


def is_known(device: str) -> bool:
    """Whether that is a name at all."""
    return _NAME.match(device) is not None


def is_partition(vdev: str) -> bool:
    """Whether a disk's name is that of a partition, so that it has no table of its own."""
    found = _NAME.match(name(vdev))
    return bool(found and found.group(1))


def device(vdev: str, bare: bool) -> str:
    """What Linux calls the file system; ``bare`` is one that takes the whole disk."""
    return name(vdev) if bare or is_partition(vdev) or not is_known(name(vdev)) else f"{name(vdev)}1"


def boots(install: object, disks: object, methods: tuple[str, ...]) -> dict[str, str]:
    """The root that a guest has by default, as its configuration has it, if ``install`` is of one of these methods.
    None where the first disk says its name in a way that is told elsewhere."""
    if not isinstance(install, dict) or install.get("method") not in methods:
        return {}
    if not isinstance(disks, list) or not disks:
        return {}
    first: Any = disks[0] if isinstance(disks[0], dict) else {"path": disks[0]}
    vdev = first.get("vdev", default_vdev(0))
    if not isinstance(vdev, str) or not isinstance(first.get("path"), str) or "," in first["path"]:
        return {}
    return {"root": f"/dev/{device(vdev, install.get('table') == 'none')}"}
