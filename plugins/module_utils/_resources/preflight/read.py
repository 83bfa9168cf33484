# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What ``preflight`` looks at. It belongs to the reading of the whole machine, so a question is asked only where its
answer can matter: none on a dom0 with kernfs that boots by NetBSD's own loader."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from ... import _kernel
from ..._change import CommandFailed
from ..._formats.system import cpuctl, dumpfs, mounts
from ..._host import Host
from ..._toolstack import choose
from ..boot.loaders import LOADERS

MOUNT = "/sbin/mount"
CPUCTL = "/usr/sbin/cpuctl"
DUMPFS = "/usr/sbin/dumpfs"
SYSCTL = "/sbin/sysctl"
# Since NetBSD 9: UEFI or BIOS, as the native kernel was booted (sys/arch/x86/x86/x86_machdep.c).
BOOT_METHOD = "machdep.bootmethod"
KERNFS_SIGN = "/kern/version"


def machine(host: Host, files: Iterable[str], with_superblock: bool | None) -> dict[str, Any]:
    """The machine in plain data; ``free`` in bytes, ``unfinished`` the names of what killed runs left behind in /.

    ``files`` are looked at beside those in the root directory. ``with_superblock`` says whether the form of the root
    file system matters; None: where a loader is in use that does not read every one.
    """
    if with_superblock is None:
        with_superblock = any(host.exists(row.menu) for row in LOADERS.values() if row.root)
    role = _kernel.role(host)
    dom0 = role == _kernel.DOM0
    has_kernfs = host.exists(KERNFS_SIGN)
    mounted = mounts.parse(_said(host, [MOUNT])) if with_superblock or not has_kernfs else []
    root = mounts.on(mounted, "/")
    return {
        "system": host.system,
        "release": host.release,
        "processor": host.processor,
        "day": host.day(),
        "role": role,
        "free": host.free_bytes("/"),
        "unfinished": host.unfinished("/"),
        "files": _files(host, files),
        "kern": "kernfs" if has_kernfs else _type(mounts.on(mounted, "/kern")),
        # / is always mounted, so nothing at all is no answer.
        "mounts_told": has_kernfs or bool(mounted),
        "superblock": _superblock(host, root) if with_superblock else None,
        "virtualization": _of_hypervisor(host) if dom0 else _of_cpu(host),
        # A dom0 kernel does not know; it was booted, so the way is there.
        "boot_method": None if dom0 else _said(host, [SYSCTL, "-n", BOOT_METHOD]).strip() or None,
    }


def _said(host: Host, argv: list[str]) -> str:
    """What a command printed; empty if it failed. NetBSD 5 lacks some of what is asked."""
    try:
        result = host.try_run(argv)
    except CommandFailed:
        return ""
    return result.stdout if result.rc == 0 else ""


def _type(mount: mounts.Mount | None) -> str | None:
    return mount.type if mount is not None else None


def _files(host: Host, more: Iterable[str]) -> dict[str, int | None]:
    """Path to size in bytes; None for a file that was looked for and is not there."""
    found: dict[str, int | None] = dict.fromkeys(more)
    for path in [*found, *(f"/{name}" for name in host.list_dir("/"))]:
        stat = host.stat(path)
        if stat is not None and stat.kind == "file":
            found[path] = stat.size
    return found


def _superblock(host: Host, root: mounts.Mount | None) -> dict[str, Any]:
    """The form of the root file system; ``format`` is its type where that is not FFS, and empty if nobody can tell."""
    if root is None or root.type != "ffs":
        return {"format": root.type if root else "", "block": 0, "fragment": 0, "size": 0}
    found = dumpfs.parse(_said(host, [DUMPFS, "-s", mounts.raw_device(root.device)]))
    return asdict(found or dumpfs.Superblock("", 0, 0, 0))


def _of_cpu(host: Host) -> dict[str, Any]:
    text = _said(host, [CPUCTL, "identify", "0"])
    if not cpuctl.features(text):
        return {"hvm": None, "source": "cpuctl identify 0"}
    return {"hvm": cpuctl.hardware_virtualization(text) is not None, "source": "cpuctl identify 0"}


def _of_hypervisor(host: Host) -> dict[str, Any]:
    """The hypervisor hides the CPU's abilities from dom0's kernel; it is asked itself."""
    tool = choose.toolstack(host)
    source = f"{tool.name} info"
    if not tool.alive()[0]:
        return {"hvm": None, "source": source}
    try:
        info = tool.info()
    except CommandFailed:
        return {"hvm": None, "source": source}
    capabilities = (info.get("xen_caps") or "").split()
    return {"hvm": any(word.startswith("hvm-") for word in capabilities) if capabilities else None, "source": source}
