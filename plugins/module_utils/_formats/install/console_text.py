# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a guest's console says of its state: whether it asks for a login, and which address it was given."""

from __future__ import annotations

import re

from ..text import printable

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][0-9A-B]|\x1b[@-_]|[\x00-\x08\x0b-\x1f\x7f]")
# What a kernel alone says, early in its boot: before it stands what an earlier boot left (records xl-console-login and
# xc-kill-xenconsoled, NetBSD 7.99.10). NetBSD's copyright and name come again with each login.
_BOOT = re.compile(r"^total memory = |^(?:\[ *0\.000000\] )?Linux version |^SunOS Release ", re.MULTILINE)
# getty's prompt: alone in NetBSD, with the host's name in Linux (agetty), and with "console" too in Solaris (NetBSD/Xen
# HOWTO 1.7, Creating an unprivileged Solaris domain).
_LOGIN = re.compile(r"^(?:(\S+) (?:console )?)?login:", re.MULTILINE)
# dhcpcd of NetBSD's base; cloud-init's table of interfaces; Debian's dhclient.
_LEASED = re.compile(
    r"\S+: leased ([0-9.]+) for|\| +\S+ +\| +True +\| +([0-9.]+) +\| +[0-9.]+ +\| +global|bound to ([0-9.]+) --"
)


def plain(text: str) -> str:
    """A console's text in lines, without what moves a cursor or sets colours."""
    lines = _CONTROL.sub("", text.replace("\r", "\n")).split("\n")
    return printable("\n".join(line.rstrip() for line in lines if line.strip()))


def last_boot(text: str) -> str:
    """What a plain text has since the last kernel began; all of it if none did."""
    starts = [found.start() for found in _BOOT.finditer(text)]
    return text[starts[-1] :] if starts else text


def asks_for_login(text: str, host_name: str = "") -> bool:
    """Whether a plain text has a login prompt. With ``host_name`` a prompt that has a name must have this one, with or
    without its domain."""
    for found in _LOGIN.finditer(text):
        name = found.group(1)
        if name is None or not host_name or name.split(".")[0] == host_name.split(".")[0]:
            return True
    return False


def given_address(text: str) -> str:
    """The last address that a plain text says a dhcp server gave; empty if it says none."""
    found = [next(filter(None, each)) for each in _LEASED.findall(text)]
    return found[-1] if found else ""
