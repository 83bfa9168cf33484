# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""pkgin over the profile's package mirror (facts netbsd-xen section 10)."""

from __future__ import annotations

import os
import re
import sys

from ..core import forms
from ..core.machine import Machine, NotSimulated, SimError
from . import catalogue
from .catalogue import PREFIX, Package
from .packages import database, delete, install, installed, packing_list, wants_rc_scripts


def pkgin(m: Machine, argv: list[str]) -> int:
    """pkgin [-ynpfv] update|install|remove|search|list|avail|upgrade|full-upgrade|clean (facts section 10)."""
    # -F went away in current pkgin: community.general.pkgin's `force` fails of it.
    flags, _values, words = forms.read(argv)
    if not words:
        if "v" in flags:
            print(f"pkgin {m.profile.packages['pkgin']} (using SQLite 3.46.1)")
            return 0
        raise SimError(_PKGIN_USAGE)
    command, names = words[0], words[1:]
    for base, version in installed(m).items():
        # Each command reads the database of the installed packages by `pkg_info -Xa` first (summary.c, update_localdb).
        if packing_list(m, f"{base}-{version}") is None:
            raise NotSimulated(f"pkgin {command} with a damaged packing list of {base}-{version}")
    handlers = {"install": _pkgin_install, "in": _pkgin_install, "remove": _pkgin_remove, "rm": _pkgin_remove,
                "search": _pkgin_search, "se": _pkgin_search, "list": _pkgin_list, "ls": _pkgin_list,
                "avail": _pkgin_avail, "av": _pkgin_avail, "update": _pkgin_update, "up": _pkgin_update,
                "upgrade": _pkgin_upgrade, "ug": _pkgin_upgrade, "full-upgrade": _pkgin_upgrade,
                "clean": _pkgin_clean}
    if command not in handlers:
        raise NotSimulated(f"pkgin {command}")
    return handlers[command](m, flags, names)


_PKGIN_USAGE = "usage: pkgin [-cdfhlnPtvVy] command [package ...]"
_PKGIN_STATE = "/var/db/pkgin"


def _repository(m: Machine) -> str:
    """The URL of the first repository. Raises SimError when nothing is configured or it is not this release's."""
    text = os.environ.get("PKG_REPOS", "")
    if not text:
        path = m.path(f"{PREFIX}/etc/pkgin/repositories.conf")
        text = path.read_text() if path.exists() else ""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise SimError("pkgin: /usr/pkg/etc/pkgin/repositories.conf does not contain any repositories")
    url = lines[0].replace("$arch", m.profile.processor).replace("$osrelease", m.profile.netbsd_release).rstrip("/")
    wanted = f"/NetBSD/({m.profile.arch}|{m.profile.processor})/{re.escape(m.profile.netbsd_release)}/All$"
    if not re.search(wanted, url):
        raise SimError(f"pkgin: Could not fetch {url}/pkg_summary.gz: Not Found")
    return url


def _pkgin_update(m: Machine, _flags: set[str], _names: list[str]) -> int:
    url = _repository(m)
    stamp = m.path(f"{_PKGIN_STATE}/pkgin.db")
    summary = "\n".join(sorted(package.name for package in catalogue.available(m.profile).values()))
    if stamp.exists() and stamp.read_text() == summary:
        print(f"database for {url} is up-to-date")
        return 0
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(summary)
    print(f"processing remote summary ({url})...")
    return 0


def _database(m: Machine) -> dict[str, Package]:
    """The packages that pkgin knows; without a database it fetches one first."""
    _repository(m)
    if not m.path(f"{_PKGIN_STATE}/pkgin.db").exists():
        _pkgin_update(m, set(), [])
    return catalogue.available(m.profile)


def _pkgin_install(m: Machine, flags: set[str], names: list[str]) -> int:
    known = _database(m)
    present = installed(m)
    missing = []
    for name in names:
        found = [package for package in known.values() if name in (package.base, package.name)]
        if not found:
            print(f"{name} is not available in the repository", file=sys.stderr)
            return 1
        if present.get(found[0].base) != found[0].version:
            missing.append(found[0])
    if not missing:
        print("nothing to do.")
        return 0
    print("calculating dependencies...done.\n")
    print(f"{len(missing)} package{'s' if len(missing) > 1 else ''} to install:")
    print("  " + " ".join(package.name for package in missing) + "\n")
    print("0 to remove, 0 to refresh, 0 to upgrade, "
          f"{len(missing)} to install\n4096B to download, 4096B of additional disk space will be used\n")
    if {"n", "d"} & flags:  # -d: Download only (pkgin(1))
        return 0
    if "y" not in flags:
        raise NotSimulated("pkgin install without -y (it asks)")
    for package in missing:
        print(f"installing {package.name}...")
        said: list[str] = []
        try:
            if package.base in present:
                delete(m, package.base)
            install(m, [package.name], wants_rc_scripts(), said)
        except SimError as error:
            # pkgin counts what pkg_add says on its error log, and goes on.
            print(f"pkg_install warnings: 0, errors: 1\n{error.message}", file=sys.stderr)
            return 1
        print("\n".join(said), end="\n" if said else "")
    print("pkg_install warnings: 0, errors: 0\nreading local summary...\nprocessing local summary...")
    print("marking " + " ".join(package.name for package in missing) + " as non auto-removable")
    return 0


def _pkgin_remove(m: Machine, flags: set[str], names: list[str]) -> int:
    present = installed(m)
    bases = [base for base in present if base in names or f"{base}-{present[base]}" in names]
    if not bases:
        print("No packages matched.", file=sys.stderr)
        return 1
    print(f"{len(bases)} package{'s' if len(bases) > 1 else ''} to remove:\n  "
          + " ".join(f"{base}-{present[base]}" for base in bases) + "\n")
    if "n" in flags:
        return 0
    if "y" not in flags:
        raise NotSimulated("pkgin remove without -y (it asks)")
    for base in bases:
        print(f"removing {base}-{present[base]}...")
        delete(m, base)
    print("pkg_install warnings: 0, errors: 0\nreading local summary...\nprocessing local summary...")
    return 0


def _state_sign(present: dict[str, str], package: Package) -> str:
    version = present.get(package.base)
    if version is None:
        return " "
    if version == package.version:
        return "="
    return "<" if version < package.version else ">"


def _pkgin_search(m: Machine, flags: set[str], names: list[str]) -> int:
    pattern = re.compile(names[0])
    present = installed(m)
    found = [package for package in _database(m).values()
             if pattern.search(package.base) or pattern.search(package.name)
             or pattern.search(package.comment)]
    if not found:
        print(f"No results found for {names[0]}")
        return 1
    for package in found:
        sign = _state_sign(present, package)
        if "p" in flags:
            print(f"{package.name};{sign.strip()};{package.comment}")
        else:
            print(f"{package.name} {sign}  {package.comment}")
    if "p" not in flags:
        print("\n=: package is installed and up-to-date\n<: package is installed but newer version is available\n"
              ">: installed package has a greater version than available package")
    return 0


def _pkgin_list(m: Machine, flags: set[str], _names: list[str]) -> int:
    for base, version in installed(m).items():
        comment = (database(m) / f"{base}-{version}" / "+COMMENT").read_text().strip()
        print(f"{base}-{version};{comment}" if "p" in flags else f"{base}-{version}  {comment}")
    return 0


def _pkgin_avail(m: Machine, flags: set[str], _names: list[str]) -> int:
    for package in _database(m).values():
        print(f"{package.name};{package.comment}" if "p" in flags else f"{package.name}  {package.comment}")
    return 0


def _pkgin_upgrade(m: Machine, flags: set[str], _names: list[str]) -> int:
    present = installed(m)
    old = [package.name for package in _database(m).values()
           if package.base in present and present[package.base] != package.version]
    if not old:
        print("nothing to do.")
        return 0
    return _pkgin_install(m, flags, old)


def _pkgin_clean(_m: Machine, _flags: set[str], _names: list[str]) -> int:
    return 0
