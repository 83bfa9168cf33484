# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""pkg_info, pkg_delete, and what all package tools share: the database and the files of what is installed."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import shutil
import sys
from pathlib import Path

from ..core import forms, rcscripts
from ..core.machine import Machine, NotSimulated, SimError
from . import catalogue
from .catalogue import PREFIX, Package

_RULE = "=" * 75
VERSION = "20240821"  # of pkg_install, as pkg_add -V says (record pkg_add-V has an older one)


# --- what is installed -------------------------------------------------------------------------------------------


def database(m: Machine, inside: bool = False) -> Path:
    """Where packages are registered; with `inside` as the machine sees it. The place changed in December 2020, and
    what is there already stays: a NetBSD 10 begins with the new one (pkg_install lib/pkgdb.c, pkgdb_get_dir;
    etc/mtree/NetBSD.dist.base; pkgsrc.org, page pkgdb-change)."""
    path = "/usr/pkg/pkgdb" if int(m.profile.netbsd_release.split(".")[0]) >= 10 else "/var/db/pkg"
    return Path(path) if inside else m.path(path)


def installed(m: Machine) -> dict[str, str]:
    """Base name -> version of all registered packages, as pkg_info reads them: whether their files are there, it does
    not ask."""
    found: dict[str, str] = {}
    for entry in sorted(database(m).glob("*")):
        if (entry / "+CONTENTS").exists():
            base, _dash, version = entry.name.rpartition("-")
            # What a killed `pkg_add -U` left counts as a version, beside the package itself.
            found.setdefault(base, version)
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
    raise SimError(f"pkg_add: no pkg found for '{name}', sorry.")


def _install_one(m: Machine, package: Package, copy_rc_scripts: bool, said: list[str]) -> None:
    """Registered first, unpacked then, in the order of the packing list (pkg_install add/perform.c, pkg_do). What it
    needs and is not there comes before it."""
    refuse_conflicts(m, package)
    for pattern in package.depends:
        if needed_by(m, pattern) is None:
            wanted = find(m, base_of(pattern))
            _install_one(m, wanted, copy_rc_scripts, said)
            (database(m) / wanted.name / "+INSTALLED_INFO").write_text("automatic=YES\n")
    record(m, package)
    unpack(m, package, copy_rc_scripts, said)


def base_of(pattern: str) -> str:
    """The base name in a @pkgdep pattern: yajl of yajl>=2.1.0nb1."""
    return re.split(r"[<>=]|-\[0-9\]", pattern)[0]


def needed_by(m: Machine, pattern: str) -> str | None:
    """The full name of the installed package that a @pkgdep pattern means."""
    base = base_of(pattern)
    version = installed(m).get(base)
    return None if version is None else f"{base}-{version}"


def unpack(m: Machine, package: Package, copy_rc_scripts: bool, said: list[str]) -> None:
    """The files, what the install script does, and who needs whom."""
    for number, file in enumerate(package.files):
        if number == len(package.files) // 2:
            m.midway()
        _write_file(m, file)
    for directory in package.directories:
        m.path(directory).mkdir(parents=True, exist_ok=True)
    for source, target, mode in package.conf_files:
        _copy_when_absent(m, f"{PREFIX}/share/examples/{source}", f"{PREFIX}/etc/{target}", mode)
    for script in package.rc_scripts:
        rcscripts.put(m.path(f"{PREFIX}/share/examples/rc.d/{script}"), _packaged_script(package, script), 0o755)
    _register_depends(m, package)
    said.extend(_rc_messages(m, package, copy_rc_scripts))
    if package.message:
        said.append(f"{_RULE}\n$NetBSD: MESSAGE,v 1.1 $\n\n{package.message}{_RULE}")


def _packaged_script(package: Package, script: str) -> str:
    name = "xenwatchdog" if script == "xen-watchdog" else script
    return rcscripts.text(script, script != "xendomains", name, package.rc_requires.get(script, ""),
                          package.rc_variables.get(script, ""), package.base)


def _register_depends(m: Machine, package: Package) -> None:
    """Each package knows by +REQUIRED_BY who needs it (pkg_install add/perform.c, pkg_register_depends)."""
    for pattern in package.depends:
        needed = needed_by(m, pattern)
        if needed is not None:
            add_line(database(m) / needed / "+REQUIRED_BY", package.name)


def add_line(path: Path, line: str) -> None:
    with open(path, "a") as stream:
        stream.write(line + "\n")


def refuse_conflicts(m: Machine, package: Package) -> None:
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
                           f"`{base}-{version}' is installed.")
        shared = sorted(files & {file.path for file in other.files}) if other is not None else []
        if shared:
            raise SimError(f"pkg_add: Conflicting PLIST with {base}-{version}: {shared[0]}")


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


def record(m: Machine, package: Package, name: str = "") -> None:
    """Register a package: its packing list and what else is about it, in a directory of its own."""
    directory = database(m) / (name or package.name)
    directory.mkdir(parents=True, exist_ok=True)
    # Which package has which file, kept by pkg_add (record pkg-db, NetBSD 7.99.10).
    (directory.parent / "pkgdb.byfile.db").touch()
    files = [f"{file.path}\n{_sum(file)}" for file in package.files]
    files += [f"share/examples/rc.d/{script}\n@comment MD5:{_md5(_packaged_script(package, script).encode())}"
              for script in package.rc_scripts]
    contents = [f"@name {package.name}", "@comment built by the simulator", f"@cwd {PREFIX}",
                *(f"@blddep {find(m, base_of(pattern)).name}\n@pkgdep {pattern}" for pattern in package.depends),
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
    return f"@comment MD5:{_md5(file.content or file.path.encode())}"


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def sum_of(path: Path, listed: str) -> str:
    """The MD5 sum that a file of a package has. A command of the simulator stands for the program whose name it has."""
    is_command = path.is_symlink() and os.readlink(path) == "/.sim/bin/command"
    return _md5(listed.encode() if is_command else path.read_bytes())


def packing_list(m: Machine, name: str) -> list[tuple[str, str]] | None:
    """(command, argument) of each line of a package's packing list, the command of a file being empty; None if it has
    no @name, as one that came back from a power cut full of NUL. A line ends at its first NUL (pkg_install lib/plist.c,
    append_plist: fgets and strlen)."""
    found = []
    for line in (database(m) / name / "+CONTENTS").read_bytes().split(b"\n"):
        text = line.split(b"\0")[0].decode("utf-8", "replace").rstrip()
        if text:
            word, _blank, rest = text.partition(" ")
            found.append((word, rest) if word.startswith("@") else ("", text))
    return found if any(word == "@name" for word, _rest in found) else None


def listed_files(m: Machine, name: str) -> list[tuple[str, str]]:
    """(path below /usr/pkg, the comment behind it) of each file in a packing list."""
    lines = packing_list(m, name) or []
    return [(rest, lines[at + 1][1] if lines[at + 1 : at + 2] and lines[at + 1][0] == "@comment" else "")
            for at, (word, rest) in enumerate(lines) if not word]


def delete(m: Machine, base: str) -> None:
    """Remove an installed package's files. What it copied to /etc/rc.d and etc/ stays, as pkg_delete leaves changed
    files alone."""
    delete_named(m, f"{base}-{installed(m)[base]}")


def delete_named(m: Machine, name: str) -> None:
    """As `delete`, by the full name."""
    remove_files(m, name)
    shutil.rmtree(database(m) / name)
    for other in database(m).glob("*/+REQUIRED_BY"):
        others = [line for line in other.read_text().splitlines() if line != name]
        other.write_text("".join(f"{line}\n" for line in others))


def remove_files(m: Machine, name: str) -> None:
    """What a packing list names, but for a file that has another content: that stays (pkg_install lib/plist.c,
    delete_package)."""
    files = listed_files(m, name)
    for number, (listed, comment) in enumerate(files):
        if number == len(files) // 2:
            m.midway()
        path = m.path(f"{PREFIX}/{listed}")
        if not path.is_symlink() and not path.exists():
            # record pkg-del-dep-broken
            print(f"pkg_delete: can't readlink `{PREFIX}/{listed}': No such file or directory"
                  if comment.startswith("Symlink:") else
                  f"pkg_delete: Couldn't remove {PREFIX}/{listed}: No such file or directory", file=sys.stderr)
        elif comment.startswith("MD5:") and comment[4:] != sum_of(path, listed):
            print(f"original MD5 checksum failed, not deleting: {PREFIX}/{listed}")
        else:
            path.unlink()
            _remove_empty(m, path.parent)


def _remove_empty(m: Machine, directory: Path) -> None:
    """Directories that hold nothing any more go too (record pkg-rcd)."""
    while directory != m.path(PREFIX) and not any(directory.iterdir()):
        directory.rmdir()
        directory = directory.parent


# --- the commands ------------------------------------------------------------------------------------------------


def wants_rc_scripts() -> bool:
    return os.environ.get("PKG_RCD_SCRIPTS", "NO").lower() in ("yes", "true", "on", "1")


def pkg_info(m: Machine, argv: list[str]) -> int:
    """pkg_info [-a] | -e PATTERN | -E PATTERN | -L NAME | -V (record pkg_info.txt)."""
    flags, _values, names = forms.read(argv)
    present = installed(m)
    if "V" in flags:
        print(VERSION)
        return 0
    if {"e", "E"} & flags:
        for pattern in names:
            match = installed_match(present, pattern)
            if match is None:
                return 1
            print(match)
        return 0
    if {"L", "X"} & flags:
        match = installed_match(present, names[0])
        if match is None:
            raise SimError(f"pkg_info: can't find package `{names[0]}'")
        if "X" in flags:
            raise NotSimulated(" ".join(argv))
        files = [f"{PREFIX}/{path}" for path, _comment in listed_files(m, match)]
        around = ("", "") if "q" in flags else (f"Information for {match}:\n\nFiles:\n", "\n\n")
        print("\n".join(files).join(around))
        return 0
    if names:
        raise NotSimulated(f"pkg_info {' '.join(argv[1:])}")
    for base, version in present.items():
        comment = (database(m) / f"{base}-{version}" / "+COMMENT").read_bytes().split(b"\0")[0]
        print(f"{base + '-' + version:<19} {comment.decode('utf-8', 'replace').strip()}")
    return 0


def installed_match(present: dict[str, str], pattern: str) -> str | None:
    for base, version in present.items():
        full = f"{base}-{version}"
        if pattern in (base, full) or fnmatch.fnmatch(full, pattern) or _relation_holds(pattern, base, version):
            return full
    return None


def _relation_holds(pattern: str, base: str, version: str) -> bool:
    """BASE>=VERSION and the like (record pkg-info-e-pattern). Of a version only its numbers count here."""
    match = re.fullmatch(r"(.+?)(>=|<=|>|<)([\w.]+)", pattern)
    if match is None or match[1] != base:
        return False
    ours, other = ([int(number) for number in re.findall(r"\d+", text)] for text in (version, match[3]))
    return {">=": ours >= other, "<=": ours <= other, ">": ours > other, "<": ours < other}[match[2]]


def pkg_delete(m: Machine, argv: list[str]) -> int:
    """pkg_delete [-v] name... (records pkg-del*, pkg_delete-missing; power-cut/README)."""
    flags, _values, names = forms.read(argv)
    if not database(m).exists():
        raise SimError("pkg_delete: Opening pkgdb failed")
    rc = 0
    for name in names:
        match = installed_match(installed(m), name)
        if match is None:
            print(f"pkg_delete: No matching package for basename `{name}' of `{name}'", file=sys.stderr)
            rc = 1
            continue
        needed_by_others = required_by(m, match)
        if needed_by_others and "f" not in flags:
            print(f"Package `{match}' is still required by other packages:\n"
                  + "".join(f"\t{other}\n" for other in needed_by_others), end="", file=sys.stderr)
            rc = 1
        elif packing_list(m, match) is None:
            print(f"pkg_delete: Package `{match}' doesn't have a prefix", file=sys.stderr)
            rc = 1
        else:
            delete(m, match.rpartition("-")[0])
    return rc


def required_by(m: Machine, name: str) -> list[str]:
    """The packages that say they need one."""
    path = database(m) / name / "+REQUIRED_BY"
    return [line for line in path.read_text().split("\n") if line.strip("\0")] if path.exists() else []
