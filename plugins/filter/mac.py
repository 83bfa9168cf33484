# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The MAC address that the collection gives to a guest's network interface."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest.devices import derived_mac

DOCUMENTATION = r"""
name: mac
short_description: A MAC address that is the same in every run
version_added: 0.1.0
description:
  - Makes a MAC address in Xen's range (C(00:16:3e)) from the names of a host and a guest.
  - It is the one that M(netbsd.xen.domain) gives to an interface that declares none, for a DHCP server or a firewall
    that must know it beforehand.
author: netbsd.xen contributors (@netbsd-xen)
positional: host, index
options:
  _input:
    description: The guest's name.
    type: str
    required: true
  host:
    description: The name of the host that the guest belongs to, usually C(inventory_hostname).
    type: str
    required: true
  index:
    description: Which of the guest's interfaces is meant, counted from 0.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: The address that web1 has on xen1
  ansible.builtin.debug:
    msg: "{{ 'web1' | netbsd.xen.mac('xen1') }}"  # 00:16:3e:90:1f:12

- name: Its second interface
  ansible.builtin.debug:
    msg: "{{ 'web1' | netbsd.xen.mac('xen1', index=1) }}"
"""

RETURN = r"""
_value:
  description: The address.
  type: str
  sample: 00:16:3e:90:1f:12
"""


def mac(guest: Any, host: Any, index: int = 0) -> str:
    """The address of a guest's ``index``-th interface. Raises AnsibleFilterError if a name is empty."""
    if not str(guest) or not str(host) or int(index) < 0:
        raise AnsibleFilterError(
            f"mac: guest is {guest!r}, host is {host!r}, index is {index!r}; allowed are names and a number from 0"
        )
    return derived_mac(str(host), str(guest), int(index))


class FilterModule:
    """Tells Ansible about the filter."""

    def filters(self) -> dict[str, Any]:
        return {"mac": mac}
