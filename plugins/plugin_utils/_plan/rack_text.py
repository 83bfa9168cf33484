# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rack's plan as lines for a terminal. Pure.

A line a change, below its host. Hosts with the very same lines are told together; those in sync are a number.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ansible_collections.netbsd.xen.plugins.module_utils._change import noun
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan import rack
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.rack import HostView, RackPlan

# What a line is about, for its colour, and the first word of those below a host.
HOST = "host"
CHANGE = "change"
WAITS = "waits"
LATER = "later"
PROBLEM = "problem"
UNDECLARED = "undeclared"
ELSEWHERE = "elsewhere"
WARNING = "warning"
SUM = "sum"
# Of a wider thing the text begins further to the right.
THING_WIDTH = 28
NAMES_WIDTH = 100
# Of a failure; the whole of it stands in the report files.
REASON_WIDTH = 400

STATE_WORDS = {
    rack.UNREACHABLE: "can't be reached",
    rack.FAILED: "failed",
    rack.DRIFTED: "to be changed",
    rack.WAITING: "waiting for a word",
    rack.IN_SYNC: "in sync",
}


@dataclass(frozen=True)
class Line:
    text: str
    kind: str


@dataclass(frozen=True)
class Row:
    """A line below a host: its first word (of a change its impact), the thing, and what is to be said of it."""

    kind: str
    label: str
    thing: str
    what: str


def lines(plan: RackPlan) -> list[Line]:
    """What happens to the rack, what waits, what is wrong, and the sums."""
    blocks: dict[tuple[str, tuple[Row, ...]], list[HostView]] = {}
    # Nearest to the sums, where a reader looks first, is what is wrong.
    for view in sorted(plan.hosts, key=lambda each: each.state == rack.FAILED):
        rows = tuple(_rows(view))
        if rows:
            blocks.setdefault((view.state, rows), []).append(view)
    labels = max((len(row.label) for _state, rows in blocks for row in rows), default=0)
    things = max((len(row.thing) for _state, rows in blocks for row in rows), default=0)
    widths = (labels, min(things, THING_WIDTH))
    found = []
    for (_state, rows), views in blocks.items():
        found += [Line(text, HOST) for text in _names(views)]
        found += [Line(_row(row, *widths), row.kind) for row in rows]
    unseen = [Line(_unseen(view), PROBLEM) for view in plan.hosts if view.reason]
    return [*found, *unseen, *_warnings(plan.hosts), *_notes(plan), *_sums(plan)]


def waiting(plan: RackPlan, left_out: Iterable[str] = ()) -> list[Line]:
    """The table of what waits for the admin, by host; nothing if nothing does. ``left_out`` are hosts of whose state
    nobody knows now."""
    rows = [
        (view.host, row)
        for view in plan.hosts
        for row in (*_waiting_rows(view), *_elsewhere_rows(view), *_undeclared_rows(view))
    ]
    if not rows:
        return []
    table = [("HOST", "THING", "WAITS FOR", "WHAT")]
    kinds = [SUM]
    for host, row in rows:
        table.append((clean(host), row.thing, row.label, row.what))
        kinds.append(row.kind)
    widths = [max(len(cells[column]) for cells in table) for column in range(3)]
    told = [Line("  ".join([*map(str.ljust, cells[:3], widths), cells[3]]), kind) for cells, kind in zip(table, kinds)]
    names = ", ".join(map(clean, left_out))
    return told + ([Line(f"Not known of, because the run failed there: {names}", SUM)] if names else [])


def clean(text: str) -> str:
    """One line of text without control characters, whoever wrote it: what a terminal would obey is shown as Python's
    escapes."""
    one = " ".join(str(text).split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in one)


# -- lines below a host ------------------------------------------------------------------------------------------------


def _rows(view: HostView) -> Iterator[Row]:
    for step in view.plan.steps:
        yield Row(CHANGE, clean(step.impact), thing(step.resource, step.thing), clean(step.summary))
    for step in view.plan.waiting:
        what = f"{clean(step.summary)} ({step.impact}; waits for {clean(step.word)})"
        yield Row(WAITS, WAITS, thing(step.resource, step.thing), what)
    for later in view.plan.later:
        for text in later.message.splitlines() or [""]:
            yield Row(LATER, LATER, thing(later.resource, later.thing), clean(text))
    for problem in view.problems:
        for text in problem.message.splitlines() or [""]:
            yield Row(PROBLEM, PROBLEM, thing(problem.resource, problem.thing), clean(text))
    yield from _elsewhere_rows(view)
    yield from _undeclared_rows(view)


def _unseen(view: HostView) -> str:
    reason = clean(view.reason)
    shown = reason if len(reason) <= REASON_WIDTH else reason[:REASON_WIDTH] + " ..."
    return f"{clean(view.host)}: {STATE_WORDS[view.state]}: {shown}"


def _waiting_rows(view: HostView) -> Iterator[Row]:
    for step in view.plan.waiting:
        what = f"{clean(step.summary)} ({step.impact})"
        yield Row(WAITS, clean(step.word), thing(step.resource, step.thing), what)


def _elsewhere_rows(view: HostView) -> Iterator[Row]:
    for each in view.elsewhere:
        if not each.refused:  # else it is a problem
            yield Row(ELSEWHERE, ELSEWHERE, thing("domain", each.guest), clean(each.message))


def _undeclared_rows(view: HostView) -> Iterator[Row]:
    for guest in view.undeclared:
        yield Row(UNDECLARED, UNDECLARED, thing("domain", guest.name), "runs, and nobody declares it; left alone")


def thing(resource: str, name: str) -> str:
    """What a line is about, as an admin calls it."""
    return clean(f"{noun(resource)} {name}")


def _row(row: Row, labels: int, things: int) -> str:
    return f"  {row.label.ljust(labels)}  {row.thing.ljust(things)}  {row.what}"


def _names(views: list[HostView]) -> list[str]:
    """The names of hosts with the same lines. None is left out: the reader shall find each."""
    alike = f" (each of these {len(views)} hosts)" if len(views) > 1 else ""
    names = ", ".join(clean(view.host) for view in views)
    return textwrap.wrap(names + alike + ":", NAMES_WIDTH, break_long_words=False, break_on_hyphens=False)


# -- below all hosts ---------------------------------------------------------------------------------------------------


def _warnings(views: Iterable[HostView]) -> list[Line]:
    """Each text once, with the hosts that it is said of."""
    said: dict[str, list[str]] = {}
    for view in views:
        for text in view.warnings:
            said.setdefault(clean(text), []).append(clean(view.host))
    return [Line(f"warning: {text} ({', '.join(hosts)})", WARNING) for text, hosts in said.items()]


def _notes(plan: RackPlan) -> list[Line]:
    found = ", ".join(f"{clean(guest)} on {clean(host)}" for host, guest in plan.perhaps_elsewhere)
    if not found:
        return []
    text = "warning: not all hosts could be looked at; whether one of them runs a guest whose disk would be made"
    return [Line(f"{text} elsewhere is not known: {found}", WARNING)]


def _sums(plan: RackPlan) -> list[Line]:
    sums = plan.sums
    states = [f"{count} {STATE_WORDS[state]}" for state, count in sums.states.items() if count]
    found = [f"{_number(len(plan.hosts), 'host')}: {', '.join(states)}" if states else "no hosts"]
    changes, waits = _by_impact(sums.changes), _by_impact(sums.waiting)
    if changes:
        found.append(f"{_number(sum(sums.changes.values()), 'change')}: {changes}")
    if waits:
        words = ", ".join(f"{clean(word)} ({count})" for word, count in plan.words.items())
        found.append(f"{_number(sum(sums.waiting.values()), 'change')} waiting: {waits}; for {words}")
    others = {"problem": sums.problems, "undeclared guest": sums.undeclared, "later step": sums.later}
    told = [_number(count, name) for name, count in others.items() if count]
    return [Line(text, SUM) for text in [*found, *([", ".join(told)] if told else [])]]


def _by_impact(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {clean(impact)}" for impact, count in counts.items() if count)


def _number(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"
