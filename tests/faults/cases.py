# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The machines that get faults: from which state, to which declaration.

mirror.example is the simulated rack's own mirror; nothing is fetched from anywhere else.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import linux_system
from netbsd_sim.core import images
from rehearsal import Rack

Disturb = Callable[[Rack, str], None]
MIRROR = "http://mirror.example/pub"

# What an admin had on the machine before, and must find again.
_OWN_LINES = {
    "etc/rc.conf": "# by hand, for the printer\nlpd=NO\n",
    "etc/fstab": "/dev/wd1e\t\t/srv\tffs\trw,noauto\t 1 2\n",
    "etc/sysctl.conf": "kern.maxfiles=4000\n",
}
_OWN_MENU = "menu=The kernel of last year:boot netbsd.old\n"


@dataclass(frozen=True)
class Case:
    """A kind of machine in one state, and what the run is to make of it.

    ``earlier``: variables of a run that the machine has behind it; ``disturb``: what happened to it since then.
    ``whole``: every fault counts, also those of a shape that another case had. ``alone``: the playbook goes from host
    to host and ends with the first failure, so each has a run of its own. ``by_name``: not among those that are played
    unless somebody names it.
    """

    name: str
    profile: str
    variables: dict[str, Any]
    loader: str = "netbsd"
    preset: str = "bare"
    earlier: dict[str, Any] | None = None
    disturb: Disturb | None = None
    whole: bool = False
    playbook: str = "site"
    alone: bool = False
    by_name: bool = False

    @property
    def weight(self) -> int:
        """Its share of the time, beside the other cases."""
        return 3 if self.whole else 1


def declare(arch: str, netbsd: str, xen: str, guests: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The inventory variables of a dom0."""
    return {
        "bootstrap_pkg_path": f"{MIRROR}/pkgsrc/packages/NetBSD/{arch}/{netbsd}/All",
        "dom0_mirror": f"{MIRROR}/NetBSD",
        "dom0_xen_release": xen,
        "bootloader_dom0_memory": "256M" if arch == "i386" else "1G",
        "bootloader_root": "wd0a",
        "bootloader_reboot": True,
        "bootloader_reboot_timeout": 60,
        "bootstrap_timeout": 60,
        "bridge_bridges": [{"name": "bridge0", "interfaces": ["wm0"]}],
        "domu_files": [
            {
                "src": f"{MIRROR}/NetBSD/NetBSD-{netbsd}/{arch}/binary/kernel/netbsd-XEN3_DOMU.gz",
                "dest": "/home/xen/netbsd-XEN3_DOMU.gz",
            }
        ],
        "domu_guests": guests,
        "domu_restart_policy": "if_needed",
        "domu_shutdown_timeout": 60,
        **more,
    }


def guest(name: str, number: int, disk: Any, **more: Any) -> dict[str, Any]:
    """A NetBSD guest. Its UUID and MAC are given, so that the copies of a machine can be compared."""
    return {
        "name": name,
        "os": "netbsd",
        "memory": "128M",
        "disks": [disk],
        "nics": [{"bridge": "bridge0", "mac": f"{{{{ faults_mac }}}}:{number:02x}"}],
        "uuid": f"{{{{ faults_uuid }}}}-4000-8000-{number:012x}",
        **more,
    }


def image(name: str) -> dict[str, str]:
    return {"path": f"/home/xen/{name}.img", "size": "256M"}


# --- what happens to a machine ---


def add_own_lines(rack: Rack, host: str) -> None:
    """The admin's own lines, a kernel and an entry in the boot menu for it."""
    root = rack.root(host)
    for path, lines in _OWN_LINES.items():
        with (root / path).open("a") as file:
            file.write(lines)
    (root / "netbsd.old").write_bytes((root / "netbsd").read_bytes())
    menu = root / "boot.cfg"
    if menu.exists():
        menu.write_text(menu.read_text().replace("default=", _OWN_MENU + "default=", 1))


def log_in_at_port(rack: Rack, host: str) -> None:
    """The admin's own lines, and a machine whose login is on the serial port's own name, with boot blocks that know the
    port: a dom0 has no such port."""
    add_own_lines(rack, host)
    getty = '{}\t"/usr/libexec/getty std.9600"\tvt100\t{} secure\n'
    lines = [getty.format(name, "on" if name == "tty00" else "off") for name in ("console", "constty", "tty00")]
    (rack.root(host) / "etc/ttys").write_text("".join(lines))
    rack.execute(host, "/usr/sbin/installboot", "-e", "-o", "console=com0,timeout=3", "/dev/rwd0a")
    # An older loader, so that the run has blocks to write.
    (rack.root(host) / "boot").write_text("an older loader\n")


def have_menu_on_efi_partition(rack: Rack, host: str) -> None:
    """The admin's menu is where the EFI loader looks first."""
    add_own_lines(rack, host)
    root = rack.root(host)
    (root / "efi/EFI/NetBSD").mkdir()
    (root / "efi/EFI/NetBSD/boot.cfg").write_bytes((root / "boot.cfg").read_bytes())


def fill_disk(rack: Rack, host: str) -> None:
    """Data in a guest's disk."""
    with (rack.root(host) / "home/xen/mail1.img").open("r+b") as disk:
        disk.seek(1 << 20)
        disk.write(b"the mail of ten years" * 100)


def wear(rack: Rack, host: str) -> None:
    """A dom0 with guests, after other hands: something for each role to repair, and a guest's disk with data in it."""
    root = rack.root(host)
    fill_disk(rack, host)
    # With this line gone and a list of guests left, /etc/rc hangs under Xen: nothing may boot Xen before it is back.
    edit(root / "etc/rc.conf", r"^xencommons=.*\n", "")
    menu = re.findall(r"^menu=([^:\n]*):", (root / "boot.cfg").read_text(), flags=re.MULTILINE)
    edit(root / "boot.cfg", r"^default=.*$", f"default={menu.index('Boot normally') + 1}")
    edit(root / "etc/fstab", r"^kernfs.*\n", "")
    edit(root / "etc/ifconfig.bridge0", r"wm0", "wm1")
    # The kernel of an older release: it boots, but is not what the mirror's sums say.
    (root / "netbsd-XEN3_DOM0.gz").write_bytes(images.Image("netbsd", "10.0", "XEN3_DOM0").compressed())
    (root / "etc/rc.d/xendomains").write_text("#!/bin/sh\n# edited by hand\n")
    (root / "dev/rvnd4d").unlink()
    rack.execute(host, "/sbin/brconfig", "bridge0", "delete", "wm0")
    rack.execute(host, "/usr/pkg/sbin/xl", "destroy", "web1")


def bring_linux(rack: Rack, host: str) -> None:
    """The files of a Linux, and the programs that make its file system."""
    folder = rack.root(host) / "home/xen"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / linux_system.TARBALL).write_bytes(linux_system.packed(linux_system.FILES, linux_system.LINKS))
    (folder / linux_system.IMAGE).write_bytes(gzip.compress(linux_system.MBR + b"a system\n" * 100000))
    rack.execute(host, "/usr/pkg/bin/pkgin", "-y", "install", "e2fsprogs")


def edit(file: Path, pattern: str, replacement: str) -> None:
    """Change a file. Raises ValueError if there is nothing to change: the case would not be what it says."""
    text, count = re.subn(pattern, replacement, file.read_text(), flags=re.MULTILINE)
    if not count:
        raise ValueError(f"{file} has nothing that matches {pattern!r}")
    file.write_text(text)


# --- the cases ---

WEB = guest("web1", 1, "/dev/wd0e", autostart=True)
MAIL = guest("mail1", 2, image("mail1"))
OLD = guest("old1", 3, image("old1"))

_NEW_DOM0 = declare("amd64", "10.1", "4.20", [WEB, MAIL])
_WORN_DOM0 = declare("amd64", "10.1", "4.20", [WEB, MAIL, OLD])
# Its system comes from the sets. dom0 has an address in its network, so a login over ssh is seen.
_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOwj9+WsILBmTvLUmQ56i6XkrekkVp1AyMUBWPnvAALq admin@example.org"
INSTALLED = guest(
    "site1",
    5,
    image("site1"),
    autostart=True,
    install={
        "release": "10.1",
        "network": {"address": "10.0.2.9/24", "gateway": "10.0.2.2"},
        "authorized_keys": [_KEY],
    },
)
_INSTALLING_DOM0 = {"domu_install_source": f"{MIRROR}/NetBSD"}


def linux(name: str, number: int, disks: list[dict[str, str]], **install: Any) -> dict[str, Any]:
    """A Linux guest whose system comes with it. Those of one tarball have the kernel of the first."""
    of_tree = {"kernel": "/home/xen/linux1-vmlinuz", "ramdisk": "/home/xen/linux1-initrd"}
    network = {"address": f"10.0.2.{30 + number}/24", "gateway": "10.0.2.2"}
    made = guest(name, number, disks[0], **of_tree, root="/dev/xvda1")
    declared = {"network": network, "authorized_keys": [_KEY], **install}
    return {**made, "os": "linux", "disks": disks, "install": declared}


_LINUX = linux(
    "linux1",
    6,
    [{"path": "/home/xen/linux1.img", "size": "64M", "vdev": "xvda1"}],
    method="tree",
    tree=f"/home/xen/{linux_system.TARBALL}",
)
_CLOUD = linux(
    "cloud1",
    7,
    [{"path": "/home/xen/cloud1.img", "size": "8M"}, {"path": "/home/xen/cloud1-seed.iso", "access": "ro"}],
    method="image",
    image=f"/home/xen/{linux_system.IMAGE}",
    seed="/home/xen/cloud1-seed.iso",
)

_REPAIRED_DOM0 = declare(
    "amd64",
    "10.1",
    "4.20",
    [
        WEB,
        MAIL,
        {**OLD, "memory": "192M", "vcpus": 2},
        guest("new1", 4, image("new1")),
    ],
    services_xl_conf={"autoballoon": "0"},
    services_console_log=True,
)

CASES = (
    Case("current", "netbsd-10.1-xen-4.20", _NEW_DOM0, disturb=add_own_lines, whole=True),
    Case("repair", "netbsd-10.1-xen-4.20", _REPAIRED_DOM0, earlier=_WORN_DOM0, disturb=wear, whole=True),
    Case(
        "guest-from-sets",
        "netbsd-10.1-xen-4.20",
        declare("amd64", "10.1", "4.20", [WEB, INSTALLED], **_INSTALLING_DOM0),
        earlier=declare("amd64", "10.1", "4.20", [WEB], **_INSTALLING_DOM0),
        whole=True,
    ),
    Case(
        "linux-guests",
        "netbsd-10.1-xen-4.20",
        declare("amd64", "10.1", "4.20", [WEB, _LINUX, {**_CLOUD, "depends_on": ["linux1"]}]),
        earlier=declare("amd64", "10.1", "4.20", [WEB]),
        disturb=bring_linux,
        whole=True,
        by_name=True,
    ),
    Case(
        "upgrade-grub2",
        "netbsd-10.1-xen-4.18",
        declare("amd64", "10.1", "4.20", [WEB, MAIL], bootloader_loader="grub2"),
        loader="grub2",
        earlier=declare("amd64", "10.1", "4.18", [WEB, MAIL], bootloader_loader="grub2"),
        disturb=fill_disk,
        whole=True,
        playbook="upgrade",
        alone=True,
    ),
    Case(
        "upgrade-boot.cfg",
        "netbsd-10.1-xen-4.18",
        declare("amd64", "10.1", "4.20", [WEB, MAIL], dom0_upgrade_without_fallback=True),
        earlier=declare("amd64", "10.1", "4.18", [WEB, MAIL]),
        disturb=fill_disk,
        playbook="upgrade",
        alone=True,
    ),
    Case(
        "serial",
        "netbsd-10.1-xen-4.20",
        declare("amd64", "10.1", "4.20", [WEB], bootloader_console="both", bootloader_install=True),
        disturb=log_in_at_port,
    ),
    Case(
        "efi",
        "netbsd-10.1-xen-4.20-efi",
        declare("amd64", "10.1", "4.20", [WEB]),
        disturb=have_menu_on_efi_partition,
    ),
    Case(
        "netbsd-9.4-grub2",
        "netbsd-9.4-xen-4.15",
        declare("amd64", "9.4", "4.15", [WEB], bootloader_loader="grub2"),
        loader="grub2",
        disturb=add_own_lines,
    ),
    Case(
        "netbsd-6.1",
        "netbsd-6.1-xen-4.2",
        declare("amd64", "6.1", "4.2", [WEB, MAIL], dom0_package_source="pkg_add"),
        disturb=add_own_lines,
    ),
    Case(
        "netbsd-6.1-grub",
        "netbsd-6.1-xen-4.2",
        declare("amd64", "6.1", "4.2", [WEB], dom0_package_source="pkg_add", bootloader_loader="grub"),
        loader="grub",
        disturb=add_own_lines,
    ),
    Case(
        "netbsd-5.1",
        "netbsd-5.1-xen-3.1",
        declare("i386", "5.1", "3.1", [WEB, MAIL], dom0_package_source="pkg_add"),
        disturb=add_own_lines,
    ),
)
