# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A script in a NetBSD guest's /etc/rc.d that is none of its sets: the one with which a guest installs Python when it
boots. rc(8) runs it at each boot for as long as it is there (etc/rc, rc.subr: run_rc_script), behind LOGIN, and what it
does goes on in the background. Here it is through, after one try, before anybody looks; sh runs it as it is.
"""
from __future__ import annotations

import os
from pathlib import Path

from ...core.machine import Machine
from . import guestdisk, guestlogin, guestsystem
from .hypervisor import Domain

SCRIPT = "etc/rc.d/netbsd_xen_python"


def run(m: Machine, domain: Domain) -> str:
    """What it says on the console. Outside of the sandbox there is no guest in which a process could run."""
    if guestdisk.is_linux(domain) or domain["system"]["state"] != guestsystem.LOGIN:
        return ""
    if SCRIPT not in guestdisk.files(m, domain) or not os.path.exists("/.sim/tools/unshare"):
        return ""
    said: list[str] = []

    def once(tree: Path) -> int:
        rc, text = guestlogin.run_in(m, domain, tree, f"/bin/sh /{SCRIPT} once", captured=True)
        said.append(text)
        return rc

    guestdisk.change(m, domain, once)
    return "".join(said)
