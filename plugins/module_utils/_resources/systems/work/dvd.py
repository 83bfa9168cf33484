# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The DVD that a guest is installed from, on a vnd unit that is held until the guest boots from its disk: attached as
anything but ``phy:`` its boot stalls (NetBSD/Xen HOWTO 1.7, Creating an unprivileged Solaris domain).

The unit is in the guest's record before it is configured, and configured again where a reboot of dom0 has taken it.
"""

from __future__ import annotations

from ...._change import XenError
from ...files import content
from ...guests.read import vnd
from ...guests.read.extents import identity
from . import units
from .job import Job, Leftover

# How often a guest that has just gone is waited for, and the seconds between.
TRIES, BETWEEN_SECONDS = 30, 0.5
_READ_ONLY = ("-t", "cd9660", "-r")


def hold(job: Job, path: str) -> str:
    """Have the DVD on a unit, and return the unit's name. Raises XenError."""
    found = job.host.stat(path)
    if found is None:
        raise XenError(f"{path} does not exist; bring it there")
    units.unmount(job)
    place = identity(job.host.real_path(path), found)
    known = job.record
    if known.media and known.media_on == place and units.holds(job.host, known.media) == place:
        return known.media
    give_back(job)

    def note(name: str) -> None:
        job.note(media=name, media_on=place if name else "")

    return units.configure(job, path, place, note)


def copy_out(job: Job, files: dict[str, str]) -> None:
    """Copy files of the DVD that is held to dom0: by their paths on it, without the first slash, where they go. Raises
    XenError for one that the DVD has not, and where something else is already."""
    host = job.host
    with units.mounted(job, f"/dev/{job.record.media}a", _READ_ONLY) as root:
        lacking = [f"/{name}" for name in files if host.stat(f"{root}/{name}") is None]
        if lacking:
            raise XenError(
                f"the DVD lacks {' and '.join(lacking)}: it is none of OpenSolaris for x86 that boots under Xen"
            )
        for name, path in files.items():
            if host.stat(path) is None:
                host.make_dir(path.rpartition("/")[0])
                host.copy_file(f"{root}/{name}", path, 0o444)
            elif content.sha512(host, path) != content.sha512(host, f"{root}/{name}"):
                raise XenError(
                    f"{path} is there, and is not /{name} of the DVD; remove it, or declare another path for guest "
                    f"{job.name}"
                )


def give_back(job: Job | Leftover) -> None:
    """Release the unit in the record, if it still is on the DVD. Raises XenError while a guest has it."""
    name = job.record.media
    if not name:
        return
    units.unmount(job)
    tries = 0
    while units.holds(job.host, name) == job.record.media_on:
        result = job.host.try_run([vnd.VNCONFIG, "-u", name])
        if result.rc == 0:
            break
        tries += 1
        # The guest may still have it (record vnconfig-u-busy, NetBSD 7.99.10).
        if "busy" not in result.tail or tries >= TRIES:
            raise XenError(f"{name}, which the DVD of guest {job.name} is on, can't be released: {result.tail}")
        job.host.pause(BETWEEN_SECONDS)
    job.note(media="", media_on="")
