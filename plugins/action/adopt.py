# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at a machine that was made by hand, and writes the variables with which netbsd.xen.site would do nothing there.

What is imported here is so for the reason that ``plan.py`` tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible import constants
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host
from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt import inventory, words
from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt.adopt_host import adopt
from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt.adopted import Adopted
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.driver import looked
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.first import first_asks
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.info import by_module
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.plan_host import describe
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.rack_text import clean
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import MACHINE
from ansible_collections.netbsd.xen.plugins.plugin_utils._templates import Templated, of_roles, seen_by_roles

# What it is registered as, of each host, where all of them are told.
ADOPTED = "netbsd_xen_adopted"
ARGUMENTS: dict[str, dict[str, Any]] = {
    "part": {"type": "str", "choices": ["host", "rack"], "default": "host"},
    "directory": {"type": "path"},
}
ROLES = of_roles(DataLoader())

display = Display()


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        self._task_vars = task_vars = task_vars or {}
        result: dict[str, Any] = super().run(tmp, task_vars)
        _checked, options = self.validate_argument_spec(argument_spec=ARGUMENTS)
        if options["part"] == "rack":
            self._show_rack(task_vars)
            return {**result, "changed": False}
        name = str(task_vars["inventory_hostname"])
        try:
            where = inventory.place(options["directory"] or "", name)
            # They are found anew, not believed.
            self._before = inventory.written_before(where)
            found = looked(by_module(self, task_vars), first_asks(), self._adopted).value
            text = inventory.text_of(name, found)
            path, changed = inventory.write(where, text, self._task.check_mode)
        except XenError as error:
            return {**result, **error.details, "failed": True, "msg": str(error)}
        except OSError as error:
            return {**result, "failed": True, "msg": f"The inventory can't be written: {error}."}
        self._show(name, found, where, path, changed)
        return {
            **result,
            "changed": changed,
            "path": path,
            "variables": found.found.variables,
            "not_declared": [str(each) for each in found.found.told],
            "left": found.left,
            "waiting": found.waiting,
            "counts": words.counts(found),
            "in_sync": found.plan.in_sync,
        }

    def _adopted(self, host: Host) -> Adopted:
        machine = describe(host)
        return adopt(host, machine, lambda ours: self._variables(machine, ours))

    def _variables(self, machine: dict[str, Any], ours: Mapping[str, Any]) -> Templated:
        """The variables as the roles would see them, with the written ones over those of the inventory."""
        own = {key: value for key, value in self._task_vars.items() if key not in self._before}
        known = seen_by_roles(ROLES, {**own, **{key: wrap_var(value) for key, value in ours.items()}})
        known[MACHINE] = machine
        templar = self._templar.copy_with_new_env(available_variables=known)
        return Templated(templar, known, self._loader, None, ROLES)

    def _show(self, name: str, found: Adopted, where: inventory.Place, path: str, changed: bool) -> None:
        """Text of a terminal's own; a result would be shown as JSON or YAML, if at all."""
        display.display("")
        verdict = "plans to nothing" if found.plan.in_sync else "a run would still do something"
        display.display(f"{clean(name)}: {words.counted(words.counts(found))} declared; {verdict}")
        for told in words.reasons(found.found.told):
            display.display(f"  not declared, stays as it is: {clean(told)}", color=constants.COLOR_SKIP)
        for left in found.left:
            display.display(f"  a run would still: {clean(left)}", color=constants.COLOR_CHANGED)
        for waiting in found.waiting:
            display.display(f"  a run would leave: {clean(waiting)}", color=constants.COLOR_SKIP)
        if where.taken and path != where.taken:
            text = f"{where.taken} is there and stays; compare it with {path}, which Ansible does not read"
            display.display(f"  {clean(text)}", color=constants.COLOR_WARN)
        verb = "as it was" if not changed else "would be written" if self._task.check_mode else "written"
        display.display(f"  {clean(path)}: {verb}")

    def _show_rack(self, task_vars: Mapping[str, Any]) -> None:
        """One host has said all of it."""
        hosts = task_vars["ansible_play_hosts_all"]
        if len(hosts) > 1:
            display.display("")
            found = {host: task_vars["hostvars"].raw_get(host).get(ADOPTED) for host in hosts}
            for number, line in enumerate(words.rack(found)):
                display.display(("  " if number else "") + clean(line))
