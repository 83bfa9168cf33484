# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The guarded step: the live changes of the network that could cut the connection, all in one, with a way back.

The module is called three times. The first call finds that it takes a guard, touches nothing, and so tells its caller
how long a call takes over this connection. The second starts the guard, which makes the live changes, and ends. The
third comes over a new connection: that it came at all is the proof. It confirms, and only then the files in /etc are
written, so that a machine that is lost between the two comes back by a reboot too.
"""

from __future__ import annotations

from typing import Any

from ... import _guard
from ..._change import XenError
from ..._engine import WARNINGS
from ..._host import Host
from . import connection, steps
from . import resource as bridge
from .declared import MAX_GUARD_SECONDS

# The confirmation is one more call, with a new connection before it, on a machine that may be busier by then.
FACTOR = 6.0


def limit(guard_seconds: float, measured: float | None) -> float:
    """How long the guard waits for its confirmation, in seconds: at least what was asked for, more over a connection
    where a call took long (``measured``, in seconds; None if nobody has measured it), and never more than the longest
    that can be asked for: a machine that is cut off must come back by itself."""
    return max(float(guard_seconds), min(round(FACTOR * (measured or 0.0), 1), float(MAX_GUARD_SECONDS)))


def first(params: dict[str, Any], check: bool, host: Host) -> dict[str, Any] | None:
    """What comes before the module's own work: word that it takes a guard, the guarded step, or the confirmation. A
    result if that is all that this call does, else None. Raises XenError if the change was taken back."""
    if check:
        return None
    if params["guard_confirm"]:
        host.commands += _guard.confirm(params["guard_token"])
    else:
        _guard.settle()
    declared = bridge.declare(params)
    current = bridge.read(host, declared)
    plan = bridge.plan(current, declared)
    if not params["guard_token"] or not connection.touched(current, declared, plan.changes):
        return None
    if params["guard_confirm"]:
        raise XenError(
            "Every command succeeded, but on reading back this is still to be done: "
            f"{connection.in_words(plan.changes)}. Something else on the machine may be undoing it."
        )
    if params["guard_measured"] is None:
        return {"changed": False, "changes": [], "restart_required": [], "diff": [], WARNINGS: [], "guard": "needed"}
    seconds = limit(params["guard_seconds"], params["guard_measured"])
    commands = connection.commands_of(plan.changes)
    tried = connection.in_words(plan.changes)
    step = steps.step(host, current, commands, seconds, tried)
    _guard.start(params["guard_token"], step)
    done = [change for change in plan.changes if change.action == "run"]
    return {
        "changed": True,
        "changes": [change.report() for change in done],
        "restart_required": [],
        "diff": [change.diff() for change in done],
        WARNINGS: plan.warnings,
        "guarded": True,
        "guard_seconds": seconds,
    }
