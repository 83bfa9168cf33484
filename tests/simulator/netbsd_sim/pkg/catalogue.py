# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the binary packages of a profile contain. File lists: facts netbsd-xen section 1 (pkgsrc PLIST files)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from ..core import images
from ..core.base import PYTHON
from ..core.profiles import Profile

PREFIX = "/usr/pkg"

_XENTOOLS_SBIN = ("xl", "xenstored", "oxenstored", "xenconsoled", "xentop", "xenwatchdogd", "xenpm", "xenmon")
_XENTOOLS_BIN = ("xenstore", "xenstore-read", "xenstore-write", "xenstore-ls", "xenstore-list", "xenstore-rm",
                 "xenstore-exists", "xenstore-chmod", "xenstore-watch", "xen-detect")
_XENTOOLS_LIBEXEC = ("bin/qemu-system-i386", "bin/qemu-img", "bin/pygrub", "bin/xen-init-dom0", "bin/xenconsole",
                     "bin/libxl-save-helper")
_XENTOOLS_BOOT = ("boot/hvmloader", "boot/seabios.bin", "boot/ipxe.bin", "boot/xen-shim")
_XEN_SCRIPTS = ("block", "vif-bridge", "vif-ip", "qemu-ifup", "hotplugpath.sh", "locking.sh")

# Copied to /etc/rc.d only if PKG_RCD_SCRIPTS says so. Header values: facts section 2.
XEN_RC_SCRIPTS = ("xen-watchdog", "xencommons", "xendomains")
_RC_REQUIRES = {"xencommons": "DAEMON", "xendomains": "xencommons", "xen-watchdog": "xencommons"}


@dataclass(frozen=True)
class File:
    """A file of a package, `path` below /usr/pkg. Exactly one of content, command or link says what it is."""

    path: str
    content: bytes = b""
    command: bool = False  # a simulated command
    link: str = ""
    mode: int = 0o644


@dataclass(frozen=True)
class Package:
    """A binary package. conf_files: (below share/examples, below etc, mode), copied only when absent."""

    base: str
    version: str
    comment: str
    files: tuple[File, ...]
    conf_files: tuple[tuple[str, str, int], ...] = ()
    rc_scripts: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    message: str = ""
    rc_requires: dict[str, str] = field(default_factory=dict)  # script -> the REQUIRE of its header
    rc_variables: dict[str, str] = field(default_factory=dict)  # script -> its rcvar, where that is not $name
    depends: tuple[str, ...] = ()  # patterns, as @pkgdep has them

    @property
    def name(self) -> str:
        return f"{self.base}-{self.version}"


# By profile and Python: a rack of many hosts asks again and again.
_made: dict[tuple[str, str], dict[str, Package]] = {}


def available(profile: Profile) -> dict[str, Package]:
    """All packages that the profile's mirror offers, by base name."""
    key = (profile.name, profile.interpreter)
    if key not in _made:
        made = {base: _makers(base)(base, version, profile) for base, version in profile.packages.items()}
        if any(package.depends for package in made.values()):
            made.setdefault("yajl", _yajl("yajl", "2.1.0nb1", profile))
        _made[key] = made
    return _made[key]


def suffix(release: str) -> str:
    """The end of a package's name: 4.20 is xenkernel420, 3.1 is xenkernel3 (facts section 1)."""
    return "3" if release == "3.1" else release.replace(".", "")


def release_of(base: str) -> str:
    """The other way round: xentools420 is of Xen 4.20. Raises ValueError for a package that is not Xen's."""
    match = re.fullmatch(r"xen(?:kernel|tools)(\d+)(?:-hvm)?", base)
    if match is None:
        raise ValueError(f"{base} is not a package of Xen")
    number = match[1]
    return "3.1" if number == "3" else f"{number[0]}.{number[1:]}"


def daemon_scripts(profile: Profile) -> tuple[str, ...]:
    """The rc.d scripts that a dom0 of that era has on in rc.conf (facts section 2.3)."""
    return {"3.1": ("xend", "xenbackendd"), "3.3": ("xend", "xenbackendd"), "4.1": ("xencommons", "xend"),
            "4.2": ("xencommons", "xend")}.get(profile.xen_release, ("xencommons",))


def _makers(base: str) -> Callable[[str, str, Profile], Package]:
    from . import catalogue_grub, catalogue_xm  # which are made of this module's classes

    if base.startswith("xenkernel"):
        return _xenkernel
    for makers in (catalogue_xm.MAKERS, catalogue_grub.MAKERS):
        if base in makers:
            return makers[base]
    if base.startswith("xentools"):
        return _xentools
    return {"e2fsprogs": _e2fsprogs, "pkgin": _pkgin, "yajl": _yajl}.get(base, _python)


def _python(base: str, version: str, profile: Profile) -> Package:
    command = profile.python_command
    interpreter = profile.interpreter or PYTHON
    files = (
        # The interpreter is the controller's: these three make it a NetBSD machine's Python. It comes last: half of a
        # Python can't run, and the controller's library is never halved.
        File("pyvenv.cfg", b"home = /.sim/python/bin\ninclude-system-site-packages = false\n"),
        File(f"lib/{interpreter}/site-packages/sitecustomize.py", link="/.sim/lib/netbsd_sim/pysite/sitecustomize.py"),
        File(f"lib/{command}/README.simulated", b"the standard library is the controller's\n"),
        File(f"bin/{command}", link=f"/.sim/python/bin/{interpreter}"),
    )
    return Package(base, version, "Interpreted, interactive, object-oriented programming language", files)


def _pkgin(base: str, version: str, profile: Profile) -> Package:
    url = f"https://cdn.NetBSD.org/pub/pkgsrc/packages/NetBSD/$arch/{profile.netbsd_release}/All\n"
    files = (File("bin/pkgin", command=True, mode=0o755),
             File("share/examples/pkgin/repositories.conf.example", url.encode()))
    conf = (("pkgin/repositories.conf.example", "pkgin/repositories.conf", 0o644),)
    return Package(base, version, "Apt / yum like tool for managing pkgsrc binary packages", files, conf)


def _e2fsprogs(base: str, version: str, profile: Profile) -> Package:
    """sysutils/e2fsprogs, of which only two programs are simulated."""
    files = tuple(File(f"sbin/{name}", command=True, mode=0o755) for name in ("e2fsck", "mke2fs"))
    return Package(base, version, "EXT2 filesystem utilities", files)


def _yajl(base: str, version: str, profile: Profile) -> Package:
    """devel/yajl, which xl's tools are linked with (records pkg-add-n, pkg-del-needed)."""
    files = (File("include/yajl/yajl_common.h", b"/* yajl */\n"), File("lib/libyajl.so", link="libyajl.so.2.1.0"),
             File("lib/libyajl.so.2", link="libyajl.so.2.1.0"), File("lib/libyajl.so.2.1.0", b"\x7fELF yajl\n"))
    return Package(base, version, "Portable JSON parsing and serialization library in ANSI C", files)


# 3.1 and 3.3 install into one directory; both Makefiles name the other's kernel and tools as a conflict. Kernels of
# other releases lie beside each other.
_KERNEL_CONFLICTS = {"xenkernel3": ("xenkernel33",), "xenkernel33": ("xenkernel3", "xentools3")}


def _xenkernel(base: str, version: str, profile: Profile) -> Package:
    """sysutils/xenkernelNN. Its MESSAGE: facts section 1."""
    release = release_of(base)
    directory = "xen3-kernel" if release == "3.3" else f"xen{base.removeprefix('xenkernel')}-kernel"
    files = tuple(File(f"{directory}/{name}.gz", images.Image("xen", release, name).compressed())
                  for name in ("xen", "xen-debug"))
    message = (f"The Xen hypervisor is installed under the following locations:\n"
               f"        {PREFIX}/{directory}/xen.gz             standard hypervisor\n"
               f"        {PREFIX}/{directory}/xen-debug.gz       debug hypervisor\n")
    if release in ("4.18", "4.20"):
        message += ("\nNote that unlike upstream Xen, pv-linear-pt defaults to true.\n"
                    "You can disable it using pv-linear-pt=false on the Xen command line,\n"
                    "but then you can't boot NetBSD in PV mode.\n")
    return Package(base, version, f"Xen {release} Kernel", files, conflicts=_KERNEL_CONFLICTS.get(base, ()),
                   message=message)


def _xentools(base: str, version: str, profile: Profile) -> Package:
    """sysutils/xentoolsNN of xl's time. The Makefile names no other release as a conflict: what keeps two of them from
    being installed is that their files have the same names (xentools415/Makefile)."""
    files = [File(f"sbin/{name}", command=True, mode=0o755) for name in _XENTOOLS_SBIN]
    files += [File(f"bin/{name}", command=True, mode=0o755) for name in _XENTOOLS_BIN]
    files += [File(f"libexec/xen/{name}", command=True, mode=0o755) for name in _XENTOOLS_LIBEXEC]
    files += [File(f"libexec/xen/{name}", b"simulated firmware\n") for name in _XENTOOLS_BOOT]
    files += [File(f"share/examples/xen/scripts/{name}", b"#!/bin/sh\n# the simulator does what this script does\n",
                   mode=0o755) for name in _XEN_SCRIPTS]
    files.append(File("share/examples/xen/xl.conf", _XL_CONF))
    files.append(File("share/examples/xen/oxenstored.conf", b"# default xenstored config\n"))
    conf = [("xen/xl.conf", "xen/xl.conf", 0o644), ("xen/oxenstored.conf", "xen/oxenstored.conf", 0o644)]
    conf += [(f"xen/scripts/{name}", f"xen/scripts/{name}", 0o755) for name in _XEN_SCRIPTS]
    return Package(base, version, f"Userland Tools for Xen {release_of(base)}.x", tuple(files), tuple(conf),
                   XEN_RC_SCRIPTS, ("/usr/pkg/etc/xen/scripts", "/var/log/xen"), ("libxen", "xenstoretools"),
                   "Don't forget to re-copy the rc.d scripts after an upgrade.\n", _RC_REQUIRES,
                   depends=("yajl>=2.1.0nb1",))


_XL_CONF = b"""## Global XL config file ##

# Set domain-id policy. "xen" means that the hypervisor will choose the
# id of a new domain.
#autoballoon="auto"
#lockfile="/var/lock/xl"
#vif.default.script="vif-bridge"
#vif.default.bridge="xenbr0"
#output_format="json"
"""
