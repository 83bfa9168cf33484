#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: shell_script
short_description: Run a text as a script, on a machine without Python
version_added: 0.2.0
description:
  - Brings a text to the machine, has C(/bin/sh) run it, and removes it. The machine needs no Python.
  - Unlike M(ansible.builtin.raw) it does not depend on the login shell, nor on root's where one becomes root by C(su).
    A C(csh), which is what many have on NetBSD, refuses a command of more than 1024 bytes.
author: netbsd.xen contributors (@netbsd-xen)
seealso:
  - module: ansible.builtin.raw
  - module: ansible.builtin.script
attributes:
  check_mode:
    description: The script is not run. One that changes nothing can be run with C(check_mode=false) on the task.
    support: none
  diff_mode:
    description: There is nothing to show.
    support: none
  idempotent:
    description: That is up to the script.
    support: none
  platform:
    description: Whatever has C(/bin/sh).
    support: full
    platforms: posix
options:
  script:
    description:
      - What C(/bin/sh) runs.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: What there is in the way of a Python
  netbsd.xen.shell_script:
    script: |
      PATH=/usr/pkg/bin:/usr/bin:/bin
      ls -l /usr/pkg/bin/python3*
  changed_when: false
"""

RETURN = r"""
rc:
  description: The script's status. Any other than 0 is a failure.
  returned: success
  type: int
  sample: 0
stdout:
  description: What it has printed, in C(stdout_lines) line by line.
  returned: success
  type: str
  sample: /usr/pkg/bin/python3.13
stderr:
  description: What it has printed as errors, in C(stderr_lines) line by line. Where there is a terminal, as
    C(su) has it, they are among RV(stdout).
  returned: success
  type: str
  sample: ""
"""

# This module has an action plugin and never runs by itself.
