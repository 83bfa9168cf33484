# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the declared guests start with the machine, and in which order."""

from __future__ import annotations

from typing import Any

from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.listed import xendomains_order

DOCUMENTATION = r"""
name: xendomains_order
short_description: The guests that start with the machine, in their order
version_added: 0.1.0
description:
  - Takes guests as O(netbsd.xen.domain#module:guests) does and returns the names of those with C(autostart), for the
    list that C(xendomains) starts at boot.
  - A guest comes after those that it depends on; else the lower C(priority) comes first, and then the order of the list
    holds. Guests with C(state=absent) are left out.
author: netbsd.xen contributors (@netbsd-xen)
positional: os_defaults
options:
  _input:
    description: The guests.
    type: list
    elements: dict
    required: true
  os_defaults:
    description: What guests have unless they say otherwise, as O(netbsd.xen.domain#module:os_defaults).
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: What starts at boot
  ansible.builtin.debug:
    msg: "{{ guests | netbsd.xen.xendomains_order }}"  # ['db1', 'web1']
  vars:
    guests:
      - {name: web1, autostart: true, depends_on: [db1]}
      - {name: test1}
      - {name: db1, autostart: true}
"""

RETURN = r"""
_value:
  description: The names.
  type: list
  elements: str
  sample: [db1, web1]
"""


class FilterModule:
    """Tells Ansible about the filter."""

    def filters(self) -> dict[str, Any]:
        return {"xendomains_order": xendomains_order}
