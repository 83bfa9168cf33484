# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A boot menu as variables of role bootloader. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._formats.boot import bootcfg, grubcfg, menulst
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot import grub_menu
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot.loaders import GRUB, Loader

KEPT = "the boot menu is left alone"
LEFT_ALONE: dict[str, Any] = {"bootloader_keep_menu": True}
# Whether a GRUB's menu stays although a run would give it something to fall back to.
AS_FOUND = "bootloader_as_found"


def of_boot_cfg(text: str) -> Iterator[tuple[dict[str, Any], str]]:
    """What may declare a boot.cfg, the best first, each with a note: its entries, else no more than which one boots."""
    lines = bootcfg.parse(text)
    entries = bootcfg.entries(lines)
    index = bootcfg.default_index(lines)
    if index is None:
        return
    seconds = bootcfg.timeout(lines)
    common: dict[str, Any] = {"bootloader_default": entries[index].text}
    if seconds is not None:
        common["bootloader_timeout"] = seconds
    yield {}, ""
    listed = [_entry(entry) for entry in entries]
    own = [entry for entry in listed if "commands" not in entry]
    if own and any(entry["name"] == entries[index].text for entry in own):
        yield {"bootloader_entries": own, **common}, "as they were found; the other entries of the menu stay"
    yield {"bootloader_entries": listed, **common}, "the whole menu, as it was found"
    commands = [{"name": entry.text, "commands": list(entry.commands)} for entry in entries]
    yield {"bootloader_entries": commands, **common}, "the whole menu, in the loader's own commands"
    yield LEFT_ALONE, KEPT


# -- GRUB --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GrubMenu:
    """The menu of a GRUB: its entries that can be declared, each by its commands, the title of the default one (None
    where nobody but GRUB can tell), the seconds that it waits (None for ever), and what can't be declared, as pairs of
    an entry and the reason."""

    entries: tuple[tuple[str, tuple[str, ...]], ...]
    default: str | None
    timeout: int | None
    told: tuple[tuple[str, str], ...] = ()


def grub(loader: Loader, text: str, saved: str | None) -> GrubMenu:
    """Of the menu's text, and that of the file in which GRUB legacy remembers an entry."""
    if loader == GRUB:
        return _menu_lst(menulst.parse(text), saved)
    return _grub_cfg(text)


def _menu_lst(menu: menulst.Menu, saved: str | None) -> GrubMenu:
    default = menulst.choice(menu, saved).default
    remembers = menulst.setting(menu, "default") == menulst.SAVED
    title = None if default is None or remembers else menu.titles[default]
    listed = [(block.title, block.commands) for block in menu.blocks]
    return _judged(GRUB.name, listed, [], title, menulst.timeout(menu))


def _grub_cfg(text: str) -> GrubMenu:
    found = grubcfg.menu(text)
    listed = [(entry.title, entry.commands) for entry in found if entry]
    titles = [entry.title for entry in found if entry]
    perhaps = {entry.title for entry in grubcfg.entries(grubcfg.without_entries(text, titles))}
    told = [(title, "it is in the menu only on a condition, which GRUB alone can tell") for title in sorted(perhaps)]
    told += [
        (f"number {number}", "it is a submenu, or its title is one that GRUB alone can tell")
        for number, entry in enumerate(found)
        if entry is None
    ]
    sure = [each for each in listed if each[0] not in perhaps]
    return _judged("grub2", sure, told, grubcfg.default_title(text), grubcfg.seconds(text))


def _judged(
    flavour: str,
    listed: list[tuple[str, tuple[str, ...]]],
    told: list[tuple[str, str]],
    default: str | None,
    timeout: int | None,
) -> GrubMenu:
    """With those left out that the resource would not take."""
    titles = [title for title, _commands in listed]
    taken, told = [], list(told)
    for title, commands in listed:
        why = "another entry has the same title" if titles.count(title) > 1 else ""
        try:
            _declared(flavour, {"name": title, "commands": list(commands)})
        except Refused as error:
            why = why or str(error).removeprefix(f"Boot entry {title!r}: ")
        if why:
            told.append((title, why))
        else:
            taken.append((title, commands))
    return GrubMenu(tuple(taken), default, timeout, tuple(dict.fromkeys(told)))


def _declared(flavour: str, entry: dict[str, Any], protocol: str = "multiboot2") -> Any:
    given = {"entries": [entry], "other_entries": "keep", "assume_files": []}
    return grub_menu.declare({"flavour": flavour, "protocol": protocol, **given})


def of_grub(menu: GrubMenu, flavour: str, protocol: str) -> Iterator[tuple[dict[str, Any], str]]:
    """What may declare it, the best first: in the words of the role, else in GRUB's own commands; left as it is where a
    run would write it only to give GRUB something to fall back to."""
    yield {}, ""
    if menu.entries and menu.default is not None and menu.timeout is not None:
        common = {"bootloader_default": menu.default, "bootloader_timeout": menu.timeout}
        words = [_in_words(flavour, protocol, *each) for each in menu.entries]
        commands = [{"name": title, "commands": list(each)} for title, each in menu.entries]
        note = "as they were found" + ("; the other entries of the menu stay" if menu.told else "")
        for entries in (words, *([commands] if words != commands else [])):
            for more in ({}, {AS_FOUND: True}):
                yield {"bootloader_entries": entries, **common, **more}, note
    if menu.entries or menu.told:
        yield LEFT_ALONE, KEPT


def why_alone(menu: GrubMenu) -> str:
    """Why none of that can be declared, as far as it is the menu's own; empty if it is not."""
    if menu.default is None:
        return "which entry boots by default is remembered or worked out by GRUB"
    return "" if menu.timeout is not None else "the menu has no timeout, or one that GRUB alone can tell"


def _in_words(flavour: str, protocol: str, title: str, commands: tuple[str, ...]) -> dict[str, Any]:
    """An entry in the words of the role, where those come to the same commands."""
    root = GRUB.device if flavour == GRUB.name else ""
    files = [_file(command, root) for command in commands]
    keys = {1: [("kernel", "args")], 2: [("hypervisor", "hypervisor_args"), ("kernel", "args")]}.get(len(files), [])
    entry: dict[str, Any] = {"name": title}
    for (file, arguments), (path, words) in zip(keys, files):
        entry.update({file: path} if path else {}, **({arguments: words} if words else {}))
    try:
        same = grub_menu.commands_of(_declared(flavour, entry, protocol)) == {title: commands}
    except Refused:
        same = False
    return entry if same else {"name": title, "commands": list(commands)}


def _file(command: str, root: str) -> tuple[str, str]:
    """The file that a command names, and its arguments."""
    words = [word for word in command.split()[1:] if not word.startswith("--")]
    behind = words[2:] if words[1:2] == [grubcfg.PLACEHOLDER] else words[1:]
    return (words[0].removeprefix(root) if words else ""), " ".join(behind)


# -- boot.cfg ----------------------------------------------------------------------------------------------------------


def _entry(entry: bootcfg.Entry) -> dict[str, Any]:
    """In the words of the role, where those come to the same commands."""
    first = next(iter(bootcfg.boots(entry)), None)
    verbs = [command.split()[0] for command in entry.commands]
    if first is not None and first.file and verbs == ["load", "multiboot"] and first.dom0:
        found = {
            "name": entry.text,
            "kernel": first.dom0,
            "args": first.arguments,
            "hypervisor": first.file,
            "hypervisor_args": first.options,
        }
        same = [f"load {first.dom0} {first.arguments}".strip(), f"multiboot {first.file} {first.options}".strip()]
        if same == list(entry.commands):
            return {key: value for key, value in found.items() if value}
    if first is not None and first.file and entry.commands == (f"boot {first.file}",):
        return {"name": entry.text, "kernel": first.file}
    return {"name": entry.text, "commands": list(entry.commands)}
