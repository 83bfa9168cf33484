# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the entry in use says and nobody declares is taken over, whatever the loader, and said."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._formats.boot import bootcfg, menulst
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot import boot_cfg, by_default, grub_menu
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot.arguments import KINDS, VARIABLES, kinds
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot.loaders import BOOT_CFG, GRUB, GRUB2, LOADERS

FILES = ("/netbsd", "/netbsd-XEN3_DOM0.gz", "/xen.gz", "/xen-4.20.gz")
OURS = {
    "name": "Xen",
    "kernel": "/netbsd-XEN3_DOM0.gz",
    "args": "console=pc",
    "hypervisor": "/xen-4.20.gz",
    "hypervisor_args": "dom0_mem=1G",
    "adopt": list(KINDS),
}
SINGLE = {**OURS, "name": "Xen, single user", "args": "console=pc -s"}
NATIVE = {"name": "NetBSD", "kernel": "/netbsd"}


def menu(loader, kernel, xen, name="Xen", default=1):
    """A menu with an entry of Xen and a native one; ``default`` counts from 1."""
    if loader == BOOT_CFG:
        return (
            f"menu={name}:load /netbsd-XEN3_DOM0.gz {kernel};multiboot /xen.gz {xen}\n"
            f"menu=Boot normally:boot netbsd\ndefault={default}\ntimeout=5\n"
        )
    if loader == GRUB:
        return (
            f"default={default - 1}\ntimeout=5\ntitle {name}\n\tkernel (hd0,a)/xen.gz {xen}\n"
            f"\tmodule (hd0,a)/netbsd-XEN3_DOM0.gz {kernel}\ntitle NetBSD alone\n\tkernel --type=netbsd /netbsd\n"
        )
    return (
        f'set default={default - 1}\nset timeout=5\nmenuentry "{name}" {{\n\tmultiboot2 /xen.gz placeholder {xen}\n'
        f"\tmodule2 /netbsd-XEN3_DOM0.gz placeholder {kernel}\n}}\n"
        'menuentry "NetBSD alone" {\n\tknetbsd /netbsd\n}\n'
    )


def plan(loader, text, entries=(OURS, SINGLE, NATIVE)):
    params = {"entries": list(entries), "other_entries": "keep", "assume_files": [], "default": "Xen", "timeout": 5}
    seen = {"files": list(FILES), "looked_at": list(FILES)}
    if loader == BOOT_CFG:
        efi = {"booted": False, "partitions": [], "menus": [], "lasting": []}
        current = {"path": loader.menu, "text": text, "release": "10.1", "efi": efi, **seen}
        return boot_cfg.plan(current, boot_cfg.declare(params))
    params.update(flavour=loader.name, protocol="multiboot2")
    texts = {GRUB.menu: None, GRUB2.menu: None, loader.menu: text}
    return grub_menu.plan({"texts": texts, "machine": "i386", **seen}, grub_menu.declare(params))


def entries_of(loader, text):
    if loader == BOOT_CFG:
        return by_default.of_boot_cfg(bootcfg.parse(text))
    return by_default.of_menu_lst(menulst.parse(text), None) if loader == GRUB else by_default.of_grub_cfg(text)


def planned(loader, text, entries=(OURS, SINGLE, NATIVE)):
    """By name, what each entry that boots Xen would get, and what is said. A second run would change nothing, and
    say as much of what stays."""
    result = plan(loader, text, entries)
    change = next(change for change in result.changes if change.thing == loader.menu)
    again = plan(loader, change.after, entries)
    assert [each.thing for each in again.changes] == []
    assert len(stays(again)) == len(stays(result))
    given = {
        each.name: (" ".join(each.arguments.kernel), " ".join(each.arguments.hypervisor))
        for each in entries_of(loader, change.after).xen
    }
    return given, [words for words in result.warnings if "which is in use" in words]


def stays(result):
    return [words for words in result.warnings if "It stays." in words]


FOUND = "root=raid0a console=com0", "dom0_mem=1024M console=com1 com1=115200,8n1"
CASES = {
    "root": ("root=raid0a console=pc", "dom0_mem=1G", 'bootloader_root: "raid0a"'),
    "root_of_old": ("bootdev=wd0a console=pc", "dom0_mem=1G", 'bootloader_root: "wd0a"'),
    "root_in_capitals": ("ROOT=wd1a console=pc", "dom0_mem=1G", 'bootloader_root: "wd1a"'),
    "console": ("console=com0", "dom0_mem=1G console=com1 com1=115200,8n1", "bootloader_console: com0"),
    "console_of_xen": ("", "dom0_mem=1G console=com2,vga com2=9600", "bootloader_console: com1"),
    "memory": ("console=pc", "dom0_mem=4G", 'bootloader_dom0_memory: "4G"'),
    "memory_in_kib": ("console=pc", "dom0_mem=262144", 'bootloader_dom0_memory: "256M"'),
    "memory_in_ranges": ("console=pc", "dom0_mem=min:1G,max:2G,1G", "bootloader_dom0_memory"),
    "pci": ("console=pc pciback.hide=(03:00.0)", "dom0_mem=1G", "bootloader_pci_hide, with the addresses in it"),
    "kernel": ("console=pc ip=10.0.0.2:10.0.0.1 -v", "dom0_mem=1G", 'bootloader_dom0_args: "ip=10.0.0.2:10.0.0.1 -v"'),
    "hypervisor": ("console=pc", "dom0_mem=1G noreboot vga=current", 'bootloader_xen_args: "noreboot vga=current"'),
}


@pytest.mark.parametrize("loader", LOADERS.values(), ids=LOADERS)
@pytest.mark.parametrize(("kernel", "xen", "words"), CASES.values(), ids=CASES)
@pytest.mark.parametrize(("name", "default"), [("Xen", 1), ("dom0 by hand", 1), ("Xen", 2)])
def test_what_a_default_of_ours_would_lose_stays_and_is_said(loader, kernel, xen, words, name, default):
    given, said = planned(loader, menu(loader, kernel, xen, name, default))
    assert sorted(" ".join(given["Xen"]).split()) == sorted(f"{kernel} {xen}".split())
    single = given["Xen, single user"]
    assert (sorted(single[0].split()), single[1]) == (sorted([*given["Xen"][0].split(), "-s"]), given["Xen"][1])
    (warning,) = said
    assert warning.startswith(f"{loader.menu}: the entry {name!r}, which is in use, has ") and words in warning
    missing = [word for word in f"{kernel} {xen}".split() if word not in ("console=pc", "dom0_mem=1G")]
    assert all(word in warning for word in missing)


@pytest.mark.parametrize("loader", LOADERS.values(), ids=LOADERS)
def test_several_kinds_are_said_one_by_one(loader):
    given, said = planned(loader, menu(loader, *FOUND))
    assert given["Xen"] == FOUND
    assert [words.split("To declare it: ")[1].split(":")[0] for words in said] == [
        "bootloader_root",
        "bootloader_console",
        "bootloader_dom0_memory",
    ]


@pytest.mark.parametrize("adopt", [[], list(KINDS)], ids=["declared", "adopted"])
@pytest.mark.parametrize("loader", LOADERS.values(), ids=LOADERS)
def test_an_order_that_says_the_same_stays(loader, adopt):
    """Nothing is written, and no boot waited for, because somebody has put the words in another order."""
    own = {"args": "console=pc root=wd0a", "hypervisor_args": "console=com1 com1=9600 dom0_mem=640M", "adopt": adopt}
    found = ("root=wd0a console=pc", "dom0_mem=640M console=com1 com1=9600")
    given, said = planned(loader, menu(loader, *found), [{**OURS, **own}, NATIVE])
    assert (given["Xen"], said) == (found, [])
    other = ("root=wd0a console=pc", "dom0_mem=640M console=com1 com1=9600 com1=115200")
    given, said = planned(loader, menu(loader, *other), [{**OURS, **own, "adopt": []}, NATIVE])
    assert given["Xen"] == (found[0], own["hypervisor_args"])


@pytest.mark.parametrize("loader", LOADERS.values(), ids=LOADERS)
def test_what_is_declared_wins(loader):
    own = {**OURS, "args": "root=wd0a console=pc", "adopt": ["memory"]}
    given, said = planned(loader, menu(loader, *FOUND), [own, NATIVE])
    assert given["Xen"] == ("root=wd0a console=pc", "dom0_mem=1024M")
    assert len(said) == 1
    given, said = planned(loader, menu(loader, *FOUND), [{**own, "adopt": []}, NATIVE])
    assert (given["Xen"], said) == (("root=wd0a console=pc", "dom0_mem=1G"), [])


@pytest.mark.parametrize("loader", LOADERS.values(), ids=LOADERS)
def test_the_defaults_themselves_are_nothing_to_be_said(loader):
    given, said = planned(loader, menu(loader, "console=pc", "dom0_mem=1G"))
    assert (given["Xen"], said) == (("console=pc", "dom0_mem=1G"), [])


@pytest.mark.parametrize("loader", LOADERS.values(), ids=LOADERS)
@pytest.mark.parametrize("flag", ["-s", "-a", "-as", "-d", "-c"])
def test_a_kernel_that_would_wait_at_its_console_is_not_taken_over_but_said(loader, flag):
    given, said = planned(loader, menu(loader, f"console=pc {flag}", "dom0_mem=1G"), [OURS, NATIVE])
    assert given["Xen"] == ("console=pc", "dom0_mem=1G")
    assert f"has {flag}, with which the dom0 kernel waits at its console" in said[0]


@pytest.mark.parametrize("loader", LOADERS.values(), ids=LOADERS)
def test_a_menu_without_xen_gives_nothing(loader):
    native = "menu=Boot normally:boot netbsd\ntimeout=5\n"
    given, said = planned(loader, native if loader == BOOT_CFG else None)
    assert (given["Xen"], said) == (("console=pc", "dom0_mem=1G"), [])


def test_more_than_the_dom0_kernel_reads_is_refused():
    long = " ".join(f"word{number:04}" for number in range(28))
    assert len(long) < 255 < len(f"{long} console=pc")
    with pytest.raises(Refused, match="reads the first 255 only"):
        plan(BOOT_CFG, menu(BOOT_CFG, long, "dom0_mem=1G"))


def test_every_kind_has_a_variable_and_every_word_a_kind():
    assert set(KINDS) == set(VARIABLES)
    assert kinds("root=a console=pc pciback.hide=(1) -v", "dom0_mem=1G com1=9600 vga=x") == set(KINDS)
