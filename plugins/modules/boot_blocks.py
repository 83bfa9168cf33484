#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: boot_blocks
short_description: The boot blocks of a disk on a NetBSD/x86 machine
version_added: 0.1.0
description:
  - Lets a disk start with NetBSD's own loader, GRUB legacy or GRUB 2. Whose code a disk starts with is read from its
    first sector.
  - This is the one step of the collection that writes to a disk outside of a file system. Refused are GRUB without a
    menu, GRUB legacy on anything but FFSv1, and a machine that boots by EFI.
  - The blocks that are overwritten stay in C(/grub/DISK.blocks.orig), or C(/boot.blocks.orig) for NetBSD's loader,
    whose old file stays as C(/boot.old).
  - Of a root file system on RAID-1 each disk gets its own, so that the machine boots from any of them, and their old
    ones stay in C(/boot.DISK.blocks.orig). NetBSD's loader alone can. A set that is of another level, that does not
    configure itself or that is not marked as root (C(raidctl -A root)) is refused, because the machine would not boot.
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
  - netbsd.xen.resource.limit
options:
  loader:
    description:
      - V(boot_cfg) puts C(/usr/mdec/boot) and the partition's boot blocks in place with C(installboot). V(grub) copies
        the stages of the package C(grub) to C(/grub) and runs C(root) and C(setup) in its shell. V(grub2) runs
        C(grub-install).
      - From GRUB back to V(boot_cfg) the master boot record must be changed by hand first.
      - With V(boot_cfg), new boot blocks carry the options of the old ones, such as a serial console or a timeout. If
        those have a password, which nobody can read, nothing is written.
      - V(netbsd) is an alias of V(boot_cfg), from before all options had one word for a loader. It is deprecated.
    type: str
    # loaders, loaders: written by tests/tools/plugin_tables.py
    choices: [boot_cfg, grub, grub2, netbsd]
    # end of the loaders
    required: true
  disk:
    description: The disk that the firmware boots, for example V(wd0), or a set of RAIDframe, for example V(raid0).
    type: str
    required: true
  partition:
    description: The letter of the root file system's partition on it.
    type: str
    default: a
  console:
    description:
      - What NetBSD's loader starts with as its console, before it has read a menu, V(com0) and so on for a serial port
        as NetBSD counts them. If omitted, that stays. For the loader V(boot_cfg) only.
    type: str
    choices: [pc, com0, com1, com2, com3]
  baud:
    description:
      - The speed of its serial console, in bits a second; what C(consdev) in the menu switches to has it as well. If
        omitted, it stays. For the loader V(boot_cfg) only.
    type: int
  assume_files:
    description:
      - Menus and tools that are taken to exist. For a run in check mode, where the tasks before it did nothing.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: GRUB legacy, once its menu is written
  netbsd.xen.boot_blocks:
    loader: grub
    disk: wd0

- name: NetBSD's loader on both disks of a mirror
  netbsd.xen.boot_blocks:
    loader: boot_cfg
    disk: raid0
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
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot import boot_blocks


def main() -> None:
    run_module(boot_blocks)


if __name__ == "__main__":
    main()
