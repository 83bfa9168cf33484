#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: guest_system
short_description: The operating systems of a Xen host's guests
version_added: 0.2.0
description:
  - Puts a system on the empty disk of each guest that declares one with O(netbsd.xen.domain#module:guests[].install),
    and sees that one can log in once the guest runs. It starts no guest, M(netbsd.xen.domain) does. So it is called
    before that, and once more behind it.
  - How far a guest is stands beside its configuration in C(.NAME.install), which only root can read. A run that broke
    off is gone on with, whatever ended it, and a guest in which a login was seen is never touched again.
  - A disk that holds anything is never written, and a single byte in its first or last megabyte is enough. Without a
    record it counts as installed by others, which is said and is no failure.
  - To write such a disk on purpose, copy the word from that message to
    O(netbsd.xen.domain#module:guests[].install.again). It is a digest of what the disk holds, so an old word in an
    inventory never fits again.
  - The disk of a guest that runs is never touched, nor one that anybody else has, under whatever name.
  - A login counts as seen over ssh from dom0, with the host keys that the installation made, or else if the console
    asks for one. An address that a dhcp server gave is found by the guest's MAC, in what its console says, the leases
    of dhcpd and dnsmasq on dom0, and dom0's arp table. Where dom0 has no address on the guest's bridge only the console
    can tell it.
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
  - netbsd.xen.resource.limit
  - netbsd.xen.resource.release
notes:
  - Method V(sets) writes a disklabel, or a GPT, with a file system and swap, unpacks the sets, and sets up what
    C(sysinst) would ask for. Only disks in files can be written. Everything is fetched before the disk is touched, once
    for all guests, into C(/var/xen/install), and the kernel to C(/home/xen).
  - Nothing of the guest is run in dom0, so the guest's release may be older or newer than dom0's, or of another
    architecture.
  - In the guest, root logs in with a key, and sshd, powerd, swap and the console are set up.
  - A vnd unit is needed meanwhile, and with a GPT the wedges (dk(4)) that dom0's kernel makes on it. It is given back
    whatever happens, if need be by the next run.
  - Method V(sysinst) starts the guest with the kernel that has NetBSD's own installer in it (C(INSTALL_XEN3_DOMU)), and
    the action plugin talks to that at the guest's console, by the host's own ssh as root, with the Python libraries
    pexpect and pyte on the controller. The guest fetches its sets itself, without TLS and without a check of their
    sums; the kernels are checked as for method V(sets). When it has halted, its disk is looked at in dom0, and set up
    as after V(sets). What was said is kept in C(netbsd_xen/consoles) below C(ANSIBLE_HOME). A conversation that broke
    off begins again with an empty disk. No password that is used is ever typed.
  - Method V(tree) makes a file system of a tarball, with the programs of the package C(e2fsprogs), which must be there;
    role C(dom0) installs it where a guest needs it (O(netbsd.xen.xen_packages#module:disk_packages)). A disk that the
    guest knows as C(xvda1) or C(hda1) (C(0x301)) is that file system, and one that it knows as C(xvda) or C(hda)
    (C(0x300)) gets a partition table, with the file system in its first partition; the guest's root follows from that.
    Nothing of the guest's is run, so what the scripts of its packages do must have been done in the tree; extended
    attributes are left out. Hostname, network (by netplan, ifupdown or systemd-networkd), C(/etc/fstab), root's keys
    and password, ssh host keys, machine-id and a login on the console are the guest's own.
  - Method V(packages) unpacks C(.deb) or C(.rpm) files instead of a tarball. Their scripts are run by the guest when it
    boots for the first time (C(dpkg --configure -a), or C(rpm -U) over what is there), by a unit of systemd that goes
    away when they have succeeded and tries again at the next boot if not. Until then sshd may not be up, and what it
    prints is on the console. So the disk must have room for the packages and for what is in them. Whether a
    distribution comes up that way is the admin's to try; a tree that was made on a Linux machine is set up already.
  - Method V(media) starts the guest with the live system of an OpenSolaris DVD. The action plugin logs in at its
    console, has a VNC server or the installer itself shown to a person, and there it stops, which is no failure and
    changes nothing else. Each later run looks in at the console again. Once the installer says that its pool is whole,
    the number of the boot file system is read, the live system is ended, and what the guest boots from then on is
    returned in RV(boots), for M(netbsd.xen.domain). What a person has begun is never ended or written over.
  - A kernel that this Xen can't start, or that needs a ramdisk and has none, is refused before the guest is started.
  - Method V(image) writes an image as it is. A qcow2 is turned into a raw disk by C(qemu-img) of Xen's tools. Two
    guests of one image are two machines if the image has cloud-init and each guest has a C(seed).
options:
  guests:
    description:
      - The guests, as O(netbsd.xen.domain#module:guests) takes them. Those without C(install) are left alone, and their
        disks are nobody else's.
    type: list
    elements: raw
    required: true
  host_name:
    description:
      - What UUIDs and MAC addresses that are not given are derived from. The action plugin fills in the inventory's
        name of the host.
    type: str
    required: true
  install_source:
    description:
      - Where releases of NetBSD come from, unless a guest says otherwise, as
        O(netbsd.xen.domain#module:guests[].install.source). The default is C(https://cdn.NetBSD.org/pub/NetBSD).
    type: str
  install_remote_src:
    description:
      - With V(false), O(install_source) and O(install_keyring) are a directory and a file of the controller, as with
        O(netbsd.xen.domain#module:guests[].install.remote_src).
    type: bool
    default: true
  install_keyring:
    description:
      - The public keys of those who may have signed the sums of a release, unless a guest says otherwise, as
        O(netbsd.xen.domain#module:guests[].install.keyring). Without any, no signature is asked for.
    type: str
  install_pkg_path:
    description:
      - Where guests with NetBSD that shall have Python get it, unless they say otherwise, as
        O(netbsd.xen.domain#module:guests[].install.pkg_path). The default is
        C(https://cdn.NetBSD.org/pub/pkgsrc/packages/NetBSD/$arch/$osrelease/All).
    type: str
  unfit:
    description: Why the action plugin can't have a file of the controller, by guest. For it alone.
    type: dict
    default: {}
  session:
    description: Of the run that talks to guests' own installers. For the action plugin alone.
    type: str
    default: ""
  heard:
    description: How conversations with guests' own installers have ended, by guest. For the action plugin alone.
    type: dict
    default: {}
  config_dir:
    description: The directory of the guests' configuration files, as for M(netbsd.xen.domain).
    type: path
  save_dir:
    description: The directory where the memory of saved guests is kept, as for M(netbsd.xen.domain).
    type: path
  release:
    description:
      - The release of Xen that the guests are for, as for M(netbsd.xen.domain).
    type: str
  os_defaults:
    description: What guests of a system have unless they say otherwise, as for M(netbsd.xen.domain).
    type: dict
    default: {}
  assume_dom0:
    description: Plans for a host that is not yet a dom0, in check mode.
    type: bool
    default: false
  secrets:
    description:
      - What is secret, by guest, each a dictionary with V(root_password), a hash, V(vnc_password), and V(user_data), as
        JSON. The action plugin moves it here from the guests, so that it is logged nowhere.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: A guest gets its system
  netbsd.xen.guest_system:
    guests: &guests
      - name: web1
        os: netbsd
        memory: 512M
        disks: [{path: /home/xen/web1.img, size: 8G}]
        nics: [bridge0]
        install:
          release: "10.1"
          network: {address: 10.0.0.21/24, gateway: 10.0.0.1, nameservers: [10.0.0.2]}
          authorized_keys: ["{{ lookup('file', '~/.ssh/id_ed25519.pub') }}"]

- name: It is started
  netbsd.xen.domain:
    guests: *guests

- name: A login is seen
  netbsd.xen.guest_system:
    guests: *guests

- name: A guest that NetBSD's own installer sets up
  netbsd.xen.guest_system:
    guests:
      - name: web5
        os: netbsd
        memory: 512M
        disks: [{path: /home/xen/web5.img, size: 8G}]
        nics: [bridge0]
        install:
          method: sysinst
          release: "10.1"
          source: http://cdn.NetBSD.org/pub/NetBSD
          network: {address: 10.0.0.25/24, gateway: 10.0.0.1, nameservers: [10.0.0.2]}
          authorized_keys: ["{{ lookup('file', '~/.ssh/id_ed25519.pub') }}"]

- name: Debian from a tarball, in which debootstrap has made one
  netbsd.xen.guest_system:
    guests:
      - name: web2
        os: linux
        memory: 512M
        kernel: /home/xen/web2-vmlinuz
        ramdisk: /home/xen/web2-initrd
        root: /dev/xvda1
        extra: net.ifnames=0
        disks: [{path: /home/xen/web2.img, vdev: xvda1, size: 4G}]
        nics: [bridge0]
        install:
          method: tree
          tree: /home/xen/debian-12.tar.xz
          network: {address: 10.0.0.22/24, gateway: 10.0.0.1, nameservers: [10.0.0.2]}
          authorized_keys: ["{{ lookup('file', '~/.ssh/id_ed25519.pub') }}"]

- name: Debian from its packages, on a disk with a partition table; the kernel has Xen's disks and ext4 built in
  netbsd.xen.guest_system:
    guests:
      - name: web4
        os: linux
        memory: 512M
        kernel: /home/xen/web4-vmlinuz
        disks: [{path: /home/xen/web4.img, vdev: xvda, size: 4G}]
        nics: [bridge0]
        install:
          method: packages
          packages: /home/xen/debian-12
          network: {address: 10.0.0.24/24, gateway: 10.0.0.1, nameservers: [10.0.0.2]}
          authorized_keys: ["{{ lookup('file', '~/.ssh/id_ed25519.pub') }}"]

- name: A cloud image with its seed
  netbsd.xen.guest_system:
    guests:
      - name: web3
        os: linux
        memory: 1G
        bootloader: pygrub
        disks: [{path: /home/xen/web3.img, size: 10G}, {path: /home/xen/web3-seed.iso, access: ro}]
        nics: [bridge0]
        install:
          method: image
          image: https://cloud.debian.org/images/cloud/bookworm/latest/debian-12-generic-amd64.qcow2
          sha512: "{{ debian_image_sha512 }}"
          seed: /home/xen/web3-seed.iso
          network: dhcp
          authorized_keys: ["{{ lookup('file', '~/.ssh/id_ed25519.pub') }}"]

- name: Without any network, from a directory of dom0
  netbsd.xen.guest_system:
    install_source: /home/mirror
    guests:
      - name: db1
        os: netbsd
        memory: 1G
        disks: [{path: /home/xen/db1.img, size: 20G}]
        install: {release: "9.4", root_password: "{{ vault_db1_hash }}", swap: 2G}

- name: With Python for Ansible's modules, from packages in a directory of dom0
  netbsd.xen.guest_system:
    install_pkg_path: /home/mirror/packages/$arch/$osrelease
    guests:
      - name: app1
        os: netbsd
        memory: 1G
        disks: [{path: /home/xen/app1.img, size: 8G}]
        nics: [bridge0]
        install:
          release: "10.1"
          network: {address: 10.0.0.26/24, gateway: 10.0.0.1}
          authorized_keys: ["{{ lookup('file', '~/.ssh/id_ed25519.pub') }}"]
          python: true

- name: From a directory of the controller, and only what the security officer has signed
  netbsd.xen.guest_system:
    install_source: /srv/mirror/pub/NetBSD
    install_remote_src: false
    install_keyring: security-officer@netbsd.org.asc
    guests: *guests
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
boots:
  description: The kernel's arguments with which guests of method V(media) boot what was installed, by name, for
    C(cmdline) of O(netbsd.xen.domain#module:guests).
  returned: always
  type: dict
installing:
  description: The guests that a person is to install, or just does, for O(netbsd.xen.domain#module:installing).
  returned: always
  type: list
  elements: str
logins:
  description:
    - The guests in which a login was seen, in this run or an earlier one, by name. They are those of whom records are
      in O(config_dir), also those that are not declared any more.
    - Whether the controller reaches a guest itself is told by P(netbsd.xen.guest_hosts#lookup).
  returned: always
  type: dict
  contains:
    address:
      description: The address at which it was seen, empty if nobody could tell it.
      type: str
    user:
      description: Who logs in with the keys of C(authorized_keys).
      type: str
    host_keys:
      description: Its host keys, which the installation made or read.
      type: list
      elements: str
    known_hosts:
      description: The same as lines of known_hosts, under its name and its address.
      type: list
      elements: str
    python:
      description: The path of its Python, empty if none was seen.
      type: str
    seen:
      description: How the login was seen, C(ssh) from dom0 or C(console).
      type: str
    proof:
      description: The same in words.
      type: str
    clock_seconds:
      description:
        - How much its clock was before dom0's then, null if only the console could be asked. The action plugin compares
          it with the controller's, and warns if they differ by more than 2 seconds.
      type: float
    clock_margin:
      description: By how many seconds that may be wrong, for a call takes its time.
      type: float
conversations:
  description:
    - The guests whose own installers wait to be talked to, by name. After a run there are none, unless it broke off.
  returned: always
  type: dict
  contains:
    session:
      description: The run that was to talk to it.
      type: str
    mark:
      description: What its disk is called, by which it is known to be ours.
      type: str
    toolstack:
      description: Whose C(console) leads to it, C(xl) or C(xm).
      type: str
failures:
  description:
    - What could not be done, each with its C(thing), C(msg) and whatever is known about the cause. That is the last
      lines of its C(console), the C(step) at which it was, the C(stage) that its record has reached, and what the
      C(next_run) does. Of a conversation with a guest's own installer also the last C(screen), and the C(transcript),
      a file of the controller that C(asciinema play) shows.
  returned: failure
  type: list
  elements: dict
"""

from ansible_collections.netbsd.xen.plugins.module_utils._engine import run_module
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import resource as guest_system


def main() -> None:
    run_module(guest_system)


if __name__ == "__main__":
    main()
