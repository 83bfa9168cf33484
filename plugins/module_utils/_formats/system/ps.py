# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What ps(1) prints of the processes: their ids and their command lines, without headers.

On every BSD all that follows the first ``=`` of an ``-o`` is that column's header (bin/ps/keyword.c, findvar), so each
column needs an ``-o`` of its own: ``-o pid=,args=`` prints nothing but ids (record ps-args, NetBSD 7.99.10).
"""

from __future__ import annotations

from dataclasses import dataclass

# -ww: lines as long as they are.
COMMAND = ("/bin/ps", "-axww", "-o", "pid=", "-o", "args=")
# How Linux marks a process that is dead and that nobody has waited for; NetBSD puts its name into parentheses.
_DEAD = "<defunct>"


@dataclass(frozen=True)
class Process:
    """A process that lives; ``name`` is its program's, without the path, and that of the script where the program is
    Python; ``words`` are its command line."""

    pid: int
    name: str
    words: tuple[str, ...]


def parse(text: str) -> list[Process]:
    """Every process that lives, in the order in which they are printed.

    A line has a blank at its end; a kernel's process is in brackets, and some write a title in place of their command
    line, ``sshd: root@notty`` (record ps-args-two-o). Lines that are not of this form are passed over.
    """
    found = []
    for line in text.splitlines():
        number, *words = line.split() or [""]
        if number.isdigit() and words and words[-1] != _DEAD:
            found.append(Process(int(number), _name(words), tuple(words)))
    return found


def _name(words: list[str]) -> str:
    program = words[0].rsplit("/", 1)[-1]
    # The name of a script in Python, as xend is, stands behind that of its interpreter.
    return words[1].rsplit("/", 1)[-1] if program.startswith("python") and len(words) > 1 else program
