# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""/etc/rc: from a running kernel to multi-user."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Callable
from functools import partial

from ..core import rcconf, xenhooks
from ..core.machine import Machine, SimError
from ..net import netstart
from . import foreign, mounts, services

# Base services in the order that rcorder(8) gives them; packages' scripts come behind DAEMON.
ORDER = ("syslogd", "inetd", "powerd", "ntpd", "postfix", "sshd", "cron", "xencommons", "xend", "xenbackendd",
         "xen-watchdog", "xendomains")


def multiuser(m: Machine) -> str:
    """Run the boot scripts. Returns why the machine stays in single user, or an empty string."""
    netstart.attach_hardware(m)
    try:
        variables = rcconf.read(m)
    except ValueError as error:
        return f"single user: {error}"
    if not rcconf.is_yes(variables.get("rc_configured", "")):
        return "single user: /etc/rc.conf is not configured (rc_configured). Multiuser boot aborted."
    if variables.get("hostname"):
        m.data["hostname"] = variables["hostname"]
    log: list[str] = []
    _run(log, "mountall", lambda: mounts.mount_all(m))
    _clear_runtime_files(m)
    for name in ("sysctl", "network", "npf"):
        if m.path(f"/etc/rc.d/{name}").exists():
            _run(log, name, partial(services.at_boot, m, name))
    if m.is_dom0():
        xenhooks.at_boot(m)
    failed = []
    for name in foreign.placed(m, ORDER, services.KNOWN):
        if m.path(f"/etc/rc.d/{name}").exists():
            status = _run(log, name, partial(services.at_boot, m, name))
            if status:
                log.append(f"/etc/rc.d/{name} exited with code {status}")
                failed.append(name)
    if failed:
        log.append("The following components reported failures:")
        log += [f"    /etc/rc.d/{name}" for name in failed]
        log.append("See /var/run/rc.log for more information.")
    log.append("[/etc/rc exiting with status 0]")
    m.path("/var/run/rc.log").write_text("\n".join(log) + "\n")
    return ""


def _run(log: list[str], name: str, step: Callable[[], int | None]) -> int:
    """One script, its output to the log (record fresh-boot-state)."""
    log.append(f"[running /etc/rc.d/{name}]")
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            status = step()
        except SimError as error:
            print(error.message)
            status = error.rc
    log += output.getvalue().splitlines()
    return status or 0


def _clear_runtime_files(m: Machine) -> None:
    """/tmp is memory, and /var/run starts empty."""
    directories = ["/var/run"]
    if any(mount["dir"] == "/tmp" and mount["fstype"] == "tmpfs" for mount in m.data["mounts"]):
        directories.append("/tmp")
    for directory in directories:
        for entry in m.path(directory).iterdir():
            if entry.is_dir() and not entry.is_symlink():
                # What still runs, and will be ended, may be removing its own.
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink()
