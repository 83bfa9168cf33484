# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""npf.conf(5): a block of our own within the admin's file, and what ``npfctl show`` prints.

The syntax differs: up to NetBSD 6 a group's options stand in parentheses (usr.sbin/npf/npfctl/npf_parse.y 1.6, 1.20),
from 7 on they don't (npf.conf.5 1.49).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

BEGIN = "# BEGIN netbsd.xen: guests' networks behind this machine's address. Changes in here are lost.\n"
END = "# END netbsd.xen\n"

_BLOCK = re.compile(r"^# BEGIN netbsd\.xen[^\n]*\n(.*?)^# END netbsd\.xen[^\n]*(?:\n|\Z)", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"^# (?:BEGIN|END) netbsd\.xen", re.MULTILINE)
_GROUP = re.compile(r"^[ \t]*group\b", re.MULTILINE)
_COMMENT = re.compile(r"#[^\n]*")
# "Filtering:  active" up to NetBSD 8, "# filtering:  active" later (npf_show.c).
_ACTIVE = re.compile(r"^(?:#\s*)?filtering:\s*active\b", re.MULTILINE | re.IGNORECASE)
_SHOWN_MAP = re.compile(r"^\s*map\s+(\S+)\s+dynamic\s.*?(?<![\d./])([0-9.]+/[0-9]+)", re.MULTILINE)


class Damaged(Exception):
    """The marks of the block are not one pair."""


def map_line(interface: str, network: str, address: str) -> str:
    """What leaves ``interface`` from ``network`` gets ``address``.

    Not inet4(interface): npfctl takes no file that has it while the interface has no address (npfctl_parse_ifnet in
    usr.sbin/npf/npfctl/npf_data.c), as before DHCP has one. From NetBSD 9 on a file that is not taken at boot leaves
    the machine with the rules of /etc/defaults/npf.boot.conf, which let nobody in.
    """
    return f"map {interface} dynamic {network} -> {address}\n"


def default_group(major: int) -> str:
    """The smallest ruleset: every npf.conf must have a default group, and this one lets everything pass."""
    return f"group {'default' if major >= 7 else '(default)'} {{\n\tpass final all\n}}\n"


def maps(text: str) -> str | None:
    """The lines within the block; None if there is no block. Raises Damaged."""
    found = _BLOCK.search(text)
    if len(_MARK.findall(text)) != (2 if found else 0):
        raise Damaged
    return found.group(1) if found else None


def with_maps(text: str, lines: Sequence[str], major: int) -> str:
    """The file with these lines in the block, and no block for no lines; what is outside stays. An empty file gets the
    smallest ruleset beside it. Raises Damaged."""
    maps(text)
    block = BEGIN + "".join(lines) + END if lines else ""
    if _BLOCK.search(text):
        return _BLOCK.sub(lambda found: block, text)
    if not block:
        return text
    if text and not text.endswith("\n"):
        text += "\n"
    if not has_rules(text):
        return text + block + "\n" + default_group(major)
    group = _GROUP.search(text)
    position = group.start() if group else len(text)
    return text[:position] + block + "\n" + text[position:]


def has_rules(text: str) -> bool:
    """Whether somebody else wrote rules into the file: anything but comments, our block and our smallest ruleset."""
    rest = _COMMENT.sub("", _BLOCK.sub("", text)).split()
    return bool(rest) and rest not in (default_group(6).split(), default_group(7).split())


def is_active(shown: str) -> bool:
    """Whether ``npfctl show`` says that npf filters."""
    return bool(_ACTIVE.search(shown))


def shown_maps(shown: str) -> list[str]:
    """The dynamic maps of ``npfctl show``: interface and network with a blank between. NetBSD 6 shows none."""
    return [f"{interface} {network}" for interface, network in _SHOWN_MAP.findall(shown)]
