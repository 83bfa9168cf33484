# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""NetBSD by its own installer: the guest is started with the kernel that has sysinst in it, the controller holds the
conversation at its console, and the guest halts. Its disk is then looked at in dom0, and made its own as after sets.

sysinst is told the record's mark as the name of the disk, which becomes the label's name of the disk's type (NetBSD 7)
or of the pack. So a disk of which a conversation broke off is known to be ours, before sysinst has written its label by
the one that ``prepare`` has left.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...._change import XenError
from ...._formats.guest.devices import Disk
from ...._formats.guest.vdev import vdev_name, vdev_number
from ...._formats.install import disk_content, netbsd_release
from ...._formats.install.network import Interface
from ..work import content, netbsd_disk, netbsd_python, netbsd_system, units
from ..work.job import Job
from ..work.netbsd_disk import LABEL

if TYPE_CHECKING:
    from ...guests.declare.fields import Fields
    from ...guests.declare.guest import Guest

NAME = "sysinst"
# Releases whose conversation is known, by their first numbers (plugins/plugin_utils/_console/sysinst.py).
DIALOGUES = (7, 9, 10)
# What the guest calls its CD: the second of two disks, as a whole (Xen HOWTO).
CD_DEVICE = "xbd1d"
# Where sysinst mounts what it installs (usr.sbin/sysinst/target.c, target_prefix).
TARGET = "/targetroot"
# What its own sets take of a disk beside swap: less than that it refuses itself, in its own words.
_LEAST_BYTES = 256 << 20
_ROOT = re.compile(r"(?<!\S)root=(\S+)")
# What a system has that is whole: sysinst unpacks base and etc.
_NEEDED = ("sbin/init", "bin/sh", "etc/rc", "etc/rc.conf", "etc/master.passwd", "etc/fstab")


@dataclass(frozen=True)
class Options:
    """``sums`` are the SHA512 that the admin gives, by the names of kernels; ``swap`` in bytes; ``cd`` is the path in
    dom0 of an image, or of a drive, that has the sets, empty where they come by the network."""

    sums: dict[str, str]
    swap: int
    cd: str = ""


@dataclass(frozen=True)
class Sysinst:
    name: str = NAME
    systems: tuple[str, ...] = ("netbsd",)
    keys: tuple[str, ...] = ("sums", "swap", "cd")
    released: bool = True
    talks: bool = True
    visited: bool = False

    def root(self, disk: Disk, index: int, options: Options) -> str:
        return f"xbd{index}a"

    def sets_up(self, options: Options) -> bool:
        return True

    def unfit(self, guest: Guest, root: str, release: str, arch: str) -> list[str]:
        found = []
        for told in _ROOT.findall(guest.cmdline):
            if told not in (root, root[:-1]):
                found.append(f"root is {told!r}, and the system will be on {root}; leave root out, or correct it")
        if guest.type not in ("pv", "pvshim") or guest.bootloader:
            found.append(
                "method sysinst starts the kernel with sysinst in it, which is for a pv guest with a kernel of dom0"
            )
        if release and netbsd_release.major(release) not in DIALOGUES:
            known = ", ".join(f"{each}" for each in DIALOGUES)
            found.append(f"what sysinst of NetBSD {release} asks is not known; allowed are the releases {known}")
        return found

    def read(self, fields: Fields, guest: Guest, disk: Disk) -> Options:
        swap = fields.size("swap")
        cd = fields.path("cd")
        return Options(_sums(fields, guest), guest.memory << 20 if swap is None else swap, cd)

    def check(self, job: Job) -> int:
        job.say("fetch")
        install, options = job.install, job.install.options
        netbsd_system.bring_kernel(job, options.sums)
        kernel = netbsd_release.installer(install.arch)
        path = netbsd_release.installer_file(install.release, install.arch)
        netbsd_system.fetch_kernel(job, kernel, path, options.sums)
        if options.cd and job.host.stat(options.cd) is None:
            raise XenError(f"{options.cd} does not exist; bring it there, or leave cd out to have the sets fetched")
        return int(options.swap) + _LEAST_BYTES + netbsd_python.least_bytes(job)

    def prepare(self, job: Job) -> None:
        """An empty disk with nothing but the mark, also where a conversation broke off: sysinst of each time sees the
        same, and asks the same."""
        found = job.host.stat(job.install.disk.path)
        content.clear(job.host, job.install.disk.path, found.size if found else 0, job.record.mark)

    def installer(self, job: Job) -> Guest:
        kernel = netbsd_release.installer_file(job.install.release, job.install.arch)
        # It must not come up again when sysinst reboots it, nor when it has crashed.
        guest = replace(job.guest, on_poweroff="destroy", on_reboot="destroy", on_crash="destroy")
        cd = job.install.options.cd
        disks = (job.install.disk, Disk(cd, cd_vdev(job.install.disk.vdev), "ro")) if cd else guest.disks
        return replace(guest, disks=disks, kernel=kernel, ramdisk="", cmdline="", health=None, state="running")

    def fill(self, job: Job) -> None:
        """Prove that sysinst has left a whole system, on this very disk."""
        job.say("looks at what sysinst has installed")
        path = job.install.disk.path
        found = content.look(job.host, path)
        with job.host.open_file(path) as stream:
            label = disk_content.label(stream.read(content.LOOKED_AT))
        if found.mark != job.record.mark or label is None or "a" not in label.partitions:
            raise XenError(f"sysinst has left no label of its own on {path}; the next run begins with an empty disk")
        with netbsd_disk.root(job, LABEL) as device:
            netbsd_system.proven(job, device)
            with units.mounted(job, f"/dev/{device}") as root:
                lacking = [name for name in _NEEDED if job.host.stat(f"{root}/{name}") is None]
        if lacking:
            raise XenError(f"what sysinst has installed lacks /{', /'.join(lacking)}; the next run begins anew")

    def configure(self, job: Job) -> None:
        job.say("configure")
        with netbsd_disk.root(job, LABEL) as device:
            # What broke off here before has left it as a power cut would.
            netbsd_system.proven(job, device)
            with units.mounted(job, f"/dev/{device}") as root:
                netbsd_system.configure(job, root)
                keys = netbsd_system.host_keys(job, root)
            netbsd_system.proven(job, device)
        job.note(host_keys=keys)

    def leave(self, job: Job) -> None:
        netbsd_disk.leave(job, LABEL)


SYSINST = Sysinst()


def cd_vdev(first: str) -> str:
    """What the CD of an installer is beside this first disk, so that it becomes xbd1: NetBSD attaches disks in the
    order of their numbers (sys/arch/xen/xenbus/xenbus_probe.c, xenbus_probe_device_type; measured on 7.99.10, where
    0x2 was xbd0 and xvda xbd1). Beside xvda it is xvdb, and 0x2 beside 0x1, as in the Xen HOWTO. Pure."""
    number = vdev_number(first) or 0
    return "0x2" if number < 2 else vdev_name(number + 16)


def _sums(fields: Fields, guest: Guest) -> dict[str, str]:
    release, arch = fields.values.get("release"), fields.values.get("arch", netbsd_release.ARCHES[0])
    files: list[str] = []
    if isinstance(release, str) and not netbsd_release.problem(release):
        kernel = netbsd_release.boots(fields.values, guest.os, guest.type).get("kernel", "").rsplit("-", 1)[-1]
        files = [f"netbsd-{kernel}", f"netbsd-{netbsd_release.installer(str(arch))}.gz"]
    return netbsd_system.sums(fields, files)


def unreachable(source: str, network: Interface | None, cd: str) -> list[str]:
    """Why the guest itself, with this network, could not get sets from this source. Pure."""
    if cd:
        return []
    if network is None:
        return ["the guest has no network, and method sysinst has it fetch the sets; declare nics and network, or cd"]
    found = []
    if network.dhcp or not network.addresses or ":" in network.addresses[0]:
        found.append("method sysinst types the guest's address into sysinst; give network an IPv4 address")
    place = urlsplit(source)
    if place.scheme not in ("http", "ftp"):
        found.append(
            f"source is {source!r}, and sysinst fetches the sets itself, by http or ftp; give a URL that the "
            "guest reaches, or use method sets"
        )
    elif place.port or place.username:
        found.append(f"source is {source!r}; sysinst has fields for a host and a directory, not for a port or a user")
    elif not re.fullmatch(r"[0-9.]+", place.hostname or "") and not network.nameservers:
        found.append(f"the guest could not find {place.hostname}: give network nameservers, or source an address")
    return found
