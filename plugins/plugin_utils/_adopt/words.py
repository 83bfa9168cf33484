# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an import says to whoever started it, of a host and of all of them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt.adopted import Adopted
from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt.found import Told

# By kind, the variable that declares them.
_DECLARES = {"guests": "domu_guests", "bridges": "bridge_bridges"}


def counts(found: Adopted) -> dict[str, dict[str, int]]:
    """By kind, how many are declared of how many."""
    variables = found.found.variables
    return {
        kind: {"declared": len(variables.get(name) or []), "found": found.counts.get(kind, 0)}
        for kind, name in _DECLARES.items()
    }


def counted(numbers: Mapping[str, Mapping[str, int]]) -> str:
    """The same in words."""
    return ", ".join(f"{each['declared']} of {each['found']} {kind}" for kind, each in numbers.items())


def reasons(told: Iterable[Told]) -> list[str]:
    """What can't be declared, things with the same reason on one line."""
    things: dict[str, list[str]] = {}
    for each in told:
        things.setdefault(each.why, []).append(each.thing)
    return [f"{', '.join(names)}: {why}" for why, names in things.items()]


def rack(results: Mapping[str, Mapping[str, Any] | None]) -> list[str]:
    """What came of all hosts, by what each returned; None, or no counts, for one of which nothing did."""
    done = {host: result for host, result in results.items() if result and "counts" in result}
    still = [host for host, result in done.items() if not result["in_sync"]]
    lost = [host for host in results if host not in done]
    numbers: dict[str, Counter[str]] = {kind: Counter() for kind in _DECLARES}
    for result in done.values():
        for kind, each in result["counts"].items():
            numbers[kind].update(each)
    told = sum(len(result["not_declared"]) for result in done.values())
    total = {kind: {"declared": each["declared"], "found": each["found"]} for kind, each in numbers.items()}
    lines = [
        f"{len(results)} hosts: {len(done)} imported, of which {len(done) - len(still)} plan to nothing",
        f"{counted(total)} declared; what is not and stays as it is: {told} in all",
    ]
    lines += [f"a run would still do something on {', '.join(still)}"] if still else []
    return lines + ([f"nothing was imported of {', '.join(lost)}; why, stands above"] if lost else [])
