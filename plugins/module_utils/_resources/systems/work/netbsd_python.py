# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Python for a NetBSD guest, which has none of its own: the guest installs it itself when it boots for the first time,
with the pkg_add(1) of its own release. From a URL it fetches it then; of a directory of dom0 what it takes is copied
onto its disk, which works without any network.
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterator

from ...._change import XenError
from ...._formats.install import guest_python
from ...._host import Host
from . import tarball
from .job import Job

# What is allowed for Python and all that it needs, and, where its packages are known, how much more than those: they
# are on the disk as well until it is installed. Both are round figures, on the safe side.
_UNPACKED_BYTES, _GROWS = 256 << 20, 5
_SUFFIX = ".tgz"
_PACKING_LIST = "+CONTENTS"


def least_bytes(job: Job) -> int:
    """What it takes of the disk, in bytes; 0 where none is wanted. Raises XenError if its packages can't be had."""
    if not job.install.python:
        return 0
    if not _is_here(job):
        return _UNPACKED_BYTES
    sizes = [found.size for found in map(job.host.stat, _paths(job)) if found]
    return sum(sizes) * _GROWS


def put(job: Job, root: str) -> None:
    """Have the guest install it at its first boot."""
    if not job.install.python:
        return
    place = job.install.pkg_path
    if _is_here(job):
        folder, paths = f"{root}/{guest_python.FOLDER}", list(_paths(job))
        job.host.make_dir(folder)
        for number, path in enumerate(paths):
            job.say("copies Python's packages", number, len(paths), "packages")
            job.host.copy_file(path, f"{folder}/{path.rpartition('/')[2]}", 0o644)
        place = f"/{guest_python.FOLDER}"
    job.host.write_text(f"{root}/{guest_python.SCRIPT}", guest_python.script(place), 0o755)


def _is_here(job: Job) -> bool:
    return job.install.pkg_path.startswith("/")


def _paths(job: Job) -> Iterator[str]:
    """The packages of a directory that Python takes: the newest Python, and all that has the name of something that is
    needed; which of several versions is right is left to pkg_add(1). Raises XenError for one that is not there."""
    folder = job.install.pkg_path
    there: dict[str, list[str]] = {}
    for name in sorted(job.host.list_dir(folder)):
        if name.endswith(_SUFFIX):
            there.setdefault(guest_python.base(name[: -len(_SUFFIX)]), []).append(f"{folder}/{name}")
    first = next((name for name in guest_python.PACKAGES if name in there), "")
    if not first:
        raise XenError(
            f"{folder} has no package of Python ({guest_python.PACKAGES[0]}-*.tgz or an older one), which "
            "install.python asks for; bring it there with what it needs, correct install.pkg_path, or leave python out"
        )
    waiting, seen = [first], {first}
    while waiting:
        for path in there[waiting.pop()]:
            yield path
            for names in guest_python.needed(_packing_list(job.host, path)):
                found = [name for name in names if name in there]
                if not found:
                    lacking = " or ".join(names)
                    raise XenError(f"{folder} lacks the package {lacking}, which {path} needs; bring it there")
                waiting += [name for name in found if name not in seen]
                seen.update(found)


def _packing_list(host: Host, path: str) -> str:
    """The packing list of a package, which is among its first files (pkg_create(1)). Raises XenError."""
    try:
        with host.open_file(path) as stream, tarball.unpacked(stream) as inside:
            archive = tarfile.open(fileobj=inside, mode="r|")
            for member in archive:
                listed = archive.extractfile(member) if member.name == _PACKING_LIST else None
                if listed is not None:
                    return str(listed.read().decode("utf-8", "replace"))
    except Exception as error:
        # lzma.LZMAError, where Python was built with lzma.
        damaged = isinstance(error, (tarfile.TarError, EOFError, OSError, zlib.error))
        if not damaged and type(error).__name__ != "LZMAError":
            raise
        raise XenError(f"{path} is no package that can be read, or damaged ({error}); get it again") from error
    raise XenError(f"{path} is no package: it has no {_PACKING_LIST}; get it again")
