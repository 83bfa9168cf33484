# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: the guests of a dom0."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..._change import LIMIT, Plan
from ..._host import Host
from .apply.act import carry_out
from .declare import wanted
from .declare.wanted import Wanted
from .plan import guests
from .read import state
from .read.current import Current

NAME = "domain"
# xl is the same on both.
SYSTEMS = ("NetBSD", "Linux")
STATE = Current
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
    "report_undeclared": {"type": "bool", "default": False},
    "bridges": {"type": "list", "elements": "str", "default": []},
    "assume_dom0": {"type": "bool", "default": False},
    "assume_files": {"type": "list", "elements": "str", "default": []},
    "assume_bridges": {"type": "list", "elements": "str", "default": []},
    "assume_vnd_units": {"type": "int", "default": 0},
    "missing_files": {"type": "dict", "default": {}},
    "waiting": {"type": "dict", "default": {}},
    "installing": {"type": "list", "elements": "str", "default": []},
    "secrets": {"type": "dict", "default": {}, "no_log": True},
    **LIMIT,
}


def declare(params: dict[str, Any]) -> Wanted:
    """The guests in their long form. Raises Refused with everything that is wrong, a line each (also in
    ``problems``)."""
    return wanted.wanted(params)


def read(host: Host, declared: Wanted | None = None) -> Current:
    """The guests' configuration files, the running domains, and the files that matter to them.

    Costs two calls of the toolstack, whatever the number of guests, and one more if a guest's CPUs are pinned.
    """
    return state.state(host, declared)


def read_more(host: Host, current: Current, declared: Wanted, reading: str) -> Current:
    """What was read, with what only a start needs to know."""
    return replace(current, start=state.for_start(host, declared, current))


def plan(current: Current, declared: Wanted) -> Plan:
    """What the guests need. Raises Refused with every guest's problems, a line each, and NotRead."""
    return guests.plan(current, declared)


apply = carry_out
