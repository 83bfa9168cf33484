# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of boot loaders: one word for each, everywhere, and the words of before still mean the same."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import yaml

from ansible_collections.netbsd.xen.plugins.module_utils._formats.boot import bootsector
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot import boot_blocks, grub_menu, loaders
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot.loaders import LOADERS
from ansible_collections.netbsd.xen.plugins.module_utils._resources.packages import resource as packages
from ansible_collections.netbsd.xen.plugins.module_utils._resources.preflight import resource as preflight
from ansible_collections.netbsd.xen.plugins.module_utils._resources.reboot import target
from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT

NAMES = ["boot_cfg", "grub", "grub2"]


def documented(module: str, option: str) -> list[str]:
    found = importlib.import_module(f"ansible_collections.netbsd.xen.plugins.modules.{module}")
    return yaml.safe_load(found.DOCUMENTATION)["options"][option]["choices"]


def test_one_vocabulary() -> None:
    specs = yaml.safe_load((CHECKOUT / "roles/bootloader/meta/argument_specs.yml").read_text())
    assert list(LOADERS) == NAMES
    assert specs["argument_specs"]["main"]["options"]["bootloader_loader"]["choices"] == NAMES
    assert {bootsector.BOOT_CFG, bootsector.GRUB, bootsector.GRUB2} == set(NAMES)


@pytest.mark.parametrize(
    ("module", "option", "arguments", "words"),
    [
        ("boot_blocks", "loader", boot_blocks.ARGUMENTS, [*NAMES, "netbsd"]),
        ("grub_menu", "flavour", grub_menu.ARGUMENTS, ["grub", "grub2", "legacy"]),
        ("preflight", "loader", preflight.ARGUMENTS, NAMES),
        ("xen_reboot", "loader", target.ARGUMENTS, NAMES),
        ("xen_packages", "loader_package", packages.ARGUMENTS, ["grub", "grub2"]),
    ],
)
def test_choices_are_those_of_the_table(module: str, option: str, arguments: dict[str, Any], words: list[str]) -> None:
    assert documented(module, option) == arguments[option]["choices"] == words


def test_the_word_of_before_means_the_same_boot_blocks() -> None:
    of_both = [boot_blocks.declare({"loader": word, "disk": "wd0", "partition": "a", "assume_files": []})
               for word in ("netbsd", "boot_cfg")]  # fmt: skip
    assert of_both[0] == of_both[1]
    assert of_both[0].loader is loaders.BOOT_CFG


def test_the_word_of_before_means_the_same_menu() -> None:
    entry = {"name": "NetBSD", "commands": ["root (hd0,a)", "chainloader +1"]}
    given = {option: spec.get("default") for option, spec in grub_menu.ARGUMENTS.items()}
    of_both = [grub_menu.declare({**given, "flavour": word, "entries": [entry]}) for word in ("legacy", "grub")]
    assert of_both[0] == of_both[1]
    assert (of_both[0].loader, of_both[0].menu.path, of_both[0].root) == (loaders.GRUB, "/grub/menu.lst", "(hd0,a)")


@pytest.mark.parametrize("row", LOADERS.values(), ids=lambda row: row.name)
def test_each_row_is_whole(row: loaders.Loader) -> None:
    assert (CHECKOUT / f"plugins/modules/{row.menu_module}.py").exists()
    assert row.menu.startswith("/") and row.tool.startswith("/usr/")
    assert set(row.menu_options) <= set(grub_menu.ARGUMENTS)
    # What is not NetBSD's own has to come from somewhere.
    assert bool(row.package) == row.tool.startswith("/usr/pkg/")
    for word in (row.name, *row.former):
        assert loaders.loader(word) is row


def test_only_grub_boots_once_and_only_grub_legacy_is_choosy() -> None:
    assert [name for name, row in LOADERS.items() if row.boots_once] == ["grub", "grub2"]
    assert [name for name, row in LOADERS.items() if not row.efi] == ["grub"]
    assert [name for name, row in LOADERS.items() if row.root] == ["grub"]
