# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What the menus of a machine boot, as they are. Reads only."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..._formats.boot import bootcfg, grubcfg, menulst
from ..._host import Host
from . import efi, loaders
from .adopted import InUse
from .arguments import arguments
from .loaders import Loader


@dataclass(frozen=True)
class Menu:
    """A menu as it is: the names of its entries, the one that boots by default (None without any), those that boot a
    hypervisor, and the kernels that it boots without one. ``certain`` says whether that is all, which of a grub.cfg
    without our block only GRUB can tell."""

    names: tuple[str, ...]
    default: str | None
    xen: tuple[InUse, ...]
    natives: tuple[str, ...] = ()
    certain: bool = True

    def boots_xen(self, name: str | None) -> InUse | None:
        """How an entry boots a hypervisor; None if it boots none, or is not there."""
        return next((each for each in self.xen if each.name == name), None)


def of_boot_cfg(lines: list[bootcfg.Line]) -> Menu:
    """A boot.cfg."""
    entries = bootcfg.entries(lines)
    index = bootcfg.default_index(lines)
    found = [
        InUse(entry.text, boot.file, arguments(boot.arguments, boot.options), boot.dom0)
        for entry in entries
        for boot in [bootcfg.xen(entry)]
        if boot is not None
    ]
    return _menu((entry.text for entry in entries), index, found, bootcfg.native_kernels(lines))


def of_menu_lst(menu: menulst.Menu, saved: str | None) -> Menu:
    """A menu.lst, with the text of the file that holds its saved default."""
    found = [
        InUse(block.title, xen[0], arguments(xen[3], xen[1]), xen[2])
        for block in menu.blocks
        for xen in [menulst.xen(block)]
        if xen is not None
    ]
    natives = [menulst.native_kernel(block, loaders.GRUB.device) for block in menu.blocks]
    return _menu(menu.titles, menulst.choice(menu, saved).default, found, natives)


def of_grub_cfg(text: str) -> Menu:
    """A grub.cfg, as far as anybody but GRUB can tell."""
    entries = grubcfg.entries(text)
    wanted = grubcfg.setting(text, "default") or "0"
    numbers = [number for number, entry in enumerate(entries) if wanted in (entry.title, str(number))]
    found = [
        InUse(
            entry.title,
            grubcfg.without_device(xen[0]),
            arguments(xen[3], xen[1]),
            grubcfg.without_device(xen[2]),
        )
        for entry in entries
        for xen in [grubcfg.xen(entry)]
        if xen is not None
    ]
    natives = [grubcfg.without_device(grubcfg.native_kernel(entry) or "") for entry in entries]
    menu = _menu((entry.title for entry in entries), next(iter(numbers), None), found, natives)
    return replace(menu, certain=grubcfg.parse(text).block is not None)


def _menu(names: Iterable[str], default: int | None, xen: Iterable[InUse], natives: Iterable[str | None]) -> Menu:
    listed = tuple(names)
    chosen = None if default is None else listed[default]
    return Menu(listed, chosen, tuple(xen), tuple(kernel for kernel in natives if kernel))


def read(host: Host, loader: Loader) -> Menu:
    """The menu that a loader reads; one that is not there has no entries."""
    menus = efi.read(host)["menus"] if loader == loaders.BOOT_CFG else []
    path = menus[0] if len(menus) == 1 else loader.menu
    text = host.read_text(path) or ""
    if loader == loaders.BOOT_CFG:
        return of_boot_cfg(bootcfg.parse(text))
    if loader == loaders.GRUB:
        return of_menu_lst(
            menulst.parse(text), host.read_text(os.path.join(os.path.dirname(path), menulst.SAVED_FILE))
        )
    return of_grub_cfg(text)
