# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The figures of the bench: what is wanted, what was measured, and the table of both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """What a figure must not be above (or, if ``least``, below)."""

    value: float
    least: bool = False

    def met_by(self, value: float) -> bool:
        """Whether a figure is good enough."""
        return value >= self.value if self.least else value <= self.value

    def __str__(self) -> str:
        return f"at {'least' if self.least else 'most'} {self.value:g}"


SITE_PER_PING = Target(1.5)  # unchanged site.yml / ping, 20 hosts with 20 guests each
LARGE_SITE_PER_PING = Target(1.6)  # the same of 100 hosts with 40 guests each
MEMORY = Target(1.5)  # GiB, of the controller and its forks there
SITE_PER_LOOK = Target(1.25)  # unchanged site.yml / bare host_info
CALLS = Target(1)  # remote calls an unchanged host
CPU_A_GUEST = Target(2)  # ms of the controller's processor time
ONE_CHANGE = Target(6)  # seconds more than an unchanged run takes, for one change on one host
HANDWRITTEN = Target(35, least=True)  # a playbook of the usual kind / site.yml, both unchanged
VALIDATE = Target(4)  # seconds of processor time for 4,000 guests


@dataclass(frozen=True)
class Figure:
    """One line of the table. ``value`` is None for what could not be measured, and ``note`` then says why."""

    name: str
    value: float | None
    unit: str = ""
    target: Target | None = None
    load: str = ""
    note: str = ""

    @property
    def missed(self) -> bool:
        """Whether there is a target that was not reached. What was not measured has not reached it."""
        return self.target is not None and (self.value is None or not self.target.met_by(self.value))

    @property
    def shown(self) -> str:
        """The value as the table has it."""
        return "-" if self.value is None else f"{self.value:.2f}{' ' + self.unit if self.unit else ''}"


def table(figures: Iterable[Figure], *, judge: bool) -> str:
    """All figures as text, one a line, with what is wanted beside and TARGET MISSED where that is so. Without ``judge``
    no target is shown: they are those of the full racks."""
    rows = [("figure", "measured", "wanted", "load", "")]
    for figure in figures:
        wanted = str(figure.target) if judge and figure.target else ""
        verdict = "TARGET MISSED" if judge and figure.missed else ""
        rows.append((figure.name, figure.shown, wanted, figure.load, "; ".join(filter(None, (verdict, figure.note)))))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        f"{name:{widths[0]}}  {measured:>{widths[1]}}  {wanted:{widths[2]}}  {load:>{widths[3]}}  {note}".rstrip()
        for name, measured, wanted, load, note in rows
    )
