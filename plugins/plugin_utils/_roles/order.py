# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles of netbsd.xen.site in their order, and their tasks in theirs: the one place that a plan goes by.

A test compares it with the playbook and the roles. What a task is for, and when, stands in each role's table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.every import ROLES
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Task


@dataclass(frozen=True)
class Part:
    """One call of a role: its tag, the role, the file of tasks, and the names of these in the role's table."""

    tag: str
    role: str
    tasks: tuple[str, ...]
    tasks_from: str = "main"


@dataclass(frozen=True)
class Ordered:
    """One task in its place."""

    part: Part
    name: str
    task: Task


BOOTSTRAP = "bootstrap"
REBOOT = "reboot"
SITE = (
    Part("dom0", "dom0", ("preflight", "xen_packages", "system_files", "tool_scripts", "kernfs")),
    Part("makedev", "makedev", ("device_nodes",)),
    Part("services", "services", ("rc_service", "xl_conf", "dom0_weight")),
    Part("bridge", "bridge", ("bridge",)),
    Part("bootloader", "bootloader", ("boot_cfg", "grub_menu", "boot_cfg_behind_grub", "ttys", "boot_blocks")),
    Part(REBOOT, "bootloader", ("xen_reboot",), "reboot"),
    Part("domu", "services", ("xendomains",), "xendomains"),
    Part("domu", "domu", ("system_files", "guest_system", "domain", "guest_logins")),
)
# What tasks are registered as.
REGISTERED = frozenset(task.register for role in ROLES.values() for task in role.TASKS.values() if task.register)


@dataclass(frozen=True)
class Tags:
    """What --tags and --skip-tags chose, as ``ansible_run_tags`` and ``ansible_skip_tags`` have it."""

    run: Collection[str] = ("all",)
    skip: Collection[str] = ()

    def choose(self, tag: str) -> bool:
        """Whether a task with this tag runs. Those that a plan knows have one tag each, and none of the words that
        Ansible has a meaning for."""
        return any(word in self.run for word in ("all", "tagged", tag)) and not any(
            word in self.skip for word in ("all", "tagged", tag)
        )


ALL = Tags()


def chosen(tags: Tags) -> Iterator[Ordered]:
    """The tasks that a run with these tags comes to, in their order."""
    for part in SITE:
        if tags.choose(part.tag):
            tables: dict[str, Any] = ROLES[part.role].TASKS
            yield from (Ordered(part, name, tables[name]) for name in part.tasks)
