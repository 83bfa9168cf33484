# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Injected faults: `faults.json` in the host directory, a list of {match, action, rc, stderr, times}.

`match` is a regular expression searched in the command line joined by blanks (`/usr/pkg/sbin/xl create /x`). What the
machine's Python changes in the file system is matched as `write /path`, `rename /path` and so on (writes.py).

Actions: `fail` and `enospc` (the disk is full) before anything is done; `hang` for ever; `kill_midway` (SIGKILL when
half of a package is unpacked or removed; commands that have no half end as with kill_after); and when the work is done:
`kill_after` (SIGKILL), `disconnect` (the ssh session that the process belongs to ends at once, and later ones work; a
process that has left its session loses nothing), `cut_off` (the host answers nobody until its interfaces are again as
they were when it still answered, cutoff.py), `power_cut` (the plug is pulled and put back, powercut.py; with
`power_cut_midway` when half of a package or a set is unpacked). `stuck` is about `xl block-detach` and `xl destroy`:
devices that do not go (xen/common/leftovers.py); it does nothing to other commands. Each fault that was carried out is
a JSON line in `faults.log`.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .machine import Machine

FAIL = "fail"
HANG = "hang"
KILL_MIDWAY = "kill_midway"
KILL_AFTER = "kill_after"
ENOSPC = "enospc"
DISCONNECT = "disconnect"
CUT_OFF = "cut_off"
STUCK = "stuck"
POWER_CUT = "power_cut"
POWER_CUT_MIDWAY = "power_cut_midway"
ACTIONS = (FAIL, HANG, KILL_MIDWAY, KILL_AFTER, ENOSPC, DISCONNECT, CUT_OFF, STUCK, POWER_CUT, POWER_CUT_MIDWAY)
POWER_CUTS = (POWER_CUT, POWER_CUT_MIDWAY)
MIDWAY = (KILL_MIDWAY, POWER_CUT_MIDWAY)
_AFTER = (*MIDWAY, KILL_AFTER, DISCONNECT, CUT_OFF, STUCK, POWER_CUT)


class Fault(NamedTuple):
    """One injected fault that is due now."""

    match: str
    action: str
    rc: int = 1
    stderr: str = ""

    @property
    def comes_after(self) -> bool:
        """Whether the work, or half of it, is done first."""
        return self.action in _AFTER


def take(host_dir: Path, argv: list[str]) -> Fault | None:
    """The first fault that matches, counted down; one with `times` 0 is spent."""
    path = host_dir / "faults.json"
    if not path.exists():
        return None
    with open(host_dir / "faults.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        listed = json.loads(path.read_text())
        entry = _due(listed, " ".join(argv))
        if entry is None:
            return None
        if "times" in entry:
            entry["times"] -= 1
            path.write_text(json.dumps(listed, indent=1))
        with open(host_dir / "faults.log", "a") as log:
            log.write(json.dumps({"time": round(time.time(), 3), "match": entry["match"], "action": entry["action"],
                                  "argv": argv}) + "\n")
    return Fault(entry["match"], entry["action"], entry.get("rc", 1), entry.get("stderr", ""))


def _due(listed: list[dict[str, Any]], line: str) -> dict[str, Any] | None:
    return next((entry for entry in listed if entry.get("times", 1) != 0 and re.search(entry["match"], line)), None)


def act_before(m: Machine, fault: Fault) -> int:
    """Carry out a fault that comes instead of the work. Returns the exit status."""
    if fault.action == HANG:
        m.hang()
    if fault.stderr:
        print(fault.stderr, file=sys.stderr)
    elif fault.action == ENOSPC:
        print("/: write failed, file system is full", file=sys.stderr)
    return fault.rc


def act_after(m: Machine, fault: Fault) -> None:
    """Carry out a fault that comes when the work is done."""
    if fault.action == STUCK:
        return  # it was part of the work
    m.save()
    sys.stdout.flush()
    if fault.action == CUT_OFF:
        from . import cutoff

        cutoff.cut(m)
    elif fault.action == DISCONNECT:
        from . import session

        session.end(m.host_dir)
    elif fault.action in POWER_CUTS:
        from . import powercut

        powercut.pull_the_plug(m)
    else:
        import signal

        os.kill(os.getpid(), signal.SIGKILL)
