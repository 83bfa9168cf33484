#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dom0_weight
short_description: The share of the CPU that dom0 keeps
version_added: 0.1.0
description:
  - Where guests want all of a CPU, dom0 gets no more of it than each of them, and every guest's disks and network wait
    with it. A weight of 1024 gives it four times as much as a guest, whose weight is 256 unless it says otherwise.
    What nobody wants is still everybody's.
  - Sets the weight at once, by the command of the scheduler that C(xl info) names (C(xl sched-credit2),
    C(xl sched-credit); before Xen 4.5 C(xm sched-credit)), and at each boot, by C(/etc/rc.d/xendom0weight), which
    starts after the toolstack's daemons and before the first guest.
  - Under a scheduler that knows no weights (C(null), C(arinc653), C(rtds), C(sedf)) dom0 is left alone, and a warning
    says so.
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
  - netbsd.xen.resource.limit
  - netbsd.xen.resource.release
options:
  release:
    description: The machine's Xen release, such as V("4.20").
    type: str
    required: true
  weight:
    description:
      - The weight, 1 to 65535.
      - With V(0) dom0's weight is left alone. A script of this module is removed then, so that the next boot does not
        set it either.
    type: int
    default: 1024
  assume_dom0:
    description: Goes on, with a warning, where the toolstack does not answer. For check mode, in which what would
      bring it up has not.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Four times a guest's share
  netbsd.xen.dom0_weight:
    release: "4.20"
    weight: 1024
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
from ansible_collections.netbsd.xen.plugins.module_utils._resources import dom0_weight


def main() -> None:
    run_module(dom0_weight)


if __name__ == "__main__":
    main()
