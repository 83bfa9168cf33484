#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: domain_info
short_description: What is known of the guests of a Xen host
version_added: 0.1.0
description:
  - Reads the guests' configuration files and the running domains, and changes nothing.
  - Domain 0 is not among them.
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource.info
options:
  names:
    description: The guests of interest. The default is all.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: What runs on the host
  netbsd.xen.domain_info:
  register: guests

- name: One guest's MAC addresses
  ansible.builtin.debug:
    msg: "{{ guests.guests.web1.domain.config.vif | map(attribute='mac') }}"
"""

RETURN = r"""
guests:
  description: The guests by name. One without a configuration file, a saved memory and a running domain is not there.
  returned: success
  type: dict
  contains:
    state:
      description:
        - V(running), V(paused), V(down) (it has shut down and is still listed), V(crashed), V(dying), V(saved) (its
          memory is in a file and it goes on from there), V(shutdown) (it is not running and has a configuration file),
          or V(duplicate) (several domains have the name).
      type: str
    config_file:
      description: The path of its configuration file, if there is one.
      type: str
    config:
      description: What the configuration file means, with defaults filled in. A password is replaced by a digest.
      type: dict
    config_error:
      description: Why xl can't read the configuration file, if so.
      type: str
    domain:
      description:
        - The running domain. V(domid), V(state) as C(xl list) prints it, V(used) (its memory in MiB), V(online_vcpus),
          and in V(config) what the toolstack has set.
      type: dict
    domids:
      description: The ids of all domains of that name.
      type: list
      elements: int
dom0:
  description: Whether this is a dom0 whose toolstack answers (V(alive)), and if not, V(why).
  returned: success
  type: dict
vnd:
  description:
    - The vnd units of a NetBSD machine that are not the disks of running guests, C(left) behind by guests and C(kept)
      for another reason, both by unit. Each has the C(path) of its file and the C(guest) whose configuration names it,
      if one does; a kept one says C(why), and whether dom0 has C(mounted) a file system on it.
    - Null if every disk in a file belongs to a running guest, because then nobody looks.
  returned: success
  type: dict
  sample:
    left: {vnd3: {path: /home/xen/web1.img, guest: web1}}
    kept: {vnd2: {path: "", guest: "", why: inode 9412 on / is no guest's disk, mounted: false}}
commands:
  description: The commands that were run on the machine.
  returned: always
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host
from ansible_collections.netbsd.xen.plugins.module_utils._plain import as_plain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.read.info import guests_by_name


def main() -> None:
    module = AnsibleModule(argument_spec={"names": {"type": "list", "elements": "str"}}, supports_check_mode=True)
    host = Host()
    try:
        current = domain.read(host)
    except XenError as error:
        module.fail_json(msg=str(error), commands=host.commands, **error.details)
    guests = guests_by_name(current)
    if module.params["names"] is not None:
        guests = {name: guest for name, guest in guests.items() if name in module.params["names"]}
    module.exit_json(
        changed=False,
        guests=guests,
        dom0=as_plain(current.dom0),
        vnd=as_plain(current.vnd),
        commands=host.commands,
    )


if __name__ == "__main__":
    main()
