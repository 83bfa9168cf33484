# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Reading a guest's console by the toolstack's own ``console``, which never ends by itself."""

from __future__ import annotations

from collections.abc import Sequence

from .._change import CommandFailed
from .._host import Host


class Held(CommandFailed):
    """Somebody else has the guest's console."""


def read(host: Host, argv: Sequence[str], seconds: float) -> str:
    """Run ``console`` with nothing as its input for so many seconds; what it printed. Raises CommandFailed.

    It prints what xenconsoled has kept since the last reader, and goes on without a terminal and with its input at its
    end (records xl-console-no-tty and xc-kill-xenconsoled, NetBSD 7.99.10). Who comes second is turned away, with
    status 35 (record xl-console-login).
    """
    try:
        result = host.try_run(argv, timeout=seconds)
    except CommandFailed as error:
        if error.details.get("timed_out"):
            return error.printed
        raise
    if "Could not lock" in result.stderr + result.stdout:
        raise Held(f"{' '.join(argv)}: somebody else has this console", command=list(argv), rc=result.rc)
    if result.rc != 0:
        raise CommandFailed(
            f"{' '.join(argv)} ended with status {result.rc}: {result.tail or 'it printed nothing'}",
            command=list(argv),
            rc=result.rc,
        )
    return result.stdout
