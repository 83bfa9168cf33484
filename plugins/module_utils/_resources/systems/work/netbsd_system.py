# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A NetBSD that is on a guest's disk, made that guest's own: what sysinst would ask for, from the declaration; and the
kernels that it takes, from its release.

The commands are those of record from-sets (NetBSD 7.99.10), of which a guest came up to a login.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...._change import XenError
from ...._formats.install import netbsd_configured, netbsd_release, network
from ...._formats.system import mounts
from ...._formats.text import unknown_key
from ...._host import Host
from . import netbsd_python, sources, ssh_keys
from .job import Job

if TYPE_CHECKING:
    from ...guests.declare.fields import Fields
    from ..declare import Install

FSCK, PWD_MKDB = "/sbin/fsck", "/usr/sbin/pwd_mkdb"
RNDCTL = "/sbin/rndctl"
DISK_SECONDS = 1800.0
INTERFACE = "xennet0"


# -- declared ----------------------------------------------------------------------------------------------------------


def sums(fields: Fields, files: list[str]) -> dict[str, str]:
    """The SHA512 that the admin gives, by the names of files, of which none but ``files`` may be named; None of them
    are told where the release is not known. Pure."""
    value = fields.values.get("sums") or {}
    if isinstance(value, dict) and files:
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


# -- kernels -----------------------------------------------------------------------------------------------------------


def place(install: Install, part: str) -> str:
    """Where the guest's release has its sets, or its kernels."""
    return sources.folder(install.source, install.release, install.arch, part)


def bring_kernel(job: Job, given: Mapping[str, str]) -> None:
    """Have the guest's kernel in dom0: the release's own where the admin named none, else the admin's, who brings it.
    ``given`` are the sums that the admin gives. Raises XenError."""
    install, path = job.install, job.guest.kernel
    if path != netbsd_release.kernel_file(install.release, install.arch, job.guest.type):
        if job.host.stat(path) is None:
            raise XenError(f"kernel {path} does not exist; bring it there, or leave kernel out for the release's own")
        return
    fetch_kernel(job, netbsd_release.kernel(install.release, install.arch, job.guest.type), path, given)


def fetch_kernel(job: Job, name: str, path: str, given: Mapping[str, str]) -> None:
    """Have a kernel of the guest's release at ``path`` in dom0, checked. Raises XenError."""
    file = f"netbsd-{name}.gz"
    said = sources.told(job, sources.KERNELS, file, given)
    sources.brought(job.host, place(job.install, sources.KERNELS), file, path, said)


# -- on the disk -------------------------------------------------------------------------------------------------------


def proven(job: Job, device: str) -> None:
    """The file system is whole. Raises CommandFailed if it is not."""
    job.host.run([FSCK, "-f", "-y", mounts.raw_device(f"/dev/{device}")], timeout=DISK_SECONDS)


def configure(job: Job, root: str, fstab: str = "") -> None:
    """Make what was unpacked this guest's own; without an ``fstab`` the one that is there stays."""
    install, host, etc = job.install, job.host, f"{root}/etc"
    if fstab:
        host.write_text(f"{etc}/fstab", fstab)
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
    netbsd_python.put(job, root)


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


def host_keys(job: Job, root: str) -> tuple[str, ...]:
    """The guest's ssh host keys, made where it has none yet: type and key, as in known_hosts."""
    found = []
    for kind in netbsd_release.host_key_types(job.install.release):
        path = f"{root}/etc/ssh/ssh_host_{kind}_key"
        public = job.host.read_text(path + ".pub")
        if not public:
            # What older releases read is the form without a key's own header.
            form = ["-m", "PEM"] if netbsd_release.major(job.install.release) < 7 else []
            public = ssh_keys.make(job.host, path, kind, f"root@{job.install.hostname}", *form)
        found.append(" ".join(public.split()[:2]))
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
