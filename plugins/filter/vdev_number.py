# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The number of a virtual disk's name."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest import vdev

DOCUMENTATION = r"""
name: vdev_number
short_description: The number of a virtual disk
version_added: 0.1.0
description:
  - Turns a virtual disk's name into the number by which the guest knows it and that C(block-list) prints.
  - Two names of one number are one disk, for example V(xvda), V(d0p0) and V(0xca00).
author: netbsd.xen contributors (@netbsd-xen)
seealso:
  - plugin: netbsd.xen.vdev_name
    plugin_type: filter
    description: The other way round.
positional: dialect
options:
  _input:
    description: The name, such as V(xvda), V(hda1), V(sdb), V(d0p1), or a number, such as V(0x301).
    type: str
    required: true
  dialect:
    description:
      - Who reads the name. To C(xm) every number is hexadecimal, with C(0x) or without, and there are more disks of the
        kinds C(hd) and C(sd).
    type: str
    choices: [xl, xm]
    default: xl
"""

EXAMPLES = r"""
- name: A disk's number
  ansible.builtin.debug:
    msg: "{{ 'xvda' | netbsd.xen.vdev_number }}"  # 51712

- name: NetBSD's usual old spelling
  ansible.builtin.debug:
    msg: "{{ '0x301' | netbsd.xen.vdev_number }}"  # 769
"""

RETURN = r"""
_value:
  description: The number.
  type: int
  sample: 51712
"""


def vdev_number(name: Any, dialect: str = "xl") -> int:
    """The number of a name. Raises AnsibleFilterError for one that the toolstack does not know."""
    if dialect not in ("xl", "xm"):
        raise AnsibleFilterError(f"vdev_number: dialect is {dialect!r}; allowed are xl and xm")
    number = vdev.vdev_number(str(name), dialect)
    if number is None:
        raise AnsibleFilterError(
            f"vdev_number: {name!r} is no virtual disk; allowed are names such as xvda, hda1, sdb or d0p1, and numbers"
        )
    return number


class FilterModule:
    """Tells Ansible about the filter."""

    def filters(self) -> dict[str, Any]:
        return {"vdev_number": vdev_number}
