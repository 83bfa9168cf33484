# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: network bridges with their VLANs and addresses, as they are now and as they are made at boot, and the
address translation for guests' networks.

The interfaces of guests (xvif and tap) come and go with them; none is ever taken out of a bridge here.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._change import Change, NotRead, Plan
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host
from ansible_collections.netbsd.xen.plugins.module_utils._resources import (
    _bridge_connection,
    _bridge_declared,
    _bridge_members,
    _bridge_nat,
    _bridge_read,
    _bridge_script,
    _bridge_vlans,
)
from ansible_collections.netbsd.xen.plugins.module_utils._resources._bridge_declared import Declared

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
    "guard_confirm": {"type": "bool", "default": False},
}


def declare(params: dict[str, Any]) -> Declared:
    """What is wanted. Raises Refused for bad names and for an interface in two places."""
    return _bridge_declared.declare(params)


def read(host: Host, declared: Declared | None = None) -> dict[str, Any]:
    """The network as it is; npf and forwarding only where they are declared, or were set up by us before."""
    current = _bridge_read.read(host)
    current["nat"] = _bridge_nat.read(host, wanted=bool(declared and declared.nat))
    current["vif_script"] = _bridge_script.read(host)
    return current


def plan(current: dict[str, Any], declared: Declared) -> Plan:
    """The changes in the order in which they can be made: VLANs, what frees an interface, bridges, translation."""
    if "bridges" not in current:
        raise NotRead("the bridges were not read")
    bridges = _bridge_members.plan(NAME, current, declared)
    vlans = _bridge_vlans.changes(NAME, current, declared)
    removals = _bridge_vlans.removals(NAME, current, declared)
    translation = _bridge_nat.changes(NAME, current, declared)
    result = Plan([*vlans, *bridges.frees, *removals, *bridges.changes, *translation])
    result.warnings = [
        *bridges.warnings,
        *_bridge_vlans.warnings(current, declared),
        *_bridge_script.warnings(current["vif_script"]),
        *_bridge_connection.warnings(current, declared, result.changes),
    ]
    return result


def apply(host: Host, change: Change) -> None:
    """Write or remove the file, or run the commands in order."""
    if change.action == "write_file":
        path, text = change.data
        host.write_text(path, text)
    elif change.action == "remove_file":
        host.remove(change.data)
    elif change.action == "run":
        for argv in change.data:
            host.run(argv)
    else:
        _bridge_nat.apply(host, change)
