# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A guest that an installer runs in, a kernel with sysinst in it or the live system of Solaris: its console, to which
somebody talks, and what comes of that on its disk.

What is typed stands in HOST/installers/DOMID.json, so that the guest is where it was when somebody opens its console
again, and shows nothing of what it has shown (record xl-console-login). HOST/installer_trouble.json makes the console
bad (menus.Trouble).
"""
from __future__ import annotations

import json
import os
import select
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

from ...core import images
from ...core.machine import Machine, NotSimulated
from ...disk import ffs, labels, volume
from ...disk.volume import Span
from ...net import fetch
from ...system import devices, diskcommands
from . import domains, guests, solaris
from .hotplug import local
from .hypervisor import Domain, flush, out
from .menus import Line, Out, Screen, Side, Trouble
from .sysinst import Place, Settings, Sysinst, Unknown

TARGET = "/targetroot"
_LEAVE = "\x1d"
_LOOK_SECONDS = 0.3
# record sysinst/screens.txt, screen 215
_FSTAB = """# NetBSD {target}/etc/fstab
# See /usr/share/examples/fstab/ for more examples.
/dev/{disk}a		/	ffs	rw		 1 1
/dev/{disk}b		none	swap	sw,dp		 0 0
kernfs		/kern	kernfs	rw
ptyfs		/dev/pts	ptyfs	rw
procfs		/proc	procfs	rw
/dev/cd0a		/cdrom	cd9660	ro,noauto
tmpfs		/var/shm	tmpfs	rw,-m1777,-sram%25
"""


def attach(m: Machine, domain: Domain) -> int:
    """Be at its console until it ends or ^] comes, without the machine's lock meanwhile."""
    at_terminal()
    session = Session(m, domain)
    out(session.begin())
    flush()
    reads, looked = True, 0.0

    def typed() -> bytes:
        nonlocal reads
        ready = select.select([0] if reads else [], [], [], _LOOK_SECONDS)[0]
        found = os.read(0, 1024) if ready else b""
        reads = reads and not (ready and not found)
        return found

    while True:
        data = m.unlocked(typed)
        for key in data.decode("latin-1"):
            if key == _LEAVE:
                return 0
            out(session.take(key))
        flush()
        if session.cut:
            return 0
        if data or m.now() - looked > _LOOK_SECONDS:
            looked = m.now()
            domains.settle(m)
            if domains.get(m, domain["domid"]) is None:
                return 0


class Session:
    def __init__(self, m: Machine, domain: Domain) -> None:
        self._m, self._domain = m, domain
        self._typed_path = m.host_dir / "installers" / f"{domain['domid']}.json"
        trouble = m.host_dir / "installer_trouble.json"
        self.guest: Guest | solaris.Live
        if domain["os"] == guests.SOLARIS:
            self.guest = solaris.Live(m, domain)
            screen: Side = solaris.Tty(self.guest.program())
        else:
            self.guest = Guest(m, domain)
            screen = Screen(Sysinst(self.guest).program())
        self._line = Line(screen, Trouble(**json.loads(trouble.read_text())) if trouble.exists() else None)

    @property
    def cut(self) -> bool:
        return self._line.cut

    def begin(self) -> str:
        """What its console shows to who opens it."""
        if self._typed_path.exists():
            self.guest.again = True
            for key in ["", *json.loads(self._typed_path.read_text())]:
                self._line.key(key) if key else self._line.start()
            self.guest.again = False
            return ""
        self._write([])
        log = guests.console_log(self._m, self._domain)
        before = log.read_text(errors="surrogateescape") if log.exists() else ""
        return before.replace("\n", "\r\n") + self._shown(self._line.start())

    def take(self, key: str) -> str:
        self._write([*json.loads(self._typed_path.read_text()), key])
        try:
            return self._shown(self._line.key(key))
        except Unknown as way:
            raise NotSimulated(f"sysinst: {way}") from None

    def _write(self, keys: list[str]) -> None:
        self._typed_path.parent.mkdir(exist_ok=True)
        self._typed_path.write_text(json.dumps(keys))

    def _shown(self, outs: list[Out]) -> str:
        text = "".join(text for _seconds, text in outs)
        guests.write_console(self._m, self._domain, text)
        return text


class Guest:
    """The machine that sysinst runs on. `again`: what it is told was told before."""

    def __init__(self, m: Machine, domain: Domain) -> None:
        image = images.identify(local(m, domain["config"]["b_info"]["kernel"]))
        assert image is not None
        self._m, self._domain = m, domain
        self.again = False
        self.release = image.release
        self.arch = "i386" if "PAE" in image.name else "amd64"
        self.memory = domain["mem_kb"] // 1024
        # By their numbers, whatever their order in the configuration (sys/arch/xen/xenbus/xenbus_probe.c; measured on
        # 7.99.10: 0x2 was xbd0, and xvda xbd1).
        vbds = sorted(domain["vbds"], key=lambda vbd: vbd["devid"])
        paths = [local(m, vbd["target"]) for vbd in vbds if vbd["physical"] is None]
        self._paths = {f"xbd{number}": path for number, path in enumerate(paths)}
        self.disks = [(name, path.stat().st_size >> 20) for name, path in self._paths.items()]
        self.interfaces = [f"xennet{vif['devid']}" for vif in domain["vifs"]]
        self._disk = ""

    def write_label(self, disk: str, name: str, swap: int) -> None:
        self._disk = disk
        if self.again:
            return
        sectors = self._paths[disk].stat().st_size // labels.SECTOR
        root = sectors - min(swap * 2048, sectors // 2)
        label = labels.of_vnd(sectors)
        # Until 8 the name is that of the type in /tmp/disktab, by which disklabel(8) writes the label, and the pack has
        # none (usr.sbin/sysinst/disks.c, write_disklabel; measured on 7.99.10: type 0, subtype 0).
        old = int(self.release.split(".")[0]) < 9
        label.typename, label.packname = (name, "") if old else ("Xen Virtual ESD", name)
        label.kind = 0 if old else labels.DISK_TYPES.index("ESDI")
        label.parts[:3] = [labels.Part(root, 0, labels.FFS, 2048, 8), labels.Part(sectors - root, root, labels.SWAP),
                           labels.Part(sectors)]
        volume.write_label(self._whole(), label)

    def make_file_systems(self, disk: str) -> None:
        if not self.again:
            span = self._root()
            volume.make_ffs(span, ffs.layout(span.size // ffs.SECTOR, 2), int(self._m.now()))
            volume.mark(span, TARGET, False, int(self._m.now()))

    def fetch(self, protocol: str, place: Place, name: str) -> bool:
        if protocol == "cd":
            raise NotSimulated("sets from a CD")
        if place.host.endswith(".invalid"):
            return False
        folder = fetch.MIRROR / place.directory.strip("/") / place.sets.strip("/")
        found = next((path for path in (folder / f"{name}{end}" for end in (".tgz", ".tar.xz")) if path.exists()), None)
        if found is not None and not self.again:
            with tarfile.open(found) as archive:
                archive.extraction_filter = getattr(tarfile, "fully_trusted_filter", None)
                self._change(lambda tree: archive.extractall(tree, numeric_owner=True))
        return found is not None

    def finish(self, settings: Settings) -> None:
        if not self.again:
            self._change(lambda tree: self._configure(tree, settings))
            volume.mark(self._root(), TARGET, True, int(self._m.now()))

    def halt(self) -> None:
        self._end(guests.POWEROFF)

    def reboot(self) -> None:
        self._end(guests.REBOOT)

    def _end(self, reason: int) -> None:
        domain = domains.get(self._m, self._domain["domid"])
        if domain is not None and not self.again:
            domains.ends(self._m, domain, reason)

    # --- the disk ----------------------------------------------------------------------------------------------------

    def _whole(self) -> Span:
        path = self._paths[self._disk]
        return Span(path, 0, path.stat().st_size // labels.SECTOR * labels.SECTOR)

    def _root(self) -> Span:
        whole = self._whole()
        label = volume.read_label(whole)
        assert label is not None
        return Span(whole.path, label.parts[0].offset * labels.SECTOR, label.parts[0].size * labels.SECTOR)

    def _change(self, work: Callable[[Path], object]) -> None:
        place = self._m.host_dir / "installers" / f"{self._domain['domid']}"
        volume.remove(place)
        place.mkdir(parents=True)
        try:
            if volume.unpack(self._root(), place / "root"):
                work(place / "root")
                volume.pack(self._root(), place / "root")
        finally:
            volume.remove(place)

    def _configure(self, tree: Path, settings: Settings) -> None:
        """record sysinst/screens.txt, screens 215 to 217: what it has left in /etc."""
        full = f"{settings.hostname}.{settings.domain}" if settings.domain else settings.hostname
        text = (tree / "etc/rc.conf").read_text().replace("rc_configured=NO", "rc_configured=YES")
        more = f"hostname={full}\n" if settings.keep_network else ""
        more += f'defaultroute="{settings.gateway}"\n' if settings.keep_network and settings.gateway else ""
        (tree / "etc/rc.conf").write_text(f"{text}{more}{'sshd=YES' if settings.sshd else ''}\nwscons=YES\n")
        (tree / "etc/fstab").write_text(_FSTAB.format(target=TARGET, disk=self._disk))
        ttys = (tree / "etc/ttys").read_text().splitlines()
        on = [line.replace("off", "on ", 1) if line.startswith(("ttyE1", "ttyE2", "ttyE3")) else line for line in ttys]
        (tree / "etc/ttys").write_text("\n".join(on) + "\n")
        if settings.keep_network:
            (tree / "etc/ifconfig.xennet0").write_text(f"up\n{settings.address} netmask {settings.netmask}\n")
            (tree / "etc/resolv.conf").write_text(f"nameserver {settings.nameserver}\n")
        if settings.root_password:
            passwd = tree / "etc/master.passwd"
            passwd.write_text(passwd.read_text().replace("root::", "root:$sha1$1$what.somebody.has.typed:", 1))
        for name, node in (diskcommands.makedev_target(self._m, "all") or {}).items():
            (tree / "dev").mkdir(exist_ok=True)
            (tree / "dev" / name).unlink(missing_ok=True)
            devices.make_node(tree / "dev" / name, node)


def at_terminal() -> None:
    """As xenconsole does (tools/console/client/main.c, init_term): raw, and what was typed before is not lost."""
    import termios
    import tty

    if os.isatty(sys.stdin.fileno()):
        tty.setraw(sys.stdin.fileno(), termios.TCSANOW)
