# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetBSD's own loader: what /boot (BIOS) and bootx64.efi do with boot.cfg.

Sources: boot.cfg(5) and the loader's sources as facts netbsd-xen sections 4.1 and 4.2 tell them; records bootcfg-*
(NetBSD 7.99.10).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..core import images
from ..core.machine import Machine
from ..system import mounts
from . import startup, terminals
from .startup import BootDisk, Started

MAX_FILE = 32768
MAX_MENUS = 20
MAX_COMMAND = 79
DEFAULT_TIMEOUT = 5  # installboot's (record bootcfg-spaces: a timeout line that is not read leaves 5)
DEFAULT_KERNELS = ("netbsd", "netbsd.gz", "onetbsd", "onetbsd.gz", "netbsd.old", "netbsd.old.gz")
_IGNORED = ("userconf", "vesa", "modules")
# They take a file down, in one list (stand/lib/exec.c, module_add_common).
_MODULES = ("load", "rndseed", "fs", "splash")
# struct bi_modulelist_entry has char path[80] (arch/x86/include/bootinfo.h): name and arguments, the end included.
MAX_MODULE = 79
# stand/lib/parseutils.c, parseboot and parseopts; sys/boot_flag.h.
_BOOT = re.compile(r"([^-\s]\S*)?((?:[ \t]*-[1234abcdmqsvxz]+)?(?:[ \t]+-[1234abcdmqsvxz]+)*)[ \t]*")
# boot/boot2.c, cons_devs.
_CONSOLES = ("pc", *(f"com{number}{kbd}" for kbd in ("", "kbd") for number in range(4)), "auto")
# The root file system's disk as the loader names it. All others have nothing that boots.
ROOT_DEVICE = "hd0a"

Loaded = tuple[str, images.Image | None, str]


@dataclass
class Config:
    """A boot.cfg as the loader understands it. timeout -1 waits for ever; default counts from 0."""

    menus: list[tuple[str, str]] = field(default_factory=list)
    timeout: int = DEFAULT_TIMEOUT
    default: int = 0
    modules: list[str] = field(default_factory=list)
    consdev: str = ""


# --- reading ---------------------------------------------------------------------------------------------------------


def parse(text: str, netbsd: int = 10) -> Config:
    """Read a boot.cfg as the loader of that NetBSD does. Keywords match by prefix, unknown ones are ignored."""
    config = Config()
    default = 1
    for keyword, value in _old_settings(text) if netbsd < 7 else _settings(text):
        if keyword.startswith("menu"):
            _add_menu(config, value)
        elif keyword.startswith("timeout"):
            config.timeout = _number(value) if value[:1].isdigit() else -1
        elif keyword.startswith("default"):
            default = _number(value)
        elif keyword.startswith("consdev"):
            config.consdev = value
        elif keyword.startswith("load") or keyword == "fs":
            config.modules.append(value)
    config.default = min(max(default - 1, 0), max(len(config.menus) - 1, 0))
    return config


def _settings(text: str) -> list[tuple[str, str]]:
    """A comment may begin anywhere (sys/lib/libsa/bootcfg.c)."""
    lines = [line.partition("#")[0].partition("=") for line in text.split("\n")]
    return [(keyword, value) for keyword, equals, value in lines if equals]


def _old_settings(text: str) -> list[tuple[str, str]]:
    """NetBSD 5's parser knows neither comments nor blank lines: a keyword is all up to the next `=`, so such a line
    swallows the one behind it (5.2:sys/arch/i386/stand/boot/boot2.c, facts section 4.1)."""
    found = []
    while "=" in text:
        keyword, _equals, text = text.partition("=")
        value, _newline, text = text.partition("\n")
        found.append((keyword, value))
    return found


def _add_menu(config: Config, value: str) -> None:
    text, colon, commands = value.partition(":")
    if colon and len(config.menus) < MAX_MENUS:
        config.menus.append((text or commands, commands))


def _number(text: str) -> int:
    """atoi: leading digits, or 0."""
    match = re.match(r"\s*(\d+)", text)
    return int(match[1]) if match else 0


# --- running ---------------------------------------------------------------------------------------------------------


def load(disk: BootDisk) -> Started:
    """What the loader starts."""
    if not startup.by_efi(disk.m) and disk.read("/boot") is None:
        return Started(down="boot blocks: no /boot on the root file system")
    content = _boot_cfg(disk)
    if content is None or len(content) > MAX_FILE:
        return _boot_default(disk)
    config = parse(content.decode("latin-1"), int(disk.m.profile.netbsd_release.partition(".")[0]))
    if not config.menus:
        return _boot_default(disk)
    if config.timeout < 0:
        return Started(down="boot menu: waits for ever for a choice (timeout does not begin with a digit)")
    return _Run(disk, config).entry(config.default)


def _boot_cfg(disk: BootDisk) -> bytes | None:
    """The EFI loader looks into the system partition first (facts section 4.1; efiboot/boot.c, EFIBOOTCFG_FILENAME)."""
    if startup.by_efi(disk.m):
        try:
            return (mounts.esp(disk.m) / "EFI/NetBSD/boot.cfg").read_bytes()
        except OSError:
            pass
    return disk.read("/boot.cfg")


def _boot_default(disk: BootDisk, arguments: str = "") -> Started:
    """Without a usable boot.cfg: the usual names in turn."""
    for name in DEFAULT_KERNELS:
        image = disk.image("/" + name)
        if image is not None:
            return startup.native("/" + name, image, arguments)
    return Started(down="boot loader: no kernel (netbsd: No such file or directory)")


class _Run:
    """What the loader keeps while it runs an entry's commands."""

    def __init__(self, disk: BootDisk, config: Config) -> None:
        self.disk = disk
        self.config = config
        self.said: list[str] = []
        self.hazards: list[str] = []
        self.loaded = [module.lstrip(" \t") for module in config.modules]
        self.device = ROOT_DEVICE
        self.entered = False
        self.console = terminals.port(disk.m, disk.m.data.get("boot_options", {}).get("console", "pc"))
        if config.consdev:
            self._consdev(config.consdev)

    def entry(self, number: int) -> Started:
        """Run an entry's commands. One that fails falls through to the next (record bootcfg-first-missing-semicolon);
        after the last one the menu comes again, for ever (record bootcfg-missing-kernel)."""
        started = self._commands(number)
        if started is None:
            name, said = self.config.menus[number][0], "; ".join(self.said) or "no boot command"
            started = Started(down=f"boot menu: entry {name!r} starts nothing, for ever: {said}")
        started.hazards = self.hazards
        return started

    def _commands(self, number: int) -> Started | None:
        text, commands = self.config.menus[number]
        for command in take_apart(commands):
            if command is None:
                return Started(down=f"boot loader: goes round for ever in the commands of {text!r}")
            started = self._command(command, text)
            if started is not None:
                return started
        return None

    def _command(self, command: str, text: str) -> Started | None:
        """What it starts, or how it ends the boot; None if it goes on."""
        if len(command) > MAX_COMMAND:
            self.hazards.append(
                f"boot command of {len(command)} characters overflows the loader's buffer of 80: {command}"
            )
            if self.disk.m.profile.strict_boot_commands or self.disk.m.data.get("strict_boot_commands"):
                return Started(down=self.hazards[-1])
        verb, rest = _trailer(command)
        name, arguments = _trailer(rest)
        if verb in _MODULES:
            self.loaded.append(rest)  # only taken down
        elif verb == "consdev":
            self._consdev(rest)
        elif verb == "dev" and ":" in name:
            self.device = name.partition(":")[0]  # boot2.c, command_dev; without a colon it changes nothing
        elif verb in ("boot", "multiboot"):
            started = self._boot(rest) if verb == "boot" else self._multiboot(name, arguments)
            if started:
                return started
            self.said.append(f"{verb}: {self.device}:{name}: No such file or directory")
        elif verb == "prompt":
            return Started(down=f"boot loader: at its prompt (entry {text!r})")
        elif verb not in (*_IGNORED, "dev"):
            self.said.append(f"unknown command {verb!r}")
        return None

    def _consdev(self, word: str) -> None:
        """boot2.c and efiboot/boot.c, command_consdev: a speed is an error for those that take none, and another word
        too, which changes nothing. A port that the firmware has not is the screen (lib/pcio.c, initio: nocom)."""
        device, comma, speed = word.partition(",")
        takes_speed = device[:3] == "com" and speed.isdigit() and _takes_speed(self.disk.m)
        if device not in _CONSOLES or comma and not takes_speed:
            self.said.append("invalid console device.")
            return
        self.console = terminals.port(self.disk.m, device)

    def _boot(self, rest: str) -> Started | None:
        match = _BOOT.fullmatch(rest)
        if match is None:
            self.said.append(f"boot {rest}: invalid arguments")
            return None
        name, flags = match[1], match[2].strip()
        if not rest and not self.entered:
            # Neither file nor flag: the menu's default, once (boot2.c, command_boot; bootmenu.c, bootdefault).
            self.entered = True
            started = self._commands(self.config.default)
            if started is not None:
                return started
        if not name:
            return self._seen(_boot_default(self.disk, flags)) if self.device == ROOT_DEVICE else Started()
        image = self._image(name)
        return self._seen(startup.native(_path(name), image, flags)) if image else Started()

    def _seen(self, started: Started) -> Started:
        """A native kernel's console is the loader's (BTINFO_CONSOLE)."""
        started.console = self.console
        return started

    def _multiboot(self, name: str, arguments: str) -> Started:
        image = self._image(name)
        if image is None:
            return Started()
        if image.kind != "xen":
            # multiboot starts a NetBSD kernel too (record bootcfg-missing-load).
            return self._seen(startup.native(_path(name), image))
        if startup.by_efi(self.disk.m) and not startup.has_multiboot2(image):
            self.said.append(f"{name}: EFI boot requires multiboot 2 kernel")  # facts section 4.2
            return Started()
        # The first module that is there is taken for dom0's kernel (exec.c, module_init), whatever it is.
        there = [text for text in self.loaded if self._is_there(_trailer(text)[0])] or self.loaded[:1]
        file, dom0_arguments = _trailer(there[0][:MAX_MODULE]) if there else ("", "")
        loaded = (_path(file), self._image(file), dom0_arguments) if file else None
        return startup.under_xen(self.disk.m, _path(name), image, arguments, loaded)

    def _is_there(self, name: str) -> bool:
        """One without a slash is looked for among the kernel's modules first; none of them is simulated."""
        device, colon, _rest = name.partition(":")
        return (device if colon else self.device) == ROOT_DEVICE and self.disk.read(_path(name)) is not None

    def _image(self, name: str) -> images.Image | None:
        device, colon, _path_there = name.partition(":")
        return self.disk.image(_path(name)) if (device if colon else self.device) == ROOT_DEVICE else None


def take_apart(commands: str) -> list[str | None]:
    """The commands of an entry (bootmenu.c, docommandchoice): blanks go behind each, and before each but the first.
    With two empty ones in a row, or an empty first one (whose buffer nobody has set), it stays where it is: None."""
    found: list[str | None] = []
    pieces = commands.split(";")
    for number, piece in enumerate(pieces):
        text = piece.strip(" ") if number else piece.rstrip(" ")
        if text:
            found.append(text)
        elif len(pieces) > 1 and (not piece if number == 0 else not pieces[number - 1].strip(" ")):
            return [*found, None]
    return found


def _trailer(text: str) -> tuple[str, str]:
    """A word and what is behind it (parseutils.c, gettrailer)."""
    words = re.split(r"[ \t]+", text, maxsplit=1)
    return words[0], words[1] if len(words) > 1 else ""


def _takes_speed(m: Machine) -> bool:
    """consdev=com0,115200: the EFI loader of NetBSD 9 (efiboot/boot.c, command_consdev), and the others from 10 on."""
    return int(m.profile.netbsd_release.partition(".")[0]) >= (9 if startup.by_efi(m) else 10)


def _path(name: str) -> str:
    """A loader path: an optional device (hd0a:, NAME=x:) and a path that may lack its slash."""
    return "/" + name.rpartition(":")[2].lstrip("/")
