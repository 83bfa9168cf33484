# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""That a Linux guest will boot, before its first start would tell: whether this Xen can start its kernel, and whether
its boot loader finds one on the finished disk."""

from __future__ import annotations

import re

from .... import _releases
from ...._change import XenError
from ...._formats.install import kernel_image
from .job import Job

# Where xl looks for a loader that has no path (libxl_bootloader.c, libxl__private_bindir_path).
LOADERS = "/usr/pkg/libexec/xen/bin"
# What a loader takes out of a disk. Below it nothing is kept of what is written over (see _kept.py).
FOUND = "/var/db/netbsd.xen/boots"
RM = "/bin/rm"
LOADER_SECONDS = 600.0
# ``linux (kernel PATH)(ramdisk PATH)(args "...")``; Xen 4.20's has marks around the paths, and prints ``(kernel None)``
# with -n, for a kernel that is there as for one that is not (measured).
_TAKEN = re.compile(r"\((kernel|ramdisk) '?(/[^')\s]+)'?\)")


def refuse_unfit(job: Job, path: str, name: str) -> None:
    """Raise XenError for a kernel in dom0 that this Xen can't start. What nobody can look into is believed."""
    content = job.host.read_bytes(path) or b""
    row = _releases.RELEASES.get(job.xen) or _releases.RELEASES[_releases.NEWEST]
    why = kernel_image.problem(kernel_image.look(content), job.guest.type, row.unpacks, row.name)
    if why:
        raise XenError(f"kernel {name} {why}")


def prove_loader(job: Job) -> None:
    """Have the guest's boot loader take kernel and ramdisk out of the finished disk, as it will at each start (xen
    tools/pygrub/src/pygrub: it fails where one of them is not there). Raises XenError."""
    loader, host = job.guest.bootloader, job.host
    if not loader:
        return
    job.say(f"looks for a kernel with {loader}")
    folder = f"{FOUND}/{job.name}"
    host.run([RM, "-rf", folder])
    host.make_dir(folder, 0o700)
    path = loader if loader.startswith("/") else f"{LOADERS}/{loader}"
    taken: dict[str, str] = {}
    try:
        # Before Xen 4.2 it knows no directory to put them in.
        for option in ([f"--output-directory={folder}"], []):
            result = host.try_run([path, "-q", *option, job.install.disk.path], LOADER_SECONDS)
            if "Usage: " not in result.tail:
                break
        taken = dict(_TAKEN.findall(result.stdout))
        if result.rc != 0 or "kernel" not in taken:
            raise XenError(
                f"{loader} finds no kernel on the finished disk: {_why(result.tail)}. It reads "
                "grub.cfg and menu.lst, but no menu in parts (BLS); name a kernel and its ramdisk in dom0 instead"
            )
        refuse_unfit(job, taken["kernel"], f"that {loader} finds on the disk")
    finally:
        for each in taken.values():
            host.remove(each)
        host.run([RM, "-rf", folder])


def _why(tail: str) -> str:
    """A loader's last words, without the traceback that comes before them."""
    lines = tail.strip().splitlines()
    return lines[-1].replace("RuntimeError: ", "", 1) if lines else "it printed nothing"
