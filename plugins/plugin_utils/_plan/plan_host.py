# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that netbsd.xen.site would do on one machine.

Its tasks in their order, each read and planned by its resource's own ``read`` and ``plan``, as the modules do it in
check mode. As there, a task is told what those before it would have brought (``ansible_check_mode``, and their
registered results), and behind one that fails nothing more is done.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, Dict

from ansible.errors import AnsibleError

from ansible_collections.netbsd.xen.plugins.module_utils import _packages
from ansible_collections.netbsd.xen.plugins.module_utils._change import Change, NotRead, Plan, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._engine import (
    NETBSD,
    Outcome,
    internal_error,
    read_and_planned,
    refuse_system,
    told,
)
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.machine import about
from ansible_collections.netbsd.xen.plugins.module_utils._resources.reboot import target
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import resource as guest_system
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.logins import logins
from ansible_collections.netbsd.xen.plugins.plugin_utils._arguments import validated
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.collected import CollectedHost
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan import bootstrap, exchange
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.host_plan import (
    DeclaredGuest,
    HostPlan,
    Problem,
    RunningGuest,
    Step,
)
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import domu
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.order import (
    ALL,
    BOOTSTRAP,
    REGISTERED,
    Ordered,
    Tags,
    chosen,
)
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Task, Variables

# The options of a task with what only the controller knows, by the name of its resource.
Completed = Mapping[str, Callable[[Dict[str, Any]], Dict[str, Any]]]


def describe(host: Host) -> dict[str, Any]:
    """The machine, as ``host_info`` tells it and the roles' mapping asks for it."""
    packages = _packages.installed(host)
    return {"host": about.describe(host, packages), "packages": packages}


class Declaring:
    """What tasks want. What was worked out once, of the same options, is not worked out again: a host has many guests.
    ``completed`` is what completes a task's options with what only the controller knows, by the name of its resource.
    """

    def __init__(self, completed: Completed | None = None) -> None:
        self._completed = completed or {}
        self._known: list[tuple[Any, dict[str, Any], dict[str, Any], Any]] = []

    def wanted(self, task: Task, variables: Variables) -> tuple[dict[str, Any], Any]:
        """The options of a task in their types, and what its resource makes of them. Raises Refused."""
        given, complete = task.given(variables), self._completed.get(task.resource.NAME)
        given = complete(given) if complete else given
        for resource, before, params, wanted in self._known:
            if resource is task.resource and before == given:
                return params, wanted
        params = validated(task.resource.ARGUMENTS, given)
        self._known.append((task.resource, given, params, task.resource.declare(params)))
        return self._known[-1][2:]


def declared(variables: Mapping[str, Any], tags: Tags, declaring: Declaring) -> dict[str, list[Any]]:
    """What the tasks want, as far as it can be told before anybody has looked at the machine, by the name of their
    resource: from it follows where to look (``_look/first.py``)."""
    found: dict[str, list[Any]] = {}
    known = Variables(ChainMap(_as_in_a_check(), variables))  # type: ignore[arg-type]
    for ordered in chosen(tags):
        task = ordered.task
        try:
            if task.when(known):
                found.setdefault(task.resource.NAME, []).append(declaring.wanted(task, known)[1])
        except Exception:
            continue  # what is wrong with it, the plan says
    return found


def _as_in_a_check() -> dict[str, Any]:
    """The variables that a plan sets. What a run has registered before, which may be this very one, was done."""
    return {"ansible_check_mode": True, **dict.fromkeys(REGISTERED)}


def plan_host(
    host: Host,
    variables: Mapping[str, Any],
    tags: Tags = ALL,
    declaring: Declaring | None = None,
    upgrades: bool = False,
) -> HostPlan:
    """The plan of a machine. ``variables`` are those that its roles see, with their defaults, and what ``describe``
    tells (``netbsd_xen_host``); one that can't be worked out may raise AnsibleError. ``upgrades``: netbsd.xen.upgrade
    would do it, whose own role comes first."""
    own = _as_in_a_check()
    known = Variables(ChainMap(own, variables))  # type: ignore[arg-type]  # nothing is written but to the first
    planning = _Planning(host, known, declaring or Declaring(), own)
    if upgrades and tags.choose(exchange.ROLE):
        planning.exchange()
    if tags.choose(BOOTSTRAP) and not upgrades:
        _part(host, planning.bootstrap)
    for ordered in chosen(tags):
        _part(host, lambda task=ordered: planning.task(task))  # type: ignore[misc]  # the loop's own, bound now
    _part(host, planning.guests_of_the_rack)
    return planning.result()


def _part(host: Host, read: Callable[[], None]) -> None:
    """What one task lacks keeps no other from telling what it lacks."""
    host.part(read) if isinstance(host, CollectedHost) else read()


@dataclass
class _Planning:
    """What is known after some of the tasks. ``own`` are the variables that these have set. ``stopped``: nothing more
    will be done. ``waits``: what comes next needs a boot into Xen that is not allowed."""

    host: Host
    variables: Variables
    declaring: Declaring
    own: dict[str, Any]
    steps: list[Step] = field(default_factory=list)
    waiting: list[Step] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    later: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    running: list[RunningGuest] = field(default_factory=list)
    declared: list[DeclaredGuest] = field(default_factory=list)
    logins: dict[str, Any] = field(default_factory=dict)
    stopped: bool = False
    waits: bool = False

    def bootstrap(self) -> None:
        """What must be there before any module runs."""
        self.steps += bootstrap.steps(self.host, self.variables)
        self.later += bootstrap.later(self.host, self.variables)

    def exchange(self) -> None:
        """The exchange of one Xen for another, behind which nothing is told yet."""
        try:
            step = exchange.step(self.variables)
            if step is None:
                return
            problem = exchange.problem(self.variables)
        except (XenError, AnsibleError) as error:
            self._fail(exchange.ROLE, target.NAME, "", str(error))
            return
        self.stopped = True
        if problem is None:
            self.steps.append(step)
            self.later.append(exchange.later())
        else:
            self.problems.append(problem)

    def task(self, ordered: Ordered) -> None:
        """One task. Its failure is a problem, and the end."""
        if self.stopped:
            return
        role, resource = ordered.part.role, ordered.task.resource
        try:
            if not ordered.task.when(self.variables):
                return
            self._planned(ordered)
        except NotRead as error:
            # Only the machine itself can tell, and its module will.
            self.later.append(Problem(role, resource.NAME, "", str(error)))
        except (XenError, AnsibleError) as error:
            self._fail(role, resource.NAME, "", str(error))
        except Exception as error:
            self._fail(role, resource.NAME, "", internal_error(resource.NAME, error)["msg"])

    def _planned(self, ordered: Ordered) -> None:
        role, resource, task = ordered.part.role, ordered.task.resource, ordered.task
        params, wanted = self.declaring.wanted(task, self.variables)
        refuse_system(self.host.system, resource.NAME, getattr(resource, "SYSTEMS", (NETBSD,)))
        if resource is target:
            current: Any = self.variables.machine
            plan = target.plan(current, wanted)
        else:
            current, plan = read_and_planned(resource, self.host, wanted, params["max_impact"])
        if task.register:
            outcome = Outcome(plan, list(plan.changes), dict(plan.refused), told(resource, current))
            self.own[task.register] = _registered(outcome)
        if resource is domain:
            self._guests(current, wanted)
        if resource is guest_system:
            self.logins = logins(current)
        self._take(ordered, plan)
        if resource is target and plan.deferred and wanted.required and not target.in_xen(current, wanted.release):
            # A run fails here; a check goes on, and tells what else there is to do.
            self.problems.append(Problem(role, resource.NAME, "Xen", target.waits(current, wanted)))
            self.waits = True
        self.stopped = bool(plan.refused) and not task.goes_on

    def _take(self, ordered: Ordered, plan: Plan) -> None:
        role, resource = ordered.part.role, ordered.task.resource.NAME
        steps = [_step(role, change) for change in plan.changes]
        # Role services has the guests that start with the machine among its services, and alone behind the reboot.
        steps = [step for step in steps if step not in self.steps]
        if self.waits:
            self.later += [Problem(role, resource, step.thing, step.summary) for step in steps]
        else:
            self.steps += steps
        self.waiting += [_step(role, change, ordered.task.word(change.word)) for change in plan.deferred]
        self.warnings += [warning for warning in plan.warnings if warning not in self.warnings]
        self.problems += [Problem(role, resource, thing, str(refusal)) for thing, refusal in plan.refused.items()]

    def _fail(self, role: str, resource: str, thing: str, message: str) -> None:
        self.problems.append(Problem(role, resource, thing, message))
        self.stopped = True

    def guests_of_the_rack(self) -> None:
        """Which guests run here is other hosts' matter too, whatever was planned for this one."""
        if self.declared or self.running:
            return
        try:
            _params, wanted = self.declaring.wanted(domu.TASKS["domain"], self.variables)
            self._guests(domain.read(self.host, wanted), wanted)
        except Exception:
            pass  # its own task says what is wrong

    def _guests(self, current: Any, wanted: Any) -> None:
        here = [guest for guest in wanted.guests if guest.state != "absent"]
        names, uuids = {guest.name for guest in here}, {guest.uuid for guest in here if guest.uuid}
        self.declared = [DeclaredGuest(guest.name, guest.uuid) for guest in here]
        for each in current.domains:
            if each.domid and not (each.row.dying or each.row.unnamed):
                uuid = str(each.settings.get("uuid") or "")
                self.running.append(RunningGuest(each.name, uuid, each.name in names or uuid in uuids))

    def result(self) -> HostPlan:
        return HostPlan(
            host=str(self.variables["inventory_hostname"]),
            steps=tuple(self.steps),
            waiting=tuple(self.waiting),
            problems=tuple(self.problems),
            later=tuple(self.later),
            warnings=tuple(self.warnings),
            running=tuple(self.running),
            declared_guests=tuple(self.declared),
            logins=self.logins,
        )


def _registered(outcome: Outcome) -> dict[str, Any]:
    """What a module in check mode returns, as far as later tasks ask for it."""
    failures = [{"thing": thing, "msg": str(error)} for thing, error in outcome.failures.items()]
    return {**outcome.result(), **({"failed": True, "failures": failures} if failures else {})}


def _step(role: str, change: Change, word: str = "") -> Step:
    told = {name: getattr(change, name) for name in ("resource", "thing", "summary", "impact", "before", "after")}
    return Step(role=role, word=word, action=change.action, **told)
