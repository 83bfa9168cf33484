# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the binary packages of a profile contain. File lists: facts netbsd-xen section 1 (pkgsrc PLIST files)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from . import images
from .base import PYTHON
from .profiles import XL, Profile

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

    @property
    def name(self) -> str:
        return f"{self.base}-{self.version}"


def available(profile: Profile) -> dict[str, Package]:
    """All packages that the profile's mirror offers, by base name."""
    return {base: _makers(base)(base, version, profile) for base, version in profile.packages.items()}


def suffix(release: str) -> str:
    """The end of a package's name: 4.20 is xenkernel420, 3.1 is xenkernel3 (facts section 1)."""
    return "3" if release == "3.1" else release.replace(".", "")


def _release(number: str) -> str:
    return "3.1" if number == "3" else f"{number[0]}.{number[1:]}"


def daemon_scripts(profile: Profile) -> tuple[str, ...]:
    """The rc.d scripts that a dom0 of that era has on in rc.conf (facts section 2.3)."""
    return {"3.1": ("xend", "xenbackendd"), "4.2": ("xencommons", "xend")}.get(profile.xen_release, ("xencommons",))


def _makers(base: str) -> Callable[[str, str, Profile], Package]:
    from . import catalogue_xm  # which is made of this module's classes

    if base.startswith("xenkernel"):
        return _xenkernel
    if base in catalogue_xm.MAKERS:
        return catalogue_xm.MAKERS[base]
    if base.startswith("xentools"):
        return _xentools
    return {"pkgin": _pkgin}.get(base, _python)


def _python(base: str, version: str, profile: Profile) -> Package:
    command = profile.python_command
    files = (
        File(f"bin/{command}", link=f"/.sim/python/bin/{PYTHON}"),
        # The interpreter is the controller's: these three make it a NetBSD machine's Python.
        File("pyvenv.cfg", b"home = /.sim/python/bin\ninclude-system-site-packages = false\n"),
        File(f"lib/{PYTHON}/site-packages/sitecustomize.py", link="/.sim/lib/netbsd_sim/pysite/sitecustomize.py"),
        File(f"lib/{command}/README.simulated", b"the standard library is the controller's\n"),
    )
    return Package(base, version, "Interpreted, interactive, object-oriented programming language", files)


def _pkgin(base: str, version: str, profile: Profile) -> Package:
    url = f"https://cdn.NetBSD.org/pub/pkgsrc/packages/NetBSD/$arch/{profile.netbsd_release}/All\n"
    files = (File("bin/pkgin", command=True, mode=0o755),
             File("share/examples/pkgin/repositories.conf.example", url.encode()))
    conf = (("pkgin/repositories.conf.example", "pkgin/repositories.conf", 0o644),)
    return Package(base, version, "Apt / yum like tool for managing pkgsrc binary packages", files, conf)


def _xenkernel(base: str, version: str, profile: Profile) -> Package:
    number = base.removeprefix("xenkernel")
    release = _release(number)
    directory = f"xen{number}-kernel"
    files = tuple(File(f"{directory}/{name}.gz", images.Image("xen", release, name).compressed())
                  for name in ("xen", "xen-debug"))
    message = (f"The Xen hypervisor is installed under the following locations:\n"
               f"        {PREFIX}/{directory}/xen.gz             standard hypervisor\n"
               f"        {PREFIX}/{directory}/xen-debug.gz       debug hypervisor\n")
    if profile.toolstack == XL:
        message += ("\nNote that unlike upstream Xen, pv-linear-pt defaults to true.\n"
                    "You can disable it using pv-linear-pt=false on the Xen command line,\n"
                    "but then you can't boot NetBSD in PV mode.\n")
    return Package(base, version, f"Xen {release} Kernel", files, message=message)


def _xentools(base: str, version: str, profile: Profile) -> Package:
    number = base.removeprefix("xentools")
    release = f"{number[0]}.{number[1:]}"
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
    others = tuple(f"xentools{number}" for number in ("3", "33", "41", "42", "45", "46", "48", "411", "413", "415",
                                                      "418", "420") if f"xentools{number}" != base)
    return Package(base, version, f"Userland tools for Xen {release}", tuple(files), tuple(conf), XEN_RC_SCRIPTS,
                   ("/usr/pkg/etc/xen/scripts", "/var/log/xen"), ("libxen", "xenstoretools", *others),
                   "Don't forget to re-copy the rc.d scripts after an upgrade.\n", _RC_REQUIRES)


_XL_CONF = b"""## Global XL config file ##

# Set domain-id policy. "xen" means that the hypervisor will choose the
# id of a new domain.
#autoballoon="auto"
#lockfile="/var/lock/xl"
#vif.default.script="vif-bridge"
#vif.default.bridge="xenbr0"
#output_format="json"
"""
