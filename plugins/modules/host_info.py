#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: What a machine is, and the state of everything that the collection manages
version_added: 0.1.0
description:
  - Tells bare metal, dom0 and domU apart, which hypervisor runs and which is installed, what guests the machine can
    have, which PCI devices are left to them, and which packages are installed.
  - With O(resources) it also reads the state of the collection's resources, in this one call. Registered as
    C(netbsd_xen_host), that state is what the tasks after it are planned against; a task whose plan is empty does not
    call the machine again. See the collection's C(playbooks/site.yml).
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
  - netbsd.xen.resource.info
options:
  resources:
    description:
      - The resources to read into RV(snapshot). V(all) stands for every one.
    type: list
    elements: str
    default: []
    choices:
      - all
      - boot_cfg
      - bridge
      - device_nodes
      - dom0_weight
      - domain
      - grub_menu
      - kernfs
      - preflight
      - rc_service
      - system_files
      - tool_scripts
      - ttys
      - xen_packages
      - xl_conf
"""

EXAMPLES = r"""
- name: What this machine is
  netbsd.xen.host_info:
  register: machine

- name: Only a dom0 can have guests
  ansible.builtin.assert:
    that: machine.host.role == 'dom0'

- name: Hosts that wait for a reboot into the installed hypervisor
  ansible.builtin.debug:
    msg: "{{ machine.host.hypervisor.version }} runs, {{ machine.host.hypervisor.installed.version }} is installed"
  when: machine.host.hypervisor.current is false

- name: Read everything once; later tasks of this play plan against it
  netbsd.xen.host_info:
    resources: [all]
  register: netbsd_xen_host
"""

RETURN = r"""
host:
  description: The machine.
  returned: success
  type: dict
  contains:
    name:
      description: Its own name, C(uname -n).
      type: str
      returned: success
      sample: xen1
    system:
      description: The operating system.
      type: str
      returned: success
      sample: NetBSD
    release:
      description: Release of the operating system.
      type: str
      returned: success
      sample: "10.1"
    machine:
      description: Machine hardware name.
      type: str
      returned: success
      sample: amd64
    processor:
      description: The processor's architecture, C(uname -p).
      type: str
      returned: success
      sample: x86_64
    kernel:
      description: The running kernel's version text.
      type: str
      returned: success
      sample: "NetBSD 10.1 (XEN3_DOM0) #0: Mon Dec 16 13:08:11 UTC 2024  mkrepro@mkrepro.NetBSD.org:/usr/src"
    kernel_config:
      description: The configuration that the running kernel was built from; null unless this is NetBSD.
      type: str
      returned: success
      sample: XEN3_DOM0
    booted_at:
      description:
        - When the machine was booted, in seconds since 1970; null unless this is NetBSD.
        - The dom0 kernel tells nobody its own arguments. Changes of the boot menu that are younger than this are not in
          use.
      type: int
      returned: success
      sample: 1795344206
    role:
      description: V(dom0), V(domu) or V(bare_metal).
      type: str
      returned: success
      sample: dom0
    kernfs:
      description: Whether kernfs is mounted on C(/kern). Null where there is no kernfs.
      type: bool
      returned: success
    hypervisor:
      description:
        - The running hypervisor; null unless this is a dom0 and something tells which one runs.
        - Where the toolstack does not answer, because the tools are missing or those of another release, the version is
          the one that the kernel printed at boot. What only the toolstack could tell is null then.
      type: dict
      returned: success
      contains:
        version:
          description: Its version.
          type: str
          returned: success
          sample: 4.20.2_20260610nb0
        release:
          description: The release that it belongs to.
          type: str
          returned: success
          sample: "4.20"
        commandline:
          description: The arguments that it was booted with. Null where the toolstack can't tell, as that of Xen 3.1.
          type: str
          returned: success
          sample: dom0_mem=1G
        capabilities:
          description: What it can run, C(xen_caps) of C(xl info).
          type: list
          elements: str
          returned: success
          sample: [xen-3.0-x86_64, hvm-3.0-x86_64]
        virtualization:
          description: What the machine offers it, C(virt_caps) of C(xl info).
          type: list
          elements: str
          returned: success
          sample: [pv, hvm, hap]
        guest_types:
          description: The types of guests that follow from these, of V(pv), V(pvh) and V(hvm).
          type: list
          elements: str
          returned: success
          sample: [pv, pvh, hvm]
        scheduler:
          description: Its scheduler.
          type: str
          returned: success
          sample: credit2
        dom0_weight:
          description:
            - The weight that the scheduler gives to dom0 when guests want all of the CPU as well; each of them has 256
              unless it says otherwise.
            - Null where the toolstack does not answer, and where the scheduler knows no weights.
          type: int
          returned: success
          sample: 1024
        memory_total:
          description: The machine's memory in MiB.
          type: int
          returned: success
          sample: 16384
        memory_free:
          description: Memory that belongs to no domain, in MiB.
          type: int
          returned: success
          sample: 12000
        cpus:
          description: The number of real CPUs.
          type: int
          returned: success
          sample: 8
        boots:
          description:
            - The hypervisor of the boot menu's default entry, C(file), and whether that is the one of the installed
              package, C(from_package), null if there is none to compare it with; and what it and the dom0 kernel are
              given, C(hypervisor_args) and C(kernel_args).
            - Null if the default entry boots no hypervisor, or the menus of several loaders name different ones.
          type: dict
          returned: success
          sample: {file: /xen-4.20.gz, from_package: true, hypervisor_args: dom0_mem=1G, kernel_args: root=wd0a}
        installed:
          description:
            - The installed package of the hypervisor, C(package), C(release) and C(version). Of several it is the one
              whose file the next boot boots, else the one of the running release.
            - Null if none is installed, or it can't be told which one counts.
          type: dict
          returned: success
          sample: {package: xenkernel420, release: "4.20", version: "20260610"}
        current:
          description:
            - Whether the hypervisor that runs is RV(host.hypervisor.installed). If not, the machine waits for a reboot.
            - Null if that can't be told. Before Xen 4.18 two revisions of one package look alike.
          type: bool
          returned: success
    toolstack:
      description:
        - The toolstack, C(name) V(xl) or V(xm), and whether its xenstored is C(alive), so that it can be used, or
          C(why) not. C(exchanged) says whether its package was installed after the machine was booted, so that the
          daemons may be those of the package before it; null if that can't be told. C(lost_guests) is what tells of
          guests that run and that no xenstored knows, because it died beside them; see M(netbsd.xen.xen_reboot).
        - Null unless this is a dom0.
      type: dict
      returned: success
      sample: {name: xl, alive: true, why: "", exchanged: false, lost_guests: []}
    pci:
      description:
        - The PCI devices that this dom0 leaves to guests, C(hidden), by their addresses. They are hidden from dom0's
          drivers at boot, with O(netbsd.xen.bootloader#role:main:bootloader_pci_hide).
        - Null unless this is a NetBSD dom0.
      type: dict
      returned: success
      sample: {hidden: ["0000:03:00.0"]}
packages:
  description: Installed binary packages, base name to version.
  returned: success
  type: dict
  sample: {xenkernel420: "20260610", xentools420: "20260610"}
snapshot:
  description: The state of the resources that were asked for.
  returned: when O(resources) is not empty
  type: dict
  contains:
    id:
      description: Names this reading; no two are the same.
      type: str
      returned: success
    resources:
      description: Resource name to state.
      type: dict
      returned: success
    errors:
      description: Resource name to the reason why it could not be read; a task about it goes to the machine.
      type: dict
      returned: success
commands:
  description: The commands that were run.
  returned: always
  type: list
  elements: dict
  sample: [{argv: [/usr/pkg/sbin/xl, info], rc: 0, seconds: 0.012}]
"""

# This module has an action plugin, which looks by the module look, and never runs by itself.
