# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role makedev: how many units the guests need, and what its task gives to its module. Pure."""

from __future__ import annotations

from ansible_collections.netbsd.xen.plugins.module_utils._resources import device_nodes
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.listed import disk_files
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Task, Variables

# Units of vnd(4) beside those of the guests: for the admin, and for whatever is looked into meanwhile.
SPARE_VND_UNITS = 4


def vnd_units(variables: Variables) -> int:
    """Each disk in a file takes one."""
    return len(disk_files(variables.get("domu_guests"))) + SPARE_VND_UNITS


TASKS = {
    "device_nodes": Task(
        device_nodes, "makedev", {"vnd_units": "makedev_vnd_units", "xbd_units": "makedev_xbd_units"}
    )
}
VALUES = {"vnd_units": vnd_units}
