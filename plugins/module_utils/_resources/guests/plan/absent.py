# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What is to be done so that a guest is no more. Pure."""

from __future__ import annotations

from ...._change import GUEST_RECREATE
from ...._formats.xl.xl_output import Domain
from ..apply.files import RemoveConfig, RemoveDisk
from ..declare import config as guest_config
from ..declare.guest import Guest
from ..declare.wanted import Wanted
from . import storage
from .changes import GuestPlan, change, merge, stop
from .seen import Seen, kind


def plan_absent(guest: Guest, live: Domain | None, current: Seen, wanted: Wanted) -> GuestPlan:
    """Stop it, remove its configuration, and if that is allowed its disks and its saved memory."""
    parts = [stop(guest, live, wanted, GUEST_RECREATE)] if live else []
    before, path = current.configs.get(guest.name), current.config_path(guest.name)
    if before:
        if before.settings is not None and before.settings.get("name") != guest.name:
            problem = f"{path} is not this guest's configuration; move it away"
            return merge([*parts, GuestPlan(problems=[problem])])
        summary = f"remove the configuration {path}"
        gone = change(guest, RemoveConfig(path), summary, before.settings, "missing", GUEST_RECREATE)
        parts.append(GuestPlan([gone]))
    if wanted.remove_disks:
        parts.append(_remove_disks(guest, current, wanted))
    if guest.name in current.saved:
        parts.append(_remove_saved(guest, current.save_path(guest.name), wanted))
    return merge(parts)


def _remove_saved(guest: Guest, path: str, wanted: Wanted) -> GuestPlan:
    if not wanted.remove_disks:
        kept = f"guest {guest.name}: its saved memory {path} is kept, because remove_disks is not set"
        return GuestPlan(warnings=[kept])
    summary = f"remove its saved memory {path}"
    return GuestPlan([change(guest, RemoveDisk(path), summary, "file", "missing", GUEST_RECREATE)])


def _remove_disks(guest: Guest, current: Seen, wanted: Wanted) -> GuestPlan:
    before = current.configs.get(guest.name)
    disks = guest.disks or guest_config.disks_in(before.settings if before else None)
    changes, warnings = [], []
    for disk in disks:
        if disk.access != "rw" or disk.cdrom or kind(current, disk.path) != "file":
            continue
        others = storage.users(guest, disk, current, wanted)
        if others:
            warnings.append(f"guest {guest.name}: its disk {disk.path} is kept, because it {others[0]}")
            continue
        summary = f"remove the disk {disk.path} with all its data"
        changes.append(change(guest, RemoveDisk(disk.path), summary, "file", "missing", GUEST_RECREATE))
    return GuestPlan(changes, warnings=warnings)
