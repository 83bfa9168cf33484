# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans netbsd.xen.bridge on the controller where the machine has been read already, and confirms over a new
connection what could have cut the old one."""

from __future__ import annotations

import time
import uuid
from typing import Any

from ansible.errors import AnsibleConnectionFailure

from ansible_collections.netbsd.xen.plugins.module_utils._engine import WARNINGS
from ansible_collections.netbsd.xen.plugins.module_utils._resources.bridge import resource as bridge
from ansible_collections.netbsd.xen.plugins.module_utils._resources.bridge.guarded import FACTOR, limit
from ansible_collections.netbsd.xen.plugins.plugin_utils._completed import with_address
from ansible_collections.netbsd.xen.plugins.plugin_utils._planned import PlannedAction

# Between two attempts to reach the machine.
PAUSE_SECONDS = 1.0
# How long after the guard has acted the machine may take to answer again, at least.
GRACE_SECONDS = 60.0
GUARD_SECONDS = bridge.ARGUMENTS["guard_seconds"]["default"]


class ActionModule(PlannedAction):
    RESOURCE = bridge

    def arguments(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        return with_address(args, task_vars)

    def carry_out(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Call the module, and if what it has to change is what we may have come over: again to make the change, with
        word of how long the first call took, and once more over a new connection to confirm it."""
        args = dict(args, guard_token=uuid.uuid4().hex)
        began = time.monotonic()
        result = super().carry_out(args, task_vars)
        if result.get("guard") != "needed":
            return result
        measured = round(time.monotonic() - began, 1)
        seconds = limit(float(args.get("guard_seconds") or GUARD_SECONDS), measured)
        args["guard_measured"] = measured
        lost = None
        try:
            result = super().carry_out(args, task_vars)
        except AnsibleConnectionFailure as error:
            result, lost = {}, error
        if lost is None and not result.get("guarded"):
            return result
        confirmed = self._confirmed(args, task_vars, lost, seconds, max(GRACE_SECONDS, FACTOR * measured))
        return dict(_together(result, confirmed), guard_seconds=seconds, guard_measured=measured)

    def _confirmed(
        self,
        args: dict[str, Any],
        task_vars: dict[str, Any],
        lost: AnsibleConnectionFailure | None,
        seconds: float,
        grace: float,
    ) -> dict[str, Any]:
        """The result of the last call. As long as nobody answers, or the change is not made, it is tried again, until
        the guard must have acted, which waits ``seconds``, and the machine should be back, after ``grace`` more; then
        the connection's failure is raised."""
        time.sleep(PAUSE_SECONDS)
        deadline = time.monotonic() + seconds + grace
        while True:
            try:
                self._connection.reset()
                result = super().carry_out(dict(args, guard_confirm=True), task_vars)
                # A guard that somebody has killed makes the change never.
                if result.get("guard") != "early" or time.monotonic() > deadline:
                    break
            except AnsibleConnectionFailure as error:
                if time.monotonic() > deadline:
                    raise AnsibleConnectionFailure(
                        f"The machine does not answer after a change of its network, although that should have been "
                        f"taken back after {seconds:g} seconds: {error}. Look at its console."
                    ) from error
            time.sleep(PAUSE_SECONDS)
        if lost is not None and result.get("guard") == "missing":
            # The connection broke before the change began.
            raise lost
        return result


def _together(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """One result of the two calls. What the first did counts only if the second confirmed it; ``first`` is empty if its
    answer was lost."""
    if second.get("guard"):
        return dict(second, changed=False)
    result = dict(second, changed=bool(first.get("changed", True) or second.get("changed")), guarded=True)
    for key in ("changes", "commands", "diff", WARNINGS):
        if first.get(key) or second.get(key):
            result[key] = [*(first.get(key) or []), *(second.get(key) or [])]
    return result
