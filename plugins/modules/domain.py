#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: domain
short_description: The guests of a Xen host
version_added: 0.1.0
description:
  - Brings guests to what is declared, in their configuration files and in what runs, and starts or stops them.
  - A guest is in sync only if all three agree, the declaration, its configuration file and the running domain.
  - Everything that is wrong with a declaration is refused before anything is touched, with the guest, the key, what was
    found and what is allowed.
  - What can't be changed while a guest runs is reported in RV(ignore:restart_required) and left alone, unless
    O(restart_policy=if_needed).
  - A guest that fails does not keep the others from being brought up.
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
notes:
  - With C(xenstored) dead a call of C(xl) would hang for ever, so the module looks for it first and fails with the
    command that starts it.
  - Two runs on one host at a time are safe. They create guests one after the other.
  - A UUID that the declaration does not give is written to the configuration file, and is no reason for a restart.
options:
  guests:
    description:
      - The guests, each a dictionary. Guests of the host that are not listed are left alone.
      - "Keys: V(name) (needed); V(os) (V(netbsd), V(linux) or V(other)); V(type) (V(pv), V(pvh) or V(hvm), default
        V(pv)); V(state) (see below); V(memory) and V(maxmem) in MiB or as V(512M) or V(1G); V(vcpus) and V(maxvcpus);
        V(kernel), V(ramdisk), V(cmdline) (or V(root) and V(extra)), or V(bootloader); V(on_poweroff), V(on_reboot) and
        V(on_crash) as in xl.cfg(5); V(uuid); V(autostart) (used by the services role); V(vncpasswd) and V(spicepasswd);
        V(settings), a dictionary of further keys of xl.cfg(5)."
      - "V(disks) is a list. An item is the path of a file or block device, or a dictionary with V(path), V(size) (like
        V(10G): a file that does not exist is made with it, taking no space yet; one that exists is never changed),
        V(vdev) (default V(xvda), V(xvdb), ... in order), V(access) (V(rw) or V(ro)), V(format) (V(raw)), V(cdrom)."
      - "V(nics) is a list. An item is the name of a bridge, or a dictionary with V(bridge), V(mac), V(model),
        V(script), V(ip). A MAC address that is not given is derived from O(host_name), the guest's name and the
        interface's number, so it is the same in every run."
      - "V(state) is V(running) (the default), V(shutdown) (asked to shut down), V(destroyed) (stopped at once) or
        V(absent) (shut down, its configuration removed)."
    type: list
    elements: raw
    required: true
  host_name:
    description:
      - The host's name, from which MAC addresses and UUIDs are derived. The action plugin fills in
        C(inventory_hostname).
    type: str
    required: true
  config_dir:
    description:
      - The directory of the guests' configuration files, where a guest's file has the guest's name.
      - The default is C(/usr/pkg/etc/xen) on NetBSD and C(/etc/xen) on Linux.
    type: path
  os_defaults:
    description:
      - Values for guests that do not give their own, by the guest's V(os).
      - A guest with a V(bootloader) or of type V(hvm) takes no kernel, ramdisk or command line from here.
    type: dict
    default: {}
  restart_policy:
    description:
      - Whether a running guest may be shut down and started again where that is the only way to bring it to what is
        declared.
    type: str
    choices: [never, if_needed]
    default: never
  shutdown_timeout:
    description:
      - How many seconds (0 to 3600) a guest may take to shut down. One that takes longer is left running and reported
        as a failure, unless O(destroy_after) is given.
      - A NetBSD guest without C(powerd=YES) in its C(rc.conf) does not shut down when asked.
    type: int
    default: 180
  destroy_after:
    description:
      - After how many seconds (0 to 3600) a guest that does not shut down is stopped hard. Takes the place of
        O(shutdown_timeout).
    type: int
  remove_disks:
    description:
      - Whether the disks of an V(absent) guest are removed with all their data. Only regular files are, and only those
        that no other guest names.
    type: bool
    default: false
  start_delay:
    description: Seconds to wait between the starts of two guests (0 to 3600).
    type: int
    default: 0
  bridges:
    description: If given, the only bridges that a guest may be on.
    type: list
    elements: str
    default: []
  assume_dom0:
    description:
      - Plans for a host that is not yet a dom0, in check mode. What can't be looked up there is taken to be right.
    type: bool
    default: false
  assume_files:
    description: Paths that are taken to exist, because earlier tasks of a check run would have put files there.
    type: list
    elements: str
    default: []
  assume_bridges:
    description: Bridges that are taken to exist, because an earlier task of a check run would have made them.
    type: list
    elements: str
    default: []
  secrets:
    description:
      - Passwords by guest, each a dictionary with V(vncpasswd) or V(spicepasswd). The action plugin moves them here
        from the guests, so that they are logged nowhere.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Two guests
  netbsd.xen.domain:
    os_defaults:
      netbsd:
        kernel: /home/xen/netbsd-XEN3_DOMU.gz
        root: xbd0a
    guests:
      - {name: web1, os: netbsd, memory: 512, disks: [/dev/wd0e], nics: [bridge0]}
      - name: db1
        os: netbsd
        memory: 1G
        vcpus: 2
        disks:
          - {path: /home/xen/db1.img, size: 20G}
        nics:
          - {bridge: bridge0, mac: "00:16:3e:00:00:11"}

- name: A guest is shut down, or stopped after two minutes
  netbsd.xen.domain:
    guests:
      - {name: web1, os: netbsd, memory: 512, kernel: /home/xen/netbsd-XEN3_DOMU.gz, state: shutdown}
    destroy_after: 120

- name: A guest and its disks are gone
  netbsd.xen.domain:
    guests:
      - {name: old1, state: absent}
    remove_disks: true
"""

RETURN = r"""
changes:
  description: What was done, or in check mode would be done, in order.
  returned: always
  type: list
  elements: dict
  contains:
    resource:
      description: The resource, here V(domain).
      type: str
    thing:
      description: The guest.
      type: str
    summary:
      description: The change in words.
      type: str
    impact:
      description: What it costs, one of V(live), V(guest_restart), V(guest_recreate) and V(host_reboot).
      type: str
    before:
      description: What was found. A password is replaced by a digest.
      type: raw
    after:
      description: What is wanted. A password is replaced by a digest.
      type: raw
restart_required:
  description: Changes that are still needed and were not allowed, in the same form as RV(changes).
  returned: always
  type: list
  elements: dict
commands:
  description: The commands that were run on the machine.
  returned: always
  type: list
  elements: dict
  contains:
    argv:
      description: The command and its arguments.
      type: list
      elements: str
    rc:
      description: Its exit status; nothing if it did not end in time.
      type: int
    seconds:
      description: How long it took.
      type: float
failures:
  description: What failed, guest by guest.
  returned: failure
  type: list
  elements: dict
  contains:
    thing:
      description: The guest.
      type: str
    msg:
      description: What was found and what to do.
      type: str
    command:
      description: The command that failed.
      type: list
      elements: str
    rc:
      description: Its exit status.
      type: int
    cause:
      description: The line of its output that says why.
      type: str
    xl_log:
      description: The last lines of C(/var/log/xen/xl-NAME.log).
      type: str
    console_log:
      description: The last lines of C(/var/log/xen/console/guest-NAME.log).
      type: str
"""

from ansible_collections.netbsd.xen.plugins.module_utils._engine import run_module
from ansible_collections.netbsd.xen.plugins.module_utils._resources import domain


def main():
    run_module(domain)


if __name__ == "__main__":
    main()
