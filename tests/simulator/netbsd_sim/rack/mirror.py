# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rack's copy of the NetBSD mirror: kernels, sets and their sums, by URL path (facts section 5)."""

from __future__ import annotations

import gzip
import hashlib
import lzma
from pathlib import Path

from ..core import profiles
from ..core.images import Image
from ..core.profiles import Profile
from ..system import openpgp
from . import sets


def build(directory: Path, profile: Profile) -> None:
    """Write what the profile's hosts fetch, and what those of all other profiles do: a rack may have several."""
    known = {(each.netbsd_release, each.arch): each for each in (*profiles.PROFILES.values(), profile)}
    for each in known.values():
        _build_release(directory, each)
    security = directory / "pub/NetBSD/security"
    for name in ("PGP", "hashes"):
        (security / name).mkdir(parents=True)
    (security / "PGP/security-officer@netbsd.org.asc").write_text(
        openpgp.armored("PUBLIC KEY BLOCK", openpgp.public(openpgp.OFFICER)))
    for release in sorted({each.netbsd_release for each in known.values()}):
        (security / f"hashes/NetBSD-{release}_hashes.asc").write_text(_signed_list(directory / "pub/NetBSD", release))


def _set_suffix(profile: Profile) -> str:
    """.tar.xz on amd64 from NetBSD 9 on, .tgz before and on i386 (facts section 5)."""
    return ".tar.xz" if profile.arch == "amd64" and int(profile.netbsd_release.split(".")[0]) >= 9 else ".tgz"


def _build_release(directory: Path, profile: Profile) -> None:
    """pub/NetBSD/NetBSD-RELEASE/PORT/binary/{kernel,sets}; archive.netbsd.org has old releases in pub/NetBSD-archive
    (facts section 5)."""
    suffix = _set_suffix(profile)
    archived = directory / "pub/NetBSD-archive" / f"NetBSD-{profile.netbsd_release}"
    if int(profile.netbsd_release.split(".")[0]) < 9 and not archived.is_symlink():
        archived.parent.mkdir(parents=True, exist_ok=True)
        archived.symlink_to(f"../NetBSD/NetBSD-{profile.netbsd_release}")
    binary = directory / f"pub/NetBSD/NetBSD-{profile.netbsd_release}/{profile.arch}/binary"
    for name in ("kernel", "sets"):
        (binary / name).mkdir(parents=True)
    for name in profile.kernels:
        image = Image("netbsd", profile.netbsd_release, name)
        (binary / "kernel" / f"netbsd-{name}.gz").write_bytes(image.compressed())
        if not name.startswith("INSTALL"):
            (binary / "sets" / f"kern-{name}{suffix}").write_bytes(
                _compressed(sets.archive({"netbsd": sets.Entry(image.content(), mode=0o555)}), suffix))
    for name, entries in sets.of(profile).items():
        (binary / "sets" / f"{name}{suffix}").write_bytes(_compressed(sets.archive(entries), suffix))
    for directory_name in ("kernel", "sets"):
        _write_sums(binary / directory_name)


def _compressed(archive: bytes, suffix: str) -> bytes:
    """A set that is the same in every run."""
    return gzip.compress(archive, mtime=0) if suffix == ".tgz" else lzma.compress(archive, preset=0)


def _write_sums(directory: Path) -> None:
    """SHA512 and MD5, one line a file in the format of `cksum -a`."""
    files = sorted(path for path in directory.iterdir())
    for algorithm in ("SHA512", "MD5"):
        lines = [f"{algorithm} ({path.name}) = {hashlib.new(algorithm.lower(), path.read_bytes()).hexdigest()}\n"
                 for path in files]
        (directory / algorithm).write_text("".join(lines))


def _signed_list(root: Path, release: str) -> str:
    """All files of a release, four algorithms each, signed (tests/usr.bin/netpgpverify/t_netpgpverify.sh has the one of
    NetBSD 6.0). Of RMD160, which not every Python knows, there are no lines here."""
    lines = [f"\n\nThe following is a complete list of distribution files for NetBSD-{release}\n\n"]
    for path in sorted(each for each in (root / f"NetBSD-{release}").rglob("*") if each.is_file()):
        content, name = path.read_bytes(), path.relative_to(root)
        lines += [f"{algorithm} ({name}) = {hashlib.new(algorithm.lower(), content).hexdigest()}\n"
                  for algorithm in ("SHA1", "SHA512", "MD5")]
    return openpgp.signed(openpgp.OFFICER, "".join(lines))
