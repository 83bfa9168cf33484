# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The menu of the NetBSD/Xen HOWTO, declared by one variable: the same entries in the same order, and the same lines
for the serial port and the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._formats.boot import menulst
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot import grub_menu
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import bootloader
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Variables

HOWTO = (Path(__file__).parent / "fixtures/howto-menu.txt").read_text()
VARIABLES: dict[str, Any] = {
    "bootloader_console": "both",
    "bootloader_loader": "grub",
    "bootloader_timeout": 10,
    "bootloader_root": "wd0a",
    "bootloader_dom0_memory": "64M",
    "bootloader_hypervisor": "/xen.gz",
    "bootloader_dom0_kernel": "/netbsd",
    "bootloader_native_kernel": "/netbsd-GENERIC",
    # What nobody has set.
    "bootloader_baud": 115200,
    "bootloader_default": "Xen",
    "bootloader_dom0_args": "",
    "bootloader_xen_args": "",
    "bootloader_pci_hide": [],
    "bootloader_previous_hypervisor": "",
    "bootloader_other_entries": "keep",
    "bootloader_absent_entries": [],
    "bootloader_xen_release": "3.1",
    "netbsd_xen_host": {"host": {"machine": "i386"}},
}
FILES = ["/xen.gz", "/netbsd", "/netbsd.old", "/netbsd-GENERIC"]

# What the two have different words for. The HOWTO's backup kernel is the one that role dom0 keeps.
SAME = {
    "dom0_mem=65536": "dom0_mem=64M",  # a number without a suffix is KiB (xen-command-line.pandoc)
    "console=ttyS0": "console=com0",  # sys/arch/xen/x86/consinit.c: tty0 and pc, all others are Xen's console
    "console=tty0": "console=pc",
    "bootdev=wd0a": "root=wd0a",  # sys/arch/xen/xen/xen_machdep.c
    "/netbsd.backup": "/netbsd.old",
}
# The kernel passes over ro; the HOWTO's Xen has com1 among its consoles without being told to (console=com1,vga).
NOTHING = {"ro", "console=com1"}


def written() -> str:
    options = bootloader.TASKS["grub_menu"].given(Variables(VARIABLES))
    defaults = {name: None for name in grub_menu.ARGUMENTS}
    declared = grub_menu.declare({**defaults, **options, "protocol": "multiboot2"})
    texts = {declared.menu.path: None}
    current = {"texts": texts, "machine": "i386", "files": FILES, "looked_at": [*FILES, "/netbsd.backup"]}
    (change,) = grub_menu.plan(current, declared).changes
    return str(change.after)


def meaning(block: menulst.Block) -> list[list[str]]:
    """What an entry does: each command with the files on GRUB's root device and equal words for equal arguments."""
    found = []
    for command in block.commands:
        words = [
            SAME.get(word, word)
            for word in command.replace("(hd0,a)/", "/").replace("/netbsd.backup", "/netbsd.old").split()
        ]
        if words[0] != "root":  # only says where the files of the next commands are
            found.append([words[0], *sorted(word for word in words[1:] if word not in NOTHING)])
    return found


def test_the_menu_of_the_howto_is_declared_by_one_variable() -> None:
    theirs, ours = menulst.parse(HOWTO), menulst.parse(written())
    blocks = [block for block in ours.blocks if "single user" not in block.title]
    assert [meaning(block) for block in blocks] == [meaning(block) for block in theirs.blocks]
    assert [block.title for block in blocks] == [
        "Xen",
        "Xen, VGA",
        "Xen, kernel before the last update",
        "Xen, kernel before the last update, VGA",
        "NetBSD",
        "NetBSD's loader",
    ]
    # Below them.
    assert ours.titles[: len(blocks)] == [block.title for block in blocks]
    for name in ("serial", "terminal"):
        assert menulst.setting(ours, name) == menulst.setting(theirs, name) is not None
    assert menulst.choice(ours, None).default == 0
    assert menulst.timeout(ours) == 10


def test_what_is_compared_can_differ() -> None:
    theirs = menulst.parse(HOWTO)
    assert len({str(meaning(block)) for block in theirs.blocks}) == len(theirs.blocks) == 6
