# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Linux from its packages (.deb or .rpm): their files are unpacked in dom0, in the order that is told, and from there
on it goes the way of a tree.

Their scripts can't be run on NetBSD. The guest runs them when it boots for the first time, so the packages are on its
disk until then. What they would have to make before that can't be: a ramdisk. So the kernel must be able to mount its
root without one, or a ramdisk is brought to dom0.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...._change import XenError
from ...._formats.install import first_boot
from ..work import linux_boot, linux_disk, linux_root, packed, tarball, whole
from ..work.job import Job
from . import linux

if TYPE_CHECKING:
    from ...._formats.guest.devices import Disk
    from ...guests.declare.fields import Fields
    from ...guests.declare.guest import Guest

_ALLOWED = "a list of .deb or of .rpm files, each a URL or an absolute path in dom0, or a directory of dom0 with them"
_ACCOUNTS, _MERGED = "etc/passwd", ("bin", "lib", "lib32", "lib64", "libx32", "sbin")
# Debian's package that says that /bin is /usr/bin, and has no files that make it so.
_IS_MERGED = "usr-is-merged_"


@dataclass(frozen=True)
class Options:
    """``files`` are URLs and paths in dom0, in the order in which they are unpacked; or else ``folder`` is a directory
    of dom0, whose files are unpacked by their names; ``sums`` are SHA256 or SHA512, by the names of files."""

    files: tuple[str, ...]
    folder: str
    sums: dict[str, str]
    file_system: str
    table: str = linux_disk.NONE


@dataclass(frozen=True)
class Packages:
    name: str = "packages"
    systems: tuple[str, ...] = ("linux",)
    keys: tuple[str, ...] = ("packages", "sums", "filesystem", "table")
    released: bool = False
    talks: bool = False
    visited: bool = False

    def root(self, disk: Disk, index: int, options: Options) -> str:
        return linux.root(disk, options.table)

    def read(self, fields: Fields, guest: Guest, disk: Disk) -> Options:
        files, folder = _declared(fields)
        sums = _sums(fields, files, folder)
        return Options(files, folder, sums, linux.file_system(fields), linux.table(fields, disk))

    def sets_up(self, options: Options) -> bool:
        return True

    def unfit(self, guest: Guest, root: str, release: str, arch: str) -> list[str]:
        found = linux.unfit(guest, root, self.name)
        if guest.bootloader:
            found.append("packages have no boot menu, so no loader finds their kernel; name a file of dom0 as kernel")
        return found

    def check(self, job: Job) -> int:
        """Each package becomes a tarball for as long as that is looked through: only so it is known to be whole."""
        linux_disk.refuse_without_programs(job)
        found, size, kinds = tarball.Tree(), 0, set()
        with _scratch(job) as target:
            for path in _paths(job):
                packed.make_tarball(job.host, path, target, lambda *_owner: (0, 0))
                tarball.look(job.host, target, job.say, found, path)
                stat = job.host.stat(path)
                size += stat.size if stat else 0
                kinds.add(path[-4:])
        if len(kinds) != 1:
            raise XenError(f"install.packages has {' and '.join(sorted(kinds)) or 'no files'}; {_ALLOWED}")
        _refuse_unfit(found, kinds.pop())
        linux_root.refuse_unfit(job, "install.packages", found.size + size, found.has)
        linux_root.refuse_without_python(job, "install.packages", found.names)
        linux_boot.refuse_unbootable(job, found.names, found.texts, with_ramdisks=False)
        return linux_disk.least_bytes(job, found.size + size)

    def prepare(self, job: Job) -> None:
        whole.mark(job)

    def fill(self, job: Job) -> None:
        """Unpack all of them in dom0, and put them beside what was unpacked."""
        stage = linux_root.begin(job)
        if any(posixpath.basename(place).startswith(_IS_MERGED) for place in _places(job)):
            _merge(job)
        paths = list(_paths(job))
        with _scratch(job) as target:
            for number, path in enumerate(paths):
                job.say(f"unpacks {posixpath.basename(path)}", number, len(paths), "packages")
                packed.make_tarball(job.host, path, target, lambda user, group: _numbers(job, user, group))
                job.host.unpack(target, stage, lambda _number: None)
        _put_beside(job, paths)
        job.made.add(stage)

    def configure(self, job: Job) -> None:
        if linux_root.stage(job) not in job.made:
            self.fill(job)
        _make_accounts(job)
        _set_up_at_boot(job)
        linux.finish(job)

    def installer(self, job: Job) -> Guest:
        return job.guest

    def leave(self, job: Job) -> None:
        whole.unmark(job)


PACKAGES = Packages()


def _options(job: Job) -> Options:
    found: Options = job.install.options
    return found


# -- declared ----------------------------------------------------------------------------------------------------------


def _declared(fields: Fields) -> tuple[tuple[str, ...], str]:
    files = fields.texts("packages", _ALLOWED)
    if len(files) == 1 and files[0].startswith("/") and not files[0].endswith(packed.KINDS):
        if ".." in files[0].split("/"):
            fields.wrong("packages", files[0], _ALLOWED)
        return (), posixpath.normpath(files[0])
    for file in files:
        if not file.startswith(("/", *linux.URL)) or ".." in file.split("/") or not file.endswith(packed.KINDS):
            fields.wrong("packages", file, _ALLOWED)
    if not files:
        fields.problem(f"packages is missing; allowed is {_ALLOWED}")
    return files, ""


def _sums(fields: Fields, files: tuple[str, ...], folder: str) -> dict[str, str]:
    value = fields.values.get("sums") or {}
    if not isinstance(value, dict) or not all(packed.is_sum(each) for each in value.values()):
        fields.problem("sums is wrong; allowed are names of files with their SHA256 or SHA512, of 64 or 128 digits")
        return {}
    names = [posixpath.basename(file) for file in files]
    for name in value:
        if not folder and name not in names:
            fields.problem(f"sums: {name!r} is the name of none of the packages")
    for file, name in zip(files, names):
        if file.startswith(linux.URL) and name not in value:
            fields.problem(f"sums lacks {name}; what comes from a URL is only unpacked if its sum is right")
    return {str(name): each.lower() for name, each in value.items()}


# -- the packages ------------------------------------------------------------------------------------------------------


def _places(job: Job) -> tuple[str, ...]:
    """URLs and paths, in order."""
    folder = _options(job).folder
    if not folder:
        return _options(job).files
    names = [name for name in sorted(job.host.list_dir(folder)) if name.endswith(packed.KINDS)]
    if not names:
        raise XenError(f"{folder} has no .deb and no .rpm files; bring them there, or correct install.packages")
    return tuple(f"{folder}/{name}" for name in names)


def _paths(job: Job) -> Iterator[str]:
    """Where each package is in dom0, once it is checked."""
    for place in _places(job):
        yield packed.obtained(job.host, place, _options(job).sums.get(posixpath.basename(place), ""))


@contextmanager
def _scratch(job: Job) -> Iterator[str]:
    """A name in dom0 for the tarball of one package after the other."""
    folder = f"{linux_root.STAGES}/.{job.name}"
    job.host.make_dir(folder, 0o700)
    try:
        yield f"{folder}/files.tar"
    finally:
        job.host.run([linux_root.RM, "-rf", folder], timeout=linux_root.REMOVE_SECONDS)


def _refuse_unfit(found: tarball.Tree, kind: str) -> None:
    program = first_boot.PROGRAMS[kind]
    if program not in found.names:
        raise XenError(f"install.packages lacks /{program}, with which the guest sets the others up")
    if not {first_boot.SYSTEMD, f"usr/{first_boot.SYSTEMD}"} & found.names:
        raise XenError(
            "install.packages lacks systemd, so nobody would set the packages up when the guest boots; make a tree of "
            "them on a Linux machine, and use method tree"
        )
    if not {_ACCOUNTS, first_boot.MASTERS[_ACCOUNTS]} & found.names:
        raise XenError("install.packages brings no /etc/passwd; add base-passwd (Debian) or setup (Fedora)")


def _merge(job: Job) -> None:
    """What debootstrap does before it unpacks anything."""
    stage = linux_root.stage(job)
    for name in _MERGED:
        job.host.make_dir(f"{stage}/usr/{name}")
        job.host.run([linux_root.LN, "-s", f"usr/{name}", f"{stage}/{name}"])


# -- in the tree -------------------------------------------------------------------------------------------------------


def _numbers(job: Job, user: str, group: str) -> tuple[int, int]:
    """As the accounts in what was unpacked so far have them."""
    accounts, groups = (linux_root.text(job, f"etc/{name}") or "" for name in ("passwd", "group"))
    return first_boot.number_of(accounts, user), first_boot.number_of(groups, group)


def _put_beside(job: Job, paths: list[str]) -> None:
    """For the first boot, in the order in which they were unpacked."""
    folder = f"{linux_root.stage(job)}/{first_boot.PACKAGES}"
    job.host.make_dir(folder)
    for number, path in enumerate(paths):
        job.host.copy_file(path, f"{folder}/{number:04d}-{posixpath.basename(path)}", 0o644)


def _make_accounts(job: Job) -> None:
    """What base-passwd's script makes, which everything else asks for."""
    for path, master in first_boot.MASTERS.items():
        if linux_root.text(job, path) is None:
            linux_root.put(job, path, linux_root.text(job, master) or "")
    if linux_root.text(job, "etc/shadow") is None:
        linux_root.put(job, "etc/shadow", first_boot.shadow(linux_root.text(job, _ACCOUNTS) or ""), 0o640)


def _set_up_at_boot(job: Job) -> None:
    kind = _places(job)[0][-4:]
    linux_root.put(job, first_boot.SCRIPT, first_boot.script(kind), 0o755)
    linux_root.put(job, f"{first_boot.UNIT_FOLDER}/{first_boot.UNIT}", first_boot.unit())
    linux_root.enable(job, first_boot.UNIT, f"/{first_boot.UNIT_FOLDER}")
