# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Unpacking the root of another system into a directory.

Not by tar(1): NetBSD's, which is pax, has no way to take owners by their numbers, and this machine has other numbers
for many of the names (bin/pax/options.c has no such option; its sources, NetBSD 7.99.10).
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import tarfile
from collections.abc import Callable
from typing import BinaryIO

from ._change import XenError


def unpack(stream: BinaryIO, folder: str, told: Callable[[int], None]) -> None:
    """Unpack a tarball, however it is packed, into a directory: everything with the number of its owner and its mode,
    special files too, and nothing through a link that leads out of the directory. Extended attributes are left out.
    ``told`` is called with the number of members so far.

    Raises XenError for a member that leads out, and what tarfile raises for a damaged one.
    """
    root = os.path.realpath(folder)
    with tarfile.open(fileobj=stream, mode="r|*") as tar:
        # Which newer ones would take away modes and refuse links with.
        tar.extraction_filter = getattr(tarfile, "fully_trusted_filter", None)
        for number, member in enumerate(tar):
            path = _inside(root, member.name)
            if member.islnk():
                _inside(root, member.linkname)
            if not member.isdir():
                # What stands there is not written through.
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
            tar.extract(member, root, numeric_owner=True)
            told(number)


def _inside(root: str, name: str) -> str:
    """The path of a member. Raises XenError if its directory is not in ``root``."""
    path = posixpath.normpath(f"{root}/{name}")
    parent = os.path.realpath(posixpath.dirname(path))
    if path != root and parent != root and not parent.startswith(f"{root}/"):
        raise XenError(f"{name!r} in the tarball leads out of the directory where it is unpacked, to {parent}")
    return path
