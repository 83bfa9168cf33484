# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inside a machine: have its commands answer once more, each into files. rack/frozen.py makes a frozen machine of that.

FROZEN/calls.json is a list of argument lists, and FROZEN/statuses.json becomes the list of their exit statuses; what
call N printed goes to FROZEN/N.out and FROZEN/N.err. One Python answers all, so that a rack is quick to freeze.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from . import dispatch
from .machine import SANDBOX_HOST

LIMIT = 60  # seconds for one call; what hangs on the machine would hang here too


def main() -> None:
    """Entry of `freeze` on the machine."""
    frozen = Path(SANDBOX_HOST, "frozen")
    calls: list[list[str]] = json.loads((frozen / "calls.json").read_text())
    statuses = [_status(argv, frozen / str(number)) for number, argv in enumerate(calls)]
    (frozen / "statuses.json").write_text(json.dumps(statuses))


def _status(argv: list[str], answer: Path) -> int:
    """The exit status of one command; that of one which a signal ended is negative."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    signal.alarm(LIMIT)
    for descriptor, name in ((0, "/dev/null"), (1, f"{answer}.out"), (2, f"{answer}.err")):
        os.dup2(os.open(name, os.O_RDONLY if descriptor == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    sys.argv = argv
    dispatch.main()
    os._exit(1)
