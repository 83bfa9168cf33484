# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: the boot menu of NetBSD's loader, boot.cfg. What it can't boot is never written, a native entry stays.

This loader has no way to boot an entry once: what is made the default stays it, whether it boots or not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..._change import Change, NotRead, Plan, Refused
from ..._formats.boot import bootcfg, bootcfg_edit
from ..._formats.text import printable
from ..._host import Host
from . import adopted, by_default, efi, hardware, loaders
from . import entries as boot_entries
from . import found as found_text

NAME = "boot_cfg"
ARGUMENTS: dict[str, Any] = {
    "path": {"type": "path"},
    "loader_release": {"type": "str"},
    **boot_entries.ARGUMENTS,
}

RNDSEED = "rndseed /var/db/entropy-file"


@dataclass(frozen=True)
class Declared:
    """The menu, and the NetBSD release whose loader reads it; None for that of the running system."""

    menu: boot_entries.Menu
    loader_release: str | None


# -- declared ---------------------------------------------------------------------------------------------------------


def declare(params: dict[str, Any]) -> Declared:
    """The wanted menu. Raises Refused for what the loader would misread."""
    menu = boot_entries.declare(params)
    for entry in menu.entries:
        if ":" in entry.name:
            raise Refused(f"Boot entry {entry.name!r}: its name holds ':', which ends it in the menu.")
        boot_entries.refuse_characters(entry, "#", "where the loader takes the line to end")
        boot_entries.refuse_characters(entry, ";", "which ends a command")
        boot_entries.refuse_long_arguments(entry.name, bootcfg.dom0_arguments(_managed(entry)))
        _refuse_misread(entry, _managed(entry))
    return Declared(menu, params.get("loader_release"))


def _refuse_misread(declared: boot_entries.Entry, entry: bootcfg.Entry) -> None:
    if declared.native and not bootcfg.boots(entry):
        raise Refused(
            f"Boot entry {entry.text!r}: args is {declared.args!r}; for a native kernel NetBSD's loader takes flags "
            "only, such as -s (boot(8)), and boots nothing with any other."
        )
    _refuse_cut(entry)


def _refuse_cut(entry: bootcfg.Entry) -> None:
    cut = bootcfg.cut_module(entry)
    if cut:
        raise Refused(
            f"Boot entry {entry.text!r}: the dom0 kernel's name and arguments have {len(cut)} characters; NetBSD's "
            f"loader hands on the first {bootcfg.MAX_MODULE} and drops {cut[bootcfg.MAX_MODULE :]!r}. Give the file a "
            "shorter name or fewer arguments, or use GRUB."
        )


def _managed(entry: boot_entries.Entry, rndseed: str | None = None, consdev: str = "") -> bootcfg.Entry:
    """An entry in the loader's commands. A command whose file is missing falls through to the next one (record
    bootcfg-first-missing-semicolon), which is what makes a fallback. ``load`` only takes a name down, so that nothing
    stands in for a dom0 kernel that is missing (record bootcfg-missing-load). A native kernel's console is the one that
    the loader has at that time."""
    if entry.commands:
        return bootcfg.Entry(entry.name, entry.commands)
    commands = [f"consdev {consdev}"] if consdev else []
    commands += [rndseed] if entry.native and rndseed else []
    if entry.native:
        commands.append(boot_entries.command("boot", entry.kernel, entry.args))
    else:
        commands.append(boot_entries.command("load", entry.kernel, entry.args))
        commands.append(boot_entries.command("multiboot", entry.hypervisor, entry.hypervisor_args))
    if entry.fallback:
        commands.append(boot_entries.command("boot", entry.fallback))
    return bootcfg.Entry(entry.name, tuple(commands))


# -- current ----------------------------------------------------------------------------------------------------------


def read(host: Host, declared: Declared | None = None) -> dict[str, Any]:
    """The file, which of the files that it or the declared entries name can be booted, and whether another file is read
    before it."""
    firmware = efi.read(host)
    path = (declared.menu.path if declared else "") or _own_menu(firmware)
    found = found_text.read_menu(host, path)
    entries = bootcfg.entries(bootcfg.parse(found.text or ""))
    if declared:
        entries += [_managed(entry) for entry in declared.menu.entries]
    return {
        "path": path,
        "text": found.text,
        "damaged": {"wrong": found.wrong, "copy": found.copy, "refused": found.refused},
        "release": host.release,
        "efi": firmware,
        "hardware": hardware.read(host, map(bootcfg.dom0_arguments, entries)),
        **boot_entries.look_at(host, {name for entry in entries for name in bootcfg.files(entry)}),
    }


def _own_menu(firmware: dict[str, Any]) -> str:
    """The menu that counts; where that can't be told ``plan`` refuses, whatever was read."""
    try:
        return efi.menu(firmware)
    except Refused:
        return loaders.BOOT_CFG.menu


# -- plan -------------------------------------------------------------------------------------------------------------


def plan(current: dict[str, Any], declared: Declared) -> Plan:
    """At most one change: the file as it must be. Raises Refused for a menu that would leave the machine unbootable."""
    menu = replace(declared.menu, path=declared.menu.path or efi.menu(current["efi"]))
    if current["path"] != menu.path:
        raise NotRead(f"{menu.path} was not read")
    damaged = found_text.Found(current["text"], **current.get("damaged", {}))
    efi.refuse_shadowed(current["efi"], menu.path)
    found_text.refuse_damaged(damaged)
    before = current["text"] or ""
    _refuse_unreadable(current, before)
    release = declared.loader_release or current["release"]
    comments = bootcfg.reads_comments(release)
    old = bootcfg.parse(before, comments)
    found = by_default.of_boot_cfg(old)
    in_use = adopted.in_use(found.xen, found.default, menu.names)
    hardware.refuse_contradicted(current, menu, in_use)
    menu, said = adopted.into(menu, in_use)
    managed = _present(current, menu, _rndseed(current, old, release), release)
    new = _wanted_lines(old, menu, managed)
    if menu.console.device:
        wanted = _consdev(current, menu, menu.console.device, release)
        new = bootcfg_edit.with_console(new, wanted, menu.console.baud)
    # What was inserted may stand behind a line that takes it along.
    new = bootcfg.parse(bootcfg.render(new), comments)
    _refuse_swallowed(menu.path, new, release)
    _refuse_unbootable(current, menu, managed, new)
    after = bootcfg.render(new)
    changes = []
    if after != before or damaged.wrong:
        changes.append(_change(menu.path, damaged, after, old, new))
    said += _warnings(menu.path, new) + efi.warnings(current["efi"], menu.path)
    return Plan(changes, warnings=said)


def _consdev(current: dict[str, Any], menu: boot_entries.Menu, device: str, release: str) -> str:
    by_efi = current["efi"]["booted"] is True or menu.path in current["efi"]["menus"]
    return bootcfg.consdev(device, menu.console.baud, release, by_efi)


def _present(
    current: dict[str, Any], menu: boot_entries.Menu, rndseed: str | None, release: str
) -> list[bootcfg.Entry]:
    """The declared entries in the loader's commands, without the optional ones whose files are missing."""
    found = []
    for declared in menu.entries:
        own = declared.console and declared.console != menu.console.device
        entry = _managed(declared, rndseed, _consdev(current, menu, declared.console, release) if own else "")
        files = bootcfg.files(entry)
        if not declared.optional or all(boot_entries.exists(current, menu.assume_files, path) for path in files):
            found.append(entry)
    return found


def _rndseed(current: dict[str, Any], lines: list[bootcfg.Line], release: str) -> str | None:
    """The command with which this file feeds the kernel's random numbers, if it does; a new file does."""
    if not bootcfg.knows_rndseed(release):
        return None
    if current["text"] is None:
        return RNDSEED
    for entry in bootcfg.entries(lines):
        for command in entry.commands:
            if command.split()[0] == "rndseed":
                return command
    return None


def _wanted_lines(
    old: list[bootcfg.Line], menu: boot_entries.Menu, managed: list[bootcfg.Entry]
) -> list[bootcfg.Line]:
    lines = bootcfg_edit.with_menu(old, managed, menu.names, menu.keep_others)
    index = _wanted_default(old, lines, menu)
    lines = bootcfg_edit.with_default(lines, index, explicit=menu.default is not None)
    return bootcfg_edit.with_timeout(lines, menu.timeout)


def _wanted_default(old: list[bootcfg.Line], new: list[bootcfg.Line], menu: boot_entries.Menu) -> int | None:
    """The index of the default entry in the new menu; None if nothing asks for one.

    Where none is declared, the entry that was the default stays the default, wherever it now stands.
    """
    names = [entry.text for entry in bootcfg.entries(new)]
    declared = boot_entries.default_name(menu, names)
    if declared is not None:
        return names.index(declared)
    index = bootcfg.default_index(old)
    if index is None or not names:
        return None
    previous = bootcfg.entries(old)[index].text
    return names.index(previous) if previous in names else 0


# -- what is never written --------------------------------------------------------------------------------------------


def _refuse_unreadable(current: dict[str, Any], before: str) -> None:
    path = current["path"]
    if "\r" in before:
        raise Refused(
            f"{path} has lines that end with CR LF, as DOS writes them; the loader takes the CR for a part "
            "of each file's name and boots nothing. Convert it first, for example with: tr "
            "-d '\\r' < boot.cfg > boot.cfg.new"
        )


def _refuse_swallowed(path: str, lines: list[bootcfg.Line], release: str) -> None:
    for number, line in enumerate(lines, 1):
        if line.swallowed:
            raise Refused(
                f"{path}: NetBSD {release}'s loader knows no comments and no blank lines; it takes what stands before "
                f"line {number} for its beginning and loses {line.text!r}. Remove every comment and blank line."
            )


def _refuse_unbootable(
    current: dict[str, Any], menu: boot_entries.Menu, managed: list[bootcfg.Entry], lines: list[bootcfg.Line]
) -> None:
    path = menu.path
    entries = bootcfg.entries(lines)
    size = len(bootcfg.render(lines).encode("utf-8", "surrogateescape"))
    if size > bootcfg.MAX_BYTES:
        raise Refused(f"{path} would have {size} bytes; the loader ignores a file of more than {bootcfg.MAX_BYTES}.")
    if len(entries) > bootcfg.MAX_ENTRIES:
        raise Refused(
            f"{path} would have {len(entries)} entries; the loader shows {bootcfg.MAX_ENTRIES} and drops the rest. "
            "Declare fewer, or other_entries: remove."
        )
    if bootcfg.forces_numbers(lines) and bootcfg.timeout(lines) and len(entries) > bootcfg.MAX_NUMBERED_ENTRIES:
        raise Refused(
            f"{path} would have {len(entries)} entries, but its format line demands numbers, and with those the loader "
            f"shows {bootcfg.MAX_NUMBERED_ENTRIES} only. Remove the format line or declare fewer entries."
        )
    for keyword in ("timeout", "default"):
        line = bootcfg.last(lines, keyword)
        if line is not None and not bootcfg.is_numeric(line):
            raise Refused(
                f"{path} says {line.text!r}, which is no number: the loader would "
                f"{'wait for ever' if keyword == 'timeout' else 'take the first entry'}. Declare a {keyword}."
            )
    index = bootcfg.default_index(lines)
    for entry in managed:
        _refuse_cut(entry)
    for entry in managed + ([] if index is None else [entries[index]]):
        boot_entries.refuse_missing(current, menu, entry.text, bootcfg.files(entry))
        stray = bootcfg.stray_module(entry, lines)
        if stray:
            raise Refused(
                f"Boot entry {entry.text!r} of {path}: the hypervisor is given {stray!r} before the dom0 kernel, takes "
                "it for that kernel, and panics. Move it into the entries that boot without Xen."
            )
    boot_entries.refuse_disguised(current, menu)
    boot_entries.refuse_without_native(current, menu, bootcfg.native_kernels(lines))


# -- words ------------------------------------------------------------------------------------------------------------


def _warnings(path: str, lines: list[bootcfg.Line]) -> list[str]:
    found = []
    for entry in bootcfg.entries(lines):
        for command in entry.commands:
            if len(command) > bootcfg.MAX_COMMAND:
                found.append(
                    f"{path}, entry {entry.text!r}: the command {command.split()[0]} has {len(command)} characters; "
                    f"the loader's buffer holds {bootcfg.MAX_COMMAND} and is not checked."
                )
        cut = bootcfg.cut_module(entry)
        if cut:
            kept = cut[: bootcfg.MAX_MODULE]
            found.append(f"{path}, entry {entry.text!r}: of {cut!r} the loader hands on {kept!r} only.")
    if bootcfg.timeout(lines) == 0:
        found.append(f"{path}: with timeout 0 nobody can choose another entry at the console.")
    return found


def _change(
    path: str, before: found_text.Found, after: str, old: list[bootcfg.Line], new: list[bootcfg.Line]
) -> Change:
    return Change(
        resource=NAME,
        thing=path,
        action="write",
        summary="; ".join(before.words or _differences(old, new)),
        before=None if before.text is None else printable(before.text),
        after=printable(after),
        data=after,
    )


def _differences(old: list[bootcfg.Line], new: list[bootcfg.Line]) -> list[str]:
    """What differs between two menus, in words."""
    words = boot_entries.differences(
        {entry.text: entry.commands for entry in bootcfg.entries(old)},
        {entry.text: entry.commands for entry in bootcfg.entries(new)},
    )
    if _default_name(old) != _default_name(new):
        words.append(f"default was {_default_name(old)}, becomes {_default_name(new)}")
    before, after = bootcfg.timeout(old), bootcfg.timeout(new)
    if before != after:
        words.append(f"timeout was {boot_entries.seconds(before)}, becomes {boot_entries.seconds(after)}")
    consoles = _console_name(old), _console_name(new)
    if consoles[0] != consoles[1]:
        words.append(f"the loader's console was {consoles[0]}, becomes {consoles[1]}")
    return words or ["put the entries into the declared order"]


def _console_name(lines: list[bootcfg.Line]) -> str:
    line = bootcfg.last(lines, "consdev")
    return "what the boot blocks say" if line is None else line.value.strip()


def _default_name(lines: list[bootcfg.Line]) -> str:
    index = bootcfg.default_index(lines)
    return "nothing" if index is None else bootcfg.entries(lines)[index].text


# -- apply ------------------------------------------------------------------------------------------------------------


def apply(host: Host, change: Change) -> None:
    """Write the file; the first one ever found stays as PATH.orig, the last one as PATH.prev."""
    host.write_text(change.thing, change.data, mode=0o644, backup=True)
