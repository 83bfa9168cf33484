#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: system_files
short_description: Kernels, hypervisors, ramdisks and scripts of a NetBSD dom0
version_added: 0.1.0
description:
  - Copies files on the machine, or fetches them, and checks them before they appear at their place.
  - At every moment the old or the new file is in place, whole. Room is checked first, and 1 MiB is always left free.
  - Content is compared by its SHA512. A file whose name ends in C(.gz) must be a complete gzip file.
  - A file that can't be had is a failure at the end, and does not hold up the others.
  - With O(files[].member) or O(files[].sums), C(DEST.origin) notes where the file came from and what its sum was then.
    As long as the file has that sum, nothing is fetched again. A file without such a note, or one that was changed
    since, is not taken for what was wanted.
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
  - netbsd.xen.resource.limit
options:
  files:
    description: The files, each O(files[].dest) named once.
    type: list
    elements: dict
    required: true
    suboptions:
      src:
        description:
          - A file on the machine, or a URL (http, https or ftp), which is fetched with ftp(1) within 30 minutes.
          - With O(files[].remote_src=false) a file of the controller. A relative path is looked for as
            M(ansible.builtin.copy) does it, in C(files) beside the role or the playbook.
        type: str
        required: true
      remote_src:
        description:
          - Whether O(files[].src) is on the machine. Otherwise it is copied there from the controller, if the machine
            does not have its content already, and is put in place if it arrived with the sum that it has there.
        type: bool
        default: true
      dest:
        description: The file's place, absolute. Missing folders are made.
        type: str
        required: true
      member:
        description:
          - The one plain file that is wanted out of the archive O(files[].src) (C(.tgz), C(.tar.gz) or C(.tar.xz)), by
            its exact name there, for example C(./netbsd) in NetBSD's set C(kern-XEN3_DOM0.tgz). Nothing else of the
            archive is unpacked.
          - It is not compressed, so O(files[].dest) has no C(.gz).
        type: str
      sha512:
        description:
          - The SHA512 of what O(files[].src) is, 128 hexadecimal digits; with O(files[].member) that of the archive. A
            file in place that has it, or was taken out of an archive that has it, is never fetched again.
          - Without it and O(files[].sums), a file in place of a URL counts as right, with a warning.
        type: str
      sums:
        description:
          - URL, or path on the machine, of a file of sums in the form of C(cksum -a SHA512), such as C(SHA512) beside a
            kernel on NetBSD's mirrors. The line for the last part of O(files[].src) tells the sum; it must have one.
          - O(files[].sha512) wins over it. This one guards against what breaks on the way, not against a mirror that
            lies.
          - It is read only if the file in place is not known to be right, also in check mode.
        type: str
      mode:
        description:
          - The permissions, three octal digits in quotes. If omitted, those of the file in place stay, and a new file
            gets V("0444").
        type: str
      keep_previous:
        description:
          - Whether the file that was in place stays beside it as C(DEST.old).
          - In C(/etc/rc.d) it never does, because every file there is run when the machine boots. What was found there
            first is kept as C(/var/backups/etc/rc.d/NAME.orig).
        type: bool
        default: true
      staged:
        description: Where the action plugin has put a file of the controller. For it alone.
        type: path
      unfit:
        description: Why the action plugin can't have a file of the controller. For it alone.
        type: str
  assume_files:
    description:
      - Files that are taken to exist. For a run in check mode, where the tasks that would install them did nothing.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: The hypervisor from its package, and a dom0 kernel from a mirror
  netbsd.xen.system_files:
    files:
      - src: /usr/pkg/xen420-kernel/xen.gz
        dest: /xen-4.20.gz
        mode: "0444"
      - src: https://cdn.NetBSD.org/pub/NetBSD/NetBSD-10.1/amd64/binary/kernel/netbsd-XEN3_DOM0.gz
        dest: /netbsd-XEN3_DOM0.gz
        sha512: "{{ dom0_kernel_sha512 }}"
        mode: "0444"

- name: A dom0 kernel out of a set, checked against the mirror's own sums
  netbsd.xen.system_files:
    files:
      - src: https://cdn.NetBSD.org/pub/NetBSD/NetBSD-10.1/amd64/binary/sets/kern-XEN3_DOM0.tar.xz
        member: ./netbsd
        dest: /netbsd-XEN3_DOM0
        sums: https://cdn.NetBSD.org/pub/NetBSD/NetBSD-10.1/amd64/binary/sets/SHA512

- name: A kernel of one's own, from the controller
  netbsd.xen.system_files:
    files:
      - {src: netbsd-OWN.gz, dest: /home/xen/netbsd-OWN.gz, remote_src: false}
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
from ansible_collections.netbsd.xen.plugins.module_utils._resources.files import resource as system_files


def main() -> None:
    run_module(system_files)


if __name__ == "__main__":
    main()
