# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rack's copy of the NetBSD mirror: kernels, sets and their sums, by URL path (facts section 5)."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

from .images import Image
from .profiles import Profile


def build(directory: Path, profile: Profile) -> None:
    """Write pub/NetBSD/NetBSD-RELEASE/PORT/binary/{kernel,sets}."""
    binary = directory / f"pub/NetBSD/NetBSD-{profile.netbsd_release}/{profile.arch}/binary"
    for name in ("kernel", "sets"):
        (binary / name).mkdir(parents=True)
    for name in profile.kernels:
        image = Image("netbsd", profile.netbsd_release, name)
        (binary / "kernel" / f"netbsd-{name}.gz").write_bytes(image.compressed())
        if not name.startswith("INSTALL"):
            (binary / "sets" / f"kern-{name}.tar.xz").write_bytes(_archive({"./netbsd": image.content()}))
    for name, files in _SETS.items():
        (binary / "sets" / f"{name}.tar.xz").write_bytes(_archive(files))
    for directory_name in ("kernel", "sets"):
        _write_sums(binary / directory_name)


# Just enough to tell the sets apart.
_SETS: dict[str, dict[str, bytes]] = {
    "base": {"./bin/.simulated": b"base\n", "./sbin/.simulated": b"base\n"},
    "etc": {"./etc/rc.conf": b"# simulated set\nrc_configured=NO\n",
            "./dev/MAKEDEV": b"#!/bin/sh\nexec /.sim/bin/makedev \"$0\" \"$@\"\n"},
    "modules": {"./stand/.simulated": b"modules\n"},
}


def _archive(files: dict[str, bytes]) -> bytes:
    """A .tar.xz that is the same in every run."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz", preset=0) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o755 if content.startswith(b"#!") else 0o644
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _write_sums(directory: Path) -> None:
    """SHA512 and MD5, one line a file in the format of `cksum -a`."""
    files = sorted(path for path in directory.iterdir())
    for algorithm in ("SHA512", "MD5"):
        lines = [f"{algorithm} ({path.name}) = {hashlib.new(algorithm.lower(), path.read_bytes()).hexdigest()}\n"
                 for path in files]
        (directory / algorithm).write_text("".join(lines))
