# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: the packages of one Xen release, hypervisor and tools as the pair that they are.

The hypervisors of several releases lie beside each other; the tools are those of one release, and only they can manage
the guests of a running hypervisor of that release. So tools of another release are never exchanged in passing.

A package that is registered and not whole, as an interrupted pkg_add or a power cut leaves it, is put in place again,
and what it depends on too. Whatever was installed is on the disk before this is called done.

PKG_RCD_SCRIPTS is not set: a package copies its rc.d scripts only where none are (pkgsrc mk/pkginstall), so that after
an upgrade the old ones would stay. ``system_files`` copies them, and sees when they are stale.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ... import _kernel, _packages
from ..._change import LIMIT, Change, NotRead, Plan, Refused
from ..._host import Host
from ..._releases import NEWEST, RELEASES, Release, release
from ..boot.loaders import LOADERS
from . import check, own_tools, sources

NAME = "xen_packages"
PARTS = ("kernel", "tools")
LOADERS_PACKAGES = [row.package for row in LOADERS.values() if row.package]
# With which guests' disks are made: those of Linux (see systems/work/linux_disk.py).
DISK_PACKAGES = ["e2fsprogs"]
DEFAULT_TREE = "/usr/pkgsrc"
ARGUMENTS: dict[str, Any] = {
    "release": {"type": "str", "default": NEWEST},
    "source": {"type": "str", "choices": list(sources.SOURCES), "default": "pkgin"},
    "repository": {"type": "str"},
    "pkgsrc_dir": {"type": "str", "default": DEFAULT_TREE},
    "hvm": {"type": "bool", "default": False},
    "loader_package": {"type": "str", "choices": LOADERS_PACKAGES},
    "disk_packages": {"type": "list", "elements": "str", "choices": DISK_PACKAGES, "default": []},
    "parts": {"type": "list", "elements": "str", "choices": list(PARTS), "default": list(PARTS)},
    "replace_tools": {"type": "bool", "default": False},
    **LIMIT,
}

# Tools packages of whatever release, in the table or not. libxen and xenstoretools are other things.
_TOOLS = re.compile(r"xentools[0-9]+(-hvm)?\Z")
_OF_XEN = re.compile(r"xen(kernel|tools)[0-9]+(-hvm)?\Z")
_REVISION = re.compile(r"nb[0-9]+\Z")
NONE = own_tools.NONE


@dataclass(frozen=True)
class Declared:
    """What is wanted. ``kernel`` and ``tools`` say which part of the pair; ``repository`` is a URL, empty for what the
    machine itself is set to; ``pkgsrc_dir`` matters for source pkgsrc only; ``loader_package`` is a boot loader's or
    None; ``disk_packages`` are those with which guests' disks are made."""

    row: Release
    source: str
    repository: str
    pkgsrc_dir: str
    hvm: bool
    loader_package: str | None
    kernel: bool
    tools: bool
    replace_tools: bool
    disk_packages: tuple[str, ...] = ()

    @property
    def packages(self) -> list[str]:
        """The base names, in the order in which they are installed."""
        wanted = [self.loader_package] if self.loader_package else []
        wanted += [self.row.kernel_package] if self.kernel else []
        if self.tools:
            wanted.append(self.row.tools_package)
            # It depends on the tools (pkgsrc sysutils/xentools3-hvm/Makefile).
            wanted += [self.row.hvm_package] if self.hvm and self.row.hvm_package else []
        return [*wanted, *self.disk_packages]


# -- declared ---------------------------------------------------------------------------------------------------------


def declare(params: dict[str, Any]) -> Declared:
    """What is wanted. Raises Refused for an unknown release, a bad path or URL, or nothing to install."""
    repository = (params["repository"] or "").strip()
    if re.search(r"[\s\x00-\x1f\x7f]", repository):
        raise Refused(f"repository is {repository!r}; allowed is one URL or directory, without blanks.")
    tree = params["pkgsrc_dir"]
    if not tree.startswith("/") or ".." in tree.split("/"):
        raise Refused(f"pkgsrc_dir is {tree!r}; allowed is an absolute path without '..', such as {DEFAULT_TREE}.")
    if not params["parts"]:
        raise Refused(f"parts is empty; allowed are {' and '.join(PARTS)}.")
    return Declared(
        row=release(params["release"]),
        source=params["source"],
        repository=repository,
        pkgsrc_dir=tree.rstrip("/"),
        hvm=params["hvm"],
        loader_package=params["loader_package"],
        kernel="kernel" in params["parts"],
        tools="tools" in params["parts"],
        replace_tools=params["replace_tools"],
        disk_packages=tuple(params["disk_packages"] or ()),
    )


# -- current ----------------------------------------------------------------------------------------------------------


def read(host: Host, declared: Declared | None = None) -> dict[str, Any]:
    """The installed packages of Xen, GRUB and guests' disks, base name to version; what they ``need``, what is wrong
    with each of all these (see ``check.Found``), and with any that is ``unreadable``; the machine's architecture as
    ``uname -p`` tells it; which packages a pkgsrc tree can build, by the tree's directory; which ``toolstacks`` are
    there, whoever brought them, the ``rests`` of packages whose replacement was killed, whether Xen runs, and the
    ``prefixes`` below which the tools lie, by their packages."""
    tree = declared.pkgsrc_dir if declared else DEFAULT_TREE
    installed = _packages.installed(host)
    beside = (*LOADERS_PACKAGES, *DISK_PACKAGES)
    found = {name: version for name, version in installed.items() if _OF_XEN.match(name) or name in beside}
    unreadable = check.unreadable(host)  # first, so that one call brings all the lists
    looked = check.look(host, installed, found)
    return {
        "packages": found,
        "needs": looked.needs,
        "damaged": looked.damaged,
        "edited": looked.edited,
        "unlisted": looked.unlisted,
        "unreadable": unreadable,
        "processor": host.processor,
        "trees": {tree: sources.buildable(host, tree)},
        "toolstacks": own_tools.found(host),
        "rests": sorted(sources.rests(host)),
        "dom0": host.exists(_kernel.PRIVCMD),
        "prefixes": {
            name: own_tools.prefix(host, f"{name}-{version}") for name, version in found.items() if _TOOLS.match(name)
        },
    }


# -- plan -------------------------------------------------------------------------------------------------------------


def plan(current: dict[str, Any], declared: Declared) -> Plan:
    """At most one change, for the pair. Raises Refused if the machine can't have these packages, or must not yet."""
    installed = current["packages"]
    missing = [name for name in declared.packages if name not in installed]
    in_the_way = _in_the_way(installed, declared)
    broken = _broken(current, declared)
    if declared.source == NONE:
        own_tools.refuse_missing(current, declared.row, declared.kernel and declared.tools, declared.replace_tools)
        return Plan()
    own_tools.refuse_elsewhere(current, declared.row)
    if declared.source == "pkgin" and missing:
        broken = list(dict.fromkeys([*current["unreadable"], *broken]))
    if not missing and not in_the_way and not broken:
        return Plan(
            warnings=[*_mixed_versions(installed, declared), *_unlisted(current, declared), *_edited(current, declared)]
        )
    _refuse_platform(current["processor"], declared.row)
    _refuse_other_tools(in_the_way, declared)
    if not any(map(_TOOLS.match, [*installed, *current["rests"]])) and declared.row.tools_package in missing:
        own_tools.refuse_to_write_over(current, declared.row)
    if declared.source == "pkgsrc":
        _refuse_missing_tree(current["trees"], declared, missing + broken)
    return Plan([_change(current, declared, missing, in_the_way, broken)])


def _in_the_way(installed: dict[str, str], declared: Declared) -> list[str]:
    """Installed packages that can't stay beside the wanted ones, in the order in which they can be removed."""
    found = []
    if declared.kernel:
        # xenkernel3 and xenkernel33 lie in one directory.
        rivals = [row for row in RELEASES.values() if row.hypervisor == declared.row.hypervisor]
        found += [row.kernel_package for row in rivals if row.kernel_package != declared.row.kernel_package]
    if declared.tools:
        ours = (declared.row.tools_package, declared.row.hvm_package)
        # What depends on the tools goes before them: xentools3-hvm before xentools3.
        found += sorted((name for name in installed if _TOOLS.match(name) and name not in ours), reverse=True)
    return [name for name in found if name in installed]


def _broken(current: dict[str, Any], declared: Declared) -> list[str]:
    """Packages that are registered and not whole, of the wanted ones and what they depend on, dependencies first."""
    wanted = [name for name in declared.packages if name in current["packages"]]
    order = [name for base in wanted for name in [*current["needs"].get(base, []), base]]
    return [name for name in dict.fromkeys(order) if name in current["damaged"]]


def _refuse_platform(processor: str, row: Release) -> None:
    if not row.platforms or processor in row.platforms:
        return
    fitting = [other for other in RELEASES.values() if processor in other.platforms]
    instead = f"the newest for this machine is {fitting[-1].name}" if fitting else "there is no Xen for this machine"
    raise Refused(
        f"Xen {row.name} has no packages for {processor} (it has for {' and '.join(row.platforms)}); {instead}."
    )


def _refuse_other_tools(in_the_way: list[str], declared: Declared) -> None:
    tools = [name for name in in_the_way if _TOOLS.match(name)]
    if tools and not declared.replace_tools:
        raise Refused(
            f"{' and '.join(tools)} {'is' if len(tools) == 1 else 'are'} installed and can't stay beside "
            f"{declared.row.tools_package}. Guests of a running hypervisor can be managed by its own tools only, so "
            f"tools are exchanged when the new hypervisor is proven: with the playbook netbsd.xen.upgrade. Where no "
            f"Xen runs yet, replace_tools: true exchanges them at once."
        )


def _refuse_missing_tree(trees: dict[str, list[str]], declared: Declared, missing: list[str]) -> None:
    if declared.pkgsrc_dir not in trees:
        raise NotRead(f"{declared.pkgsrc_dir} was not looked at")
    lacking = [name for name in missing if name not in trees[declared.pkgsrc_dir]]
    if lacking:
        places = " and no ".join(sources.directory(declared.pkgsrc_dir, name) for name in lacking)
        raise Refused(
            f"There is no {places}. Unpack or update the pkgsrc tree of a branch that has Xen {declared.row.name}, set "
            f"pkgsrc_dir to where it is, or use source pkgin or pkg_add."
        )


def _mixed_versions(installed: dict[str, str], declared: Declared) -> list[str]:
    """From 4.18 on the packages carry the day of the source; a pair is built of one source (xentools418/version.mk)."""
    kernel, tools = (installed.get(name) for name in (declared.row.kernel_package, declared.row.tools_package))
    if not kernel or not tools or _REVISION.sub("", kernel) == _REVISION.sub("", tools):
        return []
    return [
        f"{declared.row.kernel_package} is {kernel}, but {declared.row.tools_package} is {tools}: hypervisor and tools "
        f"belong together. Bring both to one version."
    ]


def _unlisted(current: dict[str, Any], declared: Declared) -> list[str]:
    return [
        f"{name} is installed, but its packing list is in none of the usual places, so nobody knows whether its files "
        "are there; pkg_admin check tells."
        for name in declared.packages
        if name in current["unlisted"]
    ]


def _edited(current: dict[str, Any], declared: Declared) -> list[str]:
    return [
        f"{path} is not as {name} brought it. It is a whole text, so it was left as somebody edited it; "
        f"pkg_add -U {name} puts the package's own in its place."
        for name in declared.packages
        for path in current["edited"].get(name, [])
    ]


def _change(
    current: dict[str, Any], declared: Declared, missing: list[str], in_the_way: list[str], broken: list[str]
) -> Change:
    wrong = {**current["unreadable"], **current["damaged"]}
    mended = [*current["unreadable"], *(name for name in declared.packages if name not in missing)]
    parts = [f"put {name} in place again, because {_summary(wrong[name])}" for name in broken]
    parts += [f"remove {' and '.join(in_the_way)}"] if in_the_way else []
    parts += [f"install {', '.join(missing)} with {declared.source}"] if missing else []
    return Change(
        resource=NAME,
        thing=f"Xen {declared.row.name}",
        action="install",
        summary="; ".join(parts),
        before={
            **{name: current["packages"].get(name, "not installed") for name in [*in_the_way, *missing]},
            **{name: wrong[name] for name in broken},
        },
        after=dict({name: "removed" for name in in_the_way}, **{name: "installed" for name in [*missing, *broken]}),
        data={
            "source": _source(declared),
            "remove": in_the_way,
            "install": missing,
            "whole": mended if broken else [],
        },
    )


def _summary(wrong: list[str]) -> str:
    """One line, also where a hundred files are lost. What a package depends on, only its packing list tells."""
    hides = "; then what it depends on, if that is not whole either" if wrong[0].startswith("its packing list") else ""
    return (f"{wrong[0]}, and {len(wrong) - 1} more" if len(wrong) > 1 else wrong[0]) + hides


def _source(declared: Declared) -> sources.Source:
    return sources.Source(declared.source, declared.repository, declared.pkgsrc_dir)


# -- apply ------------------------------------------------------------------------------------------------------------


def apply(host: Host, change: Change) -> None:
    """Mend what is not whole, then install what is missing. Before anything is removed for it, it has been fetched or
    built, where that can be done apart, or looked for. Killed at any moment, a second run finds what is missing then,
    and goes on. What was installed is brought to the disk, also if something failed behind it."""
    source, remove, install, whole = (change.data[key] for key in ("source", "remove", "install", "whole"))
    before = _packages.registered(host)
    try:
        _mend(host, source, whole)
        rests = [sources.clear_rest(host, name) for name in install]
        if install:
            sources.refresh(host, source)
            sources.prepare(host, source, install, remove)
        for name in remove:
            sources.remove(host, name)
        if install:
            sources.install(host, source, install)
        if any(rests):
            sources.rebuild_tree(host)
    finally:
        now = _packages.registered(host)
        _packages.settle(host, [name for name, when in now.items() if before.get(name) != when])


def _mend(host: Host, source: sources.Source, roots: list[str]) -> None:
    """A packing list that is lost hides what its package depends on, so it is looked again until all is whole, or
    nothing more helps: then reading back says what is left."""
    tried: list[list[str]] = []
    while roots:
        installed = _packages.installed(host)
        found = check.look(host, installed, [name for name in roots if name in installed])
        order = [name for base in roots for name in [*found.needs.get(base, []), base]]
        damaged = [name for name in dict.fromkeys(order) if name in found.damaged]
        if not damaged or damaged in tried:
            return
        tried.append(damaged)
        sources.mend(host, source, {name: f"{name}-{installed[name]}" for name in damaged})
