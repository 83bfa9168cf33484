# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans netbsd.xen.domain on the controller where the machine has been read already."""

from __future__ import annotations

from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.plugin_utils._completed import with_secrets_apart
from ansible_collections.netbsd.xen.plugins.plugin_utils._planned import PlannedAction


class ActionModule(PlannedAction):
    RESOURCE = domain
    TAKES_LONG = True

    def arguments(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        return with_secrets_apart(args, task_vars)
