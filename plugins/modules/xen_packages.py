#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: xen_packages
short_description: The packages of one Xen release on a NetBSD machine
version_added: 0.1.0
description:
  - Installs what is missing of the pair that belongs together, hypervisor (C(xenkernel420)) and tools (C(xentools420)),
    from binary packages or from a pkgsrc tree. What is installed is left as it is; nothing is upgraded in passing.
  - A package that is registered and not whole is put in place again with C(pkg_add -U), and what it depends on too.
    That is how an interrupted C(pkg_add) or a power cut leaves it, and the next C(pkg_add) takes it for installed.
    C(pkg_admin check) compares the contents. A whole text that somebody edited stays, with a warning.
  - What was installed is fsynced before this is done, with what it depends on, and noted in
    C(/var/db/netbsd.xen.packages). A dependency that is noted is not compared again, only looked for.
  - Hypervisors of several releases stay beside each other, except those of Xen 3, which lie in one directory;
    there the other one's package is removed first, while its copy on the root file system stays.
  - Tools of another release are not exchanged, because the guests of a running hypervisor can be managed by its own
    tools only. The playbook C(netbsd.xen.upgrade) does it in the right order.
  - The packages' rc.d scripts are not copied to C(/etc/rc.d). M(netbsd.xen.system_files) does that, and refreshes them.
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
  - netbsd.xen.resource.limit
  - netbsd.xen.resource.release
options:
  release:
    description: The Xen release, the one in the packages' names. The versions of the newer packages are dates.
    type: str
    # releases, default: written by tests/tools/plugin_tables.py
    default: "4.20"
    # end of the releases
  source:
    description:
      - V(pkgin) and V(pkg_add) install binary packages. They are given 30 minutes.
      - V(pkgsrc) builds the packages, with what they depend on, in a pkgsrc tree. Each is given 12 hours.
      - V(none) is for tools that came by other means, for example built from Xen's own source. Nothing is installed or
        compared, and that they are there is all that is looked at. Without it, a machine that runs Xen with such tools
        is refused, because a package would be written over them.
    type: str
    choices: [pkgin, pkg_add, pkgsrc, none]
    default: pkgin
  repository:
    description:
      - URL or directory of the binary packages, for this run only (C(PKG_REPOS) or C(PKG_PATH)).
      - If omitted, what the machine is set to holds, C(repositories.conf) of pkgin or C(pkg_install.conf).
    type: str
  pkgsrc_dir:
    description: The pkgsrc tree, for O(source=pkgsrc).
    type: str
    default: /usr/pkgsrc
  hvm:
    description:
      - Whether fully virtualized guests are wanted. Xen 3.1 has a package of its own for them; later releases need
        nothing more.
    type: bool
    default: false
  loader_package:
    description:
      - The package of a boot loader that is wanted too, where the machine does not boot by NetBSD's own. Installed, it
        boots nothing; M(netbsd.xen.boot_blocks) puts it onto a disk.
    type: str
    # loaders, packages: written by tests/tools/plugin_tables.py
    choices: [grub, grub2]
    # end of the loaders
  disk_packages:
    description:
      - Packages with which guests' disks are made, that are wanted too. With C(e2fsprogs) M(netbsd.xen.guest_system)
        makes those of Linux guests.
    type: list
    elements: str
    choices: [e2fsprogs]
    default: []
  parts:
    description: What of the pair is wanted.
    type: list
    elements: str
    choices: [kernel, tools]
    default: [kernel, tools]
  replace_tools:
    description:
      - Whether tools of another release are removed first. From then on until the machine runs the hypervisor of
        O(release) no guest can be managed. What can be fetched or built apart is there before anything is removed.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Xen of today
  netbsd.xen.xen_packages:
    release: "4.20"

- name: Xen 3.1 with HVM on an i386 machine, which has no pkgin
  netbsd.xen.xen_packages:
    release: "3.1"
    source: pkg_add
    repository: http://mirror.example/pub/pkgsrc/packages/NetBSD/i386/5.1/All
    hvm: true

- name: The next hypervisor beside the one that runs
  netbsd.xen.xen_packages:
    release: "4.20"
    parts: [kernel]
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
from ansible_collections.netbsd.xen.plugins.module_utils._resources.packages import resource as xen_packages


def main() -> None:
    run_module(xen_packages)


if __name__ == "__main__":
    main()
