# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""fstab(5): its entries, by line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One line: what is mounted where, as what and how. ``line`` counts from 1. A missing field is empty."""

    line: int
    spec: str
    file: str
    type: str
    options: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether getfsent(3) takes it: four fields are enough, the last two have defaults."""
        return bool(self.options)


def parse(text: str) -> list[Entry]:
    """Every entry, in order. Blanks and tabs separate the fields; a line that begins with # is a comment."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        fields = line.split()
        if fields and not fields[0].startswith("#"):
            spec, file, kind, options = (fields + [""] * 4)[:4]
            found.append(Entry(number, spec, _plain(file), kind, tuple(part for part in options.split(",") if part)))
    return found


def replace(text: str, number: int, line: str) -> str:
    """The text with one line replaced; lines count from 1."""
    lines = text.split("\n")
    lines[number - 1] = line
    return "\n".join(lines)


def append(text: str, line: str) -> str:
    """The text with a line added at its end."""
    if text and not text.endswith("\n"):
        text += "\n"
    return f"{text}{line}\n"


def _plain(path: str) -> str:
    """A mount point without a slash at its end."""
    return path.rstrip("/") or path
