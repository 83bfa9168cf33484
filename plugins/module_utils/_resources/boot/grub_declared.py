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
    names the entry of the next boot only, empty for none, None to leave that alone. ``as_found``: a menu that others
    wrote stays to the byte as long as it says all that is declared, though GRUB may have nothing to fall back to."""

    menu: Menu
    loader: Loader
    root: str
    protocol: str
    once: str | None
    as_found: bool = False

    def may_stay(self, names: list[str]) -> bool:
        """Whether a menu with entries of these names can be left to who wrote it, as far as neither flavour matters:
        each declared entry is there just once, and nothing is declared that such a menu does not have."""
        menu = self.menu
        alone = all(names.count(entry.name) == 1 and not entry.fallback for entry in menu.entries)
        return self.as_found and alone and menu.keep_others and not self.once and not menu.absent & set(names)


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
