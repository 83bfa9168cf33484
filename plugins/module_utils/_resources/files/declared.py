# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Which files are wanted where: the declared side of ``system_files``. Pure."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any

from ..._change import Refused

# /etc/rc runs every file of this folder, so that a DEST.old would start a service twice.
EVERY_FILE_RUNS = ("/etc/rc.d",)
# Sets of NetBSD: .tgz, and .tar.xz on amd64 from NetBSD 9 on.
ARCHIVES = (".tgz", ".tar.gz", ".tar.xz")

_SHA512 = re.compile(r"[0-9a-f]{128}\Z")
_MODE = re.compile(r"0?[0-7]{3}\Z")
_URL = ("http://", "https://", "ftp://")


@dataclass(frozen=True)
class Wanted:
    """One file. ``sha512`` is that of what ``src`` gives, in lower case, or None; ``mode`` a number or None;
    ``member`` the one file that is wanted out of the archive ``src``, ``sums`` where the SHA512 of ``src`` is written
    down, both empty for none. Not ``remote_src`` is a file of the controller, whose sum is always known: ``staged`` is
    where its content has been brought to on the machine, ``unfit`` why it can't be had, both empty for not."""

    src: str
    dest: str
    sha512: str | None
    mode: int | None
    keep_previous: bool
    member: str = ""
    sums: str = ""
    remote_src: bool = True
    staged: str = ""
    unfit: str = ""

    @property
    def is_on_machine(self) -> bool:
        return self.remote_src and not self.is_url

    @property
    def is_run_beside(self) -> bool:
        """Whether a file beside it would be run at boot, so that its first content is kept elsewhere."""
        return os.path.dirname(self.dest) in EVERY_FILE_RUNS

    @property
    def is_url(self) -> bool:
        return self.src.startswith(_URL)

    @property
    def is_gzip(self) -> bool:
        return not self.member and (self.dest.endswith(".gz") or self.src.endswith(".gz"))

    @property
    def origin(self) -> str:
        """The file that notes where the content of ``dest`` came from."""
        return self.dest + ".origin"

    @property
    def needs_origin(self) -> bool:
        """True where the content in place does not tell by itself that it is what ``src`` gives."""
        return bool(self.member or (self.sums and self.sha512 is None))


@dataclass(frozen=True)
class Declared:
    files: tuple[Wanted, ...]
    assume_files: frozenset[str]


def declare(params: dict[str, Any]) -> Declared:
    """The wanted files. Raises Refused for a bad path, sum or mode, or two files for one place."""
    files = tuple(_wanted(spec) for spec in params["files"])
    places = [wanted.dest for wanted in files]
    for place in places:
        if places.count(place) > 1:
            raise Refused(f"{place} is declared {places.count(place)} times; each dest can have one src.")
    return Declared(files, frozenset(params["assume_files"]))


def _wanted(spec: dict[str, Any]) -> Wanted:
    dest, mode = spec["dest"], spec.get("mode")
    _refuse_bad_path("dest", dest, dest)
    wanted = Wanted(
        src=spec["src"],
        dest=dest,
        sha512=(spec.get("sha512") or "").strip().lower() or None,
        mode=int(mode, 8) if mode and _MODE.match(mode) else None,
        keep_previous=spec["keep_previous"] and os.path.dirname(dest) not in EVERY_FILE_RUNS,
        member=spec.get("member") or "",
        sums=spec.get("sums") or "",
        remote_src=spec.get("remote_src", True),
        staged=spec.get("staged") or "",
        unfit=spec.get("unfit") or "",
    )
    if wanted.remote_src:
        _refuse_bad_place("src", wanted.src, dest)
    else:
        _refuse_bad_local(wanted)
    if wanted.remote_src and wanted.src == dest:
        raise Refused(f"{dest}: src and dest are the same file.")
    if wanted.sha512 is not None and not _SHA512.match(wanted.sha512):
        raise Refused(f"{dest}: sha512 has {len(wanted.sha512)} characters; it must be 128 hexadecimal digits.")
    if mode is not None and wanted.mode is None:
        raise Refused(f"{dest}: mode is {mode!r}; allowed are three octal digits in quotes, such as \"0444\".")
    if wanted.sums:
        _refuse_bad_place("sums", wanted.sums, dest)
    if wanted.member:
        _refuse_bad_member(wanted)
    if wanted.needs_origin and os.path.dirname(dest) in EVERY_FILE_RUNS:
        raise Refused(f"{dest}: every file beside it is run at boot, so member and sums can't be used for it.")
    return wanted


def _refuse_bad_place(key: str, place: str, dest: str) -> None:
    if not place.startswith(_URL):
        _refuse_bad_path(key, place, dest)
    elif re.search(r"[\s\x00-\x1f\x7f]", place):
        raise Refused(f"{dest}: {key} is {place!r}; a URL has no blanks.")


def _refuse_bad_local(wanted: Wanted) -> None:
    if not wanted.src or wanted.is_url or "\0" in wanted.src:
        allowed = "with remote_src: false it is a file of the controller"
        raise Refused(f"{wanted.dest}: src is {wanted.src!r}; {allowed}.")
    if wanted.sums:
        raise Refused(f"{wanted.dest}: sums is for what a machine gets by itself; with remote_src: false give sha512.")


def _refuse_bad_path(key: str, path: str, dest: str) -> None:
    is_plain = path.startswith("/") and not path.startswith("//") and os.path.normpath(path) == path
    if not is_plain or path == "/" or "\0" in path:
        raise Refused(f"{dest}: {key} is {path!r}; it must be an absolute path without '..' and doubled or final '/'.")


def _refuse_bad_member(wanted: Wanted) -> None:
    if not wanted.src.endswith(ARCHIVES):
        raise Refused(f"{wanted.dest}: member is for archives; src is {wanted.src!r}, which ends in none of "
                      f"{', '.join(ARCHIVES)}.")
    if wanted.dest.endswith(".gz") and not wanted.member.endswith(".gz"):
        raise Refused(f"{wanted.dest}: {wanted.member} in {wanted.src} is not compressed; give it a dest without .gz.")
