# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""grub.cfg of GRUB 2: a block of our own in it; and grubenv, the 1024 bytes in which GRUB 2 remembers.

grub.cfg is a program, so that nobody but GRUB can say what all of it does. We write one marked block, know that block
to the byte, and of the rest only which entries it has, by their ``menuentry`` lines.

Sources: the GRUB 2 manual (Multiboot, NetBSD, "The GRUB environment block"), util/grub.d/00_header.in for next_entry,
util/grub.d/20_linux_xen.in for the placeholder, grub-core/lib/envblk.c for grubenv.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

BEGIN = "### BEGIN netbsd.xen: written by Ansible, edits are lost ###"
END = "### END netbsd.xen ###"
# Some releases of Xen drop the first word of what GRUB 2 hands over, because GRUB legacy put the file's name there;
# Xen and the dom0 kernel both pass over a word that they don't know.
PLACEHOLDER = "placeholder"
NEXT_ENTRY = "next_entry"
# Options may stand before a title (commands/menuentry.c), and one of a single word needs no quotes.
_ENTRY = re.compile(
    r"""^\s*menuentry\s+
    (?:--(?:unrestricted|(?:class|users|hotkey|source|id)(?:=|\s+)(?:'[^']*'|"[^"]*"|\S+))\s+)*
    (?:(?P<quote>['"])(?P<quoted>.*?)(?P=quote)|(?P<word>[^\s'"{$-][^\s'"{$]*))""",
    re.VERBOSE,
)
_SETTING = re.compile(r"""^\s*set\s+(?P<name>default|timeout)=(?P<quote>["']?)(?P<value>.*?)(?P=quote)\s*$""")
# Options come before the file; of knetbsd's, -r has an argument behind it (loader/i386/bsd.c).
_OPTIONS = r"(?:-r\s+\S+\s+|-\S+\s+)*"
_KERNEL = re.compile(rf"^\s*knetbsd\s+{_OPTIONS}(?P<path>\S+)")
_LOADED = re.compile(rf"^\s*(?:multiboot2?|module2?|knetbsd)\s+{_OPTIONS}(?P<path>\S+)")
_OTHER_ROOT = re.compile(r"^\s*(?:set\s+root=|search\s)")
_CHAIN = re.compile(r"^\s*chainloader\s")


@dataclass(frozen=True)
class Entry:
    """An entry of the menu: its title and GRUB's commands."""

    title: str
    commands: tuple[str, ...]


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
    entries: Iterable[Entry], default: str, timeout: int, fallbacks: list[int], trial_fallbacks: list[int]
) -> str:
    """Our block. ``default`` is a title. GRUB goes through the fallbacks, numbers of entries counted from 0 over the
    whole menu, until one starts (grub-core/normal/menu.c).

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
    ]
    for entry in entries:
        lines += [f'menuentry "{entry.title}" {{', *(f"\t{command}" for command in entry.commands), "}"]
    return "\n".join(lines) + "\n"


def _fallback_lines(indent: str, numbers: list[int]) -> list[str]:
    return [f'{indent}set fallback="{" ".join(map(str, numbers))}"'] if numbers else []


def _title(line: str) -> str | None:
    """The title of the entry that begins on a line; None if none does, or if only GRUB knows its title."""
    found = _ENTRY.match(line)
    return (found.group("word") or found.group("quoted")) if found else None


def entries(text: str) -> list[Entry]:
    """The entries in a piece of a file, each with the lines up to its closing brace."""
    found: list[Entry] = []
    title: str | None = None
    commands: list[str] = []
    for line in text.split("\n"):
        begun = _title(line)
        if begun is not None:
            title, commands = begun, []
        elif title is not None and line.strip() == "}":
            found.append(Entry(title, tuple(commands)))
            title = None
        elif title is not None and line.strip() and not line.strip().startswith("#"):
            commands.append(line.strip())
    return found


def without_entries(text: str, titles: Iterable[str]) -> str:
    """A piece of a file without the entries of these titles, as far as they end with a brace on a line of its own."""
    unwanted = set(titles)
    kept: list[str] = []
    held: list[str] = []
    for line in text.split("\n"):
        if _title(line) in unwanted and not held:
            held = [line]
        elif held:
            held = [] if line.strip() == "}" else [*held, line]
        else:
            kept.append(line)
    # An entry without an end was none that we know.
    return "\n".join(kept + held)


def setting(text: str, name: str) -> str | None:
    """The value of ``default`` or ``timeout``; the last line outside an entry that sets it decides, except the one that
    takes next_entry over."""
    values = []
    for line in text.split("\n"):
        found = _SETTING.match(line)
        if found and found.group("name") == name and "$" not in found.group("value"):
            values.append(found.group("value"))
    return values[-1] if values else None


def native_kernel(entry: Entry) -> str | None:
    """The kernel that an entry boots without a hypervisor, or None."""
    for command in entry.commands:
        found = _KERNEL.match(command)
        if found and "XEN3" not in found.group("path").rsplit("/", 1)[-1]:
            return found.group("path")
    return None


def files(entry: Entry, root: str) -> list[str]:
    """Every file that an entry loads from the device that GRUB calls ``root``. What is on another one, or where the
    entry sets the device itself, can't be looked at."""
    if any(_OTHER_ROOT.match(command) for command in entry.commands):
        return []
    loaded = (_LOADED.match(command) for command in entry.commands)
    named = [without_root(found.group("path"), root) for found in loaded if found]
    return [path for path in named if path.startswith("/")]


def without_root(path: str, root: str) -> str:
    """A file's path on the device that GRUB calls ``root``."""
    return path[len(root) :] if path.startswith(root) else path


def chains(entry: Entry) -> bool:
    """True if an entry starts another loader, such as NetBSD's own."""
    return any(_CHAIN.match(command) for command in entry.commands)


def variables(environment: str) -> dict[str, str]:
    r"""The variables of a grubenv. A backslash keeps the next character, also a newline; '#' fills the rest."""
    found = {}
    for line in re.findall(r"(?:\\.|[^\\\n])*\n", environment, re.DOTALL):
        name, equals, value = line[:-1].partition("=")
        if equals and not line.startswith("#"):
            found[name] = re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)
    return found
