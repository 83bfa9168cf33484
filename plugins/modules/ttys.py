#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ttys
short_description: A login on the console of a NetBSD machine
version_added: 0.1.0
description:
  - Has C(/etc/ttys) offer a login on C(console), wherever the kernel has that, with or without Xen, unless C(constty)
    does so already. Other terminals stay as they are.
  - With a serial console, the port's own name, such as C(tty00) for V(com0), is switched off. A dom0 does not have the
    port, and without Xen there would be two logins on one line. Who is logged in there is logged out.
  - A class C(std.SPEED) of the console's C(getty) gets the speed of O(baud), if C(gettytab) has one for it.
  - The first content ever found stays in C(/etc/ttys.orig), the last one in C(/etc/ttys.prev).
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
  - netbsd.xen.resource.limit
options:
  console:
    description: What the console is, V(pc) for screen and keyboard, V(com0) and so on for a serial port.
    type: str
    choices: [pc, com0, com1, com2, com3]
    required: true
  baud:
    description: The speed of a serial console, in bits a second.
    type: int
    default: 115200
"""

EXAMPLES = r"""
- name: A login on the first serial port
  netbsd.xen.ttys:
    console: com0
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
from ansible_collections.netbsd.xen.plugins.module_utils._resources import ttys


def main() -> None:
    run_module(ttys)


if __name__ == "__main__":
    main()
