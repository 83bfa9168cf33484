# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The name of a virtual disk's number."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest import vdev

DOCUMENTATION = r"""
name: vdev_name
short_description: The name of a virtual disk
version_added: 0.1.0
description:
  - Turns the number of a virtual disk, as C(block-list) and xenstore have it, into the name that a configuration has.
author: netbsd.xen contributors (@netbsd-xen)
seealso:
  - plugin: netbsd.xen.vdev_number
    plugin_type: filter
    description: The other way round.
options:
  _input:
    description: The number.
    type: int
    required: true
"""

EXAMPLES = r"""
- name: A disk's name
  ansible.builtin.debug:
    msg: "{{ 51712 | netbsd.xen.vdev_name }}"  # xvda

- name: A number without a name
  ansible.builtin.debug:
    msg: "{{ 1 | netbsd.xen.vdev_name }}"  # 0x1
"""

RETURN = r"""
_value:
  description: The name. A number that has none is hexadecimal text, which is a name to C(xl) and C(xm) too.
  type: str
  sample: xvda
"""


def vdev_name(number: Any) -> str:
    """The name of a number. Raises AnsibleFilterError for what is none."""
    try:
        value = int(number) if not isinstance(number, (bool, float)) else -1
    except (TypeError, ValueError):
        value = -1
    if value < 0:
        raise AnsibleFilterError(f"vdev_name: {number!r} is no number of a virtual disk; allowed are 0 and more")
    return vdev.vdev_name(value)


class FilterModule:
    """Tells Ansible about the filter."""

    def filters(self) -> dict[str, Any]:
        return {"vdev_name": vdev_name}
