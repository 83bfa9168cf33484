# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Role bootloader writes the menus that it wrote when they were still made by Jinja."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot.arguments import KINDS, VARIABLES
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


def with_console(values: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """What has come since then: the loader is told of its console, and native kernels and terminals of a serial one."""
    device = {"serial": "com0"}.get(values["bootloader_console"], values["bootloader_console"])
    for name, given in options.items():
        if name == "xen_reboot":
            continue
        given.update(console=device, baud=values["bootloader_baud"])
        ours = device != "pc" and ("bootloader_entries" not in values or name == "boot_cfg_behind_grub")
        for entry in given.get("entries", []) if ours else []:
            if "kernel" in entry and ("hypervisor" not in entry or "fallback" in entry):
                entry["console"] = device
    terminals = {"ttys": {"console": device, "baud": values["bootloader_baud"]}} if device != "pc" else {}
    return {**options, **terminals}


@pytest.mark.parametrize(("values", "options"), recorded())
def test_every_task_gets_what_it_got_before(values: dict[str, Any], options: dict[str, Any]) -> None:
    given = worked_out(values)
    assert given["xen_reboot"].pop("assume_ready", False) is values.get("ansible_check_mode", False)
    expected = with_console(values, options)
    assert json.dumps(given, sort_keys=True) == json.dumps(expected, sort_keys=True)


def test_what_the_kernel_would_not_read_is_refused_by_its_variable() -> None:
    values = {**recorded()[0][0], "bootloader_pci_hide": ["wm0"]}
    with pytest.raises(Refused, match="bootloader_pci_hide: 'wm0' is no address"):
        bootloader.menu(Variables(values))


def test_without_one_of_its_variables_there_is_no_menu() -> None:
    values = {name: value for name, value in recorded()[0][0].items() if name != "bootloader_hypervisor"}
    with pytest.raises(NotRead, match="bootloader_hypervisor is undefined"):
        bootloader.menu(Variables(values))
    assert "entries" not in bootloader.TASKS["boot_cfg"].given(Variables(values))


# -- a serial port and the screen --------------------------------------------------------------------------------------


def menu_of(loader: str, machine: str, console: str = "both") -> dict[str, list[dict[str, Any]]]:
    """The entries of each menu that a host has, by the task that writes it."""
    host = {"netbsd_xen_host": {"host": {"machine": machine}}}
    own = {"bootloader_console": console, "bootloader_loader": loader, "bootloader_entries": None, **host}
    given = worked_out({**recorded()[0][0], **own})
    return {name: options["entries"] for name, options in given.items() if "entries" in options}


@pytest.mark.parametrize(
    ("loader", "machine", "task", "natives"),
    [
        ("boot_cfg", "amd64", "boot_cfg", ["NetBSD", "NetBSD, VGA"]),
        ("grub2", "amd64", "grub_menu", ["NetBSD", "NetBSD, VGA"]),
        ("grub", "amd64", "boot_cfg_behind_grub", ["NetBSD", "NetBSD, VGA"]),
        # GRUB legacy can't tell a kernel its console; NetBSD's loader can.
        ("grub", "amd64", "grub_menu", ["NetBSD"]),
        ("grub", "i386", "grub_menu", ["NetBSD", "NetBSD's loader"]),
    ],
)
def test_with_both_every_xen_has_a_twin_and_native_kernels_where_they_can(
    loader: str, machine: str, task: str, natives: list[str]
) -> None:
    entries = menu_of(loader, machine)[task]
    for_xen = [entry for entry in entries if "hypervisor" in entry and "single user" not in entry["name"]]
    assert [entry["name"] for entry in for_xen[1::2]] == [f"{entry['name']}, VGA" for entry in for_xen[::2]]
    assert ["console=com0 " in entry["args"] + " " for entry in for_xen] == [True, False] * (len(for_xen) // 2)
    assert ["console=pc " in entry["args"] + " " for entry in for_xen] == [False, True] * (len(for_xen) // 2)
    assert ["com1=" in entry["hypervisor_args"] for entry in for_xen] == [True, False] * (len(for_xen) // 2)
    # Backups as well, each with its own file in both.
    for serial, screen in zip(for_xen[::2], for_xen[1::2]):
        assert (serial["kernel"], serial["hypervisor"]) == (screen["kernel"], screen["hypervisor"])
    without = [entry["name"] for entry in entries if "hypervisor" not in entry and "single user" not in entry["name"]]
    assert without == natives


@pytest.mark.parametrize("console", ["com0+pc", "com1+pc", "com2+pc", "com3+pc"])
def test_the_serial_port_of_both_can_be_any(console: str) -> None:
    entries = menu_of("boot_cfg", "amd64", console)["boot_cfg"]
    port = int(console[3])
    assert f"console=com{port}" in entries[0]["args"] and f"com{port + 1}=115200" in entries[0]["hypervisor_args"]
    assert entries[1]["name"] == "Xen, VGA" and entries[1]["console"] == "pc"
    if console == "com0+pc":
        assert entries == menu_of("boot_cfg", "amd64", "both")["boot_cfg"]


def test_what_nobody_declares_is_left_to_the_entry_in_use() -> None:
    """With our defaults for a machine that has none."""
    values = {name: value for name, value in recorded()[0][0].items() if name not in VARIABLES.values()}
    first = bootloader.menu(Variables(values))[0]
    assert (first["args"], first["hypervisor_args"]) == ("console=pc", "dom0_mem=1G")
    assert first["adopt"] == list(KINDS)
    assert bootloader.TASKS["xen_reboot"].given(Variables(values))["adopt"] == list(KINDS)


@pytest.mark.parametrize(
    ("variables", "left"),
    [
        ({"bootloader_root": ""}, set(KINDS) - {"root"}),
        ({"bootloader_dom0_args": "root=dk1 -v"}, set(KINDS) - {"root", "kernel"}),
        ({"bootloader_xen_args": "console=com2 com2=9600"}, set(KINDS) - {"console", "hypervisor"}),
        ({"bootloader_pci_hide": []}, set(KINDS) - {"pci_hide"}),
    ],
)
def test_what_is_declared_is_left_to_nobody_even_as_nothing_or_in_another_variable(
    variables: dict[str, Any], left: set[str]
) -> None:
    values = {name: value for name, value in recorded()[0][0].items() if name not in VARIABLES.values()}
    assert set(bootloader.menu(Variables({**values, **variables}))[0]["adopt"]) == left
