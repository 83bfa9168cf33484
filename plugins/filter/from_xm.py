# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of an xm configuration as data."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.netbsd.xen.plugins.module_utils._formats.xm import xm_config

DOCUMENTATION = r"""
name: from_xm
short_description: A guest's xm configuration as data
version_added: 0.1.0
description:
  - Reads the text of a guest's configuration for C(xm), the older toolstack. Such a file is Python.
  - It is read and never run. Assignments of texts, numbers, lists and dictionaries, concatenation and C(%) are
    understood; whatever would have to be run (C(import), C(def), C(if), calls) is refused, with the line and the
    reason.
  - What the text does not say is not added. Where it has no C(on_crash), a guest of C(xm) is restarted after a crash,
    and one of C(xl) is destroyed.
author: netbsd.xen contributors (@netbsd-xen)
seealso:
  - plugin: netbsd.xen.from_xlcfg
    plugin_type: filter
    description: For configurations of xl.
options:
  _input:
    description: The text.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: What a guest of an old machine is made of
  ansible.builtin.debug:
    msg: "{{ lookup('ansible.builtin.file', 'web1') | netbsd.xen.from_xm }}"

- name: Concatenation is understood
  ansible.builtin.debug:
    msg: "{{ 'd = \"/dev/\"; root = d + \"wd0a\"' | netbsd.xen.from_xm }}"  # {'d': '/dev/', 'root': '/dev/wd0a'}
"""

RETURN = r"""
_value:
  description: The settings, key to text or to a list, in the form of P(netbsd.xen.from_xlcfg#filter).
  type: dict
  sample: {name: web1, memory: "128", disk: ["phy:/dev/wd0e,0x1,w"]}
"""


def from_xm(text: Any) -> dict[str, Any]:
    """The settings of a configuration. Raises AnsibleFilterError, with the line, for what would have to be run."""
    if not isinstance(text, str):
        raise AnsibleFilterError(f"from_xm: allowed is the text of a configuration, not {type(text).__name__}")
    try:
        return dict(xm_config.parse(str(text)))
    except ValueError as error:
        raise AnsibleFilterError(f"from_xm: this configuration can't be read: {error}") from error


class FilterModule:
    """Tells Ansible about the filter."""

    def filters(self) -> dict[str, Any]:
        return {"from_xm": from_xm}
