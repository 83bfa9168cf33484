# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pkgsrc tree and make(1) in it: the same packages as the mirror's, built on the machine.

Targets: the pkgsrc guide, "Building packages from source", and mk/pkgformat/pkg/check.mk for a package that is there
already. `show-var` and `show-vars` print variables by name.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from ..core import forms
from ..core.machine import Machine, NotSimulated, SimError
from . import catalogue, packages
from .catalogue import Package

TREE = "/usr/pkgsrc"
BUILD_SECONDS = 60.0

_BUILDS = ("all", "build", "install", "package", "package-install", "replace", "reinstall")
_OTHERS = ("clean", "clean-depends", "deinstall", "show-var", "show-vars", "fetch", "checksum", "depends")


def create(m: Machine) -> None:
    """Write the tree: what belongs to Xen and to booting."""
    for package in catalogue.available(m.profile).values():
        if re.match(r"xen(kernel|tools)\d|grub", package.base):
            directory = m.path(f"{TREE}/sysutils/{package.base}")
            directory.mkdir(parents=True, exist_ok=True)
            (directory / "Makefile").write_text(
                f"# $NetBSD$\n\nPKGNAME=\t{package.name}\nCATEGORIES=\tsysutils\nCOMMENT=\t{package.comment}\n\n"
                '.include "../../mk/bsd.pkg.mk"\n')
    mk = m.path(f"{TREE}/mk")
    mk.mkdir(parents=True, exist_ok=True)
    (mk / "bsd.pkg.mk").write_text("# simulated: make knows what to do\n")


def make(m: Machine, argv: list[str]) -> int:
    """make [-C DIRECTORY] [VARIABLE=VALUE]... [TARGET]... in a package's directory of the tree."""
    _letters, values, words = forms.read(argv)
    directory, targets, variables = os.path.join(os.getcwd(), *values.get("C", [])), [], {}
    for word in words:
        if re.match(r"\w+=", word):
            name, _equals, value = word.partition("=")
            variables[name] = value
        else:
            targets.append(word)
    directory = os.path.abspath(directory)
    package = _package_of(m, directory)
    try:
        for target in targets or ["all"]:
            _run(m, package, target, variables)
    except SimError as error:
        print(error.message, file=sys.stderr)
        print(f"*** Error code {error.rc}\n\nStop.\nmake: stopped in {directory}", file=sys.stderr)
        return 1
    return 0


def _package_of(m: Machine, directory: str) -> Package:
    makefile = m.path(f"{directory}/Makefile")
    if Path(directory).parent != Path(f"{TREE}/sysutils") or not makefile.is_file():
        raise NotSimulated(f"make in {directory}")
    # A tree of another branch has other packages.
    return packages.find(m, os.path.basename(directory))


def _run(m: Machine, package: Package, target: str, variables: dict[str, str]) -> None:
    if target not in _BUILDS + _OTHERS:
        raise SimError(f"make: don't know how to make {target}", 2)
    if target in ("show-var", "show-vars"):
        _show(package, variables)
    elif target == "clean":
        print(f"===> Cleaning for {package.name}")
        work = _work(m, package)
        if (work / ".build_done").exists():
            (work / ".build_done").unlink()
            work.rmdir()
    elif target == "deinstall":
        print(f"===> Deinstalling for {package.name}")
        if package.base in packages.installed(m):
            packages.delete(m, package.base)
    elif target in _BUILDS:
        _build(m, package, target)


def _show(package: Package, variables: dict[str, str]) -> None:
    known = {"PKGNAME": package.name, "PKGBASE": package.base, "PKGVERSION": package.version,
             "PREFIX": catalogue.PREFIX, "LOCALBASE": catalogue.PREFIX}
    for name in (variables.get("VARNAME") or variables.get("VARNAMES", "")).split():
        if name not in known:
            raise NotSimulated(f"make show-var VARNAME={name}")
        print(known[name])


def _work(m: Machine, package: Package) -> Path:
    return m.path(f"{TREE}/sysutils/{package.base}/work")


def _build(m: Machine, package: Package, target: str) -> None:
    present = packages.installed(m).get(package.base)
    done = _work(m, package) / ".build_done"
    if not done.exists():
        print(f"===> Building for {package.name}", flush=True)
        m.sleep(BUILD_SECONDS)
        done.parent.mkdir(exist_ok=True)
        done.touch()
    if target in ("all", "build", "package"):
        return
    if present and target in ("replace", "reinstall"):
        packages.delete(m, package.base)
    elif present:
        raise SimError(f"ERROR: {package.base}-{present} is already installed - perhaps an older version?\n"
                       "ERROR: If so, you may use either of:\n"
                       f'ERROR:     - "pkg_delete {package.base}-{present}" and "/usr/bin/make reinstall"\n'
                       "ERROR:       to upgrade properly")
    print(f"===> Installing for {package.name}", flush=True)
    said: list[str] = []
    packages.install(m, [package.name], packages.wants_rc_scripts(), said)
    print("\n".join(said), end="\n" if said else "")
