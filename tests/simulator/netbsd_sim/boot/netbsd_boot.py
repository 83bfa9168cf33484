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
from . import startup
from .startup import BootDisk, Started

MAX_FILE = 32768
MAX_MENUS = 20
MAX_COMMAND = 79
DEFAULT_TIMEOUT = 5  # installboot's (record bootcfg-spaces: a timeout line that is not read leaves 5)
DEFAULT_KERNELS = ("netbsd", "netbsd.gz", "onetbsd", "onetbsd.gz", "netbsd.old", "netbsd.old.gz")
_IGNORED = ("rndseed", "userconf", "consdev", "fs", "vesa", "splash", "modules", "")
# The root file system's disk as the loader names it. All others have nothing that boots.
ROOT_DEVICE = "hd0a"

Loaded = tuple[str, images.Image | None, str]


@dataclass
class Config:
    """A boot.cfg as the loader understands it. timeout -1 waits for ever; default counts from 0."""

    menus: list[tuple[str, str]] = field(default_factory=list)
    timeout: int = DEFAULT_TIMEOUT
    default: int = 0


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
    """The EFI loader looks into the system partition first (facts section 4.1); `HOST/esp` is that partition."""
    if startup.by_efi(disk.m):
        try:
            return (disk.m.host_dir / "esp/EFI/NetBSD/boot.cfg").read_bytes()
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
        self.loaded: list[tuple[str, str]] = []
        self.device = ROOT_DEVICE
        self.entered = False

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
        for command in (part.lstrip(" ") for part in commands.split(";")):
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
        verb, _blank, rest = command.partition(" ")
        name, _blank, arguments = rest.strip(" ").partition(" ")
        if verb == "load":
            self.loaded.append((name, arguments))  # only taken down (exec.c, module_add)
        elif verb == "dev" and ":" in name:
            self.device = name.partition(":")[0]  # boot2.c, command_dev; without a colon it changes nothing
        elif verb in ("boot", "multiboot"):
            started = self._boot(name, arguments) if verb == "boot" else self._multiboot(name, arguments)
            if started:
                return started
            self.said.append(f"{verb}: {self.device}:{name}: No such file or directory")
        elif verb == "prompt":
            return Started(down=f"boot loader: at its prompt (entry {text!r})")
        elif verb not in (*_IGNORED, "dev"):
            self.said.append(f"unknown command {verb!r}")
        return None

    def _boot(self, name: str, arguments: str) -> Started:
        if not name and not self.entered:
            # Neither file nor flag: the menu's default, once (boot2.c, command_boot; bootmenu.c, bootdefault).
            self.entered = True
            started = self._commands(self.config.default)
            if started is not None:
                return started
        if not name or name.startswith("-"):
            return _boot_default(self.disk, f"{name} {arguments}".strip()) if self.device == ROOT_DEVICE else Started()
        image = self._image(name)
        return startup.native(_path(name), image, arguments) if image else Started()

    def _multiboot(self, name: str, arguments: str) -> Started:
        image = self._image(name)
        if image is None:
            return Started()
        if image.kind != "xen":
            # multiboot starts a NetBSD kernel too (record bootcfg-missing-load).
            return startup.native(_path(name), image)
        if startup.by_efi(self.disk.m) and not startup.has_multiboot2(image):
            self.said.append(f"{name}: EFI boot requires multiboot 2 kernel")  # facts section 4.2
            return Started()
        # The first of what was loaded is dom0's kernel.
        file, dom0_arguments = self.loaded[0] if self.loaded else ("", "")
        loaded = (_path(file), self._image(file), dom0_arguments) if file else None
        return startup.under_xen(self.disk.m, _path(name), image, arguments, loaded)

    def _image(self, name: str) -> images.Image | None:
        device, colon, _path_there = name.partition(":")
        return self.disk.image(_path(name)) if (device if colon else self.device) == ROOT_DEVICE else None


def _path(name: str) -> str:
    """A loader path: an optional device (hd0a:, NAME=x:) and a path that may lack its slash."""
    return "/" + name.rpartition(":")[2].lstrip("/")
