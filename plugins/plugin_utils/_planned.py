# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan on the controller, call the machine only where something is to be done.

``site.yml`` reads the whole machine once (``host_info`` with ``resources``, registered as ``netbsd_xen_host``). Each
resource's action plugin plans against that with the very function its module uses. An empty plan is the answer; for
anything else the module runs on the machine, reads again and decides for itself.

A change makes what was read stale: it answers for nothing any more, and only says what is worth a look. Where it shows
nothing to do, the machine is looked at again, which is a small call, and what that brings holds until the next change.
Where it shows something to do, the module is called at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Dict

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, Plan, Refused, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._engine import WARNINGS, Outcome, told
from ansible_collections.netbsd.xen.plugins.module_utils._plain import from_plain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare.config import DIGEST
from ansible_collections.netbsd.xen.plugins.plugin_utils._arguments import validated
from ansible_collections.netbsd.xen.plugins.plugin_utils._look import info
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.driver import Looked
from ansible_collections.netbsd.xen.plugins.plugin_utils._watched import watched

SNAPSHOT_VARIABLE = "netbsd_xen_host"
# Facts of the host: what no longer holds, and what was read instead of what ``netbsd_xen_host`` has.
STALE_FACT = "netbsd_xen_stale"
AGAIN_FACT = "netbsd_xen_again"

Read = Dict[str, Any]  # as ``host_info`` returns it


def reads(task_vars: Mapping[str, Any]) -> list[Read]:
    """How the machine was read in this run, stale or not, the last time first. ``host_info`` may have been called anew
    since a task has looked."""
    first: Read = task_vars.get(SNAPSHOT_VARIABLE) or {}
    if not first.get("snapshot"):
        return []
    again: Read = _facts(task_vars).get(AGAIN_FACT) or {}
    return [again, first] if again.get("instead_of") == _id(first) else [first]


def usable_read(task_vars: Mapping[str, Any]) -> Read | None:
    """The machine as it was read in this run, or None if it was not, or if it has been changed since."""
    found = reads(task_vars)
    return found[0] if found and _id(found[0]) != _facts(task_vars).get(STALE_FACT) else None


def again(read: Read, task_vars: Mapping[str, Any]) -> dict[str, Any]:
    """What a task returns that has looked at the whole machine again and has not changed it: from then on this holds.
    Nobody wants to see all of that at -v."""
    kept = {**_without_digests(read), "instead_of": _id(task_vars[SNAPSHOT_VARIABLE])}
    return {"ansible_facts": {AGAIN_FACT: kept}, "_ansible_verbose_override": True}


def mark_stale(result: dict[str, Any], task_vars: Mapping[str, Any]) -> None:
    """Let every later task of this host know that the machine is no longer what was read."""
    read = usable_read(task_vars)
    if read is not None:
        result.setdefault("ansible_facts", {})[STALE_FACT] = _id(read)


def _facts(task_vars: Mapping[str, Any]) -> Mapping[str, Any]:
    facts: Mapping[str, Any] = task_vars.get("ansible_facts", {})
    return facts


def _id(read: Read) -> str:
    return str(read["snapshot"]["id"])


def say_host(result: dict[str, Any], host: str) -> dict[str, Any]:
    """The result with the host's name before each warning of ours and each header of a diff: a warning is shown without
    it, and Ansible drops one that another host's equals; a diff of many hosts is read one after the other."""
    ours = [f"{host}: {warning}" for warning in result.pop(WARNINGS, [])]
    if ours:
        result["warnings"] = [*result.get("warnings", []), *ours]
    for shown in result.get("diff") or []:
        for key in ("before_header", "after_header"):
            if key in shown:
                shown[key] = f"{host}: {shown[key]}"
    return result


class PlannedAction(ActionBase):
    """The action plugin of a resource. A subclass names the resource, and says whether its module can take long enough
    for somebody to ask how far it is; nothing else differs."""

    TRANSFERS_FILES = False
    RESOURCE: Any = None
    TAKES_LONG = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task_vars = task_vars or {}
        super().run(tmp, task_vars)
        args = self.arguments(dict(self._task.args), task_vars)
        result = self._unchanged(args, task_vars)
        if result is None:
            result = self.carry_out(args, task_vars)
            # A failure may have done half of its work.
            if (result.get("changed") or result.get("failed")) and not self._task.check_mode:
                mark_stale(result, task_vars)
        return say_host(result, str(task_vars.get("inventory_hostname", "")))

    def arguments(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """The task's options with what only the controller knows. The default adds nothing."""
        return args

    def carry_out(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Let the module do it on the machine."""
        with watched(self, task_vars) if self.TAKES_LONG else nullcontext():
            return dict(self._execute_module(module_name=self._task.action, module_args=args, task_vars=task_vars))

    def _unchanged(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any] | None:
        """The result of a task that has nothing to do, or None if the module must be asked."""
        try:
            params = validated(self.RESOURCE.ARGUMENTS, args)
            declared = self.RESOURCE.declare(params)
        except Refused as error:
            raise AnsibleActionFail(str(error)) from error
        found, limit = reads(task_vars), params["max_impact"]
        known = next((read for read in found if self.RESOURCE.NAME in read["snapshot"]["resources"]), None)
        nothing = self._nothing(known, declared, limit) if known else None
        if nothing is None:
            return None
        if known is usable_read(task_vars):
            return _result(nothing)
        looked = self._look_again(task_vars)
        nothing = self._nothing(looked.value, declared, limit) if looked else None
        if looked is None or nothing is None:
            return None
        return {**_result(nothing, looked.commands), **again(looked.value, task_vars)}

    def _nothing(self, read: Read, declared: Any, limit: str) -> Outcome | None:
        """The outcome of a task that, by what was read, has nothing to do; None if it has."""
        current = read["snapshot"]["resources"].get(self.RESOURCE.NAME)
        if current is None:
            return None
        try:
            state = from_plain(getattr(self.RESOURCE, "STATE", None), current)
            plan: Plan = self.RESOURCE.plan(state, declared)
        except (NotRead, Refused):
            # What the machine lacks may have come since; it decides, and it words the refusal.
            return None
        plan = plan.within(limit)
        return None if plan.changes or plan.refused else Outcome(plan, told=told(self.RESOURCE, state))

    def _look_again(self, task_vars: dict[str, Any]) -> Looked[Read] | None:
        """The machine as it is now; None if it can't be looked at, of which the module has more to tell."""
        try:
            return info.told(info.by_module(self, task_vars), [info.ALL])
        except XenError:
            return None


def _result(nothing: Outcome, commands: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """The result of a task that has nothing to do, and the commands that it took to tell."""
    result = dict(nothing.result(), commands=list(commands))
    del result["diff"]
    return result


def _without_digests(read: Read) -> Read:
    """What was read as it may become a fact of the host, which an admin may have chosen to be kept on a disk: without
    what has the digest of a password in it, as long as its salt stands beside it."""
    snapshot = read["snapshot"]
    kept = {name: state for name, state in snapshot["resources"].items() if not _has_digest(state)}
    return {"host": read["host"], "snapshot": {"id": snapshot["id"], "resources": kept}}


def _has_digest(value: Any) -> bool:
    if isinstance(value, str):
        return DIGEST in value
    if isinstance(value, Mapping):
        return any(map(_has_digest, value.values()))
    return isinstance(value, (list, tuple)) and any(map(_has_digest, value))
