# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: files that a machine boots or starts guests with, copied or fetched whole and checked before they appear.

At every moment the old file or the new one is in place, complete. All content is compared by its SHA512.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import zlib
from dataclasses import dataclass
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._change import Change, NotRead, Plan, Refused, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host

NAME = "system_files"
ARGUMENTS: dict[str, Any] = {
    "files": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "src": {"type": "str", "required": True},
            "dest": {"type": "str", "required": True},
            "sha512": {"type": "str"},
            "mode": {"type": "str"},
            "keep_previous": {"type": "bool", "default": True},
        },
    },
    "assume_files": {"type": "list", "elements": "str", "default": []},
}

FTP = "/usr/bin/ftp"
FETCH_SECONDS = 1800.0
# Left free beside the new file, so that the machine can still write its logs.
SPARE_BYTES = 1 << 20
NEW_FILE_MODE = 0o444
CHUNK = 1 << 20

_SHA512 = re.compile(r"[0-9a-f]{128}\Z")
_MODE = re.compile(r"0?[0-7]{3}\Z")
# Looked at ahead of every task: folder, and what a file's name begins with.
_READ_AHEAD = (
    ("/", ("netbsd", "xen")),
    ("/etc/rc.d", ("xen",)),
    ("/usr/pkg/share/examples/rc.d", ("xen",)),
)
# Guests' kernels and ramdisks lie among their disks, so these folders are searched by whole kinds of names.
_GUEST_FOLDERS = ("/home/xen", "/var/xen", "/usr/pkg/etc/xen")
_GUEST_FILES = ("netbsd", "vmlinu", "initr", "install")
# /etc/rc runs every file of this folder, so that a DEST.old would start a service twice.
_EVERY_FILE_RUNS = ("/etc/rc.d",)
_XEN_KERNELS = re.compile(r"xen[0-9]*-kernel\Z")


@dataclass(frozen=True)
class Wanted:
    """One file. ``sha512`` in lower case or None; ``mode`` as a number or None."""

    src: str
    dest: str
    sha512: str | None
    mode: int | None
    keep_previous: bool

    @property
    def is_url(self) -> bool:
        return self.src.startswith(("http://", "https://", "ftp://"))

    @property
    def is_gzip(self) -> bool:
        return self.dest.endswith(".gz") or self.src.endswith(".gz")


@dataclass(frozen=True)
class Declared:
    files: tuple[Wanted, ...]
    assume_files: frozenset[str]


# -- declared ---------------------------------------------------------------------------------------------------------


def declare(params: dict[str, Any]) -> Declared:
    """The wanted files. Raises Refused for a bad path, sum or mode, or two files for one place."""
    files = tuple(_wanted(spec) for spec in params["files"])
    places = [wanted.dest for wanted in files]
    for place in places:
        if places.count(place) > 1:
            raise Refused(f"{place} is declared {places.count(place)} times; each dest can have one src.")
    return Declared(files, frozenset(params["assume_files"]))


def _wanted(spec: dict[str, Any]) -> Wanted:
    src, dest = spec["src"], spec["dest"]
    sha512 = (spec.get("sha512") or "").strip().lower() or None
    mode = spec.get("mode")
    _refuse_bad_path("dest", dest, dest)
    keep_previous = spec["keep_previous"] and os.path.dirname(dest) not in _EVERY_FILE_RUNS
    wanted = Wanted(src, dest, sha512, int(mode, 8) if mode and _MODE.match(mode) else None, keep_previous)
    if not wanted.is_url:
        _refuse_bad_path("src", src, dest)
    elif re.search(r"[\s\x00-\x1f\x7f]", src):
        raise Refused(f"{dest}: src is {src!r}; a URL has no blanks.")
    if src == dest:
        raise Refused(f"{dest}: src and dest are the same file.")
    if sha512 is not None and not _SHA512.match(sha512):
        raise Refused(f"{dest}: sha512 has {len(sha512)} characters; it must be 128 hexadecimal digits.")
    if mode is not None and wanted.mode is None:
        raise Refused(f"{dest}: mode is {mode!r}; allowed are three octal digits in quotes, such as \"0444\".")
    return wanted


def _refuse_bad_path(key: str, path: str, dest: str) -> None:
    is_plain = path.startswith("/") and not path.startswith("//") and os.path.normpath(path) == path
    if not is_plain or path == "/" or "\0" in path:
        raise Refused(f"{dest}: {key} is {path!r}; it must be an absolute path without '..' and doubled or final '/'.")


# -- current ----------------------------------------------------------------------------------------------------------


def read(host: Host, declared: Declared | None = None) -> dict[str, Any]:
    """Kind, size in bytes, mode and SHA512 of the files that matter; each is hashed once.

    ``files`` holds None for what was looked for and is not there; ``free`` the bytes that may be written to the file
    system of each wanted file; ``damaged`` what is wrong with a gzip file that would be copied.
    """
    paths = set(_read_ahead(host))
    wanted = declared.files if declared else ()
    for each in wanted:
        paths.update([each.dest] if each.is_url else [each.dest, each.src])
    files = {path: _read_file(host, path) for path in sorted(paths)}
    damaged = {}
    for each in wanted:
        if not each.is_url and each.is_gzip and files[each.src] and not _is_right(files, each):
            damaged[each.src] = _damage(host.read_bytes(each.src))
    return {
        "files": files,
        "damaged": damaged,
        "free": {each.dest: host.free_bytes(_existing_folder(host, each.dest)) for each in wanted},
    }


def _read_ahead(host: Host) -> list[str]:
    found = []
    for folder, beginnings in _READ_AHEAD:
        found += _matching(host, folder, beginnings)
    for folder in _GUEST_FOLDERS:
        found += _matching(host, folder, _GUEST_FILES)
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
    if folder in _GUEST_FOLDERS:
        return _is_ours(name, _GUEST_FILES)
    parent, last = os.path.split(folder)
    return parent == "/usr/pkg" and bool(_XEN_KERNELS.match(last)) and _is_ours(name, ("xen",))


def _read_file(host: Host, path: str) -> dict[str, Any] | None:
    found = host.stat(path, follow=False)
    if found is None:
        return None
    sha512 = hashlib.sha512(host.read_bytes(path) or b"").hexdigest() if found.kind == "file" else None
    return {"kind": found.kind, "size": found.size, "mode": found.mode, "sha512": sha512}


def _damage(content: bytes | None) -> str | None:
    """Why a gzip file can't be unpacked, or None. A boot loader would find out too late."""
    data, tail = zlib.decompressobj(31), io.BytesIO(content or b"")
    try:
        for chunk in iter(lambda: tail.read(CHUNK), b""):
            while chunk and not data.eof:
                data.decompress(chunk, CHUNK)
                chunk = data.unconsumed_tail
    except zlib.error as error:
        return f"it is no gzip file or damaged ({error})"
    return None if data.eof else "it is cut short"


def _existing_folder(host: Host, path: str) -> str:
    folder = os.path.dirname(path)
    while not host.exists(folder):
        folder = os.path.dirname(folder)
    return folder


def _is_right(files: dict[str, Any], wanted: Wanted) -> bool:
    """True if the content at dest is what is wanted, as far as that can be known."""
    dest = files.get(wanted.dest)
    if dest is None or dest["kind"] != "file":
        return False
    if wanted.sha512 is not None:
        return dest["sha512"] == wanted.sha512
    if wanted.is_url:
        return True
    src = files.get(wanted.src)
    return src is not None and src["sha512"] == dest["sha512"]


# -- plan -------------------------------------------------------------------------------------------------------------


def plan(current: dict[str, Any], declared: Declared) -> Plan:
    """One change for each file whose content or mode is wrong. Raises Refused for a bad source or too little room."""
    result = Plan()
    for wanted in declared.files:
        _need_read(current, wanted.dest)
        if wanted.is_url and wanted.sha512 is None:
            result.warnings.append(
                f"{wanted.dest}: without sha512 nobody knows whether it is what {wanted.src} offers; give sha512."
            )
        change = _change(current, declared, wanted)
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
    if not wanted.is_url and wanted.sha512 is None:
        _need_read(current, wanted.src)
    if not wanted.is_url and wanted.src in declared.assume_files and current["files"].get(wanted.src) is None:
        if wanted.sha512 is not None and _is_right(current["files"], wanted):
            return None
        return _install(wanted, dest, None)
    _refuse_missing_source(current, wanted)
    if not _is_right(current["files"], wanted):
        _refuse_unfit(current, wanted)
        return _install(wanted, dest, current["files"].get(wanted.src))
    if wanted.mode is not None and dest["mode"] != wanted.mode:
        summary = f"set its mode to {wanted.mode:04o}"
        before, after = {"mode": f"{dest['mode']:04o}"}, {"mode": f"{wanted.mode:04o}"}
        return Change(NAME, wanted.dest, "set_mode", summary, before, after, data=wanted)
    return None


def _refuse_missing_source(current: dict[str, Any], wanted: Wanted) -> None:
    """A source must be there unless the wanted content is in place already, as its sum proves."""
    if wanted.is_url or (wanted.sha512 is not None and _is_right(current["files"], wanted)):
        return
    src = current["files"].get(wanted.src)
    if src is None or src["kind"] != "file":
        raise Refused(f"{wanted.dest}: its src {wanted.src} {'is a ' + src['kind'] if src else 'does not exist'}.")


def _refuse_unfit(current: dict[str, Any], wanted: Wanted) -> None:
    if wanted.dest not in current["free"]:
        raise NotRead(f"the room for {wanted.dest} was not looked at")
    src = current["files"].get(wanted.src)
    if src is not None and wanted.sha512 is not None and src["sha512"] != wanted.sha512:
        raise Refused(
            f"{wanted.dest}: the SHA512 of {wanted.src} is {src['sha512'][:16]}..., not the declared "
            f"{wanted.sha512[:16]}..."
        )
    if current["damaged"].get(wanted.src):
        raise Refused(f"{wanted.dest}: {wanted.src} is not installed, because {current['damaged'][wanted.src]}.")
    dest = current["files"].get(wanted.dest)
    # What a URL holds is not known yet; that it fits is checked again when it has come.
    size = src["size"] if src else 0
    _refuse_no_room(wanted, size + _previous_size(wanted, dest), current["free"][wanted.dest])


def _previous_size(wanted: Wanted, dest: dict[str, Any] | None) -> int:
    return dest["size"] if dest and wanted.keep_previous else 0


def _refuse_no_room(wanted: Wanted, size: int, free: int) -> None:
    if free < size + SPARE_BYTES:
        raise Refused(
            f"{wanted.dest}: its file system has {free} bytes free, but {size + SPARE_BYTES} are needed "
            f"({size} for the file{' and the previous one' if wanted.keep_previous else ''}, {SPARE_BYTES} to spare)."
        )


def _install(wanted: Wanted, dest: dict[str, Any] | None, src: dict[str, Any] | None) -> Change:
    after = {"sha512": wanted.sha512 or (src["sha512"] if src else None), "from": wanted.src}
    if src is not None:
        after["size"] = src["size"]
    return Change(
        resource=NAME,
        thing=wanted.dest,
        action="install",
        summary=f"{'fetch' if wanted.is_url else 'copy'} it from {wanted.src}",
        before=None if dest is None else {"sha512": dest["sha512"], "size": dest["size"]},
        after=after,
        data=wanted,
    )


# -- apply ------------------------------------------------------------------------------------------------------------


def apply(host: Host, change: Change) -> None:
    """Put the file in place; what was there stays in place until the new one is complete and proven."""
    wanted = change.data
    if change.action == "set_mode":
        host.copy_file(wanted.dest, wanted.dest, wanted.mode)
        return
    host.make_dir(os.path.dirname(wanted.dest))
    if wanted.is_url:
        _fetch(host, wanted)
    else:
        _put(host, wanted, wanted.src)


def _fetch(host: Host, wanted: Wanted) -> None:
    folder, name = os.path.split(wanted.dest)
    temporary = os.path.join(folder, f".{name}.fetched")
    try:
        host.run([FTP, "-o", temporary, wanted.src], timeout=FETCH_SECONDS)
        content = host.read_bytes(temporary)
        if not content:
            raise XenError(f"{wanted.dest}: {wanted.src} gave nothing; the file in place is unchanged.")
        found = hashlib.sha512(content).hexdigest()
        if wanted.sha512 is not None and found != wanted.sha512:
            raise XenError(
                f"{wanted.dest}: what came from {wanted.src} has the SHA512 {found[:16]}..., not the declared "
                f"{wanted.sha512[:16]}...; the file in place is unchanged."
            )
        damage = _damage(content) if wanted.is_gzip else None
        if damage:
            raise XenError(f"{wanted.dest}: what came from {wanted.src} is refused, because {damage}.")
        dest = _read_file(host, wanted.dest)
        _refuse_no_room(wanted, len(content) + _previous_size(wanted, dest), host.free_bytes(folder))
        _put(host, wanted, temporary)
    finally:
        host.remove(temporary)


def _put(host: Host, wanted: Wanted, source: str) -> None:
    """Copy, each step whole: first the old file to DEST.old, then the new one over it."""
    old = host.stat(wanted.dest)
    mode = wanted.mode
    if mode is None:
        mode = old.mode if old else NEW_FILE_MODE
    if old is not None and wanted.keep_previous:
        host.copy_file(wanted.dest, wanted.dest + ".old", old.mode)
    host.copy_file(source, wanted.dest, mode)
