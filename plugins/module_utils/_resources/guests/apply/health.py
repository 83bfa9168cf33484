# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Whether a guest that was started has come up: it runs, its console shows a text, a TCP port of it answers.

The console is read from xenconsoled's log, never from the console itself: only one can hold that (record
xl-console-login, NetBSD 7.99.10: a second one ends with status 35), and it may be the admin's.
"""

from __future__ import annotations

import socket
import time

from .... import _progress
from ...._change import XenError
from ...._formats.xl.xl_output import Row
from ...._host import Host
from ...._toolstack import waiting
from ...._toolstack.interface import Toolstack
from ..declare.values import Health

CONNECT_SECONDS = 2.0


def console_size(host: Host, name: str) -> int:
    """The size in bytes of the guest's console log, before a start; the log goes on where the last one ended."""
    found = host.stat(waiting.console_log(name))
    return found.size if found else 0


def wait(tool: Toolstack, row: Row, health: Health | None, console_at: int) -> None:
    """Wait until everything in ``health`` is so. Raises XenError if it is not within its time, or if the guest ends."""
    if health is None or row.paused:
        return
    with _progress.during(row.name, f"comes up, for which it has {health.seconds} seconds"):
        _wait(tool, row, health, console_at)


def _wait(tool: Toolstack, row: Row, health: Health, console_at: int) -> None:
    deadline = time.monotonic() + health.seconds
    while True:
        lacking = _lacking(tool.host, row.name, health, console_at)
        left = waiting.find(tool, row.domid)
        if left is None or left.down or left.dying:
            raise XenError(f"{row.name} was started and has ended again.", **tool.logs(row.name))
        if not lacking:
            return
        if time.monotonic() > deadline:
            raise XenError(
                f"{row.name} runs, but within {health.seconds} seconds {'; '.join(lacking)}.",
                **tool.logs(row.name),
            )
        time.sleep(waiting.POLL_SECONDS)


def _lacking(host: Host, name: str, health: Health, console_at: int) -> list[str]:
    lacking = []
    if health.console:
        log = host.read_bytes(waiting.console_log(name))
        if log is None:
            lacking.append(
                f"its console was not logged: {waiting.console_log(name)} is missing (set XENCONSOLED_TRACE=guest for "
                "xencommons, with role services: services_console_log)"
            )
        # A log that has become shorter was begun anew.
        elif health.console.encode() not in (log[console_at:] if len(log) >= console_at else log):
            lacking.append(f"its console did not show {health.console!r}")
    if health.port is not None and not _answers(health.address, health.port):
        lacking.append(f"port {health.port} of {health.address} did not answer")
    return lacking


def _answers(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), CONNECT_SECONDS).close()
    except OSError:
        return False
    return True
