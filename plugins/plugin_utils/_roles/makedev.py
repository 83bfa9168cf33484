# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role makedev: what its task gives to its module."""

from __future__ import annotations

from ansible_collections.netbsd.xen.plugins.module_utils._resources import device_nodes
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Task

TASKS = {
    "device_nodes": Task(
        device_nodes, "makedev", {"vnd_units": "makedev_vnd_units", "xbd_units": "makedev_xbd_units"}
    )
}
