# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""GRUB legacy's side of the resource grub_menu: menu.lst, and the saved default in the file beside it.

An entry is booted once like this: the menu's default is ``saved``, the saved number is the trial's, and the trial
begins with ``savedefault N``, so that GRUB itself turns the default back to the proven entry N before it loads
anything.
"""

from __future__ import annotations

import os
from typing import Any

from ..._change import Change, Plan, Refused
from ..._formats.boot import menulst
from ..._formats.boot.menulst import Block, Choice, Menu
from ..._formats.text import printable
from ..._host import Host
from . import consoles
from . import entries as boot_entries
from . import found as found_text
from .grub_declared import Declared, wanted_once

NAME = "grub_menu"
WRITE = "write_menu_lst"


def refuse_unreadable(declared: Declared) -> None:
    """Raise Refused for what menu.lst can't hold."""
    for entry in declared.menu.entries:
        boot_entries.refuse_characters(entry, "\\", "with which GRUB continues a line")
        if entry.name.startswith("="):
            raise Refused(f"Boot entry {entry.name!r}: GRUB takes a '=' before a title for a blank.")


def commands(entry: boot_entries.Entry, declared: Declared) -> tuple[str, ...]:
    """An entry in GRUB's commands (GRUB manual 4.2.4 for native kernels, Xen's multiboot modules for Xen)."""
    root = declared.root
    if entry.commands:
        return tuple(" ".join(command.split()) for command in entry.commands)
    if entry.native:
        return (boot_entries.command("kernel --type=netbsd", root + entry.kernel, entry.args),)
    return (
        boot_entries.command("kernel", root + entry.hypervisor, entry.hypervisor_args),
        boot_entries.command("module", root + entry.kernel, entry.args),
    )


# -- plan -------------------------------------------------------------------------------------------------------------


def plan(current: dict[str, Any], declared: Declared, entries: list[boot_entries.Entry]) -> Plan:
    """At most one change: the menu and the saved default, which belong together."""
    path = declared.menu.path
    text, saved = current["texts"][path], current["texts"].get(saved_path(path))
    old = menulst.parse(text or "")
    _refuse_other_architecture(current, entries)
    before = menulst.choice(old, saved)
    new, after = old, before
    if not _says(old, declared, entries, before):
        new, after = _wanted(old, declared, entries, before, current["machine"])
    _refuse_unbootable(current, declared, new, after)
    armed = menulst.render(new)
    damaged = found_text.found_menu(current, path)
    if armed == (text or "") and not damaged.wrong and (after.once is None or _is_armed(new, saved, after)):
        return Plan()
    data = {"armed": armed}
    if after.once is not None:
        data["disarmed"] = menulst.render(menulst.with_setting(new, "default", str(after.default)))
        data["saved"] = menulst.saved_text(after.once)
    summary = "; ".join(damaged.words or _differences(old, new, before, after))
    shown = None if text is None else printable(text)
    return Plan([Change(NAME, path, WRITE, summary, before=shown, after=printable(armed), data=data)])


def saved_path(path: str) -> str:
    return os.path.join(os.path.dirname(path), menulst.SAVED_FILE)


def _is_armed(menu: Menu, saved: str | None, wanted: Choice) -> bool:
    return menulst.choice(menu, saved) == wanted and len((saved or "").encode()) >= menulst.SAVED_BYTES


def _says(old: Menu, declared: Declared, entries: list[boot_entries.Entry], before: Choice) -> bool:
    """Whether a menu that others wrote has all that is declared, so that it can stay as it is. With a saved default
    another entry boots each time that one is chosen."""
    wanted, there = declared.menu, {block.title: block.commands for block in old.blocks}
    return (
        declared.may_stay(old.titles)
        and all(there[entry.name] == commands(entry, declared) for entry in entries)
        and menulst.setting(old, "default") != menulst.SAVED
        and wanted.default in (None, _title(old, before.default))
        and wanted.timeout in (None, menulst.timeout(old))
        and _with_console(old, declared) == old
    )


def _wanted(
    old: Menu, declared: Declared, entries: list[boot_entries.Entry], before: Choice, machine: str
) -> tuple[Menu, Choice]:
    blocks = _blocks(old, declared, entries)
    titles = [block.title for block in blocks]
    default = _default(old, declared, before, titles)
    once = wanted_once(declared, _title(old, before.once), default, titles)
    number = titles.index(default) if default in titles else None
    trial = titles.index(once) if once is not None else None
    if trial is not None and number is not None:
        blocks[trial] = _trial(old, blocks[trial], number)
    menu = old if tuple(blocks) == old.blocks else menulst.with_blocks(old, blocks)
    if trial is not None:
        menu = menulst.with_setting(menu, "default", menulst.SAVED)
    elif number is not None and _must_say(old, menu, declared):
        menu = menulst.with_setting(menu, "default", str(number))
    if declared.menu.timeout is not None and menulst.timeout(menu) != declared.menu.timeout:
        menu = menulst.with_setting(menu, "timeout", str(declared.menu.timeout))
    menu = _with_fallback(menu, declared, entries, Choice(number, trial), machine)
    return _with_console(menu, declared), Choice(number, trial)


def _with_console(menu: Menu, declared: Declared) -> Menu:
    """A native kernel learns nothing of it: GRUB legacy has no way to tell (stage2/boot.c)."""
    console = declared.menu.console
    if not console.device:
        return menu
    if console.unit is None:
        return menulst.with_commands(menu, [], ("serial", "terminal"))
    seconds = menulst.timeout(menu) if menulst.timeout(menu) is not None else consoles.TERMINAL_SECONDS
    wanted = [consoles.serial_command(console), consoles.terminal_command(seconds or 0)]
    return menulst.with_commands(menu, wanted, ("serial", "terminal"))


def _blocks(old: Menu, declared: Declared, entries: list[boot_entries.Entry]) -> list[Block]:
    """The managed entries first, then the others if they stay. An entry that is right keeps its lines."""
    ours = declared.menu.names
    kept = {block.title: block for block in old.blocks}
    others = [block for block in old.blocks if block.title not in ours] if declared.menu.keep_others else []
    managed = []
    for entry in entries:
        wanted, block = commands(entry, declared), kept.get(entry.name)
        managed.append(block if block and block.commands == wanted else menulst.block(entry.name, wanted))
    return managed + others


def _trial(old: Menu, block: Block, back: int) -> Block:
    """The entry of one boot: first of all it makes the proven one the default again."""
    others = [command for command in block.commands if not command.startswith("savedefault")]
    armed = menulst.block(block.title, [f"savedefault {back}", *others])
    same = next((each for each in old.blocks if each.title == armed.title), None)
    return same if same is not None and same.commands == armed.commands else armed


def _default(old: Menu, declared: Declared, before: Choice, titles: list[str]) -> str | None:
    name = boot_entries.default_name(declared.menu, titles) or _title(old, before.default)
    return name if name in titles else next(iter(titles), None)


def _title(menu: Menu, number: int | None) -> str | None:
    return None if number is None else menu.blocks[number].title


def _must_say(old: Menu, new: Menu, declared: Declared) -> bool:
    """Whether the default's number is written down: where it is declared, and where entries have moved."""
    return declared.menu.default is not None or declared.once == "" or old.titles != new.titles


def _with_fallback(
    menu: Menu, declared: Declared, entries: list[boot_entries.Entry], chosen: Choice, machine: str
) -> Menu:
    """What GRUB boots if a file can't be loaded: after a trial the default, then a native entry."""
    native = _native_number(menu, declared, entries, chosen.default, machine)
    numbers = [native] if chosen.once is None and native != chosen.default else []
    if chosen.once is not None:
        numbers = [chosen.default, native]
    texts = [str(number) for number in numbers if number is not None]
    if not texts:
        return menulst.without_setting(menu, "fallback")
    return menulst.with_setting(menu, "fallback", " ".join(dict.fromkeys(texts)))


def _native_number(
    menu: Menu, declared: Declared, entries: list[boot_entries.Entry], default: int | None, machine: str
) -> int | None:
    """The native entry of the default's own fallback kernel, or the first one."""
    kernels = _natives(menu, declared, machine)
    name = _title(menu, default)
    fallback = next((entry.fallback for entry in entries if entry.name == name), "")
    if fallback:
        if fallback not in kernels:
            raise Refused(
                f"Boot entry {name!r}: its fallback is {fallback}, but no entry of {declared.menu.path} boots that "
                "kernel without Xen; GRUB falls back to entries, so declare one."
            )
        return kernels.index(fallback)
    chained = [menulst.chains(block, declared.root) for block in menu.blocks]
    ways = [number for number, kernel in enumerate(kernels) if kernel or chained[number]]
    return ways[0] if ways else None


def _natives(menu: Menu, declared: Declared, machine: str) -> list[str | None]:
    """The kernel that each entry boots without a hypervisor, as far as GRUB legacy loads it (see below)."""
    return [menulst.native_kernel(block, declared.root) if machine != "amd64" else None for block in menu.blocks]


# -- what is never written --------------------------------------------------------------------------------------------


def _refuse_other_architecture(current: dict[str, Any], entries: list[boot_entries.Entry]) -> None:
    """GRUB legacy loads ELF files of 32 bits only (stage2/boot.c), which amd64's native kernel is not."""
    if current["machine"] != "amd64":
        return
    for entry in entries:
        if entry.native:
            raise Refused(
                f"Boot entry {entry.name!r}: GRUB legacy can't boot {entry.kernel}, a kernel of 64 bits, by itself. "
                "Let NetBSD's own loader do it, with commands: [root (hd0,a), chainloader +1]."
            )


def _refuse_unbootable(current: dict[str, Any], declared: Declared, menu: Menu, chosen: Choice) -> None:
    path = declared.menu.path
    if menulst.timeout(menu) is None:
        said = menulst.setting(menu, "timeout")
        raise Refused(
            f"{path} {'has no timeout' if said is None else f'says timeout {said}'}, so that GRUB would wait for ever. "
            "Declare a timeout."
        )
    if menulst.waits_for_a_terminal(menu):
        raise Refused(
            f"{path} says terminal {menulst.setting(menu, 'terminal')}, with which GRUB waits for ever for a key on "
            "one of them. Give it a --timeout=SECONDS, or declare a console."
        )
    for number in (chosen.default, chosen.once):
        if number is None:
            continue
        block = menu.blocks[number]
        boot_entries.refuse_missing(current, declared.menu, block.title, menulst.files(block, declared.root))
        if menulst.asks(menu, block):
            raise Refused(
                f"Boot entry {block.title!r} of {path} can't boot by itself: its command {menulst.asks(menu, block)} "
                "waits for somebody at the console. Take it out, or choose another entry."
            )
    if not any(menulst.chains(block, declared.root) for block in menu.blocks):
        natives = _natives(menu, declared, current["machine"])
        boot_entries.refuse_without_native(current, declared.menu, [kernel for kernel in natives if kernel])


# -- words ------------------------------------------------------------------------------------------------------------


def _differences(old: Menu, new: Menu, before: Choice, after: Choice) -> list[str]:
    words = boot_entries.differences(
        {block.title: block.commands for block in old.blocks}, {block.title: block.commands for block in new.blocks}
    )
    names = _title(old, before.default) or "nothing", _title(new, after.default) or "nothing"
    if names[0] != names[1]:
        words.append(f"default was {names[0]}, becomes {names[1]}")
    if _title(old, before.once) != _title(new, after.once):
        words.append(f"the next boot is of {_title(new, after.once) or 'the default'}")
    seconds = menulst.timeout(old), menulst.timeout(new)
    if seconds[0] != seconds[1]:
        words.append(f"timeout was {boot_entries.seconds(seconds[0])}, becomes {boot_entries.seconds(seconds[1])}")
    if menulst.setting(old, "fallback") != menulst.setting(new, "fallback"):
        words.append(f"if a file can't be loaded: entry {menulst.setting(new, 'fallback') or 'none'}, counted from 0")
    for name in ("serial", "terminal"):
        if menulst.setting(old, name) != menulst.setting(new, name):
            words.append(f"{name} {menulst.setting(new, name) or 'goes'}")
    return words or ["put the entries into the declared order"]


# -- apply ------------------------------------------------------------------------------------------------------------


def write(host: Host, change: Change) -> None:
    """Write the menu. For a trial the saved number comes first, and while that is written no menu may heed it: a power
    cut at any point leaves a menu that boots the proven entry."""
    data = change.data
    host.make_dir(os.path.dirname(change.thing))
    if "saved" in data:
        host.write_text(change.thing, data["disarmed"], mode=0o644, backup=True)
        host.write_text(saved_path(change.thing), data["saved"], mode=0o644)
        host.write_text(change.thing, data["armed"], mode=0o644)
        return
    host.write_text(change.thing, data["armed"], mode=0o644, backup=True)
