# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Guests that a person installs, in a live system that stays up until then. Each run looks in at its console, which the
controller does between two calls of the module, and is told here what it has found.

A live system is never ended before its installer is through: what a person has begun there is theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..._change import LIVE, Change, Plan, XenError
from ..._formats.guest import solaris
from ..._formats.xl.xl_output import Domain
from ..._host import Host
from ..._toolstack import waiting
from ..._toolstack.choose import toolstack
from ..._toolstack.lock import installing
from ..guests.apply import health, vnd
from . import installer
from .declare import System
from .methods.table import METHODS
from .work import dvd, record
from .work.job import Leftover
from .work.record import Record

RESOURCE = "guest_system"
# What a visit has found, as the controller tells it behind the record's mark: the installer is offered to a person at a
# place; it is still at work; it is through, with the number of the boot file system.
OFFERED, AT_WORK, THROUGH = "offered", "at-work", "through"
# The deferred change's word: there is no option that would do it.
PERSON = "person: {place}"
_NEXT = {"stage": record.PREPARED, "next_run": "it looks in again; what a person has begun there is left alone"}


def told(mark: str, what: str, value: str = "") -> str:
    """What a visit has found, on its way to the module."""
    return f"{mark} {what} {value}".rstrip()


def _heard(text: str, mine: Record, name: str) -> tuple[str, str]:
    """What was found, and its value; nothing for what nobody has asked yet. Raises XenError for a visit that failed."""
    mark, _blank, rest = text.partition(" ")
    if text and mark != mine.mark:
        raise XenError(f"guest {name}: {text.strip()}", **_NEXT)
    what, _blank, value = rest.partition(" ")
    return what, value


def ended(name: str, heard: str) -> XenError:
    """What is said of a live system that has ended before a visit did."""
    why = heard.strip() if heard.startswith(" ") else "its live system has ended"
    return XenError(f"guest {name}: {why}", **_NEXT)


def in_hand(mine: Record) -> bool:
    """Whether the guest is one that a person installs, and is not through."""
    return METHODS[mine.method].visited if mine.method in METHODS and not mine.reached(record.CONFIGURED) else False


def lives(domains: list[Domain], mine: Record) -> Domain | None:
    """The domain of its live system."""
    return next((each for each in domains if installer.is_it(each, mine) and not each.row.dying), None)


# -- the plan ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """The ``session`` of who looks in at consoles, empty for somebody who can't, and what was ``heard``, empty for
    nothing yet."""

    session: str
    heard: str


def plan(system: System, mine: Record, live: Domain | None, config_dir: str, asked: Asked) -> Plan:
    """What a guest needs whose live system runs, or whose installer is through."""
    name, found = system.guest.name, Plan()
    what, value = _heard(asked.heard, mine, name)
    boots = mine.boots or (solaris.installed(system.install.options.bits, value) if what == THROUGH else "")
    if boots:
        act = Finish(name, config_dir, mine, live.domid if live else None, boots)
        summary = f"end the live system, in which a person has installed, and boot with {boots.partition(' ')[2]}"
        found.changes.append(_change(name, act, summary, mine.stage, record.CONFIGURED))
        return found
    if what == OFFERED and mine.offered != value:
        offer = Offer(name, config_dir, mine, value)
        found.changes.append(_change(name, offer, f"offer its installer to a person at {value}", "", value))
    elif not asked.session:
        summary = "look whether its installer is through, and have the guest boot what that has installed"
        found.changes.append(_change(name, Visit(name), summary, mine.stage, record.CONFIGURED))
    if mine.offered:
        summary = instructions(system, mine.offered)
        word = PERSON.format(place=mine.offered)
        found.deferred.append(Change(RESOURCE, name, "Person", summary, mine.stage, record.CONFIGURED, LIVE, word))
        found.warnings.append(f"guest {name} waits for a person: {summary}")
    return found


def instructions(system: System, place: str) -> str:
    """What a person has to do, in one sentence."""
    shown = f"its installer is shown on {place}"
    if not system.install.options.display:
        shown = f"connect a VNC viewer to {place} (install.vnc_password) and start the installer on that desktop"
    return f"{shown}; go through it, don't let it reboot at its end, and run again"


def _change(name: str, act: object, summary: str, before: str, after: str) -> Change:
    return Change(RESOURCE, name, type(act).__name__, summary, before, after, LIVE, data=act)


# -- the acts ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Visit:
    """Look in at its console, which this machine can't."""

    name: str

    def carry_out(self, host: Host) -> None:
        raise XenError(f"guest {self.name}: nobody has looked in at its console; run the task by its action plugin")


@dataclass(frozen=True)
class Offer:
    """Note where the installer waits for a person."""

    name: str
    config_dir: str
    record: Record
    place: str

    def carry_out(self, host: Host) -> None:
        with installing(self.name):
            Leftover(host, self.name, self.config_dir, self.record).note(offered=self.place, session="")


@dataclass(frozen=True)
class Finish:
    """Have the guest boot from its disk from now on: note with which arguments, end its live system, domain ``domid``,
    and let the DVD go."""

    name: str
    config_dir: str
    record: Record
    domid: int | None
    boots: str

    def carry_out(self, host: Host) -> None:
        tool = toolstack(host)
        with installing(self.name):
            left = Leftover(host, self.name, self.config_dir, self.record)
            # First, for only the live system could tell it again.
            left.note(boots=self.boots, session="")
            if self.domid is not None and waiting.find(tool, self.domid) is not None:
                tool.destroy(self.domid)
            vnd.take_back(tool, [self.record.disk])
            dvd.give_back(left)
            installer.forget(left)
            left.note(stage=record.CONFIGURED, console_from=health.console_size(host, self.name))


@dataclass(frozen=True)
class LetGo:
    """Let the DVD go of a guest that is no more."""

    name: str
    config_dir: str
    record: Record

    def carry_out(self, host: Host) -> None:
        with installing(self.name):
            left = Leftover(host, self.name, self.config_dir, self.record)
            dvd.give_back(left)
            installer.forget(left)
