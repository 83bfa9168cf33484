# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What the parts of a guest's plan are made of. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...._change import GUEST_RESTART, LIVE, Change, NotRead
from ..declare.guest import Guest
from ..declare.wanted import Wanted
from ..read.live import disk_paths
from ..read.saved import save_path, taken_path

RESOURCE = "domain"


@dataclass
class GuestPlan:
    """One guest's part of a plan. ``problems`` stop the whole run before anything is touched. ``starts`` says that
    its domain will be built anew, for which ``needs_memory`` MiB and ``vnd_units`` free units must be there;
    ``frees_memory`` MiB are given back before. ``stops`` says that it will only be stopped."""

    changes: list[Change] = field(default_factory=list)
    deferred: list[Change] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    starts: bool = False
    stops: bool = False
    needs_memory: int = 0
    frees_memory: int = 0
    vnd_units: int = 0


def known(current: dict[str, Any]) -> dict[str, Any]:
    """What was looked at for starts. Raises NotRead if it was not."""
    if current["start"] is None:
        raise NotRead("what a start needs was not looked at")
    return current["start"]


def change(
    guest: Guest,
    action: str,
    summary: str,
    before: Any,
    after: Any,
    data: dict[str, Any] | None = None,
    impact: str = LIVE,
) -> Change:
    """One change of a guest."""
    return Change(RESOURCE, guest.name, action, summary, before, after, impact, data=data or {})


def start_change(guest: Guest, action: str, summary: str, before: Any, current: dict[str, Any]) -> Change:
    """A change after which the guest runs, or is paused if that is declared."""
    after = "paused" if guest.state == "paused" else "running"
    return Change(
        RESOURCE, guest.name, action, summary, before, after, LIVE, guest.depends_on, start_data(guest, current)
    )


def start_data(guest: Guest, current: dict[str, Any]) -> dict[str, Any]:
    """What a start needs to know: the files, and the devices that must be there afterwards."""
    return {
        "path": f"{current['config_dir']}/{guest.name}",
        "saved": save_path(current, guest.name),
        "taken": taken_path(current, guest.name),
        "guest": guest,
        "delay": 0,
    }


def stop_data(live: dict[str, Any], wanted: Wanted) -> dict[str, Any]:
    """What a shutdown needs to know: how long it may take, in seconds, whether it ends with a hard stop, and the disks
    that dom0 gets back."""
    hard = wanted.destroy_after is not None
    seconds = wanted.destroy_after if hard else wanted.shutdown_timeout
    return {"domid": live["domid"], "seconds": seconds, "hard": hard, "disks": disk_paths(live)}


def stop_change(guest: Guest, live: dict[str, Any], wanted: Wanted) -> Change:
    """The end of a running domain, at once only if that is what was declared."""
    data = stop_data(live, wanted)
    if guest.state == "destroyed":
        return change(guest, "destroy", "stop the guest at once", live["state"], "not running", data, GUEST_RESTART)
    return change(guest, "shutdown", "shut the guest down", live["state"], "not running", data, GUEST_RESTART)
