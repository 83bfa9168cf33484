#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: xen_reboot
short_description: Boot a machine into the wanted Xen, and prove that it runs
version_added: 0.1.0
description:
  - Does nothing where the wanted Xen runs. Elsewhere it shuts the guests down, reboots the machine, waits for it, and
    proves that it came back as a dom0 under the wanted Xen.
  - Guests are asked to shut down and are waited for. If one does not, or can't be asked, the machine is not rebooted.
    Guests that C(/etc/rc.d/xendomains) does not start are started by M(netbsd.xen.domain) afterwards.
  - A machine whose C(rc.conf) would have C(/etc/rc) hang at the next boot, because it starts what needs xenstored and
    not C(xencommons), is not rebooted; nothing is shut down then.
  - A machine whose boot menu would boot no Xen, or one of another release, is not rebooted either.
  - If the machine comes back without Xen, the native entry becomes the default of the boot menu, so that the next boot
    is one that is known to work. If it comes back under another Xen, the menu stays as it is.
  - Proven are the hypervisor's release, its arguments and whether it is the installed one, the dom0 kernel's
    configuration, the PCI devices that are left to guests, and that xenstored lives. The arguments of the dom0 kernel
    can't be proven, because it tells them to nobody.
  - M(ansible.builtin.reboot) fails on NetBSD, whose C(shutdown) takes no bare C(0) for a time and which has no boot id.
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
  - netbsd.xen.resource.limit
  - netbsd.xen.resource.release
options:
  release:
    description: The Xen release that must run.
    type: str
    required: true
  kernel_config:
    description: The configuration of the dom0 kernel that must run. If omitted, any will do.
    type: str
    choices: [XEN3_DOM0, XEN3PAE_DOM0]
  hypervisor_args:
    description:
      - The arguments with which the hypervisor must run, compared word by word. If omitted, any will do.
      - Not compared where the toolstack can't tell them, as that of Xen 3.1.
    type: str
  kernel_args:
    description:
      - The arguments with which the dom0 kernel must run. It tells them to nobody, so only what can be seen is
        compared, the PCI devices that C(pciback.hide) leaves to guests. If omitted, any will do.
    type: str
  adopt:
    description:
      - Kinds of arguments of which the menu's default entry tells what is wanted, as
        O(netbsd.xen.boot_cfg#module:entries[].adopt) has them.
    type: list
    elements: str
    choices: [root, console, pci_hide, kernel, memory, hypervisor]
    default: []
  assume_ready:
    description:
      - Whether the boot menu and C(rc.conf) are taken to be right. For a run in check mode, where the tasks that would
        make them so did nothing.
    type: bool
    default: false
  xenstore:
    description: Whether xenstored must live after the reboot. It can't with the tools of another release.
    type: bool
    default: true
  reboot:
    description: Whether the machine may be rebooted.
    type: bool
    default: false
  required:
    description:
      - Whether it is a failure if the machine does not run that release and may not be rebooted. Other arguments or
        another revision of the same release are never a failure; they are in RV(restart_required).
    type: bool
    default: true
  force:
    description: Reboot although nothing differs, for example because daemons of an older package run.
    type: bool
    default: false
  abandon_guests:
    description:
      - Whether the machine may be rebooted although guests seem to run that nobody can shut down from here, because
        xenstored died beside them. A xenstored that is started anew does not know them, so only a boot brings order.
      - Say it once all of them have been shut down from within. From here that can't be seen, and one that still runs
        is cut off, as by a power failure.
      - The machine is then rebooted with C(/sbin/reboot), because C(shutdown) asks C(xl) for the guests, which waits
        for a dead xenstored for ever. Guests that can be asked are shut down as ever, and stop the reboot if they
        don't.
    type: bool
    default: false
  timeout:
    description: Seconds until the machine must answer again.
    type: int
    default: 600
  guest_timeout:
    description: Seconds that each guest has to shut down.
    type: int
    default: 300
  loader:
    description: What the machine boots with, and so which menu is changed.
    type: str
    # loaders, loaders: written by tests/tools/plugin_tables.py
    choices: [boot_cfg, grub, grub2]
    # end of the loaders
    default: boot_cfg
  native_entry:
    description: The name of the menu's entry that boots NetBSD without Xen. If omitted, the menu is never changed.
    type: str
  once:
    description:
      - The name of an entry to be booted this time only. If it does not come up, the boot after that is the default
        entry again.
      - Only with GRUB. NetBSD's own loader has no such thing.
    type: str
notes:
  - Works over a connection to another machine only. A dom0 that manages itself can't see itself come back.
"""

EXAMPLES = r"""
- name: Boot into Xen 4.20 if it does not run
  netbsd.xen.xen_reboot:
    release: "4.20"
    hypervisor_args: dom0_mem=1G
    native_entry: NetBSD
    reboot: true

- name: Only say which machines wait for a reboot
  netbsd.xen.xen_reboot:
    release: "4.20"
    required: false

- name: Try another release once; whatever happens, the next boot is the default entry
  netbsd.xen.xen_reboot:
    release: "4.20"
    loader: grub2
    once: Xen 4.20
    xenstore: false
    reboot: true
"""

RETURN = r"""
changes:
  description: What the reboot was for, or in check mode would be for.
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
      description: What the change costs the users of the machine, here always C(host_reboot).
      type: str
    before:
      description: What was found. Text or plain data, never a secret.
      type: raw
    after:
      description: What is wanted. Text or plain data, never a secret.
      type: raw
restart_required:
  description:
    - What a reboot is still needed for and was not allowed, in the form of RV(changes).
    - "Each also has its C(word), the options that the admin has to give first, like V(restart_policy: if_needed)."
  returned: always
  type: list
  elements: dict
ran:
  description: What ran before, C(before), and what runs now, C(after), in words; null if it does not answer.
  returned: when the machine was looked at
  type: dict
  sample: {before: NetBSD 10.1 (GENERIC) without Xen, after: NetBSD 10.1 (XEN3_DOM0) under Xen 4.20.2_20260610nb0}
guests:
  description: The guests that were shut down before the reboot.
  returned: when the machine was rebooted
  type: list
  elements: str
  sample: [web1, db1]
seconds:
  description: Seconds from the request to reboot until the machine was proven.
  returned: when the machine was rebooted
  type: float
  sample: 48.2
commands:
  description: The commands that were run on the machine, each with its C(argv), exit status C(rc) and C(seconds).
  returned: always
  type: list
  elements: dict
failures:
  description: What is not as wanted, each with its C(thing) and C(msg).
  returned: failure after a reboot
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.module_utils._engine import internal_error, refuse_system
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host
from ansible_collections.netbsd.xen.plugins.module_utils._resources.reboot import guests as reboot_guests
from ansible_collections.netbsd.xen.plugins.module_utils._resources.reboot import menu, rc, target


def main() -> None:
    """The machine's own part, which the action plugin calls before it reboots: a look at rc.conf, and the guests are
    shut down."""
    module = AnsibleModule(argument_spec=target.ARGUMENTS, supports_check_mode=True)
    host = Host()
    try:
        refuse_system(host.system, target.NAME)
        rc.refuse_hanging(host)
        menu.refuse_other_release(host, target.declare(module.params))
        if module.check_mode:
            guests = [row.name for row in reboot_guests.running(host, module.params["abandon_guests"])]
        else:
            guests = reboot_guests.shut_down(host, module.params["guest_timeout"], module.params["abandon_guests"])
    except XenError as error:
        module.fail_json(msg=str(error), commands=host.commands, **error.details)
    except Exception as error:
        module.fail_json(commands=host.commands, **internal_error(target.NAME, error))
    module.exit_json(changed=bool(guests), guests=guests, commands=host.commands)


if __name__ == "__main__":
    main()
