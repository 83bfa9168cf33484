# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The files of a release of NetBSD on dom0, each checked against its SHA512: fetched once into a cache, or used where
they are in a directory of dom0.

They lie as on every mirror: NetBSD-RELEASE/ARCH/binary/sets and .../kernel, each with a file SHA512, and
security/hashes/NetBSD-RELEASE_hashes.asc, which the security officer has signed. In the latter are lines of several
algorithms, ``SHA512 (NetBSD-6.0/amd64/binary/sets/base.tgz) = ...`` (tests/usr.bin/netpgpverify/t_netpgpverify.sh of
NetBSD has the one of 6.0).
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from .... import _engine
from ...._change import XenError
from ...._formats.system.cksums import sha512_sums
from ...._host import Host
from ...files import content
from ...files import resource as system_files
from . import signed
from .job import MOUNTS, Job

CACHE = "/var/xen/install"
# Keys of the controller, in dom0.
KEYRINGS = f"{CACHE}/keyrings"
SETS, KERNELS = "sets", "kernel"
SUMS = "SHA512"
HASHES = "security/hashes"


def hashes_file(release: str) -> str:
    """The signed list of a release, in HASHES."""
    return f"NetBSD-{release}_hashes.asc"


def folder(source: str, release: str, arch: str, part: str) -> str:
    """Where a source has one part of a release."""
    return f"{source}/NetBSD-{release}/{arch}/binary/{part}"


@dataclass(frozen=True)
class Told:
    """A SHA512, and who says it; both empty where only the release's own file SHA512 does."""

    sha512: str = ""
    by: str = ""


def told(job: Job, part: str, name: str, given: Mapping[str, str]) -> Told:
    """What is said of a file of the guest's release, the admin's ``given`` sums first. Raises XenError if the signed
    list can't be had or does not tell."""
    install = job.install
    if name in given:
        return Told(given[name], "install.sums")
    if not install.keyring:
        return Told()
    path = folder("", install.release, install.arch, part)[1:] + f"/{name}"
    listed = _signed_sums(job)
    if path not in listed:
        raise XenError(f"{HASHES}/{hashes_file(install.release)} has no SHA512 of {path}; give it in install.sums")
    return Told(listed[path], f"the signed list of NetBSD {install.release}")


def _signed_sums(job: Job) -> Mapping[str, str]:
    """SHA512 by path below the mirror's root, from the signed list of the guest's release, which is read once a run."""
    host, install = job.host, job.install
    if job.signed is None:
        place, name = f"{install.source}/{HASHES}", hashes_file(install.release)
        listed = f"{place}/{name}"
        if not place.startswith("/"):
            listed = f"{CACHE}/{HASHES}/{name}"
            brought(host, place, name, listed, None)
        try:
            job.signed = sha512_sums(signed.proven(host, listed, install.keyring, f"{MOUNTS}/{job.name}.keys"))
        except XenError:
            if not place.startswith("/"):
                # The next run fetches it anew: there may be a better one.
                host.remove(listed)
            raise
    return job.signed


def obtained(host: Host, place: str, name: str, said: Told) -> str:
    """The path in dom0 of a file in ``place``, a URL or a directory, which has been checked against what is ``said`` of
    it. Raises XenError if it can't be had or has another sum."""
    if not place.startswith("/"):
        inside = place.split("/NetBSD-", 1)[-1]
        path = f"{CACHE}/NetBSD-{inside}/{name}"
        brought(host, place, name, path, said)
        return path
    path = f"{place}/{name}"
    if host.stat(path) is None:
        raise XenError(f"{path} does not exist; bring it there, or correct install.source")
    expected = said.sha512 or _noted(host, place, name)
    found = content.sha512(host, path)
    if found != expected:
        by = said.by or f"{place}/{SUMS}"
        raise XenError(f"{path} has the SHA512 {found[:16]}..., and {by} says {expected[:16]}...; get it again")
    return path


def _noted(host: Host, place: str, name: str) -> str:
    told = sha512_sums(host.read_text(f"{place}/{SUMS}") or "").get(name)
    if told is None:
        raise XenError(f"{place}/{SUMS} has no line for {name}, so nobody can check it; give its sum in install.sums")
    return told


def brought(host: Host, place: str, name: str, path: str, said: Told | None) -> None:
    """Have a file of ``place`` at ``path``, checked against what is said of it; None for one that is checked
    otherwise. Raises XenError."""
    spec = {"src": f"{place}/{name}", "dest": path, "keep_previous": False}
    if said is not None:
        spec.update({"sha512": said.sha512} if said.sha512 else {"sums": f"{place}/{SUMS}"})
    options = {"remote_src": True, "member": None, "mode": None, "staged": None, "unfit": None}
    host.make_dir(posixpath.dirname(path))
    done = _engine.converge(system_files, {"files": [{**options, **spec}], "assume_files": []}, host, check=False)
    for failure in done.failures.values():
        raise failure


def single(host: Host, place: str, sha512: str) -> str:
    """The path in dom0 of one file that stands alone, a URL (then with its sum) or a path, which has been checked as
    far as there is a sum. Raises XenError."""
    name = posixpath.basename(place)
    if not place.startswith("/"):
        path = f"{CACHE}/{sha512[:16]}/{name}"
        brought(host, posixpath.dirname(place), name, path, Told(sha512))
        return path
    if host.stat(place) is None:
        raise XenError(f"{place} does not exist; bring it there")
    found = content.sha512(host, place) if sha512 else ""
    if found != sha512:
        raise XenError(f"{place} has the SHA512 {found[:16]}..., and install.sha512 is {sha512[:16]}...; get it again")
    return place
