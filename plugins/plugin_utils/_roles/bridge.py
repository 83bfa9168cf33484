# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role bridge: what its task gives to its module."""

from __future__ import annotations

from ansible_collections.netbsd.xen.plugins.module_utils._resources.bridge import resource as bridge
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Task

TASKS = {
    "bridge": Task(
        bridge,
        "bridges",
        {
            "bridges": "bridge_bridges",
            "vlans": "bridge_vlans",
            "nat": "bridge_nat",
            "guard_seconds": "bridge_guard_seconds",
        },
    )
}
