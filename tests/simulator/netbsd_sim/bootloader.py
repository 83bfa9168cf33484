# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What /boot does with boot.cfg, and what starts from it.

Sources: boot.cfg(5) and the loader's sources as facts netbsd-xen section 4.1 tells them; records bootcfg-* (NetBSD
7.99.10). Nobody sits at the console: what waits for a key waits for ever, and the machine stays down.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from . import catalogue, images, rc
from .machine import Machine

MAX_FILE = 32768
MAX_MENUS = 20
MAX_COMMAND = 79
DEFAULT_TIMEOUT = 5  # installboot's (record bootcfg-spaces: a timeout line that is not read leaves 5)
DEFAULT_KERNELS = ("netbsd", "netbsd.gz", "onetbsd", "onetbsd.gz", "netbsd.old", "netbsd.old.gz")

# Below this dom0's kernel does not get through its own boot. The seed's 65536 KiB was the least ever used.
_LEAST_DOM0_MEMORY = 64
_SUFFIXES = {"": 1 / 1024, "K": 1 / 1024, "M": 1, "G": 1024, "T": 1024 * 1024, "B": 1 / 1048576}


@dataclass
class Config:
    """A boot.cfg as the loader understands it. timeout -1 waits for ever; default counts from 0."""

    menus: list[tuple[str, str]] = field(default_factory=list)
    timeout: int = DEFAULT_TIMEOUT
    default: int = 0


@dataclass
class Started:
    """What the loader has started, or why it did not (`down`)."""

    kernel_file: str = ""
    kernel: images.Image | None = None
    cmdline: str = ""
    hypervisor_file: str = ""
    hypervisor: images.Image | None = None
    hypervisor_cmdline: str = ""
    down: str = ""
    hazards: list[str] = field(default_factory=list)


# --- reading ---------------------------------------------------------------------------------------------------------


def parse(text: str) -> Config:
    """Read a boot.cfg. Keywords match by prefix, unknown ones are ignored, a comment may begin anywhere."""
    config = Config()
    default = 1
    for line in text.split("\n"):
        keyword, equals, value = line.partition("#")[0].partition("=")
        if not equals:
            continue
        if keyword.startswith("menu"):
            _add_menu(config, value)
        elif keyword.startswith("timeout"):
            config.timeout = _number(value) if value[:1].isdigit() else -1
        elif keyword.startswith("default"):
            default = _number(value)
    config.default = min(max(default - 1, 0), max(len(config.menus) - 1, 0))
    return config


def _add_menu(config: Config, value: str) -> None:
    text, colon, commands = value.partition(":")
    if colon and len(config.menus) < MAX_MENUS:
        config.menus.append((text or commands, commands))


def _number(text: str) -> int:
    """atoi: leading digits, or 0."""
    match = re.match(r"\s*(\d+)", text)
    return int(match[1]) if match else 0


# --- running ---------------------------------------------------------------------------------------------------------


def load(m: Machine) -> Started:
    """What the next boot of this machine starts."""
    path = m.path("/boot.cfg")
    if not path.exists() or path.stat().st_size > MAX_FILE:
        return _boot_default(m)
    config = parse(path.read_bytes().decode("latin-1"))
    if not config.menus:
        return _boot_default(m)
    if config.timeout < 0:
        return Started(down="boot menu: waits for ever for a choice (timeout does not begin with a digit)")
    return _run_entry(m, *config.menus[config.default])


def _boot_default(m: Machine) -> Started:
    """Without a usable boot.cfg: the usual names in turn."""
    for name in DEFAULT_KERNELS:
        image = images.identify(m.path("/" + name))
        if image is not None:
            return _check_native(Started(kernel_file="/" + name, kernel=image))
    return Started(down="boot loader: no kernel (netbsd: No such file or directory)")


def _run_entry(m: Machine, text: str, commands: str) -> Started:
    """Run an entry's commands. One that fails falls through to the next (record bootcfg-first-missing-semicolon); after
    the last one the menu comes again, for ever (record bootcfg-missing-kernel)."""
    said: list[str] = []
    hazards: list[str] = []
    loaded: tuple[str, images.Image | None, str] | None = None
    for command in commands.split(";"):
        command = command.lstrip(" ")
        if len(command) > MAX_COMMAND:
            hazards.append(f"boot command of {len(command)} characters overflows the loader's buffer of 80: {command}")
            if m.profile.strict_boot_commands or m.data.get("strict_boot_commands"):
                return Started(down=hazards[-1], hazards=hazards)
        verb, _blank, rest = command.partition(" ")
        name, _blank, arguments = rest.strip(" ").partition(" ")
        if verb == "load":
            loaded = (name, images.identify(_file(m, name)), arguments)
        elif verb in ("boot", "multiboot"):
            started = _start(m, verb, name, arguments, loaded)
            started.hazards = hazards
            if started.down or started.kernel is not None:
                return started
            said.append(f"{verb}: hd0a:{name}: No such file or directory")
        elif verb == "prompt":
            return Started(down=f"boot loader: at its prompt (entry {text!r})", hazards=hazards)
        elif verb not in ("rndseed", "userconf", "consdev", "fs", "vesa", "splash", "modules", ""):
            said.append(f"unknown command {verb!r}")
    return Started(down=f"boot menu: entry {text!r} starts nothing, for ever: {'; '.join(said) or 'no boot command'}",
                   hazards=hazards)


def _file(m: Machine, name: str):
    """A loader path: an optional device (hd0a:, NAME=x:) and a path that may lack its slash."""
    return m.path("/" + name.rpartition(":")[2].lstrip("/"))


def _start(m: Machine, verb: str, name: str, arguments: str,
           loaded: tuple[str, images.Image | None, str] | None) -> Started:
    """Start a file. An empty result (no kernel, not down) means that there is no such file."""
    if verb == "boot":
        if not name or name.startswith("-"):
            default = _boot_default(m)
            return _check_native(default, f"{name} {arguments}".strip()) if not default.down else default
        image = images.identify(_file(m, name))
        if image is None:
            return Started()
        return _check_native(Started(kernel_file="/" + name.rpartition(":")[2].lstrip("/"), kernel=image), arguments)
    image = images.identify(_file(m, name))
    if image is None:
        return Started()
    return _check_xen(m, name, image, arguments, loaded)


def _check_native(started: Started, arguments: str = "") -> Started:
    started.cmdline = arguments
    kernel = started.kernel
    assert kernel is not None
    if kernel.kind != "netbsd":
        started.down = f"boot loader: {started.kernel_file} is not a kernel that boot can start"
    elif kernel.name.startswith("XEN3"):
        started.down = f"kernel {started.kernel_file} ({kernel.name}) does not run without a hypervisor"
    elif kernel.name.startswith("INSTALL"):
        started.down = f"the install kernel {started.kernel_file} runs sysinst"
    elif _single_user(arguments):
        started.down = "single user (-s): waits for a shell on the console"
    return started


def _single_user(arguments: str) -> bool:
    return any(re.fullmatch(r"-[a-z0-9]*[sa][a-z0-9]*", word) for word in arguments.split())


def _check_xen(m: Machine, name: str, hypervisor: images.Image, arguments: str,
               loaded: tuple[str, images.Image | None, str] | None) -> Started:
    if hypervisor.kind != "xen":
        # record bootcfg-missing-load: multiboot starts a NetBSD kernel as well.
        return _check_native(Started(kernel_file="/" + name.lstrip("/"), kernel=hypervisor), "")
    if loaded is None or loaded[1] is None:
        missing = loaded[0] if loaded else "no load command"
        return Started(down=f"Xen panics: could not construct domain 0 (kernel not loaded: {missing})")
    file, kernel, cmdline = loaded
    started = Started("/" + file.rpartition(":")[2].lstrip("/"), kernel, cmdline, "/" + name.lstrip("/"), hypervisor,
                      arguments)
    if kernel.name != "XEN3_DOM0":
        started.down = f"{file} ({kernel.name}) is not a dom0 kernel"
    elif _single_user(cmdline):
        started.down = "single user (-s): waits for a shell on the console"
    elif not _root_device_exists(m, cmdline):
        started.down = f"dom0 kernel asks for the root device (command line {cmdline!r})"
    elif dom0_memory(m, arguments) < _LEAST_DOM0_MEMORY:
        started.down = f"dom0 panics: {dom0_memory(m, arguments):g} MiB of memory (a number without suffix is KiB)"
    return started


def _root_device_exists(m: Machine, cmdline: str) -> bool:
    """root= or bootdev=: a disk's name and the letter of its root partition, without /dev/ (facts section 4.3)."""
    match = re.search(r"(?:^| )(?:root|bootdev)=(\S*)", cmdline, re.IGNORECASE)
    disk = m.profile.disks[0].name
    return match is None or match[1] in (disk, disk + "a")


def dom0_memory(m: Machine, arguments: str) -> float:
    """MiB that dom0_mem gives to dom0; without it, nearly all. Forms: SIZE, min:SIZE,max:SIZE,SIZE."""
    match = re.search(r"(?:^| )dom0_mem=(\S+)", arguments)
    most = m.profile.total_memory - 256
    sizes: dict[str, float] = {}
    for part in match[1].split(",") if match else []:
        kind, _colon, size = part.rpartition(":")
        number = re.fullmatch(r"(\d+)([bBkKmMgGtT]?)", size)
        if number:
            sizes[kind] = int(number[1]) * _SUFFIXES[number[2].upper()]
    wanted = sizes.get("", sizes.get("max", most))
    return min(max(wanted, sizes.get("min", 0)), sizes.get("max", most), most)


def boot(m: Machine, seconds: float = 2.0) -> None:
    """Start the machine anew; it answers `seconds` from now (real time). Sets m.data and the `unreachable` mark."""
    started = load(m)
    now = m.now()
    m.data.update(kernel=None, hypervisor=None, down_reason=started.down or None, boot_time=now + seconds / 2,
                  up_at=now + seconds, boots=m.data.get("boots", 0) + 1, daemons={}, vnd={}, vnd_held=[],
                  vnd_inodes={}, mounts=[], sysctl={}, routes={}, interfaces={})
    m.data["boot_log"] = list(started.hazards)
    if not started.down:
        assert started.kernel is not None
        m.data["kernel"] = {"file": started.kernel_file, "name": started.kernel.name,
                            "release": started.kernel.release, "cmdline": started.cmdline}
        if started.hypervisor is not None:
            m.data["hypervisor"] = _hypervisor_state(m, started)
        m.data["booting"] = True
        reason = rc.multiuser(m)
        m.data["booting"] = False
        if reason:
            m.data.update(kernel=None, hypervisor=None, down_reason=reason)
    mark(m)


def _hypervisor_state(m: Machine, started: Started) -> dict[str, object]:
    assert started.hypervisor is not None
    release = started.hypervisor.release
    package = m.profile.packages.get("xenkernel" + catalogue.suffix(release), "0")
    version = m.profile.xen_version if release == m.profile.xen_release else f"{release}.0_{package}nb0"
    return {"file": started.hypervisor_file, "release": release, "version": version,
            "cmdline": started.hypervisor_cmdline, "name": started.hypervisor.name,
            "dom0_memory": int(dom0_memory(m, started.hypervisor_cmdline))}


def mark(m: Machine) -> None:
    """Tell enter.sh, which does not read state.json, from when on the host answers (milliseconds since 1970)."""
    path = m.host_dir / "unreachable"
    if m.data["kernel"] is None:
        path.write_text("down\n")
    elif m.data["up_at"] > m.now():
        path.write_text(f"{int(m.data['up_at'] * 1000)}\n")
    else:
        path.unlink(missing_ok=True)
