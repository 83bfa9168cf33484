# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Releasing vnd units that guests left behind (see ``read/vnd.py``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...._change import CommandFailed, XenError
from ...._formats.system import vnconfig
from ...._host import Host
from ...._toolstack.lock import exclusive
from ..read.vnd import VNCONFIG, configured, looked, places_of, unsure_of

LOCK_SECONDS = 900.0


def release(host: Host, tool: Any, name: str, path: str) -> None:
    """Release a unit if it still holds ``path`` and nothing uses it. Raises XenError if something does."""
    with exclusive(LOCK_SECONDS):
        found = looked(host, places_of(host, {path: ""}), set(), unsure_of(tool.rows(host)), 2)
        if name in found["left"]:
            _unconfigure(host, name)
        elif found["kept"].get(name, {}).get("path"):
            raise XenError(f"{name} holds {path} and was not released: {found['kept'][name]['why']}.")


def take_back(host: Host, tool: Any, paths: Iterable[str]) -> None:
    """Release what a guest that has just ended has left of its disks. What can't be released now is planned, and told,
    when the machine is read again."""
    places = places_of(host, {path: "" for path in paths}) if host.system == "NetBSD" else {}
    if not places or not any(place in places for _unit, place in configured(host)):
        return  # as most guests do
    with exclusive(LOCK_SECONDS):
        for name in looked(host, places, set(), unsure_of(tool.rows(host)), 2)["left"]:
            try:
                _unconfigure(host, name)
            except XenError:
                continue


def _unconfigure(host: Host, name: str) -> None:
    result = host.try_run([VNCONFIG, "-u", name])
    if result.rc != 0 and name in [unit.name for unit in vnconfig.parse(host.run([VNCONFIG, "-l"]).stdout)]:
        raise CommandFailed(
            f"{name} can't be released: {result.tail}. A program in dom0, or dom0 itself, has it open; "
            f"fstat /dev/r{name}d shows a program. Release it with vnconfig -u {name} when it is free, never with -F.",
            command=list(result.argv),
            rc=result.rc,
        )
