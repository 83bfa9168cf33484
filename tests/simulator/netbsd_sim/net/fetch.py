# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ftp(1) as a fetcher: takes a URL's path from the rack's own mirror."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from ..core import forms
from ..core.machine import Machine, NotSimulated, SimError

MIRROR = Path("/.sim/mirror")


_DNS_SECONDS = 300  # record ftp-badhost: more than 30 s without an answer; ftp's own limit is not known


def ftp(m: Machine, argv: list[str]) -> int:
    """ftp [-V] [-o FILE] URL (records ftp-*). Any host that has a name with a known end, or is an address outside this
    machine, has the rack's mirror; this machine itself serves nothing."""
    _letters, values, (url,) = forms.read(argv)
    parts = urlsplit(url)
    if parts.scheme == "file":
        source = m.path(parts.path)
    elif parts.scheme in ("http", "https", "ftp"):
        source = _remote(m, parts)
    else:
        raise NotSimulated(" ".join(argv))
    target = values.get("o", [os.path.basename(parts.path)])[-1]
    if target == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(source.read_bytes())
        return 0
    try:
        with open(m.path(os.path.abspath(target)), "wb") as stream:  # a file that is there keeps its mode: ftp-exists
            stream.write(source.read_bytes())
    except OSError as error:
        raise SimError(f"ftp: Can't open `{target}': {error.strerror}") from None
    return 0


def _remote(m: Machine, parts: SplitResult) -> Path:
    """The file behind a URL. Raises SimError in ftp's words."""
    host = parts.hostname or ""
    if host.startswith("127.") or host == "localhost":
        place = f"{host}:{parts.port or {'http': 80, 'https': 443, 'ftp': 21}[parts.scheme]}"
        raise SimError(f"ftp: Can't connect to `{place}': Connection refused\nftp: Can't connect to `{place}'")
    if host.endswith(".invalid"):
        m.sleep(_DNS_SECONDS)
        raise SimError(f"ftp: Can't lookup `{host}:http': No address associated with hostname")
    source = (MIRROR / parts.path.lstrip("/")).resolve()
    if not source.is_relative_to(MIRROR) or not source.is_file():
        # usr.bin/ftp/fetch.c prints the status line as the server gave it.
        raise SimError("ftp: Error retrieving file `404 File not found'" if parts.scheme != "ftp" else
                       f"ftp: Can't retrieve `{parts.path}'")
    return source
