# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: a login on the console, by /etc/ttys.

The name ``console`` is wherever the kernel has its own: for a dom0 with a serial console that is the hypervisor's
(xencons, sys/arch/xen/xen/xencons.c), without Xen the serial port. ``constty`` is the same device under a name that
nobody can redirect (cons(4), NetBSD 7). The port's own name, tty00 for com0, is none for a dom0, to which Xen denies
the hypervisor's port, and without Xen a second login on the same line.
"""

from __future__ import annotations

from typing import Any

from .._change import GUEST_RESTART, LIMIT, LIVE, Change, NotRead, Plan, Refused, XenError
from .._formats.system import ttys
from .._formats.text import printable
from .._host import Host
from .boot.loaders import CONSOLES

NAME = "ttys"
ARGUMENTS: dict[str, Any] = {
    "console": {"type": "str", "choices": list(CONSOLES), "required": True},
    "baud": {"type": "int", "default": 115200},
    **LIMIT,
}
TTYS = "/etc/ttys"
KILL = "/bin/kill"
# As NetBSD has it (etc/etc.amd64/ttys); the class Pc sets no speed (etc/gettytab).
NEW_LINE = 'console\t"/usr/libexec/getty Pc"\t\tvt100\ton secure'
_OF_CONSOLE = ("console", "constty")
_OF_SCREEN = (*_OF_CONSOLE, "ttyE0")
# The speeds of which gettytab(5) has a class std.SPEED.
_SPEEDS = (9600, 19200, 38400, 57600, 115200)


def declare(params: dict[str, Any]) -> tuple[str, int]:
    """The console's device and the speed of a serial one, in bits a second."""
    return params["console"], params.get("baud") or ARGUMENTS["baud"]["default"]


def read(host: Host, declared: tuple[str, int] | None = None) -> dict[str, Any]:
    """The file."""
    return {"text": host.read_config(TTYS, may_be_empty=False)}


def plan(current: dict[str, Any], declared: tuple[str, int]) -> Plan:
    """At most one change: the file with a login on the console. Raises Refused where there is no file."""
    if "text" not in current:
        raise NotRead(f"{TTYS} was not read")
    text = current["text"]
    if text is None:
        raise Refused(f"There is no {TTYS}, so nobody can log in on any terminal. Restore it from the set etc.")
    after, words = _wanted(text, *declared)
    if not words:
        return Plan()
    # Who is logged in on a terminal that is switched off is logged out.
    impact = GUEST_RESTART if _on(text) - _on(after) else LIVE
    shown = printable(text), printable(after)
    return Plan([Change(NAME, TTYS, "write", "; ".join(words), *shown, impact, data=after)])


def _on(text: str) -> set[str]:
    """The terminals on which one can log in."""
    return {each.name for each in ttys.parse(text) if each.on}


def _wanted(text: str, console: str, baud: int) -> tuple[str, list[str]]:
    """The file as it must be, and what differs in words."""
    words = []
    found = ttys.parse(text)
    names = _OF_SCREEN if console == "pc" else _OF_CONSOLE
    if not any(each.on for each in found if each.name in names):
        text, said = _with_login(text, found)
        words.append(said)
    if console == "pc":
        return text, words
    for each in ttys.parse(text):
        if each.name == f"tty0{console[len('com') :]}" and each.on:
            text = ttys.switched(text, each.line, on=False)
            words.append(f"no login on {each.name}, which is the console")
        if each.name in _OF_CONSOLE and each.on and each.speed not in (None, baud) and baud in _SPEEDS:
            text = ttys.with_speed(text, each.line, baud)
            words.append(f"{each.name} at {baud} bits a second, not {each.speed}")
    return text, words


def _with_login(text: str, found: list[ttys.Terminal]) -> tuple[str, str]:
    console = next((each for each in found if each.name == "console"), None)
    if console is not None and not console.getty.startswith("/"):
        return ttys.replaced(text, console.line, NEW_LINE), "a program that asks for a login on the console"
    if console is not None:
        return ttys.switched(text, console.line, on=True), "a login on the console"
    return f"{text}{'' if text.endswith(chr(10)) else chr(10)}{NEW_LINE}\n", "a line for the console, with a login"


def apply(host: Host, change: Change) -> None:
    """Write the file, and have init(8) read it; it does so at each boot anyhow. Who is logged in on a terminal that is
    now off is logged out."""
    if host.read_config(TTYS, may_be_empty=False) is None:
        raise XenError(f"{TTYS} has gone since it was read")
    host.write_text(TTYS, change.data, backup=True)
    host.run([KILL, "-HUP", "1"])
