# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A boot menu as variables of role bootloader. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._formats.boot import bootcfg
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot.by_default import Menu

KEPT = "the boot menu is left alone"
LEFT_ALONE: dict[str, Any] = {"bootloader_keep_menu": True}


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


def of_grub(menu: Menu) -> Iterator[tuple[dict[str, Any], str]]:
    """The same of a GRUB's menu, whose entries can say more than can be declared."""
    yield {}, ""
    if menu.names:
        yield LEFT_ALONE, KEPT


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
