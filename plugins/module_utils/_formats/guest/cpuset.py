# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Sets of CPUs as xl.cfg(5) writes them: ``all``, ``0-3,^1``, ``2``. Nodes (``nodes:0``) are not worked out."""

from __future__ import annotations

import re
from dataclasses import dataclass

# xl_parse.c, update_cpumap_range: numbers, ranges, NUMA nodes; ``^`` takes out.
_PART = re.compile(r"(?P<without>\^?)(?P<nodes>(?:nodes?:)?)(?:all|(?P<first>[0-9]+)(?:-(?P<last>[0-9]+))?)\Z")
MOST_CPUS = 1 << 13


@dataclass(frozen=True)
class Part:
    """What stands between two commas: numbers that come to the set, or with ``without`` leave it. ``nodes``: they are
    of NUMA nodes. ``last`` is None for all there are."""

    without: bool
    nodes: bool
    first: int
    last: int | None


def part(text: str) -> Part | None:
    """One part of a set; None for what is none. Its range may be backwards."""
    found = _PART.match(text)
    if found is None:
        return None
    first = int(found["first"] or 0)
    last = int(found["last"] or first) if found["first"] else None
    return Part(bool(found["without"]), bool(found["nodes"]), first, last)


def cpus(text: str, total: int) -> frozenset[int]:
    """The CPUs that are meant, on a machine with ``total`` of them. Raises ValueError for a text that is no set."""
    found: set[int] = set()
    for word in text.replace(" ", "").split(","):
        item = part(word)
        if item is None or item.nodes:
            raise ValueError(f"{word!r} is no CPU, like 2, no range, like 0-3, and not one of them with ^ before it")
        last = total - 1 if item.last is None else item.last
        if item.last is not None and (last < item.first or last >= MOST_CPUS):
            raise ValueError(f"{word!r} is no range of CPUs")
        chosen = range(item.first, last + 1)
        found = found.difference(chosen) if item.without else found.union(chosen)
    return frozenset(found)


def readable(text: str) -> bool:
    """Whether the set can be worked out here; sets of nodes can't."""
    try:
        cpus(text, 1)
    except ValueError:
        return False
    return True


def beyond(text: str, total: int) -> bool:
    """Whether it means no CPU at all, or one that a machine with ``total`` CPUs does not have."""
    chosen = cpus(text, total)
    return not chosen or max(chosen) >= total
