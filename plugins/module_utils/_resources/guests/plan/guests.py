# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What the guests of a machine need, all together. Pure."""

from __future__ import annotations

from dataclasses import replace

from ...._change import Change, NotRead, Plan, Refused
from ..apply.start import Start
from ..declare import order
from ..declare.wanted import Wanted
from ..read import lost
from ..read.current import Current
from . import held, limit, room, vnd
from .changes import GuestPlan, merge
from .guest import plan_guest
from .seen import seen, with_its_addresses

# How the warning of guests begins that run and that nobody declared.
UNDECLARED = "running and not declared"


def plan(current: Current, wanted: Wanted) -> Plan:
    """What the guests need: stops first, then the rest, each after what it depends on. Guests for whose start a file
    could not be had are named in it, and nothing else is held up by them. Raises Refused with every other problem of
    every guest, a line each."""
    for asked, found in ((wanted.config_dir, current.config_dir), (wanted.save_dir, current.save_dir)):
        if asked not in ("", found):
            raise NotRead(f"{asked} was not read")
    blank = not current.dom0.alive
    if not wanted.guests:
        return Plan(warnings=_undeclared(current, wanted, set()), refused=held.refused([], [], wanted))
    if blank and not wanted.assume_dom0:
        raise Refused(f"The guests can't be managed: {current.dom0.why}")
    if not current.waited and any(lost.is_passing(domain.row) for domain in current.domains):
        raise NotRead("a domain is just coming or going")
    now = seen(current, wanted)
    guests = [with_its_addresses(guest, now, wanted.host_name) for guest in order.ordered(wanted.guests)]
    parts = [plan_guest(guest, now, wanted, blank) for guest in guests]
    untouched = held.installing(guests, parts, wanted)
    parts = [GuestPlan() if guest.name in untouched else part for guest, part in zip(guests, parts)]
    refused = held.refused(guests, parts, wanted)
    parts = [GuestPlan() if guest.name in refused else part for guest, part in zip(guests, parts)]
    parts = limit.within(guests, parts, wanted, now, blank)
    stopping = [part for part in reversed(parts) if part.stops]
    together = merge([*stopping, *(part for part in parts if not part.stops)])
    rest = GuestPlan() if blank else merge([room.memory(together, now), room.vnd_units(together, now, wanted)])
    problems = [f"guest {guest.name}: {problem}" for guest, part in zip(guests, parts) for problem in part.problems]
    problems += rest.problems
    if problems:
        problems += lost.words(now)
        raise Refused("\n".join(problems), problems=problems)
    return Plan(
        changes=vnd.changes(now.vnd) + _spaced(together.changes, wanted.start_delay),
        deferred=together.deferred,
        refused=refused,
        warnings=[
            *lost.words(now),
            *lost.staying(now),
            *vnd.warnings(now.vnd),
            *together.warnings,
            *(f"{why}, which is being installed" for why in untouched.values() if why),
            *(change.waits() for change in together.deferred),
            *rest.warnings,
            *_undeclared(current, wanted, {domid for own in now.own.values() for domid in own}),
        ],
    )


def _undeclared(current: Current, wanted: Wanted, own: set[int]) -> list[str]:
    if not wanted.report_undeclared:
        return []
    found = [each for each in current.domains if each.domid not in own and not (each.row.dying or each.row.unnamed)]
    names = ", ".join(sorted(each.name for each in found))
    return [f"{UNDECLARED}, so left alone: {names}"] if names else []


def _spaced(changes: list[Change], delay: int) -> list[Change]:
    """Every start but the first waits, so that guests do not all boot at once."""
    starts = [change for change in changes if isinstance(change.data, Start)]
    later = {change.thing: replace(change, data=replace(change.data, delay=delay)) for change in starts[1:]}
    return [later[each.thing] if each.thing in later and isinstance(each.data, Start) else each for each in changes]
