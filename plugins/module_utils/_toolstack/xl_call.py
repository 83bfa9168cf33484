# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""How xl is called: where it is, how long it may take, and what a failure says."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl_output import cause
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host, Result

QUERY_SECONDS = 60.0
SET_SECONDS = 60.0


@dataclass(frozen=True)
class Paths:
    """Where a system keeps its xl."""

    xl: str
    config_dir: str
    save_dir: str
    how_to_start: str


_PATHS = {
    "NetBSD": Paths("/usr/pkg/sbin/xl", "/usr/pkg/etc/xen", "/var/xen/save", "/etc/rc.d/xencommons onestart"),
    "Linux": Paths("/usr/sbin/xl", "/etc/xen", "/var/lib/xen/save", "systemctl start xenstored"),
}


def paths(system: str) -> Paths:
    """The paths of a system by its ``uname -s``."""
    return _PATHS.get(system, _PATHS["NetBSD"])


def change(host: Host, seconds: float, *words: str) -> Result:
    """Run xl and believe only a failure: that it succeeded is seen in what it should have changed. What xl's last lines
    say is seldom the cause. Raises CommandFailed."""
    argv = [paths(host.system).xl, *words]
    result = host.try_run(argv, timeout=seconds)
    if result.rc != 0:
        why = cause(result.stderr) or cause(result.stdout) or "it printed nothing"
        raise CommandFailed(
            f"{' '.join(argv)} ended with status {result.rc}: {why}", command=argv, rc=result.rc, cause=why
        )
    return result


def query(host: Host, *words: str) -> Result:
    """Ask xl. Raises CommandFailed."""
    return host.run([paths(host.system).xl, *words], timeout=QUERY_SECONDS)
