# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that has cut itself off: nobody can reach it, but all that runs on it runs on.

Its ssh connection is stopped and not ended, as TCP waits. It answers again after a reboot, or when the interfaces are
as they were at any moment at which it still answered: whoever undoes a whole change comes back to an older state than
that right before the command which did the harm.

Those moments are in `answered.json` of the host directory. They are noted by whatever command comes next, be it one
that only looks, and so are no part of the machine's state.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .machine import Machine

FILE = "answered.json"
_ADDRESSES = 3  # in an interface's entry of a snapshot
_KEPT = 20  # distinct states that are remembered


def snapshot(m: Machine) -> dict[str, Any]:
    """What of the interfaces decides whether somebody reaches the machine. Of the flags only UP: a NIC that was in a
    bridge keeps PROMISC (record bridge-destroy-with-member)."""
    return {name: [sorted(entry["members"]), entry["mtu"], "UP" in entry["flags"], sorted(entry["inet"]),
                   entry.get("vlan")]
            for name, entry in sorted(m.data.get("interfaces", {}).items())}


def note(m: Machine) -> None:
    """Call it after a boot and before each command: notes what the interfaces are while the machine answers, the latest
    last."""
    if "cut_off" in m.data:
        return
    now, answered = snapshot(m), _answered(m)
    if not answered or answered[-1] != now:
        _write(m, [*(known for known in answered if known != now), now][-_KEPT:])


def _answered(m: Machine) -> list[dict[str, Any]]:
    """The interfaces when the machine answered, the latest last. Read and written under the machine's lock."""
    try:
        with open(f"{m.host_dir}/{FILE}") as stream:
            answered: list[dict[str, Any]] = json.load(stream)
    except FileNotFoundError:
        return []
    return answered


def _write(m: Machine, answered: list[dict[str, Any]]) -> None:
    temporary = f"{m.host_dir}/.{FILE}"
    with open(temporary, "w") as stream:
        stream.write(json.dumps(answered, separators=(",", ":")))
    os.replace(temporary, f"{m.host_dir}/{FILE}")


def cut(m: Machine) -> None:
    """Nobody reaches the machine from now on. As it is now, it answers no more, even if it did so before: where
    nothing had changed since the boot, only the next one helps."""
    import signal

    from . import session

    now, found = snapshot(m), session.mine(m.host_dir)
    stopped = m.data.get("cut_off", {}).get("stopped", [])
    _write(m, [known for known in _answered(m) if known != now])
    m.data["cut_off"] = {"as": now, "stopped": [*stopped, found.connection] if found else stopped}
    (m.host_dir / "unreachable").write_text("cut\n")
    m.save()
    if found:
        os.kill(found.connection, signal.SIGSTOP)


def look(m: Machine) -> None:
    """Call it after each command: reachable again if the machine is as it was when it answered."""
    state, now = m.data["cut_off"], snapshot(m)
    if not any(_is_back(known, now, state["as"]) for known in _answered(m)):
        return
    del m.data["cut_off"]
    (m.host_dir / "unreachable").unlink(missing_ok=True)
    for connection in state["stopped"]:
        _go_on(connection)


def _is_back(known: dict[str, Any], now: dict[str, Any], cut_as: dict[str, Any]) -> bool:
    """Whether `now` is as good as the state `known`. Where it is a missing interface that cut the machine off, that
    must be there again."""
    return now == known or (_undone(known, now) and not _undone(known, cut_as))


def _undone(before: dict[str, Any], now: dict[str, Any]) -> bool:
    """Whether nothing is left of a change. An interface that is gone altogether is in nobody's way, unless the machine
    had an address there."""
    lost_address = any(entry[_ADDRESSES] for name, entry in before.items() if name not in now)
    return not lost_address and all(before.get(name) == entry for name, entry in now.items())


def _go_on(connection: int) -> None:
    import signal

    try:
        os.kill(connection, signal.SIGCONT)
    except ProcessLookupError:
        return


def forget(m: Machine) -> None:
    """A machine that boots is not cut off."""
    m.data.pop("cut_off", None)
    (m.host_dir / FILE).unlink(missing_ok=True)
