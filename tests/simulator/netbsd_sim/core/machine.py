# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of one simulated host, under a lock.

A host is a directory: `root/` is the machine's file system, `state.json` everything that is not a file there (running
kernel, daemons, interfaces, domains), `lock` serialises whoever changes it. The same class serves inside the sandbox
(the host directory is /.sim/host, the root is /) and outside it (unit tests, the rack).
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import profiles
from .errors import NotSimulated, SimError

SANDBOX_HOST = "/.sim/host"

DEFAULT_PACE = 0.1


__all__ = ["DEFAULT_PACE", "SANDBOX_HOST", "Machine", "NotSimulated", "SimError"]


class Machine:
    """One host. Use it as a context manager: entering takes the lock and loads, leaving saves and lets go."""

    def __init__(self, host_dir: str | Path = SANDBOX_HOST, root: str | Path | None = None) -> None:
        self.host_dir = Path(host_dir)
        if root is None:
            root = "/" if str(host_dir) == SANDBOX_HOST else self.host_dir / "root"
        self.root = Path(root)
        self.data: dict[str, Any] = {}
        # Called by long work when half of it is done; an injected fault may be waiting there.
        self.midway: Callable[[], None] = lambda: None
        # Whether an injected fault keeps guests' devices from going while this command runs.
        self.stuck = False
        self._saved = ""
        self._lock_fd = -1

    def __enter__(self) -> Machine:
        self._acquire()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.save()
        self._release()

    # --- lock and state file -----------------------------------------------------------------------------------

    def _acquire(self) -> None:
        self._lock_fd = os.open(self.host_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock_fd, fcntl.LOCK_EX)
        self.load()

    def _release(self) -> None:
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            self._lock_fd = -1

    def load(self) -> None:
        """Read state.json. An empty machine has none yet."""
        try:
            self._saved = (self.host_dir / "state.json").read_text()
        except FileNotFoundError:
            self._saved = "{}"
        # The same dictionary is kept, so that a caller's `m.data` never goes stale over a sleep. Sections do.
        self.data.clear()
        self.data.update(json.loads(self._saved))

    def save(self) -> None:
        """Write state.json by rename, and only when something changed."""
        text = json.dumps(self.data, separators=(",", ":"))
        if text == self._saved:
            return
        temporary = self.host_dir / f".state.{os.getpid()}"
        temporary.write_text(text)
        os.replace(temporary, self.host_dir / "state.json")
        self._saved = text

    # --- time --------------------------------------------------------------------------------------------------

    @property
    def pace(self) -> float:
        """How long a recorded second takes here: guests and daemons take a tenth of the recorded time."""
        return float(self.data.get("pace", DEFAULT_PACE))

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Let `seconds * pace` pass without the lock. Sections of `data` fetched before are stale afterwards."""
        self.save()
        self._release()
        time.sleep(seconds * self.pace)
        self._acquire()

    def unlocked(self, work: Callable[[], bytes]) -> bytes:
        """Do something without the lock. Sections of `data` fetched before are stale afterwards."""
        self.save()
        self._release()
        try:
            return work()
        finally:
            self._acquire()

    def hang(self) -> None:
        """Never come back, without the lock (records xenstored-dead-hang, xs-kill; NetBSD 7.99.10)."""
        from . import hanging

        self.save()
        self._release()
        hanging.hang(self.host_dir)

    # --- what the machine is -----------------------------------------------------------------------------------

    @property
    def profile(self) -> profiles.Profile:
        return profiles.get(self.data.get("profile", profiles.DEFAULT_PROFILE), bool(self.data.get("small_root")),
                            bool(self.data.get("raid_root")), self.data.get("interpreter", ""))

    def path(self, name: str | os.PathLike[str]) -> Path:
        """Where the machine's file `name` (absolute) is for this process."""
        return self.root / str(name).lstrip("/")

    @property
    def hostname(self) -> str:
        return str(self.data.get("hostname", ""))

    def is_dom0(self) -> bool:
        """Whether a hypervisor runs beneath the kernel."""
        return bool(self.data.get("hypervisor"))

    def is_up(self) -> bool:
        """Whether it answers on the network now."""
        return bool(self.data.get("kernel")) and self.now() >= float(self.data.get("up_at", 0))

    # --- processes ---------------------------------------------------------------------------------------------

    def daemon(self, name: str) -> int | None:
        """The process id of a running daemon."""
        pid: int | None = self.data.setdefault("daemons", {}).get(name)
        return pid

    def start_daemon(self, name: str) -> int:
        """Start it (a second time: a new process id replaces the old one, as a second process would in pid files)."""
        # Linux's largest process id is 4194304, so a simulated id is never that of a real process: a script's
        # `kill` (a builtin of sh, which nobody can intercept) hits nothing.
        pid = int(self.data.get("next_pid", 4201100))
        self.data["next_pid"] = pid + 13
        self.data.setdefault("daemons", {})[name] = pid
        return pid

    def stop_daemon(self, name: str) -> bool:
        """End it. False if it did not run."""
        return self.data.setdefault("daemons", {}).pop(name, None) is not None
