# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a task declares of a machine's guests. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...._change import HOST_REBOOT, Refused
from ...._formats.text import near, shown
from ...._formats.xl.xlcfg_keys import SECRET_KEYS
from . import clashes
from .fields import Fields
from .guest import Guest, expand, os_defaults_problems


@dataclass(frozen=True)
class Wanted:
    """Everything that a task declares. Times in seconds."""

    guests: tuple[Guest, ...]
    host_name: str
    config_dir: str = ""
    save_dir: str = ""
    restart_policy: str = "never"
    max_impact: str = HOST_REBOOT
    shutdown_timeout: int = 180
    destroy_after: int | None = None
    remove_disks: bool = False
    detach_devices: bool = False
    start_delay: int = 0
    report_undeclared: bool = False
    assume_dom0: bool = False
    assume_files: tuple[str, ...] = ()
    assume_bridges: tuple[str, ...] = ()
    assume_vnd_units: int = 0
    # By path, why it could not be had.
    missing_files: dict[str, str] = field(default_factory=dict, hash=False)
    # By guest, why it can't be started yet.
    waiting: dict[str, str] = field(default_factory=dict, hash=False)
    # The guests in which their own installers run, or whose boot is not known before one has.
    installing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Examined:
    """The guests in their long form, as far as they have one; those ``sound`` ones that have nothing wrong of their
    own; and everything that is wrong, a line each."""

    guests: list[Guest]
    sound: list[Guest]
    problems: list[str]


def examined(params: dict[str, Any]) -> Examined:
    """Every declared guest, expanded once. Raises Refused for a release that is not known."""
    os_defaults = params.get("os_defaults") or {}
    problems = os_defaults_problems(os_defaults)
    usable_defaults = {} if problems else os_defaults
    secrets = params.get("secrets") or {}
    passwords = {str(name): values for name, values in secrets.items() if isinstance(values, dict)}
    guests, sound = [], []
    for raw in params["guests"]:
        guest, wrong = expand(raw, params["host_name"], usable_defaults, passwords, params.get("release"))
        problems += wrong
        if guest is not None:
            guests.append(guest)
            sound += [] if wrong else [guest]
    problems += clashes.problems(guests) + _unknown_bridges(guests, params.get("bridges") or [])
    problems += _bad_secrets(secrets, params["guests"])
    return Examined(guests, sound, problems + _bad_numbers(params))


def wanted(params: dict[str, Any]) -> Wanted:
    """What a task declares. Raises Refused with everything that is wrong, a line each (also in ``problems``)."""
    found = examined(params)
    if found.problems:
        raise Refused("\n".join(found.problems), problems=found.problems)
    return Wanted(
        guests=tuple(found.guests),
        host_name=params["host_name"],
        config_dir=(params.get("config_dir") or "").rstrip("/"),
        save_dir=(params.get("save_dir") or "").rstrip("/"),
        restart_policy=params.get("restart_policy") or "never",
        max_impact=params.get("max_impact") or HOST_REBOOT,
        shutdown_timeout=params["shutdown_timeout"],
        destroy_after=params.get("destroy_after"),
        remove_disks=bool(params.get("remove_disks")),
        detach_devices=bool(params.get("detach_devices")),
        start_delay=params.get("start_delay") or 0,
        report_undeclared=bool(params.get("report_undeclared")),
        assume_dom0=bool(params.get("assume_dom0")),
        assume_files=tuple(params.get("assume_files") or ()),
        assume_bridges=tuple(params.get("assume_bridges") or ()),
        assume_vnd_units=params.get("assume_vnd_units") or 0,
        missing_files={path: str(why) for path, why in (params.get("missing_files") or {}).items()},
        installing=tuple(map(str, params.get("installing") or ())),
        waiting={name: str(why) for name, why in (params.get("waiting") or {}).items()},
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


def _bad_secrets(secrets: dict[str, Any], guests: list[Any]) -> list[str]:
    """A password that would reach no guest. No value is part of a message."""
    names = [str(raw.get("name")) for raw in guests if isinstance(raw, dict)]
    found = []
    for name, values in secrets.items():
        if str(name) not in names:
            meant = near(str(name), names) or "; declare it, or leave its passwords out"
            found.append(f"secrets: {shown(name)} is no guest that is declared here{meant}")
        elif isinstance(values, dict):
            part = Fields(f"secrets of guest {name}", values)
            part.only(SECRET_KEYS)
            found += part.problems
        elif values is not None:
            found.append(f"secrets of guest {name} are no dictionary; allowed is one with {', '.join(SECRET_KEYS)}")
    return found


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
