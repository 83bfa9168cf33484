# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The packages that are installed, and which of them are known to be on the disk.

pkg_add(1) fsyncs nothing. Whatever it wrote in the last half minute is lost in a power cut, so it is fsynced here
before anything is built upon it, and then noted in RECORD. A package that is not noted may have met a power cut.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from ._formats.system import packing_list
from ._host import Host

_PACKAGE = re.compile(r"(?P<base>\S+)-(?P<version>[^\s-]+)\Z")
# A newer pkg_install may be there as a package; else NetBSD's own does it.
TOOL_DIRECTORIES = ("/usr/pkg/sbin", "/usr/sbin")
_SECONDS = 60.0
# The first is the default since December 2020, so in NetBSD 9.2 and 10; a machine that had the other one keeps it
# (pkg_install lib/pkgdb.c, pkgdb_get_dir; pkgsrc.org/pkgdb-change).
DATABASES = ("/usr/pkg/pkgdb", "/var/db/pkg")
# The end of the entry that a killed `pkg_add -U` leaves beside the package's own (pkg_install add/perform.c,
# check_already_installed).
REPLACING = ".xxxxxx"
# A line for each package that was fsynced: its full name, and when it was registered. The role bootstrap, which comes
# before any module can, keeps the same file.
RECORD = "/var/db/netbsd.xen.packages"
_RECORD_LINE = re.compile(r"(\S+) (\d+\.\d+)\Z")


def tool(host: Host, name: str) -> str:
    """The path of one of the package tools."""
    paths = [f"{folder}/{name}" for folder in TOOL_DIRECTORIES]
    return next((path for path in paths if host.exists(path)), paths[-1])


def installed(host: Host) -> dict[str, str]:
    """Installed binary packages, base name to version; empty where pkg_info(1) is not there.

    The base name decides a Xen release: the versions of xenkernel420 and its like are dates (pkgsrc version.mk).
    """
    path = tool(host, "pkg_info")
    if not host.exists(path):
        return {}
    found = {}
    for line in host.run([path], timeout=_SECONDS).stdout.splitlines():
        match = _PACKAGE.match(line.split(None, 1)[0]) if line.strip() else None
        if match and not match.group("version").endswith(REPLACING):
            found[match.group("base")] = match.group("version")
    return found


def registered_at(host: Host, package: str) -> float | None:
    """When a package, ``name-version``, was registered, in seconds since 1970; None if that can't be told."""
    directory = entry(host, package)
    listed = None if directory is None else host.stat(directory + "/+CONTENTS")
    return None if listed is None else listed.modified


def entry(host: Host, package: str) -> str | None:
    """The directory that has all about an installed package, ``name-version``; None if it is in none of the usual
    places."""
    paths = [f"{database}/{package}" for database in DATABASES]
    return next((path for path in paths if host.exists(path + "/+CONTENTS")), None)


def listed(host: Host, package: str) -> str | None:
    """The packing list of an installed package; None if it has none in any of the usual places."""
    directory = entry(host, package)
    return None if directory is None else host.read_text(directory + "/+CONTENTS")


# -- on the disk ------------------------------------------------------------------------------------------------------


def registered(host: Host) -> dict[str, str]:
    """When each package was registered, by its full name, as RECORD has it."""
    found = {}
    for database in DATABASES:
        # Beside the packages lies pkgdb.byfile.db.
        for name in filter(_PACKAGE.match, host.list_dir(database)):
            state = host.stat(f"{database}/{name}/+CONTENTS")
            if state is not None and not name.endswith(REPLACING):
                found[name] = f"{state.modified:.6f}"
    return found


def on_disk(host: Host) -> set[str]:
    """The full names of the packages that are as they were when they were fsynced."""
    now = registered(host)
    return {name for name, when in _noted(host).items() if now.get(name) == when}


def _noted(host: Host) -> dict[str, str]:
    """A record that is damaged notes what is still to be read of it."""
    matches = map(_RECORD_LINE.match, (host.read_text(RECORD) or "").splitlines())
    return {match[1]: match[2] for match in matches if match}


def settle(host: Host, names: Iterable[str]) -> None:
    """Bring packages to the disk, with all that is registered about them, and note it. Raises XenError."""
    fresh = sorted(names)
    if not fresh:
        return
    files = [path for name in fresh for path in _files(host, name)]
    host.sync(dict.fromkeys(files))
    host.sync(sorted({os.path.dirname(path) for path in files}))
    now = registered(host)
    kept = on_disk(host).union(fresh)
    host.write_text(RECORD, "".join(f"{name} {now[name]}\n" for name in sorted(kept) if name in now))


def _files(host: Host, package: str) -> list[str]:
    """Every file that a package brought or that tells of it, and the database of files by name."""
    directory = entry(host, package)
    if directory is None:
        return []
    text = host.read_text(directory + "/+CONTENTS") or ""
    told = [f"{directory}/{name}" for name in host.list_dir(directory)]
    files = packing_list.parse(text)
    copies = [copy for _own, copy in packing_list.copies(files)]
    return [file.path for file in files] + copies + told + [directory, directory + "/../pkgdb.byfile.db"]
