# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans netbsd.xen.xen_packages on the controller where the machine has been read already."""

from __future__ import annotations

from ansible_collections.netbsd.xen.plugins.module_utils._resources.packages import resource as xen_packages
from ansible_collections.netbsd.xen.plugins.plugin_utils._planned import PlannedAction


class ActionModule(PlannedAction):
    RESOURCE = xen_packages
    TAKES_LONG = True
