# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What the entry in use says and nobody declares: it is taken over into the entries that are written, and said. A
default of ours must not take a machine's root file system or its console away. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from . import entries as boot_entries
from .arguments import ASKS, KINDS, VARIABLES, Arguments, arguments, merged, taken_kinds
from .entries import Entry, Menu

_PORT = re.compile(r"console=com([0-9]+)")


@dataclass(frozen=True)
class InUse:
    """An entry of the menu as it was found that boots a hypervisor; ``file`` is the hypervisor's and ``kernel`` dom0's,
    None for one on another device."""

    name: str
    file: str | None
    arguments: Arguments
    kernel: str | None = None


def in_use(entries: Iterable[InUse], default: str | None, names: Collection[str]) -> InUse | None:
    """The entry whose arguments count, of those that boot a hypervisor: the default, else one that has the name of a
    declared one, else the first."""
    found = list(entries)
    order = [each for each in found if each.name == default] + [each for each in found if each.name in names] + found
    return next(iter(order), None)


def into(menu: Menu, found: InUse | None) -> tuple[Menu, list[str]]:
    """The menu with what its entries take over from the one that was found, and what is to be said of that. Raises
    Refused if the dom0 kernel would get more than it reads."""
    if found is None:
        return menu, []
    entries = tuple(_with(entry, found) if entry.hypervisor else entry for entry in menu.entries)
    return replace(menu, entries=entries), _words(menu, found)


def _with(entry: Entry, found: InUse) -> Entry:
    result = merged(arguments(entry.args, entry.hypervisor_args), found.arguments, entry.adopt)
    boot_entries.refuse_long_arguments(entry.name, " ".join(result.kernel))
    return replace(entry, args=" ".join(result.kernel), hypervisor_args=" ".join(result.hypervisor))


def _words(menu: Menu, found: InUse) -> list[str]:
    """The entries that adopt are those of one declaration, so that the first of them tells of all."""
    first = next((entry for entry in menu.entries if entry.hypervisor and entry.adopt), None)
    if first is None:
        return []
    taken = taken_kinds(arguments(first.args, first.hypervisor_args), found.arguments, first.adopt)
    said = [
        f"{menu.path}: the entry {found.name!r}, which is in use, has {' '.join(found.arguments.of(kind))}, and "
        f"nothing declares that. It stays. To declare it: {_declaration(kind, found.arguments)}."
        for kind in KINDS
        if kind in taken
    ]
    declared = {word for entry in menu.entries for word in entry.args.split()}
    asks = [word for word in found.arguments.of(ASKS) if word not in declared]
    if asks and "kernel" in first.adopt:
        said.append(
            f"{menu.path}: the entry {found.name!r}, which is in use, has {' '.join(asks)}, with which the dom0 kernel "
            "waits at its console. That is not taken over; to have it, declare bootloader_dom0_args."
        )
    return said


def _declaration(kind: str, found: Arguments) -> str:
    """A variable and its value for what was found."""
    variable, words = VARIABLES[kind], found.of(kind)
    if kind == "console":
        return f"{variable}: {_console(found)}, with bootloader_baud and, for what is left, bootloader_xen_args"
    if kind == "pci_hide":
        return f"{variable}, with the addresses in it"
    value = " ".join(words) if kind in ("kernel", "hypervisor") else words[-1].partition("=")[2]
    if kind == "memory" and value.isdigit():
        value = f"{int(value) // 1024}M"  # KiB, which the variable does not take
    return f'{variable}: "{value}"'


def _console(found: Arguments) -> str:
    """The console as NetBSD counts it, from com0; Xen counts from com1."""
    kernel = [word.lower().partition("=")[2] for word in Arguments(found.kernel, ()).of("console")]
    ports = [_PORT.match(word) for word in found.hypervisor]
    counted = [f"com{int(port[1]) - 1}" for port in ports if port]
    return next(iter([*kernel, *counted]), "pc")
