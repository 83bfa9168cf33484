# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""GRUB 2's side of the resource grub_menu: our block in grub.cfg, and next_entry in grubenv.

GRUB 2 of pkgsrc has its files in /grub, because /boot is NetBSD's own loader (sysutils/grub2; GRUB's configure.ac takes
/ for the boot directory on NetBSD).
"""

from __future__ import annotations

import os
import shlex
from typing import Any, NoReturn

from ..._change import Change, Plan, Refused, XenError
from ..._formats.boot import grubcfg
from ..._formats.system import damage
from ..._formats.text import printable
from ..._host import Host
from . import consoles
from . import entries as boot_entries
from . import found as found_text
from .grub_declared import Declared, wanted_once

NAME = "grub_menu"
WRITE, REMEMBER = "write_grub_cfg", "remember"
ENVIRONMENT = "grubenv"
EDITENV = "/usr/pkg/bin/grub-editenv"
DEFAULT_TIMEOUT = 5
# In a title GRUB would expand, end or split it; in arguments GRUB's script language has a use for these.
_TITLE_CHARACTERS = '"$\\>'
_WORD_CHARACTERS = "\"'$\\{}|&;<>#"


def refuse_unreadable(declared: Declared) -> None:
    """Raise Refused for what grub.cfg can't hold as it stands."""
    for entry in declared.menu.entries:
        bad = next((character for character in _TITLE_CHARACTERS if character in entry.name), None)
        if bad:
            raise Refused(f"Boot entry {entry.name!r}: its name holds {bad!r}, which means something else to GRUB.")
        for words in (entry.kernel, entry.args, entry.hypervisor, entry.hypervisor_args):
            bad = next((character for character in _WORD_CHARACTERS if character in words), None)
            if bad:
                raise Refused(f"Boot entry {entry.name!r}: {words!r} holds {bad!r}, which means something to GRUB.")
        if "}" in entry.commands:
            raise Refused(f"Boot entry {entry.name!r}: a command is '}}', which ends the entry.")
        for command in entry.commands:
            _refuse_unclosed(entry.name, command)


def _refuse_unclosed(name: str, command: str) -> None:
    """GRUB's script language quotes as sh does; what is left open takes the rest of the file along."""
    try:
        shlex.split(command, comments=True)
    except ValueError:
        raise Refused(
            f"Boot entry {name!r}: the command {command!r} has a quote that is not closed, or ends with a backslash; "
            "GRUB could read nothing that follows."
        ) from None


def commands(entry: boot_entries.Entry, declared: Declared) -> tuple[str, ...]:
    """An entry in GRUB's commands."""
    if entry.commands:
        return entry.commands
    root = declared.root
    if entry.native:
        # Without the option its console is the screen, wherever GRUB has its own (loader/i386/bsd.c).
        serial = f"--serial={entry.console},{declared.menu.console.baud}" if entry.console not in ("", "pc") else ""
        return (boot_entries.command("knetbsd", serial, root + entry.kernel, entry.args),)
    module = declared.protocol.replace("multiboot", "module")
    return (
        boot_entries.command(declared.protocol, root + entry.hypervisor, grubcfg.PLACEHOLDER, entry.hypervisor_args),
        boot_entries.command(module, root + entry.kernel, grubcfg.PLACEHOLDER, entry.args),
    )


# -- plan -------------------------------------------------------------------------------------------------------------


def plan(current: dict[str, Any], declared: Declared, entries: list[boot_entries.Entry]) -> Plan:
    """The menu, and what GRUB remembers, in that order: an entry must be there before it is chosen."""
    path = declared.menu.path
    text = current["texts"][path]
    _refuse_cr(path, text or "")
    old = grubcfg.parse(text or "")
    rest = _rest(old, declared)
    ours = [grubcfg.Entry(entry.name, commands(entry, declared)) for entry in entries]
    if _says(current, old, declared, ours):
        return _as_found(current, declared)
    managed = ours + _kept(old, declared)
    _refuse_overridden(path, managed, rest)
    others = grubcfg.entries(rest.before) + grubcfg.entries(rest.after)
    names = [entry.title for entry in managed + others]
    default = _default(text or "", declared, names)
    _refuse_without_way_back(current, declared, managed + others)
    new = grubcfg.File(rest.before, _block(rest, old, declared, entries, managed, default), rest.after)
    once = wanted_once(declared, _pending(current, declared), default, names)
    for chosen in (default, declared.once or ""):
        _refuse_unchoosable(path, chosen)
    for entry in managed:
        if entry.title in (default, once):
            boot_entries.refuse_missing(current, declared.menu, entry.title, grubcfg.files(entry, declared.root))
    after = grubcfg.render(new)
    changes = []
    damaged = found_text.found_menu(current, path)
    if after != text or damaged.wrong:
        shown = None if text is None else printable(text)
        summary = "; ".join(damaged.words or _differences(text or "", after))
        changes.append(Change(NAME, path, WRITE, summary, before=shown, after=printable(after), data=after))
    return Plan(changes + _once_changes(current, declared, once), warnings=_warnings(path, rest))


def _says(current: dict[str, Any], old: grubcfg.File, declared: Declared, ours: list[grubcfg.Entry]) -> bool:
    """Whether a grub.cfg that others wrote has all that is declared, so that it can stay as it is."""
    text, menu = old.before, declared.menu
    if old.block is not None or menu.console.device or found_text.found_menu(current, menu.path).wrong:
        return False
    there = {entry.title: entry.commands for entry in grubcfg.entries(text)}
    default = grubcfg.default_title(text)
    return (
        declared.may_stay([entry.title for entry in grubcfg.entries(text)])
        and not menu.names & {entry.title for entry in grubcfg.entries(grubcfg.without_entries(text, menu.names))}
        and all(there[entry.title] == entry.commands for entry in ours)
        and default is not None
        and menu.default in (None, default)
        and menu.timeout in (None, grubcfg.seconds(text))
    )


def _as_found(current: dict[str, Any], declared: Declared) -> Plan:
    """The plan of a menu that stays: at most, that GRUB forgets an entry of the next boot that is not there."""
    text = current["texts"][declared.menu.path]
    found, default = grubcfg.entries(text), grubcfg.default_title(text)
    _refuse_without_way_back(current, declared, found)
    once = wanted_once(declared, _pending(current, declared), default, [entry.title for entry in found])
    for entry in found:
        if entry.title in (default, once):
            boot_entries.refuse_missing(current, declared.menu, entry.title, grubcfg.files(entry, declared.root))
    return Plan(_once_changes(current, declared, once))


def _kept(old: grubcfg.File, declared: Declared) -> list[grubcfg.Entry]:
    """Entries that the block has and that are not declared now."""
    ours = declared.menu.names
    return [each for each in grubcfg.entries(old.block or "") if declared.menu.keep_others and each.title not in ours]


def _rest(old: grubcfg.File, declared: Declared) -> grubcfg.File:
    """What others wrote, without entries of our names; or nothing. A new block comes after it, because the last setting
    wins."""
    if not declared.menu.keep_others:
        return grubcfg.File("", None, "")
    ours = sorted(declared.menu.names)
    before = grubcfg.without_entries(old.before, ours)
    if old.block is None and before and not before.endswith("\n"):
        before += "\n"
    return grubcfg.File(before, None, grubcfg.without_entries(old.after, ours))


def _block(
    rest: grubcfg.File,
    old: grubcfg.File,
    declared: Declared,
    entries: list[boot_entries.Entry],
    managed: list[grubcfg.Entry],
    default: str,
) -> str:
    timeout = declared.menu.timeout
    if timeout is None:
        said = grubcfg.setting(old.block or old.before, "timeout") or ""
        timeout = int(said) if said.isdigit() else DEFAULT_TIMEOUT
    terminal = consoles.grub2_commands(declared.menu.console)
    if not _can_count(rest):
        return grubcfg.block_text(managed, default, timeout, [], [], terminal)
    proven = [number for number, entry in enumerate(managed) if entry.title == default]
    natives = _natives(declared, entries, managed, default)
    after_trial = list(dict.fromkeys(proven + natives))
    fallbacks = [each for each in natives if each not in proven]
    return grubcfg.block_text(managed, default, timeout, fallbacks, after_trial, terminal)


def _can_count(rest: grubcfg.File) -> bool:
    """Entries before ours shift the numbers by which GRUB falls back, and nobody but GRUB can count those of others."""
    return "menu" not in rest.before


def _warnings(path: str, rest: grubcfg.File) -> list[str]:
    if _can_count(rest):
        return []
    return [
        f"{path} has a menu of others before the managed entries, so that GRUB falls back to nothing when a file of "
        "the default entry can't be loaded. To have it boot a native entry then, declare other_entries: remove."
    ]


def _natives(
    declared: Declared, entries: list[boot_entries.Entry], managed: list[grubcfg.Entry], default: str
) -> list[int]:
    """The native entry that GRUB boots if nothing else of the menu can be loaded."""
    kernels = [grubcfg.native_kernel(entry) for entry in managed]
    fallback = next((entry.fallback for entry in entries if entry.name == default), "")
    wanted = declared.root + fallback
    if fallback and wanted not in kernels:
        raise Refused(
            f"Boot entry {default!r}: its fallback is {fallback}, but no entry of {declared.menu.path} boots that "
            "kernel without Xen; GRUB falls back to entries, so declare one."
        )
    natives = [number for number, entry in enumerate(managed) if kernels[number] or grubcfg.chains(entry)]
    return [kernels.index(wanted)] if fallback else natives[:1]


def _default(text: str, declared: Declared, names: list[str]) -> str:
    name = boot_entries.default_name(declared.menu, names)
    if name is None:
        name = _old_default(declared.menu.path, text)
    if name not in names and not names:
        raise Refused(f"{declared.menu.path} would have no entry; declare some.")
    return name if name in names else names[0]


def _old_default(path: str, text: str) -> str:
    """The title of the entry that is the default now; a number counts from 0, submenus too. Raises Refused where only
    GRUB can tell which entry that is."""
    said = grubcfg.setting(text, "default") or "0"
    menu = grubcfg.menu(text)
    chosen = [entry for entry in menu if entry and said in (entry.title, entry.id)]
    if said.isdigit() and int(said) < len(menu):
        chosen = [entry for entry in menu[int(said) : int(said) + 1] if entry]
        chosen = chosen or _refuse_untold(path, said)
    if not chosen and ">" in said:
        _refuse_untold(path, said)
    return chosen[0].title if chosen else said


def _refuse_untold(path: str, said: str) -> NoReturn:
    raise Refused(
        f"{path} has {said} as its default, which is in a submenu, or an entry whose title only GRUB can tell. "
        "Declare a default."
    )


def _environment_path(declared: Declared) -> str:
    return os.path.join(os.path.dirname(declared.menu.path), ENVIRONMENT)


def _pending(current: dict[str, Any], declared: Declared) -> str | None:
    environment = current["texts"].get(_environment_path(declared)) or ""
    return grubcfg.variables(environment).get(grubcfg.NEXT_ENTRY) or None


def _once_changes(current: dict[str, Any], declared: Declared, once: str | None) -> list[Change]:
    pending, path = _pending(current, declared), _environment_path(declared)
    wrong = damage.of(current["texts"].get(path))
    if pending == once and not wrong:
        return []
    return [
        Change(
            NAME,
            path,
            REMEMBER,
            f"write it again, because it {wrong}" if wrong else f"the next boot is of {once or 'the default'}",
            before=pending or "the default",
            after=once or "the default",
            needs=(declared.menu.path,),
            data=once,
        )
    ]


# -- what is never written --------------------------------------------------------------------------------------------


def _refuse_cr(path: str, text: str) -> None:
    if "\r" in text:
        raise Refused(f"{path} has lines that end with CR LF, as DOS writes them, which GRUB can't read. Convert it.")


def _refuse_overridden(path: str, managed: list[grubcfg.Entry], rest: grubcfg.File) -> None:
    for name in ("default", "timeout"):
        if grubcfg.setting(rest.after, name) is not None:
            raise Refused(
                f"{path} sets {name} behind the managed block, which undoes what is declared. Remove that line, or "
                "declare other_entries: remove."
            )
    titles = {entry.title for entry in grubcfg.entries(rest.before) + grubcfg.entries(rest.after)}
    for entry in managed:
        if entry.title in titles:
            raise Refused(
                f"Boot entry {entry.title!r}: {path} has another entry of that name outside the managed block, and "
                "GRUB boots the first one. Rename one of them."
            )


def _refuse_unchoosable(path: str, name: str) -> None:
    """A managed name has none of these characters. GRUB takes a title that begins with a digit for an entry's number
    (grub-core/normal/menu.c, get_entry_number)."""
    bad = next((character for character in _TITLE_CHARACTERS if character in name), None)
    if bad or name.lstrip()[:1].isdigit():
        why = f"holds {bad!r}" if bad else "begins with a digit, so that GRUB would take it for an entry's number"
        raise Refused(
            f"{path}: the entry {name!r} can't be the one that boots: its name {why}. Rename it or choose another."
        )


def _refuse_without_way_back(current: dict[str, Any], declared: Declared, menu: list[grubcfg.Entry]) -> None:
    if any(grubcfg.chains(entry) for entry in menu):
        return
    natives = [(grubcfg.native_kernel(entry) or "") for entry in menu]
    plain = [grubcfg.without_root(kernel, declared.root) for kernel in natives]
    boot_entries.refuse_without_native(current, declared.menu, [kernel for kernel in plain if kernel])


# -- words ------------------------------------------------------------------------------------------------------------


def _differences(old: str, new: str) -> list[str]:
    words = boot_entries.differences(
        {entry.title: entry.commands for entry in grubcfg.entries(old)},
        {entry.title: entry.commands for entry in grubcfg.entries(new)},
    )
    for name in ("default", "timeout"):
        values = grubcfg.setting(old, name), grubcfg.setting(new, name)
        if values[0] != values[1]:
            words.append(f"{name} was {'not set' if values[0] is None else values[0]}, becomes {values[1]}")
    return words or ["write the managed block again"]


# -- apply ------------------------------------------------------------------------------------------------------------


def write(host: Host, change: Change) -> None:
    """Write grub.cfg."""
    host.make_dir(os.path.dirname(change.thing))
    host.write_text(change.thing, change.data, mode=0o644, backup=True)


def remember(host: Host, change: Change) -> None:
    """Set or drop next_entry with GRUB's own tool, which knows the form of the file and makes one that is missing. Of
    one that is damaged it makes nothing."""
    if damage.of(host.read_text(change.thing)):
        host.remove(change.thing)
    if change.data:
        host.run([EDITENV, change.thing, "set", f"{grubcfg.NEXT_ENTRY}={change.data}"])
    else:
        host.run([EDITENV, change.thing, "unset", grubcfg.NEXT_ENTRY])
    host.sync([change.thing, os.path.dirname(change.thing)])
    found = grubcfg.variables(host.read_text(change.thing) or "").get(grubcfg.NEXT_ENTRY, "")
    if found != (change.data or ""):
        raise XenError(f"{change.thing} says that the next boot is of {found or 'the default'!r} after grub-editenv")
