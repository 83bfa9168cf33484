# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What is to be done so that a guest is no more. Pure."""

from __future__ import annotations

from typing import Any

from ...._change import GUEST_RECREATE
from ...._formats.guest.devices import Disk
from ..declare import config as guest_config
from ..declare.guest import Guest
from ..declare.wanted import Wanted
from ..read.saved import save_path
from . import start, storage
from .changes import GuestPlan, change, stop_change


def plan_absent(
    plan: GuestPlan, guest: Guest, live: dict[str, Any] | None, current: dict[str, Any], wanted: Wanted
) -> None:
    """Stop it, remove its configuration, and if that is allowed its disks and its saved memory."""
    if live:
        plan.stops, plan.frees_memory = True, live["used"]
        plan.changes.append(stop_change(guest, live, wanted))
    before = current["configs"].get(guest.name)
    disks = guest.disks or tuple(guest_config.disks_in(before["settings"]) if before else ())
    path = f"{current['config_dir']}/{guest.name}"
    if before:
        if before["settings"] is not None and before["settings"].get("name") != guest.name:
            plan.problems.append(f"{path} is not this guest's configuration; move it away")
            return
        summary = f"remove the configuration {path}"
        plan.changes.append(change(guest, "remove_config", summary, before["settings"], "missing", {"path": path}))
    if wanted.remove_disks:
        _plan_remove_disks(plan, guest, disks, current, wanted)
    if guest.name in current["saved"]:
        _plan_remove_saved(plan, guest, save_path(current, guest.name), wanted)


def _plan_remove_saved(plan: GuestPlan, guest: Guest, path: str, wanted: Wanted) -> None:
    if not wanted.remove_disks:
        plan.warnings.append(f"guest {guest.name}: its saved memory {path} is kept, because remove_disks is not set")
        return
    summary = f"remove its saved memory {path}"
    plan.changes.append(change(guest, "remove_disk", summary, "file", "missing", {"path": path}, GUEST_RECREATE))


def _plan_remove_disks(
    plan: GuestPlan, guest: Guest, disks: tuple[Disk, ...], current: dict[str, Any], wanted: Wanted
) -> None:
    used = _used_by_others(guest, current, wanted)
    for disk in disks:
        if disk.access != "rw" or disk.cdrom or start.kind(current, disk.path) != "file":
            continue
        owner = used.get(storage.identity(current, disk.path))
        if owner:
            plan.warnings.append(f"guest {guest.name}: its disk {disk.path} is kept, because {owner} uses it too")
            continue
        summary = f"remove the disk {disk.path} with all its data"
        data = {"path": disk.path}
        plan.changes.append(change(guest, "remove_disk", summary, "file", "missing", data, GUEST_RECREATE))


def _used_by_others(guest: Guest, current: dict[str, Any], wanted: Wanted) -> dict[str, str]:
    """Paths of disks that some other guest names, without symbolic links, with that guest's name."""
    used: dict[str, str] = {}
    for name, config in current["configs"].items():
        if name != guest.name:
            used.update({disk.path: name for disk in guest_config.disks_in(config["settings"])})
    for domain in current["domains"]:
        if domain["name"] != guest.name and domain["config"]:
            disks = [disk for disk in domain["config"].get("disk", []) if isinstance(disk, dict)]
            used.update({disk["path"]: domain["name"] for disk in disks})
    for other in wanted.guests:
        if other.name != guest.name and other.state != "absent":
            used.update({disk.path: other.name for disk in other.disks})
    return {storage.identity(current, path): name for path, name in used.items()}
