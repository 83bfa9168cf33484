# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What a run costs: wall time, processor time of the controller, memory. Runs that are compared take turns, so that a
machine which has other work to do slows all of them alike."""

from __future__ import annotations

import os
import resource
import statistics
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal import Run

_PROC = Path("/proc")
_SECONDS_BETWEEN_LOOKS = 0.5  # a look at a hundred processes takes some ten milliseconds of the kernel's time


@dataclass
class Series:
    """The costs of one kind of run, one value a round: ``seconds`` of wall time, ``cpu`` seconds of the controller,
    user and system, its forks and ssh clients among them."""

    name: str
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def typical(self) -> float:
        """The median of the wall times, in seconds."""
        return statistics.median(self.seconds)

    @property
    def typical_cpu(self) -> float:
        """The median of the processor times, in seconds."""
        return statistics.median(self.cpu)


def ratio(above: Series, below: Series) -> float:
    """How many times as long one takes as the other: the median over the rounds, in which they were neighbours."""
    return statistics.median(one / other for one, other in zip(above.seconds, below.seconds, strict=True))


def rounds(acts: Mapping[str, Callable[[], Run]], repeat: int) -> dict[str, Series]:
    """Each act once to open connections and fill caches, then ``repeat`` rounds of all of them.

    No act may fail, and after the first round none may change anything: else the bench ends.
    """
    for name, act in acts.items():
        must_succeed(name, act())
    found = {name: Series(name) for name in acts}
    for _round in range(repeat):
        for name, act in acts.items():
            add(found[name], act)
    for series in found.values():
        print(f"  {series.name}: {series.typical:.1f} s (cpu {series.typical_cpu:.1f} s, load {load()})", flush=True)
    return found


def add(series: Series, act: Callable[[], Run], *, changes: bool = False) -> None:
    """One run more. One that changes something ends the bench unless it is to."""
    before = _cpu()
    run = act()
    must_succeed(series.name, run)
    if bool(run.changed) is not changes:
        sys.exit(f"{series.name}: changed {sorted(run.changes)[:5]}, where this was {'' if changes else 'not '}wanted")
    series.seconds.append(run.seconds)
    series.cpu.append(_cpu() - before)


def must_succeed(name: str, run: Run) -> None:
    """Ends the bench if a run failed: the time of a failed run says nothing."""
    if run.status:
        if run.output:
            print(*run.output.read_text().splitlines()[-40:], sep="\n")
        sys.exit(f"{name}: failed with status {run.status}; all of its output is in {run.output}")


def _cpu() -> float:
    """Seconds of processor time of all children that have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def load() -> str:
    """The machine's load of the last minute, for the reader who doubts a figure."""
    return f"{os.getloadavg()[0]:.1f}"


class Memory:
    """The most memory that a process and all that descends from it have had at one time, in bytes: the sum of their
    proportional set sizes, in which a page that forks share counts once."""

    def __init__(self) -> None:
        self.most = 0
        self._watcher: threading.Thread | None = None

    def watch(self, pid: int) -> None:
        """Begin to watch a process, until it has ended."""
        self._watcher = threading.Thread(target=self._look, args=(pid,), daemon=True)
        self._watcher.start()

    def _look(self, pid: int) -> None:
        while (_PROC / str(pid)).exists():
            self.most = max(self.most, sum(map(proportional_size, family(pid))))
            threading.Event().wait(_SECONDS_BETWEEN_LOOKS)


def family(pid: int) -> set[int]:
    """A process and all that descend from it."""
    parents = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                # The name, in parentheses, may have blanks and parentheses in it.
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found, new = {pid}, {pid}
    while new:
        new = {child for child, parent in parents.items() if parent in new} - found
        found |= new
    return found


def proportional_size(pid: int) -> int:
    """A process's proportional set size in bytes; 0 for one that has ended."""
    with suppress(OSError):
        for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
