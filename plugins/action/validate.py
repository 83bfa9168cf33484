# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the variables of every host of the play, on the controller, and what the hosts outside of it have too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.plugin_utils import _declared, _rack, _role_files
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import MACHINE
from ansible_collections.netbsd.xen.plugins.plugin_utils._templates import (
    Templated,
    of_roles,
    seen_by_roles,
    worked_out,
)

GUESTS = "domu_guests"
# The group of the collection's playbooks.
GROUP = "dom0s"


class ActionModule(ActionBase):
    """Templates each host's variables as its roles will see them, and has them checked."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task_vars = task_vars or {}
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = _role_files.options(self._loader)
        roles = of_roles(self._loader)
        reports, lists = [], []
        for host in task_vars["ansible_play_hosts_all"]:
            own = task_vars["hostvars"].raw_get(host)
            lists.append(own.get(GUESTS))
            reports.append(_declared.check_host(self._variables(host, own, roles, options), options))
        outside, left_out = self._outside(task_vars, lists)
        errors = [error for report in reports for error in report.errors] + _declared.check_rack(reports, outside)
        guests = sum(report.guests for report in reports)
        result.update(changed=False, failed=bool(errors), hosts=len(reports), guests=guests)
        warnings = [warning for report in reports for warning in report.warnings] + left_out
        if warnings:
            result["warnings"] = warnings
        result["msg"] = "\n".join(errors) or f"{len(reports)} hosts and {guests} guests are declared well."
        return result

    def _variables(
        self, host: str, own: dict[str, Any], roles: dict[str, Any], options: dict[str, Any]
    ) -> _declared.HostVariables:
        """A host's variables as its roles will see them."""
        available = seen_by_roles(roles, own)
        templar = self._templar.copy_with_new_env(available_variables=available)
        templated = Templated(templar, available, self._loader, roles=roles)
        found = _declared.HostVariables(host, {}, declared=frozenset(own))
        for name in options:
            if name not in available:
                continue
            try:
                found.values[name] = templated[name]
            except (AnsibleError, XenError) as error:
                # What a machine says is known only later; values that need it are checked by the modules that get them.
                if MACHINE not in str(error):
                    found.problems[name] = f"{name} can't be worked out: {error}"
        without = {name for name, value in own.items() if value is None} | templated.empty
        found.empty = tuple(name for name in options if name in without and name in roles)
        return found

    def _outside(self, task_vars: dict[str, Any], inside: list[Any]) -> tuple[list[_rack.Outsider], list[str]]:
        """The hosts of the inventory that are not in this run and have guests, as after --limit, and a word on those
        whose guests nobody can tell. ``inside`` are the lists of guests of the hosts that are in it."""
        found, left_out = [], []
        for host in sorted(set(task_vars["hostvars"]) - set(task_vars["ansible_play_hosts_all"])):
            try:
                own = task_vars["hostvars"].raw_get(host)
                if own.get(GUESTS) is None:
                    continue
                if GROUP not in own.get("group_names", []) and own[GUESTS] in inside:
                    left_out.append(
                        f"host {host} is not in the group {GROUP} and has the very guests of a host of this run, from "
                        "a group of both; it is taken for no dom0, and its guests are not compared with those of others"
                    )
                    continue
                found.append(_rack.outsider(host, self._guests(own)))
            except AnsibleError as error:
                left_out.append(
                    f"host {host} is not in this run and its guests can't be worked out, so their UUIDs and MAC "
                    f"addresses were not compared with those of others: {' '.join(str(error).split())}"
                )
        return found, left_out

    def _guests(self, own: dict[str, Any]) -> list[Any]:
        """What of a host's guests others must not have. Nothing else of them is templated: it may need what is not
        there in this run, such as a password."""
        templar = self._templar.copy_with_new_env(available_variables=own)
        raw = own[GUESTS] if isinstance(own[GUESTS], list) else templar.template(own[GUESTS])
        guests = [each if isinstance(each, Mapping) else templar.template(each) for each in _listed(raw)]
        known = [{key: each[key] for key in _rack.KEYS if key in each} for each in guests if isinstance(each, Mapping)]
        return list(worked_out(templar, known))


def _listed(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else []
