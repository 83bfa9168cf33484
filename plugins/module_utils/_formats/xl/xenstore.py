# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What ``xenstore-ls`` prints of a directory: a tree, each line ``name = "value"`` with a blank for each level (record
after-reboot, NetBSD 7.99.10)."""

from __future__ import annotations

import re

_LINE = re.compile(r'(?P<indent> *)(?P<name>[^ =]+) = "(?P<value>.*)"\Z')


def leaves(text: str, depth: int) -> list[dict[str, str]]:
    """The keys of every directory at ``depth`` (1: those in the directory that was asked for). A backend directory of
    dom0 has its devices at depth 2: ``DOMAIN/DEVICE``."""
    found: list[dict[str, str]] = []
    for line in text.split("\n"):
        match = _LINE.match(line)
        if match is None:
            continue
        level = len(match["indent"]) + 1
        if level == depth:
            found.append({})
        elif level == depth + 1 and found:
            found[-1][match["name"]] = match["value"]
    return found
