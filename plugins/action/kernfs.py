# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans on the controller where the machine has been read already: netbsd.xen.kernfs, and each module of which the
controller knows nothing more than its options. Each of those has a file of its name that imports this one: with a
redirection to one name ansible-lint would call that the right name of all of these modules."""

from __future__ import annotations

from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot import boot_blocks
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import request
from ansible_collections.netbsd.xen.plugins.module_utils._resources.registry import RESOURCES
from ansible_collections.netbsd.xen.plugins.module_utils._resources.services import resource as rc_service
from ansible_collections.netbsd.xen.plugins.plugin_utils._planned import PlannedAction

# Nobody reads these two ahead of their tasks.
OTHERS = {resource.NAME: resource for resource in (boot_blocks, request)}
# Daemons, and guests, are waited for.
WAITING = (rc_service, request)


class ActionModule(PlannedAction):
    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        name = self._task.action.rpartition(".")[2]
        self.RESOURCE = OTHERS.get(name) or RESOURCES[name]
        self.TAKES_LONG = self.RESOURCE in WAITING
        return super().run(tmp, task_vars)
