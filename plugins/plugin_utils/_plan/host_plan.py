# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one machine needs in order to be as declared: plain data, never with a secret in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Step:
    """One change. ``role`` is the role whose task makes it; the rest is as in ``_change.Change``. ``word`` is empty for
    what a run does, else what the admin has to say first (``domu_restart_policy: if_needed``)."""

    role: str
    resource: str
    thing: str
    summary: str
    impact: str
    before: Any = None
    after: Any = None
    word: str = ""
    action: str = ""


@dataclass(frozen=True)
class Problem:
    """What can't be had, or could not be looked at: the whole task's where ``thing`` is empty."""

    role: str
    resource: str
    thing: str
    message: str


@dataclass(frozen=True)
class RunningGuest:
    """A guest that runs on the machine, as its toolstack knows it."""

    name: str
    uuid: str
    declared: bool


@dataclass(frozen=True)
class DeclaredGuest:
    """A guest that shall exist on the machine, whether it runs there or not. ``uuid`` is the one that it has or would
    get there."""

    name: str
    uuid: str


@dataclass(frozen=True)
class HostPlan:
    """``steps`` will be done by a run, ``waiting`` need a word of the admin, ``problems`` make a run fail, ``later`` is
    what can't be told before something of ``steps`` is done (the guests, before Xen is booted). ``logins`` are how the
    guests are reached in which a login was seen (``systems/logins.py``). ``calls`` counts the remote calls that it
    took."""

    host: str
    steps: tuple[Step, ...] = ()
    waiting: tuple[Step, ...] = ()
    problems: tuple[Problem, ...] = ()
    later: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    running: tuple[RunningGuest, ...] = ()
    declared_guests: tuple[DeclaredGuest, ...] = ()
    logins: Mapping[str, Any] = field(default_factory=dict)
    calls: int = 0

    @property
    def in_sync(self) -> bool:
        """Whether a run has nothing to do here and nothing to complain of. What waits for a word is no work of it."""
        return not (self.steps or self.problems or self.later)

    def as_data(self) -> dict[str, Any]:
        """The plan as a module returns it, in what JSON knows."""
        return asdict(self)

    @staticmethod
    def from_data(data: Mapping[str, Any]) -> HostPlan:
        """What ``as_data`` made of a plan. Raises KeyError or TypeError if it is none."""
        items = {
            "steps": Step,
            "waiting": Step,
            "problems": Problem,
            "later": Problem,
            "running": RunningGuest,
            "declared_guests": DeclaredGuest,
        }
        lists = {name: tuple(kind(**each) for each in data[name]) for name, kind in items.items()}
        logins = data.get("logins", {})
        return HostPlan(data["host"], warnings=tuple(data["warnings"]), logins=logins, calls=data["calls"], **lists)
