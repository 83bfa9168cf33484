# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Runs of site.yml that do not come to their end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from netbsdvm.wishes import VmError

RUN_SECONDS = 3 * 3600.0


def broken_off(inventory: Path, playbook: Path, log: Path, task: str, act: Callable[[], None]) -> None:
    """Run a playbook until the header of ``task`` is shown, then ``act``, then kill it with all that it has started.

    Raises VmError if it ends before, or never gets there.
    """
    # What these runs change belongs to no comparison of plan and run.
    environment = {name: value for name, value in os.environ.items() if name != "WROTE_DOWN_FILE"}
    environment.pop("ANSIBLE_CALLBACKS_ENABLED", None)
    # Where skipped hosts are not displayed, Ansible shows a task only together with its first result.
    environment["ANSIBLE_DISPLAY_SKIPPED_HOSTS"] = "true"
    with open(log, "w", encoding="utf-8") as kept:
        child = subprocess.Popen(
            ["ansible-playbook", "-i", str(inventory), str(playbook)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env=environment,
        )
        timer = threading.Timer(RUN_SECONDS, _end, (child.pid,))
        timer.start()
        try:
            reached = _reach(child, kept, task)
            if reached:
                act()
        finally:
            timer.cancel()
            if child.poll() is None:
                _end(child.pid)
            child.wait(30)
    if not reached:
        raise VmError(f"the run ended with status {child.returncode} before task {task!r}; all of it is in {log}")


def _end(pid: int) -> None:
    """Kill a process and all that it has started: Ansible's workers have sessions of their own, and one that is left
    would go on with its task once the machine is back."""
    for each in [pid, *_descendants(pid)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


def _descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        # "PID (NAME) STATE PARENT ...", proc(5); the name may hold anything.
        with contextlib.suppress(OSError):
            parent = int(path.read_text(errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found[1:]


def _reach(child: subprocess.Popen[str], kept: object, task: str) -> bool:
    for line in child.stdout or ():
        kept.write(line)  # type: ignore[attr-defined]
        if line.startswith("TASK [") and task in line:
            return True
    return False
