# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Xen tools of the time of xm. Lists, conflicts, rc.d headers: pkgsrc sysutils/xentools42, xentools41, xentools33
and xentools3 (PLIST, files/*.sh, CONFLICTS and INSTALL lines of the Makefile), facts section 1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..core.profiles import Profile
from .catalogue import File, Package

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
_TOOLS_4_1 = tuple(name for name in _TOOLS_4_2 if name != "sbin/oxenstored")
_TOOLS_3_3 = (
    *(f"sbin/{name}" for name in ("xm", "xend", "xenbackendd", "xenstored", "xenconsoled", "xentop", "xenperf")),
    *(f"bin/{name}" for name in ("xenstore", "xenstore-chmod", "xenstore-exists", "xenstore-list", "xenstore-ls",
                                 "xenstore-read", "xenstore-rm", "xenstore-write", "xen-detect", "pygrub", "xenconsole",
                                 "lsevtchn")),
    "libexec/qemu-dm",
)
_EXAMPLES = b"#  -*- mode: python; -*-\n"


@dataclass(frozen=True)
class _Tools:
    """What differs between the packages. `conflicts` are base names."""

    release: str
    tools: tuple[str, ...]
    scripts: tuple[str, ...]
    settings: dict[str, bytes]
    examples: tuple[str, ...]
    rc_requires: dict[str, str]
    conflicts: tuple[str, ...]
    rc_variables: dict[str, str] = field(default_factory=dict)
    script_directory: str = "xen/scripts/"  # below share/examples


_XMEXAMPLES = ("xmexample1", "xmexample2", "xmexample3")
_ROWS = {
    "xentools42": _Tools(
        "4.2", _TOOLS_4_2, ("block", "hotplugpath.sh", "vif-bridge", "vif-ip"),
        {"xend-config.sxp": _SXP_4_2, "xl.conf": b"## Global XL config file ##\n",
         "oxenstored.conf": b"# default xenstored config\n"}, _XMEXAMPLES,
        {"xen-watchdog": "xencommons", "xencommons": "DAEMON", "xend": "xencommons", "xendomains": "xencommons"},
        ("libxen", "xenstoretools", "xentools3", "xentools33")),
    # Its xencommons is switched by xend's variable (files/xencommons.sh, first revision).
    "xentools41": _Tools(
        "4.1", _TOOLS_4_1, ("block", "vif-bridge", "vif-ip", "qemu-ifup", "hotplugpath.sh"),
        {"xend-config.sxp": _SXP_4_2}, _XMEXAMPLES,
        {"xen-watchdog": "xencommons", "xencommons": "DAEMON", "xend": "xencommons", "xendomains": "xencommons"},
        ("libxen", "xenstoretools", "xentools3", "xentools33"), {"xencommons": "xend"}),
    "xentools33": _Tools(
        "3.3", _TOOLS_3_3, ("block", "vif-bridge", "vif-ip", "qemu-ifup"), {"xend-config.sxp": _SXP_3_1},
        (*_XMEXAMPLES, "netbsd1"), {"xend": "DAEMON", "xenbackendd": "xend", "xendomains": "xenbackendd"},
        ("libxen", "xentools3"), script_directory="xen/"),
    "xentools3": _Tools(
        "3.1", _TOOLS_3_1, ("block", "vif-bridge", "vif-ip", "xen-subr"), {"xend-config.sxp": _SXP_3_1},
        (*_XMEXAMPLES, "netbsd1"), {"xend": "disks network", "xenbackendd": "xend", "xendomains": "xenbackendd"},
        ("libxen",)),
}


def _tools(base: str, version: str, profile: Profile) -> Package:
    row = _ROWS[base]
    directory = row.script_directory
    files = [File(name, command=True, mode=0o755) for name in row.tools]
    files += [File(f"share/examples/{directory}{name}", b"#!/bin/sh\n# the simulator does what this script does\n",
                   mode=0o755) for name in row.scripts]
    files += [File(f"share/examples/xen/{name}", content) for name, content in row.settings.items()]
    files += [File(f"share/examples/xen/{name}", _EXAMPLES) for name in row.examples]
    if row.release == "3.3":
        files.append(File("lib/xen/boot/hvmloader", b"simulated firmware\n"))
    # 3.1 and 4.2 copied the examples as well, as far as is known.
    copied = [*row.settings, *row.examples] if row.release in ("3.1", "4.2") else [*row.settings]
    conf = [(f"xen/{name}", f"xen/{name}", 0o644) for name in copied]
    conf += [(f"{directory}{name}", f"xen/scripts/{name}", 0o755) for name in row.scripts]
    return Package(base, version, f"Userland tools for Xen {row.release}", tuple(files), tuple(conf),
                   tuple(row.rc_requires), ("/usr/pkg/etc/xen/scripts", "/var/log/xen"), row.conflicts,
                   rc_requires=row.rc_requires, rc_variables=row.rc_variables)


def _xentools3_hvm(base: str, version: str, profile: Profile) -> Package:
    files = (File("libexec/qemu-dm", command=True, mode=0o755),
             File("libexec/xen/boot/hvmloader", b"simulated firmware\n"))
    return Package(base, version, "Device model and firmware of Xen 3.1 for fully virtualized guests", files)


MAKERS: dict[str, Callable[[str, str, Profile], Package]] = {
    **dict.fromkeys(_ROWS, _tools), "xentools3-hvm": _xentools3_hvm}
