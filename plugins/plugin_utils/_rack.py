# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What guests of two hosts can't both have. Names are a machine's own matter; UUIDs and MAC addresses are not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Dict, Tuple

from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest.devices import derived_mac
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare.clashes import everywhere
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare.guest import Guest, expand

# The guest by what it is known in the whole rack: the key's name and its value.
Identities = Dict[Tuple[str, str], str]
# All that says by what a guest is known.
KEYS = ("name", "state", "uuid", "nics")


@dataclass
class Outsider:
    """A host of the inventory that is not in this run."""

    host: str
    identities: Identities = field(default_factory=dict)


def identities(guests: Iterable[Guest]) -> Identities:
    """By what a host's guests are known, those that are to go left out. What two of one host have is told elsewhere."""
    return {identity: guest.name for guest in guests if guest.state != "absent" for identity in everywhere(guest)}


def outsider(host: str, raw_guests: Iterable[Any]) -> Outsider:
    """A host of which nothing else is looked at; what is wrong with its guests is said when it is its turn."""
    found = [expand({"memory": 0, **raw}, host, {}, {})[0] for raw in raw_guests if isinstance(raw, Mapping)]
    return Outsider(host, identities(guest for guest in found if guest is not None))


def clashes(inside: Mapping[str, Identities], outside: Mapping[str, Identities]) -> list[str]:
    """A line for each UUID or MAC address of a host of this run that a guest of another host has too."""
    owners: dict[tuple[str, str], tuple[str, str]] = {}
    for host, known in outside.items():
        for identity, guest in known.items():
            owners.setdefault(identity, (host, guest))
    found = []
    for host, known in inside.items():
        for identity, guest in known.items():
            owner = owners.setdefault(identity, (host, guest))
            if owner[0] != host:
                found.append(_clash(identity, (host, guest), owner, owner[0] in outside))
    return found


def _clash(identity: tuple[str, str], here: tuple[str, str], there: tuple[str, str], beyond: bool) -> str:
    key, value = identity
    other = f"guest {there[1]} on host {there[0]}" + (", which is not in this run," if beyond else "")
    text = f"host {here[0]}: guest {here[1]}: {key} is {value!r}, which {other} has too; each needs its own"
    if key == "mac" and _is_derived(value, *here) and _is_derived(value, *there):
        # 24 bits of a hash: of 4000 guests two have the same in one rack of three.
        return f"{text}. Both were made from the names of host and guest; declare a mac for one of them"
    return text


def _is_derived(mac: str, host: str, guest: str) -> bool:
    return any(derived_mac(host, guest, index) == mac for index in range(16))
