#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rack_plan
short_description: Show what a run would do to the whole rack, and write it to files
version_added: 0.2.0
description:
  - Reads what M(netbsd.xen.plan) has found of every host of the play, registered as C(netbsd_xen_plan), and shows the
    plan of the rack as text. There is a line for each change, with its impact and the thing that it is about, below its
    host. Hosts with the very same lines are told together, hosts that are in sync are a number, and sums stand at the
    end.
  - Says what no host can know alone. That is a guest that runs and that nobody declared, and a declared guest that runs
    on another host of the rack, by its UUID or, where it shall not be there, by its name. An empty disk that would be
    made for such a guest is refused, and so is its start, if it has the very UUID. Nothing may then be changed on that
    host.
  - Hosts that could not be looked at or reached are told as such, and hinder no other.
  - Runs on the controller only, and changes nothing but the files in O(report).
author: netbsd.xen contributors (@netbsd-xen)
notes:
  - For the parts V(plan) and V(waiting) once a play is enough, hence C(run_once). Their hosts are those of the play,
    also those that have failed.
  - The text is shown as it is, whatever the callback does with results.
attributes:
  check_mode:
    description: Does the same in C(check_mode). The files are written, too.
    support: full
  diff_mode:
    description: There is nothing to show. What a change does is in the files.
    support: none
  idempotent:
    description: Changes nothing on any host.
    support: full
  platform:
    description: Runs on the controller.
    support: full
    platforms: posix
options:
  part:
    description:
      - V(plan) shows the plan, writes the files and says in RV(stopped) which hosts must not go on.
      - V(verdict) is for a task on each host that may be in RV(stopped), which must be registered as
        C(netbsd_xen_rack). Such a host counts as failed, or as unreachable, by its own name. On any other it does
        nothing.
      - V(waiting) shows a table of what waits for the admin, by host, and nothing if nothing waits. Hosts that have
        failed in the play are left out, and named; hosts that M(netbsd.xen.plan) looked at in this run and that are not
        in the play are in the table too. It is of what C(netbsd_xen_plan) says of a host now, so look again at those
        that were changed.
    type: str
    choices: [plan, verdict, waiting]
    default: plan
  report:
    description:
      - Files on the controller to write the plan to. The name says how, C(.json) for programs or C(.html) for a page
        that needs nothing but itself.
      - They are written in one step. Who may read a new one is for the umask to say, since a plan holds no secret. A
        file that is there keeps its mode.
    type: list
    elements: path
    default: []
  fail_on_drift:
    description:
      - With V(true), RV(stopped) has the hosts too that are not as declared, and those on which a run would fail. What
        waits for a word is drift as well.
    type: bool
    default: false
  fail_on_problems:
    description: With V(true), RV(stopped) has the hosts too on which a run would fail.
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

    - name: The plan of the rack, as text and as files
      netbsd.xen.rack_plan:
        report:
          - /var/www/xen/plan.html
          - /var/lib/monitoring/xen.json
        fail_on_drift: true
      run_once: true
      register: netbsd_xen_rack

    - name: Hosts that count as failed
      netbsd.xen.rack_plan:
        part: verdict
"""

RETURN = r"""
states:
  description:
    - What each host is. C(unreachable), C(failed) (nobody could look at it, or a run would fail), C(drifted) (a run has
      something to do), C(waiting) (something waits for a word of the admin) or C(in_sync).
  returned: with O(part=plan)
  type: dict
  sample: {xen1: in_sync, xen2: drifted}
sums:
  description: How many hosts there are of each state, changes and waiting changes of each impact, and so on.
  returned: with O(part=plan)
  type: dict
  sample:
    states: {unreachable: 0, failed: 0, drifted: 1, waiting: 0, in_sync: 1}
    changes: {live: 1, guest_restart: 0, guest_recreate: 0, host_reboot: 0}
    waiting: {live: 0, guest_restart: 0, guest_recreate: 0, host_reboot: 0}
    problems: 0
    later: 0
    undeclared: 0
stopped:
  description: The hosts that must not go on, with C(msg) and C(unreachable).
  returned: with O(part=plan)
  type: dict
  sample: {xen2: {msg: "not as declared: 1 to be changed", unreachable: false}}
judged:
  description:
    - The hosts for the play of the verdicts. Those of RV(stopped), and one that goes on, if there is one, because
      Ansible ends a run in a play of which every host has failed. Empty if nobody is stopped.
  returned: with O(part=plan)
  type: list
  elements: str
  sample: [xen2, xen1]
reports:
  description: The files that were written.
  returned: with O(part=plan)
  type: list
  elements: str
  sample: [/var/www/xen/plan.html]
"""

# This module has an action plugin and never runs by itself.
