# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be told of a list of guests as it is declared, before anybody has checked it. Pure; nonsense in it is left
to those who check it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare.order import ordered


def disk_files(guests: Any) -> list[str]:
    """The paths of the guests' disks that are files, in the order of the guests."""
    paths = []
    for guest in guests if isinstance(guests, list) else []:
        disks = guest.get("disks") if isinstance(guest, dict) else None
        for disk in disks if isinstance(disks, list) else []:
            path = disk.get("path") if isinstance(disk, dict) else disk
            if isinstance(path, str) and not path.startswith("/dev/"):
                paths.append(path)
    return paths


@dataclass(frozen=True)
class _Declared:
    """What decides about a guest's place."""

    name: str
    autostart: bool
    priority: int
    depends_on: tuple[str, ...]


def xendomains_order(guests: Any, os_defaults: Any = None) -> list[str]:
    """The names of the guests that start with the machine, in their order."""
    defaults = os_defaults if isinstance(os_defaults, Mapping) else {}
    guests = guests if isinstance(guests, list) else []
    # Any: these have no more of a guest than its place is decided by.
    named = [guest for guest in guests if isinstance(guest, Mapping) and guest.get("name")]
    known: Any = [_declared(guest, defaults) for guest in named]
    return [guest.name for guest in ordered(known) if guest.autostart]


def _declared(guest: Mapping[str, Any], os_defaults: Mapping[str, Any]) -> _Declared:
    own = os_defaults.get(str(guest.get("os")))
    merged = {**(own if isinstance(own, Mapping) else {}), **guest}
    priority, depends_on = merged.get("priority"), merged.get("depends_on")
    return _Declared(
        name=str(guest["name"]),
        autostart=boolean(merged.get("autostart"), strict=False) and merged.get("state") != "absent",
        priority=int(str(priority)) if str(priority).lstrip("-").isdigit() else 0,
        depends_on=tuple(str(name) for name in depends_on) if isinstance(depends_on, (list, tuple)) else (),
    )
