# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the directory of one host: the file system of a fresh NetBSD install, and the state of a machine that runs."""

from __future__ import annotations

import os
import shutil
import zlib
from pathlib import Path

from ..boot import bootblocks, bootloader, grub2
from ..core import base, images, profiles, rcscripts
from ..core.dispatch import COMMANDS
from ..core.machine import Machine
from ..pkg import catalogue, packages
from ..system import devices, diskparts, foreign, mounts

BARE = "bare"  # as sysinst leaves it: no Python, no pkgin, nothing of Xen
PYTHON = "python"  # bare, with Python and pkgin
DOM0 = "dom0"  # a working dom0 with a bridge
PRESETS = (BARE, PYTHON, DOM0)

_DIRECTORIES = """
.sim altroot bin boot.d dev/pts etc/defaults etc/rc.d etc/rc.conf.d etc/ssh etc/skel home kern lib libexec mnt proc
rescue root sbin stand tmp usr/bin usr/games usr/include usr/lib usr/libexec usr/mdec usr/pkg usr/sbin usr/share
var/at var/backups var/cron/tabs var/db var/log var/mail var/run var/spool var/tmp
""".split()

_GROUPS = """wheel:*:0:root
daemon:*:1:daemon
kmem:*:2:root
sys:*:3:root
tty:*:4:root
operator:*:5:root
mail:*:6:
bin:*:7:
staff:*:20:root
guest:*:31:root
nobody:*:39:
nogroup:*:65534:
users:*:100:
"""

_INSTALLED_BEFORE = 3600.0  # seconds that a fresh machine's packages are older than its boot

LOADERS = (bootblocks.NETBSD, bootblocks.GRUB, bootblocks.GRUB2)
_LOADER_PACKAGE = {bootblocks.GRUB: "grub", bootblocks.GRUB2: "grub2"}

# The stock file of 7.99 and later (facts section 4.1).
STOCK_BOOT_CFG = """menu=Boot normally:rndseed /var/db/entropy-file;boot netbsd
menu=Boot single user:rndseed /var/db/entropy-file;boot netbsd -s
menu=Disable ACPI:rndseed /var/db/entropy-file;boot netbsd -2
menu=Disable ACPI and SMP:rndseed /var/db/entropy-file;boot netbsd -12
menu=Drop to boot prompt:prompt
default=1
timeout=5
clear=1
"""
# The same file without what the loader of NetBSD 5 does not have.
_STOCK_BOOT_CFG_5 = STOCK_BOOT_CFG.replace("rndseed /var/db/entropy-file;", "").replace("clear=1\n", "")

_XEN_BOOT_LINE = "menu=Xen:load /netbsd-XEN3_DOM0.gz root=wd0a console=pc;multiboot /xen.gz dom0_mem=512M\n"

# As an admin writes them after the installation (facts section 4.5). GRUB legacy loads no 64-bit kernel itself.
_MENU_LST = "default 0\ntimeout 5\n\n"
_MENU_LST_XEN = ("title Xen\nroot (hd0,a)\nkernel /xen.gz dom0_mem=512M\n"
                 "module /netbsd-XEN3_DOM0.gz root=wd0a console=pc\n\n")
_MENU_LST_NATIVE = {"i386": "title NetBSD\nroot (hd0,a)\nkernel --type=netbsd /netbsd\n",
                    "amd64": "title NetBSD\nrootnoverify (hd0,a)\nchainloader +1\n"}
_GRUB_CFG = "set default=0\nset timeout=5\ninsmod part_msdos\ninsmod part_bsd\ninsmod ufs2\n\n"
_GRUB_CFG_XEN = ("menuentry 'Xen' {\n\tmultiboot /xen.gz dom0_mem=512M\n"
                 "\tmodule /netbsd-XEN3_DOM0.gz root=wd0a console=pc\n}\n")
_GRUB_CFG_NATIVE = "menuentry 'NetBSD' {\n\tknetbsd /netbsd\n}\n"

# rc.d scripts of the base system. The value is the default of rc.conf (None: no rcvar, as record bridge-start-only
# shows for network).
BASE_SERVICES: dict[str, str | None] = {
    "network": None, "sshd": "NO", "cron": "YES", "ntpd": "NO", "powerd": "NO", "syslogd": "YES", "postfix": "NO",
    "inetd": "YES", "mountall": None, "mountcritlocal": None, "swap2": None, "local": None, "sysctl": None,
}

_FSTAB = """# NetBSD /etc/fstab
/dev/wd0a\t\t/\tffs\trw,log\t\t 1 1
/dev/wd0b\t\tnone\tswap\tsw\t\t 0 0
kernfs\t\t/kern\tkernfs\trw
ptyfs\t\t/dev/pts\tptyfs\trw
procfs\t\t/proc\tprocfs\trw
tmpfs\t\t/tmp\ttmpfs\trw,-s=64M
"""


def create(host_dir: Path, name: str, preset: str = DOM0, profile: str = profiles.DEFAULT_PROFILE,
           address: str = "10.0.2.15", links: list[str] | None = None, *, loader: str = bootblocks.NETBSD,
           small_root: bool = False, pkgsrc: bool = False, raid: bool = False, interpreter: str = "") -> None:
    """Make `host_dir` and boot the machine in it.

    `links` are the library directories that lead to the shared tree (`base.library_links`); a host that is never
    entered (unit tests) does not need them. `loader` is what its disk boots. `small_root` makes a root file system that
    GRUB legacy can read, which loader `grub` needs and gets. `pkgsrc` puts a pkgsrc tree there. `raid` has the root
    file system on RAID-1 of two disks, of which the first alone has boot blocks. `interpreter` is the pythonX.Y of the
    controller that its Python is, where that is not the one that runs this.
    """
    if preset not in PRESETS:
        raise ValueError(f"no preset {preset!r}; there are: {', '.join(PRESETS)}")
    check_loader(profile, loader)
    if raid and (loader != bootblocks.NETBSD or small_root or profiles.get(profile).firmware == profiles.EFI):
        raise ValueError("a root file system on RAID-1 is booted by NetBSD's loader from a BIOS")
    root = host_dir / "root"
    for directory in _DIRECTORIES:
        (root / directory).mkdir(parents=True, exist_ok=True)
    # /dev/shm is no directory of NetBSD, but the C library of the controller keeps semaphores there.
    (root / "dev/shm").mkdir()
    for directory in ("tmp", "var/tmp", "dev/shm"):
        (root / directory).chmod(0o1777)
    (host_dir / "connections").mkdir()
    with Machine(host_dir, root) as m:
        m.data.update(_initial_state(name, profile, address))
        m.data["small_root"] = small_root or loader == bootblocks.GRUB
        m.data["raid_root"] = raid
        if interpreter:
            m.data["interpreter"] = interpreter
        _write_etc(m, name, address)
        if m.profile.firmware == profiles.EFI:
            _make_esp(m)
        _link_commands(m, links or [])
        _make_devices(m)
        if raid:
            diskparts.make_root_raid(m)
            m.data["raid_blocks"] = {m.profile.disks[0].name: {}}
        _install_base_kernel(m)
        if preset != BARE:
            packages.install(m, [m.profile.python_package, "pkgin"])
        if preset == DOM0:
            _make_dom0(m)
        if loader != bootblocks.NETBSD:
            _install_loader(m, loader, preset == DOM0)
        if pkgsrc:
            from ..pkg import pkgsrc as tree

            tree.create(m)
        _date_back_packages(m)
        bootloader.boot(m, seconds=0)


def _make_esp(m: Machine) -> None:
    """The EFI partition with the loader where firmware looks for one (UEFI specification, 3.5.1.1), without a menu."""
    loader = m.host_dir / "esp/EFI/BOOT/BOOTX64.EFI"
    loader.parent.mkdir(parents=True)
    loader.write_text("simulated EFI boot program\n")
    m.path("/efi").mkdir()


def _date_back_packages(m: Machine) -> None:
    """The packages of a fresh machine are older than its boot. This one takes no time, and kern.boottime has whole
    seconds only."""
    for contents in packages.database(m).glob("*/+CONTENTS"):
        os.utime(contents, (m.now() - _INSTALLED_BEFORE, m.now() - _INSTALLED_BEFORE))


def check_loader(profile: str, loader: str) -> None:
    """Raises ValueError for a loader that machines of that profile cannot have. GRUB 2 is none for EFI: pkgsrc builds
    it for a PC's BIOS unless the option grub-efi is set, which is not suggested (pkgsrc: sysutils/grub2/options.mk
    1.6, GRUB_PLATFORM)."""
    if loader not in LOADERS:
        raise ValueError(f"no loader {loader!r}; there are: {', '.join(LOADERS)}")
    machine = profiles.get(profile)
    if loader == bootblocks.NETBSD:
        return
    if machine.firmware == profiles.EFI or _LOADER_PACKAGE[loader] not in machine.packages:
        raise ValueError(f"no loader {loader!r} on machines of profile {profile}")


def address_of(index: int) -> str:
    """The loopback address of a rack's host, 127.1.x.y; index counts from 0."""
    return f"127.1.{index // 250}.{index % 250 + 1}"


def _initial_state(name: str, profile: str, address: str) -> dict[str, object]:
    return {
        "profile": profile, "hostname": name, "address": address, "pace": 0.1, "kernel": None, "hypervisor": None,
        "boot_time": 0.0, "up_at": 0.0, "down_reason": None, "daemons": {}, "next_pid": 4200400, "interfaces": {},
        "vnd": {}, "mounts": [], "boots": 0, "boot_log": [], "xen": {},
        "boot_sector": bootblocks.NETBSD, "hardware_macs": _mac_addresses(profile, name),
    }


def _write_etc(m: Machine, name: str, address: str) -> None:
    known = _base_services(m)
    services = "".join(f"{key}={value}\n" for key, value in known.items() if value is not None)
    files = {
        "etc/passwd": "root:*:0:0:Charlie &:/root:/bin/sh\n"
                      "daemon:*:1:1:The devil himself:/:/sbin/nologin\n"
                      "operator:*:2:5:System &:/usr/guest/operator:/sbin/nologin\n"
                      "nobody:*:32767:39:Unprivileged user:/nonexistent:/sbin/nologin\n",
        "etc/group": _GROUPS,
        "etc/defaults/rc.conf": "# defaults\n" + services + 'auto_ifconfig=YES\nnet_interfaces=""\n',
        "etc/rc.conf": f"#\n# see rc.conf(5) for more information.\n#\nif [ -r /etc/defaults/rc.conf ]; then\n"
                       f"\t. /etc/defaults/rc.conf\nfi\n\nrc_configured=YES\nhostname={name}\nsshd=YES\n"
                       f"defaultroute=10.0.2.2\n",
        "etc/fstab": _fstab(m),
        "etc/hosts": f"127.0.0.1\tlocalhost\n{address}\t{name}\n",
        "etc/resolv.conf": "nameserver 10.0.2.3\n",
        "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
        "etc/ifconfig.wm0": f"inet {address} netmask 255.255.255.0\n",
        "etc/profile": "export PATH=/sbin:/usr/sbin:/bin:/usr/bin:/usr/pkg/sbin:/usr/pkg/bin:/usr/local/bin\n",
        "etc/shells": "/bin/sh\n/bin/csh\n/bin/ksh\n",
        "etc/sysctl.conf": "#\n",
        "etc/release": f"NetBSD {m.profile.netbsd_release}/{m.profile.arch}\n",
        "etc/rc.subr": foreign.RC_SUBR,
        "etc/ttys": 'console "/usr/libexec/getty Pc"\tvt100\toff secure\n'
                    'constty\t"/usr/libexec/getty Pc"\tvt100\ton  secure\n',
        "boot.cfg": _stock_boot_cfg(m),
        "boot": "simulated second-stage boot program\n",
        "usr/mdec/boot": "simulated second-stage boot program\n",
        "usr/mdec/mbr": "simulated master boot record\n",
        "usr/mdec/bootxx_ffsv1": "simulated first-stage boot program\n",
        "usr/mdec/bootxx_ffsv2": "simulated first-stage boot program\n",
        "root/.profile": ". /etc/profile\n",
    }
    for kind in ("ecdsa", "ed25519", "rsa"):
        files[f"etc/ssh/ssh_host_{kind}_key.pub"] = f"{_KEY_TYPES[kind]} {_key_text(name, kind)} root@{name}\n"
    for path, content in files.items():
        (m.root / path).write_text(content)
    for service, default in known.items():
        rcscripts.write(m.root / "etc/rc.d" / service, service, rcvar=default is not None)


def _base_services(m: Machine) -> dict[str, str | None]:
    """npf came with NetBSD 6."""
    return {**BASE_SERVICES, "npf": "NO"} if int(m.profile.netbsd_release.split(".")[0]) >= 6 else BASE_SERVICES


def _fstab(m: Machine) -> str:
    """A root file system for GRUB legacy has no room for /usr."""
    if m.profile.firmware == profiles.EFI:
        return _FSTAB + f"{mounts.ESP_DEVICE}\t/efi\tmsdos\trw\t\t 0 0\n"
    if m.data["raid_root"]:
        return _FSTAB.replace("/dev/wd0a", f"/dev/{diskparts.ROOT_RAID}a")
    if not m.data["small_root"]:
        return _FSTAB
    root, rest = _FSTAB.split("/dev/wd0b", 1)
    return f"{root}/dev/wd0g\t\t/usr\tffs\trw\t\t 1 2\n/dev/wd0b{rest}"


def _stock_boot_cfg(m: Machine) -> str:
    return _STOCK_BOOT_CFG_5 if m.profile.netbsd_revision < 600000000 else STOCK_BOOT_CFG


_KEY_TYPES = {"ecdsa": "ecdsa-sha2-nistp256", "ed25519": "ssh-ed25519", "rsa": "ssh-rsa"}


def _key_text(name: str, kind: str) -> str:
    """Looks like a public key and is none: the host answers through the controller's sshd."""
    return "AAAA" + "".join(f"{zlib.crc32(f'{name} {kind} {i}'.encode()):08x}" for i in range(8))


def _mac_addresses(profile: str, name: str) -> list[str]:
    """MAC addresses of the NICs, different on each host: QEMU's prefix as in the records, the rest from the name."""
    tail = zlib.crc32(name.encode()) & 0xFFFF
    prefix = f"52:54:00:{tail >> 8:02x}:{tail & 255:02x}"
    return [f"{prefix}:{index:02x}" for index, _nic in enumerate(profiles.get(profile).nics)]


def _link_commands(m: Machine, links: list[str]) -> None:
    lacking = {path for path, target in m.profile.commands.items() if not target}
    targets = {path: "/.sim/bin/command" for path in COMMANDS
               if not path.startswith("/.sim/") and path not in lacking}
    for name, directory in base.UTILITIES.items():
        targets.setdefault(f"{directory}/{name}", f"/.sim/bin/{name}")
    targets["/usr/libexec/sftp-server"] = "/.sim/bin/sftp-server"
    targets["/sbin/chown"] = "/.sim/bin/chown"
    for directory in links:
        targets[directory] = "/.sim/so"
    for path, target in targets.items():
        link = m.path(path)
        if link.is_dir() and not any(link.iterdir()):
            link.rmdir()
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)


def _make_devices(m: Machine) -> None:
    """What `MAKEDEV all` makes of interest: four vnd units, four xbd units, the Xen nodes (facts section 3)."""
    dev = m.path("/dev")
    for disk in m.profile.disks:
        for name, node in devices.disk_nodes(disk.name[:2], int(disk.name[2:]), m.profile.arch).items():
            devices.make_node(dev / name, node)
    for unit in range(4):
        for kind in ("vnd", "xbd"):
            for name, node in devices.disk_nodes(kind, unit, m.profile.arch).items():
                devices.make_node(dev / name, node)
    for name, values in devices.XEN_NODES.items():
        devices.make_node(dev / name, devices.Node(*values))
    # The sandbox binds the controller's nodes over these.
    for name in ("null", "zero", "random", "urandom", "tty"):
        (dev / name).touch()
    makedev = dev / "MAKEDEV"
    makedev.write_text('#!/bin/sh\n# Create device nodes. Simulated: the table is in the simulator.\n'
                       'exec /.sim/bin/makedev "$0" "$@"\n')
    makedev.chmod(0o555)


def _install_base_kernel(m: Machine) -> None:
    m.path("/netbsd").write_bytes(images.Image("netbsd", m.profile.netbsd_release, "GENERIC").content())


def _make_dom0(m: Machine) -> None:
    """What an admin does by hand after the install (facts sections 1, 2, 4)."""
    release = catalogue.suffix(m.profile.xen_release)
    packages.install(m, [f"xenkernel{release}", f"xentools{release}"], copy_rc_scripts=True)
    kernel = images.Image("netbsd", m.profile.netbsd_release, "XEN3_DOM0")
    m.path("/netbsd-XEN3_DOM0.gz").write_bytes(kernel.compressed())
    m.path("/xen.gz").write_bytes(m.path(f"/usr/pkg/xen{release}-kernel/xen.gz").read_bytes())
    line = _XEN_BOOT_LINE.replace("wd0a", f"{diskparts.root_disk(m)}a")
    m.path("/boot.cfg").write_text(line + _stock_boot_cfg(m))
    m.path("/etc/ifconfig.bridge0").write_text("create\n!brconfig $int add wm0 up\n")
    with open(m.path("/etc/rc.conf"), "a") as stream:
        stream.write("".join(f"{name}=YES\n" for name in catalogue.daemon_scripts(m.profile)))


def _install_loader(m: Machine, loader: str, dom0: bool) -> None:
    """What the package's install command does, and the menu that an admin writes."""
    packages.install(m, [_LOADER_PACKAGE[loader]])
    grub = m.path("/grub")
    grub.mkdir()
    if loader == bootblocks.GRUB:
        for name in ("stage1", "stage2", "ffs_stage1_5"):
            shutil.copyfile(m.path(f"/usr/pkg/share/grub/{m.profile.processor}-/{name}"), grub / name)
        native = _MENU_LST_NATIVE[m.profile.arch]
        (grub / "menu.lst").write_text(_MENU_LST + (_MENU_LST_XEN if dom0 else "") + native)
        m.data["boot_sector"] = loader
    else:
        grub2.write_files(m)
        (grub / "grub.cfg").write_text(_GRUB_CFG + (_GRUB_CFG_XEN if dom0 else "") + _GRUB_CFG_NATIVE)


def remove(host_dir: Path) -> None:
    """Delete a host's directory, whatever modes the machine's own modules have left in it."""
    for directory, names, _files in os.walk(host_dir):
        for name in names:
            path = os.path.join(directory, name)
            if not os.path.islink(path):
                os.chmod(path, 0o700)
    shutil.rmtree(host_dir)
