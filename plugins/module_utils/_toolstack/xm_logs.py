# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What xend's logs say of a guest."""

from __future__ import annotations

import re

from .._formats.xl import xl_output
from .._host import Host
from . import waiting

# Xen 4's directory for logs, and Xen 3's.
LOG_DIRS = ("/var/log/xen", "/var/log")
LOG_CHARACTERS = 1 << 17

# xend before 4 writes a guest's password to its log.
_LOGGED_PASSWORD = re.compile(r"""(passwd['"]?,?\s*=?\s*)('[^']*'|"[^"]*"|[^\s)\],'"]+)""")
_LOGGED_TIME = re.compile(r"\[([^\]]{1,60})\]")


def logs(host: Host, name: str) -> dict[str, str]:
    """The last lines of xend's logs, which all guests share, and of a guest's console."""
    return {
        "xend_log": _first_log(host, "xend.log"),
        "xend_debug_log": _first_log(host, "xend-debug.log"),
        "console_log": waiting.log_tail(host, waiting.console_log(name)),
    }


def _first_log(host: Host, file_name: str) -> str:
    tails = [_log_tail(host.read_bytes(f"{folder}/{file_name}") or b"") for folder in LOG_DIRS]
    return next((tail for tail in tails if tail), "")


def _log_tail(content: bytes) -> str:
    """xend logs whole configurations, each in one line, so passwords are taken out before anything is cut off."""
    text = content[-LOG_CHARACTERS:].decode("utf-8", "replace")
    lines = xl_output.printable(text).splitlines()[1 if len(content) > LOG_CHARACTERS else 0 :]
    tail = _LOGGED_PASSWORD.sub(r"\1***", "\n".join(lines[-waiting.LOG_TAIL_LINES :]))
    return tail[-waiting.LOG_TAIL_CHARACTERS :]


def birth_mark(host: Host, name: str) -> str:
    """When xend's log tells of the ``xm create`` that a guest comes from, if the log still goes back so far. A guest's
    reboot is logged in other words (create_from_dict), because it keeps its old configuration."""
    begin = f"XendDomainInfo.create(['vm', ['name', '{name}']"
    marks = []
    for folder in LOG_DIRS:
        times = map(_LOGGED_TIME.match, host.lines_with(f"{folder}/xend.log", begin))
        marks += [time.group(1) for time in times if time]
    return marks[-1] if marks else ""
