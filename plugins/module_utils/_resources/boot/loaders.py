# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The one table of boot loaders. What belongs to one of them is asked here, by the one word that every option has for
it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class FileSystem:
    """The only form of a root file system that a loader reads; sizes in bytes, ``below`` that of the whole."""

    format: str
    block: int
    fragment: int
    below: int
    newfs: str


@dataclass(frozen=True)
class Loader:
    """One boot loader. ``title`` is what it is called in a sentence; ``menu_module`` plans its menu, which is at
    ``menu`` if nothing else is said, and ``device`` is what its entries say the files are on. ``package`` is pkgsrc's
    and ``tool`` what puts it onto a disk, ``former`` words that options had for it. ``boots_once`` says whether it
    boots an entry for one time, ``efi`` whether it works where the firmware is EFI, and ``root`` which root file system
    it needs, None for any FFS."""

    name: str
    title: str
    menu_module: str
    menu: str
    tool: str
    package: str = ""
    device: str = ""
    boots_once: bool = True
    efi: bool = True
    root: FileSystem | None = None
    former: tuple[str, ...] = ()

    @property
    def menu_options(self) -> dict[str, str]:
        """What ``menu_module`` must be told to mean this loader."""
        return {"flavour": self.name} if self.menu_module == "grub_menu" else {}


BOOT_CFG = Loader(
    name="boot_cfg",
    title="NetBSD's loader",
    menu_module="boot_cfg",
    menu="/boot.cfg",
    tool="/usr/sbin/installboot",
    # boot.cfg has no such thing, and a dom0 can't reach the firmware's BootNext.
    boots_once=False,
    former=("netbsd",),
)
GRUB = Loader(
    name="grub",
    title="GRUB legacy",
    menu_module="grub_menu",
    menu="/grub/menu.lst",
    tool="/usr/pkg/sbin/grub",
    package="grub",
    device="(hd0,a)",
    efi=False,
    # NetBSD/Xen HOWTO, revision 1.7.
    root=FileSystem("FFSv1", 8192, 1024, 512 << 20, "newfs -O 1 -b 8192 -f 1024"),
    former=("legacy",),
)
GRUB2 = Loader(
    name="grub2",
    title="GRUB 2",
    menu_module="grub_menu",
    menu="/grub/grub.cfg",
    tool="/usr/pkg/sbin/grub-install",
    package="grub2",
)
# What each of them can have its own console on, the serial ports as NetBSD counts them (boot(8), consdev).
CONSOLES = ("pc", "com0", "com1", "com2", "com3")
LOADERS = {row.name: row for row in (BOOT_CFG, GRUB, GRUB2)}
OF_GRUB_MENU = tuple(row for row in LOADERS.values() if row.menu_module == "grub_menu")


def choices(rows: Iterable[Loader], former: str = "") -> list[str]:
    """The words for an option's choices, and behind them the one that the option had before."""
    return [row.name for row in rows] + ([former] if former else [])


def loader(word: str) -> Loader:
    """The row of a loader by its name, or by a word that an option had for it before."""
    return next(row for row in LOADERS.values() if word in (row.name, *row.former))


def names(rows: Iterable[Loader]) -> str:
    """The loaders to choose from, in words."""
    return " or ".join(row.name for row in rows)
