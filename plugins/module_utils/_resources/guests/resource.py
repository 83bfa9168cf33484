# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: the guests of a dom0."""

from __future__ import annotations

from typing import Any

from ..._change import Change, NotRead, Plan, Refused, XenError
from ..._host import Host
from ..._toolstack.choose import toolstack
from .apply import acts
from .declare import clashes, order
from .declare import guest as declared_guest
from .declare.guest import Guest
from .declare.wanted import Wanted
from .plan import vnd
from .plan.changes import GuestPlan
from .plan.guest import lives_of, plan_guest
from .read import live, lost, state

NAME = "domain"
# What dom0 keeps, in MiB, when guests may take memory from it: NetBSD with the daemons and this module needs half.
DOM0_LEAST = 512
ARGUMENTS: dict[str, Any] = {
    "guests": {"type": "list", "elements": "raw", "required": True},
    "host_name": {"type": "str", "required": True},
    "config_dir": {"type": "path"},
    "save_dir": {"type": "path"},
    "release": {"type": "str"},
    "os_defaults": {"type": "dict", "default": {}},
    "restart_policy": {"type": "str", "choices": ["never", "if_needed"], "default": "never"},
    "shutdown_timeout": {"type": "int", "default": 180},
    "destroy_after": {"type": "int"},
    "remove_disks": {"type": "bool", "default": False},
    "detach_devices": {"type": "bool", "default": False},
    "start_delay": {"type": "int", "default": 0},
    "bridges": {"type": "list", "elements": "str", "default": []},
    "assume_dom0": {"type": "bool", "default": False},
    "assume_files": {"type": "list", "elements": "str", "default": []},
    "assume_bridges": {"type": "list", "elements": "str", "default": []},
    "assume_vnd_units": {"type": "int", "default": 0},
    "secrets": {"type": "dict", "default": {}, "no_log": True},
}

# -- declare -----------------------------------------------------------------------------------------------------------


def declare(params: dict[str, Any]) -> Wanted:
    """The guests in their long form. Raises Refused with everything that is wrong, a line each (also in
    ``problems``)."""
    os_defaults = params.get("os_defaults") or {}
    problems = declared_guest.os_defaults_problems(os_defaults)
    usable_defaults = {} if problems else os_defaults
    guests = []
    for raw in params["guests"]:
        guest, wrong = declared_guest.expand(
            raw, params["host_name"], usable_defaults, params.get("secrets") or {}, params.get("release")
        )
        problems += wrong
        if guest is not None:
            guests.append(guest)
    problems += clashes.problems(guests) + _unknown_bridges(guests, params.get("bridges") or [])
    problems += _bad_numbers(params)
    if problems:
        raise Refused("\n".join(problems), problems=problems)
    return Wanted(
        guests=tuple(guests),
        config_dir=(params.get("config_dir") or "").rstrip("/"),
        save_dir=(params.get("save_dir") or "").rstrip("/"),
        restart_policy=params.get("restart_policy") or "never",
        shutdown_timeout=params["shutdown_timeout"],
        destroy_after=params.get("destroy_after"),
        remove_disks=bool(params.get("remove_disks")),
        detach_devices=bool(params.get("detach_devices")),
        start_delay=params.get("start_delay") or 0,
        assume_dom0=bool(params.get("assume_dom0")),
        assume_files=tuple(params.get("assume_files") or ()),
        assume_bridges=tuple(params.get("assume_bridges") or ()),
        assume_vnd_units=params.get("assume_vnd_units") or 0,
    )


def _unknown_bridges(guests: list[Guest], bridges: list[str]) -> list[str]:
    if not bridges:
        return []
    return [
        f"guest {guest.name}: bridge is {nic.bridge!r}; the bridges of this host are {', '.join(bridges)}"
        for guest in guests
        for nic in guest.nics
        if nic.bridge and nic.bridge not in bridges and guest.state != "absent"
    ]


def _bad_numbers(params: dict[str, Any]) -> list[str]:
    problems = []
    for key in ("shutdown_timeout", "destroy_after", "start_delay"):
        if params.get(key) is not None and not 0 <= params[key] <= 3600:
            problems.append(f"{key} is {params[key]}; allowed are 0 to 3600 seconds")
    for key in ("config_dir", "save_dir"):
        folder = params.get(key) or "/"
        if not folder.startswith("/") or ".." in folder.split("/"):
            problems.append(f"{key} is {folder!r}; allowed is an absolute path without '..'")
    return problems


# -- read --------------------------------------------------------------------------------------------------------------


def read(host: Host, declared: Wanted | None = None) -> dict[str, Any]:
    """The guests' configuration files, the running domains, and the files that matter to them.

    Costs two calls of the toolstack, whatever the number of guests, and one more if a guest's CPUs are pinned. What
    only a start needs to know is looked up only if something is to be started.
    """
    current = state.state(host, declared)
    if declared is not None and current["dom0"]["alive"] and _asks_for_more(current, declared):
        current["start"] = state.for_start(host, declared)
    return current


def _asks_for_more(current: dict[str, Any], declared: Wanted) -> bool:
    try:
        plan(current, declared)
    except NotRead:
        return True
    except Refused:
        return False
    return False


# -- plan --------------------------------------------------------------------------------------------------------------


def plan(current: dict[str, Any], declared: Wanted) -> Plan:
    """What the guests need: stops first, then the rest, each after what it depends on. Raises Refused with every
    guest's problems, a line each."""
    for key in ("config_dir", "save_dir"):
        wanted = getattr(declared, key)
        if wanted and wanted != current[key]:
            raise NotRead(f"{wanted} was not read")
    blank = not current["dom0"]["alive"]
    if not declared.guests:
        return Plan()
    if blank and not declared.assume_dom0:
        raise Refused(f"The guests can't be managed: {current['dom0']['why']}")
    rows = map(live.row_of, current["domains"])
    if not current["waited"] and any(map(lost.is_passing, rows)):
        raise NotRead("a domain is just coming or going")
    seen = _with_assumptions(current, declared)
    guests = order.ordered(declared.guests)
    parts = [plan_guest(guest, seen, declared, blank) for guest in guests]
    problems = [f"guest {guest.name}: {problem}" for guest, part in zip(guests, parts) for problem in part.problems]
    stopping = [part for part in reversed(parts) if part.stops]
    result = Plan(changes=vnd.changes(seen["vnd"]))
    result.warnings = lost.words(seen) + lost.staying(seen) + vnd.warnings(seen["vnd"])
    for part in [*stopping, *(part for part in parts if not part.stops)]:
        result.changes += part.changes
        result.deferred += part.deferred
        result.warnings += part.warnings
    if not blank:
        _check_memory(parts, seen, result, problems)
        _check_vnd_units(parts, seen, declared, problems)
    if problems:
        problems += lost.words(seen)
        raise Refused("\n".join(problems), problems=problems)
    _space_starts(result.changes, declared.start_delay)
    return result


def _with_assumptions(current: dict[str, Any], declared: Wanted) -> dict[str, Any]:
    """What was read, what earlier tasks of a check run would have put there, and which domains are which guest's."""
    missing = [path for path in declared.assume_files if current["files"].get(path) is None]
    ending = [domain for domain in current["domains"] if live.row_of(domain).dying]
    start = current["start"]
    return dict(
        current,
        files=dict(current["files"], **{path: "file" for path in missing}),
        start=start and dict(start, bridges=[*start["bridges"], *declared.assume_bridges]),
        own={guest.name: _own(guest, current, declared, ending) for guest in declared.guests},
    )


def _own(guest: Guest, current: dict[str, Any], declared: Wanted, ending: list[dict[str, Any]]) -> list[int]:
    """The domains that are this guest, one that is just ending included, even if it has lost its name."""
    domains = lives_of(guest, current, declared) + [each for each in current["domains"] if each["name"] == guest.name]
    domains += [each for each in ending if lost.belongs_to(guest, each, current)]
    return [domain["domid"] for domain in domains]


def _check_memory(parts: list[GuestPlan], current: dict[str, Any], result: Plan, problems: list[str]) -> None:
    needed = sum(part.needs_memory for part in parts)
    if not needed:
        return
    start = current["start"]
    if start is None:
        raise NotRead("the free memory was not looked at")
    free = start["free"]
    if free is None:
        return
    free += sum(part.frees_memory for part in parts)
    if needed <= free:
        return
    text = (
        f"the guests to be started need {needed} MiB, the hypervisor's own share included, and the host has {free} MiB "
        "free"
    )
    left = (start["dom0_memory"] or 0) - (needed - free)
    if start["dom0_fixed"]:
        problems.append(f"{text}; give them less memory, or stop another guest first")
    elif left < DOM0_LEAST:
        problems.append(
            f"{text}; the rest would be taken from dom0, which would have only {max(left, 0)} MiB left and needs "
            f"{DOM0_LEAST}; give them less memory, or stop another guest first"
        )
    else:
        result.warnings.append(
            f"{text}; the rest will be taken from dom0, which keeps {left} MiB, because dom0_mem is not set"
        )


def _check_vnd_units(parts: list[GuestPlan], current: dict[str, Any], declared: Wanted, problems: list[str]) -> None:
    """Each disk that is a file takes a vnd unit, and with none left a start fails half-way (record create-five-4vnd,
    NetBSD 7.99.10)."""
    needed = sum(part.vnd_units for part in parts)
    if not needed:
        return
    if current["start"] is None:
        raise NotRead("the vnd units were not looked at")
    units = current["start"]["vnd_units"]
    if units is None:
        return
    released = len(vnd.changes(current["vnd"]))
    free = max(units["nodes"], declared.assume_vnd_units) - units["used"] + released
    if needed > free:
        problems.append(
            f"the disks of the guests to be started that are files need {needed} vnd units, and {max(free, 0)} are "
            f"free{vnd.others(current['vnd'])}; make more device nodes (makedev_vnd_units, or "
            f"sh MAKEDEV vnd{units['nodes']} in /dev)"
        )


def _space_starts(changes: list[Change], delay: int) -> None:
    """Every start but the first waits, so that guests do not all boot at once."""
    starts = [change for change in changes if change.data and "delay" in change.data]
    for change in starts[1:]:
        change.data["delay"] = delay


# -- apply -------------------------------------------------------------------------------------------------------------


def apply(host: Host, change: Change) -> None:
    """Carry one change out. Raises XenError."""
    ok, why = toolstack(host).alive(host)
    if not ok:
        raise XenError(f"{change.thing} was left as it is: {why}")
    acts.apply(host, change)
