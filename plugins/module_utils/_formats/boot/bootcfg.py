# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""boot.cfg(5) as the NetBSD/x86 boot loader reads it, and back, line for line.

Source of every rule: ``perform_bootcfg`` in NetBSD's sys/lib/libsa/bootcfg.c, ``docommandchoice`` in
sys/arch/i386/stand/lib/bootmenu.c; for the commands boot/boot2.c and lib/exec.c there; measured where a record is named
(NetBSD 7.99.10). Before that, ``parsebootconf`` in boot2.c (NetBSD 5.2), which knows no comments and no blank lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterable

# The loader ignores a bigger file as a whole.
MAX_BYTES = 32768
# It drops the menu lines after the twentieth without a word.
MAX_ENTRIES = 20
# Each command is copied into char[80], its end included, and nobody checks (harmless up to 300 on the machine of the
# records bootcfg-len-*, which says nothing of others).
MAX_COMMAND = 79
# With digits forced by ``format`` and a running timeout only these many entries are shown.
MAX_NUMBERED_ENTRIES = 9
DEFAULT_TIMEOUT = 10

# The loader compares only as many characters as the keyword has, so "menuentry=" is a menu line too. In its order.
_KEYWORDS = ("menu", "banner", "timeout", "default", "consdev", "root", "load", "format", "clear", "userconf", "fs")
_NUMBER = re.compile(r"[0-9]+")
# A file on another device ("hd1a:netbsd", "NAME=root:/netbsd") can't be looked at from here.
_DEVICE = re.compile(r"\A[^/\s]+:")
_BOOT_COMMANDS = ("boot", "pkboot")


@dataclass(frozen=True)
class Entry:
    """A line of the menu: what it shows and the commands that it runs, in order."""

    text: str
    commands: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """One line of the file, exactly, and what the loader makes of it: a keyword and its value, or neither.

    ``swallowed`` is a line that means something by itself, which an old loader takes for the end of the line before.
    """

    text: str
    keyword: str = ""
    value: str = ""
    swallowed: bool = False

    @property
    def entry(self) -> Entry | None:
        """The menu entry on this line. The loader drops a menu line without a colon (record bootcfg-no-title)."""
        if self.keyword != "menu" or ":" not in self.value:
            return None
        text, _colon, commands = self.value.partition(":")
        return Entry(text.strip() or commands.strip(), split_commands(commands))


def split_commands(commands: str) -> tuple[str, ...]:
    """Commands are separated by semicolons; blanks around one mean nothing."""
    return tuple(command.strip() for command in commands.split(";") if command.strip())


def reads_comments(release: str) -> bool:
    """True if the loader of that NetBSD release ("10.1") knows comments and blank lines. Those before 7 are taken not
    to: 5.2 does not, 6.99 does."""
    return is_from(release, 7)


def knows_rndseed(release: str) -> bool:
    """True if the loader of that release has the command rndseed, which came with NetBSD 6 (boot(8))."""
    return is_from(release, 6)


def is_from(release: str, major: int) -> bool:
    """True if a NetBSD release ("10.1") is of that major number or later."""
    number = _NUMBER.match(release)
    return number is not None and int(number.group()) >= major


def parse(text: str, comments: bool = True) -> list[Line]:
    """Every line of a file. Never fails: what the loader ignores is a line without a keyword.

    Without ``comments`` it is read as NetBSD 5 does: a line without '=', such as a blank one or most comments, is taken
    for the beginning of the next line, which is lost by that.
    """
    if comments:
        return [_parse_line(line) for line in text.split("\n")]
    lines: list[Line] = []
    begun = ""
    for line in text.split("\n"):
        lines.append(_parse_old_line(line, begun))
        begun = "" if "=" in line else begun + line + "\n"
    return lines


def render(lines: Iterable[Line]) -> str:
    """The file again, byte for byte."""
    return "\n".join(line.text for line in lines)


def _parse_line(text: str) -> Line:
    # A comment begins anywhere, in the middle of a command too.
    return _keyword_line(text, text.partition("#")[0])


def _parse_old_line(text: str, begun: str) -> Line:
    alone = _keyword_line(text, text)
    if not begun or "=" not in text:
        return alone
    joined = _keyword_line(text, begun + text)
    return Line(text, joined.keyword, joined.value, swallowed=bool(alone.keyword))


def _keyword_line(text: str, read: str) -> Line:
    key, equals, value = read.partition("=")
    if equals:
        for keyword in _KEYWORDS:
            if key.startswith(keyword):
                return Line(text, keyword, value)
    return Line(text)


def setting(keyword: str, value: object) -> Line:
    """A new line for a keyword."""
    return Line(f"{keyword}={value}", keyword, str(value))


def entry_line(entry: Entry) -> Line:
    """A new menu line."""
    return setting("menu", f"{entry.text}:{';'.join(entry.commands)}")


def entries(lines: Iterable[Line]) -> list[Entry]:
    """The menu as written; the loader shows the first MAX_ENTRIES of it."""
    return [line.entry for line in lines if line.entry is not None]


def last(lines: Iterable[Line], keyword: str) -> Line | None:
    """The line that decides: a later one overrides an earlier one (record bootcfg-dup-timeout)."""
    found = [line for line in lines if line.keyword == keyword]
    return found[-1] if found else None


def timeout(lines: Iterable[Line]) -> int | None:
    """Seconds until the default entry is booted; None: it waits for ever (records bootcfg-timeout-foo, -neg)."""
    line = last(lines, "timeout")
    if line is None:
        return DEFAULT_TIMEOUT
    number = _NUMBER.match(line.value)
    return int(number.group()) if number else None


def default_index(lines: list[Line]) -> int | None:
    """The entry that is booted by default, counted from 0; None if there is no entry.

    The number in the file counts from 1; a letter counts as 0; what is too low is the first entry, what is too high
    the last (records bootcfg-default-range, -0, -letter).
    """
    count = min(len(entries(lines)), MAX_ENTRIES)
    if not count:
        return None
    line = last(lines, "default")
    number = _NUMBER.match(line.value.strip()) if line else None
    return min(max(int(number.group()) if number else 1, 1), count) - 1


def forces_numbers(lines: list[Line]) -> bool:
    """True if a ``format`` line demands digits, with which the loader shows nine entries only."""
    line = last(lines, "format")
    return line is not None and line.value[:1].lower() in ("n", "d") and line.value != ""


def is_numeric(line: Line | None) -> bool:
    """True if a timeout or default line holds nothing but a number, or is not there."""
    if line is None:
        return True
    # atoi(3) skips blanks, but before that the first character of a timeout must be a digit.
    value = line.value if line.keyword == "timeout" else line.value.lstrip()
    return _NUMBER.fullmatch(value.rstrip()) is not None


# -- what an entry boots ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Boot:
    """A command of an entry that boots, in the root file system's paths; None stands for a file on another device.

    ``file`` is the kernel, or the hypervisor where ``multiboot``; ``dom0`` the kernel that the hypervisor is given,
    empty if it is given none, and ``arguments`` that kernel's.
    ``default`` is a ``boot`` without file and flags: it boots the menu's default entry, once, whatever that is, and
    only then, or from within that entry, /netbsd (``command_boot``, ``bootdefault``).
    """

    file: str | None
    multiboot: bool = False
    dom0: str | None = ""
    arguments: str = ""
    default: bool = False


def boots(entry: Entry) -> list[Boot]:
    """What an entry boots; each is tried only if those before it are not there.

    ``load`` only takes a name down. A hypervisor is given all of them, the first as the kernel of dom0. Before a native
    kernel they are modules, ``load NAME`` without a slash one of /stand/ARCH/RELEASE/modules: the boot goes on without
    those that are missing (exec.c, ``module_path``, ``module_init``).
    """
    found: list[Boot] = []
    loaded: list[list[str]] = []
    elsewhere = False
    for command in entry.commands:
        words = command.split(None, 2)
        if words[0] == "dev" and len(words) > 1 and ":" in words[1]:
            elsewhere = True  # whether hd0a is the root file system's disk can't be told from here
        elif words[0] == "load" and len(words) > 1:
            loaded.append(words[1:])
        elif words[0] == "multiboot" and len(words) > 1:
            dom0, arguments = [*loaded[0], ""][:2] if loaded else ("", "")
            found.append(Boot(_place(words[1], elsewhere), True, dom0 and _place(dom0, elsewhere), arguments))
        elif words[0] in _BOOT_COMMANDS:
            named = [word for word in command.split()[1:] if not word.startswith("-")]
            found.append(Boot(_place(named[0] if named else "netbsd", elsewhere), default=len(words) == 1))
    return found


def _place(word: str, elsewhere: bool) -> str | None:
    """The path in the root file system of a file as the loader's commands name it; None if it is on another device."""
    return None if elsewhere or _DEVICE.match(word) else "/" + word.lstrip("/")


def files(entry: Entry) -> list[str]:
    """Every file without which an entry does not boot, as far as it lies in the root file system."""
    named = [path for boot in boots(entry) for path in (boot.dom0, boot.file)]
    return [path for path in named if path]


def native_kernel(entry: Entry) -> str | None:
    """The kernel that an entry boots without a hypervisor, or None.

    Kernels built for Xen carry XEN3 in their names (NetBSD's distribution) and don't run on bare metal.
    """
    first = next(iter(boots(entry)), None)
    if first is None or first.multiboot or first.default or first.file is None:
        return None
    return None if "XEN3" in first.file.rsplit("/", 1)[-1] else first.file


def native_kernels(lines: list[Line]) -> list[str]:
    """The kernels that a menu boots without a hypervisor. A bare ``boot`` does so in the default entry only: from every
    other one it boots the default first."""
    index = default_index(lines)
    found = []
    for number, entry in enumerate(entries(lines)[:MAX_ENTRIES]):
        first = next(iter(boots(entry)), None)
        kernel = first.file if first is not None and first.default and number == index else native_kernel(entry)
        found += [kernel] if kernel else []
    return found


def hypervisor(entry: Entry) -> str | None:
    """The hypervisor that an entry boots, as far as it lies in the root file system, or None."""
    first = next(iter(boots(entry)), None)
    return first.file if first is not None and first.multiboot else None


def dom0_arguments(entry: Entry) -> str:
    """The arguments of the kernel that a hypervisor is given, empty for a native entry."""
    return next((boot.arguments for boot in boots(entry) if boot.multiboot), "")
