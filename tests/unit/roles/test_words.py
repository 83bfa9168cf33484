# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What a deferred change waits for is said in the variables of the inventory."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import bootloader, domu, upgrade
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Task

REBOOT = bootloader.TASKS["xen_reboot"]


@pytest.mark.parametrize(
    ("task", "options", "words"),
    [
        (domu.TASKS["domain"], "restart_policy: if_needed", "domu_restart_policy: if_needed"),
        (REBOOT, "reboot: true", "bootloader_reboot: true"),
        (REBOOT, "reboot: true, abandon_guests: true", "bootloader_reboot: true, bootloader_abandon_guests: true"),
        # No variable of that role decides it.
        (upgrade.TASKS["tools_reboot"], "abandon_guests: true", "abandon_guests: true"),
        (REBOOT, "", ""),
    ],
)
def test_an_option_is_said_by_the_variable_that_decides_it(task: Task, options: str, words: str) -> None:
    assert task.word(options) == words
