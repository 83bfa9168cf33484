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
# A module's name and arguments, the dom0 kernel's too, are cut after so many (struct bi_modulelist_entry, path[80]).
MAX_MODULE = 79
# With digits forced by ``format`` and a running timeout only these many entries are shown.
MAX_NUMBERED_ENTRIES = 9
DEFAULT_TIMEOUT = 10

# The loader compares only as many characters as the keyword has, so "menuentry=" is a menu line too, but all of "fs"
# (lib/bootmenu.c, ``do_bootcfg_command``). In its order.
_KEYWORDS = ("menu", "banner", "timeout", "default", "consdev", "root", "load", "format", "clear", "userconf", "fs")
_NUMBER = re.compile(r"[0-9]+")
# The NetBSD whose loader, started by that firmware, takes a speed in consdev: com0,115200. The EFI loader's form:
# efiboot/boot.c, command_consdev, whose first version took it for an error; boot/boot2.c of 9 has none.
_CONSDEV_SPEED = {"BIOS": 10, "UEFI": 9}
# A file on another device ("hd1a:netbsd", "NAME=root:/netbsd") can't be looked at from here.
_DEVICE = re.compile(r"\A[^/\s]+:")
_BOOT_COMMANDS = ("boot", "pkboot")
# They take a file down, in one list (exec.c, ``module_add_common``).
_MODULE_COMMANDS = ("load", "fs", "rndseed", "splash")
# What ``boot`` takes: a file, and flags behind it (parseutils.c, ``parseboot``, ``parseopts``; sys/sys/boot_flag.h).
_FLAGS = re.compile(r"(?:[^-\s]\S*)?(?:(?:\A|[ \t]+)-[1234abcdmqsvxz]+(?:[ \t]+-[1234abcdmqsvxz]+)*)?[ \t]*")


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
    """The commands of an entry that the loader comes to, as it takes them apart (``docommandchoice``): blanks are cut
    off behind each, and before each but the first one. With two empty ones in a row, or nothing before the first
    semicolon, it gets no further, for ever."""
    found: list[str] = []
    pieces = commands.split(";")
    for number, piece in enumerate(pieces):
        text = piece.strip(" ") if number else piece.rstrip(" ")
        if text:
            found.append(text)
        elif not piece and number == 0 or number and not pieces[number - 1].strip(" "):
            break
    return tuple(found)


def reads_comments(release: str) -> bool:
    """True if the loader of that NetBSD release ("10.1") knows comments and blank lines. Those before 7 are taken not
    to: 5.2 does not, 6.99 does."""
    return is_from(release, 7)


def knows_rndseed(release: str) -> bool:
    """True if the loader of that release has the command rndseed, which came with NetBSD 6 (boot(8))."""
    return is_from(release, 6)


def consdev(device: str, baud: int, release: str, uefi: bool) -> str:
    """The loader's console, as the keyword and the command ``consdev`` take it, with its speed in bits a second where
    they take one. A loader that does not would say "invalid console device." and stay where it is; it has the speed
    that its boot blocks carry (installboot(8))."""
    takes_speed = device != "pc" and is_from(release, _CONSDEV_SPEED["UEFI" if uefi else "BIOS"])
    return f"{device},{baud}" if takes_speed else device


def is_console(value: str, wanted: str, baud: int) -> bool:
    """Whether a ``consdev`` says what is wanted; one with the speed that is meant is right for any loader, since nobody
    can tell a dom0 that was booted by EFI from others."""
    return value.rstrip() in (wanted, f"{wanted.partition(',')[0]},{baud}")


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
            if key.startswith(keyword) if keyword != "fs" else key == "fs":
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
    """The entry that is booted by default, counted from 0; None if there is no entry that the loader shows.

    The number in the file counts from 1; a letter counts as 0; what is too low is the first entry, what is too high
    the last (records bootcfg-default-range, -0, -letter).
    """
    count = min(len(entries(lines)), MAX_ENTRIES)
    if forces_numbers(lines) and timeout(lines):
        count = min(count, MAX_NUMBERED_ENTRIES)
    if not count:
        return None
    line = last(lines, "default")
    number = _NUMBER.match(line.value.strip()) if line else None
    return min(max(int(number.group()) if number else 1, 1), count) - 1


def forces_numbers(lines: Iterable[Line]) -> bool:
    """True if a ``format`` line demands digits, with which the loader shows nine entries only. Its first letter counts,
    and one that is none of the loader's changes nothing."""
    said = [line.value[:1].lower() for line in lines if line.keyword == "format"]
    known = [letter for letter in said if letter and letter in "andl"]
    return bool(known) and known[-1] in "nd"


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

    ``file`` is the kernel, or the hypervisor where ``multiboot``, and ``options`` what that is given; ``dom0`` the
    kernel that the hypervisor is given, empty if it is given none, and ``arguments`` that kernel's.
    ``default`` is a ``boot`` without file and flags: it boots the menu's default entry, once, whatever that is, and
    only then, or from within that entry, /netbsd (``command_boot``, ``bootdefault``).
    """

    file: str | None
    multiboot: bool = False
    dom0: str | None = ""
    arguments: str = ""
    default: bool = False
    options: str = ""


def boots(entry: Entry) -> list[Boot]:
    """What an entry boots; each is tried only if those before it are not there.

    ``load`` only takes a name down. A hypervisor is given all of them, the first as the kernel of dom0. Before a native
    kernel they are modules, ``load NAME`` without a slash one of /stand/ARCH/RELEASE/modules: the boot goes on without
    those that are missing (exec.c, ``module_path``, ``module_init``).
    """
    found: list[Boot] = []
    loaded: list[list[str]] = []
    elsewhere = False
    for verb, rest in map(_words, entry.commands):
        words = rest.split(None, 1)
        if verb == "dev" and ":" in rest:
            elsewhere = True  # whether hd0a is the root file system's disk can't be told from here
        elif verb in _MODULE_COMMANDS and words:
            loaded.append(words)
        elif verb == "multiboot" and words:
            dom0, arguments = [*loaded[0], ""][:2] if loaded else ("", "")
            place, options = _place(words[0], elsewhere), " ".join(words[1:])
            found.append(Boot(place, True, dom0 and _place(dom0, elsewhere), arguments, options=options))
        elif verb in _BOOT_COMMANDS and _takes(rest):
            named = words[0] if words and not rest.startswith("-") else ""
            found.append(Boot(_place(named or "netbsd", elsewhere), default=not rest))
    return found


def _words(command: str) -> tuple[str, str]:
    """A command and what is behind it. One with a blank before it is none (``docommand``, ``gettrailer``)."""
    words = re.split(r"[ \t]+", command, maxsplit=1)
    return words[0], (words[1] if len(words) > 1 else "").rstrip("\t")


def _takes(rest: str) -> bool:
    """Whether ``boot`` does anything: behind a file it takes flags only, before it none (``parseboot``)."""
    return _FLAGS.fullmatch(rest) is not None


def stray_module(entry: Entry, lines: Iterable[Line]) -> str:
    """What a hypervisor of this entry would be given as the kernel of dom0 in place of the one that is meant, empty if
    nothing: every module comes first that the whole file names, or another command of the entry before ``load``."""
    if not any(boot.multiboot for boot in boots(entry)):
        return ""
    of_file = [line.text for line in lines if line.keyword in ("load", "fs")]
    own = [command for command in entry.commands if _words(command)[0] in _MODULE_COMMANDS]
    first = (of_file + own + [""])[0]
    return "" if not of_file and _words(first)[0] == "load" else first


def cut_module(entry: Entry) -> str:
    """The text behind a ``load`` that the loader cuts; empty if there is none."""
    for verb, rest in map(_words, entry.commands):
        if verb == "load" and len(rest) > MAX_MODULE:
            return rest
    return ""


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


def xen(entry: Entry) -> Boot | None:
    """How an entry boots a hypervisor, None if it boots none, or something else first."""
    first = next(iter(boots(entry)), None)
    return first if first is not None and first.multiboot else None


def dom0_arguments(entry: Entry) -> str:
    """The arguments of the kernel that a hypervisor is given, empty for a native entry."""
    return next((boot.arguments for boot in boots(entry) if boot.multiboot), "")
