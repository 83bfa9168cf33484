# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: the guests of a dom0."""

from __future__ import annotations

from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._change import Change, NotRead, Plan, Refused, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._formats import xlcfg
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host
from ansible_collections.netbsd.xen.plugins.module_utils._resources import (
    _guest,
    _guest_apply,
    _guest_config,
    _guest_live,
)
from ansible_collections.netbsd.xen.plugins.module_utils._resources._guest import Guest
from ansible_collections.netbsd.xen.plugins.module_utils._resources._guest_plan import GuestPlan, Wanted, plan_guest
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import xl

NAME = "domain"
ARGUMENTS: dict[str, Any] = {
    "guests": {"type": "list", "elements": "raw", "required": True},
    "host_name": {"type": "str", "required": True},
    "config_dir": {"type": "path"},
    "os_defaults": {"type": "dict", "default": {}},
    "restart_policy": {"type": "str", "choices": ["never", "if_needed"], "default": "never"},
    "shutdown_timeout": {"type": "int", "default": 180},
    "destroy_after": {"type": "int"},
    "remove_disks": {"type": "bool", "default": False},
    "start_delay": {"type": "int", "default": 0},
    "bridges": {"type": "list", "elements": "str", "default": []},
    "assume_dom0": {"type": "bool", "default": False},
    "assume_files": {"type": "list", "elements": "str", "default": []},
    "assume_bridges": {"type": "list", "elements": "str", "default": []},
    "secrets": {"type": "dict", "default": {}, "no_log": True},
}

# Files in the configuration directory that are no guest's.
_NOT_A_GUEST = (".conf", ".orig", ".prev", "~", ".sxp")
# A guest's configuration is a page of text; whatever is larger is something else.
MAX_CONFIG_BYTES = 1 << 20


# -- declare -----------------------------------------------------------------------------------------------------------


def declare(params: dict[str, Any]) -> Wanted:
    """The guests in their long form. Raises Refused with everything that is wrong, a line each (also in
    ``problems``)."""
    os_defaults = params.get("os_defaults") or {}
    problems = _guest.os_defaults_problems(os_defaults)
    usable_defaults = {} if problems else os_defaults
    guests = []
    for raw in params["guests"]:
        guest, wrong = _guest.expand(raw, params["host_name"], usable_defaults, params.get("secrets") or {})
        problems += wrong
        if guest is not None:
            guests.append(guest)
    problems += _clashes(guests) + _unknown_bridges(guests, params.get("bridges") or []) + _bad_numbers(params)
    if problems:
        raise Refused("\n".join(problems), problems=problems)
    return Wanted(
        guests=tuple(guests),
        config_dir=(params.get("config_dir") or "").rstrip("/"),
        restart_policy=params.get("restart_policy") or "never",
        shutdown_timeout=params["shutdown_timeout"],
        destroy_after=params.get("destroy_after"),
        remove_disks=bool(params.get("remove_disks")),
        start_delay=params.get("start_delay") or 0,
        assume_dom0=bool(params.get("assume_dom0")),
        assume_files=tuple(params.get("assume_files") or ()),
        assume_bridges=tuple(params.get("assume_bridges") or ()),
    )


def _clashes(guests: list[Guest]) -> list[str]:
    """What two guests can't both have."""
    problems: list[str] = []
    names: dict[str, str] = {}
    owners: dict[tuple[str, str], str] = {}
    disks: dict[str, tuple[str, str]] = {}
    for guest in guests:
        if guest.name in names:
            problems.append(f"guest {guest.name}: name is {guest.name!r} twice; each guest needs its own")
            continue
        names[guest.name] = guest.name
        if guest.state == "absent":
            continue
        for key, value in [("uuid", guest.uuid), *(("mac", nic.mac) for nic in guest.nics)]:
            owner = owners.setdefault((key, value), guest.name) if (key, value) not in owners else owners[(key, value)]
            if owner != guest.name or _twice(guest, key, value):
                problems.append(
                    f"guest {guest.name}: {key} is {value!r}, which guest {owner} has too; each needs its own"
                )
        for disk in guest.disks:
            owner, access = disks.setdefault(disk.path, (guest.name, disk.access))
            if owner != guest.name and "rw" in (access, disk.access):
                problems.append(
                    f"guest {guest.name}: disk is {disk.path}, which guest {owner} has too; "
                    "a disk can be shared only if all have access: ro"
                )
    return problems


def _twice(guest: Guest, key: str, value: str) -> bool:
    return key == "mac" and [nic.mac for nic in guest.nics].count(value) > 1


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
    folder = params.get("config_dir") or "/"
    if not folder.startswith("/") or ".." in folder.split("/"):
        problems.append(f"config_dir is {folder!r}; allowed is an absolute path without '..'")
    return problems


# -- read --------------------------------------------------------------------------------------------------------------


def read(host: Host, declared: Wanted | None = None) -> dict[str, Any]:
    """The guests' configuration files, the running domains, and the files that matter to them.

    Costs two calls of xl (``list`` and ``list -l``), whatever the number of guests. What only a start needs to know,
    the bridges and the free memory, is looked up only if something is to be started.
    """
    ok, why = xl.alive(host)
    config_dir = (declared.config_dir if declared else "") or xl.paths(host.system).config_dir
    configs, occupied = _read_configs(host, config_dir)
    current: dict[str, Any] = {
        "dom0": {"alive": ok, "why": why},
        "config_dir": config_dir,
        "configs": configs,
        "occupied": occupied,
        "domains": _read_domains(host) if ok else [],
        "started_with": _guest_apply.read_started_with(host) if ok else {},
        "bridges": None,
        "info": None,
    }
    current["files"] = {path: _kind(host, path) for path in _paths(configs, declared)}
    if ok and declared is not None and _asks_for_more(current, declared):
        current["bridges"] = _read_bridges(host)
        current["info"] = _memory(xl.info(host))
    return current


def _asks_for_more(current: dict[str, Any], declared: Wanted) -> bool:
    try:
        plan(current, declared)
    except NotRead:
        return True
    except Refused:
        return False
    return False


def _read_configs(host: Host, config_dir: str) -> tuple[dict[str, Any], list[str]]:
    """Every guest's configuration in the directory, by file name; and the names that are taken by something else."""
    configs: dict[str, Any] = {}
    occupied = []
    for name in host.list_dir(config_dir):
        found = None if name.startswith(".") else host.stat(f"{config_dir}/{name}", follow=False)
        if found is None:
            continue
        # xendomains' hooks lie in the same directory, and are executable: NAME-pre, NAME-post.
        if found.kind != "file" or found.size > MAX_CONFIG_BYTES or found.mode & 0o111:
            occupied.append(name)
        elif not name.endswith(_NOT_A_GUEST):
            configs[name] = dict(_read_config(host, f"{config_dir}/{name}"), private=not found.mode & 0o077)
    return configs, occupied


def _read_config(host: Host, path: str) -> dict[str, Any]:
    try:
        return {"settings": _guest_config.comparable(xlcfg.parse(host.read_text(path) or "")), "error": None}
    except xlcfg.XlcfgError as error:
        return {"settings": None, "error": str(error)}


def _read_domains(host: Host) -> list[dict[str, Any]]:
    """Every domain but domain 0, which no plan ever sees."""
    configs = xl.configs(host)
    rows = [row for row in xl.rows(host) if row.domid != 0]
    if any(row.domid not in configs and not row.dying for row in rows):
        configs = xl.configs(host)  # one was born between the two calls
    return [_guest_live.domain(row, configs.get(row.domid, {})) for row in rows]


def _paths(configs: dict[str, Any], declared: Wanted | None) -> list[str]:
    """The files to look at: the disks of every configuration, and what the declared guests need."""
    paths = {disk.path for config in configs.values() for disk in _guest_config.disks_in(config["settings"])}
    for guest in declared.guests if declared else ():
        paths.update(disk.path for disk in guest.disks)
        paths.update(guest.files)
        if guest.bootloader.startswith("/"):
            paths.add(guest.bootloader)
    return sorted(paths)


def _kind(host: Host, path: str) -> str | None:
    found = host.stat(path)
    return found.kind if found else None


def _read_bridges(host: Host) -> list[str]:
    if host.system != "NetBSD":
        return [name for name in host.list_dir("/sys/class/net") if host.exists(f"/sys/class/net/{name}/bridge")]
    lines = host.run(["/sbin/brconfig", "-a"]).stdout.splitlines()
    return sorted(line.split(":", 1)[0] for line in lines if ": flags=" in line and not line[0].isspace())


def _memory(info: dict[str, str]) -> dict[str, Any]:
    """Free memory in MiB, and whether dom0's share is fixed. If it is not, xl may take memory from dom0 for a guest."""
    free = info.get("free_memory", "")
    return {
        "free": int(free) if free.isdigit() else None,
        "dom0_fixed": "dom0_mem=" in info.get("xen_commandline", ""),
    }


# -- plan --------------------------------------------------------------------------------------------------------------


def plan(current: dict[str, Any], declared: Wanted) -> Plan:
    """What the guests need, in their declared order. Raises Refused with every guest's problems, a line each."""
    if declared.config_dir and declared.config_dir != current["config_dir"]:
        raise NotRead(f"{declared.config_dir} was not read")
    blank = not current["dom0"]["alive"]
    if not declared.guests:
        return Plan()
    if blank and not declared.assume_dom0:
        raise Refused(f"The guests can't be managed: {current['dom0']['why']}")
    seen = _with_assumptions(current, declared)
    parts = [plan_guest(guest, seen, declared, blank) for guest in declared.guests]
    problems = [
        f"guest {guest.name}: {problem}" for guest, part in zip(declared.guests, parts) for problem in part.problems
    ]
    result = Plan()
    for part in parts:
        result.changes += part.changes
        result.deferred += part.deferred
        result.warnings += part.warnings
    if not blank:
        _check_memory(parts, current, result, problems)
    if problems:
        raise Refused("\n".join(problems), problems=problems)
    _space_starts(result.changes, declared.start_delay)
    return result


def _with_assumptions(current: dict[str, Any], declared: Wanted) -> dict[str, Any]:
    """What was read, and what earlier tasks of a check run would have put there."""
    missing = [path for path in declared.assume_files if current["files"].get(path) is None]
    bridges = current["bridges"]
    return dict(
        current,
        files=dict(current["files"], **{path: "file" for path in missing}),
        bridges=None if bridges is None else [*bridges, *declared.assume_bridges],
    )


def _check_memory(parts: list[GuestPlan], current: dict[str, Any], result: Plan, problems: list[str]) -> None:
    needed = sum(part.needs_memory for part in parts)
    if not needed:
        return
    if current["info"] is None:
        raise NotRead("the free memory was not looked at")
    free = current["info"]["free"]
    if free is None or needed <= free:
        return
    text = f"the guests to be started need {needed} MiB and the host has {free} MiB free"
    if current["info"]["dom0_fixed"]:
        problems.append(f"{text}; give them less memory, or stop another guest first")
    else:
        result.warnings.append(f"{text}; xl will try to take the rest from dom0, because dom0_mem is not set")


def _space_starts(changes: list[Change], delay: int) -> None:
    """Every start but the first waits, so that guests do not all boot at once."""
    starts = [change for change in changes if change.data and "delay" in change.data]
    for change in starts[1:]:
        change.data["delay"] = delay


# -- apply -------------------------------------------------------------------------------------------------------------


def apply(host: Host, change: Change) -> None:
    """Carry one change out. Raises XenError."""
    ok, why = xl.alive(host)
    if not ok:
        raise XenError(f"{change.thing} was left as it is: {why}")
    _guest_apply.apply(host, change)
