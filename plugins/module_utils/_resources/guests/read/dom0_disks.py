# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What dom0 itself uses of its disks: file systems, swap, and whatever has one as a part. Reads only.

A program that should tell and does not means that nobody knows: CommandFailed is raised. Each is asked only where
there is something that it could tell of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...._change import CommandFailed
from ...._formats.system import disks, mounts, swap
from ...._host import Host
from .extents import RAW

MOUNT, SWAPCTL = "/sbin/mount", "/sbin/swapctl"
RAIDCTL, CGDCONFIG, CCDCONFIG = "/sbin/raidctl", "/sbin/cgdconfig", "/sbin/ccdconfig"
LVM, ZPOOL = "/sbin/lvm", "/sbin/zpool"
CGD_CONF, CCD_CONF = "/etc/cgd/cgd.conf", "/etc/ccd.conf"
# Where LVM has its volumes' nodes, and what it writes of each group (lvm.conf(5), backup_dir).
MAPPER, LVM_BACKUP = "/dev/mapper", "/etc/lvm/backup"
# Where imported pools are written down (zpool(8), cachefile).
ZPOOL_CACHE = "/etc/zfs/zpool.cache"
# What the kernel has mounted as / until mount(8) gives it a name (sys/ufs/ffs/ffs_vfsops.c, ffs_mountroot).
_NAMELESS = "root_device"


@dataclass(frozen=True)
class Use:
    """A device or file that dom0 uses, what for in words, and whether it is written to: rw or ro. ``unit`` is the vnd
    unit, if it is nothing more than configured."""

    path: str
    what: str
    access: str = "rw"
    unit: str = ""


def uses(host: Host, present: list[str]) -> list[Use]:
    """Everything that dom0 uses. ``present`` are the disks that it has. Raises CommandFailed if that can't be told."""
    mounted = mounts.parse(host.run([MOUNT]).stdout)
    if not mounted:
        raise CommandFailed(f"{MOUNT} shows no file system, and / always is one. Look at what it prints.")
    if any(each.device == _NAMELESS for each in mounted):
        raise CommandFailed(f"{MOUNT} does not tell the disk of /. Write it into /etc/fstab, and run mount -u /.")
    found = [
        Use(each.device, f"mounted on {each.directory}", "ro" if each.read_only else "rw")
        for each in mounted
        if each.device.startswith("/")
    ]
    found += [Use(device, "used as swap") for device in _swap(host)]
    for raid in _units("raid", present):
        found += [Use(path, f"a component of {raid}") for path in _raid(host, raid)]
    found += [Use(_cgd(host, cgd), f"encrypted by {cgd}") for cgd in _units("cgd", present)]
    found += _ccd(host, _units("ccd", present))
    if set(host.list_dir(MAPPER)) - {"control"} or host.list_dir(LVM_BACKUP):
        volumes = disks.physical_volumes(host.run([LVM, "pvs", "--noheadings", "-o", "pv_name"]).stdout)
        found += [Use(path, "a physical volume of LVM") for path in volumes]
    if host.exists(ZPOOL_CACHE) or any(each.type == "zfs" for each in mounted):
        found += [Use(path, "in a ZFS pool") for path in _pools(host, present)]
    return found


def _units(driver: str, present: list[str]) -> list[str]:
    """A volume of LVM is a disk too, and has any name."""
    return [disk for disk in present if re.fullmatch(rf"{driver}[0-9]+", disk)]


def _swap(host: Host) -> list[str]:
    """Without any, swapctl says so and fails (record swapctl, NetBSD 7.99.10)."""
    result = host.try_run([SWAPCTL, "-l"])
    if result.rc and swap.NONE not in result.stdout + result.stderr:
        raise CommandFailed(f"{SWAPCTL} -l does not tell what dom0 swaps to: {result.tail}", rc=result.rc)
    return swap.devices(result.stdout)


def _raid(host: Host, name: str) -> list[str]:
    found = disks.raid_components(host.run([RAIDCTL, "-s", name]).stdout)
    if found is None:
        raise CommandFailed(f"{RAIDCTL} -s {name} shows no components. Look at what it prints.")
    return found


def _cgd(host: Host, name: str) -> str:
    """Older releases have no ``-l``: there its file tells, if the unit was configured by it."""
    result = host.try_run([CGDCONFIG, "-l", name])
    device = disks.cgd_device(result.stdout, name)
    device = device or disks.cgd_targets(host.read_text(CGD_CONF) or "").get(name, "")
    if not device.startswith(("/", "device ")):
        why = device or result.tail
        raise CommandFailed(f"{CGDCONFIG} -l {name} and {CGD_CONF} do not tell which disk {name} has: {why}")
    return device


def _ccd(host: Host, present: list[str]) -> Iterator[Use]:
    """Older releases look into the kernel's memory, which may fail: there its file tells, as of cgd."""
    result = host.try_run([CCDCONFIG, "-g"]) if present else None
    shown = disks.ccd_components(result.stdout if result else "")
    written = disks.ccd_components(host.read_text(CCD_CONF) or "") if set(present) - set(shown) else {}
    for name in present:
        parts = shown.get(name) or written.get(name, [])
        if not parts or not all(path.startswith("/") for path in parts):
            why = " ".join(parts) or (result.tail if result else "")
            raise CommandFailed(f"{CCDCONFIG} -g and {CCD_CONF} do not tell which disks {name} has: {why}")
        yield from (Use(path, f"a component of {name}") for path in parts)


def _pools(host: Host, present: list[str]) -> Iterator[str]:
    """Pools, mirrors and the like stand among the disks; they have no node, as a whole disk has none without a
    letter."""
    for name in disks.pool_parts(host.run([ZPOOL, "status"]).stdout):
        path = name if name.startswith("/") else f"/dev/{name}"
        if host.exists(path):
            yield path
        elif path[len("/dev/") :] in present:
            yield path + RAW
