# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plug is pulled: what FFS with its log keeps of the last half minute.

Names, sizes, modes and device nodes are in the log and come back. Contents are not: what was written within the last 30
seconds and not fsynced comes back at full size and full of NUL, or whole at its beginning with NUL in its tail (fact
44; power-cut/README.md and files-lost.txt of the records, NetBSD 7.99.10). A file that was fsynced is whole, whatever
was renamed or chmodded afterwards; so is all that was there when the machine last booted, because reboot(2) syncs.

Which files get away, and where a tail begins, hangs on the host's and the file's name alone. What was written within
half a minute hangs on the day, so a cut leaves in the host directory what it damaged (`power_cut`: where the NUL
begins, and the path below the root), and one that finds such a list there as `power_cut_again` damages that alone.
"""

from __future__ import annotations

import os
import random
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from .machine import Machine

# The syncer has written what is older (the records' cuts lost what was written "in the last half minute").
_UNSAFE_SECONDS = 30.0
# In the log (nodes), in memory, or the simulator's own. Below the root.
_NOT_THERE = ("dev", "proc", "kern", "tmp", ".sim", "var/run")
# A Python package brings what its library compiles to (its PLIST names the .pyc files); here the controller's Python
# writes it, whose library is no part of the machine.
_COMPILED = "__pycache__"
_SECTOR = 512
# What a cut makes of a file that is not safe: of the 190 that the packages of one cut had just written, 154 were lost,
# most of them altogether (files-lost.txt).
_OUTCOMES = ("nul", "nul", "nul", "tail", "whole")
FSYNCED = "fsynced"
DAMAGED, AGAIN = "power_cut", "power_cut_again"
# What a Python's tempfile puts into the name of a file on its way to another.
_RANDOM = re.compile(r"(?<=\.)[a-z0-9_]{8}(?=\.netbsd_xen$)")

# Where the NUL begins in a file, by its path below the root.
Damage = dict[str, int]


def cut(m: Machine) -> list[str]:
    """Power fails and comes back. Returns the files that were damaged, sorted. Processes are the caller's business."""
    again = read(m.host_dir / AGAIN)
    return come_back(m, _dice(m, unsafe(m)) if again is None else _as_before(unsafe(m), again))


def come_back(m: Machine, damage: Damage) -> list[str]:
    """As ``cut``, with this damage."""
    from ..boot import power
    from ..system import mounts

    for path, begin in damage.items():
        spoil(m.root / path, begin)
    (m.host_dir / DAMAGED).write_text("".join(f"{begin} {path}\n" for path, begin in sorted(damage.items())))
    mounts.gone(m)
    power.restart(m)
    return sorted(damage)


def read(listed: Path) -> Damage | None:
    """What a list of damage says; None if there is none."""
    if not listed.exists():
        return None
    words = [line.split(" ", 1) for line in listed.read_text().splitlines()]
    return {path: int(begin) for begin, path in words}


def _as_before(found: Iterable[str], again: Damage) -> Damage:
    """The damage of an earlier cut; a name that is made up anew each time is another today."""
    known = {_RANDOM.sub("*", path): begin for path, begin in again.items()}
    return {path: known[_RANDOM.sub("*", path)] for path in found if _RANDOM.sub("*", path) in known}


def pull_the_plug(m: Machine) -> None:
    """As ``cut``, from a process on the machine, which does not outlive it; nor do its session and its connection.

    What else runs there, whoever watches from outside has to end (the file ``power_cut`` in the host directory).
    """
    import signal

    from . import session

    cut(m)
    m.save()
    session.end(m.host_dir)
    os.kill(os.getpid(), signal.SIGKILL)


def settle(m: Machine) -> None:
    """All that was written is on the disk: after a boot, and for a machine of which nobody knows how it came about."""
    m.data["synced"] = m.now()
    (m.host_dir / FSYNCED).unlink(missing_ok=True)


def unsafe(m: Machine) -> Iterator[str]:
    """Paths below the root of the files whose content is not on the disk yet, sorted."""
    from ..system import volumes

    disks = [mount["dir"].lstrip("/") for mount in m.data.get("mounts", []) if "volume" in mount]
    on_disk = volumes.safe_files(m) if disks else {}
    since = max(m.now() - _UNSAFE_SECONDS, float(m.data.get("synced", 0)))
    safe = _fsynced(m)
    for directory, names, files in os.walk(m.root):
        inside = os.path.relpath(directory, m.root)
        prefix = "" if inside == "." else inside + "/"
        names[:] = sorted(name for name in names if name != _COMPILED and (
            prefix + name not in _NOT_THERE or _has(prefix + name, disks)))
        if _memory(inside, disks):
            continue
        for name in sorted(files):
            found = os.lstat(os.path.join(directory, name))
            if not stat.S_ISREG(found.st_mode) or not found.st_size or _key(found) in safe:
                continue
            # What tar writes has the time of the archive, so in a guest's tree that of the inode counts.
            inside_disk = any((inside + "/").startswith(disk + "/") for disk in disks)
            if (found.st_ctime if inside_disk else found.st_mtime) > since and not _same(
                    on_disk.get(prefix + name), found):
                yield prefix + name


def _same(about: tuple[int, float] | None, found: os.stat_result) -> bool:
    """Whether a file is as it is on the guest's disk."""
    return about is not None and about[0] == found.st_size and abs(about[1] - found.st_mtime) < 1e-5


def _has(directory: str, disks: list[str]) -> bool:
    """Whether a guest's disk is mounted below a directory that is itself in memory."""
    return any((disk + "/").startswith(directory + "/") for disk in disks)


def _memory(directory: str, disks: list[str]) -> bool:
    """Whether files right in this directory are not on any disk."""
    within = (directory + "/").startswith(tuple(f"{name}/" for name in _NOT_THERE))
    on_disk = next((disk for disk in disks if (directory + "/").startswith(disk + "/")), None)
    return within if on_disk is None else directory[len(on_disk):].lstrip("/").startswith("dev")


def _key(found: os.stat_result) -> str:
    """What one content of one file has in common under all its names."""
    return f"{found.st_ino} {found.st_mtime_ns} {found.st_size}"


def _fsynced(m: Machine) -> set[str]:
    """What the machine's Python has fsynced; sitecustomize writes the lines."""
    try:
        return set((m.host_dir / FSYNCED).read_text().splitlines())
    except FileNotFoundError:
        return set()


def _dice(m: Machine, paths: Iterable[str]) -> Damage:
    """What the cut makes of files that are not safe: those that get away are not in it."""
    found = {}
    for path in paths:
        dice = random.Random(f"{m.data.get('hostname')} {path}")
        outcome = dice.choice(_OUTCOMES)
        if outcome != "whole":
            size = Path(m.root, path).stat().st_size
            found[path] = dice.randrange(size) // _SECTOR * _SECTOR if outcome == "tail" else 0
    return found


def spoil(file: Path, begin: int) -> None:
    """Fill a file with NUL from byte ``begin`` on; it keeps its size and times."""
    found = file.stat()
    with open(file, "r+b") as stream:
        # A guest's disk of some GiB takes no room for its holes, and none for these.
        stream.truncate(begin)
        stream.truncate(found.st_size)
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
