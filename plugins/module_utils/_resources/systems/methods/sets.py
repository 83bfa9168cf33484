# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""NetBSD from its sets: a labelled disk with one file system and swap, the sets unpacked on it, and what sysinst would
ask for, from the declaration.

The commands are those of record from-sets (NetBSD 7.99.10), of which a guest came up to a login. Nothing of the guest's
is run: all that is needed has dom0 itself, so the guest may be older or newer than dom0, or another architecture.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...._formats.install import netbsd_configured, netbsd_release
from ...._formats.system import mounts
from ...._host import Host
from ..work import netbsd_disk, netbsd_python, netbsd_system, sources, units
from ..work.job import Job
from ..work.netbsd_disk import LABEL, TABLES, WITH_GPT

if TYPE_CHECKING:
    from ...._formats.guest.devices import Disk
    from ...guests.declare.fields import Fields
    from ...guests.declare.guest import Guest
    from ..declare import Install

NEWFS, TAR, SH = "/sbin/newfs", "/usr/bin/tar", "/bin/sh"
# On a machine that emulates its processor, busy with others, a set took three minutes and MAKEDEV five.
TAR_SECONDS, MAKEDEV_SECONDS = 3600.0, 1800.0
DEFAULT_SETS = ("base", "etc")
# What a file system takes beside its files, and what stays free on it (newfs(8), -m).
_SPARE, _FIXED_BYTES = 1.25, 32 << 20
# Of a .tar.xz nobody can tell how large it becomes without unpacking it; sets become four times as large.
_XZ_GROWS = 5
_ROOT = re.compile(r"(?<!\S)root=(\S+)")


@dataclass(frozen=True)
class Options:
    """``sums`` are the SHA512 that the admin gives, by the names of files; ``swap`` in bytes; ``table`` one of
    netbsd_disk.TABLES."""

    sets: tuple[str, ...]
    sums: dict[str, str]
    swap: int
    table: str = LABEL


@dataclass(frozen=True)
class Sets:
    name: str = "sets"
    systems: tuple[str, ...] = ("netbsd",)
    keys: tuple[str, ...] = ("sets", "sums", "swap", "table")
    released: bool = True
    talks: bool = False
    visited: bool = False

    def root(self, disk: Disk, index: int, options: Options) -> str:
        # A wedge's number is that of nothing but the order in which the guest's kernel finds them.
        return netbsd_release.GPT_ROOT if options.table == WITH_GPT else f"xbd{index}a"

    def sets_up(self, options: Options) -> bool:
        return True

    def unfit(self, guest: Guest, root: str, release: str, arch: str) -> list[str]:
        found = []
        for told in _ROOT.findall(guest.cmdline):
            if told not in ((root,) if root == netbsd_release.GPT_ROOT else (root, root[:-1])):
                found.append(f"root is {told!r}, and the system will be on {root}; leave root out, or correct it")
        if guest.type == "hvm" or guest.bootloader:
            return [*found, "method sets makes no boot loader; the guest must have a kernel of dom0"]
        try:
            netbsd_release.kernel(release, arch, guest.type)
        except ValueError as error:
            found.append(str(error))
        return found

    def read(self, fields: Fields, guest: Guest, disk: Disk) -> Options:
        chosen = fields.texts("sets", "the name of a set") or DEFAULT_SETS
        for each in chosen:
            if not each.replace("-", "").replace("_", "").isalnum():
                fields.problem(f"sets: {each!r} is no set; allowed are names such as base, comp or xbase, without .tgz")
        missing = [each for each in DEFAULT_SETS if each not in chosen]
        if missing:
            fields.problem(f"sets lacks {' and '.join(missing)}, without which no system comes up")
        swap = fields.size("swap") if fields.values.get("swap") != 0 else 0
        swap = guest.memory << 20 if swap is None else swap
        return Options(chosen, _sums(fields, guest, chosen), swap, _table(fields))

    def check(self, job: Job) -> int:
        """The smallest disk, in bytes."""
        netbsd_disk.refuse_unfit(job, _options(job).table)
        job.say("fetch")
        netbsd_system.bring_kernel(job, _options(job).sums)
        paths = [_set(job, name) for name in _options(job).sets]
        grown = sum(_unpacked(job.host, path) for path in paths)
        options = _options(job)
        grown += netbsd_python.least_bytes(job)
        return int(grown * _SPARE) + _FIXED_BYTES + options.swap + netbsd_disk.overhead_bytes(options.table)

    def prepare(self, job: Job) -> None:
        job.say("label")
        netbsd_disk.make(job, _options(job).table, _options(job).swap)
        with netbsd_disk.root(job, _options(job).table) as device:
            # FFSv2, which every release knows; newer ones would choose what older ones can't mount.
            job.host.run([NEWFS, "-O", "2", mounts.raw_device(f"/dev/{device}")], timeout=netbsd_system.DISK_SECONDS)

    def fill(self, job: Job) -> None:
        with netbsd_disk.root(job, _options(job).table) as device:
            with units.mounted(job, f"/dev/{device}") as root:
                sets = _options(job).sets
                for number, name in enumerate(sets):
                    job.say(f"unpack {name}", number, len(sets), "sets")
                    path = _set(job, name)
                    how = "-xpJf" if path.endswith(".xz") else "-xpzf"
                    job.host.run([TAR, how, path, "-C", root], timeout=TAR_SECONDS)
                job.say("device nodes", len(sets), len(sets), "sets")
                job.host.run([SH, "MAKEDEV", "all"], cwd=f"{root}/dev", timeout=MAKEDEV_SECONDS)
                for name in ("kern", "proc", "dev/pts"):
                    job.host.make_dir(f"{root}/{name}")
            netbsd_system.proven(job, device)

    def configure(self, job: Job) -> None:
        job.say("configure")
        with netbsd_disk.root(job, _options(job).table) as device:
            # What broke off here before has left it as a power cut would.
            netbsd_system.proven(job, device)
            with units.mounted(job, f"/dev/{device}") as root:
                netbsd_system.configure(job, root, _fstab(job))
                keys = netbsd_system.host_keys(job, root)
            netbsd_system.proven(job, device)
        job.note(host_keys=keys)

    def installer(self, job: Job) -> Guest:
        return job.guest

    def leave(self, job: Job) -> None:
        netbsd_disk.leave(job, _options(job).table)


SETS = Sets()


def files(guest: Guest, install: Install) -> list[str]:
    """The files of the release that an installation takes, below the root of a mirror. Pure."""
    release, arch = install.release, install.arch
    suffix, folder = netbsd_release.set_suffix(release, arch), sources.folder("", release, arch, sources.SETS)[1:]
    wanted = [f"{folder}/{name}{suffix}" for name in install.options.sets]
    if guest.kernel == netbsd_release.kernel_file(release, arch, guest.type):
        folder = sources.folder("", release, arch, sources.KERNELS)[1:]
        wanted.append(f"{folder}/netbsd-{netbsd_release.kernel(release, arch, guest.type)}.gz")
    return wanted


def _options(job: Job) -> Options:
    found: Options = job.install.options
    return found


def _fstab(job: Job) -> str:
    swap = netbsd_configured.swap_beside(job.install.root) if _options(job).swap else ""
    return netbsd_configured.fstab(job.install.root, swap)


def _table(fields: Fields) -> str:
    found = fields.choice("table", LABEL, TABLES)
    release = fields.values.get("release")
    known = isinstance(release, str) and not netbsd_release.problem(release)
    if found == WITH_GPT and known and netbsd_release.major(str(release)) < netbsd_disk.GPT_FROM:
        fields.problem(f"table is gpt, of which a guest with NetBSD {release} makes no wedges; allowed is {LABEL}")
    return found


def _sums(fields: Fields, guest: Guest, sets: tuple[str, ...]) -> dict[str, str]:
    release, arch = fields.values.get("release"), fields.values.get("arch", netbsd_release.ARCHES[0])
    files: list[str] = []
    if isinstance(release, str) and not netbsd_release.problem(release):
        kernel = netbsd_release.boots(fields.values, guest.os, guest.type).get("kernel", "").rsplit("-", 1)[-1]
        files = [name + netbsd_release.set_suffix(release, arch) for name in sets] + [f"netbsd-{kernel}"]
    return netbsd_system.sums(fields, files)


# -- what comes from the source ----------------------------------------------------------------------------------------


def _set(job: Job, name: str) -> str:
    """The path of a set in dom0, checked."""
    file = name + netbsd_release.set_suffix(job.install.release, job.install.arch)
    said = sources.told(job, sources.SETS, file, _options(job).sums)
    return sources.obtained(job.host, netbsd_system.place(job.install, sources.SETS), file, said)


def _unpacked(host: Host, path: str) -> int:
    """How many bytes a set becomes; a gzip file says so at its end (RFC 1952, ISIZE)."""
    found = host.stat(path)
    size = found.size if found else 0
    if path.endswith(".xz"):
        return size * _XZ_GROWS
    with host.open_file(path) as stream:
        stream.seek(max(0, size - 4))
        tail = stream.read(4)
    return int(struct.unpack("<I", tail)[0]) if len(tail) == 4 else 0
