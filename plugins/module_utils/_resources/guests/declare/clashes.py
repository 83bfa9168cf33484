# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What two declared guests can't both have, and dependencies that can't be kept. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ...._formats.guest.devices import Disk
from . import order
from .guest import Guest

_UP = ("running", "paused")


def problems(guests: Sequence[Guest]) -> list[str]:
    """Everything that is wrong between the guests, a line each."""
    names: set[str] = set()
    found, unique = [], []
    for guest in guests:
        if guest.name in names:
            found.append(f"guest {guest.name}: name is {guest.name!r} twice; each guest needs its own")
        else:
            unique.append(guest)
        names.add(guest.name)
    present = [guest for guest in unique if guest.state != "absent"]
    return found + _same_identity(present) + _same_disk(present) + _dependencies(unique)


def _same_identity(guests: Sequence[Guest]) -> list[str]:
    found = []
    owners: dict[tuple[str, Any], str] = {}
    for guest in guests:
        seen: set[tuple[str, Any]] = set()
        for key, value in _identities(guest):
            owner = owners.setdefault((key, value), guest.name)
            if owner != guest.name or (key, value) in seen:
                found.append(f"guest {guest.name}: {key} is {value!r}, which guest {owner} has too; each needs its own")
            seen.add((key, value))
    return found


def everywhere(guest: Guest) -> Iterator[tuple[str, str]]:
    """By what a guest is known beyond its host."""
    if guest.uuid:
        yield "uuid", guest.uuid
    for nic in guest.nics:
        if nic.mac:
            yield "mac", nic.mac


def _identities(guest: Guest) -> Iterator[tuple[str, Any]]:
    yield from everywhere(guest)
    yield "configuration", guest.config or guest.name
    if guest.vnc is not None and guest.vnc.display is not None:
        yield "vnc display", guest.vnc.display
    if guest.state in _UP:
        for pci in guest.pci:
            yield "pci device", pci.address


def _same_disk(guests: Sequence[Guest]) -> list[str]:
    found = []
    users: dict[str, tuple[str, Disk]] = {}
    for guest in guests:
        for disk in guest.disks if guest.state in _UP else ():
            if not disk.path:
                continue
            owner, first = users.setdefault(disk.path, (guest.name, disk))
            if owner != guest.name and "rw" in (first.access, disk.access) and not on_purpose(disk, first.shared):
                how = how_to_share(disk, first.shared) or "; a disk can be shared only if all have access: ro"
                found.append(f"guest {guest.name}: disk is {disk.path}, which guest {owner} has too{how}")
    return found


def on_purpose(disk: Disk, other: str) -> bool:
    """Whether a disk is shared with one that says this of it: both say the same."""
    return bool(disk.shared) and disk.shared == other


def how_to_share(disk: Disk, other: str) -> str:
    """What both must say, in words; empty if neither says anything."""
    if not disk.shared and not other:
        return ""
    says = [repr(name) if name else "not given" for name in (disk.shared, other)]
    return f"; to share it both must give the same name as shared, which is {says[0]} here and {says[1]} there"


def _dependencies(guests: Sequence[Guest]) -> list[str]:
    by_name = {guest.name: guest for guest in guests}
    found = []
    for guest in guests:
        if guest.state not in _UP:
            continue
        for name in guest.depends_on:
            other = by_name.get(name)
            if other is None:
                found.append(f"guest {guest.name}: depends_on names {name!r}, which is not declared on this host")
            elif other.state not in _UP:
                found.append(
                    f"guest {guest.name}: depends_on names {name}, whose state is {other.state}; it would never come"
                )
    circle = order.circle(guests)
    if circle:
        found.append(f"guest {circle[0]}: depends_on goes round in a circle: {' -> '.join([*circle, circle[0]])}")
    return found
