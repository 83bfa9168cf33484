# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a Linux guest without a boot loader boots: a kernel and a ramdisk that are taken out of its tree to dom0."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping

from ...._change import XenError
from ...._formats.install import kernel_image, linux_configured
from . import boots
from .job import Job
from .linux_disk import laid
from .linux_root import stage

CONFIGS = "boot/config-"
_WAY = "name a file of dom0 as ramdisk"


def refuse_unbootable(job: Job, names: Iterable[str], configs: Mapping[str, str], with_ramdisks: bool = True) -> None:
    """Raise XenError, before the disk is touched, for a guest whose kernel or ramdisk nobody has, or whose kernel
    mounts no root without a ramdisk. ``names`` is what there is, as paths without the first slash, ``configs`` the text
    of the kernels' configurations by their paths. Not ``with_ramdisks`` is for what can't have a ramdisk in it."""
    guest, host = job.guest, job.host
    if guest.bootloader:
        return
    boot = [posixpath.basename(name) for name in names if posixpath.dirname(name) == "boot"]
    kernel = linux_configured.newest(boot)
    taken = host.stat(guest.kernel) is None
    if taken and not kernel:
        raise XenError(f"kernel {guest.kernel} does not exist, and the tree has none in /boot; bring one there")
    if guest.ramdisk and host.stat(guest.ramdisk) is None and not linux_configured.ramdisk_of(kernel, boot):
        why = f"the tree has none for {kernel or 'a kernel'} in /boot"
        if not with_ramdisks:
            why = "packages have none: their scripts, which make one, can't be run here"
        raise XenError(f"ramdisk {guest.ramdisk} does not exist, and {why}; bring one there")
    # A file of the admin's is believed.
    if taken and not guest.ramdisk:
        _refuse_modules(job, kernel, configs.get(f"{CONFIGS}{kernel.split('-', 1)[1]}", ""), with_ramdisks)


def _refuse_modules(job: Job, kernel: str, config: str, with_ramdisks: bool) -> None:
    """Raise XenError for a kernel that needs a ramdisk. One whose configuration is not in the tree is believed, unless
    nobody could ever have made it a ramdisk."""
    if not config:
        if not with_ramdisks:
            raise XenError(f"nobody can tell what is built into {kernel}: {CONFIGS}* is in no package; {_WAY}")
        return
    lacks = kernel_image.lacks_without_ramdisk(kernel_image.settings(config), laid(job).file_system)
    if lacks:
        way = f"{_WAY}, it is taken out of the tree if it is not there" if with_ramdisks else _WAY
        raise XenError(f"kernel {kernel} mounts no root without a ramdisk ({' and '.join(lacks)} not built in); {way}")


def take_out(job: Job) -> None:
    """Bring the tree's newest kernel and its ramdisk to where the guest's configuration has them, unless the admin has
    brought files there. Raises XenError for a kernel that this Xen can't start."""
    guest, host, folder = job.guest, job.host, f"{stage(job)}/boot"
    if guest.bootloader:
        return
    names = host.list_dir(folder)
    kernel = linux_configured.newest(names)
    if host.stat(guest.kernel) is None:
        host.make_dir(posixpath.dirname(guest.kernel))
        boots.refuse_unfit(job, f"{folder}/{kernel}", kernel)
        host.copy_file(f"{folder}/{kernel}", guest.kernel, 0o444)
    else:
        boots.refuse_unfit(job, guest.kernel, guest.kernel)
    if guest.ramdisk and host.stat(guest.ramdisk) is None:
        host.copy_file(f"{folder}/{linux_configured.ramdisk_of(kernel, names)}", guest.ramdisk, 0o400)
