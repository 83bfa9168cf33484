# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: the kernel's file system on /kern, through which dom0 reaches the hypervisor (/kern/xen/privcmd).

Mounting it a second time succeeds and stacks (record kernfs, NetBSD 7.99.10), so it is only done where it is missing.
"""

from __future__ import annotations

import os
from typing import Any

from .._change import LIMIT, Change, NotRead, Plan, Refused, XenError
from .._formats.system import fstab
from .._formats.text import printable
from .._host import Host

NAME = "kernfs"
DEFAULT_MOUNT_POINT = "/kern"
ARGUMENTS: dict[str, Any] = {"mount_point": {"type": "path", "default": DEFAULT_MOUNT_POINT}, **LIMIT}

FSTAB = "/etc/fstab"
MOUNT = "/sbin/mount"
# kernfs always has these two; an empty directory has none.
_SIGNS = ("version", "boottime")


def declare(params: dict[str, Any]) -> str:
    """The mount point. Raises Refused for a path that can't be one."""
    path: str = params["mount_point"]
    if not path.startswith("/") or os.path.normpath(path) != path or path == "/" or len(path.split()) != 1:
        raise Refused(f"mount_point is {path!r}; it must be an absolute path other than / and without blanks.")
    return path


def read(host: Host, declared: str | None = None) -> dict[str, Any]:
    """The lines of fstab for the mount point, and whether kernfs is mounted there."""
    path = declared or DEFAULT_MOUNT_POINT
    text = host.read_config(FSTAB, may_be_empty=False)
    lines = (text or "").split("\n")
    entries = [entry for entry in fstab.parse(text or "") if entry.file == path]
    return {
        "mount_point": path,
        "has_fstab": text is not None,
        "entries": [
            {
                "line": entry.line,
                "text": printable(lines[entry.line - 1]),
                "is_kernfs": "kernfs" in (entry.spec, entry.type),
                "is_right": entry.type == "kernfs" and entry.is_complete and "noauto" not in entry.options,
            }
            for entry in entries
        ],
        "mounted": any(host.exists(f"{path}/{name}") for name in _SIGNS),
    }


def plan(current: dict[str, Any], declared: str) -> Plan:
    """At most two changes: the line in fstab, and the mount."""
    if current["mount_point"] != declared:
        raise NotRead(f"{declared} was not looked at")
    if not current["has_fstab"]:
        raise Refused(f"There is no {FSTAB}, so this is no machine that boots by itself. Nothing was done.")
    result = Plan(warnings=_warnings(current["entries"], declared))
    change = _line_change(current["entries"], declared)
    if change is not None:
        result.changes.append(change)
    if not current["mounted"]:
        result.changes.append(
            Change(NAME, declared, "mount", f"mount kernfs on {declared}", before="not mounted", after="mounted")
        )
    return result


def _warnings(entries: list[dict[str, Any]], path: str) -> list[str]:
    if len(entries) < 2:
        return []
    numbers = ", ".join(str(entry["line"]) for entry in entries)
    return [f"{FSTAB} has {len(entries)} lines for {path} ({numbers}); one is enough, remove the others by hand."]


def _line_change(entries: list[dict[str, Any]], path: str) -> Change | None:
    """A new line where there is none. A wrong one that is meant for kernfs is corrected; anything else is not ours."""
    if any(entry["is_right"] for entry in entries):
        return None
    wanted = f"kernfs\t\t{path}\tkernfs\trw"
    if not entries:
        return Change(
            NAME, path, "add_line", f"add a line for {path} to {FSTAB}", before=None, after=wanted, data=(None, wanted)
        )
    entry = entries[0]
    if not entry["is_kernfs"]:
        raise Refused(
            f"Line {entry['line']} of {FSTAB} mounts something else on {path}: {entry['text']!r}. dom0 needs kernfs "
            "there; remove that line, or give another mount_point."
        )
    return Change(
        resource=NAME,
        thing=path,
        action="replace_line",
        summary=f"correct line {entry['line']} of {FSTAB}, which does not mount kernfs at boot",
        before=entry["text"],
        after=wanted,
        data=(entry["line"], wanted),
    )


def apply(host: Host, change: Change) -> None:
    """Write the line, or mount. fstab decides whether the machine boots, so the old one stays beside it."""
    if change.action == "mount":
        host.make_dir(change.thing)
        host.run([MOUNT, "-t", "kernfs", "kernfs", change.thing])
        return
    text = host.read_config(FSTAB, may_be_empty=False)
    if text is None:
        raise XenError(f"{FSTAB} has gone since it was read")
    number, line = change.data
    after = fstab.append(text, line) if number is None else fstab.replace(text, number, line)
    host.write_text(FSTAB, after, backup=True)
