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

    LIMIT = r"""
options:
  max_impact:
    description:
      - What the task may cost the people who use the machine and its guests, at most. What would cost more is left as
        it is, with what depends on it, and is in RV(ignore:restart_required).
      - V(live) is nothing that anybody notices.
      - V(guest_restart) is a time without something - a guest is shut down, restarted, paused or saved, or loses a
        device; guests or the machine itself lose their network; a daemon is stopped, or somebody is logged out.
      - V(guest_recreate) is something that does not come back - a guest that is V(absent), a disk, a saved memory.
      - V(host_reboot) is all of it, a reboot included. It sets no limit.
      - Where another option forbids it too, such as one against restarts, both have to allow it.
    type: str
    choices: [live, guest_restart, guest_recreate, host_reboot]
    default: host_reboot
"""
