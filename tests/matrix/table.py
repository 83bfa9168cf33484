# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A table of what sessions of the matrix came to, and of what was not run and why.

usage: table.py REPORT...

Each REPORT is one of nox (`nox --report FILE`); of a session that is in several the last one counts.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from versions import CORES, Core, ordered

KINDS = {"site": "site run", "units": "units", "sanity_tests": "sanity"}
HEADER = ["core", "controller", "target", *KINDS.values(), "seconds"]
WORDS = {"success": "passed", "failed": "FAILED", "aborted": "FAILED"}
NOT_RUN = "not run"  # so begins the reason of a session that lacks its Python


@dataclass(frozen=True)
class Result:
    """What a session came to: nox's word for it, the reason that it gives, and its time in seconds."""

    word: str
    reason: str
    seconds: float

    def __str__(self) -> str:
        if self.word not in WORDS or self.reason.startswith(NOT_RUN):
            return self.reason or self.word
        return f"{WORDS[self.word]} {self.seconds:.0f} s"


# By kind, line of ansible-core and Python of the machine; sanity is the core's.
Results = Mapping[tuple[str, str, str], Result]


def results(reports: Iterable[Mapping[str, Any]]) -> Results:
    sessions = [session for report in reports for session in report["sessions"]]
    return {
        (each["name"], each["args"]["line"], each["args"].get("target", "")):
            Result(each["result"], each.get("reason") or "", each.get("duration") or 0.0)
        for each in sessions
    }


def rows(found: Results) -> list[list[str]]:
    """A row for each core and each Python of a machine that some core takes, of the cores that are in the results."""
    every = sorted({target for core in CORES for target in core.targets}, key=ordered)
    table = [HEADER]
    for core in CORES:
        mine = {key: result for key, result in found.items() if key[1] == core.line}
        lines = [line for line in (_row(core, target, mine) for target in every) if line]
        if mine:
            sanity = mine.get(("sanity_tests", core.line, ""))
            head = [core.release, core.controller]
            tail = [str(sanity or ""), f"{sum(result.seconds for result in mine.values()):.0f}"]
            lines = lines or [["", "", ""]]
            table.append([*head, *lines[0], *tail])
            table.extend(["", "", *line, "", ""] for line in lines[1:])
    return table


def _row(core: Core, target: str, mine: Results) -> list[str]:
    """The target, and what of it was run; nothing if nobody asked for it."""
    if target not in core.targets:
        return [target, f"ansible-core {core.line} does not take it", ""]
    cells = [str(mine.get((kind, core.line, target), "")) for kind in ("site", "units")]
    if cells[0] == cells[1]:  # the same reason for both
        cells[1] = ""
    return [target, *cells] if any(cells) else []


def text(table: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in table if not _reason(row[column])) for column in range(len(table[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in table)


def _reason(cell: str) -> bool:
    """A sentence may be longer than its column."""
    return len(cell) > len("passed 10000 s")


def main(paths: Sequence[str]) -> int:
    there = [Path(path) for path in paths if Path(path).exists()]
    print(text(rows(results(json.loads(path.read_text()) for path in there))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
