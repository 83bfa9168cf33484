# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: files that a machine boots or starts guests with, copied or fetched whole and checked before they appear.

At every moment the old file or the new one is in place, complete. All content is compared by its SHA512.

Two things the content in place can't tell: that it is the member of a certain archive, and that a mirror's file of sums
told of it. So DEST.origin notes what was fetched, whether it was checked, and the sum of what was put in place. The
note holds only as long as that sum is the file's: a file that somebody changed, and one without a note, is not taken
for what was wanted without looking.
"""

from __future__ import annotations

import os
import re
from typing import Any

from ..._change import LIMIT, Change, NotRead, Plan, Refused, XenError
from ..._host import Host
from . import content
from .declared import Declared, Wanted, declare
from .install import Job, apply, previous_size, refuse_no_room

NAME = "system_files"
ARGUMENTS: dict[str, Any] = {
    "files": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "src": {"type": "str", "required": True},
            "dest": {"type": "str", "required": True},
            "member": {"type": "str"},
            "sha512": {"type": "str"},
            "sums": {"type": "str"},
            "mode": {"type": "str"},
            "keep_previous": {"type": "bool", "default": True},
            "remote_src": {"type": "bool", "default": True},
            # The action plugin's part.
            "staged": {"type": "path"},
            "unfit": {"type": "str"},
        },
    },
    "assume_files": {"type": "list", "elements": "str", "default": []},
    **LIMIT,
}

# Looked at ahead of every task: folder, and what a file's name begins with.
_READ_AHEAD = (
    ("/", ("netbsd", "xen")),
    ("/etc/rc.d", ("xen",)),
    ("/usr/pkg/share/examples/rc.d", ("xen",)),
)
# Guests' kernels and ramdisks lie among their disks, so these folders are searched by whole kinds of names.
GUEST_FOLDERS = ("/home/xen", "/var/xen", "/usr/pkg/etc/xen")
GUEST_FILES = ("netbsd", "vmlinu", "initr", "install")
_XEN_KERNELS = re.compile(r"xen[0-9]*-kernel\Z")
_NOTE = ".origin"

__all__ = ["ARGUMENTS", "NAME", "apply", "declare", "plan", "read"]


# -- current ----------------------------------------------------------------------------------------------------------


def read(host: Host, declared: Declared | None = None) -> dict[str, Any]:
    """Kind, size in bytes, mode and SHA512 of the files that matter; each is hashed once. Those are the declared ones,
    or, where nothing is declared yet, all that may be: a sum reads tens of megabytes of each kernel.

    ``files`` holds None for what was looked for and is not there; ``origins`` what is noted about a file, by the
    file's path. For what is declared and not in place as it should be: ``told`` the SHA512 of src that its file of
    sums tells, ``inside`` SHA512 and size of the member of an archive on the machine, ``damaged`` what is wrong with a
    file on the machine, ``lost`` why one can't be had, all by dest; ``leftovers`` what killed runs left behind of a
    dest; ``free`` the bytes that may be written to the file system of each dest once those are gone.
    """
    paths = set() if declared else set(_read_ahead(host))
    wanted = declared.files if declared else ()
    for each in wanted:
        paths.update([each.dest, each.origin, each.src] if each.is_on_machine else [each.dest, each.origin])
    notes = {path[: -len(_NOTE)]: content.read_origin(host, path) for path in paths if path.endswith(_NOTE)}
    current: dict[str, Any] = {
        "files": {path: content.read_file(host, path) for path in sorted(paths) if not path.endswith(_NOTE)},
        "origins": {path: note for path, note in sorted(notes.items()) if note is not None},
        "told": {},
        "inside": {},
        "damaged": {},
        "lost": {},
        "leftovers": {path: content.leftovers(host, path) for path in sorted(paths) if not path.endswith(_NOTE)},
        "free": {},
    }
    for each in wanted:
        unfinished = [host.stat(path) for path in current["leftovers"][each.dest]]
        wasted = sum(one.size for one in unfinished if one is not None)
        current["free"][each.dest] = host.free_bytes(_existing_folder(host, each.dest)) + wasted
        try:
            _look_closer(host, current, each)
        except NotRead:
            raise
        except XenError as error:
            # The others are no worse for it.
            current["lost"][each.dest] = str(error)
    return current


def _look_closer(host: Host, current: dict[str, Any], wanted: Wanted) -> None:
    """What costs time or a download is looked at only if the file in place is not proven without it."""
    if _needs_told_sum(current, wanted):
        current["told"][wanted.dest] = content.told_sum(host, wanted)
    src = current["files"][wanted.src] if wanted.is_on_machine else None
    if src is None or src["kind"] != "file" or _is_right(current, wanted):
        return
    current["damaged"][wanted.dest] = content.source_damage(host, wanted.src, wanted.is_gzip)
    if wanted.member:
        sha512, size = content.member_sum(host, wanted.src, wanted.member)
        current["inside"][wanted.dest] = {"sha512": sha512, "size": size}


def _read_ahead(host: Host) -> list[str]:
    found = []
    for folder, beginnings in _READ_AHEAD:
        found += _matching(host, folder, beginnings)
    for folder in GUEST_FOLDERS:
        found += _matching(host, folder, GUEST_FILES)
    for name in host.list_dir("/usr/pkg"):
        if _XEN_KERNELS.match(name):
            found += _matching(host, "/usr/pkg/" + name, ("xen",))
    return found


def _matching(host: Host, folder: str, beginnings: tuple[str, ...]) -> list[str]:
    paths = [folder.rstrip("/") + "/" + name for name in host.list_dir(folder) if _is_ours(name, beginnings)]
    return [path for path in paths if _is_file(host, path)]


def _is_ours(name: str, beginnings: tuple[str, ...]) -> bool:
    # Hashing a kernel that was kept as DEST.old would be of no use to anybody.
    return name.startswith(beginnings) and not name.endswith(".old")


def _is_file(host: Host, path: str) -> bool:
    found = host.stat(path)
    return found is not None and found.kind == "file"


def _was_looked_for(path: str) -> bool:
    """True for a path that reading ahead would have found if it were there."""
    folder, name = os.path.split(path)
    for known, beginnings in _READ_AHEAD:
        if folder == known:
            return _is_ours(name, beginnings)
    if folder in GUEST_FOLDERS:
        return _is_ours(name, GUEST_FILES)
    parent, last = os.path.split(folder)
    return parent == "/usr/pkg" and bool(_XEN_KERNELS.match(last)) and _is_ours(name, ("xen",))


def _existing_folder(host: Host, path: str) -> str:
    folder = os.path.dirname(path)
    while folder != "/" and not host.exists(folder):
        folder = os.path.dirname(folder)
    return folder


# -- is it what is wanted? --------------------------------------------------------------------------------------------


def _expected_sum(current: dict[str, Any], wanted: Wanted) -> str | None:
    """The SHA512 that src must have, as far as that is known; the declared one wins."""
    return wanted.sha512 or current["told"].get(wanted.dest)


def _needs_told_sum(current: dict[str, Any], wanted: Wanted) -> bool:
    return bool(wanted.sums) and wanted.sha512 is None and not _is_noted(current, wanted)


def _is_noted(current: dict[str, Any], wanted: Wanted) -> bool:
    """True if the note beside dest proves that its content is what is wanted. An archive or a file on the machine may
    have changed since; what a URL gives is what it gave when it was checked."""
    dest, note = current["files"].get(wanted.dest), current["origins"].get(wanted.dest)
    if dest is None or note is None:
        return False
    if (note.get("from"), note.get("member"), note.get("installed")) != (wanted.src, wanted.member, dest["sha512"]):
        return False
    if wanted.sums and wanted.sha512 is None and not note.get("checked"):
        return False
    src = current["files"].get(wanted.src) if wanted.is_on_machine else None
    known = [_expected_sum(current, wanted), src["sha512"] if src else None]
    return all(sha512 in (None, note.get("sha512")) for sha512 in known)


def _is_right(current: dict[str, Any], wanted: Wanted) -> bool:
    """True if the content at dest is what is wanted, as far as that can be known."""
    dest = current["files"].get(wanted.dest)
    if dest is None or dest["kind"] != "file":
        return False
    if wanted.member:
        return _is_noted(current, wanted)
    expected = _expected_sum(current, wanted)
    if expected is not None:
        return bool(expected == dest["sha512"])
    if wanted.sums:
        return _is_noted(current, wanted)
    if wanted.is_url:
        return not dest["lost"]
    src = current["files"].get(wanted.src)
    return src is not None and src["sha512"] == dest["sha512"]


# -- plan -------------------------------------------------------------------------------------------------------------


def plan(current: dict[str, Any], declared: Declared) -> Plan:
    """One change for each file whose content or mode is wrong. A file with a bad source or too little room is refused,
    and the others are not held up by it."""
    result = Plan()
    for wanted in declared.files:
        _need_read(current, wanted.dest)
        if wanted.is_url and wanted.sha512 is None and not wanted.sums:
            result.warnings.append(
                f"{wanted.dest}: without sha512 or sums nobody knows whether it is what {wanted.src} offers; give "
                f"sha512."
            )
        try:
            change = _change(current, declared, wanted)
        except Refused as refusal:
            result.refused[wanted.dest] = refusal
            continue
        if change is not None:
            result.changes.append(change)
    return result


def _need_read(current: dict[str, Any], path: str) -> None:
    if path not in current["files"] and not _was_looked_for(path):
        raise NotRead(f"{path} was not looked at")


def _change(current: dict[str, Any], declared: Declared, wanted: Wanted) -> Change | None:
    dest = current["files"].get(wanted.dest)
    if dest is not None and dest["kind"] != "file":
        raise Refused(f"{wanted.dest} is a {dest['kind']}, not a plain file; it is not replaced. Remove it by hand.")
    lost = wanted.unfit or current["lost"].get(wanted.dest)
    if lost:
        raise Refused(lost)
    if wanted.is_on_machine and wanted.sha512 is None:
        _need_read(current, wanted.src)
    src_lacks = current["files"].get(wanted.src) is None or current["damaged"].get(wanted.dest)
    if wanted.is_on_machine and wanted.src in declared.assume_files and src_lacks:
        if wanted.sha512 is not None and _is_right(current, wanted):
            return None
        return _install(current, wanted)
    if _needs_told_sum(current, wanted) and wanted.dest not in current["told"]:
        raise NotRead(f"{wanted.sums} was not looked at")
    _refuse_missing_source(current, wanted)
    if not _is_right(current, wanted):
        _refuse_unfit(current, wanted)
        return _install(current, wanted)
    if wanted.mode is not None and dest["mode"] != wanted.mode:
        summary = f"set its mode to {wanted.mode:04o}"
        before, after = {"mode": f"{dest['mode']:04o}"}, {"mode": f"{wanted.mode:04o}"}
        return Change(NAME, wanted.dest, "set_mode", summary, before, after, data=Job(wanted))
    if wanted.needs_origin and not _is_noted(current, wanted):
        # So that the mirror need not be asked in every run.
        summary = f"note that it is what {wanted.src} offers"
        return Change(NAME, wanted.dest, "note", summary, data=Job(wanted, _expected_sum(current, wanted)))
    unfinished = current["leftovers"].get(wanted.dest)
    if unfinished:
        summary = f"remove {', '.join(unfinished)}, which an interrupted run left behind"
        return Change(NAME, wanted.dest, "clean", summary, before="\n".join(unfinished) + "\n", data=Job(wanted))
    return None


def _refuse_missing_source(current: dict[str, Any], wanted: Wanted) -> None:
    """A source must be there unless the wanted content is in place already, as its sum proves."""
    if not wanted.is_on_machine or (wanted.sha512 is not None and _is_right(current, wanted)):
        return
    src = current["files"].get(wanted.src)
    if src is None or src["kind"] != "file":
        raise Refused(f"{wanted.dest}: its src {wanted.src} {'is a ' + src['kind'] if src else 'does not exist'}.")


def _refuse_unfit(current: dict[str, Any], wanted: Wanted) -> None:
    if wanted.dest not in current["free"]:
        raise NotRead(f"the room for {wanted.dest} was not looked at")
    src = current["files"].get(wanted.src) if wanted.is_on_machine else None
    expected = _expected_sum(current, wanted)
    if src is not None and expected is not None and src["sha512"] != expected:
        raise Refused(
            f"{wanted.dest}: the SHA512 of {wanted.src} is {src['sha512'][:16]}..., not the "
            f"{'declared' if wanted.sha512 else 'one in ' + wanted.sums}, {expected[:16]}..."
        )
    if current["damaged"].get(wanted.dest):
        raise Refused(f"{wanted.dest}: {wanted.src} is not installed, because {current['damaged'][wanted.dest]}.")
    # What a URL holds is not known yet; that it fits is checked again when it has come.
    known = current["inside"].get(wanted.dest) or src or {"size": 0}
    dest = current["files"].get(wanted.dest)
    refuse_no_room(wanted, known["size"] + previous_size(wanted, dest), current["free"][wanted.dest])


def _install(current: dict[str, Any], wanted: Wanted) -> Change:
    dest = current["files"].get(wanted.dest)
    expected = _expected_sum(current, wanted)
    whole = wanted.is_on_machine and not current["damaged"].get(wanted.dest)
    known = current["files"].get(wanted.src) if whole else None
    after: dict[str, Any] = {"from": wanted.src}
    if wanted.member:
        # What the member is, of an archive that must be fetched first, nobody can tell yet.
        known = current["inside"].get(wanted.dest)
        after["member"] = wanted.member
    elif expected:
        after["sha512"] = expected
    if known:
        after.update(sha512=known["sha512"], size=known["size"])
    place = wanted.src if wanted.remote_src else f"the controller's {wanted.src}"
    take = f", and take {wanted.member} out of it" if wanted.member else ""
    return Change(
        resource=NAME,
        thing=wanted.dest,
        action="install",
        summary=f"{'fetch' if wanted.is_url else 'copy'} it from {place}{take}",
        before=None if dest is None else {"sha512": dest["sha512"], "size": dest["size"]},
        after=after,
        data=Job(wanted, expected),
    )
