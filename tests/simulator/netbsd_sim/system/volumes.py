# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bytes a disk device is, and the trees of those that are mounted.

A vnd is its file. Of the machine's own disks those have bytes that `HOST/disks/NAME` holds (a test, or the first who
writes to one, makes it).

A mounted file system's tree lies at its mount point itself, so every process of the machine sees it; what it covers
waits in `HOST/covered`. All moves go through `HOST/root`: inside a machine that directory and / are one tree and two
mounts.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from ..core.machine import Machine, SimError
from ..disk import ffs, labels, volume
from ..disk.volume import Span

_DEVICE = re.compile(r"(?:/dev/)?(r?)(?:(dk)(\d+)|([a-z]+)(\d+)([a-p]))")


class NoDevice(SimError):
    """There is no such unit or partition: ENXIO. The message is that error's; who knows the program puts its name
    before it."""

    def __init__(self) -> None:
        super().__init__("Device not configured")


class Busy(NoDevice):
    """Somebody else has it: EBUSY."""

    def __init__(self) -> None:
        SimError.__init__(self, "Device busy")


def disk_of(device: str) -> tuple[str, str]:
    """(disk, letter) of a partition's name; a wedge (dk(4)) is a disk, and has no letter. Raises NoDevice for what is
    none."""
    match = _DEVICE.fullmatch(device)
    if match is None:
        raise NoDevice
    return (match[2] + match[3], "") if match[2] else (match[4] + match[5], match[6])


def whole(m: Machine, disk: str) -> Span:
    """A disk's bytes. Raises NoDevice for a vnd unit that is not configured, and for a disk without bytes."""
    if disk.startswith("dk"):
        about = m.data.get("wedges", {}).get(disk)
        if about is None:
            raise NoDevice
        parent, start, size = about[:3]
        inside = whole(m, parent)
        return Span(inside.path, start * labels.SECTOR, min(size * labels.SECTOR, inside.size - start * labels.SECTOR))
    if disk.startswith("vnd"):
        path = _vnd_file(m, disk[3:])
    else:
        path = m.host_dir / "disks" / disk
        if not path.exists():
            raise NoDevice
    size = path.stat().st_size // labels.SECTOR * labels.SECTOR
    return Span(path, 0, size)


def _vnd_file(m: Machine, unit: str) -> Path:
    """The unit holds the file, not its name (record vnd-rm-while-open): it may have been renamed in its directory."""
    name = m.data.get("vnd", {}).get(unit)
    if name is None:
        raise NoDevice
    inode = m.data.get("vnd_inodes", {}).get(unit)
    path = m.path(name)
    if path.exists() and path.stat().st_ino == inode:
        return path
    found = (entry for entry in (path.parent.iterdir() if path.parent.is_dir() else ()) if entry.is_file())
    path = next((entry for entry in found if entry.stat().st_ino == inode), Path())
    if path == Path():
        raise NoDevice
    return path


def label(m: Machine, disk: str) -> labels.Label:
    """The kernel's label of a disk: that on it, or one that it makes up. Raises NoDevice."""
    span = whole(m, disk)
    return volume.read_label(span) or labels.of_vnd(span.size // labels.SECTOR)


def partition(m: Machine, device: str) -> Span:
    """A partition's bytes. Raises NoDevice (sys/dev/vnd.c, vndopen: no such partition, or an unused one; the raw one is
    always there), Busy for one of a disk that has wedges."""
    disk, letter = disk_of(device)
    span = whole(m, disk)
    if letter in ("d", ""):
        return span
    if any(about[0] == disk for about in m.data.get("wedges", {}).values()):
        raise Busy
    part = label(m, disk).part(letter)
    if part is None or part.fstype == labels.UNUSED:
        raise NoDevice
    offset = part.offset * labels.SECTOR
    return Span(span.path, offset, max(0, min(part.size * labels.SECTOR, span.size - offset)))


# --- mounted trees ---------------------------------------------------------------------------------------------------


def _moved(m: Machine, directory: str) -> Path:
    """A directory of the machine by the way that can be renamed to and from."""
    return m.host_dir / "root" / directory.lstrip("/")


def attach(m: Machine, span: Span, directory: str, read_only: bool) -> int:
    """Put a file system's tree at a directory. Returns the number under which `detach` finds what it covers. Raises
    SimError for a file system whose files cannot be read."""
    number = int(m.data.get("next_volume", 1))
    m.data["next_volume"] = number + 1
    covered = m.host_dir / "covered"
    covered.mkdir(exist_ok=True)
    fresh = covered / f"{number}.new"
    volume.remove(fresh)
    if not volume.unpack(span, fresh):
        raise SimError("Input/output error")
    if not read_only:
        volume.mark(span, directory, False, int(m.now()))
    place = _moved(m, directory)
    place.rename(covered / str(number))
    fresh.rename(place)
    return number


def detach(m: Machine, entry: dict[str, Any], clean: bool) -> None:
    """Take a tree away from its directory, and write it to its disk."""
    covered = m.host_dir / "covered" / str(entry["volume"])
    place = _moved(m, entry["dir"])
    gone = covered.with_name(covered.name + ".gone")
    if not covered.exists():  # of a machine that was copied: what is covered is not part of a copy
        covered.mkdir(parents=True)
    place.rename(gone)
    covered.rename(place)
    if "ro" not in entry["options"].split(","):
        store(m, entry, gone, clean)
    volume.remove(gone)


def store(m: Machine, entry: dict[str, Any], tree: Path, clean: bool) -> None:
    """Write a tree to its disk. Nothing is left of one whose disk has gone or was written over."""
    try:
        span = partition(m, entry["device"])
    except NoDevice:
        return
    if volume.pack(span, tree):
        volume.mark(span, entry["dir"], clean, int(m.now()))


def busy(m: Machine, directory: str) -> bool:
    """Whether a process has its directory or an open file there. The controller's /proc tells, which is /.sim/proc in a
    machine: its own one is simulated."""
    inside = {(found.st_dev, found.st_ino) for _path, found in volume.walk(m.path(directory))}
    processes = "/.sim/proc" if os.path.isdir("/.sim/proc/self") else "/proc"
    return any(_identity(f"{processes}/{pid}/{name}") in inside for pid in os.listdir(processes) if pid.isdigit()
               for name in ("cwd", "root", *_descriptors(f"{processes}/{pid}/fd")))


def _identity(link: str) -> tuple[int, int]:
    try:
        found = os.stat(link)
    except OSError:  # it has ended, or is somebody else's
        return 0, 0
    return found.st_dev, found.st_ino


def _descriptors(directory: str) -> list[str]:
    try:
        return [f"fd/{name}" for name in os.listdir(directory)]
    except OSError:
        return []


def room(m: Machine, entry: dict[str, Any]) -> tuple[ffs.Ffs, int, int] | None:
    """(layout, files, fragments used) of a mounted FFS; None for another file system, or one whose disk is gone."""
    try:
        layout = volume.find_ffs(partition(m, entry["device"]))
    except NoDevice:
        return None
    if layout is None:
        return None
    files, taken = volume.used(m.path(entry["dir"]), layout.fsize, layout.bsize)
    return layout, files, taken // layout.fsize


def space(m: Machine, path: str) -> tuple[dict[str, Any], ffs.Ffs, int] | None:
    """The mounted disk that a path is on, its layout, and the bytes that even root may still write there; None for what
    is on no such disk."""
    inside = [entry for entry in m.data.get("mounts", []) if (path + "/").startswith(entry["dir"].rstrip("/") + "/")]
    entry: dict[str, Any] = max(inside, key=lambda each: len(each["dir"]), default={})
    found = room(m, entry) if "volume" in entry else None
    if found is None:
        return None
    layout, _files, fragments = found
    return entry, layout, max(0, layout.dsize - fragments) * layout.fsize


def safe_files(m: Machine) -> dict[str, tuple[int, float]]:
    """Files of mounted disks that have been on them since they were mounted: path below the machine's root, size,
    time."""
    found = {}
    for entry in m.data.get("mounts", []):
        if "volume" in entry:
            try:
                files = volume.written(partition(m, entry["device"]))
            except NoDevice:
                continue
            found.update({f"{entry['dir'].lstrip('/')}/{name}": about for name, about in files.items()})
    return found
