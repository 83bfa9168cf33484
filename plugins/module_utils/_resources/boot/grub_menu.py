# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: GRUB's boot menu. What GRUB can't boot is never written, and a way to boot without Xen always stays.

GRUB can boot an entry once: whatever becomes of that boot, the next one is the default's again. Neither flavour's menu
is written with GRUB's own tools: GRUB legacy has none, and GRUB 2's grub-mkconfig on NetBSD knows native kernels only
(util/grub.d/10_netbsd.in; 20_linux_xen.in is for Linux as dom0).
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import Any

from ..._change import Change, NotRead, Plan, Refused
from ..._formats.boot import grubcfg, menulst
from ..._host import Host
from . import adopted, by_default, grub2, grub_legacy, hardware, loaders
from . import entries as boot_entries
from . import found as found_text
from .grub_declared import Declared

NAME = "grub_menu"
ARGUMENTS: dict[str, Any] = {
    "flavour": {"type": "str", "choices": loaders.choices(loaders.OF_GRUB_MENU, "legacy"), "required": True},
    "path": {"type": "path"},
    "root": {"type": "str"},
    "protocol": {"type": "str", "choices": ["multiboot", "multiboot2"], "default": "multiboot2"},
    "once": {"type": "str"},
    "as_found": {"type": "bool", "default": False},
    **boot_entries.ARGUMENTS,
}
_ROOT = re.compile(r"\([^()\s]+\)")


def declare(params: dict[str, Any]) -> Declared:
    """The wanted menu. Raises Refused for what GRUB would misread."""
    loader = loaders.loader(params["flavour"])
    root = params.get("root")
    if root and not _ROOT.fullmatch(root):
        raise Refused(f"root is {root!r}; it must be a device in GRUB's words, such as (hd0,a).")
    declared = Declared(
        menu=boot_entries.declare(dict(params, path=params.get("path") or loader.menu)),
        loader=loader,
        root=loader.device if root is None else root,
        protocol=params["protocol"],
        once=params.get("once"),
        as_found=bool(params.get("as_found")),
    )
    _flavour(declared).refuse_unreadable(declared)
    return declared


def commands_of(declared: Declared) -> dict[str, tuple[str, ...]]:
    """By its name, the commands that GRUB gets for each entry."""
    return {entry.name: _flavour(declared).commands(entry, declared) for entry in declared.menu.entries}


def _flavour(declared: Declared) -> Any:
    return {loaders.GRUB: grub_legacy, loaders.GRUB2: grub2}[declared.loader]


def read(host: Host, declared: Declared | None = None) -> dict[str, Any]:
    """The menus of both flavours, the files in which they remember an entry, and which files can be booted.

    ``texts`` are by path, None for a file that is not there; ``damaged`` has the menus of which they are not.
    """
    paths = {loader.menu for loader in loaders.OF_GRUB_MENU} | ({declared.menu.path} if declared else set())
    found = {path: found_text.read_menu(host, path) for path in paths}
    texts = {path: host.read_text(path) for each in paths for path in _beside(each)}
    texts.update({path: one.text for path, one in found.items()})
    damaged = {
        path: {"wrong": one.wrong, "copy": one.copy, "refused": one.refused} for path, one in found.items() if one.wrong
    }
    named: set[str] = set()
    for path in paths:
        named.update(_named_files(texts[path] or "", declared.root if declared else loaders.GRUB.device))
    if declared:
        named.update(path for entry in declared.menu.entries for path in _entry_files(entry))
    lines = [line for path in paths for line in _kernel_lines(texts[path] or "")]
    lines += [entry.args for entry in declared.menu.entries] if declared else []
    return {
        "texts": texts,
        "damaged": damaged,
        "machine": host.hardware,
        "hardware": hardware.read(host, lines) if lines else None,
        **boot_entries.look_at(host, named),
    }


def _kernel_lines(text: str) -> list[str]:
    """The arguments of the dom0 kernels in a menu, of whichever flavour it is."""
    menus = (by_default.of_menu_lst(menulst.parse(text), None), by_default.of_grub_cfg(text))
    return [" ".join(entry.arguments.kernel) for menu in menus for entry in menu.xen]


def _beside(path: str) -> list[str]:
    folder = os.path.dirname(path)
    return [os.path.join(folder, name) for name in (menulst.SAVED_FILE, grub2.ENVIRONMENT)]


def _named_files(text: str, root: str) -> list[str]:
    found = [path for block in menulst.parse(text).blocks for path in menulst.files(block, root)]
    for entry in grubcfg.entries(text):
        native = grubcfg.native_kernel(entry)
        found += grubcfg.files(entry, root) + ([grubcfg.without_root(native, root)] if native else [])
    return found


def _entry_files(entry: boot_entries.Entry) -> list[str]:
    return [path for path in (entry.kernel, entry.hypervisor, entry.fallback) if path]


def plan(current: dict[str, Any], declared: Declared) -> Plan:
    """At most two changes: the menu, and for GRUB 2 what it remembers for the next boot. Raises Refused for a menu that
    would leave the machine unbootable."""
    path = declared.menu.path
    if path not in current["texts"]:
        raise NotRead(f"{path} was not read")
    found_text.refuse_damaged(found_text.found_menu(current, path))
    found = _found(current, declared)
    in_use = adopted.in_use(found.xen, found.default, declared.menu.names)
    hardware.refuse_contradicted(current, declared.menu, in_use)
    menu, said = adopted.into(declared.menu, in_use)
    declared = replace(declared, menu=menu)
    entries = [entry for entry in declared.menu.entries if _is_present(current, declared, entry)]
    for entry in entries:
        boot_entries.refuse_missing(current, declared.menu, entry.name, _entry_files(entry))
    boot_entries.refuse_disguised(current, declared.menu)
    result: Plan = _flavour(declared).plan(current, declared, entries)
    result.warnings[:0] = said
    timeout = declared.menu.timeout
    if timeout == 0:
        result.warnings.append(f"{path}: with timeout 0 nobody can choose another entry at the console.")
    return result


def _found(current: dict[str, Any], declared: Declared) -> by_default.Menu:
    """The menu as it is."""
    path = declared.menu.path
    text = current["texts"][path] or ""
    if declared.loader == loaders.GRUB:
        return by_default.of_menu_lst(menulst.parse(text), current["texts"].get(grub_legacy.saved_path(path)))
    return by_default.of_grub_cfg(text)


def _is_present(current: dict[str, Any], declared: Declared, entry: boot_entries.Entry) -> bool:
    if not entry.optional:
        return True
    return all(boot_entries.exists(current, declared.menu.assume_files, path) for path in _entry_files(entry))


def apply(host: Host, change: Change) -> None:
    """Write the menu, or what GRUB remembers. A menu's first content stays as PATH.orig, the last one as PATH.prev."""
    _APPLY[change.action](host, change)


_APPLY = {grub_legacy.WRITE: grub_legacy.write, grub2.WRITE: grub2.write, grub2.REMEMBER: grub2.remember}
