# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""stat(1) with BSD's -f formats."""

from __future__ import annotations

import os
import re
import stat as modes
import time

from ..core import forms
from ..core.machine import Machine, NotSimulated, SimError
from . import devices

_FIELDS = r"%(Lp|Mp|HT|Su|Sg|Sp|Hr|Lr|Sa|Sm|Sc|SB|#Xf|[rzugNmipdlkbT%])"
# usr.bin/stat/stat.c, DEF_FORMAT (record kern-privcmd-stat)
_DEFAULT = '%d %i %Sp %l %Su %Sg %r %z "%Sa" "%Sm" "%Sc" "%SB" %k %b %#Xf %N'


def stat(m: Machine, argv: list[str]) -> int:
    """stat [-L] -f FORMAT FILE...: %r raw device, %z size, %Lp/%Mp%Lp mode, %u %g %Su %Sg owner, %HT type, %N name, %m
    time, %i inode, %d device."""
    letters, values, words = forms.read(argv)
    layout = values.get("f", [_DEFAULT])[-1]
    unknown = re.sub(_FIELDS, "", layout)
    if "%" in unknown:
        raise NotSimulated(f"{' '.join(argv)}: {unknown[unknown.index('%'):][:4]}")
    for name in words:
        print(_fill_in(m, layout, name, "L" in letters))
    return 0


def _fill_in(m: Machine, layout: str, name: str, follow: bool) -> str:
    return re.sub(_FIELDS, lambda match: _field(m, match[1], name, follow), layout)


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
        "d": "0", "HT": _kind(node, found.st_mode), "l": str(found.st_nlink), "k": "512", "#Xf": "0",
        "b": str(found.st_blocks), "Sp": _mode(node, found.st_mode), "Sa": _time(found.st_atime),
        "Sm": _time(found.st_mtime), "Sc": _time(found.st_ctime), "SB": _time(-1),
        "Hr": str(node.major if node else 0), "Lr": str(node.minor if node else 0),
        "T": "/" if modes.S_ISDIR(found.st_mode) else "@" if modes.S_ISLNK(found.st_mode) else "",
    }
    return values[key]


def _mode(node: devices.Node | None, mode: int) -> str:
    return (node.kind + modes.filemode(mode)[1:]) if node else modes.filemode(mode)


def _time(seconds: float) -> str:
    return time.strftime("%b %e %H:%M:%S %Y", time.gmtime(seconds))


def _kind(node: devices.Node | None, mode: int) -> str:
    if node:
        return "Block Device" if node.kind == "b" else "Character Device"
    if modes.S_ISDIR(mode):
        return "Directory"
    return "Symbolic Link" if modes.S_ISLNK(mode) else "Regular File"
