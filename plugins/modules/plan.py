#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: plan
short_description: Look at a machine once, and tell all that netbsd.xen.site would do there
version_added: 0.2.0
description:
  - Looks at the machine, most often in one remote call, and plans on the controller all tasks of the roles of the
    playbook C(netbsd.xen.site), in their order, from the roles' variables. Changes nothing.
  - A task is told what those before it would bring, as in check mode, so that the plan of a bare machine goes as far as
    its guests.
  - Puts the host into the group C(netbsd_xen_in_sync) if a run would do nothing there, else into
    C(netbsd_xen_with_work). A machine on which no module can run for want of Python comes into
    C(netbsd_xen_without_python). What waits for a word of the admin is no work of a run.
  - C(--tags) and C(--skip-tags) choose the roles in the plan as in the run of C(netbsd.xen.site). The tags are
    C(bootstrap), C(dom0), C(makedev), C(services), C(bridge), C(bootloader), C(reboot) and C(domu).
author: netbsd.xen contributors (@netbsd-xen)
seealso:
  - module: netbsd.xen.rack_plan
attributes:
  check_mode:
    description: Does the same in C(check_mode).
    support: full
  diff_mode:
    description: There is nothing to show. The plan has what a change would show.
    support: none
  idempotent:
    description: Changes nothing on the machine.
    support: full
  platform:
    description: Looks at NetBSD.
    support: full
    platforms: netbsd
options:
  python_required:
    description:
      - With V(true) a machine on which no module can run is a failure. Otherwise its plan has what the role
        C(bootstrap) would install, and says that nothing else can be told before that.
    type: bool
    default: false
  upgrade:
    description:
      - With V(true), what C(netbsd.xen.upgrade) would do. Where it would exchange one Xen for another, that is all that
        can be told before.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: What a run would do
  hosts: dom0s
  gather_facts: false
  tasks:
    - name: Look and plan
      netbsd.xen.plan:
      register: netbsd_xen_plan
      changed_when: false

    - name: Hosts with something to do
      ansible.builtin.debug:
        msg: "{{ netbsd_xen_plan.plan.steps | map(attribute='summary') }}"
      when: inventory_hostname in groups['netbsd_xen_with_work'] | default([])
"""

RETURN = r"""
plan:
  description: The plan, never with a secret in it.
  returned: success
  type: dict
  contains:
    host:
      description: The host's name.
      type: str
      returned: success
      sample: xen1
    steps:
      description:
        - What a run does, in its order, each with C(role), C(resource), C(thing), C(summary), C(impact), C(before) and
          C(after), as the modules return their changes, and C(action), the word of its act.
      type: list
      elements: dict
      returned: success
      sample:
        - {role: bridge, resource: bridge, thing: bridge0, summary: add wm0, impact: live, before: [], after: [wm0]}
    waiting:
      description: What a run leaves, in the same form, with the C(word) that the admin has to say first.
      type: list
      elements: dict
      returned: success
      sample: [{role: domu, resource: domain, thing: web1, word: "domu_restart_policy: if_needed"}]
    problems:
      description: What makes a run fail, each with C(role), C(resource), C(thing) and C(message).
      type: list
      elements: dict
      returned: success
    later:
      description: What can't be told yet, in the same form.
      type: list
      elements: dict
      returned: success
    warnings:
      description: What the admin should know.
      type: list
      elements: str
      returned: success
    running:
      description: The guests that run on the machine, with C(name), C(uuid) and whether they are C(declared) there.
      type: list
      elements: dict
      returned: success
      sample: [{name: web1, uuid: 8f0f0e9e-0000-4000-8000-000000000001, declared: true}]
    declared_guests:
      description: The guests that shall exist on the machine, with C(name) and C(uuid).
      type: list
      elements: dict
      returned: success
    calls:
      description: How many remote calls it took.
      type: int
      returned: success
      sample: 1
host:
  description: The machine, as M(netbsd.xen.host_info) tells it.
  returned: if a module could run on it
  type: dict
packages:
  description: Installed binary packages, base name to version.
  returned: if there is something to do
  type: dict
commands:
  description: The commands that were run, all of which only look.
  returned: if there is something to do
  type: list
  elements: dict
"""

# This module has an action plugin and never runs by itself.
