# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: network bridges with their VLANs and addresses, as they are now and as they are made at boot, and the
address translation for guests' networks.

The interfaces of guests (xvif and tap) come and go with them; none is ever taken out of a bridge here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..._change import LIMIT, Change, NotRead, Plan, Refused, XenError
from ..._formats.net.netstat import Route
from ..._host import Host
from . import (
    connection,
    script,
    steps,
)
from . import (
    declared as bridge_declared,
)
from . import (
    members as bridge_members,
)
from . import (
    nat as bridge_nat,
)
from . import (
    read as bridge_read,
)
from . import (
    vlans as bridge_vlans,
)
from .declared import Declared
from .impact import impact

NAME = "bridge"
_STATE = {"type": "str", "choices": ["present", "absent"], "default": "present"}
ARGUMENTS: dict[str, Any] = {
    "bridges": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "interfaces": {"type": "list", "elements": "str", "default": []},
            "mtu": {"type": "int"},
            "address": {"type": "str"},
            "state": _STATE,
        },
    },
    "vlans": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "id": {"type": "int", "required": True},
            "parent": {"type": "str", "required": True},
            "state": _STATE,
        },
    },
    "nat": {
        "type": "list",
        "elements": "dict",
        "options": {
            "bridge": {"type": "str", "required": True},
            "interface": {"type": "str", "required": True},
        },
    },
    "guard_seconds": {"type": "int", "default": 60},
    # The action plugin's part of the talk.
    "reached_at": {"type": "str"},
    "guard_token": {"type": "str", "no_log": False},
    "guard_measured": {"type": "float"},
    "guard_confirm": {"type": "bool", "default": False},
    **LIMIT,
}


def declare(params: dict[str, Any]) -> Declared:
    """What is wanted. Raises Refused for bad names and for an interface in two places."""
    return bridge_declared.declare(params)


def read(host: Host, declared: Declared | None = None) -> dict[str, Any]:
    """The network as it is; npf and forwarding only where they are declared, or were set up by us before; the routes
    only where an interface may lose its addresses."""
    current = bridge_read.read(host)
    current["nat"] = bridge_nat.read(host, wanted=bool(declared and declared.nat))
    current["vif_script"] = script.read(host)
    current["routes"] = None
    if declared is not None and _losing(current, _live_and_at_boot(current, declared, {})):
        current["routes"] = [list(route) for route in bridge_read.routes(host)]
    return current


def plan(current: dict[str, Any], declared: Declared) -> Plan:
    """The changes in the order in which they can be made: VLANs, what frees an interface, bridges, translation. What is
    live comes before the file that makes it so at boot: nothing goes into a file that was not achieved."""
    if "bridges" not in current:
        raise NotRead("the bridges were not read")
    refused: dict[str, XenError] = {}
    network = _live_and_at_boot(current, declared, refused)
    planned = [*network.changes, *bridge_nat.changes(NAME, current, declared)]
    for change in _losing(current, network):
        if current["routes"] is None:
            raise NotRead("the routes were not read")
        words = steps.blocked(change.data, [Route(*each) for each in current["routes"]])
        if words:
            refused[change.thing] = Refused(words)
    needs = _needs(current, declared)
    _refuse_dependents(needs, refused)
    changes = [
        replace(each, needs=needs.get(each.thing, ()), impact=_impact(current, each))
        for each in planned
        if each.thing not in refused
    ]
    warnings = [
        *network.warnings,
        *bridge_vlans.warnings(current, declared),
        *script.warnings(current["vif_script"]),
    ]
    result = Plan(changes, refused=refused, warnings=warnings).within(declared.limit)
    result.warnings += connection.warnings(current, declared, result.changes)
    return result


def _impact(current: dict[str, Any], change: Change) -> str:
    return impact(current, change.data) if change.action == "run" else change.impact


def _live_and_at_boot(current: dict[str, Any], declared: Declared, refused: dict[str, XenError]) -> Plan:
    """VLANs and bridges. What can't be had goes into ``refused``."""
    vlans = bridge_vlans.changes(NAME, current, declared, refused)
    bridges = bridge_members.plan(NAME, current, declared, refused)
    removals = bridge_vlans.removals(NAME, current, declared, refused)
    return Plan([*vlans, *bridges.frees, *removals, *bridges.changes], warnings=bridges.warnings)


def _losing(current: dict[str, Any], planned: Plan) -> list[Change]:
    """The changes by which an interface loses its addresses."""
    return [each for each in planned.changes if each.action == "run" and steps.losing(current, each.data)]


def _needs(current: dict[str, Any], declared: Declared) -> dict[str, tuple[str, ...]]:
    """What each thing needs: a bridge its VLANs, and that other bridges have let its members go; a VLAN that goes the
    same; the translation its bridges."""
    holders = {member: bridge for bridge, members in current["bridges"].items() for member in members}
    names = {bridge.name for bridge in declared.bridges}
    found: dict[str, tuple[str, ...]] = {}
    for bridge in declared.bridges:
        vlans = [name for name in bridge.interfaces if declared.vlan(name)]
        others = [holders[name] for name in bridge.interfaces if holders.get(name, bridge.name) != bridge.name]
        if bridge.present:
            found[bridge.name] = tuple(dict.fromkeys([*vlans, *(name for name in others if name in names)]))
    for vlan in declared.vlans:
        if not vlan.present and holders.get(vlan.name) in names:
            found[vlan.name] = (holders[vlan.name],)
    found[bridge_nat.THING] = tuple(nat.bridge for nat in declared.nat or ())
    return found


def _refuse_dependents(needs: dict[str, tuple[str, ...]], refused: dict[str, XenError]) -> None:
    for _each in needs:
        for thing, others in needs.items():
            lacking = [name for name in others if name in refused]
            if lacking and thing not in refused:
                words = f"{thing} was left as it is: it depends on {', '.join(lacking)}, which was refused."
                refused[thing] = Refused(words)


def apply(host: Host, change: Change) -> None:
    """Write or remove the file, or run the commands in order."""
    if change.action == "write_file":
        path, text = change.data
        host.write_text(path, text)
    elif change.action == "remove_file":
        host.remove(change.data, keep=True)
    elif change.action == "run":
        steps.carry_out(host, change.data, f"{change.thing}: {change.summary}")
    else:
        bridge_nat.apply(host, change)
