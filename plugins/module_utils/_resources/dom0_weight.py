# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: dom0's share of the CPU, now and at each boot.

Where guests want all of a CPU, dom0 gets no more of it than each of them, and everything waits with it: their disks and
networks, and whoever logs in. Measured with nine busy guests on one CPU (NetBSD 10.1, Xen 4.20): python3 starts in 10 s
with the hypervisor's own weight of 256, in 1.2 s with 1024.

The hypervisor forgets the weight at each boot, and no argument of its own sets one
(docs/misc/xen-command-line.pandoc), so a script of ours in /etc/rc.d sets it again. It starts when the toolstack's
daemons do, before the first guest. Without xenstored, xl would hang and the boot with it (record xenstored-dead-hang),
so the script looks for that first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .. import _releases
from .._change import LIMIT, Change, NotRead, Plan, Refused
from .._host import Host
from .._kernel import PRIVCMD
from .._toolstack.choose import toolstack
from .._toolstack.xl import Xl
from .._toolstack.xm import Xm

NAME = "dom0_weight"
ARGUMENTS: dict[str, Any] = {
    "release": {"type": "str", "required": True},
    "weight": {"type": "int", "default": 1024},
    "assume_dom0": {"type": "bool", "default": False},
    **LIMIT,
}

SCRIPT = "/etc/rc.d/xendom0weight"
MODE = 0o755
RUNNABLE = 0o100
PROGRAMS = "/usr/pkg/sbin"
# xen/common/sched/credit2.c and libxl_sched.c: what a weight may be. 0 is ours: leave it alone.
MOST = 65535
# What tells our script from one of the admin's.
_OURS = "netbsd.xen.dom0_weight"
_TEXT = """#!/bin/sh
#
# PROVIDE: xendom0weight
# REQUIRE: {requires}
# BEFORE:  xendomains
#
# dom0's share of the CPU, which the hypervisor forgets at each boot. Written by the Ansible module {ours},
# which replaces it: change services_dom0_weight instead.

$_rc_subr_loaded . /etc/rc.subr

name="xendom0weight"
start_cmd="xendom0weight_start"
stop_cmd=":"

xendom0weight_start()
{{
    # Without xenstored the next command would never end, and neither would the boot.
    # Not with -x: that may want the whole path.
    if ! /usr/bin/pgrep xenstored >/dev/null; then
        return 0
    fi
    scheduler=$({program} info | sed -n 's/^xen_scheduler *: *//p')
    case "$scheduler" in
    {schedulers})
        echo "Setting the weight of dom0 to {weight}."
        {program} sched-$scheduler -d {dom0} -w {weight}
        ;;
    *)
        warn "dom0 keeps its weight: the scheduler is '$scheduler', and weights are known of {known}."
        ;;
    esac
}}

load_rc_config $name
run_rc_command "$1"
"""


@dataclass(frozen=True)
class Declared:
    """The wanted weight, 0 to leave it alone, and the release whose toolstack sets it."""

    release: _releases.Release
    weight: int
    assume_dom0: bool


def declare(params: dict[str, Any]) -> Declared:
    """Raises Refused for a weight that no hypervisor takes, and for a release that is not in the table."""
    weight = params["weight"]
    if not 0 <= weight <= MOST:
        raise Refused(f"The weight of dom0 is {weight}; allowed are 1 to {MOST}, and 0 to leave it alone.")
    return Declared(_releases.release(params["release"]), weight, bool(params.get("assume_dom0")))


def script(declared: Declared) -> str:
    """The rc.d script. It comes after what brings the toolstack up: xencommons, with xm xend."""
    row = declared.release
    tool = Xm if row.toolstack == Xm.name else Xl
    return _TEXT.format(
        requires=" ".join(service.name for service in row.services if service.xenstore or service.scripts),
        ours=_OURS,
        program=f"{PROGRAMS}/{tool.name}",
        schedulers="|".join(tool.weighing),
        known=" and ".join(tool.weighing),
        dom0=tool.dom0,
        weight=declared.weight,
    )


def read(host: Host, declared: Declared | None = None) -> dict[str, Any]:
    """The script, and what dom0 has now. The toolstack is asked only where it answers."""
    found = host.stat(SCRIPT)
    state: dict[str, Any] = {
        "script": host.read_text(SCRIPT) if found is not None else None,
        "mode": found.mode if found is not None else None,
        "dom0": host.exists(PRIVCMD),
        "dead": "",
        "scheduler": None,
        "weight": None,
    }
    if state["dom0"]:
        tool = toolstack(host)
        alive, state["dead"] = tool.alive()
        if alive:
            state["scheduler"], state["weight"] = tool.dom0_weight()
    return state


def plan(current: dict[str, Any], declared: Declared) -> Plan:
    """At most two changes: the script, and the weight that dom0 has now."""
    result = Plan()
    if declared.weight == 0:
        if _OURS in (current["script"] or ""):
            summary = "remove it: dom0's weight is left alone from the next boot on"
            result.changes.append(Change(NAME, SCRIPT, "remove", summary, before="present", after="absent"))
        return result
    wanted = script(declared)
    if current["script"] != wanted or not current["mode"] & RUNNABLE:
        result.changes.append(_script_change(current, declared, wanted))
    if not current["dom0"]:
        return result
    if current["dead"]:
        if not declared.assume_dom0:
            raise Refused(f"The weight of dom0 can't be told: {current['dead']}")
        result.warnings.append(f"The weight of dom0 was not looked at: {current['dead']}")
    elif current["scheduler"] is None:
        raise NotRead("the scheduler was not asked for")
    elif current["weight"] is None:
        result.warnings.append(
            f"dom0 keeps the share of the CPU that it has: the hypervisor's scheduler is {current['scheduler']!r}, of "
            "which no weight is known. Boot it with sched=credit2 or sched=credit (bootloader_xen_args), or set "
            "services_dom0_weight: 0."
        )
    elif current["weight"] != declared.weight:
        result.changes.append(
            Change(
                resource=NAME,
                thing="dom0",
                action="set",
                summary=f"set its weight to {declared.weight}",
                before={"weight": current["weight"]},
                after={"weight": declared.weight},
                data=declared.weight,
            )
        )
    return result


def _script_change(current: dict[str, Any], declared: Declared, wanted: str) -> Change:
    if current["script"] is None:
        summary = f"write it: the weight of dom0 is {declared.weight} at each boot"
    elif current["script"] != wanted:
        summary = f"write it anew: the weight of dom0 is {declared.weight} at each boot"
    else:
        summary = "let it be run: rc(8) passes over a script that can't be"
    before = {"content": current["script"], "mode": None if current["mode"] is None else f"{current['mode']:04o}"}
    return Change(NAME, SCRIPT, "write", summary, before, {"content": wanted, "mode": f"{MODE:04o}"}, data=wanted)


def apply(host: Host, change: Change) -> None:
    """Write or remove the script, or set the weight at once."""
    if change.action == "write":
        host.write_text(SCRIPT, change.data, MODE)
        host.set_mode(SCRIPT, MODE)
    elif change.action == "remove":
        host.remove(SCRIPT)
    else:
        toolstack(host).set_dom0_weight(change.data)
