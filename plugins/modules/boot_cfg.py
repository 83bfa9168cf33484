#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: boot_cfg
short_description: The boot menu of a NetBSD/x86 machine
version_added: 0.1.0
description:
  - Puts entries into C(/boot.cfg), chooses the default entry and the timeout, and leaves every other line as it is.
  - Refuses a menu that the boot loader would misread or that could leave the machine unbootable. At least one entry
    that boots a native kernel always stays.
  - The first content ever found stays in C(/boot.cfg.orig), the last one in C(/boot.cfg.prev).
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
  - netbsd.xen.resource.limit
  - netbsd.xen.boot_entries
options:
  path:
    description:
      - The file, absolute. Kernels and hypervisors are looked for from C(/), whatever the path.
      - If omitted, it is the one that the loader reads. That is C(EFI/NetBSD/boot.cfg) on the EFI partition of a
        machine that boots by EFI, if that is there, else C(/boot.cfg).
    type: path
  loader_release:
    description:
      - The NetBSD release whose boot loader, C(/boot), reads the file, for example V(5.1). If omitted, it is that
        of the running system.
      - Loaders before NetBSD 7 are taken to know no comments and no blank lines. A file that has some in front of a
        line that counts is refused.
    type: str
notes:
  - With entries that are no longer than 79 characters for each command the loader is on the safe side; a longer one
    is written, with a warning.
  - This loader has no way to boot an entry once. M(netbsd.xen.grub_menu) has.
  - A machine that boots by EFI and has no EFI partition mounted is refused, because nobody can tell which file counts.
    Under Xen nothing tells that a machine boots by EFI, so that partition belongs into C(/etc/fstab).
"""

EXAMPLES = r"""
- name: Boot into Xen, with the native kernel as a way back
  netbsd.xen.boot_cfg:
    entries:
      - name: Xen
        kernel: /netbsd-XEN3_DOM0.gz
        args: root=wd0a console=pc
        hypervisor: /xen-4.20.gz
        hypervisor_args: dom0_mem=1G
        fallback: /netbsd
      - name: Xen with the kernel before the last update
        kernel: /netbsd-XEN3_DOM0.gz.old
        args: root=wd0a console=pc
        hypervisor: /xen-4.20.gz
        hypervisor_args: dom0_mem=1G
        optional: true
      - name: NetBSD
        kernel: /netbsd
      - name: NetBSD, single user
        kernel: /netbsd
        args: -s
    default: Xen
    timeout: 5

- name: The native kernel again, whatever else is in the menu
  netbsd.xen.boot_cfg:
    default: NetBSD
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
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot import boot_cfg


def main() -> None:
    run_module(boot_cfg)


if __name__ == "__main__":
    main()
