# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dom0 kernel's argument that leaves PCI devices to guests."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest.pci import pci_hide_argument

DOCUMENTATION = r"""
name: pci_hide
short_description: The dom0 kernel's argument that leaves PCI devices to guests
version_added: 0.1.0
description:
  - Makes the argument C(pciback.hide) of a NetBSD dom0 kernel from the addresses of PCI devices, for a boot menu of
    your own. Role P(netbsd.xen.bootloader#role) does it by itself.
  - The kernel reads 63 characters of the value, which is room for seven devices. More are refused, and so is what is no
    address, because the kernel would ignore all of them then.
author: netbsd.xen contributors (@netbsd-xen)
options:
  _input:
    description: The addresses, such as V(0000:03:00.0). They need quotes in YAML.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: The argument for two devices
  ansible.builtin.debug:
    msg: "{{ ['0000:03:00.0', '0000:04:00.1'] | netbsd.xen.pci_hide }}"  # pciback.hide=(03:00.0)(04:00.1)
"""

RETURN = r"""
_value:
  description: The argument, empty for an empty list.
  type: str
  sample: pciback.hide=(03:00.0)(04:00.1)
"""


def pci_hide(devices: Any) -> str:
    """The argument for a list of addresses. Raises AnsibleFilterError for what the kernel would not read."""
    if isinstance(devices, str) or not isinstance(devices, (list, tuple)):
        raise AnsibleFilterError(f"pci_hide: {devices!r} is no list of addresses of PCI devices")
    try:
        return pci_hide_argument([str(device) for device in devices])
    except ValueError as error:
        raise AnsibleFilterError(f"pci_hide: {error}") from error


class FilterModule:
    """Tells Ansible about the filter."""

    def filters(self) -> dict[str, Any]:
        return {"pci_hide": pci_hide}
