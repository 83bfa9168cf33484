# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Any system from an image of a disk: raw, packed, or qcow2. It is written as it is; what makes it one guest's own is a
NoCloud seed, a small CD that cloud-init reads at the guest's first boot, and without one nothing does.
"""

from __future__ import annotations

import importlib
import posixpath
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

from ...._change import XenError
from ...._formats.install import disk_image, iso9660, nocloud
from ..work import boots, sources, ssh_keys, whole
from ..work.job import Job

if TYPE_CHECKING:
    from ...._formats.guest.devices import Disk
    from ...guests.declare.fields import Fields
    from ...guests.declare.guest import Guest

# What is made of an image on its way to a disk. Below it nothing is kept of what is written over (see _kept.py).
WORK = "/var/db/netbsd.xen/images"
RM, MAKEFS = "/bin/rm", "/usr/sbin/makefs"
QEMU_IMG = "/usr/pkg/libexec/xen/bin/qemu-img"
MAKE_SECONDS = 3600.0
CHUNK = 4 << 20
KEY_TYPES = ("ed25519", "ecdsa", "rsa")
_MODULES = {"gzip": "gzip", "bzip2": "bz2", "xz": "lzma"}
_URL = ("http://", "https://", "ftp://")
_NEEDS_SEED = ("network", "authorized_keys", "root_password", "hostname", "user_data", "ntp")


@dataclass(frozen=True)
class Options:
    """``image`` is a URL or a path in dom0; ``sha512`` its sum, empty for none; ``seed`` the path of the guest's disk
    that the NoCloud seed becomes, empty for none; ``user_data`` the admin's own keys of cloud-config."""

    image: str
    sha512: str
    seed: str
    user_data: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Image:
    name: str = "image"
    systems: tuple[str, ...] = ("netbsd", "linux", "other")
    keys: tuple[str, ...] = ("image", "sha512", "seed", "user_data")
    released: bool = False
    talks: bool = False
    visited: bool = False

    def root(self, disk: Disk, index: int, options: Options) -> str:
        """Only the image knows."""
        return ""

    def read(self, fields: Fields, guest: Guest, disk: Disk) -> Options:
        image, sha512 = fields.text("image"), fields.text("sha512").lower()
        if not image.startswith(("/", *_URL)) or ".." in image.split("/"):
            fields.wrong("image", image, "an image of a disk, as a URL or an absolute path in dom0")
        if sha512 and (len(sha512) != 128 or set(sha512) - set("0123456789abcdef")):
            fields.problem("sha512 is wrong; allowed are 128 digits, as cksum -a SHA512 prints them")
        if image.startswith(_URL) and not sha512:
            fields.problem("sha512 is missing; what comes from a URL is only written if its sum is right")
        return Options(image, sha512, _seed(fields, guest), _user_data(fields))

    def sets_up(self, options: Options) -> bool:
        """Only a seed does."""
        return bool(options.seed)

    def unfit(self, guest: Guest, root: str, release: str, arch: str) -> list[str]:
        return []

    def check(self, job: Job) -> int:
        """The whole of a packed image is read once: only so it is known to be whole, and how large it becomes."""
        guest = job.guest
        if guest.os == "linux" and guest.kernel and not guest.bootloader and job.host.stat(guest.kernel) is not None:
            boots.refuse_unfit(job, guest.kernel, guest.kernel)
        with _raw(job) as content:
            head = content.read(disk_image.HEAD_BYTES)
            size = len(head)
            _refuse(job, disk_image.look(head), inside=True)
            for chunk in _told(job, content, "reads"):
                size += len(chunk)
        return size + whole.RESERVED_BYTES

    def prepare(self, job: Job) -> None:
        whole.mark(job)

    def fill(self, job: Job) -> None:
        """Write what differs, so that holes stay holes, and what a run that broke off has written stays."""
        disk, at = job.install.disk.path, 0
        with _raw(job) as wanted, job.host.open_file(disk) as there:
            for chunk in _told(job, wanted, f"writes {disk} from"):
                if there.read(len(chunk)) != chunk:
                    job.host.write_within(disk, at, chunk)
                at += len(chunk)

    def configure(self, job: Job) -> None:
        boots.prove_loader(job)
        if _options(job).seed:
            job.say("makes its seed")
            job.note(host_keys=_make_seed(job))
        job.host.run([RM, "-rf", _folder(job)])

    def installer(self, job: Job) -> Guest:
        return job.guest

    def leave(self, job: Job) -> None:
        whole.unmark(job)


IMAGE = Image()


def _options(job: Job) -> Options:
    found: Options = job.install.options
    return found


def _seed(fields: Fields, guest: Guest) -> str:
    seed = fields.path("seed")
    if not seed:
        needing = [key for key in _NEEDS_SEED if fields.values.get(key)]
        if needing:
            fields.problem(
                f"{' and '.join(needing)} would reach nobody: give seed, the path of a read-only disk of the guest, if "
                "the image has cloud-init"
            )
    elif not any(disk.path == seed and disk.access == "ro" for disk in guest.disks):
        fields.problem(f"seed is {seed!r}, which is no read-only disk of the guest; add {{path: {seed}, access: ro}}")
    return seed


def _user_data(fields: Fields) -> Mapping[str, Any]:
    """It may hold passwords, so it is no part of a message."""
    value = fields.values.get("user_data") or {}
    if not isinstance(value, dict):
        fields.problem("user_data is no dictionary; allowed is one, as cloud-config has it")
        return {}
    return value


# -- the image ---------------------------------------------------------------------------------------------------------


def _folder(job: Job) -> str:
    return f"{WORK}/{job.name}"


@contextmanager
def _raw(job: Job) -> Iterator[BinaryIO]:
    """The image as it shall be on the disk. Raises XenError if it is none, or damaged."""
    source = sources.single(job.host, _options(job).image, _options(job).sha512)
    with job.host.open_file(source) as stream:
        found = disk_image.look(stream.read(disk_image.HEAD_BYTES))
    _refuse(job, found)
    if found.form == disk_image.QCOW2:
        source = _converted(job, source, found.size or 0)
    with job.host.open_file(source) as stream:
        if not found.packed_by:
            yield stream
            return
        module = _module(source, found.packed_by)
        try:
            with module.open(stream) as content:
                yield content
        except (EOFError, OSError, zlib.error) as error:
            raise XenError(f"{source} is damaged: {error}") from error
        except Exception as error:
            # lzma.LZMAError, where Python was built with lzma.
            if type(error).__name__ == "LZMAError":
                raise XenError(f"{source} is damaged: {error}") from error
            raise


def _module(source: str, packed_by: str) -> Any:
    try:
        return importlib.import_module(_MODULES[packed_by])
    except (KeyError, ImportError):
        raise XenError(
            f"{source} is packed by {packed_by}, which dom0's Python can't unpack; pack it with gzip, or unpack it"
        ) from None


def _refuse(job: Job, found: disk_image.DiskImage, inside: bool = False) -> None:
    if found.wrong:
        raise XenError(f"{_options(job).image} {'holds what ' if inside else ''}{found.wrong}")
    if inside and found.form != disk_image.RAW:
        raise XenError(f"{_options(job).image} is packed, and what is in it is no raw disk; give it unpacked")


def _told(job: Job, content: BinaryIO, what: str) -> Iterator[bytes]:
    """The rest of a stream in pieces, telling how much has come."""
    name, done = posixpath.basename(_options(job).image), 0
    for chunk in iter(lambda: content.read(CHUNK), b""):
        done += len(chunk)
        job.say(f"{what} {name}", done, None, "bytes")
        yield chunk


def _converted(job: Job, source: str, size: int) -> str:
    """A qcow2 as a raw disk, which takes no more room than what it holds."""
    target = f"{_folder(job)}/{job.record.mark}.raw"
    if target in job.made:
        return target
    if not job.host.exists(QEMU_IMG):
        raise XenError(f"{source} is a qcow2, and {QEMU_IMG} is missing; install Xen's tools, or give a raw image")
    job.host.make_dir(_folder(job), 0o700)
    job.say(f"turns {posixpath.basename(source)} into a raw disk of {size >> 20}M")
    job.host.run([QEMU_IMG, "convert", "-f", "qcow2", "-O", "raw", source, target], timeout=MAKE_SECONDS)
    job.made.add(target)
    return target


# -- the seed ----------------------------------------------------------------------------------------------------------


def _make_seed(job: Job) -> tuple[str, ...]:
    """Make the guest's seed, and read it back. Returns the ssh host keys that cloud-init will give it."""
    host, install, options = job.host, job.install, _options(job)
    folder = f"{_folder(job)}/seed"
    host.make_dir(_folder(job), 0o700)
    host.run([RM, "-rf", folder])
    host.make_dir(folder, 0o700)
    private, public = _host_keys(job)
    network = [install.network] if install.network else []
    own = {"ssh_keys": private, **options.user_data}
    # Another installation is another machine to cloud-init.
    instance = f"{job.guest.uuid}-{job.record.mark}"
    machine_id = job.guest.uuid.replace("-", "")
    files = nocloud.seed(
        instance,
        install.hostname,
        network,
        job.keys,
        install.root_password,
        own,
        machine_id=machine_id,
        packages=nocloud.PYTHON if install.python else (),
    )
    for name, text in files.items():
        host.write_text(f"{folder}/{name}", text, 0o600)
    partial = f"{options.seed}.new"
    host.remove(partial)
    host.run([MAKEFS, "-t", "cd9660", "-o", f"rockridge,label={nocloud.LABEL}", partial, folder], timeout=MAKE_SECONDS)
    host.set_mode(partial, 0o600)
    found = iso9660.read(host.read_bytes(partial) or b"")
    wanted = {name: text.encode() for name, text in files.items()}
    if found is None or found.label != nocloud.LABEL or found.files != wanted:
        names = ", ".join(sorted(found.files)) if found else "no CD"
        raise XenError(f"{MAKEFS} made a seed that cloud-init would not know ({names}); it needs Rock Ridge")
    host.rename(partial, options.seed)
    return public


def _host_keys(job: Job) -> tuple[dict[str, str], tuple[str, ...]]:
    """New ssh host keys, as cloud-init's ``ssh_keys`` has them, and their public halves without comments."""
    host, keys, public = job.host, {}, []
    for kind in KEY_TYPES:
        path = f"{_folder(job)}/{kind}"
        keys[f"{kind}_public"] = ssh_keys.make(host, path, kind, f"root@{job.install.hostname}")
        keys[f"{kind}_private"] = host.read_text(path) or ""
        public.append(" ".join(keys[f"{kind}_public"].split()[:2]))
    return keys, tuple(public)
