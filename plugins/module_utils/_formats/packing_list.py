# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The packing list of an installed package, +CONTENTS (pkg_create(1), PACKING LIST DETAILS)."""

from __future__ import annotations

from dataclasses import dataclass, replace

_SUM = "@comment MD5:"
_SUM_OF_NOTHING = "d41d8cd98f00b204e9800998ecf8427e"


@dataclass(frozen=True)
class File:
    """A file of a package; ``has_content`` if a sum in the list says that it is not empty."""

    path: str
    has_content: bool = False


def parse(text: str) -> list[File]:
    """The files in the list's order, with absolute paths. Directories are none."""
    files: list[File] = []
    directory, ignored = "", False
    for line in text.splitlines():
        if ignored:
            ignored = False
        elif line == "@ignore":
            ignored = True
        elif line.startswith(("@cwd ", "@cd ")):
            directory = line.split(None, 1)[1].rstrip("/")
        elif line.startswith(_SUM) and files:
            files[-1] = replace(files[-1], has_content=line[len(_SUM) :].strip() != _SUM_OF_NOTHING)
        elif line and not line.startswith("@"):
            files.append(File(f"{directory}/{line}"))
    return files
