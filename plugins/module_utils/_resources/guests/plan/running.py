# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a running guest needs in order to be as declared: while it runs where Xen can, else by a restart. Pure."""

from __future__ import annotations

from typing import Any, Dict, Tuple

from ...._change import GUEST_RESTART, Change, NotRead
from ..declare import config as guest_config
from ..declare.guest import Guest
from ..declare.wanted import Wanted
from ..read import compare
from ..read import live as guest_live
from . import start, storage
from .changes import RESOURCE, GuestPlan, change, known, start_data, stop_data

# How far a guest's own use may be from what is set, in MiB, before we say that it does not follow.
MEMORY_SLACK = 4

Differences = Dict[str, Tuple[Any, Any]]  # key of a guest to (live, declared)


def plan_running(
    plan: GuestPlan,
    guest: Guest,
    live: dict[str, Any],
    before: dict[str, Any] | None,
    current: dict[str, Any],
    wanted: Wanted,
) -> None:
    """Add to ``plan`` what the running domain ``live`` needs. ``before`` is its configuration file as it was found."""
    row = guest_live.row_of(live)
    if live["config"] is None:
        raise NotRead(f"the toolstack says nothing of domain {row.domid} ({guest.name})")
    differing = compare.differences(guest, live)
    changes = _cpu_changes(plan, guest, live, differing, current)
    changes += _memory_changes(guest, live, before, differing)
    if not row.paused or guest.state == "running":
        # A guest that is to stay paused can't answer when a device comes or goes.
        changes += _device_changes(plan, guest, live, differing, current, wanted)
    differing.update(_unseen_differences(guest, before, current))
    if differing and _plan_restart(plan, guest, live, differing, current, wanted):
        return  # the restart does all of it
    if row.paused and guest.state == "running":
        data = {"domid": row.domid}
        plan.changes.append(change(guest, "unpause", "let the paused guest run", "paused", "running", data))
    plan.changes += changes
    if not row.paused and guest.state == "paused":
        summary = "pause the guest: it stands still and keeps its memory"
        data = {"domid": row.domid}
        plan.changes.append(change(guest, "pause", summary, "running", "paused", data, GUEST_RESTART))


# -- CPUs --------------------------------------------------------------------------------------------------------------


def _cpu_changes(
    plan: GuestPlan, guest: Guest, live: dict[str, Any], differing: Differences, current: dict[str, Any]
) -> list[Change]:
    changes = []
    domid = {"domid": live["domid"]}
    if "vcpus" in differing and _can_set_vcpus(guest, live["config"]):
        old, new = differing.pop("vcpus")
        summary = f"set its virtual CPUs from {old} to {new}"
        data = dict(domid, vcpus=new, wait=not guest_live.row_of(live).paused and guest.type != "hvm")
        changes.append(change(guest, "set_vcpus", summary, old, new, data))
    elif "vcpus" not in differing and live["online_vcpus"] > guest.vcpus and "maxvcpus" not in differing:
        plan.warnings.append(
            f"guest {guest.name}: it uses {live['online_vcpus']} virtual CPUs, although {guest.vcpus} are set: its "
            f"kernel does not follow. For fewer of them declare maxvcpus {guest.vcpus} and restart it"
        )
    if "pool" in differing:
        old, new = differing.pop("pool")
        if new not in (known(current)["pools"] or []):
            plan.problems.append(f"pool {new} does not exist on the machine")
        changes.append(change(guest, "set_pool", f"move it to the CPU pool {new}", old, new, dict(domid, pool=new)))
    shares = {key: differing.pop(key) for key in ("weight", "cap") if key in differing}
    if shares:
        what = " and ".join(f"{key} from {pair[0]} to {pair[1]}" for key, pair in shares.items())
        old, new = ({key: pair[side] for key, pair in shares.items()} for side in (0, 1))
        data = dict(domid, weight=new.get("weight"), cap=new.get("cap"))
        changes.append(change(guest, "set_weight", f"set its {what}", old, new, data))
    return changes + _pin_changes(plan, guest, live, current)


def _can_set_vcpus(guest: Guest, config: dict[str, Any]) -> bool:
    """A NetBSD guest gives no virtual CPU back: it brings all of maxvcpus on line when it starts, and xl vcpu-set ends
    with 0 and changes nothing (records xl-vcpu-set-with-guest, xl-list-after-badsave-with-guest, NetBSD 7.99.10)."""
    fewer = guest.vcpus < config["vcpus"]
    return guest.vcpus <= config["maxvcpus"] and not (fewer and guest.os == "netbsd")


def _pin_changes(plan: GuestPlan, guest: Guest, live: dict[str, Any], current: dict[str, Any]) -> list[Change]:
    if not guest.cpus:
        return []
    total = current["start"]["cpus"] if current["start"] else None
    wrong = guest_live.wrong_pins(guest, live, total)
    if not wrong:
        return []
    plan.problems += start.cpu_problems(guest, current)
    old, new = ({number: pair[side] for number, pair in wrong.items()} for side in (0, 1))
    what = ", ".join(f"{number} to {cpus}" for number, cpus in new.items())
    return [change(guest, "pin", f"pin its virtual CPUs: {what}", old, new, {"domid": live["domid"], "pins": new})]


# -- memory ------------------------------------------------------------------------------------------------------------


def _memory_changes(
    guest: Guest, live: dict[str, Any], before: dict[str, Any] | None, differing: Differences
) -> list[Change]:
    paused = guest_live.row_of(live).paused
    if "memory" in differing and _can_set_memory(guest, live["config"], before):
        old, new = differing.pop("memory")
        data = {"domid": live["domid"], "memory": new, "wait": not paused and guest.type != "hvm"}
        summary = f"set its memory from {old} to {new} MiB"
        return [change(guest, "set_memory", summary, f"{old} MiB", f"{new} MiB", data)]
    if "memory" not in differing and _does_not_follow(guest, live):
        differing["memory"] = (f"{live['used']} MiB in use although {guest.memory} are set", f"{guest.memory} MiB")
    return []


def _can_set_memory(guest: Guest, live: dict[str, Any], before: dict[str, Any] | None) -> bool:
    """Whether the running guest can be brought to the declared memory.

    NetBSD's balloon driver can't grow a guest above the memory that it was started with (balloon(4)). How much that
    was is only known where it can't have been started with less than its maximum.
    """
    if guest.memory > live["maxmem"]:
        return False
    if guest.os != "netbsd" or guest.memory < live["memory"]:
        return True
    old = before["settings"] if before else {}
    return bool(old) and old.get("memory") == old.get("maxmem") == live["maxmem"]


def _does_not_follow(guest: Guest, live: dict[str, Any]) -> bool:
    """The toolstack has set what was declared, and a NetBSD guest has not grown to it: it never will."""
    return guest.os == "netbsd" and guest.type != "hvm" and live["used"] + MEMORY_SLACK < guest.memory


# -- devices -----------------------------------------------------------------------------------------------------------


def _device_changes(
    plan: GuestPlan,
    guest: Guest,
    live: dict[str, Any],
    differing: Differences,
    current: dict[str, Any],
    wanted: Wanted,
) -> list[Change]:
    changes = []
    for key, plan_devices in (("disks", _disk_changes), ("nics", _nic_changes)):
        if key in differing:
            found = plan_devices(plan, guest, live, current, wanted)
            if found is not None:
                del differing[key]
                changes += found
    return changes


def _disk_changes(
    plan: GuestPlan, guest: Guest, live: dict[str, Any], current: dict[str, Any], wanted: Wanted
) -> list[Change] | None:
    """Disks that come and go while the guest runs, and media of CD drives; None if it takes a restart."""
    declared = {disk.settled()["vdev"]: disk for disk in guest.disks}
    present = guest_live.disks_by_vdev(live["config"])
    changes = []
    for vdev, old in present.items():
        if vdev not in declared:
            if not wanted.detach_devices:
                return None
            summary = f"take the disk {old['path'] or vdev} from the running guest"
            changes.append(change(guest, "detach_disk", summary, old, "none", {"domid": live["domid"], "vdev": vdev}))
    for vdev, disk in declared.items():
        now, new = present.get(vdev), disk.settled()
        if now is None and (disk.cdrom or guest.type == "hvm"):
            return None  # only a guest with a device model could take it, and that is built when the guest starts
        if now is None:
            plan.problems += storage.problems(guest, disk, current, wanted)
            plan.vnd_units += current["files"].get(disk.path) == "file"
            data = {"domid": live["domid"], "disk": disk}
            summary = f"give it the disk {disk.path} as {disk.vdev}"
            changes.append(change(guest, "attach_disk", summary, "none", new, data))
        elif now != new:
            if not _is_medium_change(guest, now, new):
                return None
            word = f"put {disk.path} into" if disk.path else "empty"
            data = {"domid": live["domid"], "vdev": disk.vdev, "path": disk.path}
            changes.append(change(guest, "insert_cd", f"{word} its CD drive {disk.vdev}", now["path"], disk.path, data))
    return changes


def _is_medium_change(guest: Guest, old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Only hvm guests have a drive whose medium changes (record cd_insert, xl 4.17)."""
    same = [key for key in old if key not in ("path", "format")]
    return guest.type == "hvm" and bool(old["cdrom"]) and all(old[key] == new.get(key) for key in same)


def _nic_changes(
    plan: GuestPlan, guest: Guest, live: dict[str, Any], current: dict[str, Any], wanted: Wanted
) -> list[Change] | None:
    """Interfaces that come and go while the guest runs; None if it takes a restart. A NetBSD guest panics when one
    is taken from it (record guest-panic-on-netdetach, NetBSD 7.99.10)."""
    if guest.type == "hvm":
        return None
    declared, present = guest_live.declared_nics(guest), guest_live.nics_by_mac(guest, live["config"])
    going = [mac for mac, nic in present.items() if declared.get(mac) != nic]
    if going and (guest.os == "netbsd" or not wanted.detach_devices):
        return None
    domid = live["domid"]
    changes = []
    for mac in going:
        summary = f"take the interface {mac} from the running guest"
        changes.append(change(guest, "detach_nic", summary, present[mac], "none", {"domid": domid, "mac": mac}))
    for nic in guest.nics:
        if present.get(nic.mac) != declared[nic.mac]:
            if nic.mac not in present:
                plan.problems += start.nic_problems(guest, nic, current)
            data = {"domid": domid, "nic": nic}
            summary = f"give it the interface {nic.mac} on {nic.bridge}"
            changes.append(change(guest, "attach_nic", summary, "none", declared[nic.mac], data))
    return changes


# -- what only a restart brings ----------------------------------------------------------------------------------------


def _unseen_differences(guest: Guest, before: dict[str, Any] | None, current: dict[str, Any]) -> Differences:
    """Keys that a running domain does not show and that it was started without, or with another value."""
    after = guest_config.comparable(guest_config.settings_of(guest, current["dialect"]))
    remembered = current["started_with"].get(guest.name)
    old = remembered["settings"] if remembered else (before["settings"] if before else None)
    if old is None:
        return {key: ("unknown", after[key]) for key in sorted(set(after) - compare.SHOWN)}
    keys = [key for key in guest_config.differences(old, after) if key not in compare.SHOWN]
    return {key: (old.get(key, "not set"), after.get(key, "not set")) for key in keys}


def _plan_restart(
    plan: GuestPlan,
    guest: Guest,
    live: dict[str, Any],
    differing: Differences,
    current: dict[str, Any],
    wanted: Wanted,
) -> bool:
    """Plan a restart, or only note that one is needed. True if it will be done."""
    restart = Change(
        resource=RESOURCE,
        thing=guest.name,
        action="restart",
        summary=f"shut it down and start it again, because these can't change while it runs: {', '.join(differing)}",
        before={key: pair[0] for key, pair in differing.items()},
        after={key: pair[1] for key, pair in differing.items()},
        impact=GUEST_RESTART,
        needs=guest.depends_on,
        data={**start_data(guest, current), **stop_data(live, wanted)},
    )
    if wanted.restart_policy != "if_needed":
        plan.deferred.append(restart)
        return False
    plan.starts = True
    plan.needs_memory, plan.frees_memory = start.memory_needed(guest), live["used"]
    plan.changes.append(restart)
    return True
