# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A root file system on RAID-1 (RAIDframe), which NetBSD's boot blocks and loader read from each component by itself:
they look for it behind the 64 sectors that RAIDframe keeps at a component's beginning (sys/arch/i386/stand/bootxx/
boot1.c; lib/biosdisk.c, biosdisk_open). The kernels find it only as a set that configures itself and may be root
(sys/dev/raidframe/rf_netbsdkintf.c, rf_buildroothack; raidctl(8), -A)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..._change import CommandFailed, Refused
from ..._formats.system import disks
from ..._host import Host
from .loaders import BOOT_CFG, Loader

RAIDCTL = "/sbin/raidctl"
# A spare that is used has all that the component had whose place it took.
_WORKS = ("optimal", "used_spare")
_RAID = re.compile(r"raid[0-9]+")
_PART = re.compile(r"/dev/([a-z]+[0-9]+)([a-p])")


@dataclass(frozen=True)
class Mirror:
    """A set, and those of its components that work, as (disk, letter of the partition)."""

    name: str
    found: disks.RaidSet
    parts: tuple[tuple[str, str], ...]


def is_raid(disk: str) -> bool:
    """Whether a disk's name is that of a set of RAIDframe."""
    return _RAID.fullmatch(disk) is not None


def read(host: Host, name: str) -> Mirror:
    """Raises CommandFailed where raidctl does not show the set."""
    answer = host.run([RAIDCTL, "-s", name])
    found = disks.raid_set(answer.stdout)
    if found is None:
        raise CommandFailed(f"{RAIDCTL} -s {name} shows no components. Look at what it prints.")
    places = [_PART.fullmatch(path) for path, state in found.states.items() if state in _WORKS]
    return Mirror(name, found, tuple((place[1], place[2]) for place in places if place))


def refuse_unbootable(mirror: Mirror, loader: Loader) -> None:
    """Raise Refused for a set that this loader or the kernels behind it don't find a root file system in."""
    name, found = mirror.name, mirror.found
    if loader != BOOT_CFG:
        raise Refused(
            f"{loader.title} reads no component of {name}: a file system in one begins behind RAIDframe's own sectors. "
            f"NetBSD's loader does; use bootloader_loader: {BOOT_CFG.name}."
        )
    wedges = [path for path, state in found.states.items() if state in _WORKS and not _PART.fullmatch(path)]
    if wedges:
        raise Refused(
            f"{name} has the component {wedges[0]}, which is no partition of a disk such as wd0a; install its "
            "boot blocks yourself (installboot(8))."
        )
    if found.levels != ("1",):
        level = " and ".join(found.levels) or "unknown"
        raise Refused(
            f"{name} is a RAID of level {level}; the loader reads a component by itself, which only one of "
            "level 1 (a mirror) can be."
        )
    if found.autoconfig != ("Yes",) or not found.root or "No" in found.root:
        raise Refused(
            f"{name} is not marked for the kernel to configure it and take it for root, so that the machine "
            f"would ask for its root device. Mark it, with: {RAIDCTL} -A root {name} (raidctl(8))."
        )


def warnings(mirror: Mirror, without_code: list[str]) -> list[str]:
    """What keeps the machine from booting from every component. ``without_code`` are disks whose first sector has no
    code of a loader that is known."""
    lines = [
        f"{path}, a component of {mirror.name}, is {state}; whatever takes its place needs boot blocks, so run this "
        "again then."
        for path, state in mirror.found.states.items()
        if state not in (*_WORKS, "spare")
    ]
    return lines + [
        f"{disk} begins with no boot code of NetBSD's; should it be the only one left, the machine boots only if the "
        f"firmware starts its partition otherwise. Put it there, with: fdisk -i {disk} (fdisk(8))."
        for disk in without_code
    ]
