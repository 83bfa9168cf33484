# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan on the controller, call the machine only where something is to be done.

``site.yml`` reads the whole machine once (``host_info`` with ``resources``, registered as ``netbsd_xen_host``). Each
resource's action plugin plans against that with the very function its module uses. An empty plan is the answer; for
anything else the module runs on the machine, reads again and decides for itself. From the first change on, what was
read is marked stale and every later task goes to the machine.
"""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._engine import Outcome

SNAPSHOT_VARIABLE = "netbsd_xen_host"
STALE_FACT = "netbsd_xen_stale"


def usable_snapshot(task_vars: dict[str, Any]) -> dict[str, Any] | None:
    """The machine as it was read in this run, or None if it was not, or if it has been changed since."""
    snapshot = (task_vars.get(SNAPSHOT_VARIABLE) or {}).get("snapshot")
    if not snapshot or snapshot["id"] == task_vars.get("ansible_facts", {}).get(STALE_FACT):
        return None
    return snapshot


def mark_stale(result: dict[str, Any], task_vars: dict[str, Any]) -> None:
    """Let every later task of this host know that the machine is no longer what was read."""
    snapshot = usable_snapshot(task_vars)
    if snapshot is not None:
        result.setdefault("ansible_facts", {})[STALE_FACT] = snapshot["id"]


class PlannedAction(ActionBase):
    """The action plugin of a resource. A subclass names the resource; nothing else differs."""

    TRANSFERS_FILES = False
    RESOURCE: Any = None

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task_vars = task_vars or {}
        super().run(tmp, task_vars)
        args = self.arguments(dict(self._task.args), task_vars)
        result = self._unchanged(args, usable_snapshot(task_vars))
        if result is None:
            result = self.carry_out(args, task_vars)
            # A failure may have done half of its work.
            if (result.get("changed") or result.get("failed")) and not self._task.check_mode:
                mark_stale(result, task_vars)
        return result

    def arguments(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """The task's options with what only the controller knows. The default adds nothing."""
        return args

    def carry_out(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Let the module do it on the machine."""
        return self._execute_module(module_name=self._task.action, module_args=args, task_vars=task_vars)

    def _unchanged(self, args: dict[str, Any], snapshot: dict[str, Any] | None) -> dict[str, Any] | None:
        """The result of a task that has nothing to do, or None if the machine must be asked."""
        checked = ArgumentSpecValidator(self.RESOURCE.ARGUMENTS).validate(args)
        if checked.error_messages:
            raise AnsibleActionFail("; ".join(checked.error_messages))
        try:
            declared = self.RESOURCE.declare(checked.validated_parameters)
        except Refused as error:
            raise AnsibleActionFail(str(error)) from error
        current = (snapshot or {}).get("resources", {}).get(self.RESOURCE.NAME)
        if current is None:
            return None
        try:
            plan = self.RESOURCE.plan(current, declared)
        except (NotRead, Refused):
            # What the machine lacks may have come since; it decides, and it words the refusal.
            return None
        if plan.changes or plan.refused:
            return None
        result = dict(Outcome(plan).result(), commands=[])
        del result["diff"]
        return result
