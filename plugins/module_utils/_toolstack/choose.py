# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Which toolstack a machine has. Xen 3.1 to 4.2 are managed with xm and xend, everything later with xl."""

from __future__ import annotations

from .._host import Host
from .interface import Toolstack
from .xl import Xl
from .xm import Xm


def toolstack(host: Host) -> Toolstack:
    """The machine's toolstack. Xen 4.2 brings both, and the two must never be mixed: xend's script in /etc/rc.d says
    that the machine is run with xm."""
    xl, xm = Xl(host), Xm(host)
    if not host.exists(xm.paths.program):
        return xl
    return xm if host.exists("/etc/rc.d/xend") or not host.exists(xl.paths.program) else xl
