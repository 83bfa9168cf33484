# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Xen tools of the time of xm. Lists and rc.d headers: pkgsrc sysutils/xentools42 and sysutils/xentools3 (PLIST,
files/*.sh, INSTALL lines of the Makefile), facts section 1."""

from __future__ import annotations

from collections.abc import Callable

from .catalogue import File, Package
from .profiles import Profile

_SXP_4_2 = b"""# -*- sh -*-
# Xend configuration file.
(xend-unix-server yes)
(xend-unix-path /var/lib/xend/xend-socket)
(network-script '')
(vif-script vif-bridge)
(dom0-min-mem 256)
(enable-dom0-ballooning no)
(dom0-cpus 0)
(vncpasswd '')
"""

# No copy of xentools3's own file was found. 0 is what a machine without balloon(4) needs.
_SXP_3_1 = b"""# -*- sh -*-
# Xend configuration file.
(network-script '')
(vif-script vif-bridge)
(dom0-min-mem 0)
(dom0-cpus 0)
"""

_TOOLS_4_2 = (
    *(f"sbin/{name}" for name in ("xl", "xm", "xend", "xenbackendd", "xenstored", "oxenstored", "xenconsoled", "xentop",
                                  "xenwatchdogd", "xenpm")),
    *(f"bin/{name}" for name in ("xenstore", "xenstore-read", "xenstore-write", "xenstore-ls", "xenstore-list",
                                 "xenstore-rm", "xenstore-exists", "xenstore-chmod", "xenstore-watch", "xen-detect",
                                 "xenconsole", "pygrub", "lsevtchn")),
)
_TOOLS_3_1 = (
    *(f"sbin/{name}" for name in ("xm", "xend", "xenbackendd", "xenstored", "xenconsoled", "xentop", "xenperf")),
    *(f"bin/{name}" for name in ("xenstore-chmod", "xenstore-exists", "xenstore-list", "xenstore-ls", "xenstore-read",
                                 "xenstore-rm", "xenstore-write", "xen-detect", "pygrub")),
)
_SCRIPTS_4_2 = ("block", "hotplugpath.sh", "vif-bridge", "vif-ip")
_SCRIPTS_3_1 = ("block", "vif-bridge", "vif-ip", "xen-subr")

_OTHERS = ("3", "33", "41", "42", "45", "46", "48", "411", "413", "415", "418", "420")


def _tools(base: str, version: str, release: str, tools: tuple[str, ...], scripts: tuple[str, ...],
           settings: dict[str, bytes], rc_requires: dict[str, str]) -> Package:
    files = [File(name, command=True, mode=0o755) for name in tools]
    files += [File(f"share/examples/xen/scripts/{name}", b"#!/bin/sh\n# the simulator does what this script does\n",
                   mode=0o755) for name in scripts]
    files += [File(f"share/examples/xen/{name}", content) for name, content in settings.items()]
    conf = [(f"xen/{name}", f"xen/{name}", 0o644) for name in settings]
    conf += [(f"xen/scripts/{name}", f"xen/scripts/{name}", 0o755) for name in scripts]
    return Package(base, version, f"Userland tools for Xen {release}", tuple(files), tuple(conf), tuple(rc_requires),
                   ("/usr/pkg/etc/xen/scripts", "/var/log/xen"),
                   tuple(f"xentools{number}" for number in _OTHERS if f"xentools{number}" != base),
                   rc_requires=rc_requires)


def _xentools42(base: str, version: str, profile: Profile) -> Package:
    settings = {"xend-config.sxp": _SXP_4_2, "xl.conf": b"## Global XL config file ##\n",
                "oxenstored.conf": b"# default xenstored config\n",
                **{f"xmexample{number}": b"#  -*- mode: python; -*-\n" for number in (1, 2, 3)}}
    return _tools(base, version, "4.2", _TOOLS_4_2, _SCRIPTS_4_2, settings,
                  {"xen-watchdog": "xencommons", "xencommons": "DAEMON", "xend": "xencommons",
                   "xendomains": "xencommons"})


def _xentools3(base: str, version: str, profile: Profile) -> Package:
    settings = {"xend-config.sxp": _SXP_3_1, "netbsd1": b"#  -*- mode: python; -*-\n",
                **{f"xmexample{number}": b"#  -*- mode: python; -*-\n" for number in (1, 2, 3)}}
    return _tools(base, version, "3.1", _TOOLS_3_1, _SCRIPTS_3_1, settings,
                  {"xend": "disks network", "xenbackendd": "xend", "xendomains": "xenbackendd"})


def _xentools3_hvm(base: str, version: str, profile: Profile) -> Package:
    files = (File("libexec/qemu-dm", command=True, mode=0o755),
             File("libexec/xen/boot/hvmloader", b"simulated firmware\n"))
    return Package(base, version, "Device model and firmware of Xen 3.1 for fully virtualized guests", files)


MAKERS: dict[str, Callable[[str, str, Profile], Package]] = {
    "xentools42": _xentools42, "xentools3": _xentools3, "xentools3-hvm": _xentools3_hvm}
