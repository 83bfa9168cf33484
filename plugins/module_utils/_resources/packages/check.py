# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Whether installed packages are whole, with what they depend on. Reads only.

A package can be registered and not be there: pkg_add(1) registers it before it unpacks it, and takes that back only if
it can notice its own failure (pkg_install add/perform.c, pkg_do: write_meta_data, then extract_files). After a power
cut everything is registered and anything may be full of NUL (record power-cut), lists and scripts of the database too.

``pkg_admin check`` compares each file with the sum in the packing list (pkg_install admin/check.c). It always ends with
0, so its text is read; a packing list of NUL ends it before the others are looked at, so such a one is not given to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ... import _packages
from ..._formats.system import damage, packing_list
from ..._host import Host

# A Python and a glib on an old disk: some ten thousand files.
CHECK_SECONDS = 900.0
# Its lines, behind the dots that it prints for the packages before. The last two go to stderr.
_OTHER_CONTENT = re.compile(r"^\.*(?P<path>/.*) fails MD5 checksum$", re.MULTILINE)
_OTHER_LINK = re.compile(r"^\.*symlink \((?P<path>/.*?)\) is not same as recorded value", re.MULTILINE)
_NOT_THERE = re.compile(r"File `(?P<path>/.*)' is in \+CONTENTS but not on filesystem!$", re.MULTILINE)
_COUNTED = re.compile(r"^Checked \d+ files? from (?P<packages>\d+) packages?\.$", re.MULTILINE)
# What admins, and this collection, are meant to edit. pkgsrc leaves it out of the packing list and copies an example
# there (CONF_FILES of xentools' Makefile); somebody else's package may list it.
_CONFIGURATION = re.compile(r"/usr/pkg/etc/.*\.(?:conf|sxp)\Z")


@dataclass
class Found:
    """``damaged``: base name to what is wrong with the package, worst first; ``edited``: base name to the files with
    another content that is somebody's and no damage; ``unlisted``: base names of packages without a packing list;
    ``needs``: base name to what it depends on, directly or not, dependencies before dependents."""

    damaged: dict[str, list[str]] = field(default_factory=dict)
    edited: dict[str, list[str]] = field(default_factory=dict)
    unlisted: list[str] = field(default_factory=list)
    needs: dict[str, list[str]] = field(default_factory=dict)


def look(host: Host, installed: Mapping[str, str], roots: Iterable[str]) -> Found:
    """Look at packages, by their base names, and at what they depend on.

    The contents of the roots are compared each time; those of a dependency only while it is not known to be on the
    disk: a Python has too many files for each look. That its files are there, and are not empty, is looked at all the
    same.
    """
    found = Found()
    wanted = list(roots)
    lists = _lists(host, installed, wanted, found)
    settled = _packages.on_disk(host)
    compared = [
        base
        for base in lists
        if base not in found.damaged and (base in wanted or f"{base}-{installed[base]}" not in settled)
    ]
    for base in lists:
        if base in compared:
            _look_into_entry(host, base, f"{base}-{installed[base]}", found)
            for copy in lost_copies(host, lists[base]):
                found.damaged.setdefault(base, []).append(f"its {copy} {damage.of(host.content(copy))}")
    wrong = _compare(host, [f"{base}-{installed[base]}" for base in compared])
    for base, text in lists.items():
        if base not in found.damaged:
            _look_at_files(host, base, packing_list.parse(text), wrong, found)
    return found


def _lists(host: Host, installed: Mapping[str, str], roots: list[str], found: Found) -> dict[str, str]:
    """The packing lists of packages and of what they depend on, dependencies first; notes what is wrong with them."""
    lists: dict[str, str] = {}

    def visit(base: str, above: tuple[str, ...]) -> None:
        if base in above or base not in installed:
            return
        if base not in lists:
            text = _packages.listed(host, f"{base}-{installed[base]}")
            if text is None:
                found.unlisted.append(base)
                return
            wrong = packing_list.what_is_wrong(text)
            if wrong:
                found.damaged[base] = [f"its packing list {wrong}"]
            needed = [name for name in packing_list.depends(text) if name in installed and name != base]
            for name in needed:
                visit(name, (*above, base))
            found.needs[base] = list(dict.fromkeys(name for one in needed for name in [*found.needs.get(one, []), one]))
            lists[base] = text

    for base in roots:
        visit(base, ())
    return lists


def unreadable(host: Host) -> dict[str, list[str]]:
    """What is wrong with the packing lists of packages that are not known to be on the disk, by base name. pkgin reads
    those of all that is installed before it does anything (summary.c), also of what nothing depends on yet: a run that
    a power cut ended had brought it for a package that did not come any more."""
    found = {}
    for name in sorted(set(_packages.registered(host)) - _packages.on_disk(host)):
        wrong = packing_list.what_is_wrong(_packages.listed(host, name) or "")
        if wrong:
            found[name.rpartition("-")[0]] = [f"its packing list {wrong}"]
    return found


def _look_into_entry(host: Host, base: str, package: str, found: Found) -> None:
    """Scripts and descriptions in the database: pkg_add -U runs the first, and pkgin reads the others."""
    directory = _packages.entry(host, package)
    for name in host.list_dir(directory) if directory else []:
        if name.startswith("+") and name != "+CONTENTS":
            wrong = damage.by_power_cut(host.content(f"{directory}/{name}"))
            if wrong:
                found.damaged.setdefault(base, []).append(f"its {name} {wrong}")


def lost_copies(host: Host, listed: str) -> list[str]:
    """The configuration files that a package brought and that a power cut has been at. Whatever an admin had written
    into one is lost with it."""
    copies = packing_list.copies(packing_list.parse(listed))
    return [copy for own, copy in copies if _is_lost(host, own, copy)]


def _is_lost(host: Host, own: str, copy: str) -> bool:
    """Settings may well be empty. A script is not, and an empty one ends well and does nothing."""
    content = host.content(copy)
    is_script = "/scripts/" in own
    return bool(damage.of(content) if is_script else damage.by_power_cut(content))


def _compare(host: Host, packages: list[str]) -> dict[str, str]:
    """What ``pkg_admin check`` says of packages, by path. Where it does not come to its end with all of them together
    it is asked of each alone."""
    tool = _packages.tool(host, "pkg_admin")
    if not packages or not host.exists(tool):
        return {}
    result = host.try_run([tool, "check", *packages], timeout=CHECK_SECONDS)
    counted = _COUNTED.search(result.stdout)
    if len(packages) > 1 and (counted is None or int(counted["packages"]) < len(packages)):
        return {path: what for package in packages for path, what in _compare(host, [package]).items()}
    wrong = {match["path"]: "has another content" for match in _OTHER_CONTENT.finditer(result.stdout)}
    wrong.update({match["path"]: "points elsewhere" for match in _OTHER_LINK.finditer(result.stdout)})
    wrong.update({match["path"]: "is not there" for match in _NOT_THERE.finditer(result.stderr)})
    return wrong


def _look_at_files(
    host: Host, base: str, files: list[packing_list.File], wrong: Mapping[str, str], found: Found
) -> None:
    lost, other = [], []
    for file in files:
        state = host.is_lost(file.path)
        if state == "nothing":
            lost.append(f"it lacks {file.path}")
        elif state == "empty" and file.has_content:
            lost.append(f"{file.path} is empty")
        elif _CONFIGURATION.match(file.path):
            continue
        elif wrong.get(file.path) == "has another content":
            what = _what_became_of(host, file.path)
            if what:
                other.append(f"{file.path} {what}")
            else:
                found.edited.setdefault(base, []).append(file.path)
        elif wrong.get(file.path) == "points elsewhere":
            other.append(f"{file.path} points elsewhere")
    if lost or other:
        found.damaged.setdefault(base, []).extend([*lost, *other])


def _what_became_of(host: Host, path: str) -> str:
    """What is wrong with a file of another content than the package's; empty if somebody edited it: a text that is
    whole. A power cut leaves NUL, and half a file does not end with a line; a program is nobody's to edit."""
    content = host.content(path)
    wrong = damage.of(content)
    if wrong or not content:
        return wrong
    if not content.utf8:
        return "has another content"
    return "" if content.newline else "is cut off"
