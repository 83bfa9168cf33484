#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bridge
short_description: Network bridges of a NetBSD dom0
version_added: 0.1.0
description:
  - Makes bridges with their interfaces, now and at boot, by C(/etc/ifconfig.bridgeN).
  - Interfaces of guests (C(xvif) and C(tap)) are never taken out of a bridge. Other interfaces that are not declared
    are.
  - In a bridge's file only what differs is changed; any spelling that has the same effect is left as it is.
    Addresses and other lines stay.
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
options:
  bridges:
    description: The bridges. One that is not declared is left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: V(bridge0), V(bridge1) and so on.
        type: str
        required: true
      interfaces:
        description:
          - The machine's interfaces in the bridge, such as V(wm0) or V(vlan10). They must exist.
          - An interface can be in one bridge only. One that moves from one declared bridge to another is taken out
            first.
        type: list
        elements: str
        default: []
      mtu:
        description:
          - The MTU of the bridge and of all O(bridges[].interfaces), 576 to 9216 bytes.
          - If omitted, the interfaces must have one MTU already, and the bridge gets that.
        type: int
      state:
        description: Whether the bridge exists. One with guests' interfaces or with addresses is not removed.
        type: str
        choices: [present, absent]
        default: present
"""

EXAMPLES = r"""
- name: A bridge to the office, and one between the guests only
  netbsd.xen.bridge:
    bridges:
      - name: bridge0
        interfaces: [wm0]
      - name: bridge1
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
  description: Changes that are still needed and were not allowed, in the form of RV(changes).
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
from ansible_collections.netbsd.xen.plugins.module_utils._resources import bridge


def main():
    run_module(bridge)


if __name__ == "__main__":
    main()
