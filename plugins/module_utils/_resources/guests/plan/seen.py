# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What was read, as a plan sees it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any

from ...._change import NotRead
from ...._formats.guest.devices import derived_mac
from ...._formats.xl.xl_output import Domain
from ..declare.guest import Guest
from ..declare.wanted import Wanted
from ..read import lost
from ..read.current import ConfigFile, Current, StartFacts
from ..read.file_names import by_guest


@dataclass(frozen=True)
class Seen(Current):
    """What was read, with what earlier tasks of a check run would have put there. ``own`` are the ids of the domains
    that are each declared guest, one that is just ending included, even if it has lost its name."""

    own: dict[str, list[int]] = field(default_factory=dict)


def seen(current: Current, wanted: Wanted) -> Seen:
    """What was read, for the plan of these guests."""
    current = by_guest(current, wanted)
    assumed = {path: "file" for path in wanted.assume_files if current.files.get(path) is None}
    start = current.start
    changed: dict[str, Any] = {
        "files": {**current.files, **assumed},
        "start": start and replace(start, bridges=[*start.bridges, *wanted.assume_bridges]),
        "own": {guest.name: _own(guest, current, wanted) for guest in wanted.guests},
    }
    return Seen(**{**vars(current), **changed})


def _own(guest: Guest, current: Current, wanted: Wanted) -> list[int]:
    domains = lives_of(guest, current, wanted) + [each for each in current.domains if each.name == guest.name]
    domains += [each for each in current.domains if each.row.dying and lost.belongs_to(guest, each, current)]
    return [domain.domid for domain in domains]


def lives_of(guest: Guest, current: Current, wanted: Wanted) -> list[Domain]:
    """The guest's running domains: those of its name, or else the one of its declared UUID under a name that nobody
    declares, which is the guest before it was renamed."""
    alive = [domain for domain in current.domains if not domain.row.dying]
    named = [domain for domain in alive if domain.name == guest.name]
    if named or not guest.uuid_given:
        return named
    declared = {other.name for other in wanted.guests}
    # Without a name it is not the guest before it was renamed, but one that xenstored does not know.
    others = [domain for domain in alive if not domain.row.unnamed and domain.name not in declared]
    return [domain for domain in others if domain.settings.get("uuid") == guest.uuid]


def other_configs(guest: Guest, current: Current) -> dict[str, ConfigFile]:
    """The configurations of this guest under other names or in other directories, such as NAME.cfg, by their paths."""
    found = {current.config_path(file): config for file, config in current.configs.items() if file != guest.name}
    found.update(current.elsewhere)
    return {path: config for path, config in found.items() if (config.settings or {}).get("name") == guest.name}


def with_its_addresses(guest: Guest, current: Current, host_name: str) -> Guest:
    """The guest with the MAC addresses that it has already, where none were declared: under another name it would
    derive others. It is known by its declared UUID, from its configuration or, without one, from its domain."""
    if not guest.uuid_given:
        return guest
    configs = sorted(current.configs.items(), key=lambda item: item[0] != guest.name)
    found = [config.settings for _name, config in configs if config.settings]
    found += [domain.settings for domain in current.domains if not domain.row.dying]
    mine = next((settings for settings in found if settings.get("uuid") == guest.uuid), {})
    has = [nic.get("mac") for nic in mine.get("vif", []) if isinstance(nic, dict)]
    nics = [
        replace(nic, mac=mac) if mac and nic.mac == derived_mac(host_name, guest.name, index) else nic
        for index, (nic, mac) in enumerate(zip_longest(guest.nics, has[: len(guest.nics)]))
    ]
    return replace(guest, nics=tuple(nics))


def known(current: Current) -> StartFacts:
    """What was looked at for starts. Raises NotRead if it was not."""
    if current.start is None:
        raise NotRead("what a start needs was not looked at", reading="start")
    return current.start


def kind(current: Current, path: str) -> str | None:
    """What is at a path: file, block... or None. Raises NotRead if nobody looked."""
    if path not in current.files:
        raise NotRead(f"{path} was not looked at")
    return current.files[path]
