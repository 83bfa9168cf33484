# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the plans of the hosts to the plan of the rack, with what no host can know alone. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._change import (
    GUEST_RECREATE,
    GUEST_RESTART,
    HOST_REBOOT,
    LIVE,
)
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.apply.files import MakeDisk
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.apply.start import Create, Restore, Revive
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.plan.guests import UNDECLARED
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.host_plan import (
    DeclaredGuest,
    HostPlan,
    Problem,
    RunningGuest,
    Step,
)

# What a host is, from the worst on. ``failed``: a run would fail, or the look did. ``drifted``: a run has something to
# do. ``waiting``: it has not, and yet the host is not as declared, because something waits for a word of the admin.
UNREACHABLE = "unreachable"
FAILED = "failed"
DRIFTED = "drifted"
WAITING = "waiting"
IN_SYNC = "in_sync"
STATES = (UNREACHABLE, FAILED, DRIFTED, WAITING, IN_SYNC)
IMPACTS = (LIVE, GUEST_RESTART, GUEST_RECREATE, HOST_REBOOT)
# What must not be done for a guest that runs elsewhere. A start only if both have one uuid: they would write to one
# disk if their hosts share it, as hosts do between which guests migrate.
DISK = "disk"
START = "start"
_STARTS = [act.__name__ for act in (Create, Restore, Revive)]


@dataclass(frozen=True)
class Unseen:
    """A host that could not be looked at, and why."""

    host: str
    reason: str
    unreachable: bool

    def as_result(self) -> dict[str, Any]:
        """What the action ``plan`` returns of it. For Ansible that is no failure, or nobody would be left to show the
        plan of a rack of which no host answers."""
        return {"unseen": {"msg": self.reason, "unreachable": self.unreachable}}


@dataclass(frozen=True)
class Elsewhere:
    """A guest that is declared on one host and runs on ``other``, as ``running_as``. ``same`` is the ``uuid`` or the
    ``name`` by which it is the same. ``refused`` says which act of its plan here is refused for that, if any."""

    guest: str
    other: str
    running_as: str
    same: str
    refused: str = ""

    @property
    def message(self) -> str:
        return f"runs on {self.other}, {self._known_by}"

    @property
    def _known_by(self) -> str:
        if self.same == "name":
            return "where a guest of that name shall not exist"
        return "by its uuid" if self.running_as == self.guest else f"by its uuid, as {self.running_as}"


@dataclass(frozen=True)
class HostView:
    """A host in the rack's plan: its own plan, or why there is none, and what other hosts have to do with it."""

    host: str
    found: HostPlan | Unseen
    elsewhere: tuple[Elsewhere, ...] = ()

    @property
    def plan(self) -> HostPlan:
        """Its plan, which is empty for a host that nobody could look at."""
        return self.found if isinstance(self.found, HostPlan) else HostPlan(self.host)

    @property
    def reason(self) -> str:
        """Why it could not be looked at; empty for one that was."""
        return self.found.reason if isinstance(self.found, Unseen) else ""

    @property
    def refused(self) -> tuple[Problem, ...]:
        """What forbids to change this host at all."""
        found: dict[tuple[str, str], list[str]] = {}
        for each in self.elsewhere:
            if each.refused:
                found.setdefault((each.guest, each.refused), []).append(each.message)
        return tuple(
            Problem("domu", domain.NAME, guest, _REFUSALS[act].format(" and ".join(places)))
            for (guest, act), places in found.items()
        )

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self.refused + self.plan.problems

    @property
    def undeclared(self) -> tuple[RunningGuest, ...]:
        """Guests that run and that nobody declared. One that is to go has something planned for it."""
        planned = {each.thing for part in (self.plan.steps, self.plan.waiting, self.problems) for each in part}
        return tuple(guest for guest in self.plan.running if not guest.declared and guest.name not in planned)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What its plan warns of, but for what is told here anyway."""
        waiting = [(step.thing, step.summary) for step in self.plan.waiting]
        return tuple(
            text
            for text in self.plan.warnings
            if not text.startswith(UNDECLARED) and not any(thing in text and told in text for thing, told in waiting)
        )

    @property
    def state(self) -> str:
        if isinstance(self.found, Unseen):
            return UNREACHABLE if self.found.unreachable else FAILED
        if self.problems:
            return FAILED
        if not self.plan.in_sync:
            return DRIFTED
        return WAITING if self.plan.waiting else IN_SYNC


@dataclass(frozen=True)
class Sums:
    """How many: hosts by state, changes of a run and changes that wait by impact, each with all keys."""

    states: Mapping[str, int]
    changes: Mapping[str, int]
    waiting: Mapping[str, int]
    problems: int
    later: int
    undeclared: int


@dataclass(frozen=True)
class RackPlan:
    hosts: tuple[HostView, ...] = field(default_factory=tuple)

    @property
    def sums(self) -> Sums:
        plans = [view.plan for view in self.hosts]
        return Sums(
            states=_counted(STATES, (view.state for view in self.hosts)),
            changes=_counted(IMPACTS, (step.impact for plan in plans for step in plan.steps)),
            waiting=_counted(IMPACTS, (step.impact for plan in plans for step in plan.waiting)),
            problems=sum(len(view.problems) for view in self.hosts),
            later=sum(len(plan.later) for plan in plans),
            undeclared=sum(len(view.undeclared) for view in self.hosts),
        )

    @property
    def words(self) -> dict[str, int]:
        """What the admin has to say for what waits, and for how many changes."""
        return dict(Counter(step.word for view in self.hosts for step in view.plan.waiting))

    @property
    def perhaps_elsewhere(self) -> tuple[tuple[str, str], ...]:
        """Host and guest of each empty disk that would be made, where hosts could not be looked at: the guest may run
        on one of them."""
        if not any(isinstance(view.found, Unseen) for view in self.hosts):
            return ()
        made = [(view.host, step.thing) for view in self.hosts if not view.refused for step in _disks(view.plan)]
        return tuple(dict.fromkeys(made))

    def stopped(self, problems: bool = False, drift: bool = False) -> dict[str, Unseen]:
        """The hosts that count as failed, or as unreachable, with the reason: those that nobody could look at or that
        must not be changed, and on demand those with any problem, or all that are not as declared."""
        found = {}
        for view in self.hosts:
            reason = _reason(view, problems, drift)
            if reason:
                found[view.host] = Unseen(view.host, reason, view.state == UNREACHABLE)
        return found


def rack_plan(found: Iterable[HostPlan | Unseen]) -> RackPlan:
    """The plan of the rack. Hosts keep their order."""
    hosts = list(found)
    plans = [each for each in hosts if isinstance(each, HostPlan)]
    by_uuid: dict[str, list[tuple[str, RunningGuest]]] = {}
    # A name is a machine's own matter; only a guest that shall not be there can be meant by it elsewhere.
    by_name: dict[str, list[tuple[str, RunningGuest]]] = {}
    for plan in plans:
        names = {guest.name for guest in plan.declared_guests}
        uuids = {guest.uuid.lower() for guest in plan.declared_guests if guest.uuid}
        for running in plan.running:
            uuid = running.uuid.lower()
            if uuid:
                by_uuid.setdefault(uuid, []).append((plan.host, running))
            if running.name not in names and not (uuid and uuid in uuids):
                by_name.setdefault(running.name, []).append((plan.host, running))
    views = []
    for each in hosts:
        away: tuple[Elsewhere, ...] = ()
        if isinstance(each, HostPlan):
            away = tuple(there for guest in each.declared_guests for there in _away(each, guest, by_uuid, by_name))
        views.append(HostView(each.host, each, away))
    return RackPlan(tuple(views))


def from_result(host: str, result: Any) -> HostPlan | Unseen:
    """What the action ``plan`` found of a host, from its registered result. No result, or one that holds no plan, is a
    host that nobody has looked at."""
    result = result if isinstance(result, Mapping) else {}
    result = result.get("unseen") or result
    if isinstance(result.get("plan"), Mapping):
        try:
            return HostPlan.from_data(result["plan"])
        except (KeyError, TypeError, ValueError) as error:
            return Unseen(host, f"its plan is none: {type(error).__name__}: {error}", False)
    reason = str(result.get("msg") or "nobody has looked at it").removeprefix("Task failed: ")
    return Unseen(host, reason, bool(result.get("unreachable")))


def _away(
    plan: HostPlan,
    guest: DeclaredGuest,
    by_uuid: Mapping[str, Sequence[tuple[str, RunningGuest]]],
    by_name: Mapping[str, Sequence[tuple[str, RunningGuest]]],
) -> list[Elsewhere]:
    """Where else a guest that is declared here runs, once for each of the guests there."""
    uuid = guest.uuid.lower()
    same = [("uuid", *each) for each in by_uuid.get(uuid, ())] if uuid else []
    if not any(each.name == guest.name or (uuid and each.uuid.lower() == uuid) for each in plan.running):
        same += [("name", *each) for each in by_name.get(guest.name, ())]
    acts = {step.action for step in plan.steps if (step.resource, step.thing) == (domain.NAME, guest.name)}
    found: dict[tuple[str, str], Elsewhere] = {}
    for key, other, running in same:
        if other != plan.host:
            there = Elsewhere(guest.name, other, running.name, key, _refused(acts, key))
            found.setdefault((other, running.name), there)
    return list(found.values())


def _refused(acts: set[str], same: str) -> str:
    if MakeDisk.__name__ in acts:
        return DISK
    return START if same == "uuid" and not acts.isdisjoint(_STARTS) else ""


_REFUSALS = {
    DISK: "no empty disk is made, because the guest {}; nothing is changed on this host. Migrate it or bring its disk "
    "here first. If it is another guest, declare that one where it runs, or rename one of them",
    START: "is not started, because the guest {}, and two would write to one disk; nothing is changed on this host. "
    "Declare it where it runs, or stop it there first",
}


def _disks(plan: HostPlan) -> list[Step]:
    return [step for step in plan.steps if (step.resource, step.action) == (domain.NAME, MakeDisk.__name__)]


def _reason(view: HostView, problems: bool, drift: bool) -> str:
    if view.reason:
        return view.reason
    told = view.problems if problems or drift else view.refused
    if told:
        return "; ".join(f"{each.thing or each.resource}: {each.message}" for each in told)
    if drift and view.state in (DRIFTED, WAITING):
        parts = {"to be changed": view.plan.steps, "later": view.plan.later, "waiting for a word": view.plan.waiting}
        return "not as declared: " + ", ".join(f"{len(each)} {name}" for name, each in parts.items() if each)
    return ""


def _counted(keys: Sequence[str], found: Iterable[str]) -> dict[str, int]:
    counts = Counter(found)
    return {key: counts[key] for key in dict.fromkeys([*keys, *counts])}
