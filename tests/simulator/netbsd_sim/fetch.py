# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ftp(1) as a fetcher: takes a URL's path from the rack's own mirror."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

from .machine import Machine, NotSimulated, SimError

MIRROR = Path("/.sim/mirror")


def ftp(m: Machine, argv: list[str]) -> int:
    """ftp [-V] [-o FILE] URL. An unknown path fails as a mirror's 404 does."""
    words, output, urls = argv[1:], "", []
    while words:
        word = words.pop(0)
        if word == "-o" and words:
            output = words.pop(0)
        elif word in ("-V", "-i", "-n", "-a"):
            continue
        elif word.startswith("-"):
            raise NotSimulated(" ".join(argv))
        else:
            urls.append(word)
    if len(urls) != 1 or "://" not in urls[0]:
        raise NotSimulated(" ".join(argv))
    parts = urlsplit(urls[0])
    if parts.scheme not in ("http", "https", "ftp"):
        raise SimError(f"ftp: {urls[0]}: unsupported scheme")
    source = (MIRROR / parts.path.lstrip("/")).resolve()
    if not source.is_relative_to(MIRROR) or not source.is_file():
        raise SimError(f"ftp: Error retrieving file: 404 Not Found ({urls[0]})")
    target = output or os.path.basename(parts.path)
    if target == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(source.read_bytes())
        return 0
    shutil.copyfile(source, m.path(os.path.abspath(target)))
    return 0
