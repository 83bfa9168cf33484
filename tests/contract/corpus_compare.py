# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Does the collection judge a guest's configuration as xl does, and understand the same by it?"""

from __future__ import annotations

import re
from typing import Any

from corpus import Verdict, recorded, texts
from xl_effective import effective
from xl_problems import problems

from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl import xl_json, xlcfg

# How many CPUs there may be on the machines of the records: what ``cpus="all"`` is there.
CPUS = 8

# What xl's JSON has in a form of its own, which is not translated back.
NOT_COMPARED = {
    "cpuid": "the JSON has registers of bits for the names of features",
    "vdispl": "the JSON has connectors taken apart",
    "vsnd": "the JSON has cards, devices and streams in one another",
    "vnuma": "the JSON has sets of CPUs and KiB; the sums are compared, in maxmem and maxvcpus",
}
# Its value depends on the host: which CPUs it has.
_HOST_CPUS = re.compile(r"all|nodes?:")


def differences(release: str, verdicts: dict[str, Verdict]) -> list[str]:
    """A line for each file of the corpus on which the collection and xl do not agree; empty if all is well."""
    found = []
    for name, text in texts().items():
        problem = _difference(text, verdicts[name], release)
        if problem:
            found.append(f"{name}: {problem}")
    return found


def tally(verdicts: dict[str, Verdict]) -> str:
    """How many configurations were compared, in words."""
    accepted = sum(verdict.accepted for verdict in verdicts.values())
    return f"{len(verdicts)} configurations compared, {accepted} accepted and {len(verdicts) - accepted} refused by xl"


def unlike_recorded(release: str, verdicts: dict[str, Verdict]) -> list[str]:
    """The names of the files of which xl now says something else than is recorded."""
    before = recorded(release)
    return [name for name, verdict in verdicts.items() if verdict.accepted != before[name].accepted]


def _difference(text: str, verdict: Verdict, release: str) -> str | None:
    try:
        settings = xlcfg.parse(text)
    except xlcfg.XlcfgError as error:
        return f"xl accepts it; we do not: {error}" if verdict.accepted else None
    found = problems(settings, release, CPUS)
    if bool(found) == verdict.accepted:
        return f"xl says {verdict.rc} {verdict.stderr}; we say {found}"
    return None if verdict.config is None else _in_values(settings, verdict.config, release)


def _in_values(settings: dict[str, Any], config: dict[str, Any], release: str) -> str | None:
    ours, theirs = effective(settings, release), xl_json.settled(config)
    if "uuid" not in ours:
        theirs.pop("uuid", None)  # which xl has invented
    firmware = ours.get("firmware")
    if firmware:  # for which xl has put in the path of a file of its own release
        ours["kernel"] = f"{firmware}.bin"
        theirs["kernel"] = theirs["kernel"].rpartition("/")[2]
        del ours["firmware"]
    hidden = set(NOT_COMPARED) | {key for key in ("cpus", "cpus_soft") if _HOST_CPUS.search(str(ours.get(key, "")))}
    keys = sorted((set(ours) | set(theirs)) - hidden)
    unlike = {key: (ours.get(key), theirs.get(key)) for key in keys if ours.get(key) != theirs.get(key)}
    return f"not alike (ours, xl's): {unlike}" if unlike else None
