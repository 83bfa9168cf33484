# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that has cut itself off: nobody can reach it, but all that runs on it runs on.

Its ssh connection is stopped and not ended, as TCP waits. When the interfaces are as they were, or after a reboot, it
answers again.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from . import network, session
from .machine import Machine

_ADDRESSES = 3  # in an interface's entry of a snapshot


def snapshot(m: Machine) -> dict[str, Any]:
    """What of the interfaces decides whether somebody reaches the machine. Of the flags only UP: a NIC that was in a
    bridge keeps PROMISC (record bridge-destroy-with-member)."""
    return {name: [sorted(entry["members"]), entry["mtu"], "UP" in entry["flags"], sorted(entry["inet"]),
                   entry.get("vlan")]
            for name, entry in sorted(network.interfaces(m).items())}


def cut(m: Machine, before: dict[str, Any]) -> None:
    """Nobody reaches the machine from now on, until it is as `before`. If it still is, only a reboot helps."""
    found = session.mine(m.host_dir)
    m.data["cut_off"] = {"before": before if snapshot(m) != before else None,
                         "connection": found.connection if found else 0}
    (m.host_dir / "unreachable").write_text("cut\n")
    m.save()
    if found:
        os.kill(found.connection, signal.SIGSTOP)


def look(m: Machine) -> None:
    """Call it after each command: reachable again if all is as it was."""
    state = m.data.get("cut_off")
    if not state or state["before"] is None or not _undone(state["before"], snapshot(m)):
        return
    forget(m)
    (m.host_dir / "unreachable").unlink(missing_ok=True)
    if state["connection"]:
        try:
            os.kill(state["connection"], signal.SIGCONT)
        except ProcessLookupError:
            return


def _undone(before: dict[str, Any], now: dict[str, Any]) -> bool:
    """Whether nothing is left of a change. An interface that is gone altogether is in nobody's way, unless the machine
    had an address there."""
    lost_address = any(entry[_ADDRESSES] for name, entry in before.items() if name not in now)
    return not lost_address and all(before.get(name) == entry for name, entry in now.items())


def forget(m: Machine) -> None:
    """A machine that boots is not cut off."""
    m.data.pop("cut_off", None)
