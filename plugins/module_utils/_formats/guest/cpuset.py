# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Sets of CPUs as xl.cfg(5) writes them: ``all``, ``0-3,^1``, ``2``. Nodes (``nodes:0``) are not worked out."""

from __future__ import annotations

import re

_PART = re.compile(r"(?P<without>\^?)(?P<first>[0-9]{1,5})(-(?P<last>[0-9]{1,5}))?\Z")
MOST_CPUS = 1 << 13


def cpus(text: str, total: int) -> frozenset[int]:
    """The CPUs that are meant, on a machine with ``total`` of them. Raises ValueError for a text that is no set."""
    found: set[int] = set()
    for part in text.replace(" ", "").split(","):
        if part in ("all", "^all"):
            chosen = set(range(total))
        else:
            chosen = set(_range(part))
        found = found - chosen if part.startswith("^") else found | chosen
    return frozenset(found)


def _range(part: str) -> range:
    match = _PART.match(part)
    if match is None:
        raise ValueError(f"{part!r} is no CPU, like 2, no range, like 0-3, and not one of them with ^ before it")
    first, last = int(match["first"]), int(match["last"] or match["first"])
    if last < first or last >= MOST_CPUS:
        raise ValueError(f"{part!r} is no range of CPUs")
    return range(first, last + 1)


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
