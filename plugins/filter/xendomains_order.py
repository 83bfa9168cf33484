# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the declared guests start with the machine, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare.order import ordered

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


@dataclass(frozen=True)
class _Declared:
    """What decides about a guest's place."""

    name: str
    autostart: bool
    priority: int
    depends_on: tuple[str, ...]


def xendomains_order(guests: Any, os_defaults: Any = None) -> list[str]:
    """The names in their order. What is not a guest, or has nonsense for a key, is left to those who check it."""
    defaults = os_defaults if isinstance(os_defaults, Mapping) else {}
    # Any: these have no more of a guest than its place is decided by.
    named = [guest for guest in guests or [] if isinstance(guest, Mapping) and guest.get("name")]
    known: Any = [_declared(guest, defaults) for guest in named]
    return [guest.name for guest in ordered(known) if guest.autostart]


def _declared(guest: Mapping[str, Any], os_defaults: Mapping[str, Any]) -> _Declared:
    own = os_defaults.get(str(guest.get("os")))
    merged = {**(own if isinstance(own, Mapping) else {}), **guest}
    priority, depends_on = merged.get("priority"), merged.get("depends_on")
    return _Declared(
        name=str(guest["name"]),
        autostart=boolean(merged.get("autostart"), strict=False) and merged.get("state") != "absent",
        priority=int(str(priority)) if str(priority).lstrip("-").isdigit() else 0,
        depends_on=tuple(str(name) for name in depends_on) if isinstance(depends_on, (list, tuple)) else (),
    )


class FilterModule:
    """Tells Ansible about the filter."""

    def filters(self) -> dict[str, Any]:
        return {"xendomains_order": xendomains_order}
