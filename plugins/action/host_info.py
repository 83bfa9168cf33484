# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets the module ``look`` collect what a machine says, and reads it on the controller."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._engine import internal_error
from ansible_collections.netbsd.xen.plugins.plugin_utils._arguments import validated
from ansible_collections.netbsd.xen.plugins.plugin_utils._look import info


class ActionModule(ActionBase):
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task_vars = task_vars or {}
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            args = validated(info.ARGUMENTS, dict(self._task.args))
        except Refused as error:
            raise AnsibleActionFail(str(error)) from error
        try:
            found = info.told(info.by_module(self, task_vars), args["resources"])
        except XenError as error:
            return {**result, "failed": True, "changed": False, "msg": str(error), **error.details}
        except AnsibleError:
            raise
        except Exception as error:
            return {**result, "failed": True, "changed": False, **internal_error("host_info", error)}
        return {**result, "changed": False, "commands": found.commands, **found.value}
