# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role by its name, and the values in them by theirs."""

from __future__ import annotations

from typing import Any

from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import (
    bootloader,
    bridge,
    dom0,
    domu,
    makedev,
    services,
    upgrade,
)
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Variables

ROLES: dict[str, Any] = {
    "bootloader": bootloader,
    "bridge": bridge,
    "dom0": dom0,
    "domu": domu,
    "makedev": makedev,
    "services": services,
    "upgrade": upgrade,
}


def value(name: str, variables: Variables) -> Any:
    """A value by its name: ``bootloader.boot_cfg.timeout`` for an option of a task, ``bootloader.boot_cfg.when`` for
    whether the task has anything to do, ``dom0.kernel_path`` for what a role's variable is by default. None for an
    option that is not given. Raises KeyError for a name that there is not."""
    role, _dot, rest = name.partition(".")
    task, _dot, option = rest.partition(".")
    if not option:
        return ROLES[role].VALUES[task](variables)
    found = ROLES[role].TASKS[task]
    return found.when(variables) if option == "when" else found.option(option, variables)
