# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read rc.conf(5) as sh would, as far as simple assignments go."""

from __future__ import annotations

import re
import shlex

from .machine import Machine

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)


def read(m: Machine, service: str = "") -> dict[str, str]:
    """Variables of /etc/defaults/rc.conf, /etc/rc.conf and /etc/rc.conf.d/SERVICE, later ones winning.

    Raises ValueError, with the file's name, for text that sh would not parse (an open quote).
    """
    values: dict[str, str] = {}
    files = ["/etc/defaults/rc.conf", "/etc/rc.conf"] + ([f"/etc/rc.conf.d/{service}"] if service else [])
    for name in files:
        path = m.path(name)
        if path.is_file():
            try:
                values.update(parse(path.read_text(errors="replace")))
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
    return values


def parse(text: str) -> dict[str, str]:
    """Assignments at the beginning of a command. Other commands are passed over."""
    values = {}
    for line in _commands(text):
        match = _ASSIGNMENT.match(line)
        if match:
            words = shlex.split(match[2], comments=True)
            if len(words) <= 1:  # `a=b command` sets nothing for later
                values[match[1]] = words[0] if words else ""
    return values


def _commands(text: str) -> list[str]:
    """Lines, joined where a quote is open at their end. Raises ValueError if it never closes."""
    commands = []
    pending = ""
    for line in text.splitlines():
        pending = f"{pending}\n{line}" if pending else line.strip()
        try:
            shlex.split(pending, comments=True)
        except ValueError:
            continue
        commands.append(pending)
        pending = ""
    if pending:
        raise ValueError("Syntax error: Unterminated quoted string")
    return commands


def is_yes(value: str) -> bool:
    """checkyesno of rc.subr."""
    return value.lower() in ("yes", "true", "on", "1")
