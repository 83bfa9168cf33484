# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""In which order guests start: what one depends on before it, then by priority, then as declared. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .guest import Guest


def ordered(guests: Sequence[Guest]) -> list[Guest]:
    """The guests in the order in which they start; they stop in the opposite one. Dependencies on guests that are not
    among them don't count, nor do those that go round in a circle (see ``circle``)."""
    waiting = sorted(guests, key=lambda guest: guest.priority)
    found: list[Guest] = []
    while waiting:
        open_names = {guest.name for guest in waiting}
        ready = next((guest for guest in waiting if not open_names & set(guest.depends_on)), waiting[0])
        waiting.remove(ready)
        found.append(ready)
    return found


def circle(guests: Sequence[Guest]) -> list[str]:
    """The names of guests that depend on each other in a circle, in its order; empty if there is none."""
    needs = {guest.name: guest.depends_on for guest in guests}
    harmless: set[str] = set()
    for start in needs:
        path = [start]
        while path:
            following = next((name for name in needs[path[-1]] if name in needs and name not in harmless), None)
            if following in path:
                return path[path.index(following) :]
            if following is None:
                harmless.add(path.pop())
            else:
                path.append(following)
    return []
