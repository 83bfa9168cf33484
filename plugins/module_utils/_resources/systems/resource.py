# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: the guests' operating systems, from an empty disk to a login that was seen."""

from __future__ import annotations

from typing import Any

from ..._change import LIMIT, Change, Plan
from ..._host import Host
from ..guests import resource as domain
from . import declare as declared_systems
from . import logins, visits
from . import plan as planning
from . import read as reading
from .declare import Wanted
from .read import Current
from .work.record import CONFIGURED, PREPARED, Record

NAME = planning.RESOURCE
STATE = Current
_SHARED = ("guests", "host_name", "config_dir", "save_dir", "release", "os_defaults", "assume_dom0", "secrets")
ARGUMENTS: dict[str, Any] = {
    **{name: domain.ARGUMENTS[name] for name in _SHARED},
    "install_source": {"type": "str"},
    "install_remote_src": {"type": "bool", "default": True},
    # Public keys, whatever its name makes ansible-test think.
    "install_keyring": {"type": "str", "no_log": False},
    "install_pkg_path": {"type": "str"},
    # The action plugin's parts.
    "unfit": {"type": "dict", "default": {}},
    "session": {"type": "str", "default": ""},
    "heard": {"type": "dict", "default": {}},
    **LIMIT,
}


def declare(params: dict[str, Any]) -> Wanted:
    """The systems in their long form. Raises Refused with everything that is wrong, a line each (also in
    ``problems``)."""
    return declared_systems.declare(params)


def read(host: Host, declared: Wanted | None = None) -> Current:
    """How far each guest is. Costs no command."""
    return reading.read(host, declared)


def read_more(host: Host, current: Current, declared: Wanted, reading_name: str) -> Current:
    """What was read, with what the disks hold and who has them."""
    return reading.read_disks(host, current, declared)


def plan(current: Current, declared: Wanted) -> Plan:
    """What the systems need. Raises Refused and NotRead."""
    return planning.plan(current, declared)


def tell(current: Current) -> dict[str, Any]:
    """What the module returns beside the changes."""
    return {
        "logins": logins.logins(current),
        "conversations": conversations(current),
        "installing": sorted(name for name, mine in current.records.items() if visits.in_hand(mine) and mine.installer),
        "boots": {name: mine.boots for name, mine in sorted(current.records.items()) if _boots(mine, current)},
    }


def _boots(mine: Record, current: Current) -> bool:
    """Whether a record says what its guest boots with, and is about the disk that is there."""
    return bool(mine.boots) and mine.reached(CONFIGURED) and current.disks.get(mine.disk) == mine.identity


def conversations(current: Current) -> dict[str, dict[str, str]]:
    """The guests whose installers wait to be talked to: by whom, with which mark, by which toolstack's console, and
    where an installer was offered to a person, if it was. In a live system whoever comes by looks in (no session), also
    behind a run that broke off: its console has one reader at a time."""
    found = {}
    for name, mine in sorted(current.records.items()):
        by_a_person = visits.in_hand(mine)
        if mine.stage == PREPARED and (_visited(mine, current) if by_a_person else mine.session):
            session = "" if by_a_person else mine.session
            told = {"session": session, "mark": mine.mark, "toolstack": current.program, "offered": mine.offered}
            found[name] = told
    return found


def _visited(mine: Record, current: Current) -> bool:
    """Whether a live system runs that somebody should look in at."""
    return current.guests is not None and not mine.boots and visits.lives(current.guests.domains, mine) is not None


def apply(host: Host, change: Change) -> None:
    """Carry one change out. Raises XenError."""
    change.data.carry_out(host)
