# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Guests that can't start because a file that was to be brought for them could not be had, or their system. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ...._change import Refused, XenError
from ..declare.guest import Guest
from ..declare.wanted import Wanted
from .changes import GuestPlan
from .storage import UP


def installing(guests: Sequence[Guest], parts: Sequence[GuestPlan], wanted: Wanted) -> dict[str, str]:
    """By guest, why nothing at all is done for it now, which is no failure: its own installer runs, or it would start
    behind such a guest. ``guests`` are in the order in which they start. One that shall be down or gone is no such."""
    found: dict[str, str] = {}
    for guest, part in zip(guests, parts):
        behind = [name for name in guest.depends_on if name in found]
        if guest.name in wanted.installing and guest.state in UP:
            found[guest.name] = ""
        elif part.starts and behind:
            found[guest.name] = f"guest {guest.name} was not started: it depends on {', '.join(behind)}"
    return found


def refused(guests: Sequence[Guest], parts: Sequence[GuestPlan], wanted: Wanted) -> dict[str, XenError]:
    """By guest, why it is left as it is: a start needs what is missing, or a guest that is left as it is. Who runs
    already needs nothing. ``guests`` are in the order in which they start. Before them, why each file is missing."""
    found: dict[str, XenError] = {path: Refused(why) for path, why in wanted.missing_files.items()}
    for guest, part in zip(guests, parts):
        if not part.starts:
            continue
        missing = [path for path in _needed(guest) if path in wanted.missing_files]
        waited_for = [name for name in guest.depends_on if name in found]
        if guest.name in wanted.waiting:
            found[guest.name] = Refused(f"guest {guest.name} was not started: {wanted.waiting[guest.name]}")
        elif missing:
            found[guest.name] = Refused(
                f"guest {guest.name} was left as it is: {' and '.join(missing)}, which it needs, could not be had"
            )
        elif waited_for:
            found[guest.name] = Refused(
                f"guest {guest.name} was left as it is: it depends on {', '.join(waited_for)}, which can't be started"
            )
    return found


def _needed(guest: Guest) -> list[str]:
    return [*guest.files, guest.bootloader, *(disk.path for disk in guest.disks if disk.path)]
