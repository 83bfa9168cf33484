# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The row of a Xen release in the collection's one table, for roles."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.plugin_utils import _release_names
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import dom0

DOCUMENTATION = r"""
name: xen_release
short_description: What belongs to a Xen release
version_added: 0.1.0
description:
  - Looks a Xen release up in the collection's table of releases.
  - The release is the one in the package's name (C(xenkernel420)); the versions of these packages are dates.
author: netbsd.xen contributors (@netbsd-xen)
options:
  _input:
    description: The Xen release.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: The packages of Xen 4.20
  ansible.builtin.debug:
    msg: "{{ ('4.20' | netbsd.xen.xen_release).packages }}"  # ['xenkernel420', 'xentools420']
"""

RETURN = r"""
_value:
  description: The release. File names are absolute paths on the machine.
  type: dict
  contains:
    name:
      description: The release.
      type: str
      sample: "4.20"
    packages:
      description: The pair of packages that belong together, hypervisor and tools.
      type: list
      elements: str
      sample: [xenkernel420, xentools420]
    hvm_package:
      description: A third package that fully virtualized guests need, empty for the releases that need none.
      type: str
      sample: ""
    hypervisor:
      description: The hypervisor's file in its package.
      type: str
      sample: /usr/pkg/xen420-kernel/xen.gz
    debug_hypervisor:
      description: The hypervisor that checks itself, beside the other in its package.
      type: str
      sample: /usr/pkg/xen420-kernel/xen-debug.gz
    dom0_kernels:
      description: The configuration of NetBSD's dom0 kernel, by the machine's architecture as C(uname -p) tells it.
      type: dict
      sample: {x86_64: XEN3_DOM0}
    platforms:
      description: The architectures that there are packages for, empty where that is not known.
      type: list
      elements: str
      sample: [x86_64]
    toolstack:
      description: The command that manages guests.
      type: str
      sample: xl
    services:
      description:
        - What the tools start, in order. C(name) is the rc.d script, C(variable) its switch in C(rc.conf), empty for
          none.
      type: list
      elements: dict
      sample: [{name: xencommons, variable: xencommons}]
    rc_scripts:
      description: The rc.d scripts of the tools, as files for M(netbsd.xen.system_files).
      type: list
      elements: dict
      sample:
        - src: /usr/pkg/share/examples/rc.d/xencommons
          dest: /etc/rc.d/xencommons
          mode: "0755"
          keep_previous: false
    guest_types:
      description: The types of guests that it can run.
      type: list
      elements: str
      sample: [pv, pvh, hvm]
    multiboot2:
      description: Whether the hypervisor can be booted by UEFI.
      type: bool
      sample: true
    pci_passthrough:
      description: Whether a guest can be given a PCI device.
      type: bool
      sample: false
    security_support_ends:
      description: The day on which Xen's security support for the release ends, empty where Xen published none.
      type: str
      sample: "2030-03-05"
    note:
      description: Why not to use the release, and what to use instead. Empty for the releases to use.
      type: str
      sample: ""
"""


def xen_release(name: Any) -> dict[str, Any]:
    """The release's row as plain data. Raises AnsibleFilterError for one that is not in the table, and for a number
    that may be two of them."""
    try:
        row = _release_names.row(name)
    except Refused as error:
        raise AnsibleFilterError(str(error)) from error
    return {
        "name": row.name,
        "packages": [row.kernel_package, row.tools_package],
        "hvm_package": row.hvm_package,
        "hypervisor": row.hypervisor,
        "debug_hypervisor": row.debug_hypervisor,
        "dom0_kernels": dom0.dom0_kernels(row),
        "platforms": list(row.platforms),
        "toolstack": row.toolstack,
        "services": [{"name": service.name, "variable": service.variable} for service in row.services],
        "rc_scripts": dom0.rc_scripts(row),
        "guest_types": list(row.guest_types),
        "multiboot2": row.multiboot2,
        "pci_passthrough": row.pci_passthrough,
        "security_support_ends": row.security_support_ends,
        "note": row.note,
    }


class FilterModule:
    """Tells Ansible about the filter."""

    def filters(self) -> dict[str, Any]:
        return {"xen_release": xen_release}
