# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What ``vnconfig -l`` prints: which vnd units (disks in files) are configured, and on which files.

A line each, ``vnd1: not in use``, ``vnd0: / (/dev/wd0a) inode 9017`` or, where the file system shows among the mounted
ones under no device of its number, ``vnd3: dev 171,1 inode 85401585303793410`` (records vnconfig-l-guest2,
vnconfig-l-after, NetBSD 7.99.10; usr.sbin/vnconfig/vnconfig.c).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE = re.compile(r"(?P<name>vnd[0-9]+): (?P<what>.*)\Z")
_FILE = re.compile(r"(?:dev (?P<device>[0-9]+,[0-9]+)|(?P<directory>/.*) \([^()]*\)) inode (?P<inode>[0-9]+)\Z")
_NOT_IN_USE = "not in use"


@dataclass(frozen=True)
class Unit:
    """A configured unit. Its file is the ``inode`` of the file system that is mounted on ``directory``, or whose device
    has the number ``device`` (``MAJOR,MINOR``). ``inode`` is None where the line is not understood."""

    name: str
    inode: int | None
    directory: str = ""
    device: str = ""

    @property
    def place(self) -> str:
        """Where its file is, in words."""
        if self.inode is None:
            return "a file that vnconfig -l does not tell"
        return f"inode {self.inode} on {self.directory or 'device ' + self.device}"


def parse(text: str) -> list[Unit]:
    """The configured units, by number."""
    lines = [found for found in map(_LINE.match, text.splitlines()) if found and found["what"] != _NOT_IN_USE]
    return sorted((_unit(found["name"], found["what"]) for found in lines), key=lambda unit: int(unit.name[3:]))


def _unit(name: str, what: str) -> Unit:
    found = _FILE.match(what)
    if found is None:
        return Unit(name, None)
    return Unit(name, int(found["inode"]), found["directory"] or "", found["device"] or "")
