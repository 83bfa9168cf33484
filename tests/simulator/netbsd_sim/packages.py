# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""pkg_add, pkg_info, pkg_delete and pkgin over the profile's package mirror."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import sys
from pathlib import Path

from . import catalogue
from .catalogue import PREFIX, Package
from .machine import Machine, NotSimulated, SimError

_DATABASE = "/var/db/pkg"
_RULE = "=" * 75


# --- what is installed -------------------------------------------------------------------------------------------


def installed(m: Machine) -> dict[str, str]:
    """Base name -> version of all installed packages, from /var/db/pkg as pkg_info reads it."""
    found = {}
    for entry in sorted(m.path(_DATABASE).iterdir()):
        if (entry / "+CONTENTS").exists():
            base, _dash, version = entry.name.rpartition("-")
            found[base] = version
    return found


def install(m: Machine, names: list[str], copy_rc_scripts: bool = False, out: list[str] | None = None) -> None:
    """Install packages by base name or name-version. Text that pkg_add prints is appended to `out`."""
    said = out if out is not None else []
    for name in names:
        _install_one(m, find(m, name), copy_rc_scripts, said)


def find(m: Machine, name: str) -> Package:
    """The package of the mirror with that base name or full name. Raises SimError with pkg_add's words."""
    name = name.removesuffix(".tgz")
    for package in catalogue.available(m.profile).values():
        if name in (package.base, package.name) or fnmatch.fnmatch(package.name, name):
            return package
    raise SimError(f"pkg_add: no pkg found for '{name}', sorry.\npkg_add: 1 package addition failed")


def _install_one(m: Machine, package: Package, copy_rc_scripts: bool, said: list[str]) -> None:
    present = installed(m)
    for other in package.conflicts:
        if other in present:
            raise SimError(f"pkg_add: Package `{package.name}' conflicts with `{other}-[0-9]*', and "
                           f"`{other}-{present[other]}' is installed.\npkg_add: 1 package addition failed")
    for file in package.files:
        _write_file(m, file)
    for directory in package.directories:
        m.path(directory).mkdir(parents=True, exist_ok=True)
    for source, target, mode in package.conf_files:
        _copy_when_absent(m, f"{PREFIX}/share/examples/{source}", f"{PREFIX}/etc/{target}", mode)
    for script in package.rc_scripts:
        rcvar = "xenwatchdog" if script == "xen-watchdog" else script
        write_rc_script(m.path(f"{PREFIX}/share/examples/rc.d/{script}"), script,
                        rcvar=script != "xendomains", name=rcvar, package=True,
                        requires=package.rc_requires.get(script, ""))
    _record(m, package)
    said.extend(_rc_messages(m, package, copy_rc_scripts))
    if package.message:
        said.append(f"{_RULE}\n$NetBSD: MESSAGE,v 1.1 $\n\n{package.message}{_RULE}")


def _write_file(m: Machine, file: catalogue.File) -> None:
    path = m.path(f"{PREFIX}/{file.path}")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or path.exists():
        path.unlink()
    if file.command:
        path.symlink_to("/.sim/bin/command")
    elif file.link:
        path.symlink_to(file.link)
    else:
        path.write_bytes(file.content)
        path.chmod(file.mode)


def _copy_when_absent(m: Machine, source: str, target: str, mode: int) -> None:
    path = m.path(target)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(m.path(source), path)
        path.chmod(mode)


def _rc_messages(m: Machine, package: Package, copy: bool) -> list[str]:
    """Copy rc.d scripts, or tell that they should be (facts section 2.1)."""
    if not package.rc_scripts:
        return []
    if not copy:
        lines = [f"\t/etc/rc.d/{name} (m=0755)\n\t    [{PREFIX}/share/examples/rc.d/{name}]"
                 for name in package.rc_scripts]
        return [f"{_RULE}\nThe following files should be created for {package.name}:\n", *lines, f"\n{_RULE}"]
    said = [f"{package.name}: Installing files needed by {package.name}:"]
    for name in package.rc_scripts:
        target = m.path(f"/etc/rc.d/{name}")
        if target.exists():
            said.append(f"{package.name}: /etc/rc.d/{name} already exists.")
            continue
        shutil.copyfile(m.path(f"{PREFIX}/share/examples/rc.d/{name}"), target)
        target.chmod(0o755)
        said.append(f"\t/etc/rc.d/{name}\n\t    [{PREFIX}/share/examples/rc.d/{name}]")
    return said


def write_rc_script(path: Path, script: str, rcvar: bool, name: str = "", package: bool = False,
                    requires: str = "") -> None:
    """An rc.d script: a header as rc.subr's scripts have it, then the simulator does the work."""
    name = name or script.replace("-", "_")
    requires = requires or "DAEMON"
    keyword = "# KEYWORD: shutdown\n" if script == "xendomains" else ""
    lines = [f"#!/bin/sh\n#\n# PROVIDE: {script}\n# REQUIRE: {requires}\n{keyword}#\n",
             "# Simulated: a script that calls the simulator.\n\n" if package else "\n",
             f'name="{name}"\n', "rcvar=$name\n" if rcvar else "", '\nexec /.sim/bin/rcscript "$0" "$@"\n']
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines))
    path.chmod(0o755 if package else 0o555)


def _record(m: Machine, package: Package) -> None:
    directory = m.path(f"{_DATABASE}/{package.name}")
    directory.mkdir(parents=True, exist_ok=True)
    files = [file.path for file in package.files] + [f"share/examples/rc.d/{name}" for name in package.rc_scripts]
    contents = [f"@name {package.name}", "@comment built by the simulator", f"@cwd {PREFIX}",
                *(f"@pkgcfl {name}-[0-9]*" for name in package.conflicts), *sorted(files)]
    (directory / "+CONTENTS").write_text("\n".join(contents) + "\n")
    (directory / "+COMMENT").write_text(package.comment + "\n")
    (directory / "+DESC").write_text(package.comment + "\n")
    (directory / "+BUILD_INFO").write_text(
        f"MACHINE_ARCH={m.profile.processor}\nOPSYS=NetBSD\nOS_VERSION={m.profile.netbsd_release}\nPKGTOOLS_VERSION=20240821\n")
    (directory / "+SIZE_PKG").write_text("4096\n")


def delete(m: Machine, base: str) -> None:
    """Remove an installed package's files. What it copied to /etc/rc.d and etc/ stays, as pkg_delete leaves changed
    files alone."""
    directory = m.path(f"{_DATABASE}/{base}-{installed(m)[base]}")
    for line in (directory / "+CONTENTS").read_text().splitlines():
        if not line.startswith("@"):
            path = m.path(f"{PREFIX}/{line}")
            if path.is_symlink() or path.exists():
                path.unlink()
    shutil.rmtree(directory)


# --- the commands ------------------------------------------------------------------------------------------------


def pkg_add(m: Machine, argv: list[str]) -> int:
    """pkg_add [-fUuv] name...; the mirror is that of PKG_PATH, which must be the release's own."""
    flags, names = _options(argv[1:], "fUuvI")
    if not names:
        raise SimError("pkg_add: missing package name(s)\nusage: pkg_add [-AfhILnRuVv] [-C config] [-P destdir] "
                       "[-K pkg_dbdir]\n               [-m machine] [-p prefix] package ...")
    path = os.environ.get("PKG_PATH", "")
    for name in names:
        source, _slash, plain = name.rpartition("/")
        _check_mirror(m, source or path, name)
        package = find(m, plain)
        present = installed(m)
        if package.base in present and not {"f", "u", "U"} & flags:
            print(f"pkg_add: package `{package.base}-{present[package.base]}' already recorded as installed",
                  file=sys.stderr)
            continue
        said: list[str] = []
        install(m, [plain], _wants_rc_scripts(), said)
        print("\n".join(said), end="\n" if said else "")
    return 0


def _check_mirror(m: Machine, source: str, name: str) -> None:
    wanted = f"/NetBSD/({m.profile.arch}|{m.profile.processor})/{re.escape(m.profile.netbsd_release)}/All/?$"
    if not any(re.search(wanted, part) for part in source.split(";")):
        raise SimError(f"pkg_add: no pkg found for '{name}', sorry.\npkg_add: 1 package addition failed")


def _wants_rc_scripts() -> bool:
    return os.environ.get("PKG_RCD_SCRIPTS", "NO").lower() in ("yes", "true", "on", "1")


def pkg_info(m: Machine, argv: list[str]) -> int:
    """pkg_info [-a] | -e PATTERN | -E PATTERN | -L NAME | -V (record pkg_info.txt)."""
    flags, names = _options(argv[1:], "aeELQqVvu")
    present = installed(m)
    if "V" in flags:
        print("20240821")
        return 0
    if {"e", "E"} & flags:
        for pattern in names:
            match = _installed_match(present, pattern)
            if match is None:
                return 1
            print(match)
        return 0
    if "L" in flags:
        match = _installed_match(present, names[0])
        if match is None:
            raise SimError(f"pkg_info: can't find package `{names[0]}'")
        text = m.path(f"{_DATABASE}/{match}/+CONTENTS").read_text()
        files = [f"{PREFIX}/{line}" for line in text.splitlines() if not line.startswith("@")]
        print(f"Information for {match}:\n\nFiles:\n" + "\n".join(files) + "\n\n")
        return 0
    if names:
        raise NotSimulated(f"pkg_info {' '.join(argv[1:])}")
    for base, version in present.items():
        comment = m.path(f"{_DATABASE}/{base}-{version}/+COMMENT").read_text().strip()
        print(f"{base + '-' + version:<19} {comment}")
    return 0


def _installed_match(present: dict[str, str], pattern: str) -> str | None:
    for base, version in present.items():
        full = f"{base}-{version}"
        if pattern in (base, full) or fnmatch.fnmatch(full, pattern):
            return full
    return None


def pkg_delete(m: Machine, argv: list[str]) -> int:
    """pkg_delete [-frv] name..."""
    _flags, names = _options(argv[1:], "frvA")
    rc = 0
    for name in names:
        match = _installed_match(installed(m), name)
        if match is None:
            print(f"pkg_delete: No matches found for pattern `{name}'", file=sys.stderr)
            rc = 1
            continue
        delete(m, match.rpartition("-")[0])
    return rc


def pkgin(m: Machine, argv: list[str]) -> int:
    """pkgin [-ynpfv] update|install|remove|search|list|avail|upgrade|full-upgrade|clean (facts section 10)."""
    # -F went away in current pkgin: community.general.pkgin's `force` fails of it.
    flags, words = _options(argv[1:], "ynpfvdV", usage="pkgin: unknown option -- {}\n" + _PKGIN_USAGE)
    if not words:
        if "v" in flags:
            print(f"pkgin {m.profile.packages['pkgin']} (using SQLite 3.46.1)")
            return 0
        raise SimError(_PKGIN_USAGE)
    command, names = words[0], words[1:]
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
    if "n" in flags:
        return 0
    if "y" not in flags:
        raise NotSimulated("pkgin install without -y (it asks)")
    for package in missing:
        print(f"installing {package.name}...")
        said: list[str] = []
        try:
            if package.base in present:
                delete(m, package.base)
            install(m, [package.name], _wants_rc_scripts(), said)
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
        comment = m.path(f"{_DATABASE}/{base}-{version}/+COMMENT").read_text().strip()
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


def _options(words: list[str], known: str, usage: str = "") -> tuple[set[str], list[str]]:
    """Leading single-letter options and the rest. An unknown one ends loudly."""
    flags: set[str] = set()
    for index, word in enumerate(words):
        if not word.startswith("-") or word == "-":
            return flags, words[index:]
        for letter in word[1:]:
            if letter not in known:
                raise SimError(usage.format(letter)) if usage else NotSimulated(f"option -{letter}")
            flags.add(letter)
    return flags, []
