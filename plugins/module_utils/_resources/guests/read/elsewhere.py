# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Configurations outside of the guests' directory: what xendomains starts from there at boot, and what a running guest
was made from, has its disks as well."""

from __future__ import annotations

import posixpath

from .... import _processes, _xendomains
from ...._host import Host


def paths(host: Host, config_dir: str, most: int, made: bool) -> list[str]:
    """The configuration files in other directories that start with the machine and, if ``made``, those that running
    guests were made from; of at most so many bytes."""
    found = set()
    for path in (*(path for _word, path in _xendomains.listed(host)), *(_given_to_xl(host) if made else ())):
        place = posixpath.normpath(path)
        at = host.stat(place) if posixpath.dirname(place) != posixpath.normpath(config_dir) else None
        if at is not None and at.kind == "file" and at.size <= most:
            found.add(place)
    return sorted(found)


def _given_to_xl(host: Host) -> list[str]:
    """Behind each guest stays the xl that has made it, with its command line (record ps-args-with-guest, NetBSD
    7.99.10); a path from the directory that somebody was in tells nothing."""
    made = [process.words for process in _processes.running(host) if process.name == "xl" and "create" in process.words]
    return [word for words in made for word in words[1:] if word.startswith("/")]
