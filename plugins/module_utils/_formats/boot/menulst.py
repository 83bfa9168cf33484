# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""menu.lst as GRUB legacy reads it, and back, line for line; and the file beside it that holds a saved default.

Source of every rule: GNU GRUB 0.97, stage2/stage2.c (cmain, get_line_from_config) and stage2/builtins.c (default_func,
savedefault_func, fallback_func). pkgsrc's package looks for both files in /grub (sysutils/grub, MESSAGE), because
/boot is NetBSD's own loader.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

# "default saved" boots the entry whose number stands in this file, beside menu.lst.
SAVED_FILE = "default"
SAVED = "saved"
# savedefault overwrites the first ten bytes in place, and fails on a shorter file.
SAVED_BYTES = 10
# A file on another device than GRUB's root, "(hd0,1)/netbsd", is named with it.
_DEVICE = re.compile(r"\A\([^)]*\)")
# Numbers as safe_parse_maxint (stage2/char_io.c) takes them.
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|[0-9]+")
# Its commands (stage2/builtins.c, builtin_table; those of pkgsrc's package). Any other is passed over as a comment is.
_COMMANDS = frozenset(
    """blocklist boot bootp cat chainloader cmp color configfile debug default dhcp displayapm displaymem embed fallback
    find foreground background fstest geometry halt help hiddenmenu hide impsprobe initrd install ioprobe kernel lock
    makeactive map md5crypt module modulenounzip pager partnew parttype password pause quit rarp read reboot root
    rootnoverify savedefault serial setkey setup splashimage terminal terminfo testload testvbe tftpserver timeout
    unhide uppermem vbeprobe""".split()
)
_KERNEL = "kernel"
_OPTION = "--"


@dataclass(frozen=True)
class Block:
    """An entry: its title, the lines from ``title`` to its last command, exactly, and the comments before it."""

    title: str
    lines: tuple[str, ...]
    before: tuple[str, ...] = ()

    @property
    def commands(self) -> tuple[str, ...]:
        """Its commands as GRUB runs them: comments left out, continued lines joined, single blanks."""
        return tuple(" ".join(command.split()) for command in _logical(self.lines) if _word(command) in _COMMANDS)


@dataclass(frozen=True)
class Menu:
    """A whole file: what stands before the first title, the entries, and the comments after the last one."""

    header: tuple[str, ...]
    blocks: tuple[Block, ...]
    footer: tuple[str, ...] = ()

    @property
    def titles(self) -> list[str]:
        return [block.title for block in self.blocks]


def parse(text: str) -> Menu:
    """Every line of a file. Never fails."""
    if not text:
        return Menu((), ())
    groups: list[list[str]] = [[]]
    continued = False
    for line in text.split("\n"):
        if not continued and _word(line) == "title":
            groups.append([])
        groups[-1].append(line)
        continued = _goes_on(line)
    header = groups[0]
    blocks: list[Block] = []
    before: tuple[str, ...] = ()
    for group in groups[1:]:
        size = _without_tail(group)
        block = Block(_argument(_logical(group)[0]), tuple(group[:size]), before)
        # A title without a command is none: the next one takes its place.
        blocks += [block] if block.commands else []
        before = tuple(group[size:]) if block.commands else (*before, *group)
    return Menu(tuple(header), tuple(blocks), before)


def render(menu: Menu) -> str:
    """The file again, byte for byte."""
    lines = [*menu.header]
    for block in menu.blocks:
        lines += [*block.before, *block.lines]
    return "\n".join([*lines, *menu.footer])


def _without_tail(group: list[str]) -> int:
    """How many lines of a group belong to its entry; comments and blank lines at its end belong to what follows."""
    size = len(group)
    while size > 1 and not _word(group[size - 1]) and not _goes_on(group[size - 2]):
        size -= 1
    return size


def _goes_on(line: str) -> bool:
    """Whether the next line is a part of this one, of a comment too. A CR is nothing, wherever it is."""
    return line.replace("\r", "").endswith("\\")


def _logical(lines: Iterable[str]) -> list[str]:
    """Lines as GRUB sees them: a backslash at the end continues one, a comment is none, a CR is nothing."""
    found, begun = [], ""
    for line in lines:
        line = begun + line.replace("\r", "")
        if line.endswith("\\"):
            begun = line[:-1] + " "
            continue
        begun = ""
        if _word(line):
            found.append(line.strip())
    return found + ([begun.strip()] if begun.strip() else [])


def _word(line: str) -> str:
    """The command on a line; empty for a comment or a blank line. Blanks, tabs or '=' end it."""
    text = line.replace("\r", "").strip()
    return "" if text.startswith("#") else re.split(r"[\s=]", text, maxsplit=1)[0]


def _argument(line: str) -> str:
    text = line.replace("\r", "").strip()
    return text[len(_word(line)) :].lstrip(" \t=").strip()


def setting(menu: Menu, command: str) -> str | None:
    """The argument of a header's command; the last one decides, of a default and a timeout the last that is one."""
    found = [_argument(line) for line in _logical(menu.header) if _word(line) == command]
    if command in ("default", "timeout"):
        found = [text for text in found if _number(text) is not None or (text, command) == (SAVED, "default")]
    return found[-1] if found else None


def _number(text: str) -> int | None:
    """The number that a text begins with, None if it begins with none."""
    found = _NUMBER.match(text)
    return int(found.group(), 16 if found.group()[:2] in ("0x", "0X") else 10) if found else None


def with_setting(menu: Menu, command: str, value: str) -> Menu:
    """The menu with a header's command as wanted: the last such line replaced, or a new one at the end."""
    if setting(menu, command) == value:
        return menu
    header = list(menu.header)
    line = f"{command} {value}"
    places = [index for index, old in enumerate(header) if _word(old) == command]
    if places:
        header[places[-1]] = line
    else:
        # The empty piece after the last newline of a file without entries stays the last one.
        at = len(header) - 1 if header and header[-1] == "" and not menu.blocks else len(header)
        header.insert(at, line)
    return Menu(tuple(header), menu.blocks, menu.footer)


def without_setting(menu: Menu, command: str) -> Menu:
    """The menu without a header's command."""
    return Menu(tuple(line for line in menu.header if _word(line) != command), menu.blocks, menu.footer)


def with_commands(menu: Menu, commands: Iterable[str], instead: Iterable[str]) -> Menu:
    """The menu with these commands one after the other in the header, where the first of those named ``instead`` is,
    which all go; at its end if none is. What is so already stays as it is."""
    wanted, unwanted = list(commands), set(instead)
    said = [
        " ".join([_word(line), *_argument(line).split()]) for line in _logical(menu.header) if _word(line) in unwanted
    ]
    if said == wanted:
        return menu
    places = [index for index, line in enumerate(menu.header) if _word(line) in unwanted]
    kept = [line for line in menu.header if _word(line) not in unwanted]
    at = places[0] if places else len(kept) - (1 if kept and kept[-1] == "" and not menu.blocks else 0)
    return Menu((*kept[:at], *wanted, *kept[at:]), menu.blocks, menu.footer)


def waits_for_a_terminal(menu: Menu) -> bool:
    """True if GRUB asks which of several terminals is wanted, and goes on only when somebody presses a key
    (stage2/builtins.c, terminal_func: options come first; without a limit, or with several, the last one counts)."""
    for line in _logical(menu.header):
        words = _argument(line).split() if _word(line) == "terminal" else []
        options = [word for word in words if word.startswith(_OPTION)]
        terminals = [word for word in words if not word.startswith(_OPTION)]
        if len(set(terminals)) > 1 and not any(word.startswith("--timeout=") for word in options):
            return True
    return False


def block(title: str, commands: Iterable[str]) -> Block:
    """A new entry."""
    return Block(title, (f"title {title}", *(f"\t{command}" for command in commands)))


def with_blocks(menu: Menu, wanted: Iterable[Block]) -> Menu:
    """The menu with other entries. Comments that stood before one that goes are kept before the next one."""
    blocks = list(wanted)
    titles = {each.title for each in blocks}
    comments: list[str] = []
    before: dict[str, tuple[str, ...]] = {}
    for old in menu.blocks:
        comments += old.before
        if old.title in titles:
            before[old.title] = (*before.get(old.title, ()), *comments)
            comments = []
    renewed = tuple(Block(each.title, each.lines, before.pop(each.title, ())) for each in blocks)
    # A file ends with a newline.
    return Menu(menu.header, renewed, (*comments, *menu.footer) or ("",))


def timeout(menu: Menu) -> int | None:
    """Seconds until the default entry is booted; None: it waits for ever."""
    return _number(setting(menu, "timeout") or "")


# -- which entry boots ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """The entry that boots by default, and the one that boots instead of it the next time only; by number, from 0."""

    default: int | None
    once: int | None = None


def choice(menu: Menu, saved: str | None) -> Choice:
    """Who boots, from the menu and the text of the file with the saved default (None if there is no such file).

    An entry that a saved default points at and that itself saves another number is a trial: GRUB runs its savedefault,
    which turns the default back, before it starts the kernel.
    """
    number = _entry_number(menu, setting(menu, "default"), saved)
    if number is None or setting(menu, "default") != SAVED:
        return Choice(number)
    back = saves(menu.blocks[number])
    if back is None or back == number or back >= len(menu.blocks):
        return Choice(number)
    return Choice(back, once=number)


def _entry_number(menu: Menu, default: str | None, saved: str | None) -> int | None:
    """Without a number it is 0; one that is too high is 0, or the first fallback."""
    if not menu.blocks:
        return None
    text = (saved or "")[:SAVED_BYTES] if default == SAVED else default
    number = _number(text or "") or 0
    if number < len(menu.blocks):
        return number
    spares = [_number(word) for word in (setting(menu, "fallback") or "").split()]
    return next((spare for spare in spares if spare is not None and spare < len(menu.blocks)), 0)


def saves(entry: Block) -> int | None:
    """The number that an entry makes the saved default, None if it does not, or names none."""
    for command in entry.commands:
        if _word(command) == "savedefault":
            return _number(_argument(command))
    return None


def saved_text(number: int) -> str:
    """A file that holds a saved default, longer than the ten bytes that GRUB needs."""
    return f"{number}\n" + "#\n" * SAVED_BYTES + "# GRUB writes to the beginning of this file: never make it shorter.\n"


# -- what an entry names ----------------------------------------------------------------------------------------------


def files(entry: Block, root: str) -> list[str]:
    """Every file that an entry loads from GRUB's device ``root``. A file on another device can't be looked at."""
    found = []
    device = root
    for command in entry.commands:
        if _word(command) in ("root", "rootnoverify"):
            # What may follow is the number of hard disks that DOS would count.
            device = _argument(command).split(" ")[0]
        elif _word(command) in (_KERNEL, "module", "modulenounzip"):
            named = _named(command)
            if named and (_DEVICE.match(named) or [device])[0] == root:
                found.append(_DEVICE.sub("", named))
    return found


def _named(command: str) -> str:
    return next((word for word in _argument(command).split() if not word.startswith(_OPTION)), "")


def xen(entry: Block) -> tuple[str, str, str, str] | None:
    """How an entry boots a hypervisor: its file without a device, its arguments, and the first module, which is the
    dom0 kernel, with its own. None if it boots none."""
    kernel = None
    for command in entry.commands:
        if _word(command) == _KERNEL:
            kernel = command
        elif _word(command) in ("module", "modulenounzip") and kernel is not None:
            return _path(kernel), _behind_file(kernel), _path(command), _behind_file(command)
    return None


def _path(command: str) -> str:
    """The file that a command names, whatever device it says that has it."""
    return _DEVICE.sub("", _named(command))


def _behind_file(command: str) -> str:
    words = _argument(command).split()
    while words and words[0].startswith(_OPTION):
        del words[0]
    return " ".join(words[1:])


def native_kernel(entry: Block, root: str) -> str | None:
    """The kernel that an entry boots without a hypervisor, or None. Kernels for Xen carry XEN3 in their names."""
    commands = entry.commands
    if any(_word(command) in ("module", "modulenounzip") for command in commands):
        return None
    named = files(entry, root)
    return named[0] if named and "XEN3" not in named[0].rsplit("/", 1)[-1] else None


def chains(entry: Block, root: str) -> bool:
    """True if an entry starts the loader of a partition of the disk that ``root`` is on, which for NetBSD's partition
    is /boot with /boot.cfg; nobody here knows the numbers of the others. The disk itself starts with GRUB again."""
    device = root
    for command in entry.commands:
        if _word(command) in ("root", "rootnoverify"):
            device = _argument(command).split(" ")[0]
        elif _word(command) == "chainloader":
            named = (_DEVICE.match(_named(command)) or [device])[0]
            return named.partition(",")[0] == root.partition(",")[0] and "," in named
    return False


def asks(menu: Menu, entry: Block) -> str:
    """The command with which an entry waits for somebody at the console, empty if it has none: a pause, or a lock where
    the menu has a password (builtins.c, pause_func, lock_func)."""
    locks = setting(menu, "password") is not None
    for command in entry.commands:
        if _word(command) == "pause" or _word(command) == "lock" and locks:
            return _word(command)
    return ""
