#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: xl_conf
short_description: What xl takes for granted on a machine
version_added: 0.1.0
description:
  - Has settings in C(xl.conf), which every C(xl) reads first. On NetBSD that is C(/usr/pkg/etc/xen/xl.conf), on Linux
    C(/etc/xen/xl.conf).
  - Lines are changed where they stand; comments, order and all other settings stay as they are. A setting that is not
    in the file yet goes below its commented-out example.
  - Nothing is written where the file means the same already, in whatever spelling.
  - C(xl) ignores a key that it does not know without a word, so such a key is refused here.
  - An V(output_format=sxp) that nobody declared is left alone, with a warning. Guests are managed through C(xl)'s JSON.
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
  - netbsd.xen.resource.limit
options:
  settings:
    description:
      - The settings, key to value, as xl.conf(5) names them. A value of null removes the setting, so that C(xl)'s own
        default holds.
      - Allowed are C(autoballoon) (V(on), V(off) or V(auto)), C(vif.default.bridge), C(vif.default.script),
        C(vif.default.backend), C(vif.default.gatewaydev), C(output_format) (V(json) or V(sxp)), C(domid_policy) (V(xen)
        or V(random)), C(claim_mode), C(run_hotplug_scripts) and C(bootloader_restrict) (0 or 1), C(lockfile) (a path),
        C(blkdev_start) (a virtual disk's name), C(max_grant_frames), C(max_maptrack_frames) and C(max_grant_version)
        (numbers), C(vm.cpumask), C(vm.hvm.cpumask) and C(vm.pv.cpumask) (CPUs, such as V(0-3,^2)),
        C(remus.default.netbufscript) and C(colo.default.proxyscript).
    type: dict
    required: true
  assume_files:
    description:
      - The path of the file itself, if a package brings it again where a power cut has been at it. For a run in check
        mode, where the task that would install the package did nothing.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Guests' interfaces go to bridge0 unless they say otherwise, and dom0 keeps its memory
  netbsd.xen.xl_conf:
    settings:
      vif.default.bridge: bridge0
      autoballoon: "off"

- name: Back to the default
  netbsd.xen.xl_conf:
    settings:
      claim_mode: null
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
from ansible_collections.netbsd.xen.plugins.module_utils._resources import xl_conf


def main() -> None:
    run_module(xl_conf)


if __name__ == "__main__":
    main()
