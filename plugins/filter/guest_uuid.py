# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The UUID that the collection gives to a guest."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest.devices import derived_uuid

DOCUMENTATION = r"""
name: guest_uuid
short_description: A guest's UUID that is the same in every run
version_added: 0.1.0
description:
  - Makes a UUID from the names of a host and a guest. It is the one that M(netbsd.xen.domain) gives to a guest that
    declares none.
  - A guest that gets another name is the same guest only if it keeps its UUID. Then declare the one that it had.
author: netbsd.xen contributors (@netbsd-xen)
positional: host
options:
  _input:
    description: The guest's name.
    type: str
    required: true
  host:
    description: The name of the host that the guest belongs to, usually C(inventory_hostname).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Give web1 another name and keep it the same guest
  ansible.builtin.set_fact:
    guest: {name: www1, uuid: "{{ 'web1' | netbsd.xen.guest_uuid('xen1') }}"}  # 70159459-528a-88d1-bc3e-7865e1de7fb6
"""

RETURN = r"""
_value:
  description: The UUID.
  type: str
  sample: 70159459-528a-88d1-bc3e-7865e1de7fb6
"""


def guest_uuid(guest: Any, host: Any) -> str:
    """The UUID of a guest on a host. Raises AnsibleFilterError if a name is empty."""
    if not str(guest) or not str(host):
        raise AnsibleFilterError(f"guest_uuid: guest is {guest!r}, host is {host!r}; allowed are names")
    return derived_uuid(str(host), str(guest))


class FilterModule:
    """Tells Ansible about the filter."""

    def filters(self) -> dict[str, Any]:
        return {"guest_uuid": guest_uuid}
