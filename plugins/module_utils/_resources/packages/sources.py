# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Where packages come from: pkgin(1), pkg_add(1) or a pkgsrc tree. All register what they install alike, so that
pkg_info(1) shows it and pkg_delete(1) removes it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ... import _packages, _progress
from ..._change import CommandFailed, XenError
from ..._command import Result, told
from ..._formats.system import damage
from ..._host import Host
from . import check

# With the last one the admin himself has brought Xen, by whatever means.
SOURCES = ("pkgin", "pkg_add", "pkgsrc", "none")
PKGIN = "/usr/pkg/bin/pkgin"
PKGIN_REPOSITORIES = "/usr/pkg/etc/pkgin/repositories.conf"
MAKE = "/usr/bin/make"
# Where pkgin puts what it fetches (pkgin.h).
PKGIN_CACHE = "/var/db/pkgin/cache"
FETCH_SECONDS = 1800.0
# The tools of Xen with all that they are built with, on an old machine with one processor.
BUILD_SECONDS = 12 * 3600.0
REMOVE_SECONDS = 300.0


@dataclass(frozen=True)
class Source:
    """``kind`` is one of SOURCES; ``repository`` a URL or empty; ``tree`` a pkgsrc tree."""

    kind: str
    repository: str
    tree: str


def directory(tree: str, package: str) -> str:
    """Where a pkgsrc tree has a package: sysutils/xenkernel420, sysutils/xentools3-hvm, sysutils/grub2,
    sysutils/e2fsprogs."""
    return f"{tree}/sysutils/{package}"


def buildable(host: Host, tree: str) -> list[str]:
    """The packages of Xen, GRUB and guests' disks that a pkgsrc tree has; empty where there is no tree."""
    known = ("xenkernel", "xentools", "grub", "e2fsprogs")
    names = [name for name in host.list_dir(f"{tree}/sysutils") if name.startswith(known)]
    return [name for name in names if host.exists(directory(tree, name) + "/Makefile")]


def refresh(host: Host, source: Source) -> None:
    """Let pkgin know what the repository has today; it fetches the list only if there is a newer one."""
    if source.kind == "pkgin":
        _run(host, source, [PKGIN, "-y", "update"], FETCH_SECONDS)


def prepare(host: Host, source: Source, packages: Sequence[str], remove: Sequence[str]) -> None:
    """Get everything that does not change the machine out of the way: what can't be had is known before anything is
    removed for it. pkg_add(1) has no such step, so the mirror is asked whether it has them. (Not with ``pkg_add -n``:
    it fails if another version is installed or a dependency is not, records pkg-add-n, pkg-add-n-other-version.)"""
    if not remove:
        return
    if source.kind == "pkgin":
        _run(host, source, [PKGIN, "-y", "-d", "install", *packages], FETCH_SECONDS)
    elif source.kind == "pkg_add":
        _find(host, source, packages)
    else:
        for package in packages:
            _make(host, source, package, "build")


def mend(host: Host, source: Source, damaged: Mapping[str, str]) -> None:
    """Put packages that are installed and not whole in place again, in that order; base name to full name.

    ``pkg_add -U`` for each, whoever installed it: everything else refuses, or says that they are installed (record
    power-cut). That goes for pkgin, too: it compares versions and build dates only (pkgin impact.c, calculate_action),
    so the same package is "nothing to do"; each of its commands first reads all that is installed by ``pkg_info -Xa``
    (summary.c), lists of NUL included; and what it does for a package of another date is ``pkg_add -DU`` (actions.c).
    In a pkgsrc tree ``make replace`` is ``pkg_add -U -D`` of what was built (mk/pkgformat/pkg/replace.mk).
    """
    if source.kind == "pkgsrc":
        for base, package in damaged.items():
            _clear(host, package)
            _make(host, source, base, "replace")
            _make(host, source, base, "clean")
    else:
        source = _for_pkg_add(host, source)
        # All of them are known to be there before the first one is touched.
        archives = _find(host, source, list(damaged))
        for archive, package in zip(archives, damaged.values()):
            _clear(host, package)
            _run(host, source, [_packages.tool(host, "pkg_add"), "-U", archive], FETCH_SECONDS)
    # +REQUIRED_BY is kept as it was found, and what is lost with a packing list is not in it.
    rebuild_tree(host)


def _clear(host: Host, package: str) -> None:
    """What stands in the way of ``pkg_add -U``: the rest of a killed one; a script of NUL, which can't be run, so that
    nothing is removed; and damaged notes and configuration files, which would be kept (pkg_install add/perform.c,
    start_replacing; delete/pkg_delete.c, remove_pkg; pkgsrc mk/pkginstall)."""
    clear_rest(host, package.rpartition("-")[0])
    directory = _packages.entry(host, package)
    if directory is None:
        return
    notes = [f"{directory}/{name}" for name in ("+DEINSTALL", "+REQUIRED_BY", "+INSTALLED_INFO")]
    lost = [path for path in notes if damage.by_power_cut(host.content(path))]
    for path in [*lost, *check.lost_copies(host, _packages.listed(host, package) or "")]:
        host.remove(path)


def clear_rest(host: Host, base: str) -> bool:
    """Remove the entry that a killed ``pkg_add -U`` left of a package: the next one stops at it, and without the
    package's own entry it counts as another version. Returns whether there was one."""
    found = rests(host).get(base, [])
    for directory in found:
        for name in host.list_dir(directory):
            host.remove(f"{directory}/{name}")
        host.remove_dir(directory)
    return bool(found)


def rests(host: Host) -> dict[str, list[str]]:
    """The entries that killed ``pkg_add -U`` left, by the base names of their packages."""
    found: dict[str, list[str]] = {}
    for database in _packages.DATABASES:
        for name in host.list_dir(database):
            if name.endswith(_packages.REPLACING):
                found.setdefault(name.rpartition("-")[0], []).append(f"{database}/{name}")
    return found


def rebuild_tree(host: Host) -> None:
    """Note again who needs whom, from the packing lists."""
    host.run([_packages.tool(host, "pkg_admin"), "rebuild-tree"], timeout=REMOVE_SECONDS)


def _find(host: Host, source: Source, packages: Sequence[str]) -> list[str]:
    """Where the mirror has packages: one URL each. Raises CommandFailed for one that it lacks."""
    found = []
    for package in packages:
        argv = [_packages.tool(host, "pkg_admin"), "findbest", package]
        try:
            found.append(_run(host, source, argv, FETCH_SECONDS).stdout.split()[0])
        except (CommandFailed, IndexError) as error:
            raise CommandFailed(
                f"The mirror is not reached, or does not have {package}, so nothing was removed: {error}",
                command=argv,
            ) from error
    return found


def _for_pkg_add(host: Host, source: Source) -> Source:
    """pkgin's repository as one of pkg_add(1): what was given, or what pkgin is set to, with its two macros replaced
    (pkgin(1), FILES). pkg_add separates several with semicolons."""
    if source.kind != "pkgin":
        return source
    given = source.repository.split()
    if not given:
        lines = (host.read_text(PKGIN_REPOSITORIES) or "").splitlines()
        given = [line.strip() for line in lines if "://" in line and not line.lstrip().startswith("#")]
    if not given or damage.of(" ".join(given)):
        raise XenError(
            f"Packages have to be put in place again, and {PKGIN_REPOSITORIES} names no repository to have them from. "
            f"Give one (dom0_pkg_repository)."
        )
    urls = [url.replace("$arch", host.processor).replace("$osrelease", host.release) for url in given]
    return Source("pkg_add", ";".join(urls), source.tree)


def install(host: Host, source: Source, packages: Sequence[str]) -> None:
    """Install the packages in their order, with what they depend on."""
    if source.kind == "pkgin":
        _run(host, source, [PKGIN, "-y", "install", *packages], FETCH_SECONDS)
    elif source.kind == "pkg_add":
        # One at a time: a failure with the first is not hidden behind the second.
        for package in packages:
            _run(host, source, [_packages.tool(host, "pkg_add"), package], FETCH_SECONDS)
    else:
        for package in packages:
            _make(host, source, package, "install")
            # The work directory of a Xen takes gigabytes.
            _make(host, source, package, "clean")


def remove(host: Host, package: str) -> None:
    """Remove a package. Its changed configuration files and the scripts in /etc/rc.d stay."""
    host.run([_packages.tool(host, "pkg_delete"), package], timeout=REMOVE_SECONDS)


def _run(host: Host, source: Source, argv: Sequence[str], timeout: float) -> Result:
    variable = "PKG_REPOS" if source.kind == "pkgin" else "PKG_PATH"
    env = {variable: source.repository} if source.repository else {}
    doing = "packages", " ".join(told([os.path.basename(argv[0]), *argv[1:]]))
    try:
        # What it fetches comes there first.
        with _progress.growing(*doing, PKGIN_CACHE) if source.kind == "pkgin" else _progress.during(*doing):
            return host.run(argv, timeout=timeout, env=env)
    except CommandFailed as error:
        where = f" ({variable}={told([source.repository])[0]})" if source.repository else ""
        raise CommandFailed(f"{error}{where}", **error.details) from error


def _make(host: Host, source: Source, package: str, target: str) -> None:
    """Run a target of pkgsrc (pkgsrc guide, chapter Using pkgsrc). With BATCH a package that asks questions fails
    instead of waiting for an answer (mk/install/install.mk). What a package depends on is installed from the tree."""
    with _progress.during("packages", f"make {target} of {package}"):
        host.run([MAKE, "BATCH=yes", target], timeout=BUILD_SECONDS, cwd=directory(source.tree, package))
