# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Injected faults: `faults.json` in the host directory, a list of {match, action, rc, stderr, times}.

`match` is a regular expression searched in the command line joined by blanks (`/usr/pkg/sbin/xl create /x`).
Actions: `fail` before anything is done, `hang` for ever, `kill_after` the work is done (SIGKILL), `enospc` (the disk is
full: fails before anything is done). A file written by the machine's Python is matched as `write /path`, for enospc.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from dataclasses import dataclass

from .machine import Machine

FAIL = "fail"
HANG = "hang"
KILL_AFTER = "kill_after"
ENOSPC = "enospc"
ACTIONS = (FAIL, HANG, KILL_AFTER, ENOSPC)


@dataclass(frozen=True)
class Fault:
    """One injected fault that is due now."""

    match: str
    action: str
    rc: int = 1
    stderr: str = ""


def take(m: Machine, argv: list[str]) -> Fault | None:
    """The first fault that matches, counted down; one with `times` 0 is spent."""
    path = m.host_dir / "faults.json"
    try:
        listed = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    line = " ".join(argv)
    for entry in listed:
        if entry.get("times", 1) == 0 or not re.search(entry["match"], line):
            continue
        if "times" in entry:
            entry["times"] -= 1
            path.write_text(json.dumps(listed, indent=1))
        return Fault(entry["match"], entry["action"], entry.get("rc", 1), entry.get("stderr", ""))
    return None


def act(m: Machine, fault: Fault) -> int:
    """Carry the fault out. Returns the exit status, if the process still lives."""
    if fault.action == HANG:
        m.hang()
    if fault.action == KILL_AFTER:
        m.save()
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    if fault.stderr:
        print(fault.stderr, file=sys.stderr)
    elif fault.action == ENOSPC:
        print("/: write failed, file system is full", file=sys.stderr)
    return fault.rc
