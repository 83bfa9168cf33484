# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a booted kernel has its console, and where somebody can log in.

`serial_ports` in a machine's state says how many it has, com0 first; one if nothing is said.
"""

from __future__ import annotations

import re

from ..core.machine import Machine

SCREEN = "pc"
_LINE = re.compile(r'(\S+)[ \t]+(?:"([^"]*)"|(\S+))[ \t]+(\S+)[ \t]+(.*)')


def port(m: Machine, device: str) -> str:
    """A loader's or a native kernel's console: a port that is not there is the screen (i386/stand/lib/pcio.c, initio:
    nocom). `auto` looks for somebody at the other end, and nobody is there."""
    number = re.fullmatch(r"com([0-3])(?:kbd)?", device)
    return f"com{number[1]}" if number and int(number[1]) < m.data.get("serial_ports", 1) else SCREEN


def of_dom0(m: Machine, arguments: str, hypervisor_arguments: str) -> str:
    """dom0 has the screen if it is told to (xen/x86/consinit.c: pc, tty0), else the hypervisor's console: the first of
    its list that is there (xen-command-line.pandoc: console, com1). Empty: nobody sees anything."""
    told = re.search(r"(?:^| )console=(\S*)", arguments)
    if told and told[1] in (SCREEN, "tty0"):
        return SCREEN
    words = dict(word.partition("=")[::2] for word in hypervisor_arguments.split())
    for device in words.get("console", "com1,vga").split(","):
        if device == "vga":
            return SCREEN
        number = re.fullmatch(r"com([12])", device)
        if number and device in words and int(number[1]) <= m.data.get("serial_ports", 1):
            return f"com{int(number[1]) - 1}"
    return ""


def logins(m: Machine, console: str, under_xen: bool) -> list[str]:
    """The consoles on which init(8) starts a getty (ttys(5)): `console` is wherever the kernel has its own, `constty`
    the same (cons(4)), ttyE0 the screen (wscons(4)), tty00 the port com0, which a dom0 has not if it is the
    hypervisor's (xen/drivers/char/ns16550.c denies its I/O ports)."""
    found = set()
    for name, flags in _ttys(m):
        if "on" not in flags:
            continue
        serial = re.fullmatch(r"tty0([0-3])", name)
        if name in ("console", "constty"):
            found.add(console)
        elif name == "ttyE0":
            found.add(SCREEN)
        elif serial and port(m, f"com{serial[1]}") != SCREEN and not (under_xen and console == f"com{serial[1]}"):
            found.add(f"com{serial[1]}")
    return sorted(found - {""})


def _ttys(m: Machine) -> list[tuple[str, list[str]]]:
    """The terminals with the words that say what they are (getttyent(3))."""
    try:
        text = m.path("/etc/ttys").read_text()
    except OSError:
        return []
    lines = [_LINE.fullmatch(line.partition("#")[0].strip()) for line in text.split("\n")]
    return [(line[1], line[5].split()) for line in lines if line]
