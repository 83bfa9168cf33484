# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The value of an rc.conf(5) variable that counts, whichever file gives it. Pure: files are read through a function.

rc.subr(8) has sh read /etc/rc.conf, then /etc/rc.conf.d/NAME, where NAME is what the script calls itself
(load_rc_config). Each of them may read others: /etc/defaults/rc.conf, /etc/rc.conf.local, what an admin thinks of. The
last assignment counts, in the order in which sh comes by. Nothing is executed, and nothing is guessed: where only sh
could tell, this says so in words, with file and line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Callable, Optional

from . import rcconf
from .rcconf import Guard, Source

# A file's text, None if there is none.
Read = Callable[[str], Optional[str]]

# What test(1) asks of a file, as far as a file that can be read answers it.
_READABLE = frozenset(("-r", "-f", "-e", "-s"))
_DEPTH = 16


@dataclass(frozen=True)
class Value:
    """What a variable is set to, and where: ``path`` and ``line`` (from 1). ``value`` is None if the assignment takes a
    shell to know it. ``why`` says why nobody but sh can tell whether this assignment counts, empty if it does."""

    value: str | None
    path: str
    line: int
    why: str = ""


class Values:
    """All that the files set, in the order in which sh comes by it."""

    def __init__(self, read: Read, paths: Iterable[str]) -> None:
        # A name of None stands for every variable.
        self._met: list[tuple[str | None, Value]] = []
        walk = _Walk(read, self._met)
        for path in paths:
            if read(path) is not None:
                walk.file(path, "", ())

    def find(self, name: str) -> Value | None:
        """The value that counts; None if the variable is not set."""
        for met, value in reversed(self._met):
            if met in (name, None):
                return value
        return None

    def names(self) -> set[str]:
        """The variables that are set anywhere."""
        return {name for name, _value in self._met if name is not None}


class _Walk:
    """From a file through all that it reads."""

    def __init__(self, read: Read, met: list[tuple[str | None, Value]]) -> None:
        self.read = read
        self.met = met
        # Why sh does not get any further, empty if it does.
        self.end = ""

    def file(self, path: str, why: str, chain: tuple[str, ...]) -> None:
        document = rcconf.parse(self.read(path) or "")
        steps: list[tuple[int, rcconf.Setting | Source]] = [(each.start, each) for each in document.settings]
        steps += [(each.start, each) for each in document.sources]
        for _start, step in sorted(steps, key=lambda pair: pair[0]):
            if isinstance(step, Source):
                self._source(step, path, why, (*chain, path))
                continue
            nested = f"line {step.line} of {path} sets it within a condition or a function, or by unset or eval"
            doubt = self.end or why or (nested if step.nested else "")
            self.met.append((step.name, Value(step.value, path, step.line, doubt)))
        if document.trouble:
            line = int(document.trouble.split()[1].rstrip(":"))
            self._unknown(path, line, f"{path} can't be understood: {document.trouble}")

    def _unknown(self, path: str, line: int, why: str) -> None:
        self.met.append((None, Value(None, path, line, why)))

    def _ends(self, path: str, line: int, why: str) -> None:
        self.end = self.end or why
        self._unknown(path, line, self.end)

    def _source(self, source: Source, path: str, why: str, chain: tuple[str, ...]) -> None:
        is_read = _decided(self.read, source.guards)
        if is_read is False:
            return
        where = f"line {source.line} of {path} reads"
        if source.name is None or "/" not in source.name:
            self._unknown(path, source.line, why or f"{where} a file that only sh can find, {source.text}")
        elif self.read(source.name) is None:
            if is_read and not why:
                self._ends(path, source.line, f"{where} {source.name}, which is not there, and sh ends at that")
        elif source.name in chain or len(chain) > _DEPTH:
            self._ends(path, source.line, f"{where} {source.name}, which reads it in turn, and sh does not end")
        else:
            doubt = "" if is_read else f"{where} {source.name} on a condition that only sh can tell"
            self.file(source.name, why or doubt, chain)


def _decided(read: Read, guards: Iterable[Guard]) -> bool | None:
    """Whether a command is run; None if only sh can tell."""
    verdicts = [_verdict(read, guard) for guard in guards]
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _verdict(read: Read, guard: Guard) -> bool | None:
    """What a test of a file says: ``[ -r FILE ]``, ``test -f FILE``."""
    words = guard.words
    if words[:1] == ("[",) and words[-1:] == ("]",):
        words = ("test", *words[1:-1])
    if len(words) != 3 or words[0] != "test" or words[1] not in _READABLE or not words[2].startswith("/"):
        return None
    text = read(words[2])
    found = text is not None and (words[1] != "-s" or text != "")
    return found != guard.fails
