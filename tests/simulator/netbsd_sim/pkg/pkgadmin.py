# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""pkg_admin: check, rebuild, rebuild-tree, findbest, config-var (pkg_install admin/check.c, admin/main.c; record
pkg_admin-pkgdb; power-cut/README)."""

from __future__ import annotations

import os
import sys

from ..core.machine import Machine, NotSimulated, SimError
from . import packages, pkgadd
from .catalogue import PREFIX


def pkg_admin(m: Machine, argv: list[str]) -> int:
    """pkg_admin check [name...] | rebuild | rebuild-tree | findbest name... | config-var PKG_DBDIR."""
    command, words = (argv[1], argv[2:]) if len(argv) > 1 else ("", [])
    if command == "check":
        return _check(m, words)
    if command == "rebuild" and not words:
        return _rebuild(m)
    if command == "rebuild-tree" and not words:
        return _rebuild_tree(m)
    if command == "findbest" and words:
        return _find_best(m, words)
    if (command, words) == ("config-var", ["PKG_DBDIR"]):
        print(packages.database(m, inside=True))
        return 0
    raise NotSimulated(" ".join(argv))


def _check(m: Machine, names: list[str]) -> int:
    """What it finds is text; it ends with 0, also where a packing list that names nothing ends it early."""
    present = packages.installed(m)
    wanted = [f"{base}-{version}" for base, version in present.items()]
    if names:
        matches = [packages.installed_match(present, name) for name in names]
        if None in matches:
            raise SimError(f"pkg_admin: cannot find package {names[matches.index(None)]}")
        wanted = [match for match in matches if match]
    files = 0
    for name in wanted:
        if packages.packing_list(m, name) is None:
            sys.stdout.flush()
            print(f"pkg_admin: Package {name} has no @name, aborting.", file=sys.stderr)
            return 0
        files += _check_one(m, name)
        print(".", end="")
    print(f"\nChecked {files} file{'' if files == 1 else 's'} from {len(wanted)} package"
          f"{'' if len(wanted) == 1 else 's'}.\nDone.")
    return 0


def _check_one(m: Machine, name: str) -> int:
    found = 0
    for listed, comment in packages.listed_files(m, name):
        path, shown = m.path(f"{PREFIX}/{listed}"), f"{PREFIX}/{listed}"
        if path.is_symlink() and comment.startswith("Symlink:"):
            found += 1
            if os.readlink(path) != comment.removeprefix("Symlink:"):
                print(f"symlink ({shown}) is not same as recorded value, Symlink:{os.readlink(path)}: {comment}")
        elif path.is_symlink() or path.exists():
            found += 1
            if comment.startswith("MD5:") and comment[4:] != packages.sum_of(path, listed):
                print(f"{shown} fails MD5 checksum")
        else:
            print(f"pkg_admin: {name}: File `{shown}' is in +CONTENTS but not on filesystem!", file=sys.stderr)
    return found


def _rebuild(m: Machine) -> int:
    """The database of files by name, which no simulated tool reads; a list that names nothing ends it early."""
    files, present = 0, packages.installed(m)
    for base, version in present.items():
        if packages.packing_list(m, f"{base}-{version}") is None:
            raise SimError(f"pkg_admin: Package `{base}-{version}' has no @name, aborting.")
        files += len(packages.listed_files(m, f"{base}-{version}"))
    print(f"\nStored {files} files and 0 explicit directories from {len(present)} packages in "
          f"{packages.database(m, inside=True)}/pkgdb.byfile.db.\nDone.")
    return 0


def _rebuild_tree(m: Machine) -> int:
    """+REQUIRED_BY of all packages anew, from what their lists say they depend on."""
    for path in packages.database(m).glob("*/+REQUIRED_BY"):
        path.unlink()
    for base, version in packages.installed(m).items():
        for word, pattern in packages.packing_list(m, f"{base}-{version}") or []:
            if word != "@pkgdep":
                continue
            needed = packages.needed_by(m, pattern)
            if needed is None:
                print(f"pkg_admin: Dependency {pattern} of {base}-{version} unresolved", file=sys.stderr)
            else:
                packages.add_line(packages.database(m) / needed / "+REQUIRED_BY", f"{base}-{version}")
    print("Done.")
    return 0


def _find_best(m: Machine, names: list[str]) -> int:
    """Prints where the mirror of PKG_PATH has a package; 1 if it lacks one."""
    rc = 0
    for name in names:
        try:
            package = pkgadd.find(m, name)
        except SimError:
            rc = 1
        else:
            print(f"{os.environ['PKG_PATH'].split(';')[0].rstrip('/')}/{package.name}.tgz")
    return rc
