# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the variables of every host of the play, on the controller."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from ansible_collections.netbsd.xen.plugins.plugin_utils import _declared
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import MACHINE

ROLES_DIRECTORY = Path(__file__).resolve().parents[2] / "roles"


class ActionModule(ActionBase):
    """Templates each host's variables as its roles will see them, and has them checked."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task_vars = task_vars or {}
        result = super().run(tmp, task_vars)
        options = self._role_files("meta/argument_specs.yml", _options)
        # What a role's defaults are made from stands in its vars.
        role_values = {**self._role_files("vars/main.yml"), **self._role_files("defaults/main.yml")}
        reports = []
        for host in task_vars["ansible_play_hosts_all"]:
            own = task_vars["hostvars"].raw_get(host)
            reports.append(_declared.check_host(self._variables(host, own, role_values, options), options))
        errors = [error for report in reports for error in report.errors] + _declared.check_rack(reports)
        guests = sum(report.guests for report in reports)
        result.update(changed=False, failed=bool(errors), hosts=len(reports), guests=guests)
        warnings = [warning for report in reports for warning in report.warnings]
        if warnings:
            result["warnings"] = warnings
        result["msg"] = "\n".join(errors) or f"{len(reports)} hosts and {guests} guests are declared well."
        return result

    def _variables(
        self, host: str, own: dict[str, Any], role_values: dict[str, Any], options: dict[str, Any]
    ) -> _declared.HostVariables:
        """A host's variables as its roles will see them."""
        available = {**role_values, **own}
        templar = self._templar.copy_with_new_env(available_variables=available)
        found = _declared.HostVariables(host, {}, declared=frozenset(own))
        for name in options:
            if name not in available:
                continue
            try:
                found.values[name] = _plain(templar.template(available[name]))
            except AnsibleError as error:
                # What a machine says is known only later; values that need it are checked by the modules that get them.
                if MACHINE not in str(error):
                    found.problems[name] = f"{name} can't be worked out: {error}"
        return found

    def _role_files(self, name: str, part: Any = dict) -> dict[str, Any]:
        """One kind of file of all the roles, in one dictionary. Variables carry their role's name, so none collide."""
        # From ansible-core 2.19 on, text may hold templates only if whoever loads it vouches for it.
        trust = "trusted_as_template" in inspect.signature(self._loader.load_from_file).parameters
        merged: dict[str, Any] = {}
        for path in sorted(ROLES_DIRECTORY.glob(f"*/{name}")):
            keywords = {"trusted_as_template": True} if trust else {}
            merged.update(part(self._loader.load_from_file(str(path), **keywords)))
        return merged


def _options(specs: dict[str, Any]) -> dict[str, Any]:
    """What a role takes, of the content of its argument_specs.yml. Its other entry points take no more than main."""
    return specs["argument_specs"]["main"]["options"]


def _plain(value: Any) -> Any:
    """A templated value as nothing but dictionaries, lists and scalars, whatever lazy containers it came in."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
