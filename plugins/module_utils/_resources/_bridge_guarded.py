# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The guarded step: the live changes of the network that could cut the connection, all in one, with a way back.

The module is called twice. The first call starts the guard, which makes the live changes, and ends. The second comes
over a new connection: that it came at all is the proof. It confirms, and only then the files in /etc are written, so
that a machine that is lost between the two comes back by a reboot too.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils import _guard
from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host
from ansible_collections.netbsd.xen.plugins.module_utils._resources import _bridge_connection, bridge


def first(params: dict[str, Any], check: bool, host: Host) -> dict[str, Any] | None:
    """What comes before the module's own work: the confirmation, or the guarded step. A result if that is all that this
    call does, else None. Raises XenError if the change was taken back."""
    if check:
        return None
    if params["guard_confirm"]:
        host.commands += _guard.confirm(params["guard_token"])
    else:
        _guard.settle()
    declared = bridge.declare(params)
    current = bridge.read(host, declared)
    plan = bridge.plan(current, declared)
    if not params["guard_token"] or not _bridge_connection.touched(current, declared, plan.changes):
        return None
    if params["guard_confirm"]:
        raise XenError(
            "Every command succeeded, but on reading back this is still to be done: "
            f"{_bridge_connection.in_words(plan.changes)}. Something else on the machine may be undoing it."
        )
    commands = _bridge_connection.commands_of(plan.changes)
    way_back = _bridge_connection.undo(current, commands)
    tried = _bridge_connection.in_words(plan.changes)
    _guard.start(params["guard_token"], _guard.Step(commands, way_back, float(params["guard_seconds"]), tried))
    done = [change for change in plan.changes if change.action == "run"]
    return {
        "changed": True,
        "changes": [change.report() for change in done],
        "restart_required": [],
        "diff": [change.diff() for change in done],
        "warnings": plan.warnings,
        "guarded": True,
    }
