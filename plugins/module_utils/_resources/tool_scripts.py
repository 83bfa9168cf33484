# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: what Xen's tools run by themselves can be run.

A hotplug script that has lost its execute bit is noticed when the next guest is started, at the next boot at the latest
(record after-reboot-script-not-executable, NetBSD 7.99.10: create ends with 3, and no guest comes up). The packages
copy these scripts only where there is nothing, and no packing list has them, so that nobody else looks after them.
Their content is the administrator's to change. Which ones there are is asked of the table of releases.
"""

from __future__ import annotations

from typing import Any

from .. import _releases
from .._change import LIMIT, Change, NotRead, Plan
from .._host import Host

NAME = "tool_scripts"
ARGUMENTS: dict[str, Any] = {"release": {"type": "str", "required": True}, **LIMIT}

PREFIX = "/usr/pkg"
SCRIPTS = f"{PREFIX}/etc/xen/scripts"
# What the packages give (CONF_FILES_PERMS); who may read and run it by that; and without which bit not even root can.
PACKAGED_MODE = 0o755
RUN_BY_ALL = 0o555
RUNNABLE = 0o100
# The others read these by ".", for which they need no execute bit; upstream gives the first none (Xen's
# tools/hotplug/common/Makefile, XEN_SCRIPT_DATA).
SOURCED = ("hotplugpath.sh", "locking.sh")


def declare(params: dict[str, Any]) -> _releases.Release:
    """The row of the release. Raises Refused for one that is not in the table."""
    return _releases.release(params["release"])


def read(host: Host, declared: _releases.Release | None = None) -> dict[str, Any]:
    """The permission bits of all that matters, by path; None for what is not a plain file."""
    rows = [declared] if declared else list(_releases.RELEASES.values())
    paths = {path for row in rows for wanted in _wanted(row) for path in wanted if path}
    return {"modes": {path: _mode(host, path) for path in sorted(paths)}}


def _mode(host: Host, path: str) -> int | None:
    found = host.stat(path)
    return found.mode if found is not None and found.kind == "file" else None


def _wanted(row: _releases.Release) -> list[tuple[str, str]]:
    """Each file that must be there, with the package's own copy; empty for what the package itself looks after."""
    scripts = [(f"{SCRIPTS}/{name}", f"{row.examples}/{name}") for name in row.scripts]
    return scripts + [(f"{PREFIX}/{name}", "") for name in row.programs]


def plan(current: dict[str, Any], declared: _releases.Release) -> Plan:
    """A change for each file that can't be run, and for each script that is not there although its package has one."""
    result = Plan()
    for path, example in _wanted(declared):
        if path not in current["modes"]:
            raise NotRead(f"{path} was not looked at")
        mode = current["modes"][path]
        if mode is None:
            if example and current["modes"].get(example) is not None:
                result.changes.append(_copy(path, example))
        elif not mode & RUNNABLE and not path.endswith(SOURCED):
            result.changes.append(_mend(path, mode))
    return result


def _mend(path: str, mode: int) -> Change:
    wanted = mode | RUN_BY_ALL
    summary = "let it be run: Xen's tools call it, and guests fail without it"
    return Change(NAME, path, "set_mode", summary, f"{mode:04o}", f"{wanted:04o}", data=wanted)


def _copy(path: str, example: str) -> Change:
    return Change(NAME, path, "copy", f"copy it from {example}", "missing", f"{PACKAGED_MODE:04o}", data=example)


def apply(host: Host, change: Change) -> None:
    """Set the mode or copy the script; it is on the disk afterwards."""
    if change.action == "copy":
        host.make_dir(SCRIPTS)
        host.copy_file(change.data, change.thing, PACKAGED_MODE)
    else:
        host.set_mode(change.thing, change.data)
