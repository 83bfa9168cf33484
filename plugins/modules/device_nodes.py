#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: device_nodes
short_description: The device nodes of a NetBSD dom0
version_added: 0.1.0
description:
  - Makes the Xen nodes and as many vnd units as guests need for disks in files, with C(MAKEDEV).
  - A node is looked at by kind, major and minor number, and left alone if it is right.
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
options:
  xen:
    description: Whether C(/dev/xencons), C(/dev/xenevt) and C(/dev/xsd_kva) are wanted.
    type: bool
    default: true
  vnd_units:
    description:
      - How many units of vnd(4) must have nodes, counted from C(vnd0). Each disk in a file takes one while its guest runs.
      - A stock NetBSD has four; more units than this are left alone.
    type: int
    default: 4
"""

EXAMPLES = r"""
- name: Nodes for Xen and for twelve disks in files
  netbsd.xen.device_nodes:
    vnd_units: 12
"""

RETURN = r"""
# The shared return values are described in the documentation fragment.
"""

from ansible_collections.netbsd.xen.plugins.module_utils._engine import run_module
from ansible_collections.netbsd.xen.plugins.module_utils._resources import device_nodes


def main():
    run_module(device_nodes)


if __name__ == "__main__":
    main()
