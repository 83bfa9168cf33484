# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Configurations by the names of their guests, where these are declared with files of other names. Pure."""

from __future__ import annotations

from dataclasses import replace

from ..declare.wanted import Wanted
from .current import Current


def by_guest(current: Current, wanted: Wanted) -> Current:
    """What was read, with the configuration of each guest under its own name, and one that has this name and is not its
    own under another name, which no guest can have."""
    files = {guest.name: guest.config for guest in wanted.guests if guest.config}
    if not files or current.config_files:
        return current
    others = {name: f"./{name}" for name in files}
    names = {**others, **{file: name for name, file in files.items()}}
    return replace(
        current,
        configs={names.get(file, file): config for file, config in current.configs.items()},
        occupied=[names.get(file, file) for file in current.occupied],
        config_files={**{other: name for name, other in others.items()}, **files},
    )
