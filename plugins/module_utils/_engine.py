# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Read, plan, apply: the one way in which the collection manages a thing.

A resource is a Python module with

``NAME``                        the word for it in results;
``ARGUMENTS``                   the argument spec that its module and its action plugin share, with ``_change.LIMIT``;
``declare(params)``             options to what is wanted; pure; raises Refused;
``read(host, declared)``        the current state as plain data (JSON) or as a dataclass of such, which ``STATE`` then
                                names; reads only; ``declared`` is None when the machine is read ahead of the tasks that
                                will declare something (see ``host_info``);
``read_more(host, current, declared, reading)``
                                the current state with what a plan lacked, where NotRead names a ``reading``;
``plan(current, declared)``     a Plan; pure; raises Refused, or names refused things in it if it has several;
                                raises NotRead if ``current`` does not hold what it needs;
``apply(host, change)``         carries one change out; raises XenError.
``tell(current)``               what its module returns beside the changes, as plain data; pure; not every resource has
                                it.

``SYSTEMS`` names the operating systems that it is for, as uname(1) says them; without it that is NetBSD alone. On any
other its module says so before all else, and does nothing.

A resource whose changes are requests (reboot this guest) and not a state has ``REQUESTS = True``: reading again could
not tell whether they were carried out, so ``apply`` itself proves each one.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule

from ._change import HOST_REBOOT, Change, NotRead, Plan, Refused, XenError
from ._host import Host

# Where a module's result has its warnings. The action plugin, which knows the host's name, makes them Ansible's: what
# ``AnsibleModule.warn`` gives has a type of Ansible's own on its way to the controller.
WARNINGS = "warnings_without_host"
NETBSD = "NetBSD"
# Set by tests alone, which have real Xen on Linux only (tests/xen/README.md).
TESTED_ON_OTHERS = "NETBSD_XEN_TESTED_ON_OTHERS"
# Apply, look, apply what only now could be seen, look.
ROUNDS = 2


@dataclass
class Outcome:
    """What a run did, or in check mode would do."""

    plan: Plan
    done: list[Change] = field(default_factory=list)
    failures: dict[str, XenError] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)

    def result(self) -> dict[str, Any]:
        """The part of a module's result that every resource has."""
        return {
            "changed": bool(self.done),
            "changes": [change.report() for change in self.done],
            "restart_required": [change.report() for change in self.plan.deferred],
            "diff": [change.diff() for change in self.done],
            WARNINGS: list(self.plan.warnings),
            **self.told,
        }


def planned(resource: Any, host: Host, declared: Any, limit: str = HOST_REBOOT) -> Plan:
    """What the machine needs, as it is now, within the limit."""
    return read_and_planned(resource, host, declared, limit)[1]


def told(resource: Any, current: Any) -> dict[str, Any]:
    """What a module returns of the machine as it was read."""
    found: dict[str, Any] = resource.tell(current) if hasattr(resource, "tell") else {}
    return found


def read_and_planned(
    resource: Any, host: Host, declared: Any, limit: str = HOST_REBOOT
) -> tuple[Any, Plan]:
    """The machine as it is now, and what it needs within the limit. Where the plan turns out to need more than an
    unchanged machine does, that is read as well, each reading once. Raises NotRead for what no reading brings."""
    current = resource.read(host, declared)
    readings = {""}
    while True:
        try:
            plan: Plan = resource.plan(current, declared)
            return current, plan.within(limit)
        except NotRead as lacking:
            if lacking.reading in readings:
                raise
            readings.add(lacking.reading)
            current = resource.read_more(host, current, declared, lacking.reading)


def converge(resource: Any, params: dict[str, Any], host: Host, check: bool) -> Outcome:
    """Bring a resource to what ``params`` declare. With ``check`` nothing is touched.

    One thing's failure (say, one guest's) stops that thing only; it is kept in ``failures`` by the thing's name.
    """
    declared, limit = resource.declare(params), params.get("max_impact", HOST_REBOOT)
    current, plan = read_and_planned(resource, host, declared, limit)
    outcome = Outcome(plan, told=told(resource, current))
    outcome.failures.update(outcome.plan.refused)
    if check:
        outcome.done = list(outcome.plan.changes)
        return outcome
    to_do = outcome.plan.changes
    for _round in range(ROUNDS):
        if not to_do:
            break
        _carry_out(resource, host, to_do, outcome)
        if getattr(resource, "REQUESTS", False):
            break
        # Read the machine again: what was done must be there, whatever the commands said. And what it lets us see (a
        # guest that was restored) may need something itself.
        said = outcome.plan.warnings
        try:
            current, outcome.plan = read_and_planned(resource, host, declared, limit)
            outcome.told = told(resource, current)
        except XenError as error:
            # Not raised: what was done must be told.
            outcome.failures.setdefault(resource.NAME, error)
            break
        outcome.plan.warnings = list(dict.fromkeys([*said, *outcome.plan.warnings]))
        for thing, refusal in outcome.plan.refused.items():
            outcome.failures.setdefault(thing, refusal)
        left = [change for change in outcome.plan.changes if change.thing not in outcome.failures]
        to_do = [change for change in left if change not in outcome.done]
        _note_undone(outcome, [change for change in left if change in outcome.done])
    else:
        _note_undone(outcome, to_do)
    return outcome


def _carry_out(resource: Any, host: Host, changes: list[Change], outcome: Outcome) -> None:
    for change in changes:
        if change.thing in outcome.failures:
            continue
        lacking = [thing for thing in change.needs if thing in outcome.failures]
        try:
            if lacking:
                raise XenError(f"{change.thing} was left as it is: it depends on {', '.join(lacking)}, which failed")
            resource.apply(host, change)
        except XenError as error:
            outcome.failures[change.thing] = error
        else:
            outcome.done.append(change)


def _note_undone(outcome: Outcome, changes: list[Change]) -> None:
    """Things whose commands all succeeded and that are not as they should be."""
    for change in changes:
        outcome.failures.setdefault(
            change.thing,
            XenError(
                f"{change.thing}: every command succeeded, but on reading back this is still to be done: "
                f"{change.summary}. Something else on the machine may be undoing it.",
                before=change.before,
                after=change.after,
            ),
        )


def run_module(
    resource: Any, first: Callable[[AnsibleModule, Host], dict[str, Any] | None] | None = None
) -> None:
    """The whole of a resource's module: arguments, converge, result.

    ``first`` is called before anything else; if it gives a result, that is the module's, and nothing else is done.
    """
    module = AnsibleModule(argument_spec=resource.ARGUMENTS, supports_check_mode=True)
    host = Host()
    try:
        refuse_system(host.system, resource.NAME, getattr(resource, "SYSTEMS", (NETBSD,)))
        early = first(module, host) if first is not None else None
        if early is not None:
            module.exit_json(**dict(early, commands=host.commands))
        outcome = converge(resource, module.params, host, module.check_mode)
    except XenError as error:
        module.fail_json(msg=str(error), commands=host.commands, changed=False, **error.details)
    except Exception as error:
        module.fail_json(commands=host.commands, **internal_error(resource.NAME, error))
    result = dict(outcome.result(), commands=host.commands)
    if not module._diff:
        del result["diff"]
    if outcome.failures:
        failures = [dict(error.details, thing=thing, msg=str(error)) for thing, error in outcome.failures.items()]
        module.fail_json(msg="; ".join(failure["msg"] for failure in failures), failures=failures, **result)
    module.exit_json(**result)


def refuse_system(system: str, name: str, systems: Sequence[str] = (NETBSD,)) -> None:
    """Raise Refused on a machine that a module is not for."""
    if system not in systems and not os.environ.get(TESTED_ON_OTHERS):
        raise Refused(
            f"This is {system}, and netbsd.xen.{name} is for {' and '.join(systems)}. Nothing was done. Take the "
            "machine out of the group of dom0s, or install NetBSD."
        )


def internal_error(name: str, error: Exception) -> dict[str, str]:
    """A defect of ours, in words instead of a traceback; the traceback stays in the result for a report."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return {
        "msg": f"netbsd.xen.{name}: internal error, please report it: {type(error).__name__}: {error} "
        f"({frame.filename.rsplit('/', 1)[-1]}:{frame.lineno})",
        "internal_traceback": "".join(traceback.format_exception(type(error), error, error.__traceback__)),
    }
