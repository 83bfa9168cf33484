# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What is declared of a GRUB menu, for both flavours."""

from __future__ import annotations

from dataclasses import dataclass

from ..._change import Refused
from .entries import Menu
from .loaders import Loader


@dataclass(frozen=True)
class Declared:
    """``root`` is GRUB's name of the device that has the files, empty for the one that GRUB 2 starts from; ``once``
    names the entry of the next boot only, empty for none, None to leave that alone."""

    menu: Menu
    loader: Loader
    root: str
    protocol: str
    once: str | None


def wanted_once(declared: Declared, pending: str | None, default: str | None, names: list[str]) -> str | None:
    """The entry that is to be booted once. A pending one is left alone where none is declared."""
    if declared.once is None:
        return pending if pending in names and pending != default else None
    if declared.once and declared.once not in names:
        raise Refused(
            f"once is {declared.once!r}, but no entry of {declared.menu.path} will have that name; "
            f"there will be: {', '.join(names) or 'none'}."
        )
    return declared.once if declared.once and declared.once != default else None
