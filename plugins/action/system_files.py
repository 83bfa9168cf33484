# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans netbsd.xen.system_files on the controller where the machine has been read already, and brings files of the
controller to the machine."""

from __future__ import annotations

import os
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._resources.files import resource as system_files
from ansible_collections.netbsd.xen.plugins.plugin_utils._completed import with_sums
from ansible_collections.netbsd.xen.plugins.plugin_utils._planned import PlannedAction
from ansible_collections.netbsd.xen.plugins.plugin_utils._watched import waited_for


class ActionModule(PlannedAction):
    """Only those files of the controller that the plan would install are brought to the machine."""

    # So that Ansible makes no directory on a machine that gets nothing: that takes three calls.
    TRANSFERS_FILES = False
    RESOURCE = system_files
    TAKES_LONG = True

    def arguments(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        completed, self._local = with_sums(args, lambda src: str(self._find_needle("files", src)))
        return completed

    def carry_out(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        if not self._local or self._task.check_mode:
            return super().carry_out(args, task_vars)
        wanted = self._to_be_installed(args, task_vars)
        if not wanted:
            return super().carry_out(args, task_vars)
        folder = self._make_tmp_path()
        files = []
        for number, spec in enumerate(args["files"]):
            if isinstance(spec, dict) and spec.get("dest") in wanted:
                path = self._local[spec["dest"]]
                staged = self._connection._shell.join_path(folder, f"file{number}")
                with waited_for(task_vars, spec["dest"], f"is brought to the machine, {_megabytes(path)}"):
                    self._transfer_file(path, staged)
                self._fixup_perms2((folder, staged))
                spec = {**spec, "staged": staged}
            files.append(spec)
        try:
            return super().carry_out({**args, "files": files}, task_vars)
        finally:
            self._remove_tmp_path(folder, force=True)

    def _to_be_installed(self, args: dict[str, Any], task_vars: dict[str, Any]) -> set[str]:
        """Those files of the controller that the machine, looking for itself, would install."""
        self._task.check_mode = True
        try:
            would = super().carry_out(args, task_vars)
        finally:
            self._task.check_mode = False
        return {change["thing"] for change in would.get("changes") or []} & set(self._local)


def _megabytes(path: str) -> str:
    return f"{os.stat(path).st_size / 1000**2:.1f} MB"
