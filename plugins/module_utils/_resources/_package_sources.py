# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Where packages come from: pkgin(1), pkg_add(1) or a pkgsrc tree. All register what they install alike, so that
pkg_info(1) shows it and pkg_delete(1) removes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host

SOURCES = ("pkgin", "pkg_add", "pkgsrc")
PKGIN = "/usr/pkg/bin/pkgin"
MAKE = "/usr/bin/make"
# A newer pkg_install may be there as a package; else NetBSD's own does it.
TOOL_DIRECTORIES = ("/usr/pkg/sbin", "/usr/sbin")
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
    """Where a pkgsrc tree has a package: sysutils/xenkernel420, sysutils/xentools3-hvm, sysutils/grub2."""
    return f"{tree}/sysutils/{package}"


def buildable(host: Host, tree: str) -> list[str]:
    """The packages of Xen and GRUB that a pkgsrc tree has; empty where there is no tree."""
    names = [name for name in host.list_dir(f"{tree}/sysutils") if name.startswith(("xenkernel", "xentools", "grub"))]
    return [name for name in names if host.exists(directory(tree, name) + "/Makefile")]


def refresh(host: Host, source: Source) -> None:
    """Let pkgin know what the repository has today; it fetches the list only if there is a newer one."""
    if source.kind == "pkgin":
        _run(host, source, [PKGIN, "-y", "update"], FETCH_SECONDS)


def find(host: Host, source: Source, packages: Sequence[str]) -> None:
    """Make sure that pkg_add(1) can have what is registered and shall be installed again: with -n it only opens the
    archive (pkg_install add/perform.c, pkg_do). pkgin looks in refresh(), and the plan has looked into a tree."""
    if source.kind == "pkg_add":
        for package in packages:
            _run(host, source, [_tool(host, "pkg_add"), "-n", package], FETCH_SECONDS)


def prepare(host: Host, source: Source, packages: Sequence[str]) -> None:
    """Get everything that does not change the machine out of the way: what can't be had is known before anything is
    removed for it. pkg_add(1) has no such step."""
    if source.kind == "pkgin":
        _run(host, source, [PKGIN, "-y", "-d", "install", *packages], FETCH_SECONDS)
    elif source.kind == "pkgsrc":
        for package in packages:
            _make(host, source, package, "build")


def install(host: Host, source: Source, packages: Sequence[str]) -> None:
    """Install the packages in their order, with what they depend on."""
    if source.kind == "pkgin":
        _run(host, source, [PKGIN, "-y", "install", *packages], FETCH_SECONDS)
    elif source.kind == "pkg_add":
        # One at a time: a failure with the first is not hidden behind the second.
        for package in packages:
            _run(host, source, [_tool(host, "pkg_add"), package], FETCH_SECONDS)
    else:
        for package in packages:
            _make(host, source, package, "install")
            # The work directory of a Xen takes gigabytes.
            _make(host, source, package, "clean")


def remove(host: Host, package: str) -> None:
    """Remove a package. Its changed configuration files and the scripts in /etc/rc.d stay."""
    host.run([_tool(host, "pkg_delete"), package], timeout=REMOVE_SECONDS)


def _run(host: Host, source: Source, argv: Sequence[str], timeout: float) -> None:
    variable = "PKG_REPOS" if source.kind == "pkgin" else "PKG_PATH"
    env = {variable: source.repository} if source.repository else {}
    try:
        host.run(argv, timeout=timeout, env=env)
    except CommandFailed as error:
        where = f" ({variable}={source.repository})" if source.repository else ""
        raise CommandFailed(f"{error}{where}", **error.details) from error


def _make(host: Host, source: Source, package: str, target: str) -> None:
    """Run a target of pkgsrc (pkgsrc guide, chapter Using pkgsrc). With BATCH a package that asks questions fails
    instead of waiting for an answer (mk/install/install.mk). What a package depends on is installed from the tree."""
    host.run([MAKE, "BATCH=yes", target], timeout=BUILD_SECONDS, cwd=directory(source.tree, package))


def _tool(host: Host, name: str) -> str:
    paths = [f"{folder}/{name}" for folder in TOOL_DIRECTORIES]
    return next((path for path in paths if host.exists(path)), paths[-1])
