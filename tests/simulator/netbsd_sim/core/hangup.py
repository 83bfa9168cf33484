# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""End what a machine that went away can't keep: its processes and the ssh connections to it.

Run as `python hangup.py HOST_DIR` by enter.sh; the rack uses the functions. Only processes that belong to the host are
touched: those whose root directory is the host's, and recorded connections that descend from the rack's own sshd.
"""

from __future__ import annotations

import os
import signal
import sys
import time


def parents() -> dict[int, int]:
    """pid -> parent's pid, of all processes."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as stream:
                    # The command's name is in parentheses and may hold anything.
                    found[int(name)] = int(stream.read().rpartition(")")[2].split()[1])
            except OSError:
                continue
    return found


def descends(pid: int, ancestor: int, known: dict[int, int]) -> bool:
    """Whether `ancestor` is above `pid`."""
    while pid > 1:
        pid = known.get(pid, 0)
        if pid == ancestor:
            return True
    return False


def inside(directory: str) -> list[int]:
    """Processes whose root directory is `directory`."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                root = os.readlink(f"/proc/{name}/root")
            except OSError:
                continue
            if root == directory:
                found.append(int(name))
    return found


def kill(pids: list[int]) -> None:
    """SIGKILL them. Some may have ended already."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def end_inside(directory: str, seconds: float = 10.0) -> None:
    """End all processes whose root directory is `directory`, and wait until none is left: a killed one may be within a
    write still, and one may have been started while the others were looked up. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while pids := inside(directory):
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes in {directory} do not end: {pids}")
        kill(pids)
        time.sleep(0.005)


def read_pid(path: str) -> int:
    """A pid file's number, 0 without one."""
    try:
        with open(path) as stream:
            return int(stream.read().strip() or 0)
    except (OSError, ValueError):
        return 0


def hang_up(host_dir: str) -> None:
    """End all ssh connections to the host and all processes in its root.

    Connections go first: a client must see a broken connection, not the status of a killed command.
    """
    rack = os.path.dirname(os.path.dirname(host_dir))
    daemon = read_pid(os.path.join(rack, "ssh", "sshd.pid"))
    known = parents()
    directory = os.path.join(host_dir, "connections")
    for name in os.listdir(directory):
        os.unlink(os.path.join(directory, name))
        if daemon and descends(int(name), daemon, known):
            kill([int(name)])
    kill(inside(os.path.join(host_dir, "root")))


if __name__ == "__main__":
    hang_up(os.path.realpath(sys.argv[1]))
