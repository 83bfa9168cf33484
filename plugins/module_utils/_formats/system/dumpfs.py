# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What ``dumpfs -s`` prints of a file system (NetBSD usr.sbin/dumpfs/dumpfs.c, print_superblock)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FORMAT = re.compile(r"^format\t(FFSv[0-9]+)$", re.MULTILINE)
# The number behind a word that stands at the beginning of a line or behind a tab.
_NUMBER = r"(?:^|\t){}\t([0-9]+)(?:\t|$)"


@dataclass(frozen=True)
class Superblock:
    """``format`` is FFSv1 or FFSv2; ``block``, ``fragment`` and ``size`` are bytes."""

    format: str
    block: int
    fragment: int
    size: int


def parse(text: str) -> Superblock | None:
    """The file system's form; None if the text does not tell all of it."""
    found = _FORMAT.search(text)
    block, fragment, fragments = (_number(text, word) for word in ("bsize", "fsize", "size"))
    if found is None or block is None or fragment is None or fragments is None:
        return None
    return Superblock(found.group(1), block, fragment, fragments * fragment)


def _number(text: str, word: str) -> int | None:
    found = re.search(_NUMBER.format(word), text, re.MULTILINE)
    return int(found.group(1)) if found else None
