# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Solaris from its DVD, by the hands of a person: the guest is started with the DVD's live system, the controller logs
in at its console and brings up a display with the graphical installer, and there the run stops. When a later run finds
the installer through, it notes what the guest boots from now on, and lets the DVD go.

The steps, the paths and the sizes are those of the NetBSD/Xen HOWTO 1.7, Creating an unprivileged Solaris domain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ...._change import XenError
from ...._formats.guest import solaris
from ...._formats.guest.devices import Disk
from ...._formats.guest.vdev import vdev_number
from ..work import dvd
from ..work.job import Job

if TYPE_CHECKING:
    from ...guests.declare.fields import Fields
    from ...guests.declare.guest import Guest

LEAST_BYTES, LEAST_MEMORY = 8 << 30, 640
# vncpasswd takes no less than six characters, and VNC looks at no more than eight (common/rfb of RealVNC 4, vncpasswd).
_VNC_PASSWORD = re.compile(r"[!-~]{6,8}\Z")
_DISPLAY = re.compile(r"[A-Za-z0-9.-]+:[0-9]+(?:\.[0-9]+)?\Z")
# What its own installer asks the person.
_OF_THE_INSTALLER = ("network", "hostname", "authorized_keys", "root_password")


@dataclass(frozen=True)
class Options:
    """``dvd`` is the path of the DVD's image in dom0; ``bits`` one of solaris.BITS; the installer is shown by a VNC
    server with the password ``vnc_password``, or on ``display``, if that is not empty."""

    dvd: str
    bits: str
    display: str
    vnc_password: str = field(repr=False)


@dataclass(frozen=True)
class Media:
    name: str = solaris.METHOD
    systems: tuple[str, ...] = ("other",)
    keys: tuple[str, ...] = ("dvd", "bits", "display", "vnc_password")
    released: bool = False
    talks: bool = True
    visited: bool = True

    def root(self, disk: Disk, index: int, options: Options) -> str:
        """Only its pool knows."""
        return ""

    def sets_up(self, options: Options) -> bool:
        return False

    def unfit(self, guest: Guest, root: str, release: str, arch: str) -> list[str]:
        found = []
        if guest.memory < LEAST_MEMORY:
            found.append(f"memory is {guest.memory}M; Solaris needs {LEAST_MEMORY}M or more")
        if guest.type != "pv" or guest.bootloader:
            found.append("method media boots a kernel of the DVD, which is for a pv guest with a kernel of dom0")
        if not guest.nics:
            found.append("the guest has no interface, and its installer is shown over the network; declare nics")
        return found

    def read(self, fields: Fields, guest: Guest, disk: Disk) -> Options:
        if vdev_number(disk.vdev) != solaris.DISK_VDEV:
            fields.problem(
                f"the guest's first disk is {disk.vdev}, and what Solaris boots from is disk 0; give it vdev: '0x0'"
            )
        if disk.size is not None and disk.size < LEAST_BYTES:
            fields.problem(f"disk {disk.path} is to have {disk.size >> 20}M; Solaris needs 8G or more")
        for key in _OF_THE_INSTALLER:
            if fields.values.get(key):
                fields.problem(f"{key} is for no guest of method media: its installer asks the person for that")
        display, password = fields.text("display"), str(fields.values.get("vnc_password") or "")
        if display and not _DISPLAY.match(display):
            fields.wrong("display", display, "an X display that the guest reaches, such as 10.0.2.2:0")
        if bool(display) == bool(password):
            fields.problem("give either vnc_password, for a VNC server in the guest, or display, an X server of yours")
        elif password and not _VNC_PASSWORD.match(password):
            fields.problem("vnc_password is wrong; allowed are 6 to 8 characters without blanks")
        bits = fields.choice_of("bits", fields.text("bits", solaris.BITS[0]), solaris.BITS, solaris.BITS[0])
        return Options(fields.path("dvd", needed=True), bits, display, password)

    def check(self, job: Job) -> int:
        path = job.install.options.dvd
        if job.host.stat(path) is None:
            raise XenError(f"{path} does not exist; bring it there")
        return LEAST_BYTES

    def prepare(self, job: Job) -> None:
        """The DVD on a unit, and what boots it in dom0. The disk is not touched: where a live system has been before,
        somebody may have installed on it."""
        job.say("looks at the DVD")
        options: Options = job.install.options
        dvd.hold(job, options.dvd)
        kernel, ramdisk = solaris.on_dvd(options.bits)
        dvd.copy_out(job, {kernel: job.guest.kernel, ramdisk: job.guest.ramdisk})
        job.note(offered="", method=self.name)

    def installer(self, job: Job) -> Guest:
        cd = Disk(f"/dev/{job.record.media}d", solaris.DVD_VDEV, "ro", cdrom=True)
        # When the person reboots it, and when it crashed, the next run starts it again, and looks what came of it.
        return replace(
            job.guest,
            disks=(job.install.disk, cd),
            cmdline=solaris.live(job.install.options.bits),
            on_poweroff="destroy",
            on_reboot="destroy",
            on_crash="destroy",
            health=None,
            state="running",
        )

    def fill(self, job: Job) -> None:
        """The person has done that."""

    def configure(self, job: Job) -> None:
        """So it is what the person has said to the installer."""

    def leave(self, job: Job) -> None:
        """The disk has nothing of ours."""


MEDIA = Media()
