#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: grub_menu
short_description: GRUB's boot menu on a NetBSD/x86 machine
version_added: 0.1.0
description:
  - Puts entries into the menu of GRUB legacy (C(/grub/menu.lst)) or GRUB 2 (C(/grub/grub.cfg)), chooses the default
    entry, the timeout, and the entry of the next boot only.
  - Refuses a menu that GRUB would misread or that could leave the machine unbootable. At least one entry that boots
    a native kernel, or NetBSD's own loader, always stays.
  - Of C(menu.lst), every line that is not about a managed entry stays as it is. In C(grub.cfg), which is a program,
    one marked block is managed and everything around it stays.
  - Native entries are what GRUB falls back to when a file of the default entry can't be loaded. GRUB 2 does so unless
    others' entries come before the managed ones.
  - The menu is not made with C(grub-mkconfig), which on NetBSD knows native kernels only.
  - The first content ever found stays beside the menu with C(.orig) behind its name, the last one with C(.prev).
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
  - netbsd.xen.resource.limit
  - netbsd.xen.boot_entries
options:
  flavour:
    description:
      - Which GRUB reads the menu, V(grub) for GRUB legacy, 0.97 (pkgsrc sysutils/grub), or V(grub2) (sysutils/grub2).
      - V(legacy) is an alias of V(grub), from before all options had one word for a loader. It is deprecated.
    type: str
    # loaders, flavours: written by tests/tools/plugin_tables.py
    choices: [grub, grub2, legacy]
    # end of the loaders
    required: true
  path:
    description:
      - The menu's file, absolute. If omitted, C(/grub/menu.lst) or C(/grub/grub.cfg). Files that GRUB itself writes
        to are in the same directory.
    type: path
  root:
    description:
      - GRUB's name of the root file system, where kernels and hypervisors are. If omitted, V((hd0,a)) for GRUB
        legacy, and for GRUB 2 the file system that it was installed to.
    type: str
  protocol:
    description:
      - How GRUB 2 starts the hypervisor. V(multiboot2) works from Xen 4.9 on and is the only one on a machine that
        boots by EFI; older releases need V(multiboot). It means nothing for GRUB legacy.
    type: str
    choices: [multiboot, multiboot2]
    default: multiboot2
  once:
    description:
      - The name of an entry that is booted at the next boot, and only then. Whatever becomes of it, the boot after
        it is of the default entry again.
      - V("") takes that back. If omitted, it is left alone.
    type: str
  as_found:
    description:
      - Whether a menu that somebody else wrote stays as it is, to the byte, as long as it has the declared entries,
        default and timeout, though GRUB may have nothing in it to fall back to, and of C(grub.cfg) no marked block.
      - As soon as it has to be written, because something else is declared or it was changed, it gets both.
    type: bool
    default: false
notes:
  - GRUB legacy loads kernels of 32 bits only. A native entry of a NetBSD/amd64 machine starts NetBSD's own loader
    instead, with O(entries[].commands).
"""

EXAMPLES = r"""
- name: Boot into Xen with GRUB legacy, with the native kernel as a way back
  netbsd.xen.grub_menu:
    flavour: grub
    entries:
      - name: Xen
        kernel: /netbsd-XEN3_DOM0.gz
        args: root=wd0a console=pc
        hypervisor: /xen-3.1.gz
        hypervisor_args: dom0_mem=256M
      - name: NetBSD
        kernel: /netbsd
      - name: NetBSD's own loader
        commands: ["root (hd0,a)", chainloader +1]
    default: Xen
    timeout: 5

- name: Try another release at the next boot only
  netbsd.xen.grub_menu:
    flavour: grub2
    entries:
      - name: Xen 4.18
        kernel: /netbsd-XEN3_DOM0.gz
        hypervisor: /xen-4.18.gz
        hypervisor_args: dom0_mem=1G
      - name: Xen 4.20
        kernel: /netbsd-XEN3_DOM0.gz
        hypervisor: /xen-4.20.gz
        hypervisor_args: dom0_mem=1G
      - name: NetBSD
        kernel: /netbsd
    default: Xen 4.18
    once: Xen 4.20
    timeout: 5
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
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot import grub_menu


def main() -> None:
    run_module(grub_menu)


if __name__ == "__main__":
    main()
