# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What mount(8) prints on NetBSD, one line each: ``/dev/wd0a on / type ffs (log, local)`` (record mount.txt, NetBSD
7.99.10)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE = re.compile(r"^(?P<device>.+?) on (?P<directory>/.*) type (?P<type>\S+) \((?P<options>[^()]*)\)$", re.MULTILINE)


@dataclass(frozen=True)
class Mount:
    """One mounted file system; ``type`` is ffs, kernfs, ... One that is ``read_only`` nobody writes to."""

    device: str
    directory: str
    type: str
    read_only: bool = False


def parse(text: str) -> list[Mount]:
    """Every mounted file system, in the order in which they were mounted."""
    return [
        Mount(found["device"], found["directory"], found["type"], "read-only" in found["options"].split(", "))
        for found in _LINE.finditer(text)
    ]


def on(mounts: list[Mount], directory: str) -> Mount | None:
    """What is seen at a directory: the last one that was mounted there, since they stack (record kernfs)."""
    return next((mount for mount in reversed(mounts) if mount.directory == directory), None)


def raw_device(device: str) -> str:
    """The character device of a block device: ``/dev/rwd0a`` for ``/dev/wd0a``."""
    folder, _slash, name = device.rpartition("/")
    return f"{folder}/r{name}"
