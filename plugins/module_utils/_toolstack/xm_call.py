# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""How xm is called: where it is, how long it may take, which domain is meant, and when to believe it."""

from __future__ import annotations

from .._change import CommandFailed, XenError
from .._command import Result
from .._formats.xm import xm_output
from .._host import Host
from . import waiting
from .answers import parsed
from .interface import Paths

QUERY_SECONDS = 60.0
SET_SECONDS = 60.0
# xend itself waits up to 100 seconds for a device (Xen's tools/python/xen/xend/server/DevController.py).
DEVICE_SECONDS = 180.0

# By the system's ``uname -s``.
_PATHS = {
    "NetBSD": Paths("/usr/pkg/sbin/xm", "/usr/pkg/etc/xen", "/var/xen/save", "/etc/rc.d/xend onestart"),
    "Linux": Paths("/usr/sbin/xm", "/etc/xen", "/var/lib/xen/save", "/etc/init.d/xend start"),
}


class XmCall:
    """A machine's xm, as a program that is called."""

    def __init__(self, host: Host) -> None:
        self.host = host

    @property
    def paths(self) -> Paths:
        return _PATHS.get(self.host.system, _PATHS["NetBSD"])

    def listing(self) -> xm_output.Listing:
        """``xm list``. Raises CommandFailed."""
        return parsed(xm_output.parse_list, self.query("list"))

    def target(self, domid: int) -> str:
        """The id of a guest as xm takes it. Raises XenError for domain 0, and for an id that xend would take for the
        name of another domain."""
        number = str(waiting.checked(domid))
        found = self.listing()
        if number in found.managed or any(row.name == number and row.domid != domid for row in found.rows):
            raise XenError(
                f"There is a domain with the name {number}, and xm would take that one for domain {number}. Nothing "
                "was done. Rename or delete it by its UUID."
            )
        return number

    def change(self, seconds: float, *words: str) -> Result:
        """Run xm and believe neither a failure to be silent nor a success that tells of an error: some of xm's commands
        print one and exit with 0. Raises CommandFailed."""
        argv = [self.paths.program, *words]
        result = self.host.try_run(argv, timeout=seconds)
        if result.rc != 0 or "Error: " in result.stderr:
            why = xm_output.cause(result.stderr) or xm_output.cause(result.stdout) or "it printed nothing"
            raise CommandFailed(
                f"{' '.join(argv)} ended with status {result.rc}: {why}", command=argv, rc=result.rc, cause=why
            )
        return result

    def query(self, *words: str) -> Result:
        """Ask xm. Raises CommandFailed."""
        return self.host.run([self.paths.program, *words], timeout=QUERY_SECONDS)
