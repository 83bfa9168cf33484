# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Linux from a tarball with the root of a system: unpacked in dom0, made this guest's own, and turned into a file
system by mke2fs(8), which no kernel of dom0 has to mount.

Nothing of the guest's is run, and dom0 could not: what a package's scripts would do must have been done in the tree.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..work import linux_boot, linux_disk, linux_root, sources, tarball, whole
from ..work.job import Job
from . import linux

if TYPE_CHECKING:
    from ...._formats.guest.devices import Disk
    from ...guests.declare.fields import Fields
    from ...guests.declare.guest import Guest


@dataclass(frozen=True)
class Options:
    """``tree`` is the tarball, a URL or a path in dom0; ``sha512`` its sum, empty for none; ``table`` one of
    linux_disk.TABLES."""

    tree: str
    sha512: str
    file_system: str
    table: str = linux_disk.NONE


@dataclass(frozen=True)
class Tree:
    name: str = "tree"
    systems: tuple[str, ...] = ("linux",)
    keys: tuple[str, ...] = ("tree", "sha512", "filesystem", "table")
    released: bool = False
    talks: bool = False
    visited: bool = False

    def root(self, disk: Disk, index: int, options: Options) -> str:
        return linux.root(disk, options.table)

    def read(self, fields: Fields, guest: Guest, disk: Disk) -> Options:
        tree, sha512 = fields.text("tree"), fields.text("sha512").lower()
        if not tree.startswith(("/", *linux.URL)) or ".." in tree.split("/"):
            fields.wrong("tree", tree, "a tarball, as a URL or an absolute path in dom0")
        if sha512 and (len(sha512) != 128 or set(sha512) - set("0123456789abcdef")):
            fields.problem("sha512 is wrong; allowed are 128 digits, as cksum -a SHA512 prints them")
        if tree.startswith(linux.URL) and not sha512:
            fields.problem("sha512 is missing; what comes from a URL is only unpacked if its sum is right")
        return Options(tree, sha512, linux.file_system(fields), linux.table(fields, disk))

    def sets_up(self, options: Options) -> bool:
        return True

    def unfit(self, guest: Guest, root: str, release: str, arch: str) -> list[str]:
        return linux.unfit(guest, root, self.name)

    def check(self, job: Job) -> int:
        linux_disk.refuse_without_programs(job)
        found = tarball.look(job.host, _tarball(job), job.say)
        tarball.refuse_other(_options(job).tree, found)
        linux_root.refuse_unfit(job, _options(job).tree, found.size, found.has)
        linux_root.refuse_without_python(job, _options(job).tree, found.names)
        linux_boot.refuse_unbootable(job, found.names, found.texts)
        return linux_disk.least_bytes(job, found.size)

    def prepare(self, job: Job) -> None:
        whole.mark(job)

    def fill(self, job: Job) -> None:
        """Unpack the tree in dom0."""
        stage, path = linux_root.begin(job), _tarball(job)
        phase = f"unpacks {posixpath.basename(path)}"
        job.host.unpack(path, stage, lambda number: job.say(phase, number, None, "files"))
        job.made.add(stage)

    def configure(self, job: Job) -> None:
        stage = linux_root.stage(job)
        if stage not in job.made:
            self.fill(job)
        linux.finish(job)

    def installer(self, job: Job) -> Guest:
        return job.guest

    def leave(self, job: Job) -> None:
        whole.unmark(job)


TREE = Tree()


def _options(job: Job) -> Options:
    found: Options = job.install.options
    return found


def _tarball(job: Job) -> str:
    """The tarball's path in dom0, checked."""
    return sources.single(job.host, _options(job).tree, _options(job).sha512)
