# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role of the collection gives to a module, worked out of the host's variables."""

from __future__ import annotations

DOCUMENTATION = r"""
name: role_value
short_description: What a role of this collection gives to a module
version_added: 0.1.0
description:
  - Works out an option of a task of one of the collection's roles from the variables of the host. The roles' tasks
    get their options from it, and M(netbsd.xen.validate) checks the same ones before any machine is touched.
  - It is made for the roles. In a playbook it shows what a role would do, such as the boot menu that it would write.
    The names of tasks are no promise to others, and may change.
author: netbsd.xen contributors (@netbsd-xen)
seealso:
  - module: netbsd.xen.validate
options:
  _terms:
    description:
      - Names of values. V(ROLE.TASK.OPTION) is an option of a task, and V(ROLE.TASK.when) whether that task has
        anything to do. V(ROLE.NAME) is what the role's variable V(ROLE_NAME) is by default, for those that are worked
        out.
    type: list
    elements: str
    required: true
  default:
    description: What there is instead of an option that is not given, usually C(omit).
    type: raw
notes:
  - The roles' defaults must be known to the play, as those of the roles that are in it are.
"""

EXAMPLES = r"""
- name: The entry that boots by default
  ansible.builtin.debug:
    msg: "{{ lookup('netbsd.xen.role_value', 'bootloader.boot_cfg.default') }}"  # Xen
  vars:
    bootloader_default: Xen

- name: What xl would take for granted
  ansible.builtin.debug:
    msg: "{{ lookup('netbsd.xen.role_value', 'services.xl_conf.settings') }}"  # {'vif.default.bridge': 'bridge0'}
  vars:
    bridge_bridges: [{name: bridge0, interfaces: [wm0]}]
    services_xl_conf: {}
"""

RETURN = r"""
_value:
  description: The values.
  type: list
  elements: raw
  sample: [Xen]
"""

from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, Refused
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import every
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Variables
from ansible_collections.netbsd.xen.plugins.plugin_utils._templates import Templated


class LookupModule(LookupBase):
    """Tells Ansible about the lookup."""

    def run(self, terms: list[str], variables: Any = None, **kwargs: Any) -> list[Any]:
        known = variables or {}
        self._templar.available_variables = known
        templated = Variables(Templated(self._templar, known, self._loader))
        return [_value(term, templated, kwargs.get("default")) for term in terms]


def _value(name: str, variables: Variables, default: Any) -> Any:
    """Raises AnsibleError for a name that there is not, and for what can't be worked out."""
    try:
        work_out = every.find(name)
    except KeyError as error:
        raise AnsibleError(f"role_value: there is no {name}: {error} is not known") from error
    try:
        found = work_out(variables)
    except NotRead as error:
        if default is None:
            raise AnsibleError(f"role_value: {name} can't be worked out: {error}") from error
        found = None
    except Refused as error:
        raise AnsibleError(str(error)) from error
    return default if found is None else found
