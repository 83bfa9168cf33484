# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The xl process that stays behind each guest, seen by its log."""
from __future__ import annotations

from ..machine import Machine
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


def log(m: Machine, domain: Domain, line: str) -> None:
    """A line of xl-NAME.log. The file keeps its name when the domain is renamed."""
    path = m.path(f"{LOGS}/xl-{domain.setdefault('log_name', domain['name'])}.log")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", errors="surrogateescape") as stream:
        stream.write(line + "\n")


def has_monitor(m: Machine, domain: Domain) -> bool:
    """Whether xl could go to the background with xl-NAME.log. It can't with a `/` in the name, and says so, but the
    domain stays (record create_name_slash)."""
    if "/" not in domain["name"]:
        return True
    err("xl: fatal error: xl_utils.c:277: No such file or directory: logfile = open(fullname, O_WRONLY | O_CREAT | "
        "O_APPEND | O_CLOEXEC, 0644)\n"
        f"libxl: error: libxl_exec.c:117:libxl_report_child_exitstatus: domain monitoring daemonizing child "
        f"[{hotplug.next_pid(m)}] exited with error status 1\n")
    return False
