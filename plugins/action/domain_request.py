# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs netbsd.xen.domain_request on the machine. What was read of it before is stale afterwards."""

from __future__ import annotations

from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import request
from ansible_collections.netbsd.xen.plugins.plugin_utils._planned import PlannedAction


class ActionModule(PlannedAction):
    RESOURCE = request
