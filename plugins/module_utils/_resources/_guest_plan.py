# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What one guest needs in order to be as declared: its disks, its configuration file, its domain. Pure.

A guest has three states, the declared one, the one in its configuration file and the running one; it is in sync when
all three agree.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._change import (
    GUEST_RECREATE,
    GUEST_RESTART,
    LIVE,
    Change,
    NotRead,
)
from ansible_collections.netbsd.xen.plugins.module_utils._formats.devices import Disk
from ansible_collections.netbsd.xen.plugins.module_utils._resources import _guest_config, _guest_live
from ansible_collections.netbsd.xen.plugins.module_utils._resources._guest import Guest

RESOURCE = "domain"
# How far a guest's own use may be from what is set, in MiB, before we say that it does not follow.
MEMORY_SLACK = 4
# Configuration keys that show in the running domain. A change of any other one can't be seen there, so what the
# domain was started with is remembered (see _guest_apply).
_SHOWN_LIVE = frozenset(
    """name uuid type kernel ramdisk cmdline bootloader memory maxmem vcpus maxvcpus disk vif
    on_poweroff on_reboot on_crash""".split()
)


@dataclass(frozen=True)
class Wanted:
    """Everything that a task declares. Times in seconds."""

    guests: tuple[Guest, ...]
    config_dir: str = ""
    restart_policy: str = "never"
    shutdown_timeout: int = 180
    destroy_after: int | None = None
    remove_disks: bool = False
    start_delay: int = 0
    assume_dom0: bool = False
    assume_files: tuple[str, ...] = ()
    assume_bridges: tuple[str, ...] = ()


@dataclass
class GuestPlan:
    """One guest's part of a plan. ``problems`` stop the whole run before anything is touched."""

    changes: list[Change] = field(default_factory=list)
    deferred: list[Change] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    starts: bool = False
    needs_memory: int = 0


def plan_guest(guest: Guest, current: dict[str, Any], wanted: Wanted, blank: bool) -> GuestPlan:
    """The plan of one guest. ``blank``: the machine is not a dom0 yet, so nothing runs and nothing can be looked up.

    Raises NotRead if ``current`` lacks something that the decision needs.
    """
    plan = GuestPlan()
    domains = [domain for domain in current["domains"] if domain["name"] == guest.name]
    lives = [domain for domain in domains if not _guest_live.row_of(domain).dying]
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
    if guest.state == "absent":
        _plan_absent(plan, guest, live, current, wanted)
        return plan
    _plan_disks(plan, guest, current, blank, bool(live))
    before = current["configs"].get(guest.name)
    _plan_config(plan, guest, before, live, current["config_dir"])
    if guest.state == "running":
        _plan_running(plan, guest, live, before, current, wanted)
    elif live:
        plan.changes.append(_stop_change(guest, live, wanted))
    if plan.starts and not blank:
        _check_start(plan, guest, current)
    return plan


# -- disks -------------------------------------------------------------------------------------------------------------


def _plan_disks(plan: GuestPlan, guest: Guest, current: dict[str, Any], blank: bool, running: bool) -> None:
    for disk in guest.disks:
        kind = None if blank and disk.path not in current["files"] else _kind(current, disk.path)
        if kind is None and disk.size is not None:
            plan.changes.append(_disk_change(guest, disk))
        elif kind is None and running:
            plan.warnings.append(f"guest {guest.name}: its disk {disk.path} is gone, although the guest is running")
        elif kind is None and guest.state == "running" and not blank:
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


def _kind(current: dict[str, Any], path: str) -> str | None:
    if path not in current["files"]:
        raise NotRead(f"{path} was not looked at")
    return current["files"][path]


def _disk_change(guest: Guest, disk: Disk) -> Change:
    return Change(
        resource=RESOURCE,
        thing=guest.name,
        action="make_disk",
        summary=f"make the disk {disk.path} of {disk.size} bytes, which takes no space until it is written",
        before="missing",
        after=f"file of {disk.size} bytes",
        data={"path": disk.path, "size": disk.size},
    )


# -- the configuration file --------------------------------------------------------------------------------------------


def _plan_config(
    plan: GuestPlan, guest: Guest, before: dict[str, Any] | None, live: dict[str, Any] | None, config_dir: str
) -> None:
    after = _guest_config.comparable(_guest_config.settings_of(guest))
    path = f"{config_dir}/{guest.name}"
    old = before["settings"] if before else None
    if before and old is not None and "name" not in old:
        plan.problems.append(
            f"{path} is there and is no guest's configuration; move it away or give the guest another name"
        )
        return
    exposed = bool(before) and bool(guest.secrets) and not before["private"]
    if old == after and not exposed:
        return
    plan.changes.append(
        Change(
            resource=RESOURCE,
            thing=guest.name,
            action="write_config",
            summary=_config_summary(path, before, after, exposed),
            before=old if old is not None else (f"not readable by xl: {before['error']}" if before else "missing"),
            after=after,
            data={
                "path": path,
                "text": _guest_config.text_of(guest),
                "mode": _guest_config.mode_of(guest),
                "started_with": {"settings": old} if live else None,
                "keep": before is not None and old is None,
            },
        )
    )


def _config_summary(path: str, before: dict[str, Any] | None, after: dict[str, Any], exposed: bool) -> str:
    if before is None:
        return f"write the configuration {path}"
    if before["settings"] is None:
        return (
            f"replace the configuration {path}, which xl can't read ({before['error']}); "
            f"the old one is kept as {_guest_config.kept_path(path)}"
        )
    keys = _guest_config.differences(before["settings"], after)
    if exposed and not keys:
        return f"make the configuration {path} readable by root only, because it holds a password"
    return f"correct the configuration {path}: {', '.join(keys)}"


# -- the domain --------------------------------------------------------------------------------------------------------


def _plan_running(
    plan: GuestPlan,
    guest: Guest,
    live: dict[str, Any] | None,
    before: dict[str, Any] | None,
    current: dict[str, Any],
    wanted: Wanted,
) -> None:
    if live is None:
        plan.starts, plan.needs_memory = True, guest.memory
        plan.changes.append(
            _start_change(guest, "create", f"start the guest with {guest.memory} MiB", "not running", current)
        )
        return
    row = _guest_live.row_of(live)
    if row.down:
        _plan_down(plan, guest, live, current, wanted)
        return
    if live["config"] is None:
        raise NotRead(f"xl list -l says nothing of domain {row.domid} ({guest.name})")
    if row.paused:
        plan.changes.append(
            _change(guest, "unpause", "let the paused guest run", "paused", "running", {"domid": row.domid})
        )
    differing = _guest_live.differences(guest, live["config"])
    if "memory" in differing and _can_set_memory(guest, live["config"], before):
        old, new = differing.pop("memory")
        data = {"domid": row.domid, "memory": new, "wait": not row.paused and guest.type != "hvm"}
        plan.changes.append(
            _change(guest, "set_memory", f"set its memory from {old} to {new} MiB", f"{old} MiB", f"{new} MiB", data)
        )
    elif "memory" not in differing and _does_not_follow(guest, live):
        differing["memory"] = (f"{live['used']} MiB in use although {guest.memory} are set", f"{guest.memory} MiB")
    if "vcpus" in differing and guest.vcpus <= live["config"]["maxvcpus"]:
        old, new = differing.pop("vcpus")
        data = {"domid": row.domid, "vcpus": new}
        plan.changes.append(_change(guest, "set_vcpus", f"set its virtual CPUs from {old} to {new}", old, new, data))
    differing.update(_unseen_differences(guest, before, current))
    if differing:
        _plan_restart(plan, guest, live, differing, current, wanted)


def _plan_down(plan: GuestPlan, guest: Guest, live: dict[str, Any], current: dict[str, Any], wanted: Wanted) -> None:
    """It has shut down or crashed and is still listed: nothing is lost by taking it apart, unless the admin wants to
    look at what crashed."""
    crashed = _guest_live.row_of(live).crashed
    word = "crashed" if crashed else "has shut down"
    change = _start_change(
        guest,
        "revive",
        f"take domain {live['domid']} apart, which {word} and stays, and start it",
        live["state"],
        current,
    )
    kept = live["config"] and live["config"]["on_crash"] in ("preserve", "coredump-restart") and crashed
    if kept and wanted.restart_policy != "if_needed":
        plan.deferred.append(change)
    else:
        plan.starts = True
        plan.changes.append(change)


def _can_set_memory(guest: Guest, live: dict[str, Any], before: dict[str, Any] | None) -> bool:
    """Whether the running guest can be brought to the declared memory.

    NetBSD's balloon driver can't grow a guest above the memory that it was started with (balloon(4)). How much that
    was is only known where it can't have been started with less than its maximum.
    """
    if guest.memory > live["maxmem"]:
        return False
    if guest.os != "netbsd" or guest.memory < live["memory"]:
        return True
    old = before["settings"] if before else None
    return bool(old) and old.get("memory") == old.get("maxmem") == live["maxmem"]


def _does_not_follow(guest: Guest, live: dict[str, Any]) -> bool:
    """The toolstack has set what was declared, and a NetBSD guest has not grown to it: it never will."""
    return guest.os == "netbsd" and guest.type != "hvm" and live["used"] + MEMORY_SLACK < guest.memory


def _unseen_differences(
    guest: Guest, before: dict[str, Any] | None, current: dict[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """Keys that a running domain does not show and that it was started without, or with another value."""
    after = _guest_config.comparable(_guest_config.settings_of(guest))
    remembered = current["started_with"].get(guest.name)
    old = remembered["settings"] if remembered else (before["settings"] if before else None)
    if old is None:
        return {key: ("unknown", after[key]) for key in sorted(set(after) - _SHOWN_LIVE)}
    keys = [key for key in _guest_config.differences(old, after) if key not in _SHOWN_LIVE]
    return {key: (old.get(key, "not set"), after.get(key, "not set")) for key in keys}


def _plan_restart(
    plan: GuestPlan,
    guest: Guest,
    live: dict[str, Any],
    differing: dict[str, tuple[Any, Any]],
    current: dict[str, Any],
    wanted: Wanted,
) -> None:
    change = Change(
        resource=RESOURCE,
        thing=guest.name,
        action="restart",
        summary=f"shut it down and start it again, because these can't change while it runs: {', '.join(differing)}",
        before={key: pair[0] for key, pair in differing.items()},
        after={key: pair[1] for key, pair in differing.items()},
        impact=GUEST_RESTART,
        data={**_start_data(guest, current), **_stop_data(live, wanted)},
    )
    if wanted.restart_policy == "if_needed":
        plan.starts, plan.needs_memory = True, max(0, guest.memory - live["used"])
        plan.changes.append(change)
    else:
        plan.deferred.append(change)


def _start_change(guest: Guest, action: str, summary: str, before: Any, current: dict[str, Any]) -> Change:
    return _change(guest, action, summary, before, "running", _start_data(guest, current))


def _start_data(guest: Guest, current: dict[str, Any]) -> dict[str, Any]:
    """What a start needs to know: the configuration file, and the devices that must be there afterwards."""
    return {"path": f"{current['config_dir']}/{guest.name}", "guest": guest, "delay": 0}


def _stop_data(live: dict[str, Any], wanted: Wanted) -> dict[str, Any]:
    """What a shutdown needs to know: how long it may take, in seconds, and whether it ends with a hard stop."""
    hard = wanted.destroy_after is not None
    return {"domid": live["domid"], "seconds": wanted.destroy_after if hard else wanted.shutdown_timeout, "hard": hard}


def _stop_change(guest: Guest, live: dict[str, Any], wanted: Wanted) -> Change:
    data = _stop_data(live, wanted)
    if guest.state == "destroyed":
        return _change(guest, "destroy", "stop the guest at once", live["state"], "not running", data, GUEST_RESTART)
    return _change(guest, "shutdown", "shut the guest down", live["state"], "not running", data, GUEST_RESTART)


def _change(
    guest: Guest, action: str, summary: str, before: Any, after: Any, data: dict[str, Any], impact: str = LIVE
) -> Change:
    return Change(RESOURCE, guest.name, action, summary, before, after, impact, data)


# -- absence -----------------------------------------------------------------------------------------------------------


def _plan_absent(
    plan: GuestPlan, guest: Guest, live: dict[str, Any] | None, current: dict[str, Any], wanted: Wanted
) -> None:
    if live:
        plan.changes.append(_stop_change(guest, live, wanted))
    before = current["configs"].get(guest.name)
    disks = guest.disks or tuple(_guest_config.disks_in(before["settings"]) if before else ())
    if before:
        if before["settings"] is not None and before["settings"].get("name") != guest.name:
            plan.problems.append(
                f"{current['config_dir']}/{guest.name} is not this guest's configuration; move it away"
            )
            return
        path = f"{current['config_dir']}/{guest.name}"
        plan.changes.append(
            _change(
                guest,
                "remove_config",
                f"remove the configuration {path}",
                before["settings"],
                "missing",
                {"path": path},
            )
        )
    if wanted.remove_disks:
        _plan_remove_disks(plan, guest, disks, current, wanted)


def _plan_remove_disks(
    plan: GuestPlan, guest: Guest, disks: tuple[Disk, ...], current: dict[str, Any], wanted: Wanted
) -> None:
    used = _used_by_others(guest, current, wanted)
    for disk in disks:
        if disk.access != "rw" or disk.cdrom or _kind(current, disk.path) != "file":
            continue
        if disk.path in used:
            plan.warnings.append(
                f"guest {guest.name}: its disk {disk.path} is kept, because {used[disk.path]} uses it too"
            )
            continue
        summary = f"remove the disk {disk.path} with all its data"
        plan.changes.append(
            _change(guest, "remove_disk", summary, "file", "missing", {"path": disk.path}, GUEST_RECREATE)
        )


def _used_by_others(guest: Guest, current: dict[str, Any], wanted: Wanted) -> dict[str, str]:
    """Paths of disks that some other guest names, with that guest's name."""
    used: dict[str, str] = {}
    for name, config in current["configs"].items():
        if name != guest.name:
            used.update({disk.path: name for disk in _guest_config.disks_in(config["settings"])})
    for domain in current["domains"]:
        if domain["name"] != guest.name and domain["config"]:
            used.update({disk["path"]: domain["name"] for disk in domain["config"]["disks"]})
    for other in wanted.guests:
        if other.name != guest.name and other.state != "absent":
            used.update({disk.path: other.name for disk in other.disks})
    return used


# -- before a start ----------------------------------------------------------------------------------------------------


def _check_start(plan: GuestPlan, guest: Guest, current: dict[str, Any]) -> None:
    """Everything that would make xl fail, or do something else than declared."""
    for key in ("kernel", "ramdisk"):
        path = getattr(guest, key)
        if path and _kind(current, path) != "file":
            plan.problems.append(f"{key} {path} does not exist on the machine; copy it there, or correct the path")
    if guest.bootloader.startswith("/") and _kind(current, guest.bootloader) != "file":
        plan.problems.append(f"bootloader {guest.bootloader} does not exist on the machine")
    if guest.nics and current["bridges"] is None:
        raise NotRead("the machine's bridges were not looked at")
    for nic in guest.nics:
        if nic.bridge not in current["bridges"]:
            present = ", ".join(current["bridges"]) or "none"
            plan.problems.append(f"bridge {nic.bridge} does not exist on the machine; there are: {present}")
    _check_taken(plan, guest, current)


def _check_taken(plan: GuestPlan, guest: Guest, current: dict[str, Any]) -> None:
    """Two guests on one disk lose its data, and xl does not mind (record create-s2-same-image, NetBSD 7.99.10)."""
    for domain in current["domains"]:
        if domain["name"] == guest.name or not domain["config"]:
            continue
        theirs = {disk["path"]: disk["access"] for disk in domain["config"]["disks"]}
        for disk in guest.disks:
            if disk.path in theirs and "rw" in (disk.access, theirs[disk.path]):
                plan.problems.append(f"disk {disk.path} is in use by the running guest {domain['name']}")
        macs = [nic["mac"] for nic in domain["config"]["nics"]]
        for nic in guest.nics:
            if nic.mac in macs:
                plan.problems.append(f"mac {nic.mac} is in use by the running guest {domain['name']}")
