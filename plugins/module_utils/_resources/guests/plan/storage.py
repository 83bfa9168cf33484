# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Who uses a disk. Two that write to one lose its data, and the toolstack does not mind (record create-s2-same-image,
NetBSD 7.99.10). Pure.

A disk is what it is under any name: a device by its numbers, a file by its inode. Of dom0's own uses its file systems
and its swap are known; the components of raid(4), cgd(4) and ccd(4) are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ...._formats.guest.devices import Disk
from ..declare import config as guest_config
from ..declare.guest import Guest
from ..declare.wanted import Wanted
from ..read import lost
from .changes import known

UP = ("running", "paused")
# A partition of a disklabel(5).
_PARTITION = re.compile(r"/dev/(?P<disk>(?:wd|sd|ld|raid|cgd|ccd|vnd|xbd)[0-9]+)(?P<letter>[a-p])\Z")
# The whole disk, and NetBSD's part of it, which holds all others (i386 and amd64: RAW_PART is d).
_WHOLE = "cd"


def identity(current: dict[str, Any], path: str) -> str:
    """What is at a path, under any name, as far as it was looked at."""
    return current["identities"].get(path) or real(current, path)


def real(current: dict[str, Any], path: str) -> str:
    """A path without symbolic links, as far as it was looked at."""
    return current["links"].get(path, path)


def problems(guest: Guest, disk: Disk, current: dict[str, Any], wanted: Wanted) -> list[str]:
    """Who else uses a disk that a guest is to be given, in words. Two that only read it may share it."""
    if not disk.path:
        return []
    this = identity(current, disk.path)
    claims = [*_running(guest, current), *_starting(guest, wanted), *_configured(guest, current, wanted)]
    found = [
        f"disk {disk.path} is in use by {who}"
        for who, path, access in claims
        if identity(current, path) == this and "rw" in (disk.access, access)
    ]
    return list(dict.fromkeys(found)) + _mounted(disk, current) + _of_dom0(disk, current)


def others(guest: Guest, current: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The running guests but this one, which may still run under another name: in words, and their configurations."""
    own = current["own"].get(guest.name, ())
    return [
        (lost.label(domain), domain["config"])
        for domain in current["domains"]
        if domain["config"] and domain["domid"] not in own
    ]


def _running(guest: Guest, current: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, config in others(guest, current):
        for disk in config.get("disk", []):
            if isinstance(disk, dict) and disk["path"]:
                yield name, disk["path"], disk["access"]


def _starting(guest: Guest, wanted: Wanted) -> Iterator[tuple[str, str, str]]:
    for other in wanted.guests:
        if other.name != guest.name and other.state in UP:
            for disk in other.disks:
                if disk.path:
                    yield f"guest {other.name}, which is declared {other.state}", disk.path, disk.access


def _configured(guest: Guest, current: dict[str, Any], wanted: Wanted) -> Iterator[tuple[str, str, str]]:
    """What configurations of guests that nobody declares name: the machine, or somebody, may start them."""
    declared = {other.name for other in wanted.guests}
    uuids = {other.uuid for other in wanted.guests}
    for file, config in current["configs"].items():
        settings = config["settings"] or {}
        if settings.get("name", file) in declared or file in declared or settings.get("uuid") in uuids:
            continue
        path = f"{current['config_dir']}/{file}"
        for disk in guest_config.disks_in(config["settings"]):
            if disk.path:
                who = f"the configuration {path} of a guest that is not declared; declare it, or move its file away"
                yield who, disk.path, disk.access
        for named in config.get("paths", ()):
            who = f"the configuration {path}, which can't be read and names it; correct it, or move it away"
            yield who, named, "rw"


def _mounted(disk: Disk, current: dict[str, Any]) -> list[str]:
    """A file whose file system dom0 has mounted by way of a vnd unit."""
    units = (current["vnd"] or {"kept": {}})["kept"]
    return [
        f"disk {disk.path} is in use by {name}: {unit['why']}"
        for name, unit in sorted(units.items())
        if unit["path"] and unit.get("mounted") and identity(current, unit["path"]) == identity(current, disk.path)
    ]


def _of_dom0(disk: Disk, current: dict[str, Any]) -> list[str]:
    """What dom0 itself uses, and a whole disk of which it uses a part."""
    if not disk.path.startswith("/dev/"):
        return []
    this = _PARTITION.match(real(current, disk.path))
    found = []
    for device, what, place in known(current)["dom0_disks"]:
        used = _PARTITION.match(device)
        if place == identity(current, disk.path):
            found.append(f"disk {disk.path} is {what} in dom0")
        elif not this or not used or this["disk"] != used["disk"]:
            continue
        elif this["letter"] in _WHOLE:
            found.append(f"disk {disk.path} holds {device}, which is {what} in dom0")
        elif used["letter"] in _WHOLE:
            found.append(f"disk {disk.path} is a part of {device}, which is {what} in dom0")
    return found
