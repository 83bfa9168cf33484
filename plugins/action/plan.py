# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at a machine once, and plans on the controller all that netbsd.xen.site would do there.

Everything is imported, and the roles' variables are read, here and not where they are needed: Ansible imports an action
plugin once before it starts a process for each host, and none of these has to do it again.
"""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action import ActionBase

from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host
from ansible_collections.netbsd.xen.plugins.plugin_utils._completed import completing
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.asks import Ask
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.driver import looked
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.first import first_asks
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.info import by_module
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan import bootstrap
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.host_plan import HostPlan
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.plan_host import Declaring, declared, describe, plan_host
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.rack import Unseen
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.order import BOOTSTRAP, Tags
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import MACHINE, Variables
from ansible_collections.netbsd.xen.plugins.plugin_utils._templates import Templated, of_roles, seen_by_roles

ARGUMENTS: dict[str, dict[str, Any]] = {
    "python_required": {"type": "bool", "default": False},
    "upgrade": {"type": "bool", "default": False},
}
# The strategy puts a host into one of these, in its own process, so that later plays need no task to tell who has work.
IN_SYNC, WITH_WORK, WITHOUT_PYTHON = "netbsd_xen_in_sync", "netbsd_xen_with_work", "netbsd_xen_without_python"

ROLES = of_roles(DataLoader())


class ActionModule(ActionBase):
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        self._task_vars = task_vars = task_vars or {}
        result: dict[str, Any] = super().run(tmp, task_vars)
        _checked, options = self.validate_argument_spec(argument_spec=ARGUMENTS)
        self._upgrades = options["upgrade"]
        self._before: Templated | None = None
        self._tags = Tags(task_vars.get("ansible_run_tags", ["all"]), task_vars.get("ansible_skip_tags", []))
        self._declaring = Declaring(completing(task_vars, lambda src: str(self._find_needle("files", src))))
        try:
            found = looked(by_module(self, task_vars), self._first(), self._planned)
        except XenError as error:
            # What no module printed: there is no Python, or none that runs.
            if options["python_required"] or "module_stdout" not in error.details or not self._tags.choose(BOOTSTRAP):
                return {**result, **error.details, "failed": True, "msg": str(error)}
            return {**result, **self._without_python()}
        except AnsibleConnectionFailure as error:
            # The plan of the rack tells of it, once.
            if not self._task.ignore_unreachable:
                raise
            return {**result, **Unseen(str(task_vars.get("inventory_hostname")), str(error), True).as_result()}
        machine, plan = found.value
        result.update(self._result(plan, found.calls), host=machine["host"])
        if not plan.in_sync:
            result.update(packages=machine["packages"], commands=found.commands)
        return result

    def _first(self) -> list[Ask]:
        return first_asks(declared(self._variables(None), self._tags, self._declaring))

    def _planned(self, host: Host) -> tuple[dict[str, Any], HostPlan]:
        machine = describe(host)
        return machine, plan_host(host, self._variables(machine), self._tags, self._declaring, self._upgrades)

    def _variables(self, machine: dict[str, Any] | None) -> Templated:
        """The variables as the roles see them."""
        known = seen_by_roles(ROLES, self._task_vars)
        if machine is not None:
            known[MACHINE] = machine
        templar = self._templar.copy_with_new_env(available_variables=known)
        self._before = Templated(templar, known, self._loader, self._before, ROLES)
        return self._before

    def _result(self, plan: HostPlan, calls: int) -> dict[str, Any]:
        group = IN_SYNC if plan.in_sync else WITH_WORK
        return {"plan": {**plan.as_data(), "calls": calls}, **self._in_group(group)}

    def _without_python(self) -> dict[str, Any]:
        variables = Variables(self._variables(None))
        name, package = variables["inventory_hostname"], variables["bootstrap_python_package"]
        plan = bootstrap.without_python(name, package, variables.on("bootstrap_pkgin"))
        return {"plan": {**plan.as_data(), "calls": 1}, **self._in_group(WITHOUT_PYTHON, WITH_WORK)}

    def _in_group(self, group: str, *parents: str) -> dict[str, Any]:
        """Put the host into ``group``. Up to ansible-core 2.20 the run's strategy does that, by what is in the result
        (plugins/strategy/__init__.py: add_group); from 2.21 on a plugin says it by a method, and the result says
        nothing (plugins/action/group_by.py)."""
        if hasattr(ActionBase, "add_group"):
            self.add_group(group, parent_group_names=list(parents))
        return {"add_group": group, "parent_groups": list(parents)}
