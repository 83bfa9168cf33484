# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Sizes as admins write them."""

from __future__ import annotations

import re

_MEMORY = re.compile(r"([0-9]{1,9})([MG]?)\Z")
_SIZE = re.compile(r"([0-9]{1,12})([KMGT])\Z")
_POWERS = {"": 20, "K": 10, "M": 20, "G": 30, "T": 40}


def mebibytes(value: object) -> int:
    """Memory in MiB from a number of MiB, ``512M`` or ``1G``. Raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError("not a number of MiB")
    found = _MEMORY.match(str(value).strip())
    if found is None:
        raise ValueError("not a number of MiB")
    return int(found.group(1)) << (_POWERS[found.group(2)] - 20)


def size_bytes(value: object) -> int:
    """A size in bytes from ``500M``, ``10G`` or ``2T``. A unit is needed; raises ValueError without one."""
    found = _SIZE.match(str(value).strip())
    if found is None or int(found.group(1)) == 0:
        raise ValueError("not a size with a unit")
    return int(found.group(1)) << _POWERS[found.group(2)]


def size_text(size: int) -> str:
    """A number of bytes as ``size_bytes`` takes it; one that no unit divides as ``1000 bytes``."""
    for unit in ("T", "G", "M", "K"):
        count, rest = divmod(size, 1 << _POWERS[unit])
        if count and not rest:
            return f"{count}{unit}"
    return f"{size} bytes"


def memory_text(memory: int) -> str:
    """A number of MiB as ``mebibytes`` takes it."""
    return f"{memory >> 10}G" if memory and not memory % 1024 else f"{memory}M"
