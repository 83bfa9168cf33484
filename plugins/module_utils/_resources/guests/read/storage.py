# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The files and devices that guests name, and what dom0 itself uses of the disks. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...._formats.system.vnconfig import Unit
from ...._formats.xl.xl_output import Domain
from ...._host import Host
from ..declare import config as guest_config
from ..declare.wanted import Wanted
from . import dom0_disks, extents
from .backends import Backend
from .current import ConfigFile, Current, StartedWith, Storage
from .dom0_disks import Use
from .extents import Extent
from .vnd import Place


def files(configs: dict[str, ConfigFile], declared: Wanted | None) -> list[str]:
    """The files to look at: the disks of every configuration, and what the declared guests need."""
    paths = {disk.path for config in configs.values() for disk in guest_config.disks_in(config.settings)}
    paths.update(path for config in configs.values() for path in config.paths)
    for guest in declared.guests if declared else ():
        paths.update(disk.path for disk in guest.disks if disk.path)
        paths.update(guest.files)
        if guest.bootloader.startswith("/"):
            paths.add(guest.bootloader)
    return sorted(paths)


def disks(configs: dict[str, ConfigFile], started_with: dict[str, StartedWith]) -> dict[str, str]:
    """Every disk that a guest's configuration names, path to guest: in its file, and in what it was started with."""
    named = [(name, each.settings) for found in (started_with, configs) for name, each in found.items()]
    return {disk.path: name for name, settings in named for disk in guest_config.disks_in(settings) if disk.path}


def look(host: Host, paths: Iterable[str], domains: list[Domain]) -> dict[str, Any]:
    """``files`` says what is at each path, None for nothing; ``identities`` what it is under any name, also for the
    disks of running guests; ``links`` where a path goes by symbolic links, for those that do; ``sizes`` how many bytes
    a file has."""
    named = set(paths)
    running = [path for domain in domains for path in domain.disk_paths]
    seen = {path: host.stat(path) for path in sorted({*named, *running}) if path}
    real = {path: host.real_path(path) for path in seen}
    return {
        "files": {path: found.kind if found else None for path, found in seen.items() if path in named},
        "identities": {path: extents.identity(real[path], host.stat(real[path])) for path in seen},
        "links": {path: place for path, place in real.items() if place != path},
        "sizes": {path: found.size for path, found in seen.items() if found and found.kind == "file" and path in named},
    }


# -- what only a start needs -------------------------------------------------------------------------------------------


def for_start(
    host: Host, current: Current, declared: Wanted, units: list[tuple[Unit, Place]], ends: list[Backend]
) -> Storage:
    """``units`` are the configured units of vnd(4), ``ends`` the backends of guests' devices.

    Dom0 is asked only if a declared guest has a device as its disk, or a file that dom0 has as a unit, or if disks are
    removed. Raises CommandFailed if it can't be told: what is unknown may be in use.
    """
    found = {end.path: Extent(end.place) for end in ends if end.path}
    if host.system != "NetBSD":
        return Storage([], found, False)
    behind = {unit.name: extents.inode(*place) for unit, place in units}
    named = {current.identities.get(path, "") for path in _disks_of(declared, current)}
    running = {current.identities.get(path) for domain in current.domains for path in domain.disk_paths}
    held = [name for name, place in sorted(behind.items()) if place in named - running]
    removes = declared.remove_disks and any(guest.state == "absent" for guest in declared.guests)
    if not held and not removes and not any(place.startswith("device ") for place in named):
        return Storage([], found, True)
    present = extents.names(host)
    uses = dom0_disks.uses(host, present)
    uses += [
        Use(f"/dev/{name}d", f"configured as {name} (vnconfig -u {name} releases it)", "ro", name) for name in held
    ]
    paths = {*current.identities, *found, *(use.path for use in uses)}
    return Storage(uses, extents.find(host, sorted(paths), present, behind), True)


def _disks_of(declared: Wanted, current: Current) -> Iterator[str]:
    """The disks of the declared guests, and of those that are to be absent what their configurations name."""
    for guest in declared.guests:
        config = current.configs.get(guest.name)
        named = guest_config.disks_in(config.settings) if config else []
        yield from (disk.path for disk in (*guest.disks, *named))
