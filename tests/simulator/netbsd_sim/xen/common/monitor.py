# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The xl process that stays behind each guest, seen by its log."""
from __future__ import annotations

import os

from ...core.machine import Machine
from . import hotplug
from .hypervisor import Domain, err

LOGS = "/var/log/xen"
_LOG_GENERATIONS = 10


def rotate_log(m: Machine, name: str) -> None:
    """An old log becomes .1 and so on, as libxl does it (record logs, xl 4.17)."""
    base = m.path(f"{LOGS}/xl-{name}.log")
    m.path(LOGS).mkdir(parents=True, exist_ok=True)
    if base.exists():
        for generation in range(_LOG_GENERATIONS - 1, 0, -1):
            old = base.with_name(f"{base.name}.{generation}")
            if old.exists():
                old.rename(base.with_name(f"{base.name}.{generation + 1}"))
        base.rename(base.with_name(f"{base.name}.1"))
    base.touch(0o644)


def can_log(m: Machine, name: str) -> bool:
    """Whether xl-NAME.log can be opened for writing: not with a `/` in the name (record create_name_slash), nor if it
    is a link into a directory that is not there (tests/contract/test_answers.py on Xen 4.17 and 4.20)."""
    if "/" in name:
        return False
    path = m.path(f"{LOGS}/xl-{name}.log")
    return not path.is_symlink() or m.path(os.path.dirname(os.readlink(path))).is_dir()


def log(m: Machine, domain: Domain, line: str) -> None:
    """A line of xl-NAME.log. The file keeps its name when the domain is renamed."""
    if not can_log(m, str(domain.setdefault("log_name", domain["name"]))):
        return
    path = m.path(f"{LOGS}/xl-{domain['log_name']}.log")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", errors="surrogateescape") as stream:
        stream.write(line + "\n")


def has_monitor(m: Machine, domain: Domain) -> bool:
    """Whether xl could go to the background with xl-NAME.log. If not it says so, but the domain stays (record
    create_name_slash)."""
    if can_log(m, domain["name"]):
        return True
    err("xl: fatal error: xl_utils.c:277: No such file or directory: logfile = open(fullname, O_WRONLY | O_CREAT | "
        "O_APPEND | O_CLOEXEC, 0644)\n"
        f"libxl: error: libxl_exec.c:117:libxl_report_child_exitstatus: domain monitoring daemonizing child "
        f"[{hotplug.next_pid(m)}] exited with error status 1\n")
    return False
