# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Releasing vnd units that guests left behind (see ``read/vnd.py``)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...._change import CommandFailed, XenError
from ...._formats.system import vnconfig
from ...._host import Host
from ...._toolstack.interface import Toolstack
from ...._toolstack.lock import exclusive
from ..read.vnd import VNCONFIG, configured, looked, places_of, unsure_of


@dataclass(frozen=True)
class ReleaseVnd:
    """Release a unit, which has the place of a guest's name, if it still holds ``path`` and nothing uses it."""

    path: str

    def carry_out(self, tool: Toolstack, name: str) -> None:
        with exclusive():
            found = looked(tool.host, places_of(tool.host, {self.path: ""}), set(), unsure_of(tool.rows()), 2)
            if name in found.left:
                _unconfigure(tool.host, name)
            elif name in found.kept and found.kept[name].path:
                raise XenError(f"{name} holds {self.path} and was not released: {found.kept[name].why}.")


def take_back(tool: Toolstack, paths: Iterable[str]) -> None:
    """Release what a guest that has just ended has left of its disks. What can't be released now is planned, and told,
    when the machine is read again."""
    host = tool.host
    places = places_of(host, {path: "" for path in paths}) if host.system == "NetBSD" else {}
    if not places or not any(place in places for _unit, place in configured(host)):
        return  # as most guests do
    with exclusive():
        for name in looked(host, places, set(), unsure_of(tool.rows()), 2).left:
            try:
                _unconfigure(host, name)
            except XenError:
                continue


def check_free(host: Host, path: str) -> None:
    """Raises XenError if a file is a unit of vnd(4), whoever has it: its data would be gone with its name."""
    places = places_of(host, {path: ""}) if host.system == "NetBSD" else {}
    held = [unit.name for unit, place in (configured(host) if places else []) if place in places]
    if held:
        raise XenError(f"{path} is in use as {' and '.join(held)} and was not removed. Look who uses it.")


def _unconfigure(host: Host, name: str) -> None:
    result = host.try_run([VNCONFIG, "-u", name])
    if result.rc != 0 and name in [unit.name for unit in vnconfig.parse(host.run([VNCONFIG, "-l"]).stdout)]:
        raise CommandFailed(
            f"{name} can't be released: {result.tail}. A program in dom0, or dom0 itself, has it open; "
            f"fstat /dev/r{name}d shows a program. Release it with vnconfig -u {name} when it is free, never with -F.",
            command=list(result.argv),
            rc=result.rc,
        )
