# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""netbsd.xen.ttys on the controller: what netbsd.xen.kernfs does there, for this module."""

from __future__ import annotations

from ansible_collections.netbsd.xen.plugins.action import kernfs

ActionModule = kernfs.ActionModule
