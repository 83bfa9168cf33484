# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module that manages a resource has in common."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and say what it would do, without touching the machine.
    support: full
  diff_mode:
    description: Shows, for each change, what was found and what is wanted.
    support: full
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
  platform:
    description: The operating systems that the module runs on.
    support: full
    platforms: NetBSD
"""

    INFO = r"""
options: {}
attributes:
  diff_mode:
    description: Shows, for each change, what was found and what is wanted.
    support: N/A
    details:
      - The module only reads.
"""

    RELEASE = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/netbsd.xen.release) in C(module_defaults) to say O(release) once for several modules.
    support: full
    membership:
      - netbsd.xen.release
"""
