# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guests of the play's dom0s in which a login was seen, as hosts for the inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: guest_hosts
short_description: Guests as hosts for the inventory
version_added: 0.2.0
description:
  - For each guest in which M(netbsd.xen.guest_system) has seen a login, all that ansible.builtin.add_host takes. Role
    domu calls it where O(domu_add_hosts) says so, and so does C(netbsd.xen.site) in its last play, for the hosts too
    that were seen to be in sync. No machine is asked for it; what was seen stands in records, which a run reads anyway.
  - A guest's host keys are those that its installation made or read, in a file of its own on the controller, and none
    other is ever accepted.
  - The controller looks which of these keys it sees at the guest's address. Where it sees none of them, the way goes
    through the guest's dom0, whose sshd must allow that (C(AllowTcpForwarding), as it does by default). That way is
    made from all that says how the dom0 itself is reached, but for a password.
  - A guest is called by its own name. Where guests of several dom0s of the play have one name, each is C(GUEST.DOM0).
author: netbsd.xen contributors (@netbsd-xen)
seealso:
  - module: netbsd.xen.guest_system
options:
  domu_add_hosts:
    description: Whether the guests of a host join.
    type: bool
    default: false
    vars: [{name: domu_add_hosts}]
  domu_add_hosts_groups:
    description: The groups that they join.
    type: list
    elements: str
    default: [netbsd_xen_guests]
    vars: [{name: domu_add_hosts_groups}]
  domu_add_hosts_jump:
    description:
      - Whether they are reached through their dom0, V(always) or V(never). With V(auto) the controller looks.
    type: str
    choices: [auto, always, never]
    default: auto
    vars: [{name: domu_add_hosts_jump}]
notes:
  - It is asked once for all hosts of the play, and each host's own variables count.
  - Guests that can't be reached are warned of and left out.
"""

EXAMPLES = r"""
- name: Guests in which a login was seen join the inventory
  ansible.builtin.add_host:
    name: "{{ item.name }}"
    groups: "{{ item.groups }}"
    ansible_host: "{{ item.address }}"
    ansible_user: "{{ item.user }}"
    ansible_ssh_common_args: "{{ item.ssh_common_args }}"
    ansible_control_path: "{{ item.control_path }}"
    ansible_host_key_checking: true
    ansible_python_interpreter: "{{ item.python or omit }}"
    netbsd_xen_dom0: "{{ item.dom0 }}"
  loop: "{{ query('netbsd.xen.guest_hosts') }}"
  changed_when: false
"""

RETURN = r"""
_value:
  description:
    - The guests. Each has its C(name) in the inventory, and as C(guest) and C(dom0) whose it is; C(address), C(user),
      C(groups), C(ssh_common_args), C(control_path); C(python), the path of its Python, empty where none was seen;
      C(straight), false if the way goes through its dom0; and
      C(known_hosts), the lines of the file C(path).
  type: list
  elements: dict
"""

from dataclasses import asdict
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.plugin_utils import _guest_hosts, _guest_ways
from ansible_collections.netbsd.xen.plugins.plugin_utils._guest_hosts import Dom0

GROUPS = ("netbsd_xen_guests",)
GUESTS = "domu_guests"
# What the last of role domu's tasks is registered as, and netbsd.xen.plan.
LOGINS = "domu_logins_result"
PLAN = "netbsd_xen_plan"

display = Display()


class LookupModule(LookupBase):
    """Tells Ansible about the lookup."""

    def run(self, terms: list[str], variables: Any = None, **kwargs: Any) -> list[Any]:
        self._known = variables or {}
        dom0s = [dom0 for host in self._known.get("ansible_play_hosts_all", []) if (dom0 := self._dom0(host))]
        found, left_out = _guest_hosts.hosts(dom0s, _guest_ways.scan, _guest_ways.folder())
        for line in left_out:
            display.warning(line)
        try:
            _guest_ways.keep(found)
        except XenError as error:
            raise AnsibleError(f"guest_hosts: {error}") from error
        return [asdict(each) for each in found]

    def _dom0(self, host: str) -> Dom0 | None:
        """A host of the play; None if its guests do not join."""
        own = self._known["hostvars"].raw_get(host)
        logins = {**((own.get(PLAN) or {}).get("plan") or {}).get("logins", {}), **_logins(own.get(LOGINS))}
        if not logins or not boolean(self._value(own, "domu_add_hosts", False)):
            return None
        said = {name: self._templated(own, own[name]) for name in _guest_hosts.CONNECTION if name in own}
        return Dom0(
            name=host,
            connection={**_guest_ways.settings(), **said},
            guests=tuple(self._value(own, GUESTS, [])),
            logins=logins,
            groups=tuple(self._value(own, "domu_add_hosts_groups", GROUPS)),
            jump=str(self._value(own, "domu_add_hosts_jump", _guest_hosts.AUTO)),
            present=self._present(host),
        )

    def _value(self, own: dict[str, Any], name: str, default: Any) -> Any:
        """A variable of a host. One that no host has as its own is that of the play or the role."""
        if name in own:
            return self._templated(own, own[name])
        here = self._known["hostvars"].raw_get(self._known["inventory_hostname"])
        return self._known.get(name, default) if name not in here else default

    def _templated(self, own: dict[str, Any], value: Any) -> Any:
        return self._templar.copy_with_new_env(available_variables=own).template(value)

    def _present(self, dom0: str) -> dict[str, str]:
        """The hosts that stand for its guests by now, with their addresses."""
        hostvars = self._known["hostvars"]
        found = {}
        for host in hostvars:
            own = hostvars.raw_get(host)
            if own.get(_guest_hosts.DOM0_VARIABLE) == dom0:
                found[str(host)] = str(own.get("ansible_host"))
        return found


def _logins(result: Any) -> dict[str, Any]:
    return dict(result.get("logins") or {}) if isinstance(result, dict) else {}
