# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""stat(1) with BSD's -f formats."""

from __future__ import annotations

import os
import re
import stat as modes

from . import devices
from .machine import Machine, NotSimulated, SimError


def stat(m: Machine, argv: list[str]) -> int:
    """stat [-L] -f FORMAT FILE...: %r raw device, %z size, %Lp/%Mp%Lp mode, %u %g %Su %Sg owner, %HT type, %N name, %m
    time, %i inode, %d device."""
    words, layout, follow = argv[1:], "", False
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option == "-L":
            follow = True
        elif option == "-f" and words:
            layout = words.pop(0)
        elif option != "-n":
            raise NotSimulated(" ".join(argv))
    if not layout or not words:
        raise NotSimulated(" ".join(argv))
    for name in words:
        print(_fill_in(m, layout, name, follow))
    return 0


def _fill_in(m: Machine, layout: str, name: str, follow: bool) -> str:
    return re.sub(r"%(Lp|Mp|HT|Su|Sg|[rzugNmipd%])", lambda match: _field(m, match[1], name, follow), layout)


def _field(m: Machine, key: str, name: str, follow: bool) -> str:
    path = m.path(os.path.abspath(name))
    try:
        found = os.stat(path) if follow else os.lstat(path)
    except OSError as error:
        raise SimError(f"stat: {name}: {'stat' if follow else 'lstat'}: {error.strerror}") from None
    node = devices.node(m, os.path.abspath(name))
    names = {0: "root"}
    groups = {0: "wheel", devices.OPERATOR: "operator"}
    values = {
        "r": str(node.rdev if node else 0), "z": "0" if node else str(found.st_size), "%": "%", "N": name,
        "Lp": f"{found.st_mode & 0o777:03o}", "Mp": f"{found.st_mode >> 9 & 7:o}", "p": f"{found.st_mode:o}",
        "u": str(found.st_uid), "g": str(found.st_gid), "Su": names.get(found.st_uid, str(found.st_uid)),
        "Sg": groups.get(found.st_gid, str(found.st_gid)), "m": str(int(found.st_mtime)), "i": str(found.st_ino),
        "d": "0", "HT": _kind(node, found.st_mode),
    }
    return values[key]


def _kind(node: devices.Node | None, mode: int) -> str:
    if node:
        return "Block Device" if node.kind == "b" else "Character Device"
    if modes.S_ISDIR(mode):
        return "Directory"
    return "Symbolic Link" if modes.S_ISLNK(mode) else "Regular File"
