# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What is read of the guests' systems. It travels to the controller as JSON (see ``_plain``)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..._host import Host
from ..._toolstack.choose import toolstack
from ..guests.read import state as guests_state
from ..guests.read.current import Current as Guests
from ..guests.read.extents import identity
from .declare import Wanted
from .work import content, record
from .work.content import Content
from .work.record import Record

DISKS = "disks"


@dataclass(frozen=True)
class Current:
    """``records`` are the guests' records and ``broken`` why one can't be read, by guest; ``disks`` what is at the path
    of each record's disk, under any name, empty for nothing; ``proofs`` the guests for which the key that proves a
    login is there.

    The rest is looked at only where an installation is to be begun, or goes on: ``guests`` is None then not;
    ``contents`` are what the disks hold, by path. ``program`` is what guests are managed with, xl or xm.
    """

    config_dir: str
    records: dict[str, Record]
    broken: dict[str, str]
    disks: dict[str, str]
    proofs: tuple[str, ...] = ()
    guests: Guests | None = None
    contents: dict[str, Content] = field(default_factory=dict)
    program: str = ""


def read(host: Host, declared: Wanted | None) -> Current:
    """The records, and whether their disks are still there. Costs no command."""
    tool = toolstack(host)
    folder = (declared.guests.config_dir if declared else "") or tool.paths.config_dir
    return replace(read_in(host, folder), program=tool.name)


def read_in(host: Host, folder: str) -> Current:
    """The same of the directory of the guests' configurations, without the toolstack."""
    found, broken = record.read_all(host, folder)
    disks = {each.disk: place_of(host, each.disk) for each in found.values()}
    proofs = tuple(sorted(name for name in found if host.exists(record.proof_key(folder, name))))
    return Current(folder, found, broken, disks, proofs)


def place_of(host: Host, path: str) -> str:
    """What is at a path under any name; empty for nothing."""
    real = host.real_path(path)
    found = host.stat(real)
    return identity(real, found) if found else ""


def read_disks(host: Host, current: Current, declared: Wanted) -> Current:
    """With what the disks hold, and who has them."""
    guests = guests_state.state(host, declared.guests)
    if guests.dom0.alive:
        guests = replace(guests, start=guests_state.for_start(host, declared.guests, guests))
    contents = {}
    for system in declared.systems:
        path = system.install.disk.path
        contents[path] = content.look(host, path)
    return replace(current, guests=guests, contents=contents)
