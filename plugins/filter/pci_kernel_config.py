# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of a domU kernel that drives PCI devices."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest.pci_kernel import BASE, Device, render

DOCUMENTATION = r"""
name: pci_kernel_config
short_description: The configuration of a domU kernel that drives PCI devices
version_added: 0.1.0
description:
  - Makes the text of a kernel configuration for a NetBSD guest that is given PCI devices. It includes the
    distribution's C(XEN3_DOMU), which has no driver for any, and adds the PCI bus and the drivers.
  - Build the kernel from it with C(build.sh kernel=NAME), and give it to the guest as its C(kernel). Only Xen 3.1 can
    give PCI devices to guests on NetBSD.
author: netbsd.xen contributors (@netbsd-xen)
options:
  _input:
    description:
      - The drivers. Each has C(device), such as V(wm), and C(at), the bus that it is on, such as V(pci), and may have
        C(locators), such as V(dev ? function ?). A card may need more than one driver, such as that of its PHY.
    type: list
    elements: dict
    required: true
  base:
    description: The configuration to start from, below the kernel's sources. On i386 it is another one.
    type: str
    default: arch/amd64/conf/XEN3_DOMU
"""

EXAMPLES = r"""
- name: A kernel for a guest with a network card and a USB controller
  ansible.builtin.copy:
    dest: /usr/src/sys/arch/amd64/conf/XEN3_DOMU_PCI
    content: "{{ drivers | netbsd.xen.pci_kernel_config }}"
    mode: "0644"
  vars:
    drivers:
      - {device: wm, at: pci}
      - {device: ukphy, at: mii}
      - {device: ehci, at: pci}
      - {device: usb, at: ehci}
      - {device: uhub, at: usb}
      - {device: umass, at: uhub}

- name: The line of a driver alone
  ansible.builtin.debug:
    msg: "{{ (card | netbsd.xen.pci_kernel_config).split()[-7:] | join(' ') }}"  # wm* at pci? dev ? function ?
  vars:
    card: [{device: wm, at: pci}]
"""

RETURN = r"""
_value:
  description: The text of the configuration.
  type: str
"""

_KEYS = ("device", "at", "locators")


def pci_kernel_config(drivers: Any, base: str = BASE) -> str:
    """The configuration's text. Raises AnsibleFilterError for what config(1) would not read."""
    if isinstance(drivers, str) or not isinstance(drivers, (list, tuple)):
        raise AnsibleFilterError(f"pci_kernel_config: {drivers!r} is no list of drivers")
    try:
        return render([_device(driver) for driver in drivers], str(base))
    except ValueError as error:
        raise AnsibleFilterError(f"pci_kernel_config: {error}") from error


def _device(driver: Any) -> Device:
    if not isinstance(driver, dict) or set(driver) - set(_KEYS) or not {"device", "at"} <= set(driver):
        raise ValueError(f"{driver!r} must have device and at, and may have locators")
    return Device(*(str(driver.get(key, "")) for key in _KEYS))


class FilterModule:
    """Tells Ansible about the filter."""

    def filters(self) -> dict[str, Any]:
        return {"pci_kernel_config": pci_kernel_config}
