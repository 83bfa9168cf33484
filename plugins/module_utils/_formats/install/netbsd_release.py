# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What differs between the releases of NetBSD as a guest: one table of kernels, and a few questions. Pure.

Sources: NetBSD distrib/sets and etc/etc.amd64/Makefile.inc, etc/etc.i386/Makefile.inc (KERNEL_SETS); the sets are
.tar.xz on amd64 from NetBSD 9 on (build.sh release, USE_XZ_SETS in share/mk/bsd.own.mk); GENERIC boots as a PVH guest
from NetBSD 10 on (xen(4)).
"""

from __future__ import annotations

import re

from ..guest import netbsd_root

ARCHES = ("amd64", "i386")
FOLDER = "/home/xen"
# With a GPT: the first wedge (dk(4)).
GPT_ROOT = "dk0"
# Methods of installation that put a release on the disk.
RELEASED = ("sets", "sysinst")
_RELEASE = re.compile(r"(?P<major>[0-9]{1,2})\.(?P<minor>[0-9]{1,2})(?:\.[0-9]{1,3}){0,2}(?:_[A-Z0-9]+)?\Z")
OLDEST, NEWEST = 5, 12
# By architecture and a guest's type: the kernel, and the first release that has it.
_KERNELS = {
    ("amd64", "pv"): ("XEN3_DOMU", 5),
    ("amd64", "pvshim"): ("XEN3_DOMU", 5),
    ("amd64", "pvh"): ("GENERIC", 10),
    ("i386", "pv"): ("XEN3PAE_DOMU", 5),
    ("i386", "pvshim"): ("XEN3PAE_DOMU", 5),
    ("i386", "pvh"): ("GENERIC", 10),
}
_XZ_FROM = 9


def problem(release: str) -> str:
    """Why nobody knows a release; empty if it is known."""
    found = _RELEASE.match(release)
    if found and OLDEST <= int(found["major"]) <= NEWEST:
        return ""
    return f'allowed is a release of NetBSD from {OLDEST}.0 to {NEWEST}, in quotes, for example "10.1"'


def major(release: str) -> int:
    """The number by which its abilities are asked. A development version of 7.99 has what 8 has, nearly; what one of
    them lacks, the next release is sure to have."""
    return int(release.split(".")[0])


def kernel(release: str, arch: str, guest_type: str) -> str:
    """The name of the kernel for a guest of this type. Raises ValueError, with what is wrong in words, if it has
    none."""
    name, first = _KERNELS.get((arch, guest_type), ("", 0))
    if not name:
        raise ValueError(f"NetBSD can't be installed from sets as a guest of type {guest_type}")
    if major(release) < first:
        raise ValueError(f"NetBSD {release} has no kernel for a guest of type {guest_type}; {first}.0 and later have")
    return name


def kernel_file(release: str, arch: str, guest_type: str) -> str:
    """Where dom0 has that kernel, by its release: a kernel that is older than its system can't run its programs."""
    system = release if arch == ARCHES[0] else f"{release}-{arch}"
    return f"{FOLDER}/netbsd-{system}-{kernel(release, arch, guest_type)}.gz"


def boots(install: object, system: str, guest_type: str, disks: object = None) -> dict[str, str]:
    """How a guest boots what its ``install`` puts on the first of its ``disks``, which are as somebody declared them:
    the keys that it then has by default. None where no release is installed, or there is no such kernel. Of a release
    that is wrong is told elsewhere."""
    if not isinstance(install, dict) or system != "netbsd" or install.get("method", "sets") not in RELEASED:
        return {}
    release, arch = install.get("release"), install.get("arch", ARCHES[0])
    root = GPT_ROOT if install.get("table") == "gpt" else netbsd_root.device(disks)
    try:
        if not isinstance(release, str) or problem(release):
            return {"kernel": f"{FOLDER}/netbsd", "root": root}
        return {"kernel": kernel_file(release, arch, guest_type), "root": root}
    except ValueError:
        return {}


def installer(arch: str) -> str:
    """The name of the kernel with sysinst in it, for a PV guest (etc/etc.amd64/Makefile.inc, etc/etc.i386)."""
    return "INSTALL_XEN3_DOMU" if arch == ARCHES[0] else "INSTALL_XEN3PAE_DOMU"


def installer_file(release: str, arch: str) -> str:
    """Where dom0 has that kernel."""
    system = release if arch == ARCHES[0] else f"{release}-{arch}"
    return f"{FOLDER}/netbsd-{system}-{installer(arch)}.gz"


def set_suffix(release: str, arch: str) -> str:
    """How the name of a set ends."""
    return ".tar.xz" if arch == ARCHES[0] and major(release) >= _XZ_FROM else ".tgz"


def host_key_types(release: str) -> tuple[str, ...]:
    """The types of ssh host keys that its sshd knows, the best first (OpenSSH 5.7 and 6.5, which came with NetBSD 6 and
    7)."""
    types = (("ed25519", 7), ("ecdsa", 6), ("rsa", 0))
    return tuple(name for name, first in types if major(release) >= first)
