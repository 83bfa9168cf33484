#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bridge
short_description: Network bridges of a NetBSD dom0, with VLANs, addresses and NAT
version_added: 0.1.0
description:
  - Makes bridges with their interfaces, now and at boot, by C(/etc/ifconfig.bridgeN).
  - Interfaces of guests (C(xvif) and C(tap)) are never taken out of a bridge. Other interfaces that are not declared
    are.
  - In a bridge's file only what differs is changed; any spelling that has the same effect is left as it is.
    Addresses and other lines stay. The file is read as C(/etc/rc.d/network) reads it at boot; a last line without its
    newline, for example, does nothing there.
  - Where C(rc.conf) sets C(ifconfig_bridgeN) or C(ifconfig_vlanN), that is read at boot instead of the file. It counts
    here too, and is refused where it does not make what is declared.
  - What a change should achieve is looked at after its commands, whatever they returned; C(ifconfig wm0 mtu 9216) for
    example ends well on a card that takes less. A change that was not achieved is taken back, and nothing of it goes
    into a file. Of several bridges and VLANs only those fail that could not be had, and those that depend on them.
  - Changes of the network that Ansible came in over are made in one guarded step. A process on the machine takes them
    back unless a new connection confirms in time (O(guard_seconds)) that the machine can still be reached. Only then
    the files are written. If it can't be reached, the task waits until it is back, and fails.
  - A VLAN that gets another number, and whatever is taken back, has again what it had, as far as it does not come by
    itself, namely its addresses of both families, its MTU, its place in a bridge, its settings and the routes through
    it. An interface that a given route goes through is not removed.
  - It warns if the script that connects guests to their bridge is missing, can't be run, or is one for Xen 2.
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
  - netbsd.xen.resource.limit
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
          - The machine's interfaces in the bridge, such as V(wm0) or V(vlan10). They must exist, or be declared in
            O(vlans).
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
      address:
        description:
          - The machine's own IPv4 address on the bridge with its length, V(10.0.3.1/24), for a network between the
            guests and dom0. Only for V(bridge0) to V(bridge99).
          - A bridge of NetBSD can't have one itself. It gets an interface for it, C(vetherN) from NetBSD 10 on, before
            that C(tap900) plus N.
        type: str
      state:
        description: Whether the bridge exists. One with guests' interfaces or with addresses is not removed.
        type: str
        choices: [present, absent]
        default: present
  vlans:
    description:
      - VLAN interfaces, for bridges or for the machine itself. One that is not declared is left alone.
      - One in a declared bridge is made by the bridge's file, because at boot bridges may come first; any other by
        C(/etc/ifconfig.vlanN).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: V(vlan0), V(vlan1) and so on.
        type: str
        required: true
      id:
        description: Its number on the wire, 1 to 4094.
        type: int
        required: true
      parent:
        description: The network card that it is on.
        type: str
        required: true
      state:
        description:
          - Whether the VLAN exists. One with addresses is not removed. The one of its link, which every interface has,
            does not count.
        type: str
        choices: [present, absent]
        default: present
  nat:
    description:
      - Bridges whose guests go out into the world with this machine's address. The bridge's O(bridges[].address) is
        their gateway.
      - Sets C(net.inet.ip.forwarding), writes a marked block into C(/etc/npf.conf) and switches npf on. Rules of your
        own stay; if there is no such file, it gets one rule that lets everything pass. New rules are validated and
        loaded before they are put in place.
      - Refused before NetBSD 6, which has no npf, and where there are rules of your own but npf does not run.
      - If omitted, nothing of this is touched. An empty list removes the block.
    type: list
    elements: dict
    suboptions:
      bridge:
        description: A declared bridge with an address.
        type: str
        required: true
      interface:
        description:
          - The interface to the world, with an IPv4 address, which the rules name. If that is another one later, from
            DHCP for example, this task corrects them.
        type: str
        required: true
  guard_seconds:
    description:
      - How long a change of the network that Ansible came in over waits for its confirmation at least, 10 to 600.
      - It waits longer over a connection that is slow in this run, namely six times what a call of this module took
        just before, but never more than 600 seconds. RV(guard_seconds) tells.
    type: int
    default: 60
  reached_at:
    description:
      - The address by which the controller reaches the machine. Set by the action plugin; of use only where the machine
        itself can't tell over which address it is reached.
    type: str
  guard_token:
    description: The name of the guarded step. Set by the action plugin.
    type: str
  guard_measured:
    description:
      - How long a call of the module took in this run, in seconds. Set by the action plugin. A guarded step is only
        begun once this is known.
    type: float
  guard_confirm:
    description: Whether this call confirms the guarded step. Set by the action plugin.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: A bridge to the office, and one between the guests only
  netbsd.xen.bridge:
    bridges:
      - name: bridge0
        interfaces: [wm0]
      - name: bridge1

- name: A bridge on VLAN 10
  netbsd.xen.bridge:
    vlans:
      - {name: vlan10, id: 10, parent: wm0}
    bridges:
      - name: bridge2
        interfaces: [vlan10]

- name: Guests behind this machine's address
  netbsd.xen.bridge:
    bridges:
      - name: bridge3
        address: 10.0.3.1/24
    nat:
      - {bridge: bridge3, interface: wm0}
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
guarded:
  description: Whether changes were made in a guarded step.
  returned: if so
  type: bool
guard_seconds:
  description: How long the guarded step waited, or would have waited, for its confirmation.
  returned: if there was one
  type: float
guard_measured:
  description: How long a call of the module took before it, in seconds.
  returned: if there was one
  type: float
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

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.netbsd.xen.plugins.module_utils._engine import run_module
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host
from ansible_collections.netbsd.xen.plugins.module_utils._resources.bridge import guarded
from ansible_collections.netbsd.xen.plugins.module_utils._resources.bridge import resource as bridge


def first(module: AnsibleModule, host: Host) -> dict[str, Any] | None:
    """The guarded step, or its confirmation."""
    result = guarded.first(module.params, module.check_mode, host)
    if result is None:
        return None
    if not module._diff:
        del result["diff"]
    return result


def main() -> None:
    run_module(bridge, first)


if __name__ == "__main__":
    main()
