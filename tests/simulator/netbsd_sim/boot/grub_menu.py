# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GRUB legacy (0.97 as pkgsrc builds it, with its files in /grub): what it does with menu.lst at a boot.

Sources: GNU GRUB 0.97, stage2/stage2.c (cmain, get_line_from_config, run_menu), stage2/cmdline.c (run_script),
stage2/builtins.c (the commands, savedefault_func), stage2/common.c (the numbers of errors); pkgsrc sysutils/grub
(MESSAGE).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..core import images
from ..core.machine import Machine
from . import netbsd_boot, startup
from .startup import BootDisk, Started

MENU = "/grub/menu.lst"
DEFAULT_FILE = "/grub/default"
STAGE2 = "/grub/stage2"
MAX_FALLBACKS = 8
_MAX_LINE = 1500

# What may stand before the first title. Those without effect here only change how it looks or who may edit.
_MENU_COMMANDS = {"default", "fallback", "timeout", "hiddenmenu", "color", "foreground", "background", "splashimage",
                  "serial", "terminal", "terminfo", "pager", "password", "setkey", "debug", "hide", "unhide"}
_ENTRY_COMMANDS = {"root", "rootnoverify", "kernel", "module", "chainloader", "boot", "savedefault", "makeactive",
                   "lock", "pause", "map", "initrd", "configfile", "halt", "reboot", "find", "cat", "install", "setup"}
_WITHOUT_EFFECT = {"makeactive", "color", "foreground", "background", "serial", "terminal", "terminfo",
                   "pager", "setkey", "debug", "hide", "unhide"}

ERRORS = {1: "Filename must be either an absolute pathname or blocklist", 8: "Kernel must be loaded before booting",
          11: "Unrecognized device string", 13: "Invalid or unsupported executable format", 15: "File not found",
          17: "Cannot mount selected partition", 20: "Multiboot kernel must be loaded before modules",
          21: "Selected disk does not exist", 22: "No such partition", 23: "Error while parsing number",
          25: "Disk read error", 27: "Unrecognized command", 30: "Invalid argument",
          32: "Must be authenticated"}


class GrubError(Exception):
    """GRUB's `Error N: text`."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Error {number}: {ERRORS[number]}")


@dataclass
class Menu:
    """A menu.lst as GRUB understands it. timeout -1 waits for ever."""

    default: int = 0
    fallbacks: list[int] = field(default_factory=list)
    timeout: int = -1
    waits: str = ""
    password: bool = False
    serial: bool = False
    entries: list[tuple[str, list[str]]] = field(default_factory=list)


# --- reading ---------------------------------------------------------------------------------------------------------


def parse(text: str, saved: int = 0) -> Menu:
    """Read a menu.lst. Unknown commands are skipped, wherever they are; errors before the first title as well.
    `saved` is the number that the default file holds."""
    menu = Menu()
    for line in _lines(text):
        name, argument = split_command(line)
        if name == "title":
            menu.entries.append((argument, []))
        elif menu.entries:
            if name in _ENTRY_COMMANDS | _MENU_COMMANDS:
                menu.entries[-1][1].append(line)
        else:
            _set(menu, name, argument, saved)
    # A title without any command is overwritten by the next one, or dropped.
    menu.entries = [entry for entry in menu.entries if entry[1]]
    if not 0 <= menu.default < len(menu.entries):
        menu.default = 0
    menu.fallbacks = [number for number in menu.fallbacks if number < len(menu.entries)]
    return menu


def _lines(text: str) -> list[str]:
    """get_line_from_config: no carriage returns, tabs are blanks, `#` begins a comment at a line's start only, a
    backslash takes the next character as it is."""
    text = re.sub(r"\\(.)", r"\1", text.replace("\r", "").replace("\\\n", " ").replace("\t", " "))
    lines = [line.lstrip(" ")[:_MAX_LINE] for line in text.split("\n")]
    return [line for line in lines if line and not line.startswith("#")]


def split_command(line: str) -> tuple[str, str]:
    """Command and argument: a blank or `=` ends the command (skip_to)."""
    match = re.match(r"([^ =]*)[ =]*(.*)", line)
    assert match is not None
    return match[1], match[2].rstrip(" ")


def _set(menu: Menu, name: str, argument: str, saved: int) -> None:
    if name == "default":
        number = saved if argument == "saved" else maximum(argument)
        menu.default = menu.default if number is None else number
    elif name == "timeout":
        number = maximum(argument)
        menu.timeout = menu.timeout if number is None else number
    elif name == "password":
        menu.password = True
    elif name == "serial":
        menu.serial = True
    elif name == "terminal":
        menu.waits = menu.waits or _terminal(menu, argument)
    elif name == "fallback":
        menu.fallbacks = []
        for word in argument.split()[:MAX_FALLBACKS]:
            number = maximum(word)
            if number is None:
                return
            menu.fallbacks.append(number)


def _terminal(menu: Menu, argument: str) -> str:
    """Which of several terminals is wanted: it waits for a key, for ever without a limit. A serial port that nobody has
    set up is an error, and the command does nothing (builtins.c, terminal_func)."""
    words = argument.split()
    limits = [maximum(word.partition("=")[2]) for word in words if word.startswith("--timeout=")]
    terminals = {word for word in words if not word.startswith("--")}
    known = {"console", "hercules", *(["serial"] if menu.serial else [])}
    if not terminals <= known or None in limits:
        return ""
    return "" if len(terminals) < 2 or limits else f"terminal {argument}"


def maximum(text: str) -> int | None:
    """safe_parse_maxint: the digits at the beginning; None where there are none."""
    match = re.match(r"\d+", text)
    return int(match[0]) if match else None


def saved_entry(content: bytes | None) -> int:
    """The number in the default file; 0 without one (cmain reads ten bytes)."""
    number = maximum((content or b"")[:9].decode("latin-1"))
    return 0 if number is None else number


# --- running ---------------------------------------------------------------------------------------------------------


def readable(m: Machine) -> bool:
    """Whether GRUB reads the root file system: FFSv1 with 8 KiB blocks and 1 KiB fragments, below 512 MB (facts section
    4.5)."""
    fs = m.profile.root_fs
    return (fs.version, fs.bsize, fs.fsize) == (1, 8192, 1024) and m.profile.disks[0].partitions["a"] < 1048576


def load(disk: BootDisk) -> Started:
    """What GRUB starts."""
    if not readable(disk.m) or disk.read(STAGE2) is None:
        return Started(down="GRUB: stage 1.5 does not find /grub/stage2 on the root file system")
    text = disk.text(MENU)
    menu = parse(text or "", saved_entry(disk.read(DEFAULT_FILE)))
    if not menu.entries:
        return Started(down="GRUB: at its prompt (no usable /grub/menu.lst)")
    if menu.waits:
        return Started(down=f"GRUB: {menu.waits}: waits for ever for a key on one of them")
    if menu.timeout < 0:
        return Started(down="GRUB menu: waits for ever for a choice (no timeout)")
    said = []
    for number in [menu.default, *menu.fallbacks]:
        try:
            started = _run_entry(disk, menu, number)
        except GrubError as error:
            said.append(f"{menu.entries[number][0]!r}: {error}")
            continue
        if started:
            return started
        return Started(down=f"GRUB menu: entry {menu.entries[number][0]!r} loads no kernel; the menu waits for ever")
    return Started(down=f"GRUB menu: waits for ever: {'; '.join(said)}")


@dataclass
class _Run:
    """What the commands of an entry have gathered."""

    root: str = "(hd0,a)"
    kernel: tuple[str, images.Image, str] | None = None
    modules: list[tuple[str, images.Image | None, str]] = field(default_factory=list)
    chainload: str = ""


def _run_entry(disk: BootDisk, menu: Menu, number: int) -> Started:
    """Run an entry up to its end, where a loaded kernel is booted. Raises GrubError, which ends the entry."""
    run = _Run()
    title, lines = menu.entries[number]
    for line in lines:
        name, argument = split_command(line)
        if name in ("root", "rootnoverify"):
            run.root = device(disk.m, argument)
        elif name == "kernel":
            _kernel(disk, run, argument)
        elif name == "module":
            _module(disk, run, argument)
        elif name == "chainloader":
            _chainloader(run, argument)
        elif name == "savedefault":
            _save_default(disk, menu, number, argument)
        elif name == "boot":
            return _boot(disk, run)
        elif name == "pause":  # builtins.c, pause_func
            return Started(down=f"GRUB: entry {title!r} waits for ever for a key (pause)")
        elif name == "lock":  # builtins.c, lock_func: nobody has given the password
            if menu.password:
                raise GrubError(32)
        elif name in _MENU_COMMANDS - _WITHOUT_EFFECT:
            raise GrubError(27)  # default, timeout and the like are none of an entry's
        elif name not in _WITHOUT_EFFECT:
            return Started(down=f"simulator: GRUB command {name} in entry {title!r}: not simulated")
    return _boot(disk, run) if run.kernel or run.chainload else Started()


def device(m: Machine, text: str) -> str:
    """(hd0), (hd0,a), (hd0,0) or (hd0,0,a): BIOS numbers of disks, the MBR's partition, the label's letter. Raises
    GrubError for anything else."""
    match = re.fullmatch(r"\((hd|fd)(\d+)(?:,(\d))?(?:,([a-p]))?\)", text.split(" ")[0])
    if not match:
        raise GrubError(11)
    if match[1] == "fd" or int(match[2]) >= len(m.profile.disks):
        raise GrubError(21)
    if match[3] not in (None, "0") or match[4] and match[4] not in m.profile.disks[int(match[2])].partitions:
        raise GrubError(22)
    return match[0]


def _file(disk: BootDisk, run: _Run, name: str) -> tuple[str, images.Image | None]:
    """A file of the root file system: its path, and what it is. Raises GrubError for what cannot be found."""
    match = re.fullmatch(r"(\(.*?\))?(.*)", name)
    assert match is not None
    where = device(disk.m, match[1]) if match[1] else run.root
    if not match[2].startswith("/"):
        raise GrubError(1)
    if where not in ("(hd0,a)", "(hd0,0,a)", "(hd0,0)"):
        raise GrubError(17)  # another partition: nothing is simulated to be there
    if disk.read(match[2]) is None:
        raise GrubError(15)
    return match[2], disk.image(match[2])


def _kernel(disk: BootDisk, run: _Run, argument: str) -> None:
    words = argument.split(" ")
    kind = ""
    while words and words[0].startswith("--"):
        kind = words.pop(0).partition("=")[2] or kind
    path, image = _file(disk, run, words[0] if words else "")
    # Only 32-bit executables can be loaded (stage2/i386-elf.h), and NetBSD/amd64's kernel is none; a hypervisor is.
    if image is None or image.kind == "netbsd" and disk.m.profile.arch != "i386":
        raise GrubError(13)
    if image.kind == "xen" and kind not in ("", "multiboot"):
        raise GrubError(13)
    run.kernel = (path, image, " ".join(words[1:]))
    run.modules = []


def _module(disk: BootDisk, run: _Run, argument: str) -> None:
    if run.kernel is None or run.kernel[1].kind != "xen":
        raise GrubError(20)
    name, _blank, arguments = argument.partition(" ")
    path, image = _file(disk, run, name)
    run.modules.append((path, image, arguments.strip(" ")))


def _chainloader(run: _Run, argument: str) -> None:
    words = [word for word in argument.split() if not word.startswith("--")]
    match = re.fullmatch(r"(\(.*\))?\+1", words[0] if words else "")
    if not match:
        raise GrubError(15)
    run.chainload = match[1] or run.root


def _save_default(disk: BootDisk, menu: Menu, number: int, argument: str) -> None:
    """Write the number over the first ten bytes of the default file, which must be there and as long: the blocks that
    it has are written, it never grows."""
    if argument.startswith("fallback"):
        index = menu.fallbacks.index(number) + 1 if number in menu.fallbacks else 0
        if index >= len(menu.fallbacks):
            raise GrubError(30)
        entry: int | None = menu.fallbacks[index]
    else:
        entry = maximum(argument) if argument else number
    if entry is None:
        raise GrubError(23)
    content = disk.read(DEFAULT_FILE)
    if content is None:
        raise GrubError(15)
    if len(content) < 10:
        raise GrubError(25)
    disk.write(DEFAULT_FILE, (f"{entry}\0".encode() + b"\n" * 10)[:10] + content[10:])


def _boot(disk: BootDisk, run: _Run) -> Started:
    if run.chainload:
        if run.chainload == "(hd0)":
            return Started(down="GRUB chain-loads the disk's boot sector, which is itself, for ever")
        return netbsd_boot.load(disk)
    if run.kernel is None:
        raise GrubError(8)
    path, image, arguments = run.kernel
    if image.kind == "xen":
        return startup.under_xen(disk.m, path, image, arguments, run.modules[0] if run.modules else None)
    return startup.native(path, image, arguments)
