# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Which fault at which step, and how it gets into a machine.

The kinds are the simulator's: fail, enospc (nothing is done), hang (for ever), kill_midway (the process is killed with
half of its work done), kill_after (the work is done, the process is killed), disconnect (the work is
done, the ssh connection breaks), cut_off (the work is done, and nobody reaches the machine before its interfaces are as
they were), power_cut and power_cut_midway (the work, or half of it, is done, and the power fails for a moment).
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from netbsd_sim.core import powercut
from steps import Step

# Commands that fill a disk.
_WRITERS = {"pkg_add", "pkgin", "ftp", "make", "installboot", "grub-install", "grub", "x86_64-grub-install", "tar"}
# Commands that something can meet half done: those that register a package before it is there, and those that fill a
# guest's disk.
_IN_PIECES = {"pkg_add", "pkgin", "pkg_delete", "make", "tar", "makedev", "pwd_mkdb"}
# Commands after which a machine may be out of reach.
_NETWORK = {"ifconfig", "brconfig", "npfctl", "route"}
# What does most harm in the field, and the harness did not have at first: half of a short selection is of this kind.
POWER_CUT = "power_cut"
# Operations that need room.
_GROWING = {"write", "rename", "mkdir", "link", "symlink"}


@dataclass(frozen=True)
class Fault:
    """One kind of fault at one step. It happens once. ``damage`` is what a power cut is to do to files, where the NUL
    begins by path, if that is known from an earlier one; else the simulator throws its dice."""

    step: Step
    action: str
    damage: tuple[tuple[str, int], ...] | None = None

    @property
    def shape(self) -> tuple[str, str]:
        """What two faults have in common that show the same on two machines."""
        return self.step.shape, self.action

    def __str__(self) -> str:
        return f"{self.action} at {self.step.line}"


def actions(step: Step) -> tuple[str, ...]:
    """The kinds of fault that a step can have.

    No hang of a file operation: a process that waits for its disk can't put a time limit on that, and nobody else can
    end it.
    """
    if not step.is_command:
        return ("fail", "kill_after", "disconnect", POWER_CUT, *(("enospc",) if step.program in _GROWING else ()))
    found = ["fail", "kill_after", "hang", "disconnect", POWER_CUT]
    if step.program in _WRITERS:
        found.append("enospc")
    if step.program in _IN_PIECES:
        found += ["kill_midway", f"{POWER_CUT}_midway"]
    if step.program in _NETWORK:
        found.append("cut_off")
    return tuple(found)


@dataclass(frozen=True)
class Plan:
    """The faults of a case. ``known``: left out, as another case has them; ``cut``: left out for lack of time."""

    faults: tuple[Fault, ...]
    known: int
    cut: int


def plan(found: Iterable[Step], seen: set[tuple[str, str]], most: int, kinds: str = "") -> Plan:
    """At most ``most`` faults of those that no case before had; ``seen`` are the shapes of those.

    ``kinds`` is a regular expression for the kinds of fault.

    One after the other of a shape, and one kind after the other, so that a short selection still has all steps.
    """
    possible = [Fault(step, action) for step in found for action in actions(step) if re.search(kinds, action)]
    new = [fault for fault in possible if fault.shape not in seen]
    chosen = spread(new)[: max(most, 0)]
    return Plan(tuple(chosen), len(possible) - len(new), len(new) - len(chosen))


def spread(faults: Sequence[Fault]) -> list[Fault]:
    """The same faults, ordered so that each beginning has as many different steps, then kinds, as possible."""
    turn_of_shape: dict[tuple[str, str], int] = defaultdict(int)
    turns = []
    for number, fault in enumerate(faults):
        # Which kind a step has first goes round, so that the first of all steps are not all of one kind.
        kinds = actions(fault.step)
        sum_of_shape = sum(map(ord, fault.step.shape))
        first = kinds.index(POWER_CUT) if sum_of_shape % 2 else sum_of_shape // 2 % len(kinds)
        turn = (kinds.index(fault.action) - first) % len(kinds)
        turns.append((turn_of_shape[fault.shape], turn, number, fault))
        turn_of_shape[fault.shape] += 1
    return [fault for _repeat, _turn, _number, fault in sorted(turns, key=lambda entry: entry[:3])]


def repeated(report: Iterable[str]) -> dict[str, list[Fault]]:
    """The faults of a report after which something was not as promised, by case, with the damage that they did."""
    found: dict[str, list[Fault]] = {}
    for line in report:
        record = json.loads(line)
        if record["broken"]:
            damage = tuple(record["damage"].items()) if record["action"].startswith(POWER_CUT) else None
            found.setdefault(record["case"], []).append(Fault(Step(record["step"]), record["action"], damage))
    return found


def arm(host: Path, fault: Fault) -> None:
    """Put a fault into a machine's directory."""
    entry = {"match": fault.step.match, "action": fault.action, "times": 1, "rc": 1, "stderr": ""}
    if fault.action == "fail":
        entry["stderr"] = "injected: the command failed"
    (host / "faults.json").write_text(json.dumps([entry]))
    (host / "faults.log").unlink(missing_ok=True)
    again = host / powercut.AGAIN
    again.unlink(missing_ok=True)
    if fault.damage is not None:
        again.write_text("".join(f"{begin} {path}\n" for path, begin in fault.damage))


def fired(host: Path) -> int:
    """How many faults have happened in a machine."""
    log = host / "faults.log"
    return len(log.read_text().splitlines()) if log.exists() else 0
