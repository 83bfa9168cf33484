# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine whose boot menu does not boot the wanted Xen is not rebooted."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._formats.boot import grubcfg
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot.loaders import LOADERS
from ansible_collections.netbsd.xen.plugins.module_utils._resources.reboot import menu, target
from ansible_collections.netbsd.xen.tests.unit.support.fakes import MemoryHost

DEFAULTS = {name: option.get("default") for name, option in target.ARGUMENTS.items()}
ENTRIES = {"Xen": "/xen-4.20.gz", "Xen 4.18": "/xen-4.18.gz", "hand": "/xen.gz", "gone": "/gone.gz", "NetBSD": ""}
FILES = {"/xen-4.20.gz": "twenty", "/xen-4.18.gz": "eighteen", "/xen.gz": "nobody knows"}


def text(loader, default):
    """A menu of that loader with all the entries."""
    number = list(ENTRIES).index(default)
    if loader == "boot_cfg":
        lines = [
            f"menu={name}:" + (f"load /netbsd-XEN3_DOM0;multiboot {file}" if file else "boot netbsd")
            for name, file in ENTRIES.items()
        ]
        return "\n".join([*lines, f"default={number + 1}", "timeout=5", ""])
    if loader == "grub":
        entries = [
            f"title {name}\n" + (f"kernel {file}\nmodule /netbsd-XEN3_DOM0" if file else "chainloader +1")
            for name, file in ENTRIES.items()
        ]
        return "\n".join([f"default {number}", "timeout 5", *entries, ""])
    entries = [
        grubcfg.Entry(name, (f"multiboot2 {file}", "module2 /netbsd-XEN3_DOM0") if file else ("knetbsd /netbsd",))
        for name, file in ENTRIES.items()
    ]
    return grubcfg.render(grubcfg.File("", grubcfg.block_text(entries, default, 5, [], []), ""))


def host(loader, default="Xen", **files):
    found = MemoryHost()
    for path, content in {LOADERS[loader].menu: text(loader, default), **FILES, **files}.items():
        found.put(path, content)
    return found


def refuse(machine, loader, release="4.20", once=""):
    once = once if LOADERS[loader].boots_once else ""
    wanted = target.declare({**DEFAULTS, "release": release, "loader": loader, "once": once, "reboot": True})
    menu.refuse_other_release(machine, wanted)


def words(machine, loader, **options):
    with pytest.raises(Refused) as caught:
        refuse(machine, loader, **options)
    assert str(caught.value).startswith("The machine was not rebooted: Xen ")
    assert f"netbsd.xen.{LOADERS[loader].menu_module}" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("loader", LOADERS)
def test_the_wanted_release_is_let_go(loader):
    refuse(host(loader), loader)
    refuse(host(loader, "Xen 4.18"), loader, release="4.18")


@pytest.mark.parametrize("loader", LOADERS)
def test_another_release_in_the_default_entry_is_told(loader):
    assert "'Xen 4.18' of" in words(host(loader, "Xen 4.18"), loader)
    assert "boots /xen-4.18.gz, which is of Xen 4.18" in words(host(loader, "Xen 4.18"), loader)


@pytest.mark.parametrize("loader", LOADERS)
def test_the_content_of_a_file_counts_before_its_name(loader):
    moved = {"/usr/pkg/xen420-kernel/xen.gz": "eighteen", "/usr/pkg/xen418-kernel/xen.gz": "nobody knows"}
    refuse(host(loader, "Xen 4.18", **moved), loader)
    assert "is of Xen 4.18" in words(host(loader, "hand", **moved), loader)


@pytest.mark.parametrize("loader", LOADERS)
def test_a_hypervisor_of_which_nobody_knows_what_it_is_is_let_go(loader):
    refuse(host(loader, "hand"), loader)


@pytest.mark.parametrize("loader", LOADERS)
def test_a_native_default_and_a_missing_file_are_told(loader):
    assert "boots no hypervisor" in words(host(loader, "NetBSD"), loader)
    assert "boots /gone.gz, which is missing" in words(host(loader, "gone"), loader)


@pytest.mark.parametrize("loader", ["grub", "grub2"])
def test_the_entry_of_one_boot_counts_where_there_is_one(loader):
    refuse(host(loader, "Xen 4.18"), loader, once="Xen")
    refuse(host(loader, "NetBSD"), loader, once="Xen")
    assert "'Xen 4.18' of" in words(host(loader), loader, once="Xen 4.18")
    assert "boots no hypervisor" in words(host(loader), loader, once="nowhere")


@pytest.mark.parametrize("loader", ["boot_cfg", "grub"])
def test_no_menu_boots_no_xen(loader):
    machine = MemoryHost()
    assert "boots no hypervisor" in words(machine, loader)


def test_what_only_grub_can_tell_is_let_go():
    machine = MemoryHost()
    refuse(machine, "grub2")
    machine.put("/grub/grub.cfg", 'set default="${saved_entry}"\nmenuentry "NetBSD" {\n\tknetbsd /netbsd\n}\n')
    refuse(machine, "grub2")
