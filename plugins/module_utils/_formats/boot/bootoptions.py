# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The options that NetBSD's boot blocks carry: what ``installboot -e -n -v`` shows of them (records installboot-e-n-v),
and the option -o that gives them to new blocks.

Sources: NetBSD usr.sbin/installboot/arch/i386.c (show_i386_boot_params, update_i386_boot_params), installboot.c (getopt
of -o: words are separated by commas, numbers read as C has them), sys/sys/bootblock.h (X86_BP_FLAGS_*).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_SHOWN = re.compile(
    r"^Boot options:\s+timeout (?P<timeout>-?\d+), flags (?P<flags>[0-9a-f]+), speed (?P<speed>\d+), "
    r"ioaddr (?P<ioaddr>[0-9a-f]+), console (?P<console>\S+)$"
    r"(?:\n\s+keymap (?P<keymap>.*)$)?",
    re.MULTILINE,
)
# Words without a value, which turn the bit over; new blocks have none of them set.
_FLAGS = {0x1: "resetvideo", 0x4: "modules", 0x8: "bootconf"}
_PASSWORD = 0x2
# The BIOS' own business, found out by each boot.
_NOT_AN_OPTION = 0x10


def parse(text: str) -> dict[str, str]:
    """The options by their names in -o, a word without a value as ''. Empty for blocks that carry none. A password
    can't be read, only that there is one: ``password`` is then ''."""
    shown = _SHOWN.search(text)
    if shown is None:
        return {}
    found = {name: shown.group(name) for name in ("timeout", "speed", "console")}
    if int(shown.group("ioaddr"), 16):
        found["ioaddr"] = f"0x{shown.group('ioaddr')}"
    if shown.group("keymap"):
        found["keymap"] = shown.group("keymap")
    flags = int(shown.group("flags"), 16) & ~_NOT_AN_OPTION
    found.update({word: "" for bit, word in _FLAGS.items() if flags & bit})
    if flags & ~sum(_FLAGS):
        found["password" if flags & _PASSWORD else f"flag {flags:x}"] = ""
    return found


def cannot_be_kept(options: Mapping[str, str]) -> str:
    """Of what was found, the name of one that new blocks can't be given; empty if all can."""
    for name, value in options.items():
        # A console that installboot shows as a number is none of those that it takes; a comma would end the value.
        lost = {"password": True, "console": value.lstrip("-").isdigit(), "timeout": value.startswith("-")}
        if lost.get(name) or "," in value or name.startswith("flag "):
            return name
    return ""


def argument(options: Mapping[str, str]) -> str:
    """The argument of -o."""
    return ",".join(f"{name}={value}" if value else name for name, value in options.items())
