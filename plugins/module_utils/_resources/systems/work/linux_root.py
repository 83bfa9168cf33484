# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The root of a Linux system in a directory of dom0, on its way to a guest's disk, made that guest's own.

Nothing of the guest's is run: its files are written from here.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable

from ...._change import XenError
from ...._formats.install import guest_python, linux_configured, network
from . import ssh_keys
from .job import Job
from .linux_disk import laid

# Below it nothing is kept of what is written over (see _kept.py).
STAGES = "/var/db/netbsd.xen/trees"
LN, RM = "/bin/ln", "/bin/rm"
REMOVE_SECONDS = 3600.0
KEY_TYPES = ("ed25519", "ecdsa", "rsa")


def stage(job: Job) -> str:
    """The directory."""
    return f"{STAGES}/{job.name}"


def refuse_unfit(job: Job, source: str, size: int, has: Callable[[str], bool]) -> None:
    """Raise XenError, before anything is unpacked, if what ``source`` has (``has`` tells by path) could not be made the
    guest's own, or if ``size`` bytes have no room in dom0."""
    manager = linux_configured.network_manager(has)
    if job.install.network and not manager:
        raise XenError(f"{source} has neither ifupdown, netplan nor networkd; leave network out")
    if manager == "ifupdown" and linux_configured.renames_interfaces(has):
        if "net.ifnames=0" not in job.guest.cmdline.split() and not job.guest.bootloader and job.install.network:
            raise XenError(
                f"the udev in {source} renames interfaces, and its ifupdown would wait for eth0; put net.ifnames=0 "
                "into the guest's command line (extra)"
            )
    job.host.make_dir(STAGES, 0o700)
    if job.host.free_bytes(STAGES) < size:
        raise XenError(f"{STAGES} has no room for the tree, which takes {size >> 20}M there meanwhile")


def refuse_without_python(job: Job, source: str, names: Iterable[str]) -> None:
    """Raise XenError, before anything is unpacked, if a guest shall have Python and ``source`` brings none, of which
    the paths in it are ``names``. Nothing of the guest's can be run here, so nobody could install it."""
    if job.install.python and not guest_python.chosen(f"/{name}" for name in names):
        raise XenError(
            f"{source} has no Python (usr/bin/python3), which install.python asks for; add it there (package python3), "
            "or leave python out and install it from within"
        )


def python(job: Job) -> str:
    """The path of the guest's Python; empty for none."""
    folders = ("usr/bin", "usr/local/bin", "usr/libexec")
    return guest_python.chosen(
        f"/{folder}/{name}" for folder in folders for name in job.host.list_dir(f"{stage(job)}/{folder}")
    )


def begin(job: Job) -> str:
    """An empty directory for it."""
    folder = stage(job)
    job.host.run([RM, "-rf", folder], timeout=REMOVE_SECONDS)
    job.host.make_dir(folder, 0o755)
    return folder


def put(job: Job, path: str, text: str, mode: int = 0o644) -> None:
    """Write a file of the tree. A link in its place is removed, and one on the way must stay within the tree: those of
    a system lead from its own root, which is dom0's here."""
    target = f"{stage(job)}/{path}"
    folder = job.host.real_path(posixpath.dirname(target))
    if folder != stage(job) and not folder.startswith(f"{stage(job)}/"):
        raise XenError(f"{path} of the tree lies behind a link that leads out of it, to {folder}")
    job.host.make_dir(posixpath.dirname(target))
    found = job.host.stat(target, follow=False)
    if found is not None and found.kind == "link":
        job.host.remove(target)
    job.host.write_text(target, text, mode)


def text(job: Job, path: str) -> str | None:
    """The text of a plain file of the tree."""
    found = job.host.stat(f"{stage(job)}/{path}", follow=False)
    return job.host.read_text(f"{stage(job)}/{path}") if found is not None and found.kind == "file" else None


def configure(job: Job) -> tuple[str, ...]:
    """Make the tree this guest's own. Returns its ssh host keys, without comments."""
    install, host = job.install, job.host
    put(job, "etc/fstab", linux_configured.fstab(install.root, laid(job).file_system))
    put(job, "etc/hostname", f"{install.hostname}\n")
    put(job, "etc/hosts", linux_configured.hosts(text(job, "etc/hosts") or "", install.hostname))
    # The machine's own, so that two guests of one tree are two machines.
    put(job, "etc/machine-id", f"{job.guest.uuid.replace('-', '')}\n", 0o444)
    host.remove(f"{stage(job)}/var/lib/systemd/random-seed")
    _network(job)
    _console(job)
    try:
        shadow = linux_configured.shadow(text(job, "etc/shadow") or "", install.root_password)
    except ValueError as error:
        raise XenError(f"etc/shadow of the tree {error}") from error
    put(job, "etc/shadow", shadow, 0o600)
    if job.keys:
        put(job, "root/.ssh/authorized_keys", "".join(f"{key}\n" for key in job.keys), 0o600)
        host.set_mode(f"{stage(job)}/root/.ssh", 0o700)
    return _host_keys(job)


def enable(job: Job, unit: str, where: str) -> None:
    """Have systemd start a unit (a file within the guest) with the others."""
    wants = f"{stage(job)}/etc/systemd/system/multi-user.target.wants"
    job.host.make_dir(wants)
    job.host.run([LN, "-sf", f"{where}/{unit}", f"{wants}/{unit}"])


def _network(job: Job) -> None:
    host, folder = job.host, stage(job)
    manager = linux_configured.network_manager(lambda path: host.exists(f"{folder}/{path}"))
    for name in host.list_dir(f"{folder}/etc/udev/rules.d"):
        if name.endswith("persistent-net.rules"):
            host.remove(f"{folder}/etc/udev/rules.d/{name}")
    if job.install.network is None:
        return
    for path, content in linux_configured.network_files(manager, [job.install.network]).items():
        put(job, path, content, 0o600 if manager == "netplan" else 0o644)
    if manager == "networkd":
        place, unit = "lib/systemd/system", "systemd-networkd.service"
        enable(job, unit, f"/{'usr/' if host.exists(f'{folder}/usr/{place}/{unit}') else ''}{place}")
    if job.install.network.nameservers:
        put(job, "etc/resolv.conf", network.resolv_conf([job.install.network]))


def _console(job: Job) -> None:
    """A login on the console, where init does not find that out by itself, as systemd does."""
    console = linux_configured.console_of(job.guest.cmdline)
    for path, edit in (("etc/inittab", linux_configured.inittab), ("etc/securetty", linux_configured.securetty)):
        found = text(job, path)
        if found is not None:
            put(job, path, edit(found, console))


def _host_keys(job: Job) -> tuple[str, ...]:
    host, folder = job.host, f"{stage(job)}/etc/ssh"
    if not host.exists(f"{folder}/sshd_config") and not host.exists(f"{stage(job)}/usr/sbin/sshd"):
        return ()
    host.make_dir(folder)
    found = []
    for kind in KEY_TYPES:
        # Those of the tree are every guest's.
        public = ssh_keys.make(host, f"{folder}/ssh_host_{kind}_key", kind, f"root@{job.install.hostname}")
        found.append(" ".join(public.split()[:2]))
    return tuple(found)
