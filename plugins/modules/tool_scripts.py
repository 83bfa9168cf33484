#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tool_scripts
short_description: Hotplug scripts and programs that Xen's tools run can be run
version_added: 0.1.0
description:
  - Gives the execute bits back to what the toolstack runs by itself, C(vif-bridge), C(block) and the like in
    C(/usr/pkg/etc/xen/scripts), and the programs of the tools. Nobody notices their loss before the next guest is
    started.
  - Copies a script that is missing from its package, which itself does that only when it is installed. What a script
    contains is never changed.
  - Which files these are differs between releases. A script of your own, named in C(xl.conf) or C(xend-config.sxp), is
    left alone.
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
  - netbsd.xen.resource.limit
  - netbsd.xen.resource.release
options:
  release:
    description: The Xen release of the tools, in quotes.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: What Xen's tools run can be run
  netbsd.xen.tool_scripts:
    release: "4.20"
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
from ansible_collections.netbsd.xen.plugins.module_utils._resources import tool_scripts


def main() -> None:
    run_module(tool_scripts)


if __name__ == "__main__":
    main()
