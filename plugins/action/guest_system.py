# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans netbsd.xen.guest_system on the controller where the machine has been read already, brings what guests get from
there to the machine, once for all of them, and compares the clocks of guests in which a login was seen with the
controller's, which no machine knows."""

from __future__ import annotations

import time
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.netbsd.xen.plugins.module_utils._engine import WARNINGS
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import bring
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import resource as guest_system
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.declare import System
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work.record import VERIFIED
from ansible_collections.netbsd.xen.plugins.plugin_utils import _clocks
from ansible_collections.netbsd.xen.plugins.plugin_utils._arguments import validated
from ansible_collections.netbsd.xen.plugins.plugin_utils._completed import with_hashes_apart
from ansible_collections.netbsd.xen.plugins.plugin_utils._planned import PlannedAction

SYSTEM_FILES = "netbsd.xen.system_files"


class ActionModule(PlannedAction):
    """Files of the controller are brought only for guests that would be installed."""

    RESOURCE = guest_system
    TAKES_LONG = True

    def arguments(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        return with_hashes_apart(args, task_vars)

    def carry_out(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        result = self._carried_out(args, task_vars)
        if not self._task.check_mode:
            clocks = _just_seen(result)
            dom0 = self._dom0_clock() if clocks else None
            said = [_clocks.wrong(name, clock, dom0) for name, clock in clocks.items()] if dom0 else []
            result[WARNINGS] = [*result.get(WARNINGS, []), *filter(None, said)]
        return result

    def _dom0_clock(self) -> _clocks.Range | None:
        """None if it does not say."""
        before = time.time()
        told = self._low_level_execute_command("date +%s", sudoable=False)["stdout"].split()
        return _clocks.ahead(float(told[-1]), before, time.time()) if told and told[-1].isdigit() else None

    def _carried_out(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Let the module do it, with what of the controller's it needs."""
        systems = guest_system.declare(validated(guest_system.ARGUMENTS, args)).systems
        local = [system for system in systems if bring.of(system)]
        if not local or self._task.check_mode:
            return super().carry_out(args, task_vars)
        self._task.check_mode = True
        try:
            would = super().carry_out(args, task_vars)
        finally:
            self._task.check_mode = False
        changed = {change["thing"] for change in would.get("changes") or []}
        if not changed and not would.get("failed"):
            return would
        unfit = self._bring([system for system in local if system.guest.name in changed], task_vars)
        return super().carry_out({**args, "unfit": unfit} if unfit else args, task_vars)

    def _bring(self, systems: list[System], task_vars: dict[str, Any]) -> dict[str, str]:
        """Bring what these guests take. Returns why, by guest, where that can't be had."""
        files: dict[str, str] = {}
        unfit: dict[str, str] = {}
        for system in systems:
            for each in bring.of(system):
                try:
                    files[each.dest] = str(self._find_needle("files", each.src))
                except AnsibleError:
                    if each.needed:
                        unfit[system.guest.name] = f"{each.src} is no file on the controller"
        failed = self._send(files, task_vars) if files else {}
        for system in systems:
            for each in bring.of(system):
                if each.dest in failed:
                    unfit[system.guest.name] = failed[each.dest].rstrip(".")
        return unfit

    def _send(self, files: dict[str, str], task_vars: dict[str, Any]) -> dict[str, str]:
        """Send those files to the machine that it lacks, by their places there. Returns what failed, by place."""
        task = self._task.copy()
        task.action = SYSTEM_FILES
        task.args = {
            "files": [
                {"src": src, "dest": dest, "remote_src": False, "keep_previous": False} for dest, src in files.items()
            ]
        }
        action = self._shared_loader_obj.action_loader.get(
            SYSTEM_FILES,
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        result = action.run(task_vars=task_vars)
        if result.get("failed") and not result.get("failures"):
            return dict.fromkeys(files, str(result.get("msg", "it can't be sent")))
        return {failure["thing"]: failure["msg"] for failure in result.get("failures") or []}


def _just_seen(result: dict[str, Any]) -> dict[str, _clocks.Range]:
    """The guests in which this very run has seen a login, and how far their clocks are before dom0's."""
    seen = [change["thing"] for change in result.get("changes") or [] if change["after"] == VERIFIED]
    logins = {name: login for name, login in (result.get("logins") or {}).items() if name in seen}
    told = {name: (login["clock_seconds"], login["clock_margin"]) for name, login in logins.items()}
    return {name: _clocks.Range(at - by, at + by) for name, (at, by) in told.items() if at is not None}
