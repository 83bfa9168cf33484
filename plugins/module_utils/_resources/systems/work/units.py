# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A vnd unit of our own, for as long as a guest's disk is written in dom0.

It is in the guest's record before it is configured, so that the next run finds and releases what a run that was killed
has left, by umount(8) and a plain ``vnconfig -u``. ``-F`` hung the machine (record vnconfig-F-mounted-hang, NetBSD
7.99.10). One file can be two units at once (record mount-while-running), so a unit counts as ours only if it is on our
file and no running guest has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ...._change import CommandFailed, XenError
from ...._formats.system import mounts
from ...._host import Host
from ...guests.read import vnd
from ...guests.read.extents import inode
from .job import Job, Leftover

MOUNT, UMOUNT = "/sbin/mount", "/sbin/umount"
UMOUNT_SECONDS = 600.0
_NODE = re.compile(r"vnd([0-9]+)d\Z")


@contextmanager
def attached(job: Job) -> Iterator[str]:
    """The guest's disk as a unit, by its name, such as vnd0. It is given back whatever happens."""
    name = _configure(job)
    try:
        yield name
    finally:
        give_back(job)


@contextmanager
def mounted(job: Job, device: str, kind: tuple[str, ...] = ("-t", "ffs", "-o", "async")) -> Iterator[str]:
    """A file system of the guest, mounted; its directory. ``device`` is the block device, ``kind`` mount's options: of
    one of NetBSD nothing of what is written counts before it is unmounted, so it may be mounted async."""
    job.host.make_dir(job.mount_point, 0o700)
    job.host.run([MOUNT, *kind, device, job.mount_point])
    try:
        yield job.mount_point
    finally:
        unmount(job)


def give_back(job: Job | Leftover) -> None:
    """Unmount the guest's file system and release the unit in its record, if it is ours. Raises XenError."""
    unmount(job)
    name = job.record.unit
    if not name:
        return
    if holds(job.host, name) == job.record.identity:
        found = _others(job.host, job.record.disk, name)
        if found:
            raise XenError(f"{name} is on {job.record.disk} and is not released: {found}.")
        job.host.run([vnd.VNCONFIG, "-u", name])
    job.note(unit="")


def holds(host: Host, name: str) -> str:
    """What a unit is on, as an identity; empty if it is not configured."""
    return next((inode(*place) for unit, place in vnd.configured(host) if unit.name == name), "")


def _others(host: Host, path: str, name: str) -> str:
    """Who else has this unit, in words; empty for nobody."""
    kept = vnd.looked(host, vnd.places_of(host, {path: ""}), set(), "", 1).kept
    return kept[name].why if name in kept else ""


def unmount(job: Job | Leftover) -> None:
    """Unmount what is mounted of the guest's, also by a run that broke off. Raises XenError."""
    there = mounts.parse(job.host.run([MOUNT]).stdout)
    for _each in [mount for mount in there if mount.directory == job.mount_point]:
        job.host.run([UMOUNT, job.mount_point], timeout=UMOUNT_SECONDS)
    job.host.remove_dir(job.mount_point)


def _configure(job: Job) -> str:
    """The guest's disk on a free unit."""

    def note(name: str) -> None:
        job.note(unit=name)

    return configure(job, job.install.disk.path, job.record.identity, note)


def configure(job: Job, path: str, identity: str, note: Callable[[str], None]) -> str:
    """Configure a free unit on a file, and return its name. The block script takes the first free one, so this is the
    last. ``note`` writes the unit's name into the guest's record, empty for none. Raises XenError."""
    used = {unit.name for unit, _place in vnd.configured(job.host)}
    numbers = [int(found.group(1)) for found in map(_NODE.match, job.host.list_dir("/dev")) if found]
    free = [f"vnd{number}" for number in sorted(numbers, reverse=True) if f"vnd{number}" not in used]
    for name in free:
        note(name)
        result = job.host.try_run([vnd.VNCONFIG, "-c", name, path])
        if result.rc == 0 and holds(job.host, name) == identity:
            return name
        if "Device busy" not in result.stderr:
            note("")
            raise CommandFailed(f"{path} can't be configured as {name}: {result.tail}", command=list(result.argv))
    if free:
        note("")
    raise XenError(
        f"Guest {job.name} needs a free vnd unit to be installed, and all {len(numbers)} are in use; make more with "
        "MAKEDEV (role makedev: makedev_vnd_units)."
    )
