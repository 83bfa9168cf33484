# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What of the guests' plans may be done within a limit (``max_impact``). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ...._change import IMPACTS, above, limit_word
from ..apply.live import AttachDisk
from ..apply.start import Start
from ..declare.guest import Guest
from ..declare.wanted import Wanted
from . import room
from .changes import GuestPlan, merge
from .seen import Seen


def within(
    guests: Sequence[Guest], parts: Sequence[GuestPlan], wanted: Wanted, current: Seen, blank: bool
) -> list[GuestPlan]:
    """The plans with what costs more than the limit put off, and with it each start that has no room meanwhile.

    What guests depend on runs as it did, so nothing else waits. ``guests`` are in the order in which they start.
    ``blank``: the machine is not a dom0 yet, and nobody knows its room.
    """
    found = [_put_off_above(part, wanted.max_impact) for part in parts]
    held = [change.impact for part, before in zip(found, parts) for change in part.deferred[len(before.deferred) :]]
    if not held or blank or not _lacks_room(found, current) or _lacks_room(parts, current):
        return found
    word = limit_word(max(held, key=IMPACTS.index))
    waiting: set[str] = set()
    for number, (guest, part) in enumerate(zip(guests, found)):
        before = [other for at, other in enumerate(found) if at <= number or not other.starts]
        if part.starts and (_lacks_room(before, current) or waiting & set(guest.depends_on)):
            waiting.add(guest.name)
            found[number] = _put_off(part, _first_start(part), word)
    return found


def _lacks_room(parts: Iterable[GuestPlan], current: Seen) -> bool:
    return bool(room.memory(merge(parts), current).problems)


def _put_off_above(part: GuestPlan, limit: str) -> GuestPlan:
    """What comes behind a change that waits, waits too: a device that is given again needs that it was taken."""
    for number, change in enumerate(part.changes):
        if above(change.impact, limit):
            costs = max((each.impact for each in part.changes[number:]), key=IMPACTS.index)
            return _put_off(part, number, limit_word(costs))
    return part


def _put_off(part: GuestPlan, first: int, word: str) -> GuestPlan:
    """The part with its changes from this one on put off. Until then they neither take room nor give any."""
    now, later = part.changes[:first], [replace(change, word=word) for change in part.changes[first:]]
    needed = 0 if any(isinstance(change.data, Start) for change in later) else part.needs_memory
    return replace(
        part,
        changes=now,
        deferred=[*part.deferred, *later],
        needs_memory=needed,
        frees_memory=min(part.frees_memory, needed),
        vnd_units=part.vnd_units if any(isinstance(change.data, (Start, AttachDisk)) for change in now) else 0,
    )


def _first_start(part: GuestPlan) -> int:
    return next(number for number, change in enumerate(part.changes) if isinstance(change.data, Start))
