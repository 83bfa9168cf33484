#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: validate
short_description: Check what the inventory declares, before anything is touched
version_added: 0.1.0
description:
  - Reads the variables of the collection's roles for every host of the play, with the roles' defaults, and checks them
    with the rules that the modules themselves use.
  - Reports everything that is wrong on any host at once, one line each, and fails if there is any.
  - A key that nobody knows is refused wherever it stands, with the one that was probably meant.
  - Two guests of different hosts can't have the same UUID or MAC address, those that are V(absent) apart. For that, the
    hosts that are outside of the run count too, as after C(--limit), and nothing else of them is looked at. Hosts that
    declare no C(domu_guests) don't count. One whose guests can't be worked out is left out with a warning, and so is
    one outside of the group C(dom0s) that has its guests from the same place as a host of the run.
  - A MAC address that is made from names is 24 bits of a hash. Among thousands of guests two can fall on the same one,
    which is refused like any other; declare a C(mac) for one of them then.
  - A list or dictionary without a value (C(domu_guests:)) counts as not given, with a warning. Any other variable that
    has a default and no value is refused.
  - Warns of a Xen release that is no longer mended, and says what to use instead.
  - Runs on the controller only. No host is connected to, and none needs Python.
author: netbsd.xen contributors (@netbsd-xen)
notes:
  - Once a play is enough, hence C(run_once), and C(any_errors_fatal) on the play keeps the others from going on.
  - A value that depends on what a machine says (C(netbsd_xen_host)) is not known yet and is left to the module that
    uses it.
  - Variables of the inventory and C(--extra-vars) are seen, those of a play itself (C(vars)) are not.
attributes:
  check_mode:
    description: Checks the same in C(check_mode).
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
  idempotent:
    description: Changes nothing.
    support: full
  platform:
    description: Runs on the controller.
    support: full
    platforms: posix
options: {}
"""

EXAMPLES = r"""
- name: Check what the inventory declares
  hosts: dom0s
  gather_facts: false
  any_errors_fatal: true
  tasks:
    - name: Every variable of every host
      netbsd.xen.validate:
      run_once: true
"""

RETURN = r"""
msg:
  description: What was checked, or everything that is wrong, one line each.
  returned: always
  type: str
  sample: "host xen1: guest web1: memory is 'lots'; allowed is a number of MiB, or a number with M or G"
hosts:
  description: The number of hosts that were checked.
  returned: always
  type: int
  sample: 3
guests:
  description: The number of guests that were checked.
  returned: always
  type: int
  sample: 7
"""

# This module has an action plugin and never runs by itself.
