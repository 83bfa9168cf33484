# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rack's copy of the NetBSD mirror: kernels, sets and their sums, by URL path (facts section 5)."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import tarfile
from pathlib import Path

from ..core import profiles
from ..core.images import Image
from ..core.profiles import Profile


def build(directory: Path, profile: Profile) -> None:
    """Write what the profile's hosts fetch, and what those of all other profiles do: a rack may have several."""
    known = {(each.netbsd_release, each.arch): each for each in (*profiles.PROFILES.values(), profile)}
    for each in known.values():
        _build_release(directory, each)


def _set_suffix(profile: Profile) -> str:
    """.tar.xz on amd64 from NetBSD 9 on, .tgz before and on i386 (facts section 5)."""
    return ".tar.xz" if profile.arch == "amd64" and int(profile.netbsd_release.split(".")[0]) >= 9 else ".tgz"


def _build_release(directory: Path, profile: Profile) -> None:
    """pub/NetBSD/NetBSD-RELEASE/PORT/binary/{kernel,sets}. archive.netbsd.org has the same paths as the CDN."""
    suffix = _set_suffix(profile)
    binary = directory / f"pub/NetBSD/NetBSD-{profile.netbsd_release}/{profile.arch}/binary"
    for name in ("kernel", "sets"):
        (binary / name).mkdir(parents=True)
    for name in profile.kernels:
        image = Image("netbsd", profile.netbsd_release, name)
        (binary / "kernel" / f"netbsd-{name}.gz").write_bytes(image.compressed())
        if not name.startswith("INSTALL"):
            (binary / "sets" / f"kern-{name}{suffix}").write_bytes(_archive({"./netbsd": image.content()}, suffix))
    for name, files in _SETS.items():
        (binary / "sets" / f"{name}{suffix}").write_bytes(_archive(files, suffix))
    for directory_name in ("kernel", "sets"):
        _write_sums(binary / directory_name)


# Just enough to tell the sets apart.
_SETS: dict[str, dict[str, bytes]] = {
    "base": {"./bin/.simulated": b"base\n", "./sbin/.simulated": b"base\n"},
    "etc": {"./etc/rc.conf": b"# simulated set\nrc_configured=NO\n",
            "./dev/MAKEDEV": b"#!/bin/sh\nexec /.sim/bin/makedev \"$0\" \"$@\"\n"},
    "modules": {"./stand/.simulated": b"modules\n"},
}


def _archive(files: dict[str, bytes], suffix: str) -> bytes:
    """A set that is the same in every run."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o755 if content.startswith(b"#!") else 0o644
            archive.addfile(entry, io.BytesIO(content))
    if suffix == ".tgz":
        return gzip.compress(buffer.getvalue(), mtime=0)
    return lzma.compress(buffer.getvalue(), preset=0)


def _write_sums(directory: Path) -> None:
    """SHA512 and MD5, one line a file in the format of `cksum -a`."""
    files = sorted(path for path in directory.iterdir())
    for algorithm in ("SHA512", "MD5"):
        lines = [f"{algorithm} ({path.name}) = {hashlib.new(algorithm.lower(), path.read_bytes()).hexdigest()}\n"
                 for path in files]
        (directory / algorithm).write_text("".join(lines))
