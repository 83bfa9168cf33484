# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of an xl configuration as data."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl import xlcfg

DOCUMENTATION = r"""
name: from_xlcfg
short_description: A guest's xl configuration as data
version_added: 0.1.0
description:
  - Reads the text of a guest's configuration as C(xl) does, see xl.cfg(5). C(xl.conf) has the same grammar.
  - That grammar is not Python's, although it looks like it. What C(xl) would refuse is refused, with the line. A key
    that is set twice has its last value.
author: netbsd.xen contributors (@netbsd-xen)
seealso:
  - plugin: netbsd.xen.to_xlcfg
    plugin_type: filter
    description: The other way round.
  - plugin: netbsd.xen.from_xm
    plugin_type: filter
    description: For the older xm's configurations, which are Python.
options:
  _input:
    description: The text.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: The memory of a guest that was configured by hand
  ansible.builtin.debug:
    msg: "{{ (lookup('ansible.builtin.file', 'web1.cfg') | netbsd.xen.from_xlcfg).memory }}"

- name: A list
  ansible.builtin.debug:
    msg: "{{ 'vif = [ \"bridge=bridge0\" ]' | netbsd.xen.from_xlcfg }}"  # {'vif': ['bridge=bridge0']}
"""

RETURN = r"""
_value:
  description: The settings, key to text or to a list of texts and lists. Numbers are text, as C(xl) keeps them.
  type: dict
  sample: {name: web1, memory: "512", vif: ["bridge=bridge0"]}
"""


def from_xlcfg(text: Any) -> dict[str, Any]:
    """The settings of a configuration. Raises AnsibleFilterError, with the line, where xl ends with a syntax error."""
    if not isinstance(text, str):
        raise AnsibleFilterError(f"from_xlcfg: allowed is the text of a configuration, not {type(text).__name__}")
    try:
        return dict(xlcfg.parse(str(text)))
    except ValueError as error:
        raise AnsibleFilterError(f"from_xlcfg: xl can't read this configuration: {error}") from error


class FilterModule:
    """Tells Ansible about the filter."""

    def filters(self) -> dict[str, Any]:
        return {"from_xlcfg": from_xlcfg}
