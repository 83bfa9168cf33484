#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
short_description: Whether a machine can be a dom0 of a Xen release
version_added: 0.1.0
description:
  - Looks at the machine before anything is installed, and fails with everything at once that is in the way, one line
    for each problem, with what was found, what is needed and what to do.
  - It looks at NetBSD's release and architecture, the room on the root file system and its form (for GRUB legacy),
    the firmware, the native kernel, C(/kern), and whether the CPU helps with fully virtualized guests. On a machine
    that runs Xen, the hypervisor is asked for the latter.
  - The machine must have what the boot arguments name, so that nobody boots it to a question at its console.
  - It changes nothing. It warns of a release whose security nobody mends any more.
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
  - netbsd.xen.resource.limit
  - netbsd.xen.resource.release
options:
  release:
    description: The Xen release that the machine shall run, such as V(4.20).
    type: str
    required: true
  guest_types:
    description: The types of the guests that it shall have. V(pvh) and V(hvm) need a CPU with VMX or SVM.
    type: list
    elements: str
    choices: [pv, pvh, hvm]
    default: [pv]
  loader:
    description:
      - The boot loader. V(boot_cfg) is NetBSD's own. V(grub) is GRUB legacy, which reads the root file system only if
        it is FFSv1 with blocks of 8192 and fragments of 1024 bytes, smaller than 512 MiB.
    type: str
    # loaders, loaders: written by tests/tools/plugin_tables.py
    choices: [boot_cfg, grub, grub2]
    # end of the loaders
    default: boot_cfg
  native_kernel:
    description: The kernel without Xen, which is the way back. It must be there.
    type: path
    default: /netbsd
  boot_files:
    description:
      - The hypervisor and the dom0 kernel as they will be on the root file system. For each that is not there yet, 32
        MiB must be free, because the previous one stays beside it.
    type: list
    elements: path
    default: []
  kernel_args:
    description: The arguments that the dom0 kernel will be given. The disk in C(root=) must be there.
    type: str
    default: ""
  hypervisor_args:
    description:
      - The arguments that the hypervisor will be given. The machine must have more memory than C(dom0_mem=) gives to
        dom0, and the serial port of C(com1=) or C(com2=).
    type: str
    default: ""
  disk:
    description: The disk whose boot blocks will be written, such as V(wd0). If omitted, none is looked for.
    type: str
  menu:
    description:
      - The boot menu's file, for NetBSD's own loader. If omitted, it must be possible to tell which one that reads.
    type: path
"""

EXAMPLES = r"""
- name: Can this machine run Xen 4.20 with guests of every type?
  netbsd.xen.preflight:
    release: "4.20"
    guest_types: [pv, pvh, hvm]
    boot_files: [/xen-4.20.gz, /netbsd-XEN3_DOM0.gz]
"""

RETURN = r"""
changes:
  description: Always empty.
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
from ansible_collections.netbsd.xen.plugins.module_utils._resources.preflight import resource as preflight


def main() -> None:
    run_module(preflight)


if __name__ == "__main__":
    main()
