#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adopt
short_description: Write the variables of a dom0 that was made by hand
version_added: 0.2.0
description:
  - Looks at the machine, and writes a file of host variables with which C(netbsd.xen.site) would do nothing there.
    Changes nothing on the machine.
  - What is written is proven at once, by the plan that M(netbsd.xen.plan) makes. What no variable can say is left out,
    told, and stays as it is.
  - Passwords of guests are never written. A guest that has one is declared once the inventory has it, as
    C(domu_secrets) in a vault file.
  - A file that an import has written is written again as long as nobody has changed it. Any other that is there
    already stays. What was found is then written beside it, as C(HOST.yml.imported), which Ansible does not read.
author: netbsd.xen contributors (@netbsd-xen)
seealso:
  - module: netbsd.xen.plan
attributes:
  check_mode:
    description: Looks, and writes no file.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
  idempotent:
    description: Of a machine that has not changed the same file is made.
    support: full
  platform:
    description: Looks at NetBSD.
    support: full
    platforms: netbsd
options:
  part:
    description:
      - V(host) looks at the machine and writes its file; V(rack) counts, once for all hosts of the play, what came of
        that. The results of V(host) must then be registered as C(netbsd_xen_adopted).
    type: str
    choices: [host, rack]
    default: host
  directory:
    description:
      - The directory of the inventory, on the controller. The file is C(host_vars/HOST.yml) below it; directories that
        are not there are made. It is needed for a host.
    type: path
"""

EXAMPLES = r"""
- name: Dom0s that were made by hand
  hosts: dom0s
  gather_facts: false
  tasks:
    - name: Write their variables
      netbsd.xen.adopt:
        directory: inventory
      register: netbsd_xen_adopted

    - name: Count what came of all of them
      netbsd.xen.adopt:
        part: rack
      run_once: true
"""

RETURN = r"""
path:
  description: The file that was written, or that has the same content already.
  returned: success
  type: str
  sample: /home/admin/inventory/host_vars/xen1.yml
variables:
  description: What is in the file.
  returned: success
  type: dict
  sample: {dom0_xen_release: "4.20", domu_guests: [{name: web1, os: netbsd, memory: 512M}]}
not_declared:
  description: What no variable can say and stays as it is, thing by thing.
  returned: success
  type: list
  elements: str
  sample: ["guest db1: it runs and has no configuration; a declared guest's is a file in /usr/pkg/etc/xen"]
left:
  description: What a run with these variables would still do, or complain of.
  returned: success
  type: list
  elements: str
  sample: []
waiting:
  description: What a run with these variables would leave until the admin says the word.
  returned: success
  type: list
  elements: str
  sample: []
counts:
  description: How many guests and bridges are declared, of how many that were found.
  returned: success
  type: dict
  sample: {guests: {declared: 11, found: 12}, bridges: {declared: 1, found: 1}}
in_sync:
  description: Whether a run with these variables would do nothing.
  returned: success
  type: bool
  sample: true
"""

# This module has an action plugin and never runs by itself.
