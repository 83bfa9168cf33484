# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The packages that are installed, and whether they are whole. Reads only.

pkg_add(1) registers a package before it unpacks it, and takes that back only if it can notice its own failure
(pkg_install add/perform.c, pkg_do: write_meta_data, then extract_files). Killed in between, or with its ssh connection
gone, it leaves a package that counts as installed, lacks files, and that a second pkg_add passes over.
"""

from __future__ import annotations

import re

from ansible_collections.netbsd.xen.plugins.module_utils._formats import packing_list
from ansible_collections.netbsd.xen.plugins.module_utils._host import FileStat, Host

_PACKAGE = re.compile(r"(?P<base>\S+)-(?P<version>[^\s-]+)\Z")
_PKG_INFO = ("/usr/pkg/sbin/pkg_info", "/usr/sbin/pkg_info")
_SECONDS = 60.0
# The first is the default since December 2020, so in NetBSD 9.2 and 10; a machine that had the other one keeps it
# (pkg_install lib/pkgdb.c, pkgdb_get_dir; pkgsrc.org/pkgdb-change).
_DATABASES = ("/usr/pkg/pkgdb", "/var/db/pkg")


def installed(host: Host) -> dict[str, str]:
    """Installed binary packages, base name to version; empty where pkg_info(1) is not there.

    The base name decides a Xen release: the versions of xenkernel420 and its like are dates (pkgsrc version.mk).
    """
    tool = next((path for path in _PKG_INFO if host.exists(path)), None)
    if tool is None:
        return {}
    found = {}
    for line in host.run([tool], timeout=_SECONDS).stdout.splitlines():
        match = _PACKAGE.match(line.split(None, 1)[0]) if line.strip() else None
        if match:
            found[match.group("base")] = match.group("version")
    return found


def registered_at(host: Host, package: str) -> float | None:
    """When a package, ``name-version``, was registered, in seconds since 1970; None if that can't be told."""
    listed = next(filter(None, (host.stat(path) for path in _lists(package))), None)
    return None if listed is None else listed.modified


def lacking(host: Host, package: str) -> list[str] | None:
    """The files that a registered package, ``name-version``, should have and that are not there, or are empty as after
    a power cut. None if its packing list can't be found.

    Contents are not compared: they are the administrator's to change, and a hundred megabytes are too much to read in
    each run.
    """
    text = next(filter(None, (host.read_text(path) for path in _lists(package))), None)
    if text is None:
        return None
    return [file.path for file in packing_list.parse(text) if _is_lacking(host.stat(file.path, follow=False), file)]


def _lists(package: str) -> list[str]:
    return [f"{database}/{package}/+CONTENTS" for database in _DATABASES]


def _is_lacking(found: FileStat | None, file: packing_list.File) -> bool:
    return found is None or (found.kind == "file" and found.size == 0 and file.has_content)
