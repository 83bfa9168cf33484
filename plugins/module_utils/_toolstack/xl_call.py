# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""How xl is called: where it is, how long it may take, and what a failure says."""

from __future__ import annotations

from .. import _processes
from .._change import CommandFailed
from .._command import Result
from .._formats.xl.xl_output import cause
from .._host import Host
from . import lost
from .interface import Paths

QUERY_SECONDS = 60.0
SET_SECONDS = 60.0

# By the system's ``uname -s``.
_PATHS = {
    "NetBSD": Paths("/usr/pkg/sbin/xl", "/usr/pkg/etc/xen", "/var/xen/save", "/etc/rc.d/xencommons onestart"),
    "Linux": Paths("/usr/sbin/xl", "/etc/xen", "/var/lib/xen/save", "systemctl start xenstored"),
}


class XlCall:
    """A machine's xl, as a program that is called."""

    def __init__(self, host: Host) -> None:
        self.host = host

    @property
    def paths(self) -> Paths:
        return _PATHS.get(self.host.system, _PATHS["NetBSD"])

    def dead_store(self) -> str:
        """Why xl must not be called, because it would hang for good (record xenstored-dead-hang); empty if it may
        be."""
        if lost.store_lives(_processes.names(self.host)):
            return ""
        found = lost.signs(self.host)
        if found:
            return lost.words_for_dead_store(found)
        return (
            "xenstored is not running, and without it xl would hang beyond any help. "
            f"Start it: {self.paths.how_to_start}."
        )

    def change(self, seconds: float, *words: str) -> Result:
        """Run xl and believe only a failure: that it succeeded is seen in what it should have changed. What xl's last
        lines say is seldom the cause. Raises CommandFailed."""
        argv = [self.paths.program, *words]
        self._refuse_if_in_doubt()
        result = self.host.try_run(argv, timeout=seconds)
        if result.rc != 0:
            why = cause(result.stderr) or cause(result.stdout) or "it printed nothing"
            raise CommandFailed(
                f"{' '.join(argv)} ended with status {result.rc}: {why}", command=argv, rc=result.rc, cause=why
            )
        return result

    def query(self, *words: str) -> Result:
        """Ask xl. Raises CommandFailed."""
        self._refuse_if_in_doubt()
        return self.host.run([self.paths.program, *words], timeout=QUERY_SECONDS)

    def _refuse_if_in_doubt(self) -> None:
        """Once a call of xl has failed in this run, the store may have died of it: look again before the next one. Seen
        on NetBSD 7.99.10, where a `create` ended with status 3 and the `list` after it never came back."""
        if any(ran["argv"][0] == self.paths.program and ran["rc"] != 0 for ran in self.host.commands):
            dead = self.dead_store()
            if dead:
                raise CommandFailed(f"After a call of xl that failed: {dead}")
