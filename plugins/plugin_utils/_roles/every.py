# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role by its name, and the values in them by theirs."""

from __future__ import annotations

from typing import Any

from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import (
    bootloader,
    bootstrap,
    bridge,
    dom0,
    domu,
    makedev,
    services,
    upgrade,
)
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Function, Task, worth

ROLES: dict[str, Any] = {
    "bootloader": bootloader,
    "bootstrap": bootstrap,
    "bridge": bridge,
    "dom0": dom0,
    "domu": domu,
    "makedev": makedev,
    "services": services,
    "upgrade": upgrade,
}


def find(name: str) -> Function:
    """What works a value out, by the value's name: ``bootloader.boot_cfg.timeout`` is an option of a task, None where
    it is not given, ``bootloader.boot_cfg.when`` whether the task has anything to do, and ``dom0.kernel_path`` what a
    role's variable is by default. Raises KeyError for a name that there is not."""
    role, _dot, rest = name.partition(".")
    task, _dot, option = rest.partition(".")
    if not option:
        values: dict[str, Function] = getattr(ROLES[role], "VALUES", {})
        return values[task]
    found: Task = ROLES[role].TASKS[task]
    if option == "when":
        return found.when
    source = found.options[option]
    return lambda variables: worth(source, variables)
