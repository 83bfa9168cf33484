# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a boot loader has started, and whether that gets through its own boot. The same for all loaders.

Nobody sits at the console: what waits for a key waits for ever, and the machine stays down.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field

from ..core import images
from ..core.machine import Machine
from ..core.profiles import EFI
from ..pkg import catalogue
from ..system import diskparts, kernelinfo
from . import terminals

# Below this dom0's kernel does not get through its own boot. The seed's 65536 KiB was the least ever used.
_LEAST_DOM0_MEMORY = 64
_SUFFIXES = {"": 1 / 1024, "K": 1 / 1024, "M": 1, "G": 1024, "T": 1024 * 1024, "B": 1 / 1048576}
_DOM0_KERNELS = ("XEN3_DOM0", "XEN3PAE_DOM0")
# Below these are other file systems than the root one; /usr is, where that is small (hosttree.py, fstab).
_NOT_ON_ROOT = ("/tmp/", "/kern/", "/proc/", "/dev/pts/")


@dataclass
class Started:
    """What the loader has started, or why it did not (`down`). Empty (no kernel, not down): there is no such file.
    `console` is where that kernel has its own."""

    kernel_file: str = ""
    kernel: images.Image | None = None
    cmdline: str = ""
    hypervisor_file: str = ""
    hypervisor: images.Image | None = None
    hypervisor_cmdline: str = ""
    down: str = ""
    console: str = "pc"
    hazards: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.down or self.kernel)


@dataclass
class BootDisk:
    """The root file system as a loader reaches it. What it writes is kept apart, so that a boot can be thought through
    without a trace; `commit` makes it so."""

    m: Machine
    written: dict[str, bytes] = field(default_factory=dict)

    def read(self, path: str) -> bytes | None:
        """A file's content, or None. A loader sees no file system but the root one."""
        if path in self.written:
            return self.written[path]
        elsewhere = (*_NOT_ON_ROOT, "/usr/") if self.m.data.get("small_root") else _NOT_ON_ROOT
        if posixpath.normpath(path).startswith(elsewhere):
            return None
        try:
            return self.m.path(path).read_bytes()
        except OSError:
            return None

    def text(self, path: str) -> str | None:
        """The same as text; any byte is a character."""
        content = self.read(path)
        return None if content is None else content.decode("latin-1")

    def write(self, path: str, content: bytes) -> None:
        self.written[path] = content

    def image(self, path: str) -> images.Image | None:
        """What a file is to a loader; both loaders and both GRUBs read compressed files."""
        content = self.read(path)
        return None if content is None else images.identify_content(content)

    def commit(self) -> None:
        for path, content in self.written.items():
            self.m.path(path).write_bytes(content)
        self.written.clear()


def has_multiboot2(hypervisor: images.Image) -> bool:
    """Whether its file has a multiboot2 header: from Xen 4.9 on (its release announcement)."""
    return tuple(int(part) for part in hypervisor.release.split(".")) >= (4, 9)


def by_efi(m: Machine) -> bool:
    return m.profile.firmware == EFI


def native(file: str, kernel: images.Image, arguments: str = "") -> Started:
    """A kernel without a hypervisor beneath it."""
    started = Started(kernel_file=file, kernel=kernel, cmdline=arguments)
    if kernel.kind != "netbsd":
        started.down = f"boot loader: {file} is not a kernel that boot can start"
    elif kernel.name.startswith("XEN3"):
        started.down = f"kernel {file} ({kernel.name}) does not run without a hypervisor"
    elif kernel.name.startswith("INSTALL"):
        started.down = f"the install kernel {file} runs sysinst"
    elif _single_user(arguments):
        started.down = "single user (-s): waits for a shell on the console"
    return started


def under_xen(m: Machine, file: str, hypervisor: images.Image, arguments: str,
              module: tuple[str, images.Image | None, str] | None) -> Started:
    """A hypervisor with dom0's kernel as its module: (file, what it is, command line)."""
    kernel_file, kernel, cmdline = module or ("no load command", None, "")
    if kernel is None:
        return Started(down=f"Xen panics: could not construct domain 0 (kernel not loaded: {kernel_file})")
    started = Started(kernel_file, kernel, cmdline, file, hypervisor, arguments,
                      console=terminals.of_dom0(m, cmdline, arguments))
    read = cmdline[:kernelinfo.DOM0_READS]
    wanted = "XEN3PAE_DOM0" if m.profile.processor == "i386" and hypervisor.release != "3.1" else "XEN3_DOM0"
    if kernel.name not in _DOM0_KERNELS:
        started.down = f"{kernel_file} ({kernel.name}) is not a dom0 kernel"
    elif kernel.name != wanted:
        # xen/arch/x86/domain_build.c. On i386 only 3.1 is built without PAE (facts section 1).
        started.down = f"Xen panics: PAE mode mismatch between Xen and DOM0 ({kernel.name})"
    elif _single_user(read):
        started.down = "single user (-s): waits for a shell on the console"
    elif not _root_device_exists(m, read):
        started.down = f"dom0 kernel asks for the root device (command line {read!r})"
    elif dom0_memory(m, arguments) < _LEAST_DOM0_MEMORY:
        started.down = f"dom0 panics: {dom0_memory(m, arguments):g} MiB of memory (a number without suffix is KiB)"
    return started


def _single_user(arguments: str) -> bool:
    return any(re.fullmatch(r"-[a-z0-9]*[sa][a-z0-9]*", word) for word in arguments.split())


def _root_device_exists(m: Machine, cmdline: str) -> bool:
    """root= or bootdev=: a disk's name and the letter of its root partition, without /dev/ (facts section 4.3)."""
    match = re.search(r"(?:^| )(?:root|bootdev)=(\S*)", cmdline, re.IGNORECASE)
    disk = m.profile.disks[0].name
    if m.data.get("raid_root"):
        named = diskparts.mark_of(m, diskparts.ROOT_RAID) != "no"
        if match and match[1] in (diskparts.ROOT_RAID, diskparts.ROOT_RAID + "a"):
            return named
        return (match is None or match[1] in (disk, disk + "a")) and _raid_is_root(m)
    return match is None or match[1] in (disk, disk + "a")


def asks_for_root(m: Machine, started: Started) -> str:
    """What a native kernel waits for, which is told of no root device; empty if it finds one."""
    if not m.data.get("raid_root") or started.down or started.hypervisor or _raid_is_root(m):
        return ""
    return f"kernel {started.kernel_file} asks for the root device ({diskparts.ROOT_RAID} is not marked as root)"


def _raid_is_root(m: Machine) -> bool:
    """A set that configures itself and may be root takes the place of the disk that was booted from
    (sys/dev/raidframe/rf_netbsdkintf.c, rf_buildroothack); nothing else can be mounted from a component."""
    return diskparts.mark_of(m, diskparts.ROOT_RAID) in ("root", "soft")


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


def hypervisor_version(m: Machine, release: str) -> str:
    """Xen's version text, as dmesg and `xl info` show it. From 4.18 on packages are versioned by their date (facts
    section 1)."""
    if release == m.profile.xen_release:
        return m.profile.xen_version
    package = m.profile.packages.get("xenkernel" + catalogue.suffix(release), release + ".0")
    point = {"4.18": "4.18.5", "4.20": "4.20.2"}.get(release)
    return f"{point}_{package}nb0" if point else package
