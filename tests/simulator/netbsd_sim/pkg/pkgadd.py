# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""pkg_add over the profile's package mirror (pkg_install add/perform.c, pkg_do; records pkg-add-*;
power-cut/README)."""

from __future__ import annotations

import os
import re
import sys

from ..core import forms
from ..core.machine import Machine, SimError
from . import packages
from .catalogue import Package

_FAILED = "pkg_add: {} package addition{} failed"
# The directory of a package's next entry while `pkg_add -U` replaces it (add/perform.c, check_already_installed).
_REPLACING = ".xxxxxx"


def pkg_add(m: Machine, argv: list[str]) -> int:
    """pkg_add [-fInUuv] name...; the mirror is that of PKG_PATH, which must be the release's own."""
    flags, _values, names = forms.read(argv)
    if "V" in flags:
        print(packages.VERSION)
        return 0
    if not names:
        raise SimError("pkg_add: missing package name(s)\nusage: pkg_add [-AfhILnRuVv] [-C config] [-P destdir] "
                       "[-K pkg_dbdir]\n               [-m machine] [-p prefix] package ...")
    failed = 0
    for name in names:
        try:
            _add(m, name, flags)
        except SimError as error:
            print(error.message, file=sys.stderr)
            failed += 1
    if failed:
        raise SimError(_FAILED.format(failed, "s" if failed > 1 else ""))
    return 0


def _add(m: Machine, name: str, flags: set[str]) -> None:
    """The archive is looked for first, whatever is installed. Raises SimError."""
    package = find(m, name)
    version = packages.installed(m).get(package.base)
    if version == package.version and not {"f", "U"} & flags:
        _already_there(m, package, "n" in flags)
        return
    if version is not None and not {"u", "U"} & flags:
        raise SimError(f"pkg_add: A different version of {package.name} is already installed: {package.base}-{version}")
    old = "" if version is None else f"{package.base}-{version}"
    if old == package.name and (packages.database(m) / (package.name + _REPLACING)).exists():
        raise SimError(f"pkg_add: package `{package.name}' already has a temporary update directory "
                       f"`{packages.database(m, inside=True)}/{package.name}{_REPLACING}', remove it manually")
    packages.refuse_conflicts(m, package)
    if "n" in flags:
        _only_tell(m, package)
    else:
        said: list[str] = []
        if old:
            replace(m, package, old, said)
        else:
            packages.install(m, [package.name], packages.wants_rc_scripts(), said)
        print("\n".join(said), end="\n" if said else "")


def _already_there(m: Machine, package: Package, fake: bool) -> None:
    """Records pkg-add-again, pkg-add-two-one-missing: whoever is asked for by name is no dependency any more."""
    info = packages.database(m) / package.name / "+INSTALLED_INFO"
    if info.exists() and "automatic" in info.read_text():
        if not fake:
            info.unlink()
        print(f"pkg_add: package `{package.name}' was already installed as dependency, "
              "now marked as installed manually", file=sys.stderr)
    else:
        print(f"pkg_add: package `{package.name}' already recorded as installed", file=sys.stderr)


def _only_tell(m: Machine, package: Package) -> None:
    """Records pkg-add-n, pkg-add-n-dep: it installs no dependency, so a missing one is an error; else it says what it
    has not done."""
    for pattern in package.depends:
        if packages.needed_by(m, pattern) is None:
            raise SimError(f"pkg_add: Missing dependency {pattern}\n")
    print(f"Package {package.name} registered in {packages.database(m, inside=True)}/{package.name}")


def replace(m: Machine, package: Package, old: str, said: list[str]) -> None:
    """`-u` and `-U`: the new entry is written, the old package removed, then the new files come. Of a package whose
    list names nothing no file is removed. Of its dependencies only what is missing is installed, and nothing that is
    damaged (power-cut/README)."""
    database = packages.database(m)
    entry = package.name + _REPLACING if old == package.name else package.name
    packages.record(m, package, entry)
    for kept in ("+REQUIRED_BY", "+INSTALLED_INFO"):
        if (database / old / kept).exists():
            (database / old / kept).rename(database / entry / kept)
    if packages.packing_list(m, old) is None:
        print(f"pkg_delete: Package `{old}' doesn't have a name", file=sys.stderr)
    packages.delete_named(m, old)
    if entry != package.name:
        (database / entry).rename(database / package.name)
    for pattern in package.depends:
        if packages.needed_by(m, pattern) is None:
            packages.install(m, [packages.base_of(pattern)], packages.wants_rc_scripts(), said)
    packages.unpack(m, package, packages.wants_rc_scripts(), said)


def _in_directory(m: Machine, name: str, places: list[str]) -> str:
    """The full name of a package whose file lies in a directory of the machine (pkg_add(1), PKG_PATH); empty for
    none."""
    for place in places:
        if place.startswith("/") and m.path(place).is_dir():
            for path in sorted(m.path(place).glob("*.tgz"), reverse=True):
                if name in (path.stem, path.stem.rpartition("-")[0]):
                    return path.stem
    return ""


def find(m: Machine, name: str) -> Package:
    """The package that a name, or a URL, means at the mirror of PKG_PATH. Raises SimError with pkg_add's words."""
    source, _slash, plain = name.rpartition("/")
    wanted = f"/NetBSD/({m.profile.arch}|{m.profile.processor})/{re.escape(m.profile.netbsd_release)}/All/?$"
    places = [part for part in (source or os.environ.get("PKG_PATH", "")).split(";") if part]
    local = _in_directory(m, plain, places)
    if local:
        return packages.find(m, local)
    if not any(re.search(wanted, part) for part in places):
        from urllib.parse import urlsplit

        for place in places:  # records pkg-add-badurl, pkg-add-refused
            parts = urlsplit(place)
            if parts.scheme in ("http", "https") and parts.hostname:
                port = parts.port or (80 if parts.scheme == "http" else 443)
                why = "Connection refused" if parts.hostname.startswith("127.") else "Not Found"
                print(f"pkg_add: Can't process {parts.scheme}://{parts.netloc.partition(':')[0]}:{port}{parts.path.rstrip('/')}/"
                      f"{plain}*: {why}", file=sys.stderr)
        raise SimError(f"pkg_add: no pkg found for '{name}', sorry.")
    return packages.find(m, plain)
