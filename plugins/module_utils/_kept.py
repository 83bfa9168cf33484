# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The first content of a file that was found, kept before something else takes its place.

Beside the file, as PATH.orig. Where a file beside it would be taken for one of its kind, below /var/backups, where
NetBSD itself keeps copies of files in /etc (hier(7), security(8)): etc/rc.d/network takes each /etc/ifconfig.* that it
finds for an interface, and rc(8) orders and runs all that lies in /etc/rc.d.
"""

from __future__ import annotations

import os
import re
import stat

from . import _atomic
from ._formats.system import damage

# Whatever root they lie under.
_ALL_COUNT = re.compile(r"(?P<root>.*)(?P<file>/etc/(?:rc\.d/[^/]+|ifconfig\.[^/]+))\Z", re.DOTALL)
# What nobody but this collection writes: its notes, copies, and files on their way.
_OURS = re.compile(
    r"/var/(?:db|run)/netbsd\.xen|/\.[^/]+\.install\Z|\.(?:orig|prev|old|origin|new|netbsd-xen|netbsd_xen)\Z"
)


def place(path: str) -> str | None:
    """Where the first content of a file is kept; None for a file of which none is."""
    if _OURS.search(path):
        return None
    found = _ALL_COUNT.match(path)
    return f"{found['root']}/var/backups{found['file']}.orig" if found else path + ".orig"


def keep(path: str) -> None:
    """Keep what is at a path, unless a content was kept before. Whole or not at all: half of a first content would stay
    the first one ever found, and what a power cut left is nothing to go back to. Raises OSError."""
    copy = place(path)
    if copy is None or os.path.lexists(copy):
        return
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    if not stat.S_ISREG(mode):
        return
    with open(path, "rb") as stream:
        if damage.is_worse(stream.read(), []):
            return
        stream.seek(0)
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        _atomic.replace(copy, stream, stat.S_IMODE(mode), keep_mode=False)
