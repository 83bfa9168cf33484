# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ssh session that a process of a machine belongs to.

enter.sh notes itself in `connections/PID`, PID being the sshd of the connection. sshd makes each command the leader of
a session of its own (session.c: setsid), so a process finds its connection by the number of its session, or by its
parent's if it was started in a new one. A daemon has left both behind, and so survives its connection.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import NamedTuple


class Session(NamedTuple):
    """The leader of the session, which is enter.sh, and the sshd of its connection."""

    leader: int
    connection: int


def mine(host_dir: Path) -> Session | None:
    """The session of the calling process; None for one that no ssh connection started."""
    sessions = {os.getsid(0), os.getsid(os.getppid())}
    files = sorted((host_dir / "connections").iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in files:
        for word in path.read_text().split():
            if int(word) in sessions:
                return Session(int(word), int(path.name))
    return None


def end(host_dir: Path) -> None:
    """End the calling process, its session and its connection. The client's connection breaks first, so that nobody
    hears of an exit status. Returns only outside a session, where there is nothing to end."""
    found = mine(host_dir)
    if found is None:
        return
    os.kill(found.connection, signal.SIGKILL)
    own_group = os.getpgid(0)
    if own_group != found.leader:
        _kill_group(found.leader)
    _kill_group(own_group)


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
