# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What the running kernel is to Xen."""

from __future__ import annotations

import re

from ._host import Host

DOM0, DOMU, BARE_METAL = "dom0", "domu", "bare_metal"
PRIVCMD, XENBUS = "/kern/xen/privcmd", "/kern/xen/xenbus"
# "NetBSD 10.1 (XEN3_DOM0) #0: ...": the kernel's configuration stands in the first parentheses.
_CONFIG = re.compile(r"\(([^)]+)\)")


def role(host: Host) -> str:
    """Xen's interfaces below /kern decide; without kernfs the name of the running kernel does, because the Xen kernels
    run nowhere else (sys/arch/amd64/conf/XEN3_DOM0). A dom0 whose /kern somebody has unmounted is one still: its kernel
    sees dom0's memory, not the machine's, and not the port that Xen has.
    """
    if host.system == "Linux":
        capabilities = host.read_text("/proc/xen/capabilities")
        if capabilities is None:
            return BARE_METAL
        return DOM0 if "control_d" in capabilities else DOMU
    name = config(host.kernel) or ""
    if host.exists(PRIVCMD) or name.endswith("_DOM0"):
        return DOM0
    if host.exists(XENBUS) or "_DOMU" in name:
        return DOMU
    return BARE_METAL


def config(version: str) -> str | None:
    """The name of a NetBSD kernel's configuration, of what ``uname -v`` says of it."""
    found = _CONFIG.search(version)
    return found.group(1) if found else None
