# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the declared guests' disks are files, for the number of vnd units that they need."""

from __future__ import annotations

from typing import Any

from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.listed import disk_files

DOCUMENTATION = r"""
name: disk_files
short_description: The disks of guests that are in files
version_added: 0.1.0
description:
  - Takes guests as O(netbsd.xen.domain#module:guests) does and returns the paths of their disks that are files.
  - Each of them takes a unit of vnd(4) while its guest runs. A path below C(/dev) is a block device and takes none.
author: netbsd.xen contributors (@netbsd-xen)
options:
  _input:
    description: The guests.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: How many units of vnd(4) the guests of this host need
  ansible.builtin.debug:
    msg: "{{ domu_guests | netbsd.xen.disk_files | length }}"  # 1
  vars:
    domu_guests:
      - {name: web1, disks: [/dev/wd0e]}
      - {name: db1, disks: [{path: /home/xen/db1.img, size: 4G}]}
"""

RETURN = r"""
_value:
  description: The paths, in the order of the guests.
  type: list
  elements: str
  sample: [/home/xen/web1.img]
"""


class FilterModule:
    """Tells Ansible about the filter."""

    def filters(self) -> dict[str, Any]:
        return {"disk_files": disk_files}
