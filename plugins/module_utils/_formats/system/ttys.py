# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""ttys(5): on which terminals init(8) has getty(8) ask for a login.

Source: NetBSD lib/libc/gen/getttyent.c: blanks and tabs separate the fields, double quotes hold one together, # begins
a comment; of on and off the last one counts, and a line with neither is off.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_FIELDS = re.compile(r'[ \t]*(?P<name>[^\s#"]+)(?:[ \t]+(?:"(?P<quoted>[^"]*)"|(?P<getty>[^\s#"]+)))?(?P<rest>[^#]*)')
_STATE = re.compile(r"(?<![^ \t])(?:on|off)(?![^ \t])")
_SPEED = re.compile(r"\bstd\.(\d+)")


@dataclass(frozen=True)
class Terminal:
    """One line: its number from 1, the device's name, what runs on it, and whether that is to be run."""

    line: int
    name: str
    getty: str
    on: bool

    @property
    def speed(self) -> int | None:
        """The speed of the class std.SPEED of gettytab(5), in bits a second; None where the class sets none."""
        found = _SPEED.search(self.getty)
        return int(found.group(1)) if found else None


def parse(text: str) -> list[Terminal]:
    """Every terminal, in order."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        fields = _FIELDS.match(line)
        if fields:
            states = _STATE.findall(fields.group("rest"))
            getty = fields.group("quoted") or fields.group("getty") or ""
            found.append(Terminal(number, fields.group("name"), getty, on=states[-1:] == ["on"]))
    return found


def switched(text: str, number: int, on: bool) -> str:
    """The text with one terminal switched on or off; all else of its line stays."""
    return _edited(text, number, lambda rest: _switched(rest, "on" if on else "off"))


def _switched(rest: str, word: str) -> str:
    if _STATE.search(rest):
        return _STATE.sub(word, rest)
    end = len(rest.rstrip())
    return f"{rest[:end]}\t{word}{rest[end:]}"


def replaced(text: str, number: int, line: str) -> str:
    """The text with another line in place of one."""
    lines = text.split("\n")
    lines[number - 1] = line
    return "\n".join(lines)


def with_speed(text: str, number: int, baud: int) -> str:
    """The text with another speed in the class of one terminal."""
    lines = text.split("\n")
    lines[number - 1] = _SPEED.sub(f"std.{baud}", lines[number - 1], count=1)
    return "\n".join(lines)


def _edited(text: str, number: int, edit: Callable[[str], str]) -> str:
    lines = text.split("\n")
    fields = _FIELDS.match(lines[number - 1])
    if fields:
        begin, end = fields.span("rest")
        lines[number - 1] = lines[number - 1][:begin] + edit(fields.group("rest")) + lines[number - 1][end:]
    return "\n".join(lines)
