# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Who uses a disk. Two that write to one lose its data, and the toolstack does not mind (record create-s2-same-image,
NetBSD 7.99.10). Pure.

A disk is what it is under any name: a file by its inode, a device by its numbers and, on NetBSD, by the sectors of the
disk that it is (see ``read/extents.py``).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ...._formats.guest.devices import Disk
from ..declare import clashes
from ..declare import config as guest_config
from ..declare.guest import Guest
from ..declare.wanted import Wanted
from ..read import backends, lost
from ..read.backends import Backend
from ..read.current import ConfigFile
from ..read.dom0_disks import Use
from ..read.extents import Extent
from .seen import Seen, known

UP = ("running", "paused")


@dataclass(frozen=True)
class Claim:
    """What somebody has, or will have, of a disk: ``who`` in words, under which name, whether it is written to, and
    what a declared guest says of sharing it (see ``Disk``)."""

    who: str
    path: str
    access: str
    shared: str = ""


def identity(current: Seen, path: str) -> str:
    """What is at a path, under any name, as far as it was looked at."""
    return current.identities.get(path) or real(current, path)


def real(current: Seen, path: str) -> str:
    """A path without symbolic links, as far as it was looked at."""
    return current.links.get(path, path)


def extent(current: Seen, path: str) -> Extent:
    """Where on which disk a path lies, as far as it was looked at."""
    return known(current).storage.extents.get(path) or Extent(identity(current, path))


def problems(guest: Guest, disk: Disk, current: Seen, wanted: Wanted) -> list[str]:
    """Who else uses a disk that a guest is to be given, in words. Two that only read it may share it, if both can open
    it."""
    claims = [*_running(guest, current, wanted), *_held(guest, current, wanted), *_starting(guest, wanted)]
    claims += [*_saved(guest, current, wanted), *_undeclared(current, wanted), *_twice(guest, disk)]
    return [f"disk {disk.path} {words}" for words in _conflicts(disk, claims, current)]


def users(guest: Guest, disk: Disk, current: Seen, wanted: Wanted) -> list[str]:
    """Who else uses a disk that is to be removed, or will when it is started, in words."""
    claims = [*_running(guest, current, wanted), *_held(guest, current, wanted), *_declared(guest, wanted)]
    claims += _configured(guest, current)
    return _conflicts(replace(disk, access="rw", shared=""), [replace(claim, shared="") for claim in claims], current)


def _conflicts(disk: Disk, claims: Iterable[Claim], current: Seen) -> list[str]:
    if not disk.path:
        return []
    this = extent(current, disk.path)
    found = []
    for claim in claims:
        other = extent(current, claim.path)
        written = "rw" in (disk.access, claim.access) and not clashes.on_purpose(disk, claim.shared)
        if claim.path and this.meets(other) and (written or _opens_once(disk.path, claim.path, current)):
            found.append(_in_use(disk, this, claim, other, not written))
    return list(dict.fromkeys(found)) + _kept(disk, current) + _of_dom0(disk, this, current)


def _opens_once(path: str, other: str, current: Seen) -> bool:
    """NetBSD opens a block device for one only: the other's disk never comes, even if both would only read
    (sys/miscfs/specfs/spec_vnops.c, spec_open: EBUSY; sys/arch/xen/xen/xbdback_xenbus.c, xbdback_backend_changed)."""
    device = identity(current, path)
    same = device.startswith("device ") and extent(current, path) == extent(current, other)
    return same and known(current).storage.opens_once


def _in_use(disk: Disk, this: Extent, claim: Claim, other: Extent, once: bool) -> str:
    part = "" if this.end is None or this == other else f"{_relation(this, other)} {claim.path}, which "
    more = ", and a device can be open only once" if once else clashes.how_to_share(disk, claim.shared)
    return f"{part}is in use by {claim.who}{more}"


def _relation(this: Extent, other: Extent) -> str:
    return "holds" if this.holds(other) else "is a part of" if other.holds(this) else "overlaps"


def others(guest: Guest, current: Seen) -> list[tuple[str, dict[str, Any]]]:
    """The running guests but this one, which may still run under another name: in words, and their configurations."""
    own = current.own.get(guest.name, ())
    seen = [domain for domain in current.domains if domain.config and domain.domid not in own]
    return [(lost.label(domain), domain.settings) for domain in seen]


def _running(guest: Guest, current: Seen, wanted: Wanted) -> Iterator[Claim]:
    own = current.own.get(guest.name, ())
    for domain in current.domains:
        for disk in domain.devices("disk") if domain.domid not in own else ():
            shared = _shared(guest, domain.domid, disk["path"], current, wanted)
            yield Claim(lost.label(domain), disk["path"], disk["access"], shared)


def _shared(guest: Guest, domid: int, path: str, current: Seen, wanted: Wanted) -> str:
    """What the guest that a domain is declares of sharing a disk; empty if it declares nothing, or if this guest shares
    none."""
    if not any(disk.shared for disk in guest.disks):
        return ""
    place = identity(current, path)
    owners = [guest for guest in wanted.guests if domid in current.own.get(guest.name, ())]
    says = [disk.shared for guest in owners for disk in guest.disks if identity(current, disk.path) == place]
    return says[0] if says else ""


def devices_of_others(guest: Guest, current: Seen) -> Iterator[tuple[str, Backend]]:
    """The devices that other domains have, whatever their configurations say, and in words who that is: running ones,
    such as are just going, this guest's own former one among them, and such as nobody lists any more."""
    own = current.own.get(guest.name, ())
    listed = {domain.domid: domain for domain in current.domains}
    for end in known(current).backends:
        domain = listed.get(end.domid)
        if domain is None:
            yield backends.label(end.domid), end
        elif end.domid not in own or domain.row.dying:
            yield lost.label(domain), end


def _held(guest: Guest, current: Seen, wanted: Wanted) -> Iterator[Claim]:
    for who, end in devices_of_others(guest, current):
        yield Claim(who, end.path, end.access, _shared(guest, end.domid, end.path, current, wanted))


def _declared(guest: Guest, wanted: Wanted) -> Iterator[Claim]:
    for other in wanted.guests:
        if other.name != guest.name and other.state != "absent":
            for disk in other.disks:
                who = f"guest {other.name}, which is declared {other.state}"
                yield Claim(who, disk.path, disk.access, disk.shared)


def _starting(guest: Guest, wanted: Wanted) -> Iterator[Claim]:
    up = [other for other in wanted.guests if other.state in UP]
    return _declared(guest, replace(wanted, guests=tuple(up)))


def _saved(guest: Guest, current: Seen, wanted: Wanted) -> Iterator[Claim]:
    """What a guest has that is to go on where its memory was saved: that belongs to its disks as they were then."""
    for other in wanted.guests:
        if other.name != guest.name and other.name in current.saved and other.state not in UP:
            path = current.save_path(other.name)
            for disk in other.disks:
                who = f"guest {other.name}, whose memory is saved; let it go on, or move {path} away"
                yield Claim(who, disk.path, disk.access)


def _twice(guest: Guest, disk: Disk) -> Iterator[Claim]:
    """What the guest itself is given before this one."""
    for other in itertools.takewhile(lambda each: each is not disk, guest.disks):
        yield Claim(f"this guest, as {other.vdev}", other.path, other.access)


def _configured(guest: Guest, current: Seen) -> Iterator[Claim]:
    """What the configurations of all other guests name."""
    for path, file, config in _configs(current):
        if guest.name not in (file, (config.settings or {}).get("name")):
            yield from _named(path, config)


def _undeclared(current: Seen, wanted: Wanted) -> Iterator[Claim]:
    """What configurations of guests that nobody declares name: the machine, or somebody, may start them."""
    declared = {other.name for other in wanted.guests}
    uuids = {other.uuid for other in wanted.guests if other.uuid}
    for path, file, config in _configs(current):
        settings = config.settings or {}
        if settings.get("name", file) in declared or file in declared or settings.get("uuid") in uuids:
            continue
        more = "" if config.settings is None else " of a guest that is not declared; declare it, or move its file away"
        for claim in _named(path, config):
            yield replace(claim, who=claim.who + more)


def _configs(current: Seen) -> Iterator[tuple[str, str, ConfigFile]]:
    """Every configuration that was read: its path, the name of its file, and what is in it. The name of one in another
    directory tells nothing."""
    for file, config in current.configs.items():
        yield current.config_path(file), file, config
    for path, config in current.elsewhere.items():
        yield path, path, config


def _named(path: str, config: ConfigFile) -> Iterator[Claim]:
    for disk in guest_config.disks_in(config.settings):
        yield Claim(f"the configuration {path}", disk.path, disk.access)
    for named in config.paths:
        who = f"the configuration {path}, which can't be read and names it; correct it, or move it away"
        yield Claim(who, named, "rw")


def _kept(disk: Disk, current: Seen) -> list[str]:
    """A guest's file that a vnd unit has, which can't be released."""
    units = current.vnd.kept if current.vnd else {}
    return [
        f"is in use by {name}: {unit.why}"
        for name, unit in sorted(units.items())
        if unit.path and identity(current, unit.path) == identity(current, disk.path)
    ]


def _of_dom0(disk: Disk, this: Extent, current: Seen) -> list[str]:
    """What dom0 itself uses, and what holds such a thing or is a part of it."""
    found = []
    for use in known(current).storage.uses:
        other = extent(current, use.path)
        if not this.meets(other) or _told(use, this, current):
            continue
        if "rw" not in (disk.access, use.access) and not _opens_once(disk.path, use.path, current):
            continue
        if this.end is None or this == other:
            found.append(f"is {use.what} in dom0")
        else:
            found.append(f"{_relation(this, other)} {use.path}, which is {use.what} in dom0")
    return found


def _told(use: Use, this: Extent, current: Seen) -> bool:
    """A unit that is the guest's own way to the file, that is about to be released, or of which ``_kept`` speaks."""
    left, kept = (current.vnd.left, current.vnd.kept) if current.vnd else ({}, {})
    told = use.unit in left or (use.unit in kept and bool(kept[use.unit].path))
    return bool(use.unit) and (this.disk == use.unit or told)
