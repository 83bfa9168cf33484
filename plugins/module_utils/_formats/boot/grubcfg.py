# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""grub.cfg of GRUB 2: a block of our own in it; and grubenv, the 1024 bytes in which GRUB 2 remembers.

grub.cfg is a program, so that nobody but GRUB can say what all of it does. We write one marked block, know that block
to the byte, and of the rest only which entries it has, by their ``menuentry`` commands.

Sources: the GRUB 2 manual (Multiboot, NetBSD, "The GRUB environment block"), util/grub.d/00_header.in for next_entry,
util/grub.d/20_linux_xen.in for the placeholder, grub-core/lib/envblk.c for grubenv.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .grubscript import VARIABLE, Command, commands

BEGIN = "### BEGIN netbsd.xen: written by Ansible, edits are lost ###"
END = "### END netbsd.xen ###"
# Some releases of Xen drop the first word of what GRUB 2 hands over, because GRUB legacy put the file's name there;
# Xen and the dom0 kernel both pass over a word that they don't know.
PLACEHOLDER = "placeholder"
NEXT_ENTRY = "next_entry"
# Options with a word behind them: of menuentry (commands/menuentry.c), and of knetbsd (loader/i386/bsd.c).
_WITH_WORD = ("--class", "--users", "--hotkey", "--source", "--id", "-r", "--root")
_MENU = ("menuentry", "submenu")
_LOADS = ("multiboot", "multiboot2", "module", "module2", "knetbsd")
_ASSIGNMENT = re.compile(r"(?P<name>\w+)=(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """An entry of the menu: its title, GRUB's commands line by line, and the id by which GRUB knows it too."""

    title: str
    commands: tuple[str, ...]
    id: str = ""


@dataclass(frozen=True)
class File:
    """A grub.cfg: what stands before our block, the block's lines between its marks (None without a block), and what
    stands after it."""

    before: str
    block: str | None
    after: str


def parse(text: str) -> File:
    """The parts of a file. Never fails: a block without its end mark is none."""
    begin = text.find(BEGIN + "\n")
    end = text.find(END + "\n", begin)
    if begin < 0 or end < 0:
        return File(text, None, "")
    start = begin + len(BEGIN) + 1
    return File(text[:begin], text[start:end], text[end + len(END) + 1 :])


def render(file: File) -> str:
    """The file again, byte for byte."""
    if file.block is None:
        return file.before + file.after
    return f"{file.before}{BEGIN}\n{file.block}{END}\n{file.after}"


def block_text(
    entries: Iterable[Entry],
    default: str,
    timeout: int,
    fallbacks: list[int],
    trial_fallbacks: list[int],
    terminal: Iterable[str] = (),
) -> str:
    """Our block. ``default`` is a title, ``terminal`` the commands that choose where the menu is. GRUB goes through the
    fallbacks, numbers of entries counted from 0 over the whole menu, until one starts (grub-core/normal/menu.c).

    The entry that grub-reboot(8) or grub-editenv(1) put into next_entry comes before the default, has fallbacks of its
    own, and is forgotten before it is started.
    """
    lines = [
        "if [ -s $prefix/grubenv ]; then",
        "\tload_env",
        "fi",
        f'set default="{default}"',
        f"set timeout={timeout}",
        *_fallback_lines("", fallbacks),
        f'if [ "${{{NEXT_ENTRY}}}" ]; then',
        f'\tset default="${{{NEXT_ENTRY}}}"',
        f"\tset {NEXT_ENTRY}=",
        f"\tsave_env {NEXT_ENTRY}",
        *_fallback_lines("\t", trial_fallbacks),
        "fi",
        *terminal,
    ]
    for entry in entries:
        lines += [f'menuentry "{entry.title}" {{', *(f"\t{command}" for command in entry.commands), "}"]
    return "\n".join(lines) + "\n"


def _fallback_lines(indent: str, numbers: list[int]) -> list[str]:
    return [f'{indent}set fallback="{" ".join(map(str, numbers))}"'] if numbers else []


def _named(words: Iterable[str]) -> tuple[str | None, str]:
    """The title in the words behind ``menuentry``, and the id. None for a title that only GRUB can tell."""
    title: str | None = None
    ident, option = "", ""
    for word in words:
        name, equals, value = word.partition("=")
        if option or (equals and name in _WITH_WORD):
            ident = (value if equals and not option else word) if (option or name) == "--id" else ident
            option = ""
        elif word in _WITH_WORD:
            option = word
        elif not word.startswith("--") and title is None:
            title = word
    return (None if title is None or VARIABLE in title else title), ident


def menu(text: str) -> list[Entry | None]:
    """The menu that a piece of a file makes, in its order, None for what is no entry or whose title only GRUB can tell.
    What is in a submenu or a function is not among it."""
    return [
        Entry(title, _lines(command.block or ""), ident) if title is not None and command.words[0] == _MENU[0] else None
        for command in _menu_commands(text)
        for title, ident in [_named(command.words[1:])]
    ]


def _menu_commands(text: str) -> list[Command]:
    found = commands(text)
    return [each for each in found if each.words[0] in _MENU and each.depth == 0 and each.block is not None]


def _lines(block: str) -> tuple[str, ...]:
    lines = [line.strip() for line in block.split("\n")]
    return tuple(line for line in lines if line and not line.startswith("#"))


def entries(text: str) -> list[Entry]:
    """The entries of the menu that a piece of a file makes."""
    return [entry for entry in menu(text) if entry is not None]


def without_entries(text: str, titles: Iterable[str]) -> str:
    """A piece of a file without the entries of these titles. One that may not be made at all stays: without it, the
    ``if`` around it could be empty, which is an error to GRUB."""
    unwanted = set(titles)
    for command in reversed(_menu_commands(text)):
        if command.words[0] != _MENU[0] or command.conditional or _named(command.words[1:])[0] not in unwanted:
            continue
        start, end = command.start, command.end
        line_start, line_end = text.rfind("\n", 0, start) + 1, text.find("\n", end)
        line_end = len(text) if line_end < 0 else line_end
        if not text[line_start:start].strip() and not text[end:line_end].strip(" \t;"):
            start, end = line_start, min(line_end + 1, len(text))
        text = text[:start] + text[end:]
    return text


def setting(text: str, name: str) -> str | None:
    """The value of ``default`` or ``timeout``; the last command outside an entry that sets it decides, except the one
    that takes next_entry over."""
    values = [value for value in _values(text, name) if value is not None]
    return values[-1] if values else None


def _values(text: str, name: str) -> list[str | None]:
    """All that commands outside of entries and functions set a variable to, None for what only GRUB can tell. What
    takes next_entry over is none of them."""
    return [
        None if VARIABLE in assigned["value"] else assigned["value"]
        for command in commands(text)
        if command.depth == 0
        for word in (command.words[1:] if command.words[0] == "set" else command.words[:1])
        for assigned in [_ASSIGNMENT.fullmatch(word)]
        if assigned and assigned["name"] == name
        if VARIABLE not in assigned["value"] or NEXT_ENTRY not in text[command.start : command.end]
    ]


def seconds(text: str) -> int | None:
    """The timeout, None where there is none or only GRUB can tell it."""
    said = _one(text, "timeout", "")
    return int(said) if said and said.isdigit() else None


def default_title(text: str) -> str | None:
    """The title of the entry that boots unless next_entry says otherwise, None where only GRUB can tell. It is chosen
    by its title, its id or its number, for which entries count that may be there or not."""
    said, found = _one(text, "default", "0"), menu(text)
    if said is None:
        return None
    named = [entry.title for entry in found if entry and said in (entry.title, entry.id)]
    if said.isdigit() and int(said) < len(found) and not any(each.conditional for each in _menu_commands(text)):
        entry = found[int(said)]
        named = [entry.title] if entry else []
    return named[0] if len(named) == 1 else None


def _one(text: str, name: str, unsaid: str) -> str | None:
    """What a variable is, ``unsaid`` where nothing sets it, None where it may be this or that."""
    values = set(_values(text, name)) or {unsaid}
    return values.pop() if len(values) == 1 else None


# -- what an entry does ------------------------------------------------------------------------------------------------


def _commands(entry: Entry) -> list[tuple[str, ...]]:
    return [command.words for command in commands("\n".join(entry.commands))]


def _file(words: tuple[str, ...]) -> tuple[str, str]:
    """The file that a command names, and the words behind it."""
    rest = list(words[1:])
    while rest and rest[0].startswith("-"):
        del rest[: 2 if rest[0] in _WITH_WORD else 1]
    return (rest[0] if rest else ""), " ".join(rest[1:])


def native_kernel(entry: Entry) -> str | None:
    """The kernel that an entry boots without a hypervisor, or None."""
    for words in _commands(entry):
        path = _file(words)[0] if words[0] == "knetbsd" else ""
        if path and VARIABLE not in path and "XEN3" not in path.rsplit("/", 1)[-1]:
            return path
    return None


def files(entry: Entry, root: str) -> list[str]:
    """Every file that an entry loads from the device that GRUB calls ``root``. What is on another one, or where the
    entry sets the device itself, can't be looked at, nor a name with a variable in it."""
    found = _commands(entry)
    if any(_sets_root(words) for words in found):
        return []
    named = [without_root(_file(words)[0], root) for words in found if words[0] in _LOADS]
    return [path for path in named if path.startswith("/") and VARIABLE not in path]


def _sets_root(words: tuple[str, ...]) -> bool:
    assigned = words[1:] if words[0] == "set" else words[:1]
    return words[0].partition(".")[0] == "search" or any(word.startswith("root=") for word in assigned)


def xen(entry: Entry) -> tuple[str, str, str, str] | None:
    """How an entry boots a hypervisor: its file as GRUB calls it, its arguments, and the first module, which is the
    dom0 kernel, with its own. None if it boots none."""
    loaded = [(words[0].rstrip("2"), *_file(words)) for words in _commands(entry) if words[0] in _LOADS]
    hypervisor = next((each for each in loaded if each[0] == "multiboot"), None)
    kernel = next((each for each in loaded if each[0] == "module"), None)
    if hypervisor is None or kernel is None:
        return None
    return hypervisor[1], _arguments(hypervisor[2]), kernel[1], _arguments(kernel[2])


def _arguments(text: str) -> str:
    words = text.split()
    return " ".join(words[1:] if words[:1] == [PLACEHOLDER] else words)


def without_root(path: str, root: str) -> str:
    """A file's path on the device that GRUB calls ``root``."""
    return path[len(root) :] if path.startswith(root) else path


def without_device(path: str) -> str:
    """A file's path, whatever device GRUB is told that it lies on."""
    return re.sub(r"\A\([^)]*\)", "", path)


def chains(entry: Entry) -> bool:
    """True if an entry starts another loader, such as NetBSD's own, of a disk that can be the one that the firmware
    boots, which is hd0."""
    device = ""
    for words in _commands(entry):
        for word in words[1:] if words[0] == "set" else words[:1]:
            device = word[len("root=") :].strip("()") if word.startswith("root=") else device
        if words[0] == "chainloader":
            named = re.match(r"\(([^)]*)\)", _file(words)[0])
            disk = (named.group(1) if named else device).partition(",")[0]
            return re.fullmatch(r"(?!hd0)[a-z]+[0-9]+", disk) is None
    return False


def variables(environment: str) -> dict[str, str]:
    r"""The variables of a grubenv. A backslash keeps the next character, also a newline; '#' fills the rest."""
    found = {}
    for line in re.findall(r"(?:\\.|[^\\\n])*\n", environment, re.DOTALL):
        name, equals, value = line[:-1].partition("=")
        if equals and not line.startswith("#"):
            found[name] = re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)
    return found
