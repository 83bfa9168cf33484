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
  - Everything that is wrong with a declaration is refused before anything is touched, with the guest, the key, what
    was found and what is allowed.
  - What can't be changed while a guest runs is reported in RV(ignore:restart_required) and left alone, unless
    O(restart_policy=if_needed).
  - A guest that fails does not keep the others from being brought up.
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
  - netbsd.xen.resource.release
notes:
  - With C(xenstored) dead a call of C(xl) would hang for ever, so the module looks for it first and fails with the
    command that starts it.
  - Two runs on one host at a time are safe. They create guests one after the other.
  - A UUID that the declaration does not give is written to the configuration file, and is no reason for a restart.
  - On NetBSD a guest's disk in a file is a vnd unit, which may stay when the guest ends or the disk is taken. A unit
    that no guest uses is released if a guest's configuration names its file; all others stay.
  - A domain that xenstored does not know ("(null)") can't be managed, and says what to do instead.
options:
  guests:
    description:
      - The guests, each a dictionary. Guests of the host that are not listed are left alone. These are a guest's
        keys.
      - "B(name) (needed): letters, digits, C(_), C(.), C(+) and C(-). It is its file's name, too."
      - "B(os): V(netbsd), V(linux) or V(other) (the default). By it a guest takes its O(os_defaults)."
      - "B(state): V(running) (the default); V(paused), ready to run and standing still; V(shutdown), asked to shut
        down; V(destroyed), stopped at once; V(saved), its memory kept in O(save_dir), from where it goes on when it
        is to be V(running) again; V(absent), shut down and its configuration removed."
      - "B(type): V(pv) (the default), V(pvh), V(hvm), or V(pvshim), a pv kernel within a pvh guest."
      - "B(memory) (needed but for V(absent)) and B(maxmem) (default: the same): in MiB, or like V(512M) or V(2G). A
        NetBSD guest can't grow above the memory that it was started with, and needs a restart for that."
      - "B(vcpus) (default 1) and B(maxvcpus) (default: the same): virtual processors, and how many they may become
        while it runs. In a NetBSD guest the two are equal, because it starts all of them and gives none back."
      - "B(kernel), B(ramdisk): files of the dom0. A V(hvm) guest boots by itself and needs neither."
      - "B(cmdline), or B(root) and B(extra): the kernel's command line. Of the two xl makes C(root=ROOT EXTRA)."
      - "B(bootloader): a program of the dom0 that finds the kernel in the guest's disk, for example V(pygrub)."
      - "B(disks): a list. An item is the path of a file or block device, or a dictionary with the following keys; see
        xl-disk-configuration(5)."
      - "disks: B(path); B(size) like V(10G), with which a file that does not exist is made, taking no space yet (one
        that exists is never changed)."
      - "disks: B(vdev), its name in the guest (V(xvda), V(hda), V(sda) or a number; default V(xvda), V(xvdb), ... in
        order); B(access), V(rw) (the default) or V(ro); B(cdrom), whether it is a CD. A V(hvm) guest's CD drive may
        be empty, without a path."
      - "disks: B(format), V(raw) (the default), V(qcow2), V(qcow), V(vhd) or V(qed); B(backendtype), V(phy) or
        V(qdisk) (default: xl's choice). NetBSD's kernel serves V(raw) only; the others need qemu, which a V(hvm)
        guest has and others get with V(backendtype=qdisk)."
      - "disks: B(script), a hotplug script; B(discard) and B(direct_io_safe), true or false."
      - "B(nics): a list. An item is the name of a bridge, or a dictionary with the following keys; see
        xl-network-configuration(5). V(mtu), V(vlan) and V(vifname) are refused, because they have no effect on NetBSD."
      - "nics: B(bridge); B(mac), which is derived from O(host_name), the guest's name and the interface's number if
        it is not given, so that it is the same in every run."
      - "nics: B(type), V(vif) or, for V(hvm), V(ioemu); B(model) of an emulated one; B(rate) like V(10MB/s);
        B(script), a hotplug script; B(ip), which is passed to it."
      - "B(pci): a list. An item is the address of a device like V(0000:03:00.0), or a dictionary with B(bdf) (the
        address), B(vslot), B(permissive), B(msitranslate), B(seize), B(power_mgmt), B(rdm_policy); see
        xl-pci-configuration(5). dom0 must have been booted with the device hidden from its own drivers."
      - "B(cpus): the real processors that the virtual ones may run on. A text for all of them (V(2), V(0-3,^1),
        V(all), V(nodes:0)), or a list with one text for each."
      - "B(weight): its share where processors are scarce, 1 to 65535 (Xen's default is 256). B(cap): the most that it
        gets, in percent of one processor; V(150) is one and a half, V(0) is no limit. B(pool): its CPU pool."
      - "B(vnc): V(true), or a dictionary with B(listen), an address of the host (default V(127.0.0.1)), B(display), 0
        to 99, for the ports from 5900 on (default: the first that is free), and B(keymap)."
      - "B(vncpasswd), B(spicepasswd): passwords. They are kept out of logs and results, and the file that holds one
        is readable by root only."
      - "B(serial): the serial line of a V(hvm) guest, for example V(pty)."
      - "B(on_poweroff) (default V(destroy)), B(on_reboot) (default V(restart)), B(on_crash) (default V(destroy)),
        B(on_watchdog) and B(on_soft_reset) (default: xl's own): what follows on these, V(destroy), V(restart),
        V(rename-restart), V(preserve), V(coredump-destroy) or V(coredump-restart); on a soft reset also
        V(soft-reset)."
      - "B(uuid): derived from O(host_name) and the guest's name if it is not given."
      - "B(autostart): whether it starts with the host (used by role P(netbsd.xen.services#role))."
      - "B(depends_on): names of guests of this host that must be up before it is started. B(priority): -1000 to 1000,
        the lower the earlier (default 0)."
      - "B(health): how it shows that it has come up, for which the next start waits. A dictionary with B(console),
        plain text that appears on its console; or B(address) and B(port), where something must answer by TCP; or
        both. B(timeout): how many seconds that may take (1 to 3600, default 120). For B(console) the consoles must be
        logged, with C(XENCONSOLED_TRACE=guest) for xencommons."
      - "B(settings): a dictionary of any other keys of xl.cfg(5). What O(release) does not know is refused, and so is
        what has a key of its own here."
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
  save_dir:
    description:
      - The directory where the memory of V(saved) guests is kept, in files V(NAME.save). Each is as large as its
        guest's memory.
      - The default is C(/var/xen/save) on NetBSD and C(/var/lib/xen/save) on Linux.
    type: path
  release:
    description:
      - The Xen release of the host, like V(4.20). What it does not know is refused, where xl would ignore it without
        a word.
      - For the older ones that is what C(xm) can be told.
      - Without it, a key that any release knows is let through.
    type: str
  os_defaults:
    description:
      - Values for guests that do not give their own, by the guest's V(os).
      - A guest with a V(bootloader) or of type V(hvm) takes no kernel, ramdisk or command line from here.
      - "Not from here: V(name), V(os), V(disks), V(nics), V(pci), V(uuid), V(state), V(depends_on) and passwords."
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
      - So long a guest is also asked to save itself, again and again if it does not answer, as while it boots.
      - A NetBSD guest without C(powerd=YES) in its C(rc.conf) neither shuts down nor saves itself when asked.
    type: int
    default: 180
  destroy_after:
    description:
      - After how many seconds (0 to 3600) a guest that does not shut down is stopped hard. Takes the place of
        O(shutdown_timeout).
    type: int
  remove_disks:
    description:
      - Whether the disks of an V(absent) guest are removed with all their data. Only regular files are, and only
        those that no other guest names.
    type: bool
    default: false
  detach_devices:
    description:
      - Whether disks and network interfaces that are no longer declared may be taken from a guest while it runs.
        Otherwise that takes a restart of the guest, see O(restart_policy).
      - An interface is never taken from a running NetBSD guest, whose kernel panics when that happens.
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
  assume_vnd_units:
    description: How many vnd units are taken to have device nodes, because an earlier task of a check run would have
      made them.
    type: int
    default: 0
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

- name: A guest on processors of its own, seen by VNC, with a setting that is used seldom
  netbsd.xen.domain:
    release: "4.20"
    guests:
      - name: build1
        os: netbsd
        kernel: /home/xen/netbsd-XEN3_DOMU.gz
        root: xbd0a
        memory: 2G
        vcpus: 2
        cpus: 2-3
        weight: 512
        disks: [/dev/wd0f]
        nics: [bridge0]
        vnc: {listen: 10.0.0.1, display: 5}
        vncpasswd: "{{ vault_build1_vnc }}"
        settings:
          e820_host: true

- name: The web server starts when the database answers
  netbsd.xen.domain:
    os_defaults:
      netbsd:
        kernel: /home/xen/netbsd-XEN3_DOMU.gz
        root: xbd0a
        memory: 512M
        health: {console: "login:"}
    guests:
      - name: db1
        os: netbsd
        disks: [/dev/wd0g]
        nics: [bridge0]
        health: {address: 10.0.0.21, port: 5432, timeout: 300}
      - {name: web2, os: netbsd, disks: [/dev/wd0h], nics: [bridge0], depends_on: [db1]}

- name: A guest with firmware, its installation CD in the drive
  netbsd.xen.domain:
    guests:
      - name: win1
        type: hvm
        memory: 4G
        disks:
          - {path: /dev/wd0i, vdev: hda}
          - {path: /home/xen/install.iso, vdev: hdc, cdrom: true}
        nics: [{bridge: bridge0, model: e1000}]
        vnc: true
        settings: {boot: dc, usbdevice: tablet}

- name: A guest stands aside for a while, its memory kept in a file
  netbsd.xen.domain:
    guests:
      - {name: web1, os: netbsd, memory: 512, kernel: /home/xen/netbsd-XEN3_DOMU.gz, disks: [/dev/wd0e], state: saved}
    save_dir: /home/xen/save

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
      description: The guest, or the vnd unit that one left behind.
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
  description:
    - What failed, each with its C(thing) (the guest) and C(msg) (what was found and what to do).
    - Of a command that failed also C(command), its exit status C(rc) and the line of its output that says why,
      C(cause); of a guest the last lines of its logs, C(xl_log) of C(/var/log/xen/xl-NAME.log) and C(console_log) of
      C(/var/log/xen/console/guest-NAME.log).
  returned: failure
  type: list
  elements: dict
"""

from ansible_collections.netbsd.xen.plugins.module_utils._engine import run_module
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain


def main() -> None:
    run_module(domain)


if __name__ == "__main__":
    main()
