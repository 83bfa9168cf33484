# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What one guest needs in order to be as declared: its disks, its configuration file, its domain. Pure.

A guest has three states, the declared one, the one in its configuration file and the running one; it is in sync when
all three agree. A guest that was saved has a fourth, the file that holds its memory.
"""

from __future__ import annotations

import posixpath
from typing import Any

from ...._change import GUEST_RESTART, Change
from ...._formats.guest.devices import Disk
from ..declare import checks
from ..declare import config as guest_config
from ..declare.guest import Guest
from ..declare.wanted import Wanted
from ..read import live as guest_live
from ..read import lost
from ..read.live import disk_paths
from ..read.saved import save_path, taken_path
from . import start
from .absent import plan_absent
from .changes import GuestPlan, change, start_change, stop_change
from .running import plan_running


def plan_guest(guest: Guest, current: dict[str, Any], wanted: Wanted, blank: bool) -> GuestPlan:
    """The plan of one guest. ``blank``: the machine is not a dom0 yet, so nothing runs and nothing can be looked up.

    Raises NotRead if ``current`` lacks something that the decision needs.
    """
    plan = GuestPlan()
    lives = lives_of(guest, current, wanted)
    if len(lives) > 1:
        ids = ", ".join(str(domain["domid"]) for domain in lives)
        plan.problems.append(
            f"{len(lives)} domains with this name run (ids {ids}); look which one is right and destroy the others by id"
        )
        return plan
    if guest.name in current["occupied"]:
        plan.problems.append(f"{current['config_dir']}/{guest.name} is no plain file; give the guest another name")
        return plan
    live = lives[0] if lives else None
    without_name = "" if live else lost.problem(guest, current)
    if without_name:
        plan.problems.append(without_name)
        return plan
    if guest.name in current["managed"]:
        plan.changes.append(_forget_change(guest))
    if guest.state == "absent":
        plan_absent(plan, guest, live, current, wanted)
        return plan
    before = _plan_rename(plan, guest, live, current, wanted)
    _plan_disks(plan, guest, current, blank, bool(live))
    _plan_config(plan, guest, live, before, current)
    _plan_saved(plan, guest, live, current)
    if guest.state in ("running", "paused"):
        _plan_up(plan, guest, live, before, current, wanted)
    elif guest.state == "saved":
        _plan_save(plan, guest, live, current, wanted)
    elif live:
        plan.stops, plan.frees_memory = True, live["used"]
        plan.changes.append(stop_change(guest, live, wanted))
    plan.warnings += checks.warnings(guest, current["toolstack"])
    if plan.starts and not blank:
        plan.problems += start.problems(guest, current, wanted)
    return plan


def _forget_change(guest: Guest) -> Change:
    """xend keeps guests of its own (xm new). Such a copy is a third place that says what the guest is, and in its way
    when the guest is created; the configuration file decides."""
    summary = "have xend forget its own copy of the guest, which does not run; the configuration file decides"
    return change(guest, "forget", summary, "kept by xend", "configuration file only")


def lives_of(guest: Guest, current: dict[str, Any], wanted: Wanted) -> list[dict[str, Any]]:
    """The guest's running domains: those of its name, or else the one of its declared UUID under a name that nobody
    declares, which is the guest before it was renamed."""
    domains = current["domains"]
    named = [each for each in domains if each["name"] == guest.name and not guest_live.row_of(each).dying]
    if named or not guest.uuid_given:
        return named
    declared = {other.name for other in wanted.guests}
    return [
        domain
        for domain in domains
        if domain["config"] and domain["config"].get("uuid") == guest.uuid and domain["name"] not in declared
        # Without a name it is not the guest before it was renamed, but one that xenstored does not know.
        and not (guest_live.row_of(domain).dying or guest_live.row_of(domain).unnamed)
    ]


# -- the name ----------------------------------------------------------------------------------------------------------


def _plan_rename(
    plan: GuestPlan, guest: Guest, live: dict[str, Any] | None, current: dict[str, Any], wanted: Wanted
) -> dict[str, Any] | None:
    """Rename the running domain and drop the configuration of the old name. Returns the guest's configuration file as
    it was found, under whichever name."""
    if live and live["name"] != guest.name:
        summary = f"rename the running guest {live['name']}"
        data = {"domid": live["domid"], "old": live["name"]}
        plan.changes.append(change(guest, "rename", summary, live["name"], guest.name, data))
    before = current["configs"].get(guest.name)
    for old in _former_names(guest, current, wanted):
        path = f"{current['config_dir']}/{old}"
        found = current["configs"][old]
        before = before or found
        summary = f"remove the configuration {path}, which has this guest's UUID under its former name"
        plan.changes.append(change(guest, "remove_config", summary, found["settings"], "missing", {"path": path}))
    return before


def _former_names(guest: Guest, current: dict[str, Any], wanted: Wanted) -> list[str]:
    """The configuration files that are this guest's by their UUID, under names that nobody declares."""
    if not guest.uuid_given:
        return []
    declared = {other.name for other in wanted.guests}
    return [
        name
        for name, config in current["configs"].items()
        if name not in declared and config["settings"] and config["settings"].get("uuid") == guest.uuid
    ]


# -- disks -------------------------------------------------------------------------------------------------------------


def _plan_disks(plan: GuestPlan, guest: Guest, current: dict[str, Any], blank: bool, running: bool) -> None:
    for disk in guest.disks:
        if not disk.path:
            continue  # an empty CD drive
        kind = None if blank and disk.path not in current["files"] else start.kind(current, disk.path)
        if kind is None and disk.size is not None:
            plan.changes.append(_disk_change(guest, disk))
        elif kind is None and running:
            plan.warnings.append(f"guest {guest.name}: its disk {disk.path} is gone, although the guest is running")
        elif kind is None and guest.state in ("running", "paused") and not blank:
            plan.problems.append(
                f"disk {disk.path} does not exist; correct the path, or give a size (like 10G) to have the file made"
            )
        elif kind not in (None, "file", "block"):
            plan.problems.append(
                f"disk {disk.path} is a {_KINDS[str(kind)]}; allowed is a file or a block device{_hint(disk)}"
            )


_KINDS = {"char": "raw (character) device", "directory": "directory", "link": "dangling link", "other": "special file"}


def _hint(disk: Disk) -> str:
    folder, name = posixpath.split(disk.path)
    return f", for example {folder}/{name[1:]}" if name.startswith("r") else ""


def _disk_change(guest: Guest, disk: Disk) -> Change:
    summary = f"make the disk {disk.path} of {disk.size} bytes, which takes no space until it is written"
    data = {"path": disk.path, "size": disk.size}
    return change(guest, "make_disk", summary, "missing", f"file of {disk.size} bytes", data)


# -- the configuration file --------------------------------------------------------------------------------------------


def _plan_config(
    plan: GuestPlan,
    guest: Guest,
    live: dict[str, Any] | None,
    started_with: dict[str, Any] | None,
    current: dict[str, Any],
) -> None:
    """``started_with``: the configuration that a running or saved guest was started with, as far as files tell."""
    before = current["configs"].get(guest.name)
    after = guest_config.comparable(guest_config.settings_of(guest, current["dialect"]))
    path = f"{current['config_dir']}/{guest.name}"
    old = before["settings"] if before else None
    if before and old is not None and "name" not in old:
        plan.problems.append(
            f"{path} is there and is no guest's configuration; move it away or give the guest another name"
        )
        return
    whose = _owner(guest, old)
    if whose:
        plan.problems.append(
            f"{path} is the configuration of guest {whose}; move it away, declare that guest, or give this one another "
            "name"
        )
        return
    exposed = bool(before) and bool(guest.secrets) and not before["private"]
    if old == after and not exposed:
        return
    keeps = bool(live) or guest.name in current["saved"]
    found = old if old is not None else (f"not readable by xl: {before['error']}" if before else "missing")
    data = {
        "path": path,
        "text": guest_config.text_of(guest, current["dialect"]),
        "mode": guest_config.mode_of(guest),
        "started_with": {"settings": started_with["settings"]} if keeps and started_with else None,
        "keep": before is not None and not before["ours"],
    }
    summary = _config_summary(path, before, after, exposed)
    plan.changes.append(change(guest, "write_config", summary, found, after, data))


def _owner(guest: Guest, settings: dict[str, Any] | None) -> str:
    """The name in a configuration that is another guest's; empty if it is this one's, which may have had another name
    before."""
    name = str((settings or {}).get("name", guest.name))
    renamed = guest.uuid_given and (settings or {}).get("uuid") == guest.uuid
    return "" if name == guest.name or renamed else name


def _config_summary(path: str, before: dict[str, Any] | None, after: dict[str, Any], exposed: bool) -> str:
    if before is None:
        return f"write the configuration {path}"
    if before["settings"] is None:
        return (
            f"replace the configuration {path}, which xl can't read ({before['error']}); "
            f"the old one is kept as {guest_config.kept_path(path)}"
        )
    kept = "" if before["ours"] else f"; the file as it was found is kept as {guest_config.kept_path(path)}"
    keys = guest_config.differences(before["settings"], after)
    if exposed and not keys:
        return f"make the configuration {path} readable by root only, because it holds a password{kept}"
    return f"correct the configuration {path}: {', '.join(keys)}{kept}"


# -- the saved memory --------------------------------------------------------------------------------------------------


def _plan_saved(plan: GuestPlan, guest: Guest, live: dict[str, Any] | None, current: dict[str, Any]) -> None:
    """A saved memory belongs to the disks as they were then. Once the guest has run on without it, restoring it would
    ruin the file systems, so it is put where nothing restores it."""
    if guest.name not in current["saved"]:
        return
    path = save_path(current, guest.name)
    if live:
        summary = f"put the saved memory {path} aside as {path}.old, because the guest has run on without it"
        plan.changes.append(change(guest, "set_aside", summary, path, f"{path}.old", {"path": path}))
    elif guest.state in ("shutdown", "destroyed"):
        plan.warnings.append(f"guest {guest.name}: its memory is saved in {path}; with state running it goes on there")


def _plan_save(
    plan: GuestPlan, guest: Guest, live: dict[str, Any] | None, current: dict[str, Any], wanted: Wanted
) -> None:
    path = save_path(current, guest.name)
    if live is None and guest.name in current["saved"]:
        return
    if live is None or guest_live.row_of(live).down:
        plan.problems.append(
            "it is not running, so there is no memory to save; declare state shutdown, or let it run first"
        )
        return
    plan.stops, plan.frees_memory = True, live["used"]
    data = {"domid": live["domid"], "path": path, "seconds": wanted.shutdown_timeout, "disks": disk_paths(live)}
    summary = f"save its memory to {path} and stop it"
    plan.changes.append(change(guest, "save", summary, live["state"], "saved", data, GUEST_RESTART))


# -- the domain --------------------------------------------------------------------------------------------------------


def _plan_up(
    plan: GuestPlan,
    guest: Guest,
    live: dict[str, Any] | None,
    before: dict[str, Any] | None,
    current: dict[str, Any],
    wanted: Wanted,
) -> None:
    if live is not None and not guest_live.row_of(live).down:
        plan_running(plan, guest, live, before, current, wanted)
        return
    if live is not None:
        _plan_down(plan, guest, live, current, wanted)
    elif guest.name in current["restoring"]:
        taken, path = taken_path(current, guest.name), save_path(current, guest.name)
        plan.problems.append(
            f"bringing it back from its saved memory was interrupted, and {taken} is left; if the guest has not run "
            f"since, rename it to {path} and run again, else move it away: restoring it would ruin the guest's disks"
        )
    elif current["saved"].get(guest.name):
        path = save_path(current, guest.name)
        plan.problems.append(
            f"it has run since its memory was saved to {path}, and to restore that would ruin what it has written to "
            f"its disks; move {path} away, and the guest will start anew"
        )
    elif guest.name in current["saved"]:
        plan.starts = True
        summary = f"let it go on from its saved memory {save_path(current, guest.name)}"
        plan.changes.append(start_change(guest, "restore", summary, "saved", current))
    else:
        plan.starts = True
        summary = f"start the guest with {guest.memory} MiB" + (", paused" if guest.state == "paused" else "")
        plan.changes.append(start_change(guest, "create", summary, "not running", current))
    if plan.starts:
        plan.needs_memory = start.memory_needed(guest)
        plan.vnd_units += start.vnd_units(guest, current)


def _plan_down(plan: GuestPlan, guest: Guest, live: dict[str, Any], current: dict[str, Any], wanted: Wanted) -> None:
    """It has shut down or crashed and is still listed: nothing is lost by taking it apart, unless the admin wants to
    look at what crashed."""
    crashed = guest_live.row_of(live).crashed
    word = "crashed" if crashed else "has shut down"
    summary = f"take domain {live['domid']} apart, which {word} and stays, and start it"
    revive = start_change(guest, "revive", summary, live["state"], current)
    revive.data["disks"] = disk_paths(live)
    kept = live["config"] and live["config"].get("on_crash") in ("preserve", "coredump-restart") and crashed
    if kept and wanted.restart_policy != "if_needed":
        plan.deferred.append(revive)
    else:
        plan.starts, plan.frees_memory = True, live["used"]
        plan.changes.append(revive)
