# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The packing list of an installed package, +CONTENTS (pkg_create(1), PACKING LIST DETAILS)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from . import damage

_SUM = "@comment MD5:"
_SUM_OF_NOTHING = "d41d8cd98f00b204e9800998ecf8427e"
# Where the base name ends in a pattern such as yajl>=2.1.0nb1, python313-[0-9]* or grub-2.04nb3.
_VERSION = re.compile(r"[<>=!]|-(?=[0-9\[*])")


@dataclass(frozen=True)
class File:
    """A file of a package; ``has_content`` if a sum in the list says that it is not empty."""

    path: str
    has_content: bool = False


def parse(text: str) -> list[File]:
    """The files in the list's order, with absolute paths. Directories are none."""
    files: list[str] = []
    contents: list[bool] = []
    directory, ignored = "", False
    for line in text.splitlines():
        if ignored:
            ignored = False
        elif line == "@ignore":
            ignored = True
        elif line.startswith(("@cwd ", "@cd ")):
            directory = line[line.index(" ") :].strip().rstrip("/")
        elif line.startswith(_SUM) and files:
            contents[-1] = line[len(_SUM) :].strip() != _SUM_OF_NOTHING
        elif line and not line.startswith("@"):
            files.append(f"{directory}/{line}")
            contents.append(False)
    return list(map(File, files, contents))


def prefix(text: str) -> str:
    """The directory below which a package lies, empty if its list does not say."""
    found = re.search(r"^@(?:cwd|cd) (\S+)", text, flags=re.MULTILINE)
    return found[1].rstrip("/") if found else ""


def copies(files: Iterable[File]) -> list[tuple[str, str]]:
    """(the package's own file, where its copy goes) of each configuration file. The package's +INSTALL script makes the
    copy where there is none, and no list names it (pkgsrc mk/pkginstall, CONF_FILES)."""
    found = []
    for file in files:
        prefix, examples, rest = file.path.partition("/share/examples/")
        # Scripts in /etc/rc.d are another's subject: they must not be older than the package's.
        if examples and not rest.startswith("rc.d/"):
            found.append((file.path, f"{prefix}/etc/{re.sub(r'[.-]example$', '', rest)}"))
    return found


def depends(text: str) -> list[str]:
    """The base names of the packages that this one needs, in the list's order. A pattern may leave a choice,
    {a>=1,b>=2}; what the package was built with, @blddep, tells which was taken."""
    found = []
    for line in text.splitlines():
        word, _blank, pattern = line.partition(" ")
        if word in ("@pkgdep", "@blddep") and pattern and "{" not in pattern:
            found.append(_VERSION.split(pattern.strip())[0])
    return list(dict.fromkeys(found))


def what_is_wrong(text: str) -> str:
    """Why a packing list can't be believed; empty if it can. One without @name makes pkg_admin(1) end its check
    (pkg_install admin/check.c), of one that is cut off only the beginning is checked."""
    found = damage.of(text)
    if found:
        return found
    if not re.search(r"^@name \S", text, flags=re.MULTILINE):
        return "does not say of which package it is"
    return "" if text.endswith("\n") else "is cut off"
