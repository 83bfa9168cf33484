# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The one place that says what an rc.conf(5) variable is on a machine, and that changes one where it decides."""

from __future__ import annotations

from typing import Any

from ._change import Refused
from ._formats.system import rcconf
from ._formats.system.rcvalues import Values
from ._host import Host

RC_CONF = "/etc/rc.conf"
RC_CONF_D = "/etc/rc.conf.d"
DEFAULTS = "/etc/defaults/rc.conf"
# A value that is set, but that only sh could tell.
COMPUTED = "(computed when sh reads the file)"
# What lies elsewhere may be shared with other machines.
_OURS_TO_WRITE = "/etc/"


class Undecided(Refused):
    """A variable can't be told, or can't be changed where it is decided. Who is asked puts its own name before it."""


def values(host: Host, script: str = "") -> Values:
    """What the files set for a script of the name ``script`` (what it calls itself), empty for none. Raises XenError
    for a file that a power cut has damaged."""
    seen: dict[str, str | None] = {}

    def read(path: str) -> str | None:
        if path not in seen:
            found = host.stat(path)
            is_file = found is not None and found.kind == "file"
            seen[path] = host.read_config(path, may_be_empty=path != RC_CONF) if is_file else None
        return seen[path]

    return Values(read, [RC_CONF, *([f"{RC_CONF_D}/{script}"] if script else [])])


def told(found: Values, name: str) -> dict[str, Any] | None:
    """A variable as plain data (see ``rcvalues.Value``), None if it is not set."""
    value = found.find(name)
    if value is None:
        return None
    return {"value": value.value, "path": value.path, "line": value.line, "why": value.why}


def effective(told_of: dict[str, Any] | None, name: str) -> str | None:
    """The value that counts, None if it is not set, COMPUTED if only sh could tell it.

    Raises Undecided if nobody but sh can tell which assignment counts.
    """
    if told_of is None:
        return None
    if told_of["why"]:
        raise Undecided(
            f"{name} can't be told, so nothing is written: {told_of['why']}. Change that, or set {name} on a line of "
            "its own below it."
        )
    return COMPUTED if told_of["value"] is None else str(told_of["value"])


def place(told_of: dict[str, Any] | None, name: str) -> str:
    """The file in which a change of the variable takes effect. Raises Undecided if it is none of the machine's own."""
    if told_of is None or told_of["path"] == DEFAULTS:
        return RC_CONF
    path = str(told_of["path"])
    if not path.startswith(_OURS_TO_WRITE):
        raise Undecided(
            f"{name} is decided by line {told_of['line']} of {path}, which is read after {RC_CONF} and may belong to "
            "other machines too, so it is not touched. Change it there, or set it on a line of its own below the one "
            "that reads that file."
        )
    return path


def write(host: Host, path: str, name: str, value: str) -> None:
    """Set a variable in the file that ``place`` named; the old content stays beside it."""
    found = values(host, path.rpartition("/")[2] if path.startswith(RC_CONF_D + "/") else "").find(name)
    document = rcconf.parse(host.read_config(path, may_be_empty=path != RC_CONF) or "")
    elsewhere = found is not None and found.path != path
    host.write_text(path, rcconf.assign(document, name, value, append=elsewhere), backup=True)
