# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plug is pulled: what FFS with its log keeps of the last half minute.

Names, sizes, modes and device nodes are in the log and come back. Contents are not: what was written within the last 30
seconds and not fsynced comes back at full size and full of NUL, or whole at its beginning with NUL in its tail (fact
44; power-cut/README.md and files-lost.txt of the records, NetBSD 7.99.10). A file that was fsynced is whole, whatever
was renamed or chmodded afterwards; so is all that was there when the machine last booted, because reboot(2) syncs.

Which files get away, and where a tail begins, hangs on the host's and the file's name alone, so that a cut can be
repeated.
"""

from __future__ import annotations

import os
import random
import stat
from collections.abc import Iterator
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


def cut(m: Machine) -> list[str]:
    """Power fails and comes back. Returns the files that were damaged, sorted. Processes are the caller's business."""
    from ..boot import power

    damaged = [path for path in _unsafe(m) if _damage(m, path)]
    (m.host_dir / "power_cut").write_text("\n".join(damaged) + "\n")
    power.restart(m)
    return damaged


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


def _unsafe(m: Machine) -> Iterator[str]:
    """Paths below the root of the files whose content is not on the disk yet, sorted."""
    since = max(m.now() - _UNSAFE_SECONDS, float(m.data.get("synced", 0)))
    safe = _fsynced(m)
    for directory, names, files in os.walk(m.root):
        inside = os.path.relpath(directory, m.root)
        prefix = "" if inside == "." else inside + "/"
        names[:] = sorted(name for name in names if prefix + name not in _NOT_THERE and name != _COMPILED)
        for name in sorted(files):
            found = os.lstat(os.path.join(directory, name))
            if stat.S_ISREG(found.st_mode) and found.st_size and found.st_mtime > since and _key(found) not in safe:
                yield prefix + name


def _key(found: os.stat_result) -> str:
    """What one content of one file has in common under all its names."""
    return f"{found.st_ino} {found.st_mtime_ns} {found.st_size}"


def _fsynced(m: Machine) -> set[str]:
    """What the machine's Python has fsynced; sitecustomize writes the lines."""
    try:
        return set((m.host_dir / FSYNCED).read_text().splitlines())
    except FileNotFoundError:
        return set()


def _damage(m: Machine, path: str) -> bool:
    """Make of a file what the cut leaves of it, with its size and times. False if it got away."""
    dice = random.Random(f"{m.data.get('hostname')} {path}")
    outcome = dice.choice(_OUTCOMES)
    if outcome == "whole":
        return False
    file = Path(m.root, path)
    found = file.stat()
    begin = dice.randrange(found.st_size) // _SECTOR * _SECTOR if outcome == "tail" else 0
    with open(file, "r+b") as stream:
        # A guest's disk of some GiB takes no room for its holes, and none for these.
        stream.truncate(begin)
        stream.truncate(found.st_size)
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
    return True
