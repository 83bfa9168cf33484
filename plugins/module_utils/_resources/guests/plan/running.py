# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a running guest needs in order to be as declared: while it runs where Xen can, else by a restart. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Dict, Tuple

from ...._change import GUEST_RESTART, Change, NotRead
from ...._formats.guest.devices import Disk, Nic
from ...._formats.xl.xl_output import Domain
from ..apply import live as acts
from ..apply.start import Restart
from ..declare import config as guest_config
from ..declare.guest import Guest
from ..declare.wanted import Wanted
from ..read import compare
from ..read import live as guest_live
from ..read.current import ConfigFile
from . import start, storage
from .changes import GuestPlan, change, merge, shutdown, words_for_restarts
from .seen import Seen, known

Differences = Dict[str, Tuple[Any, Any]]  # key of a guest to (live, declared)


@dataclass(frozen=True)
class Running:
    """A guest that runs, and what its plan is made of. ``before`` is its configuration file as it was found."""

    guest: Guest
    live: Domain
    before: ConfigFile | None
    current: Seen
    wanted: Wanted

    @property
    def answers(self) -> bool:
        """Whether its kernel is asked to follow, and can: a paused one stands still."""
        return not self.live.row.paused and self.guest.type != "hvm"

    @property
    def stays_paused(self) -> bool:
        """It can't answer when a device comes or goes."""
        return self.live.row.paused and self.guest.state == "paused"


def plan_running(it: Running) -> GuestPlan:
    """What the running domain needs."""
    guest, live = it.guest, it.live
    if live.config is None:
        raise NotRead(f"the toolstack says nothing of domain {live.domid} ({guest.name})")
    differing = compare.differences(guest, live)
    left = {**differing, **_wrong_pins(it)}
    parts = [_unfollowed_vcpus(it, differing)]
    for keys, plan_keys in _LIVE.items():
        pairs = {key: left[key] for key in keys if key in left}
        part = plan_keys(it, pairs) if pairs else None
        if part is not None:
            parts.append(part)
            left = {key: pair for key, pair in left.items() if key not in pairs}
    left.update({**_unfollowed_memory(it, differing), **_unseen_differences(it)})
    found = merge(parts)
    waits_for = words_for_restarts(it.wanted)
    if left:
        needed = start.memory_needed(guest)
        # One that waits must be possible as well, and gives nothing to others until then.
        freed = min(live.used, needed) if waits_for else live.used
        found = merge([found, GuestPlan(needs_memory=needed, frees_memory=freed)])
    if left and not waits_for:
        return replace(found, changes=[_restart(it, left)])  # the restart does all of it
    changes = found.changes
    if live.row.paused and guest.state == "running":
        unpause = change(guest, acts.Unpause(live.domid), "let the paused guest run", "paused", "running")
        changes = [unpause, *changes]
    if not live.row.paused and guest.state == "paused":
        summary = "pause the guest: it stands still and keeps its memory"
        changes = [*changes, change(guest, acts.Pause(live.domid), summary, "running", "paused", GUEST_RESTART)]
    return replace(found, changes=changes, deferred=[replace(_restart(it, left), word=waits_for)] if left else [])


# -- what only a restart brings ----------------------------------------------------------------------------------------


def _unseen_differences(it: Running) -> Differences:
    """Keys that a running domain does not show and that it was started without, or with another value."""
    declared, salt = guest_config.settings_of(it.guest, it.current.dialect), it.current.salt
    remembered = it.current.started_with.get(it.guest.name)
    # What is remembered has digests already, and it is those that were masked.
    after = guest_config.masked(guest_config.comparable(declared), salt) if remembered else None
    after = after or guest_config.comparable(declared, salt)
    old = remembered.settings if remembered else (it.before.settings if it.before else None)
    if old is None:
        return {key: ("unknown", after[key]) for key in sorted(set(after) - compare.SHOWN)}
    keys = [key for key in guest_config.differences(old, after) if key not in compare.SHOWN]
    return {key: (old.get(key, "not set"), after.get(key, "not set")) for key in keys}


def _restart(it: Running, differing: Differences) -> Change:
    summary = f"shut it down and start it again, because these can't change while it runs: {', '.join(differing)}"
    before, after = ({key: pair[side] for key, pair in differing.items()} for side in (0, 1))
    path = it.current.config_path(it.guest.name)
    act = Restart(it.guest, 0, path, shutdown(it.live, it.wanted))
    return change(it.guest, act, summary, before, after, GUEST_RESTART)


# -- CPUs --------------------------------------------------------------------------------------------------------------


def _unfollowed_vcpus(it: Running, differing: Differences) -> GuestPlan:
    guest, online = it.guest, it.live.online_vcpus
    if online <= guest.vcpus or "vcpus" in differing or "maxvcpus" in differing:
        return GuestPlan()
    warning = (
        f"guest {guest.name}: it uses {online} virtual CPUs, although {guest.vcpus} are set: its kernel does not "
        f"follow. For fewer of them declare maxvcpus {guest.vcpus} and restart it"
    )
    return GuestPlan(warnings=[warning])


def _vcpus(it: Running, pairs: Differences) -> GuestPlan | None:
    """A NetBSD guest gives no virtual CPU back: it brings all of maxvcpus on line when it starts, and xl vcpu-set ends
    with 0 and changes nothing (records xl-vcpu-set-with-guest, xl-list-after-badsave-with-guest, NetBSD 7.99.10)."""
    guest, settings = it.guest, it.live.settings
    fewer = guest.vcpus < settings["vcpus"]
    if guest.vcpus > settings["maxvcpus"] or (fewer and guest.os == "netbsd"):
        return None
    old, new = pairs["vcpus"]
    act = acts.SetVcpus(it.live.domid, new, it.answers)
    return GuestPlan([change(guest, act, f"set its virtual CPUs from {old} to {new}", old, new)])


def _pool(it: Running, pairs: Differences) -> GuestPlan:
    old, new = pairs["pool"]
    missing = [] if new in (known(it.current).pools or []) else [f"pool {new} does not exist on the machine"]
    act = acts.SetPool(it.live.domid, new)
    return GuestPlan([change(it.guest, act, f"move it to the CPU pool {new}", old, new)], problems=missing)


def _shares(it: Running, pairs: Differences) -> GuestPlan:
    what = " and ".join(f"{key} from {pair[0]} to {pair[1]}" for key, pair in pairs.items())
    old, new = ({key: pair[side] for key, pair in pairs.items()} for side in (0, 1))
    act = acts.SetWeight(it.live.domid, new.get("weight"), new.get("cap"))
    return GuestPlan([change(it.guest, act, f"set its {what}", old, new)])


def _wrong_pins(it: Running) -> Differences:
    """Compared here, because it takes the number of the machine's CPUs."""
    wrong = guest_live.wrong_pins(it.guest, it.live, it.current.start.cpus if it.current.start else None)
    old, new = ({number: pair[side] for number, pair in wrong.items()} for side in (0, 1))
    return {"cpus": (old, new)} if wrong else {}


def _pins(it: Running, pairs: Differences) -> GuestPlan:
    old, new = pairs["cpus"]
    summary = f"pin its virtual CPUs: {', '.join(f'{number} to {cpus}' for number, cpus in new.items())}"
    changes = [change(it.guest, acts.Pin(it.live.domid, new), summary, old, new)]
    return GuestPlan(changes, problems=start.cpu_problems(it.guest, it.current))


# -- memory ------------------------------------------------------------------------------------------------------------


def _memory(it: Running, pairs: Differences) -> GuestPlan | None:
    if not _can_set_memory(it):
        return None
    old, new = pairs["memory"]
    act = acts.SetMemory(it.live.domid, new, it.answers)
    return GuestPlan([change(it.guest, act, f"set its memory from {old} to {new} MiB", f"{old} MiB", f"{new} MiB")])


def _can_set_memory(it: Running) -> bool:
    """Whether the running guest can be brought to the declared memory.

    NetBSD's balloon driver can't grow a guest above the memory that it was started with (balloon(4)). How much that
    was is only known where it can't have been started with less than its maximum.
    """
    wanted, live = it.guest.memory, it.live.settings
    if wanted > live["maxmem"]:
        return False
    if it.guest.os != "netbsd" or wanted < live["memory"]:
        return True
    old = (it.before and it.before.settings) or {}
    return bool(old) and old.get("memory") == old.get("maxmem") == live["maxmem"]


def _unfollowed_memory(it: Running, differing: Differences) -> Differences:
    """The toolstack has set what was declared, and a NetBSD guest has not grown to it: it never will."""
    guest, used = it.guest, it.live.used
    if "memory" in differing or guest.os != "netbsd" or guest.type == "hvm" or used + acts.MEMORY_SLACK >= guest.memory:
        return {}
    return {"memory": (f"{used} MiB in use although {guest.memory} are set", f"{guest.memory} MiB")}


# -- devices -----------------------------------------------------------------------------------------------------------


def _disks(it: Running, _pairs: Differences) -> GuestPlan | None:
    """Disks that come and go while the guest runs, and media of CD drives."""
    declared = {disk.settled()["vdev"]: disk for disk in it.guest.disks}
    present = guest_live.disks_by_vdev(it.live)
    going = (_disk_goes(it, vdev, old) for vdev, old in present.items() if vdev not in declared)
    coming = (_disk_comes(it, disk, present.get(vdev)) for vdev, disk in declared.items())
    return None if it.stays_paused else _all(chain(going, coming))


def _all(parts: Iterable[GuestPlan | None]) -> GuestPlan | None:
    """All of it, or None if one of them takes a restart; what comes after that one is not looked at."""
    found = []
    for part in parts:
        if part is None:
            return None
        found.append(part)
    return merge(found)


def _disk_goes(it: Running, vdev: str, old: dict[str, Any]) -> GuestPlan | None:
    if not it.wanted.detach_devices:
        return None
    summary = f"take the disk {old['path'] or vdev} from the running guest"
    return GuestPlan([change(it.guest, acts.DetachDisk(it.live.domid, vdev), summary, old, "none", GUEST_RESTART)])


def _disk_comes(it: Running, disk: Disk, now: dict[str, Any] | None) -> GuestPlan | None:
    """A declared disk, as it is now; None for one that is not there."""
    guest, domid, new = it.guest, it.live.domid, disk.settled()
    if now is None and (disk.cdrom or guest.type == "hvm"):
        return None  # only a guest with a device model could take it, and that is built when the guest starts
    if now is None:
        problems = storage.problems(guest, disk, it.current, it.wanted)
        summary = f"give it the disk {disk.path} as {disk.vdev}"
        changes = [change(guest, acts.AttachDisk(domid, disk), summary, "none", new)]
        return GuestPlan(changes, problems=problems, vnd_units=int(it.current.files.get(disk.path) == "file"))
    if now == new:
        return GuestPlan()
    if not _is_medium_change(guest, now, new):
        return None
    word = f"put {disk.path} into" if disk.path else "empty"
    act = acts.InsertCd(domid, disk.vdev, disk.path)
    return GuestPlan([change(guest, act, f"{word} its CD drive {disk.vdev}", now["path"], disk.path)])


def _is_medium_change(guest: Guest, old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Only hvm guests have a drive whose medium changes (record cd_insert, xl 4.17)."""
    same = [key for key in old if key not in ("path", "format")]
    return guest.type == "hvm" and bool(old["cdrom"]) and all(old[key] == new.get(key) for key in same)


def _nics(it: Running, _pairs: Differences) -> GuestPlan | None:
    """Interfaces that come and go while the guest runs. A NetBSD guest panics when one is taken from it (record
    guest-panic-on-netdetach, NetBSD 7.99.10)."""
    guest = guest_live.with_made_up_macs(it.guest, it.live)
    declared, present = guest_live.declared_nics(guest), guest_live.nics_by_mac(guest, it.live)
    going = {mac: nic for mac, nic in present.items() if declared.get(mac) != nic}
    if it.stays_paused or guest.type == "hvm" or (going and (guest.os == "netbsd" or not it.wanted.detach_devices)):
        return None
    coming = [nic for nic in guest.nics if present.get(nic.mac) != declared[nic.mac]]
    if not all(nic.mac for nic in coming):
        return None  # whether one was taken is seen by its MAC address
    return merge(
        [_nic_goes(it, mac, nic) for mac, nic in going.items()]
        + [_nic_comes(it, nic, declared[nic.mac], nic.mac not in present) for nic in coming]
    )


def _nic_goes(it: Running, mac: str, old: dict[str, Any]) -> GuestPlan:
    summary = f"take the interface {mac} from the running guest"
    return GuestPlan([change(it.guest, acts.DetachNic(it.live.domid, mac), summary, old, "none", GUEST_RESTART)])


def _nic_comes(it: Running, nic: Nic, shown: dict[str, Any], new: bool) -> GuestPlan:
    summary = f"give it the interface {nic.mac} on {nic.bridge}"
    changes = [change(it.guest, acts.AttachNic(it.live.domid, nic), summary, "none", shown)]
    return GuestPlan(changes, problems=start.nic_problems(it.guest, nic, it.current) if new else [])


# What can be changed while a guest runs, in this order: keys to what plans them. None where it takes a restart.
_LIVE: dict[tuple[str, ...], Callable[[Running, Differences], GuestPlan | None]] = {
    ("vcpus",): _vcpus,
    ("pool",): _pool,
    ("weight", "cap"): _shares,
    ("cpus",): _pins,
    ("memory",): _memory,
    ("disks",): _disks,
    ("nics",): _nics,
}
