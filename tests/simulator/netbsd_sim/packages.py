# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""pkg_add, pkg_info and pkg_delete over the profile's package mirror, and what pkgin and make share with them."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import shutil
import sys
from pathlib import Path

from . import catalogue
from .catalogue import PREFIX, Package
from .machine import Machine, NotSimulated, SimError

_RULE = "=" * 75


# --- what is installed -------------------------------------------------------------------------------------------


def database(m: Machine) -> Path:
    """Where packages are registered. The place changed in December 2020, and what is there already stays: a NetBSD 10
    begins with the new one (pkg_install lib/pkgdb.c, pkgdb_get_dir; etc/mtree/NetBSD.dist.base; pkgsrc.org, page
    pkgdb-change)."""
    return m.path("/usr/pkg/pkgdb" if int(m.profile.netbsd_release.split(".")[0]) >= 10 else "/var/db/pkg")


def installed(m: Machine) -> dict[str, str]:
    """Base name -> version of all registered packages, as pkg_info reads them: whether their files are there, it does
    not ask."""
    found = {}
    for entry in sorted(database(m).glob("*")):
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
    """Registered first, unpacked then, in the order of the packing list (pkg_install add/perform.c, pkg_do)."""
    _refuse_conflicts(m, package)
    _record(m, package)
    for number, file in enumerate(package.files):
        if number == len(package.files) // 2:
            m.midway()
        _write_file(m, file)
    for directory in package.directories:
        m.path(directory).mkdir(parents=True, exist_ok=True)
    for source, target, mode in package.conf_files:
        _copy_when_absent(m, f"{PREFIX}/share/examples/{source}", f"{PREFIX}/etc/{target}", mode)
    for script in package.rc_scripts:
        rcvar = "xenwatchdog" if script == "xen-watchdog" else script
        write_rc_script(m.path(f"{PREFIX}/share/examples/rc.d/{script}"), script,
                        rcvar=script != "xendomains", name=rcvar,
                        requires=package.rc_requires.get(script, ""), variable=package.rc_variables.get(script, ""),
                        origin=package.base)
    said.extend(_rc_messages(m, package, copy_rc_scripts))
    if package.message:
        said.append(f"{_RULE}\n$NetBSD: MESSAGE,v 1.1 $\n\n{package.message}{_RULE}")


def _refuse_conflicts(m: Machine, package: Package) -> None:
    """What pkg_add looks for: conflicts that either package declares, then files that another package has as well
    (pkg_install, files/add/perform.c: check_explicit_conflict, check_implicit_conflict). Raises SimError."""
    known = catalogue.available(m.profile)
    files = {file.path for file in package.files}
    for base, version in installed(m).items():
        if base == package.base:
            continue
        other = known.get(base)
        if base in package.conflicts or (other is not None and package.base in other.conflicts):
            raise SimError(f"pkg_add: Package `{package.name}' conflicts with `{base}-[0-9]*', and "
                           f"`{base}-{version}' is installed.\npkg_add: 1 package addition failed")
        shared = sorted(files & {file.path for file in other.files}) if other is not None else []
        if shared:
            raise SimError(f"pkg_add: Conflicting PLIST with {base}-{version}: {shared[0]}\n"
                           "pkg_add: 1 package addition failed")


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


def write_rc_script(path: Path, script: str, rcvar: bool, name: str = "", requires: str = "", variable: str = "",
                    origin: str = "") -> None:
    """An rc.d script: a header as rc.subr's scripts have it, then the simulator does the work. `origin` is the package
    that it comes from, which decides what it does; a script of the base system has none."""
    name = name or script.replace("-", "_")
    requires = requires or "DAEMON"
    keyword = "# KEYWORD: shutdown\n" if script == "xendomains" else ""
    lines = [f"#!/bin/sh\n#\n# PROVIDE: {script}\n# REQUIRE: {requires}\n{keyword}#\n",
             f"# Simulated: calls the simulator, as the script of {origin}.\n\n" if origin else "\n",
             f'name="{name}"\n', f"rcvar={variable or '$name'}\n" if rcvar else "",
             '\nexec /.sim/bin/rcscript "$0" "$@"\n']
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines))
    path.chmod(0o755 if origin else 0o555)


def _record(m: Machine, package: Package) -> None:
    directory = database(m) / package.name
    directory.mkdir(parents=True, exist_ok=True)
    files = [f"{file.path}\n{_sum(file)}" for file in package.files]
    files += [f"share/examples/rc.d/{name}" for name in package.rc_scripts]
    contents = [f"@name {package.name}", "@comment built by the simulator", f"@cwd {PREFIX}",
                *(f"@pkgcfl {name}-[0-9]*" for name in package.conflicts), *sorted(files)]
    (directory / "+CONTENTS").write_text("\n".join(contents) + "\n")
    (directory / "+COMMENT").write_text(package.comment + "\n")
    (directory / "+DESC").write_text(package.comment + "\n")
    (directory / "+BUILD_INFO").write_text(
        f"MACHINE_ARCH={m.profile.processor}\nOPSYS=NetBSD\nOS_VERSION={m.profile.netbsd_release}\nPKGTOOLS_VERSION=20240821\n")
    (directory / "+SIZE_PKG").write_text("4096\n")


def _sum(file: catalogue.File) -> str:
    """The comment behind a file's line (pkg_install create/pl.c, check_list)."""
    if file.link:
        return f"@comment Symlink:{file.link}"
    return f"@comment MD5:{hashlib.md5(file.content or file.path.encode(), usedforsecurity=False).hexdigest()}"


def delete(m: Machine, base: str) -> None:
    """Remove an installed package's files. What it copied to /etc/rc.d and etc/ stays, as pkg_delete leaves changed
    files alone."""
    directory = database(m) / f"{base}-{installed(m)[base]}"
    files = [line for line in (directory / "+CONTENTS").read_text().splitlines() if not line.startswith("@")]
    for number, line in enumerate(files):
        if number == len(files) // 2:
            m.midway()
        path = m.path(f"{PREFIX}/{line}")
        if path.is_symlink() or path.exists():
            path.unlink()
    shutil.rmtree(directory)


# --- the commands ------------------------------------------------------------------------------------------------


def pkg_add(m: Machine, argv: list[str]) -> int:
    """pkg_add [-fInUuv] name...; the mirror is that of PKG_PATH, which must be the release's own. It is asked first,
    whatever is installed (pkg_install add/perform.c, pkg_do: find_archive)."""
    flags, names = options(argv[1:], "fUuvIn")
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
        if "n" in flags:
            _refuse_conflicts(m, package)
            continue
        said: list[str] = []
        install(m, [plain], wants_rc_scripts(), said)
        print("\n".join(said), end="\n" if said else "")
    return 0


def _check_mirror(m: Machine, source: str, name: str) -> None:
    wanted = f"/NetBSD/({m.profile.arch}|{m.profile.processor})/{re.escape(m.profile.netbsd_release)}/All/?$"
    if not any(re.search(wanted, part) for part in source.split(";")):
        raise SimError(f"pkg_add: no pkg found for '{name}', sorry.\npkg_add: 1 package addition failed")


def wants_rc_scripts() -> bool:
    return os.environ.get("PKG_RCD_SCRIPTS", "NO").lower() in ("yes", "true", "on", "1")


def pkg_info(m: Machine, argv: list[str]) -> int:
    """pkg_info [-a] | -e PATTERN | -E PATTERN | -L NAME | -V (record pkg_info.txt)."""
    flags, names = options(argv[1:], "aeELQqVvu")
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
        text = (database(m) / match / "+CONTENTS").read_text()
        files = [f"{PREFIX}/{line}" for line in text.splitlines() if not line.startswith("@")]
        around = ("", "") if "q" in flags else (f"Information for {match}:\n\nFiles:\n", "\n\n")
        print("\n".join(files).join(around))
        return 0
    if names:
        raise NotSimulated(f"pkg_info {' '.join(argv[1:])}")
    for base, version in present.items():
        comment = (database(m) / f"{base}-{version}" / "+COMMENT").read_text().strip()
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
    _flags, names = options(argv[1:], "frvA")
    rc = 0
    for name in names:
        match = _installed_match(installed(m), name)
        if match is None:
            print(f"pkg_delete: No matches found for pattern `{name}'", file=sys.stderr)
            rc = 1
            continue
        delete(m, match.rpartition("-")[0])
    return rc


def options(words: list[str], known: str, usage: str = "") -> tuple[set[str], list[str]]:
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
