# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data as the text of an xl configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl import xlcfg

DOCUMENTATION = r"""
name: to_xlcfg
short_description: A guest's xl configuration from data
version_added: 0.1.0
description:
  - Writes settings as C(xl) reads them, one a line in the given order, see xl.cfg(5). Whatever is in a text, a quote or
    a backslash, C(xl) reads it back as it was.
  - Nothing is checked but that C(xl) can read it. M(netbsd.xen.domain) manages guests and checks what they are made of.
author: netbsd.xen contributors (@netbsd-xen)
seealso:
  - plugin: netbsd.xen.from_xlcfg
    plugin_type: filter
    description: The other way round.
positional: header
options:
  _input:
    description: The settings, key to a text, a whole number, a boolean, or a list of them.
    type: dict
    required: true
  header:
    description: Text for the file's first lines, which become comments.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: A configuration for a test that is not managed
  ansible.builtin.copy:
    content: "{{ {'name': 'try1', 'memory': 256, 'vif': ['bridge=bridge0']} | netbsd.xen.to_xlcfg }}"
    dest: /home/xen/try1.cfg
    mode: "0644"

- name: A list
  ansible.builtin.debug:
    msg: "{{ {'vif': ['bridge=bridge0']} | netbsd.xen.to_xlcfg | trim }}"  # vif = ["bridge=bridge0"]
"""

RETURN = r"""
_value:
  description: The text. It ends with a newline.
  type: str
  sample: |
    name = "try1"
    memory = 256
    vif = ["bridge=bridge0"]
"""


def to_xlcfg(settings: Any, header: str = "") -> str:
    """The text of a configuration. Raises AnsibleFilterError for what can't be written to one."""
    if not isinstance(settings, Mapping):
        raise AnsibleFilterError(f"to_xlcfg: allowed is a dictionary of settings, not {type(settings).__name__}")
    try:
        return xlcfg.render(settings, str(header))
    except ValueError as error:
        raise AnsibleFilterError(f"to_xlcfg: {error}") from error


class FilterModule:
    """Tells Ansible about the filter."""

    def filters(self) -> dict[str, Any]:
        return {"to_xlcfg": to_xlcfg}
