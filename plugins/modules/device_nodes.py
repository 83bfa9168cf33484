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
  - A node is looked at by kind, major and minor number, and left alone if it is right. Whatever else has the name of a
    node is refused, because C(MAKEDEV) would remove it, and it may be a disk image that was written there by mistake.
  - C(/dev/xenevt) and C(/dev/xsd_kva) are for root alone, because who may open them rules over the hypervisor.
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
  - netbsd.xen.resource.limit
options:
  xen:
    description: Whether C(/dev/xencons), C(/dev/xenevt) and C(/dev/xsd_kva) are wanted.
    type: bool
    default: true
  vnd_units:
    description:
      - How many units of vnd(4) must have nodes, counted from C(vnd0). Each disk in a file takes one while its guest
        runs.
      - A stock NetBSD has four; more units than this are left alone.
    type: int
    default: 4
  xbd_units:
    description:
      - How many units of xbd(4) must have nodes, counted from C(xbd0). They are the disks that another domain gives to
        this one.
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
changes:
  description: What was done, or in check mode would be done, in order.
  returned: always
  type: list
  elements: dict
  contains:
    resource:
      description: The kind of thing that changed, which is the module's name.
      type: str
    thing:
      description: What changed, by the name that an admin knows it by.
      type: str
    summary:
      description: The change in one line.
      type: str
    impact:
      description:
        - What the change costs the users of the machine, C(live), C(guest_restart), C(guest_recreate) or
          C(host_reboot).
      type: str
    before:
      description: What was found. Text or plain data, never a secret.
      type: raw
    after:
      description: What is wanted. Text or plain data, never a secret.
      type: raw
restart_required:
  description:
    - Changes that are still needed and were not allowed, in the form of RV(changes).
    - "Each also has its C(word), the options that the admin has to give first, like V(restart_policy: if_needed)."
  returned: always
  type: list
  elements: dict
commands:
  description: The commands that were run on the machine, each with its C(argv), exit status C(rc) and C(seconds).
  returned: always
  type: list
  elements: dict
failures:
  description: What could not be done, each with its C(thing), C(msg) and whatever is known about the cause.
  returned: failure
  type: list
  elements: dict
"""

from ansible_collections.netbsd.xen.plugins.module_utils._engine import run_module
from ansible_collections.netbsd.xen.plugins.module_utils._resources import device_nodes


def main() -> None:
    run_module(device_nodes)


if __name__ == "__main__":
    main()
