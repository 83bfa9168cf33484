# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A guest with Solaris: its live system, at whose console somebody talks to a shell, and what was installed from it.

What is said and what it is said to is from the NetBSD/Xen HOWTO 1.7, Creating an unprivileged Solaris domain (snv_124),
where nothing else is named: the boot that stalls without its DVD as a ``phy:`` device, the login of jack, the minute
until there is an xnf0, vncpasswd and vncserver, bootfs in what zdb says, and the arguments that it then boots with. Of
other sources: usr/src/cmd/cmd-inet/usr.sbin/ifconfig (illumos) for an interface that is not there; caiman's ti_api.h,
ict.c and perform_slim_install.c for the property of the pool; unix/vncserver and unix/vncpasswd of RealVNC 4 for a
display that is served already, and for passwords that are not the same; usr/src/uts/common/fs/vfs.c (illumos) for a
root that is not there.

The person is not simulated: `install` does to the disk what the installer on the DVD does.
"""
from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union

from ...core.machine import Machine
from ...disk import volume
from ...disk.volume import Span
from ...net import lan
from . import guestsystem
from .hotplug import local
from .hypervisor import Domain
from .menus import ENTER, ERASE, KILL, Out

# How a kernel of it begins here.
KERNEL = b"simulated-solaris "
_POOL_AT, _POOL_BYTES, _POOL = 4 << 20, 512, b"simulated-zpool "
_LIVE = "install_media=cdrom"
_BOOTS = re.compile(r'zfs-bootfs=rpool/(\d+),bootpath="/xpvd/xdf@(\d+):a"')
_BANNER = ("SunOS Release 5.11 Version snv_124 64-bit\n"
           "Copyright 1983-2009 Sun Microsystems, Inc.  All rights reserved.\nUse is subject to license terms.\n")
_LIVE_BOOT = ("Hostname: opensolaris\nRemounting root read/write\nProbing for device nodes ...\n"
              "WARNING: emlxs: ddi_modopen drv/fct failed: err 2\n"
              "Preparing live image for use\nDone mounting Live image\n")
_BOOT = ("WARNING: emlxs: ddi_modopen drv/fct failed: err 2\nHostname: osol\nConfiguring devices.\n"
         "Reading ZFS config: done.\nMounting ZFS filesystems: (6/6)\n")
# How often xnf0 is asked for before it has an address.
_LOOKS = 2


def is_kernel(path: Path) -> bool:
    """Whether it is one; what is not there is none."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(len(KERNEL)) == KERNEL


def look(m: Machine, domain: Domain) -> guestsystem.System:
    """What comes of a boot."""
    build = domain["config"]["b_info"]
    cmdline = build.get("cmdline", "")
    if _LIVE in cmdline:
        dvd = next((vbd for vbd in domain["vbds"] if vbd["physical"] is not None and vbd["devid"] == 6), None)
        if dvd is None or not build.get("ramdisk"):
            return guestsystem.System(guestsystem.NOWHERE, _BANNER)
        return guestsystem.System(guestsystem.INSTALLER, _BANNER + _LIVE_BOOT)
    found, disk = _BOOTS.search(cmdline), pool(_disk(m, domain)) if domain["vbds"] else None
    if found is None or disk is None or (int(found[1]), int(found[2])) != (disk["bootfs"], domain["vbds"][0]["devid"]):
        return guestsystem.System(guestsystem.PANIC, f"{_BANNER}panic: vfs_mountroot: cannot mount root\n")
    return guestsystem.System(guestsystem.LOGIN, _BANNER + _BOOT, "\nosol console login: ", "osol")


# --- the disk --------------------------------------------------------------------------------------------------------


def _disk(m: Machine, domain: Domain) -> Path:
    return local(m, domain["vbds"][0]["target"])


def pool(disk: Path) -> dict[str, Any] | None:
    """What is installed on a disk."""
    head = Span(disk, 0, disk.stat().st_size).read(_POOL_AT, _POOL_BYTES)
    return dict(json.loads(head[len(_POOL):].rstrip(b"\0"))) if head.startswith(_POOL) else None


def install(disk: Path, bootfs: int, state: str = "ready") -> None:
    """What the installer has done to a disk, until it is `busy` with it, or `ready`. It begins with an fdisk table."""
    span = Span(disk, 0, disk.stat().st_size)
    entry = bytes([0x80, 0, 2, 0, 0xBF, 0xFE, 0xFF, 0xFF]) + (16065).to_bytes(4, "little")
    span.write(446, entry + (span.size // 512 - 16065).to_bytes(4, "little"))
    span.write(510, b"\x55\xaa")
    text = _POOL + json.dumps({"bootfs": bootfs, "state": state}).encode()
    span.write(_POOL_AT, text.ljust(_POOL_BYTES, b"\0"))


def make_dvd(path: Path) -> None:
    """A DVD with the two kernels and microroots where the HOWTO has them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        stream.truncate(4 << 20)
    span = Span(path, 0, 4 << 20)
    volume.make_cd(span)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("platform/i86xpv/kernel/amd64/unix", "platform/i86xpv/kernel/unix"):
            Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
            Path(folder, name).write_bytes(KERNEL + name.encode())
        for name in ("boot/amd64/x86.microroot", "boot/x86.microroot"):
            Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
            Path(folder, name).write_bytes(b"microroot " + name.encode())
        volume.pack(span, Path(folder))


# --- its console -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asks:
    """A line is read behind `label`; the answer is what was typed, which is not shown if it is `hidden`."""

    label: str
    hidden: bool = False


@dataclass(frozen=True)
class Says:
    text: str
    seconds: float = 0.2


Program = Generator[Union[Asks, Says], Any, None]


class Tty:
    """A program's side of the console, as menus.Screen, line by line."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._asked: Asks | None = None
        self._held = ""
        self.ended = False

    def start(self) -> list[Out]:
        return self._go_on(None)

    def repainted(self) -> str:
        return ""

    def key(self, key: str) -> list[Out]:
        asked = self._asked
        if self.ended or asked is None:
            return []
        if key in (ENTER, "\n"):
            self._asked = None
            return [(0.05, "\r\n"), *self._go_on(self._held)]
        before = self._held
        if key == KILL:
            self._held = ""
        elif key == ERASE:
            self._held = before[:-1]
        elif key.isprintable():
            self._held += key
        if asked.hidden:
            return []
        return [(0.02, key)] if len(self._held) > len(before) else [(0.02, "\b \b" * (len(before) - len(self._held)))]

    def _go_on(self, answer: str | None) -> list[Out]:
        outs: list[Out] = []
        while True:
            try:
                asked = self._program.send(answer)
            except StopIteration:
                self.ended = True
                return outs
            if isinstance(asked, Asks):
                self._asked, self._held = asked, ""
                return [*outs, (0.1, asked.label)]
            outs.append((asked.seconds, asked.text.replace("\n", "\r\n")))
            answer = None


class Live:
    """The machine that the live system runs on."""

    def __init__(self, m: Machine, domain: Domain) -> None:
        self._m, self._domain = m, domain
        self.again = False
        self.password = ""
        self._imported = self._serves = False
        self._looks = 0

    def program(self) -> Program:
        """What its console says and takes, from the first login on."""
        while True:
            name = yield Asks("\nopensolaris console login: ")
            password = yield Asks("Password: ", hidden=True)
            if (name, password) != ("jack", "jack"):
                yield Says("Login incorrect\n")
                continue
            yield Says("Sun Microsystems Inc.   SunOS 5.11      snv_124 November 2008\n")
            yield from self._shell()

    def pool(self) -> dict[str, Any] | None:
        return pool(_disk(self._m, self._domain))

    def address(self) -> str:
        """What a dhcp server gives its xnf0, empty for nothing."""
        vif = self._domain["vifs"][0]
        return lan.lease(self._m, vif["bridge"], vif["mac"]).split("/")[0]

    def _shell(self) -> Program:
        while True:
            line = yield Asks("jack@opensolaris:~$ ")
            command, _semicolon, tail = str(line).rpartition("; echo ")
            if not command and "& echo " in tail:
                command, tail = tail.split(" echo ", 1)
            if not command:
                if tail.strip() == "exit":
                    return
                yield Says(f"-bash: {tail}: command not found\n" if tail.strip() else "")
                continue
            status = 0
            if command == "vncpasswd":
                yield from self._vncpasswd()
            else:
                status, said = self._ran(command)
                yield Says(said, 5.0 if command.startswith("sleep") else 0.5)
            yield Says(tail.replace("$?", str(status)) + "\n")

    def _vncpasswd(self) -> Program:
        while True:
            first = yield Asks("Password: ", hidden=True)
            second = yield Asks("Verify: ", hidden=True)
            if first == second:
                self.password = str(first)
                return
            yield Says("Passwords do not match. Please try again.\n\n")

    def _ran(self, command: str) -> tuple[int, str]:
        """Status and output of a command."""
        found = self.pool()
        if command == "pfexec zpool import -f rpool":
            self._imported = self._imported or found is not None
            return (0, "") if found else (1, "cannot import 'rpool': no such pool available\n")
        if command == "zfs get all rpool | grep caiman":
            return (0, f"rpool  org.opensolaris.caiman:install  {found['state']}  local\n") if found else (
                1, "cannot open 'rpool': dataset does not exist\n")
        if command == "pfexec zdb -vvv rpool | grep bootfs" and found:
            return 0, f"                    bootfs = {found['bootfs']}\n"
        if command.endswith("ifconfig xnf0"):
            return self._ifconfig()
        if command == "cp .Xclients .vnc/xstartup":
            return (0, "") if self.password else (2, "cp: cannot create .vnc/xstartup: No such file or directory\n")
        if command == "vncserver :1":
            served, self._serves = self._serves, True
            return (29, "A VNC server is already running as :1\n") if served else (
                0, "\nNew 'opensolaris:1 (jack)' desktop is opensolaris:1\n\n")
        if command.startswith("export DISPLAY=") or command.startswith("nohup pfexec gui-install"):
            return 0, ""
        if command == "sleep 5; pgrep -f gui-install":
            return 0, "1034\n"
        return 127, f"-bash: {command.split()[0]}: command not found\n"

    def _ifconfig(self) -> tuple[int, str]:
        self._looks += 1
        if self._looks <= _LOOKS:
            return 1, "ifconfig: status: SIOCGLIFFLAGS: xnf0: no such interface\n"
        address = self.address() or "0.0.0.0"
        return 0, ("xnf0: flags=1004843<UP,BROADCAST,RUNNING,MULTICAST,DHCP,IPv4> mtu 1500 index 2\n"
                   f"        inet {address} netmask ffffff00 broadcast 10.0.2.255\n")
