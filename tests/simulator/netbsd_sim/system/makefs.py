# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""makefs(8), for CDs of one directory."""

from __future__ import annotations

import sys

from ..core import forms
from ..core.machine import Machine, NotSimulated
from ..disk import cd

_OPTIONS = ("rockridge", "label")


def makefs(m: Machine, argv: list[str]) -> int:
    """makefs -t cd9660 [-o rockridge,label=LABEL] FILE DIRECTORY. Without rockridge the names are the CD's own
    (usr.sbin/makefs/cd9660.c; made with makefs of NetBSD 7.99.10)."""
    _letters, values, (target, folder) = forms.read(argv)
    if values.get("t", ["ffs"])[-1] != "cd9660":
        raise NotSimulated(" ".join(argv))
    given = dict(word.partition("=")[::2] for each in values.get("o", []) for word in each.split(","))
    if set(given) - set(_OPTIONS):
        raise NotSimulated(" ".join(argv))
    directory = m.path(folder)
    if not directory.is_dir():
        print(f"makefs: Can't stat `{folder}': No such file or directory", file=sys.stderr)
        return 1
    files = {}
    for path in directory.iterdir():
        if not path.is_file():
            raise NotSimulated(f"makefs of {path.name}, which is no file")
        files[path.name] = path.read_bytes()
    m.path(target).write_bytes(cd.cd(given.get("label", ""), files, "rockridge" in given))
    return 0
