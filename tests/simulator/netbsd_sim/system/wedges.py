# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""gpt(8), and the wedges that the kernel makes of a GPT on a vnd (sys/dev/vnd.c, sys/dev/dkwedge/dk.c; NetBSD 7.99.10).

`m.data["wedges"]` has them: dk0 to its disk, first sector, size, name and type.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from ..core import forms
from ..core.machine import Machine, NotSimulated, SimError
from ..disk import gpt as tables
from ..disk.volume import Span
from . import volumes

# vnd.c 1.181 (NetBSD 5) knows no wedges, 1.2xx of 7.99.10 does; of what is between nobody has looked.
_VND_FROM = 700000000
# gpt(8) was written anew for NetBSD 8: what it says has another form, and a failure another status.
_NEW_GPT = 800000000


def gpt(m: Machine, argv: list[str]) -> int:
    """gpt create FILE; gpt add -b START -s SIZE -t TYPE -l LABEL FILE, on a plain file (sbin/gpt/gpt.c, gpt_open).
    Before NetBSD 8 its status is 0 whatever it says."""
    command, *words = forms.read(argv).words
    name = words[-1]
    options = dict(zip(words[:-1:2], words[1::2], strict=False))
    new = m.profile.netbsd_revision >= _NEW_GPT
    if name.startswith("/dev/") or m.profile.netbsd_revision < _VND_FROM:
        raise NotSimulated(" ".join(argv))
    path = m.path(os.path.abspath(name))
    size = path.stat().st_size if path.is_file() else -1
    if size < 0 or size % tables.SECTOR:
        reason = "No such file or directory" if size < 0 else "Invalid argument"
        return _fails(f"gpt {command}: unable to open device '{name}': {reason}", new)
    span = Span(path, 0, size)
    try:
        if command == "create":
            tables.create(span)
        else:
            start, sectors = int(options["-b"]), int(options["-s"])
            number = tables.add(span, options["-t"], start, sectors, options.get("-l", ""))
            _tell_added(name, number, options["-t"], start, sectors, new)
    except tables.Refused as error:
        return _fails(f"gpt {command}: {name}: error: {error}" if not new else f"gpt: {name}: {error}", new)
    return 0


def _fails(said: str, new: bool) -> int:
    print(said, file=sys.stderr)
    return int(new)


def _tell_added(name: str, number: int, kind: str, start: int, size: int, new: bool) -> None:
    if new:
        print(f"{name}: Partition {number} added: {tables.TYPES[kind]} {start} {size}")
    else:
        print(f"Partition {number} added, use:\n\tdkctl {name} addwedge <wedgename> {start} {size} <type>\n"
              "to create a wedge for it")


# --- wedges ----------------------------------------------------------------------------------------------------------


def discover(m: Machine, unit: int) -> None:
    """A unit was configured: the kernel looks for a GPT (dkwedge_discover)."""
    if m.profile.netbsd_revision < _VND_FROM:
        return
    disk = f"vnd{unit}"
    span = volumes.whole(m, disk)
    for entry in (tables.entries(span) if span.size > 3 * tables.SECTOR else None) or []:
        add(m, disk, entry.start, entry.size, entry.name, entry.kind)


def add(m: Machine, disk: str, start: int, size: int, name: str, kind: str) -> str:
    """The lowest number that is free (dkwedge_add). Raises SimError in errno's words; a name that is there already
    becomes another one (dkwedge_gpt.c takes the partition's own number)."""
    wedges: dict[str, list[Any]] = m.data.setdefault("wedges", {})
    for parent, begin, length, *_rest in wedges.values():
        if parent == disk and start < begin + length and begin < start + size:
            raise SimError("File exists" if (begin, length) == (start, size) else "Invalid argument")
    if any(about[3] == name for about in wedges.values()):
        name = f"another-{name}-{disk}"
    number = next(number for number in range(len(wedges) + 1) if f"dk{number}" not in wedges)
    wedges[f"dk{number}"] = [disk, start, size, name, kind]
    m.data.setdefault("kernel_messages", []).append(f"dk{number} at {disk}: {name}")
    return f"dk{number}"


def delete(m: Machine, unit: int) -> None:
    """The unit's wedges go with it (vnd.c, vnddoclear: dkwedge_delall)."""
    wedges: dict[str, list[Any]] = m.data.get("wedges", {})
    for name in [name for name, about in wedges.items() if about[0] == f"vnd{unit}"]:
        del wedges[name]
