# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: the packages of one Xen release, hypervisor and tools as the pair that they are.

The hypervisors of several releases lie beside each other; the tools are those of one release, and only they can manage
the guests of a running hypervisor of that release. So tools of another release are never exchanged in passing.

A package that is registered and lacks files, as an interrupted pkg_add leaves it, is installed again.

PKG_RCD_SCRIPTS is not set: a package copies its rc.d scripts only where none are (pkgsrc mk/pkginstall), so that after
an upgrade the old ones would stay. ``system_files`` copies them, and sees when they are stale.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils import _packages
from ansible_collections.netbsd.xen.plugins.module_utils._change import Change, NotRead, Plan, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host
from ansible_collections.netbsd.xen.plugins.module_utils._releases import NEWEST, RELEASES, Release, release
from ansible_collections.netbsd.xen.plugins.module_utils._resources import _package_sources

NAME = "xen_packages"
PARTS = ("kernel", "tools")
DEFAULT_TREE = "/usr/pkgsrc"
ARGUMENTS: dict[str, Any] = {
    "release": {"type": "str", "default": NEWEST},
    "source": {"type": "str", "choices": list(_package_sources.SOURCES), "default": "pkgin"},
    "repository": {"type": "str"},
    "pkgsrc_dir": {"type": "str", "default": DEFAULT_TREE},
    "hvm": {"type": "bool", "default": False},
    "loader_package": {"type": "str", "choices": ["grub", "grub2"]},
    "parts": {"type": "list", "elements": "str", "choices": list(PARTS), "default": list(PARTS)},
    "replace_tools": {"type": "bool", "default": False},
}

# Tools packages of whatever release, in the table or not. libxen and xenstoretools are other things.
_TOOLS = re.compile(r"xentools[0-9]+(-hvm)?\Z")
_OF_INTEREST = re.compile(r"(xen(kernel|tools)[0-9]+(-hvm)?|grub2?)\Z")
_REVISION = re.compile(r"nb[0-9]+\Z")


@dataclass(frozen=True)
class Declared:
    """What is wanted. ``kernel`` and ``tools`` say which part of the pair; ``repository`` is a URL, empty for what the
    machine itself is set to; ``pkgsrc_dir`` matters for source pkgsrc only; ``loader_package`` is a boot loader's or
    None."""

    row: Release
    source: str
    repository: str
    pkgsrc_dir: str
    hvm: bool
    loader_package: str | None
    kernel: bool
    tools: bool
    replace_tools: bool

    @property
    def packages(self) -> list[str]:
        """The base names, in the order in which they are installed."""
        wanted = [self.loader_package] if self.loader_package else []
        wanted += [self.row.kernel_package] if self.kernel else []
        if self.tools:
            wanted.append(self.row.tools_package)
            # It depends on the tools (pkgsrc sysutils/xentools3-hvm/Makefile).
            wanted += [self.row.hvm_package] if self.hvm and self.row.hvm_package else []
        return wanted


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
    )


# -- current ----------------------------------------------------------------------------------------------------------


def read(host: Host, declared: Declared | None = None) -> dict[str, Any]:
    """Xen's and GRUB's installed packages, base name to version; the files that each of them lacks, None where nobody
    knows; the machine's architecture as ``uname -p`` tells it; and which packages a pkgsrc tree can build, by the
    tree's directory."""
    tree = declared.pkgsrc_dir if declared else DEFAULT_TREE
    found = {name: version for name, version in _packages.installed(host).items() if _OF_INTEREST.match(name)}
    return {
        "packages": found,
        "lacking": {name: _packages.lacking(host, f"{name}-{version}") for name, version in found.items()},
        "processor": host.processor,
        "trees": {tree: _package_sources.buildable(host, tree)},
    }


# -- plan -------------------------------------------------------------------------------------------------------------


def plan(current: dict[str, Any], declared: Declared) -> Plan:
    """At most one change, for the pair. Raises Refused if the machine can't have these packages, or must not yet."""
    installed = current["packages"]
    missing = [name for name in declared.packages if name not in installed]
    in_the_way = _in_the_way(installed, declared)
    broken = _broken(current, declared)
    if not missing and not in_the_way and not broken:
        return Plan(warnings=_mixed_versions(installed, declared) + _unlisted(current, declared))
    _refuse_platform(current["processor"], declared.row)
    _refuse_other_tools(in_the_way, declared)
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
    """Wanted packages that are registered and lack files, in the order in which they can be installed. With the tools
    goes what depends on them."""
    found = [name for name in declared.packages if current["lacking"].get(name)]
    hvm = declared.row.hvm_package
    if declared.row.tools_package in found and hvm in current["packages"] and hvm not in found:
        found.append(hvm)
    return found


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
        places = " and no ".join(_package_sources.directory(declared.pkgsrc_dir, name) for name in lacking)
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
        f"{name} is installed, but its packing list is empty or in none of the usual places, so nobody knows whether "
        "its files are there; pkg_admin check tells."
        for name in declared.packages
        if name in current["lacking"] and current["lacking"][name] is None
    ]


def _change(
    current: dict[str, Any], declared: Declared, missing: list[str], in_the_way: list[str], broken: list[str]
) -> Change:
    parts = [f"remove {' and '.join(in_the_way)}"] if in_the_way else []
    parts += [f"install {', '.join(missing)} with {declared.source}"] if missing else []
    parts += [f"install {name} again, {_lack(current['lacking'][name])}" for name in broken]
    order = [*declared.packages, *broken]
    return Change(
        resource=NAME,
        thing=f"Xen {declared.row.name}",
        action="install",
        summary="; ".join(parts),
        before={
            **{name: current["packages"].get(name, "not installed") for name in [*in_the_way, *missing]},
            **{name: current["lacking"][name] for name in broken},
        },
        after=dict({name: "removed" for name in in_the_way}, **{name: "installed" for name in [*missing, *broken]}),
        data={
            "source": _source(declared),
            "remove": in_the_way + broken[::-1],
            "install": sorted({*missing, *broken}, key=order.index),
            "again": broken,
        },
    )


def _lack(files: list[str] | None) -> str:
    if not files:
        return "because it depends on that one"
    others = f" and {len(files) - 1} more of its files" if len(files) > 1 else ""
    return f"because it lacks {files[0]}{others}"


def _source(declared: Declared) -> _package_sources.Source:
    return _package_sources.Source(declared.source, declared.repository, declared.pkgsrc_dir)


# -- apply ------------------------------------------------------------------------------------------------------------


def apply(host: Host, change: Change) -> None:
    """Install what is missing. Before anything is removed for it, it has been fetched or built, where that can be done
    apart. Killed at any moment, a second run finds what is missing then, and goes on."""
    source, remove, install, again = (change.data[key] for key in ("source", "remove", "install", "again"))
    if install:
        _package_sources.refresh(host, source)
    if again:
        _package_sources.find(host, source, again)
    if remove and install:
        _package_sources.prepare(host, source, install)
    for name in remove:
        _package_sources.remove(host, name)
    if install:
        _package_sources.install(host, source, install)
