# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What the parts of a guest's plan are made of. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from ...._change import GUEST_RESTART, LIVE, Change, above, limit_word
from ...._formats.xl.xl_output import Domain
from ..apply.act import Act
from ..apply.start import Start
from ..apply.stop import Destroy, Save, Shutdown
from ..declare.guest import Guest
from ..declare.wanted import Wanted
from . import words

RESOURCE = "domain"
# What the admin says so that a guest may be restarted, or a crashed one taken apart.
RESTARTS = "restart_policy: if_needed"


@dataclass(frozen=True)
class GuestPlan:
    """A part of a guest's plan, or all of it. ``problems`` stop the whole run before anything is touched. What is
    started needs ``needs_memory`` MiB and ``vnd_units`` free units; ``frees_memory`` MiB are given back before."""

    changes: list[Change] = field(default_factory=list)
    deferred: list[Change] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    needs_memory: int = 0
    frees_memory: int = 0
    vnd_units: int = 0

    @property
    def starts(self) -> bool:
        """The guest's domain will be built anew."""
        return any(isinstance(change.data, Start) for change in self.changes)

    @property
    def stops(self) -> bool:
        """It will only be stopped."""
        return any(isinstance(change.data, (Shutdown, Destroy, Save)) for change in self.changes)


def merge(parts: Iterable[GuestPlan]) -> GuestPlan:
    """All that is in these parts, in their order."""
    found = GuestPlan()
    for part in parts:
        found = GuestPlan(*(getattr(found, each.name) + getattr(part, each.name) for each in fields(GuestPlan)))
    return found


def words_for_restarts(wanted: Wanted, impact: str = GUEST_RESTART) -> str:
    """What the admin has to say before a guest may be restarted; empty if nothing."""
    policy = [RESTARTS] if wanted.restart_policy != "if_needed" else []
    return ", ".join([*policy, *([limit_word(impact)] if above(impact, wanted.max_impact) else [])])


def change(guest: Guest, act: Act, summary: str, before: Any, after: Any, impact: str = LIVE) -> Change:
    """One change of a guest, told in the words of a declaration. What starts it waits for the guests that it depends
    on."""
    needs = guest.depends_on if isinstance(act, Start) else ()
    return Change(
        RESOURCE, guest.name, type(act).__name__, summary, *words.both(before, after), impact, needs=needs, data=act
    )


def shutdown(live: Domain, wanted: Wanted) -> Shutdown:
    """How a running domain is shut down: how long that may take, and whether it ends with a hard stop."""
    if wanted.destroy_after is not None:
        return Shutdown(live.domid, wanted.destroy_after, True, live.disk_paths)
    return Shutdown(live.domid, wanted.shutdown_timeout, False, live.disk_paths)


def stop(guest: Guest, live: Domain, wanted: Wanted, impact: str = GUEST_RESTART) -> GuestPlan:
    """The end of a running domain, at once only if that is what was declared."""
    act: Act = shutdown(live, wanted)
    summary = "shut the guest down"
    if guest.state == "destroyed":
        act, summary = Destroy(live.domid, live.disk_paths), "stop the guest at once"
    found = change(guest, act, summary, live.state, "not running", impact)
    return GuestPlan([found], frees_memory=live.used)
