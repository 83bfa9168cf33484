# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What one guest needs in order to be as declared: its disks, its configuration file, its domain. Pure.

A guest has three states, the declared one, the one in its configuration file and the running one; it is in sync when
all three agree. A guest that was saved has a fourth, the file that holds its memory.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ...._change import GUEST_RESTART
from ...._formats import units
from ...._formats.guest.devices import Disk
from ...._formats.xl.xl_output import Domain
from ..apply.files import Forget, MakeDisk, RemoveConfig, SetAside, WriteConfig
from ..apply.live import Rename
from ..apply.start import Create, Restore, Revive
from ..apply.stop import Save
from ..declare import checks
from ..declare import config as guest_config
from ..declare.guest import Guest
from ..declare.wanted import Wanted
from ..read import lost
from ..read.current import ConfigFile, StartedWith
from . import start
from .absent import plan_absent
from .changes import GuestPlan, change, merge, stop, words_for_restarts
from .running import Running, plan_running
from .seen import Seen, kind, lives_of, other_configs


def plan_guest(guest: Guest, current: Seen, wanted: Wanted, blank: bool) -> GuestPlan:
    """The plan of one guest. ``blank``: the machine is not a dom0 yet, so nothing runs and only files can be looked up.

    Raises NotRead if ``current`` lacks something that the decision needs.
    """
    lives = lives_of(guest, current, wanted)
    problem = _hopeless(guest, lives, current)
    if problem:
        return GuestPlan(problems=[problem])
    live = lives[0] if lives else None
    forget = _forget(guest) if guest.name in current.managed else GuestPlan()
    if guest.state == "absent":
        return merge([forget, plan_absent(guest, live, current, wanted)])
    if not guest.configured:
        return merge([forget, _only_down(guest, live, current, wanted)])
    former = _former_names(guest, current, wanted)
    others = other_configs(guest, current)
    known = [current.configs[name] for name in (guest.name, *former) if name in current.configs]
    before = next(iter([*known, *others.values()]), None)
    found = merge(
        [
            forget,
            _rename(guest, live, former, current),
            *(_disk(guest, disk, live, before, current) for disk in guest.disks if disk.path),
            _config(guest, live, before, current),
            _saved(guest, live, current) if guest.name in current.saved else GuestPlan(),
            _domain(guest, live, before, current, wanted),
            GuestPlan(warnings=[*checks.warnings(guest, current.toolstack), *_beside(guest, others, current)]),
        ]
    )
    # A restart that waits for the admin's word must be possible as well.
    starts = found.starts or found.deferred
    problems = []
    if starts:
        problems = start.missing_at_first_start(guest, current) if blank else start.problems(guest, current, wanted)
    warnings = _gone(guest, live, current) if live and not starts else []
    return merge([found, GuestPlan(problems=problems, warnings=warnings)])


def _only_down(guest: Guest, live: Domain | None, current: Seen, wanted: Wanted) -> GuestPlan:
    """A guest that is declared by its name alone: it is stopped, and nothing else of it is touched."""
    if live:
        return stop(guest, live, wanted)
    if guest.name in current.configs or guest.name in current.saved:
        return GuestPlan()
    unknown = f"guest {guest.name}: there is neither a domain nor a configuration of that name, so nothing was stopped"
    return GuestPlan(warnings=[unknown])


def _hopeless(guest: Guest, lives: list[Domain], current: Seen) -> str:
    """Why nothing can be planned for it; empty if something can."""
    if len(lives) > 1:
        ids = ", ".join(str(domain.domid) for domain in lives)
        return (
            f"{len(lives)} domains with this name run (ids {ids}); look which one is right and destroy the others by id"
        )
    if guest.name in current.occupied:
        return f"{current.config_path(guest.name)} is no plain file; give the guest another name"
    return "" if lives else lost.problem(guest, current)


def _beside(guest: Guest, others: Iterable[str], current: Seen) -> list[str]:
    kept = current.config_path(guest.name)
    return [
        f"guest {guest.name}: {path} is a configuration of it too, and is left alone; {kept} is the one kept as "
        "declared, so remove the other"
        for path in others
    ]


def _forget(guest: Guest) -> GuestPlan:
    """xend keeps guests of its own (xm new). Such a copy is a third place that says what the guest is, and in its way
    when the guest is created; the configuration file decides."""
    summary = "have xend forget its own copy of the guest, which does not run; the configuration file decides"
    return GuestPlan([change(guest, Forget(), summary, "kept by xend", "configuration file only")])


# -- the name ----------------------------------------------------------------------------------------------------------


def _rename(guest: Guest, live: Domain | None, former: list[str], current: Seen) -> GuestPlan:
    """Rename the running domain and drop the configurations of its former names."""
    changes = []
    if live and live.name != guest.name:
        summary = f"rename the running guest {live.name}"
        changes.append(change(guest, Rename(live.domid, live.name), summary, live.name, guest.name))
    for old in former:
        path, settings = current.config_path(old), current.configs[old].settings
        summary = f"remove the configuration {path}, which has this guest's UUID under its former name"
        changes.append(change(guest, RemoveConfig(path), summary, settings, "missing"))
    return GuestPlan(changes)


def _former_names(guest: Guest, current: Seen, wanted: Wanted) -> list[str]:
    """The configuration files that are this guest's by their UUID, under names that nobody declares."""
    if not guest.uuid_given:
        return []
    declared = {other.name for other in wanted.guests}
    return [
        name
        for name, config in current.configs.items()
        if name not in declared and config.settings and config.settings.get("uuid") == guest.uuid
    ]


# -- disks -------------------------------------------------------------------------------------------------------------


def _disk(
    guest: Guest, disk: Disk, live: Domain | None, before: ConfigFile | None, current: Seen
) -> GuestPlan:
    found = kind(current, disk.path)
    if found in ("file", "block"):
        return GuestPlan(warnings=_other_size(guest, disk, current.sizes.get(disk.path)))
    if found is not None:
        allowed = f"allowed is a file or a block device{_hint(disk)}"
        return GuestPlan(problems=[f"disk {disk.path} is a {_KINDS[found]}; {allowed}"])
    if live and disk.path in live.disk_paths:
        gone = f"guest {guest.name}: its disk {disk.path} is gone, although the guest is running"
        return GuestPlan(warnings=[gone])
    if any(disk.path == known.path for known in guest_config.disks_in(before.settings if before else None)):
        lost = _lost(guest, disk, current)
        up = guest.state in ("running", "paused")
        return GuestPlan(problems=[lost]) if up else GuestPlan(warnings=[f"guest {guest.name}: {lost}"])
    if disk.size is not None:
        size = units.size_text(disk.size)
        summary = f"make the disk {disk.path} of {size}, which takes no space until it is written"
        return GuestPlan([change(guest, MakeDisk(disk.path, disk.size), summary, "missing", f"file of {size}")])
    if guest.state not in ("running", "paused"):
        return GuestPlan()
    problem = f"disk {disk.path} does not exist; correct the path, or give a size (like 10G) to have the file made"
    return GuestPlan(problems=[problem])


def _lost(guest: Guest, disk: Disk, current: Seen) -> str:
    """It was there when the configuration was written. An empty one in its place, say below the mount point of a file
    system that is not mounted, would be what the guest starts with."""
    return (
        f"disk {disk.path} is gone, and {current.config_path(guest.name)} names it; bring it back (is its file system "
        "mounted?), or remove that configuration to have the guest made anew"
    )


def _gone(guest: Guest, live: Domain, current: Seen) -> list[str]:
    """Files that a running guest will need when it starts again."""
    missing = [path for path in guest.files if current.files.get(path, "file") != "file"]
    return [f"guest {guest.name}: {path} is gone, without which it can't be started again" for path in missing]


def _other_size(guest: Guest, disk: Disk, size: int | None) -> list[str]:
    """Nobody but the admin knows whether the file systems in it can grow, and none can shrink with it."""
    if disk.size is None or size is None or size == disk.size:
        return []
    larger = "make it larger while the guest is down, and then the guest's file systems, or "
    return [
        f"guest {guest.name}: its disk {disk.path} has {units.size_text(size)}, and {units.size_text(disk.size)} are "
        f"declared; it is left as it is: {larger if size < disk.size else ''}declare the size that it has"
    ]


_KINDS = {"char": "raw (character) device", "directory": "directory", "link": "dangling link", "other": "special file"}


def _hint(disk: Disk) -> str:
    folder, name = posixpath.split(disk.path)
    return f", for example {folder}/{name[1:]}" if name.startswith("r") else ""


# -- the configuration file --------------------------------------------------------------------------------------------


def _config(guest: Guest, live: Domain | None, started_with: ConfigFile | None, current: Seen) -> GuestPlan:
    """``started_with``: the configuration that a running or saved guest was started with, as far as files tell."""
    before, path = current.configs.get(guest.name), current.config_path(guest.name)
    old = before.settings if before else None
    problem = _not_its_own(guest, path, old)
    if problem:
        return GuestPlan(problems=[problem])
    after = guest_config.comparable(guest_config.settings_of(guest, current.dialect), current.salt)
    exposed = before is not None and bool(guest.secrets) and not before.private
    if old == after and not exposed:
        return GuestPlan()
    keeps = bool(live) or guest.name in current.saved
    found = old if old is not None else (f"not readable by xl: {before.error}" if before else "missing")
    act = WriteConfig(
        path,
        guest_config.text_of(guest, current.dialect),
        guest_config.mode_of(guest),
        started_with=StartedWith(started_with.settings) if keeps and started_with else None,
        keep=before is not None and not before.ours,
    )
    return GuestPlan([change(guest, act, _config_summary(path, before, after, exposed), found, after)])


def _not_its_own(guest: Guest, path: str, settings: dict[str, Any] | None) -> str:
    """Why a configuration can't be this guest's, which may have had another name before; empty if it can."""
    if settings is None:
        return ""
    if "name" not in settings:
        return f"{path} is there and is no guest's configuration; move it away or give the guest another name"
    if str(settings["name"]) == guest.name or (guest.uuid_given and settings.get("uuid") == guest.uuid):
        return ""
    return (
        f"{path} is the configuration of guest {settings['name']}; move it away, declare that guest, or give this one "
        "another name"
    )


def _config_summary(path: str, before: ConfigFile | None, after: dict[str, Any], exposed: bool) -> str:
    if before is None:
        return f"write the configuration {path}"
    if before.settings is None:
        return (
            f"replace the configuration {path}, which xl can't read ({before.error}); "
            f"the old one is kept as {guest_config.kept_path(path)}"
        )
    kept = "" if before.ours else f"; the file as it was found is kept as {guest_config.kept_path(path)}"
    keys = guest_config.differences(before.settings, after)
    if exposed and not keys:
        return f"make the configuration {path} readable by root only, because it holds a password{kept}"
    return f"correct the configuration {path}: {', '.join(keys)}{kept}"


# -- the saved memory --------------------------------------------------------------------------------------------------


def _saved(guest: Guest, live: Domain | None, current: Seen) -> GuestPlan:
    """A saved memory belongs to the disks as they were then. Once the guest has run on without it, restoring it would
    ruin the file systems, so it is put where nothing restores it."""
    path = current.save_path(guest.name)
    if live:
        summary = f"put the saved memory {path} aside as {path}.old, because the guest has run on without it"
        return GuestPlan([change(guest, SetAside(path), summary, path, f"{path}.old")])
    if guest.state not in ("shutdown", "destroyed"):
        return GuestPlan()
    kept = f"guest {guest.name}: its memory is saved in {path}; with state running it goes on there"
    return GuestPlan(warnings=[kept])


def _save(guest: Guest, live: Domain | None, current: Seen, wanted: Wanted) -> GuestPlan:
    path = current.save_path(guest.name)
    if live is None and guest.name in current.saved:
        return GuestPlan()
    if live is None or live.row.down:
        problem = "it is not running, so there is no memory to save; declare state shutdown, or let it run first"
        return GuestPlan(problems=[problem])
    act = Save(live.domid, path, wanted.shutdown_timeout, live.disk_paths)
    summary = f"save its memory to {path} and stop it"
    return GuestPlan([change(guest, act, summary, live.state, "saved", GUEST_RESTART)], frees_memory=live.used)


# -- the domain --------------------------------------------------------------------------------------------------------


def _domain(guest: Guest, live: Domain | None, before: ConfigFile | None, current: Seen, wanted: Wanted) -> GuestPlan:
    if guest.state == "saved":
        return _save(guest, live, current, wanted)
    if guest.state not in ("running", "paused"):
        return stop(guest, live, wanted) if live else GuestPlan()
    if live is None:
        return _start(guest, current)
    if live.row.down:
        return _revive(guest, live, current, wanted)
    return plan_running(Running(guest, live, before, current, wanted))


def _start(guest: Guest, current: Seen) -> GuestPlan:
    saved, taken = current.save_path(guest.name), current.taken_path(guest.name)
    if guest.name in current.restoring:
        problem = (
            f"bringing it back from its saved memory was interrupted, and {taken} is left; if the guest has not run "
            f"since, rename it to {saved} and run again, else move it away: restoring it would ruin the guest's disks"
        )
        return GuestPlan(problems=[problem])
    if current.saved.get(guest.name):
        problem = (
            f"it has run since its memory was saved to {saved}, and to restore that would ruin what it has written to "
            f"its disks; move {saved} away, and the guest will start anew"
        )
        return GuestPlan(problems=[problem])
    if guest.name in current.saved:
        summary = f"let it go on from its saved memory {saved}"
        started = change(guest, Restore(guest, 0, saved, taken), summary, "saved", guest.state)
    else:
        summary = f"start the guest with {guest.memory} MiB" + (", paused" if guest.state == "paused" else "")
        act = Create(guest, 0, current.config_path(guest.name))
        started = change(guest, act, summary, "not running", guest.state)
    needed, units = start.memory_needed(guest), start.vnd_units(guest, current)
    return GuestPlan([started], needs_memory=needed, vnd_units=units)


def _revive(guest: Guest, live: Domain, current: Seen, wanted: Wanted) -> GuestPlan:
    """It has shut down or crashed and is still listed: nothing is lost by taking it apart, unless the admin wants to
    look at what crashed."""
    crashed = live.row.crashed
    word = "crashed" if crashed else "has shut down"
    summary = f"take domain {live.domid} apart, which {word} and stays, and start it"
    act = Revive(guest, 0, current.config_path(guest.name), live.disk_paths)
    revive = change(guest, act, summary, live.state, guest.state)
    kept = crashed and live.settings.get("on_crash") in ("preserve", "coredump-restart")
    waits_for = words_for_restarts(wanted, revive.impact) if kept else ""
    if waits_for:
        return GuestPlan(deferred=[replace(revive, word=waits_for)])
    needed, units = start.memory_needed(guest), start.vnd_units(guest, current)
    return GuestPlan([revive], needs_memory=needed, frees_memory=live.used, vnd_units=units)
