# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What is promised after a fault, and what of that was not kept. Pure: everything is in the arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from inject import POWER_CUT, Fault

# The file before the last change; which change that was, the fault decides.
_LAST_VERSION = re.compile(r"\.prev$")
# A setting's place says nothing; after a fault they may have been added in another order.
_UNORDERED = re.compile(r"^etc/(rc|sysctl)\.conf$")
# A name that a program makes for a moment: a dot, or the endings of this collection.
_TEMPORARY = re.compile(r"(^|/)\.[^/]+$|\.(new|armed|netbsd-xen)$")

# What a package brings. An admin's own is below etc.
_OF_PACKAGE = re.compile(r"^usr/pkg/(bin|sbin|lib|libexec|share|xen\w*-kernel)/")
_PACKAGE_DATABASES = ("usr/pkg/pkgdb/", "var/db/pkg/")
# That a package came along with another. One that was put in order afterwards is as good as asked for: it stays.
_CAME_ALONG = "+INSTALLED_INFO"
# Which entry a boot menu boots: judged by booting it.
_DEFAULT = re.compile(r"^\s*(default=|set (default|fallback)=|default |fallback )")

# Of a machine that did not converge at all, so many files are named.
_MOST = 5


@dataclass(frozen=True)
class Entry:
    """A file, directory or symlink: a digest of all that matters, and of a short text its lines."""

    digest: str
    lines: tuple[str, ...] = ()


Tree = Mapping[str, Entry]


@dataclass(frozen=True)
class Sight:
    """A machine at one moment: its files, the domain ids of its guests since which boot, and what its next boot starts.

    ``boots`` is empty if the machine comes up, else why not; ``xen`` is the release that it comes up under, or empty.
    ``units`` are vnd units that are configured and that no guest has; ``file_systems`` counts those that were made so
    far; ``installed`` are the guests whose record says that their disk has its system.
    """

    tree: Tree
    guests: Mapping[str, str]
    boots: str
    xen: str
    units: tuple[str, ...] = ()
    file_systems: int = 0
    installed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Outcome:
    """One run of the playbook on one machine. ``freed``: nothing but the harness put an end to a hang."""

    stats: Mapping[str, int]
    changes: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    freed: bool = False

    @property
    def succeeded(self) -> bool:
        return bool(self.stats) and not self.stats.get("failures") and not self.stats.get("unreachable")


@dataclass(frozen=True)
class Reference:
    """The same machine without a fault, before and after the run."""

    before: Sight
    after: Sight


@dataclass(frozen=True)
class Evidence:
    """All that was seen of a machine with a fault. ``reset``: it had to be reset after the first run. ``damage``: from
    which byte on a file that came back from a power cut has NUL in it, by its path."""

    host: str
    fault: Fault
    fired: int
    before: Sight
    first: Outcome
    after_first: Sight
    second: Outcome
    after_second: Sight
    third: Outcome
    reset: bool = False
    damage: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Verdict:
    """What was not kept, and what is only worth knowing."""

    evidence: Evidence
    broken: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def judge(seen: Evidence, reference: Reference) -> Verdict:
    """Every promise, in the order in which an admin would miss it."""
    verdict = Verdict(seen)
    if seen.fired != 1:
        verdict.broken.append(f"HARNESS: the fault happened {seen.fired} times, not once")
    verdict.broken += _hangs(seen)
    if seen.after_first.boots:
        verdict.broken.append(f"after the fault the machine would not boot: {seen.after_first.boots}")
    # Guests end with the power; whether they run at the end is asked for below.
    before = replace(seen.before, guests={}) if seen.fault.action.startswith(POWER_CUT) else seen.before
    verdict.broken += [
        f"after the fault: {text}" for text in lost(before, seen.after_first, reference, exchanges(reference))
    ]
    if seen.reset:
        verdict.broken.append("after the first run nobody reached the machine until it was reset")
    verdict.broken += _convergence(seen, reference)
    verdict.broken += [f"after the second run: {text}" for text in lost(before, seen.after_second, reference)]
    verdict.broken += differences(seen.after_second, reference)
    verdict.broken += _disks(seen, reference)
    verdict.broken += [f"left over: {path}" for path in left_over(seen.after_second.tree, reference)]
    if seen.first.succeeded:
        verdict.notes.append("the first run succeeded in spite of the fault")
        undone = differences(seen.after_first, reference)
        verdict.broken += [f"the first run succeeded, and yet: {text}" for text in undone]
    return verdict


def _disks(seen: Evidence, reference: Reference) -> list[str]:
    """A guest's disk is written once, and what that took is given back."""
    units = set(seen.after_second.units) - set(reference.after.units)
    found = [f"after the second run vnd{unit} is still configured" for unit in sorted(units)]
    more = seen.after_second.file_systems - seen.after_first.file_systems
    wanted = len(reference.after.installed - seen.after_first.installed)
    if more > wanted:
        found.append(f"the second run made {more} file systems, where {wanted} guests had no system yet")
    return found


def _hangs(seen: Evidence) -> list[str]:
    runs = (("first", seen.first), ("second", seen.second), ("third", seen.third))
    endless = [] if seen.first.stats else ["the first run, of this machine and others, never came to its end"]
    return endless + [f"the {name} run hung: nothing put an end to it" for name, run in runs if run.freed]


def _convergence(seen: Evidence, reference: Reference) -> list[str]:
    """The second run succeeds, the machine then boots the wanted Xen, and a third run has nothing to do."""
    found = []
    if not seen.second.succeeded:
        found.append(f"the second run failed: {_words(seen.second)}")
    if seen.after_second.boots or seen.after_second.xen != reference.after.xen:
        what = seen.after_second.boots or f"Xen {seen.after_second.xen or '(none)'}"
        found.append(f"after the second run the next boot starts not Xen {reference.after.xen}: {what}")
    if seen.second.succeeded and not seen.third.succeeded:
        found.append(f"the third run failed: {_words(seen.third)}")
    elif seen.second.succeeded and seen.third.stats.get("changed"):
        found.append(f"the third run still changed something: {', '.join(seen.third.changes)}")
    return found


def _words(run: Outcome) -> str:
    counts = ", ".join(f"{name} {run.stats[name]}" for name in ("failures", "unreachable") if run.stats.get(name))
    return " | ".join((counts or "no recap", *run.messages))


def exchanges(reference: Reference) -> bool:
    """Whether the run replaces a package by another: between the two, neither's files are there."""
    gone = set(reference.before.tree) - set(reference.after.tree)
    return any(path.startswith(_PACKAGE_DATABASES) for path in gone)


def lost(before: Sight, now: Sight, reference: Reference, exchanging: bool = False) -> list[str]:
    """What existed before and is gone or another, although a run without a fault keeps it. ``exchanging``: the run was
    interrupted, maybe between the removal of a package and the installation of the next."""
    found = []
    for path, entry in sorted(before.tree.items()):
        then, kept = reference.before.tree.get(path), reference.after.tree.get(path)
        if then is None or kept is None or _LAST_VERSION.search(path):
            continue
        if path not in now.tree:
            if not (exchanging and _OF_PACKAGE.search(path)):
                found.append(f"lost: /{path}")
        elif then == kept and now.tree[path] != entry:
            found.append(f"another content: /{path}")
        else:
            common = set(then.lines) & set(kept.lines) - {""}
            gone = sorted(common & set(entry.lines) - set(now.tree[path].lines))
            found += [f"lost from /{path}: {line}" for line in gone if not _DEFAULT.search(line)]
    for name, number in sorted(before.guests.items()):
        if reference.after.guests.get(name) == reference.before.guests.get(name) and now.guests.get(name) != number:
            found.append(f"guest {name} was domain {number} and is {now.guests.get(name, 'gone')}")
    return found


def differences(now: Sight, reference: Reference) -> list[str]:
    """What a run that succeeded should have brought about and has not: the machine is not as one without a fault."""
    found = []
    for path, entry in sorted(reference.after.tree.items()):
        if reference.before.tree.get(path) == entry or path.endswith(_CAME_ALONG):
            continue
        if path not in now.tree:
            found.append(f"still missing after the run: /{path}")
        elif not _LAST_VERSION.search(path) and not _is_same(path, now.tree[path], entry):
            found.append(f"not as after a run without a fault: /{path}")
    if len(found) > _MOST:
        found[_MOST:] = [f"and {len(found) - _MOST} files more that are not as after a run without a fault"]
    missing = sorted(set(reference.after.guests) - set(now.guests))
    return found + [f"guest {name} does not run at the end" for name in missing]


def _is_same(path: str, one: Entry, other: Entry) -> bool:
    if _UNORDERED.search(path) and one.lines and other.lines:
        return sorted(one.lines) == sorted(other.lines)
    return one == other


def left_over(tree: Tree, reference: Reference) -> list[str]:
    """Temporary files that a run without a fault does not leave."""
    return sorted(f"/{path}" for path in set(tree) - set(reference.after.tree) if _TEMPORARY.search(path))


def tally(verdicts: list[Verdict]) -> dict[str, dict[str, int]]:
    """Faults that happened, by program of the step and kind of fault."""
    counts: dict[str, dict[str, int]] = {}
    for verdict in verdicts:
        fault = verdict.evidence.fault
        row = counts.setdefault(fault.step.program, {})
        row[fault.action] = row.get(fault.action, 0) + (verdict.evidence.fired == 1)
    return counts


def as_record(verdict: Verdict) -> dict[str, Any]:
    """One line of the report for programs."""
    seen = verdict.evidence
    return {
        "case": seen.host.partition(" ")[0],
        "host": seen.host,
        "step": seen.fault.step.line,
        "action": seen.fault.action,
        "damage": dict(seen.damage),
        "broken": verdict.broken,
        "notes": verdict.notes,
        "first": {"stats": dict(seen.first.stats), "messages": list(seen.first.messages)},
        "second": {"stats": dict(seen.second.stats), "messages": list(seen.second.messages)},
    }
