# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""NetBSD from its sets: a labelled disk with one file system and swap, the sets unpacked on it, and what sysinst would
ask for, from the declaration.

The commands are those of record from-sets (NetBSD 7.99.10), of which a guest came up to a login. Nothing of the guest's
is run: all that is needed has dom0 itself, so the guest may be older or newer than dom0, or another architecture.
"""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...._change import XenError
from ...._formats.install import netbsd_configured, netbsd_release, network
from ...._formats.system import mounts
from ...._formats.text import unknown_key
from ...._host import Host
from ..work import netbsd_disk, sources, units
from ..work.job import Job
from ..work.netbsd_disk import LABEL, TABLES, WITH_GPT

if TYPE_CHECKING:
    from ...._formats.guest.devices import Disk
    from ...guests.declare.fields import Fields
    from ...guests.declare.guest import Guest
    from ..declare import Install

NEWFS, FSCK = "/sbin/newfs", "/sbin/fsck"
TAR, SH, PWD_MKDB = "/usr/bin/tar", "/bin/sh", "/usr/sbin/pwd_mkdb"
SSH_KEYGEN, RNDCTL = "/usr/bin/ssh-keygen", "/sbin/rndctl"
# On a machine that emulates its processor, busy with others, a set took three minutes and MAKEDEV five.
TAR_SECONDS, MAKEDEV_SECONDS, DISK_SECONDS = 3600.0, 1800.0, 1800.0
DEFAULT_SETS = ("base", "etc")
INTERFACE = "xennet0"
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
        _kernel(job)
        paths = [_set(job, name) for name in _options(job).sets]
        grown = sum(_unpacked(job.host, path) for path in paths)
        options = _options(job)
        return int(grown * _SPARE) + _FIXED_BYTES + options.swap + netbsd_disk.overhead_bytes(options.table)

    def prepare(self, job: Job) -> None:
        job.say("label")
        netbsd_disk.make(job, _options(job).table, _options(job).swap)
        with netbsd_disk.root(job, _options(job).table) as device:
            # FFSv2, which every release knows; newer ones would choose what older ones can't mount.
            job.host.run([NEWFS, "-O", "2", mounts.raw_device(f"/dev/{device}")], timeout=DISK_SECONDS)

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
            _proven(job, device)

    def configure(self, job: Job) -> None:
        job.say("configure")
        with netbsd_disk.root(job, _options(job).table) as device:
            # What broke off here before has left it as a power cut would.
            _proven(job, device)
            with units.mounted(job, f"/dev/{device}") as root:
                _configure(job, root)
                keys = _host_keys(job, root)
            _proven(job, device)
        job.note(host_keys=keys)

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


def _table(fields: Fields) -> str:
    found = fields.choice("table", LABEL, TABLES)
    release = fields.values.get("release")
    known = isinstance(release, str) and not netbsd_release.problem(release)
    if found == WITH_GPT and known and netbsd_release.major(str(release)) < netbsd_disk.GPT_FROM:
        fields.problem(f"table is gpt, of which a guest with NetBSD {release} makes no wedges; allowed is {LABEL}")
    return found


def _sums(fields: Fields, guest: Guest, sets: tuple[str, ...]) -> dict[str, str]:
    value = fields.values.get("sums") or {}
    release, arch = fields.values.get("release"), fields.values.get("arch", netbsd_release.ARCHES[0])
    if isinstance(value, dict) and isinstance(release, str) and not netbsd_release.problem(release):
        kernel = netbsd_release.boots(fields.values, guest.os, guest.type).get("kernel", "").rsplit("-", 1)[-1]
        files = [name + netbsd_release.set_suffix(release, arch) for name in sets] + [f"netbsd-{kernel}"]
        strange = [name for name in value if name not in files]
        for name in strange:
            fields.problem(f"sums: {unknown_key(name, files)}")
        if strange:
            return {}
    right = isinstance(value, dict) and all(_is_sum(each) for each in value.values())
    if not right:
        fields.problem("sums is wrong; allowed are names of files, such as base.tgz, with their SHA512 of 128 digits")
        return {}
    return {str(name): each.lower() for name, each in value.items()}


def _is_sum(value: object) -> bool:
    return isinstance(value, str) and len(value) == 128 and not set(value.lower()) - set("0123456789abcdef")


# -- what comes from the source ----------------------------------------------------------------------------------------


def _place(install: Install, part: str) -> str:
    return sources.folder(install.source, install.release, install.arch, part)


def _set(job: Job, name: str) -> str:
    """The path of a set in dom0, checked."""
    file = name + netbsd_release.set_suffix(job.install.release, job.install.arch)
    said = sources.told(job, sources.SETS, file, _options(job).sums)
    return sources.obtained(job.host, _place(job.install, sources.SETS), file, said)


def _kernel(job: Job) -> None:
    """Have the guest's kernel in dom0: the release's own where the admin named none, else the admin's, who brings
    it."""
    install, path = job.install, job.guest.kernel
    if path != netbsd_release.kernel_file(install.release, install.arch, job.guest.type):
        if job.host.stat(path) is None:
            raise XenError(f"kernel {path} does not exist; bring it there, or leave kernel out for the release's own")
        return
    file = f"netbsd-{netbsd_release.kernel(install.release, install.arch, job.guest.type)}.gz"
    said = sources.told(job, sources.KERNELS, file, _options(job).sums)
    sources.brought(job.host, _place(install, sources.KERNELS), file, path, said)


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


# -- on the disk -------------------------------------------------------------------------------------------------------


def _proven(job: Job, device: str) -> None:
    """The file system is whole. Raises CommandFailed if it is not."""
    job.host.run([FSCK, "-f", "-y", mounts.raw_device(f"/dev/{device}")], timeout=DISK_SECONDS)


def _configure(job: Job, root: str) -> None:
    install, host, etc = job.install, job.host, f"{root}/etc"
    options = _options(job)
    swap = netbsd_configured.swap_beside(install.root) if options.swap else ""
    host.write_text(f"{etc}/fstab", netbsd_configured.fstab(install.root, swap))
    _edit(host, f"{etc}/rc.conf", lambda text: netbsd_configured.rc_conf(text, _settings(install)))
    _edit(host, f"{etc}/ttys", netbsd_configured.only_console)
    if host.exists(f"{etc}/wscons.conf"):
        _edit(host, f"{etc}/wscons.conf", netbsd_configured.no_screens)
    if install.network:
        host.write_text(f"{etc}/ifconfig.{INTERFACE}", network.ifconfig_if(install.network))
        if install.network.nameservers:
            host.write_text(f"{etc}/resolv.conf", network.resolv_conf([install.network]))
    if install.ntp:
        if not host.exists(f"{root}/usr/sbin/ntpd"):
            raise XenError("install.ntp is given, and there is no ntpd in these sets; leave ntp out")
        host.write_text(f"{etc}/ntp.conf", netbsd_configured.ntp_conf(install.ntp))
    _root_login(job, root)
    if netbsd_release.major(install.release) >= 6:
        host.run([RNDCTL, "-S", f"{root}/var/db/entropy-file"])
    _own_kernel(job, root)


def _edit(host: Host, path: str, edit: Any) -> None:
    text = host.read_text(path)
    if text is None:
        raise XenError(f"{path} is not in the sets; look whether they are those of a release of NetBSD")
    host.write_text(path, edit(text))


def _settings(install: Install) -> dict[str, str]:
    """What is set in rc.conf(5)."""
    routes = network.rc_conf_values([install.network]) if install.network else {}
    # postfix would wait for a name server at boot, and there may be none.
    always = {"sshd": "YES", "powerd": "YES", "wscons": "NO", "postfix": "NO"}
    clock = {"ntpd": "YES", "ntpd_flags": "-g"} if install.ntp else {}
    return {"hostname": install.hostname, **routes, **always, **clock}


def _root_login(job: Job, root: str) -> None:
    """root's password and keys. The password's hash is in no argument list: ps(1) shows those to everybody."""
    install, host = job.install, job.host
    path = f"{root}/etc/master.passwd"
    hashed = install.root_password or netbsd_configured.LOCKED
    _edit(host, path, lambda text: netbsd_configured.master_passwd(text, hashed))
    host.set_mode(path, 0o600)
    host.run([PWD_MKDB, "-p", "-d", root, path])
    host.make_dir(f"{root}/root/.ssh", 0o700)
    host.write_text(f"{root}/root/.ssh/authorized_keys", "".join(f"{key}\n" for key in job.keys), 0o600)
    _edit(host, f"{root}/etc/ssh/sshd_config", netbsd_configured.sshd_config)


def _host_keys(job: Job, root: str) -> tuple[str, ...]:
    """The guest's ssh host keys, made where it has none yet: type and key, as in known_hosts."""
    found = []
    for kind in netbsd_release.host_key_types(job.install.release):
        path = f"{root}/etc/ssh/ssh_host_{kind}_key"
        if not job.host.read_text(path + ".pub"):
            # Half a pair is none, and ssh-keygen would ask before it writes over it.
            job.host.remove(path)
            comment = f"root@{job.install.hostname}"
            # What older releases read is the form without a key's own header.
            form = ["-m", "PEM"] if netbsd_release.major(job.install.release) < 7 else []
            job.host.run([SSH_KEYGEN, "-q", "-t", kind, *form, "-N", "", "-C", comment, "-f", path])
        found.append(" ".join((job.host.read_text(path + ".pub") or "").split()[:2]))
    return tuple(found)


def _own_kernel(job: Job, root: str) -> None:
    """The kernel that it runs, as /netbsd, which its own programs look into (ksyms(4), savecore(8))."""
    path = job.guest.kernel
    with job.host.open_file(path) as stream:
        if stream.read(2) != b"\x1f\x8b":
            job.host.copy_file(path, f"{root}/netbsd", 0o555)
            return
        stream.seek(0)
        try:
            with gzip.GzipFile(fileobj=stream) as kernel:
                job.host.write_stream(kernel, f"{root}/netbsd", 0o555)  # type: ignore[arg-type]
        except (OSError, EOFError, zlib.error) as error:
            raise XenError(f"{path} can't be unpacked: {error}") from error
