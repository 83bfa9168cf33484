#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: domain_request
short_description: Ask running guests to reboot, to move to another machine, or for a dump of their memory
version_added: 0.1.0
description:
  - For what can't be said as a state. States are declared with M(netbsd.xen.domain).
  - Each request is proven. A reboot must give a new domain id, a guest that has moved must be gone from here, a dump
    must be there and be large enough.
  - Every call makes the request again.
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
  - netbsd.xen.resource.limit
attributes:
  idempotent:
    description: A second run with the same options changes nothing.
    support: none
    details:
      - Every call is a new request.
options:
  names:
    description: The guests, which must be running. They are asked one after another.
    type: list
    elements: str
    required: true
  request:
    description:
      - V(reboot) asks the guest to reboot and waits for its new domain. NetBSD needs powerd for it.
      - V(migrate) moves it to O(target) while it runs. Its disks must be reachable there under the same paths. A NetBSD
        machine can send and receive guests only if root reaches the other one by ssh without a password.
      - V(dump_core) writes its memory to a file in O(directory), to be looked at with a debugger. The guest stands
        still meanwhile. The file holds everything that the guest has in memory, passwords too; it is readable by root
        only.
    type: str
    choices: [reboot, migrate, dump_core]
    required: true
  timeout:
    description: How long one guest may take, in seconds.
    type: int
    default: 300
  directory:
    description: Where C(NAME.core) is written. For O(request=dump_core) only.
    type: path
  target:
    description: The other machine. For O(request=migrate) only.
    type: str
  ssh_command:
    description: A program that takes the place of ssh(1). For O(request=migrate) only.
    type: path
"""

EXAMPLES = r"""
- name: Reboot a guest after its kernel has been changed
  netbsd.xen.domain_request:
    names: [web1]
    request: reboot

- name: Empty a host before its own reboot
  netbsd.xen.domain_request:
    names: "{{ guests.guests | dict2items | selectattr('value.state', 'eq', 'running') | map(attribute='key') | list }}"
    request: migrate
    target: xen2.example.org
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
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import request


def main() -> None:
    run_module(request)


if __name__ == "__main__":
    main()
