# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The row of a Xen release in the collection's one table, for roles."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._releases import release

DOCUMENTATION = r"""
name: xen_release
short_description: What belongs to a Xen release
version_added: 0.1.0
description:
  - Looks a Xen release up in the collection's table of releases.
  - The release is the one in the package's name (C(xenkernel420)); the versions of these packages are dates.
author: netbsd.xen contributors (@netbsd-xen)
options:
  _input:
    description: The Xen release.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: The packages of Xen 4.20
  ansible.builtin.debug:
    msg: "{{ ('4.20' | netbsd.xen.xen_release).packages }}"
"""

RETURN = r"""
_value:
  description: The release. File names are absolute paths on the machine.
  type: dict
  contains:
    name:
      description: The release.
      type: str
      sample: "4.20"
    packages:
      description: The pair of packages that belong together, hypervisor and tools.
      type: list
      elements: str
      sample: [xenkernel420, xentools420]
    hypervisor:
      description: The hypervisor's file in its package.
      type: str
      sample: /usr/pkg/xen420-kernel/xen.gz
    toolstack:
      description: The command that manages guests.
      type: str
      sample: xl
    rc_scripts:
      description: The rc.d scripts of the tools, as files for M(netbsd.xen.system_files).
      type: list
      elements: dict
      sample:
        - src: /usr/pkg/share/examples/rc.d/xencommons
          dest: /etc/rc.d/xencommons
          mode: "0755"
          keep_previous: false
    security_support_ends:
      description: The day on which Xen's security support for the release ends.
      type: str
      sample: "2030-03-05"
"""

# Where pkgsrc installs the scripts, and where rc(8) looks for them (pkgsrc mk/pkginstall/bsd.pkginstall.mk).
PACKAGED_SCRIPTS = "/usr/pkg/share/examples/rc.d"
SYSTEM_SCRIPTS = "/etc/rc.d"


def xen_release(name: Any) -> dict[str, Any]:
    """The release's row as plain data. Raises AnsibleFilterError for one that is not in the table."""
    try:
        row = release(str(name))
    except Refused as error:
        raise AnsibleFilterError(str(error)) from error
    return {
        "name": row.name,
        "packages": [row.kernel_package, row.tools_package],
        "hypervisor": row.hypervisor,
        "toolstack": row.toolstack,
        "rc_scripts": [
            {
                "src": f"{PACKAGED_SCRIPTS}/{script}",
                "dest": f"{SYSTEM_SCRIPTS}/{script}",
                "mode": "0755",
                "keep_previous": False,  # rc(8) would run a copy that lies beside it
            }
            for script in row.rc_scripts
        ],
        "security_support_ends": row.security_support_ends,
    }


class FilterModule:
    """Tells Ansible about the filter."""

    def filters(self) -> dict[str, Any]:
        return {"xen_release": xen_release}
