# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetBSD's own loader: what /boot (BIOS) and bootx64.efi do with boot.cfg.

Sources: boot.cfg(5) and the loader's sources as facts netbsd-xen sections 4.1 and 4.2 tell them; records bootcfg-*
(NetBSD 7.99.10).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from . import images, startup
from .startup import BootDisk, Started

MAX_FILE = 32768
MAX_MENUS = 20
MAX_COMMAND = 79
DEFAULT_TIMEOUT = 5  # installboot's (record bootcfg-spaces: a timeout line that is not read leaves 5)
DEFAULT_KERNELS = ("netbsd", "netbsd.gz", "onetbsd", "onetbsd.gz", "netbsd.old", "netbsd.old.gz")
_IGNORED = ("rndseed", "userconf", "consdev", "fs", "vesa", "splash", "modules", "")

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
    return _run_entry(disk, *config.menus[config.default])


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


def _run_entry(disk: BootDisk, text: str, commands: str) -> Started:
    """Run an entry's commands. One that fails falls through to the next (record bootcfg-first-missing-semicolon); after
    the last one the menu comes again, for ever (record bootcfg-missing-kernel)."""
    said: list[str] = []
    hazards: list[str] = []
    loaded: Loaded | None = None
    for command in (part.lstrip(" ") for part in commands.split(";")):
        if len(command) > MAX_COMMAND:
            hazards.append(f"boot command of {len(command)} characters overflows the loader's buffer of 80: {command}")
            if disk.m.profile.strict_boot_commands or disk.m.data.get("strict_boot_commands"):
                return Started(down=hazards[-1], hazards=hazards)
        verb, _blank, rest = command.partition(" ")
        name, _blank, arguments = rest.strip(" ").partition(" ")
        if verb == "load":
            loaded = (_path(name), disk.image(_path(name)), arguments)
        elif verb in ("boot", "multiboot"):
            if verb == "boot":
                started = _boot(disk, name, arguments)
            else:
                started = _multiboot(disk, name, arguments, loaded, said)
            if started:
                started.hazards = hazards
                return started
            said.append(f"{verb}: hd0a:{name}: No such file or directory")
        elif verb == "prompt":
            return Started(down=f"boot loader: at its prompt (entry {text!r})", hazards=hazards)
        elif verb not in _IGNORED:
            said.append(f"unknown command {verb!r}")
    return Started(down=f"boot menu: entry {text!r} starts nothing, for ever: {'; '.join(said) or 'no boot command'}",
                   hazards=hazards)


def _path(name: str) -> str:
    """A loader path: an optional device (hd0a:, NAME=x:) and a path that may lack its slash."""
    return "/" + name.rpartition(":")[2].lstrip("/")


def _boot(disk: BootDisk, name: str, arguments: str) -> Started:
    if not name or name.startswith("-"):
        return _boot_default(disk, f"{name} {arguments}".strip())
    image = disk.image(_path(name))
    return startup.native(_path(name), image, arguments) if image else Started()


def _multiboot(disk: BootDisk, name: str, arguments: str, loaded: Loaded | None, said: list[str]) -> Started:
    image = disk.image(_path(name))
    if image is None:
        return Started()
    if image.kind != "xen":
        return startup.native(_path(name), image)  # record bootcfg-missing-load: multiboot starts a NetBSD kernel too
    if startup.by_efi(disk.m) and not startup.has_multiboot2(image):
        said.append(f"{name}: EFI boot requires multiboot 2 kernel")  # facts section 4.2
        return Started()
    return startup.under_xen(disk.m, _path(name), image, arguments, loaded)
