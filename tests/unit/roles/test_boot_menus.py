# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Role bootloader writes the menus that it wrote when they were still made by Jinja."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, Refused
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import bootloader
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Variables


def recorded() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    lines = (Path(__file__).parent / "fixtures/boot-menus.txt").read_text().splitlines()
    data = [json.loads(line) for line in lines if not line.startswith("#")]
    return list(zip(data[::2], data[1::2]))


def worked_out(values: dict[str, Any]) -> dict[str, Any]:
    variables = Variables(values)
    return {name: task.given(variables) for name, task in bootloader.TASKS.items() if task.when(variables)}


def test_the_records_have_every_loader_console_and_era() -> None:
    given = [values for values, _options in recorded()]
    assert len(given) >= 45
    assert {values["bootloader_loader"] for values in given} == {"boot_cfg", "grub", "grub2"}
    assert {values["bootloader_console"] for values in given} == {"pc", "com0", "com1", "com3", "serial"}
    assert {values["bootloader_xen_release"] for values in given} >= {"3.1", "3.3", "4.2", "4.5", "4.20"}
    assert {bool(values["bootloader_previous_hypervisor"]) for values in given} == {True, False}
    assert {len(values["bootloader_pci_hide"]) for values in given} == {0, 2}


@pytest.mark.parametrize(("values", "options"), recorded())
def test_every_task_gets_what_it_got_before(values: dict[str, Any], options: dict[str, Any]) -> None:
    assert json.dumps(worked_out(values), sort_keys=True) == json.dumps(options, sort_keys=True)


def test_what_the_kernel_would_not_read_is_refused_by_its_variable() -> None:
    values = {**recorded()[0][0], "bootloader_pci_hide": ["wm0"]}
    with pytest.raises(Refused, match="bootloader_pci_hide: 'wm0' is no address"):
        bootloader.menu(Variables(values))


def test_without_one_of_its_variables_there_is_no_menu() -> None:
    values = {name: value for name, value in recorded()[0][0].items() if name != "bootloader_console"}
    with pytest.raises(NotRead, match="bootloader_console is undefined"):
        bootloader.menu(Variables(values))
    assert "entries" not in bootloader.TASKS["boot_cfg"].given(Variables(values))
