# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a machine is: bare metal, dom0 or domU, its system, its hypervisor, its packages. Reads only.

Ansible's own facts can't tell: on NetBSD they call whatever has /dev/xencons a Xen guest, and every stock amd64 machine
has that node (record ansible-virt-facts, NetBSD 7.99.10).
"""

from __future__ import annotations

import os
import re
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import xl

DOM0, DOMU, BARE_METAL = "dom0", "domu", "bare_metal"
# "NetBSD 10.1 (XEN3_DOM0) #0: ...": the kernel's configuration stands in the first parentheses.
_KERNEL_CONFIG = re.compile(r"\(([^)]+)\)")
_PACKAGE = re.compile(r"(?P<base>\S+)-(?P<version>[^\s-]+)\Z")
_PKG_INFO = ("/usr/pkg/sbin/pkg_info", "/usr/sbin/pkg_info")
PACKAGE_SECONDS = 60.0


def describe(host: Host) -> dict[str, Any]:
    """The machine in plain data; ``hypervisor`` is None unless this is a dom0 whose hypervisor answers."""
    uname = os.uname()
    role = _role(host, uname.version)
    return {
        "name": uname.nodename,
        "system": uname.sysname,
        "release": uname.release,
        "machine": uname.machine,
        "kernel": uname.version,
        "kernel_config": _kernel_config(uname.version) if uname.sysname == "NetBSD" else None,
        "role": role,
        "kernfs": host.exists("/kern/version") if uname.sysname == "NetBSD" else None,
        "hypervisor": _hypervisor(host) if role == DOM0 else None,
        "toolstack": _toolstack(host) if role == DOM0 else None,
    }


def _kernel_config(version: str) -> str | None:
    found = _KERNEL_CONFIG.search(version)
    return found.group(1) if found else None


def _role(host: Host, version: str) -> str:
    """Xen's interfaces below /kern decide; without kernfs the name of the running kernel does, because the Xen kernels
    run nowhere else (sys/arch/amd64/conf/XEN3_DOM0)."""
    if host.system == "Linux":
        capabilities = host.read_text("/proc/xen/capabilities")
        if capabilities is None:
            return BARE_METAL
        return DOM0 if "control_d" in capabilities else DOMU
    config = _kernel_config(version) or ""
    if host.exists("/kern/xen/privcmd") or config.endswith("_DOM0"):
        return DOM0
    if host.exists("/kern/xen/xenbus") or "_DOMU" in config:
        return DOMU
    return BARE_METAL


def _hypervisor(host: Host) -> dict[str, Any] | None:
    """``xl info`` in plain data. It needs no xenstored (behaviour 7 of the real xl); memory is in MiB."""
    try:
        info = xl.info(host)
    except CommandFailed:
        return None
    return {
        "version": info.get("xen_version"),
        "release": f"{info.get('xen_major')}.{info.get('xen_minor')}",
        "commandline": info.get("xen_commandline"),
        "capabilities": (info.get("xen_caps") or "").split(),
        "virtualization": (info.get("virt_caps") or "").split(),
        "scheduler": info.get("xen_scheduler"),
        "memory_total": _number(info.get("total_memory")),
        "memory_free": _number(info.get("free_memory")),
        "cpus": _number(info.get("nr_cpus")),
    }


def _number(text: Any) -> int | None:
    return int(text) if text is not None and str(text).isdigit() else None


def _toolstack(host: Host) -> dict[str, Any]:
    alive, why = xl.alive(host)
    return {"name": "xl", "alive": alive, "why": why}


def packages(host: Host) -> dict[str, str]:
    """Installed binary packages, base name to version; empty where pkg_info(1) is not there.

    The base name decides a Xen release: the versions of xenkernel420 and its like are dates (pkgsrc version.mk).
    """
    tool = next((path for path in _PKG_INFO if host.exists(path)), None)
    if tool is None:
        return {}
    found = {}
    for line in host.run([tool], timeout=PACKAGE_SECONDS).stdout.splitlines():
        match = _PACKAGE.match(line.split(None, 1)[0]) if line.strip() else None
        if match:
            found[match.group("base")] = match.group("version")
    return found
