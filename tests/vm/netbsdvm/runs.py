# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Runs of site.yml that do not come to their end."""

from __future__ import annotations

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
        timer = threading.Timer(RUN_SECONDS, os.killpg, (child.pid, signal.SIGKILL))
        timer.start()
        try:
            reached = _reach(child, kept, task)
            if reached:
                act()
        finally:
            timer.cancel()
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
            child.wait(30)
    if not reached:
        raise VmError(f"the run ended with status {child.returncode} before task {task!r}; all of it is in {log}")


def _reach(child: subprocess.Popen[str], kept: object, task: str) -> bool:
    for line in child.stdout or ():
        kept.write(line)  # type: ignore[attr-defined]
        if line.startswith("TASK [") and task in line:
            return True
    return False
