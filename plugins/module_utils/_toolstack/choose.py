# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Which toolstack a machine has. Xen 3.1 to 4.2 are managed with xm and xend, everything later with xl."""

from __future__ import annotations

from typing import Any

from .._host import Host
from . import xl, xl_call, xm, xm_call


def toolstack(host: Host) -> Any:
    """The toolstack's module. Xen 4.2 brings both, and the two must never be mixed: xend's script in /etc/rc.d says
    that the machine is run with xm."""
    if not host.exists(xm_call.paths(host.system).xm):
        return xl
    return xm if host.exists("/etc/rc.d/xend") or not host.exists(xl_call.paths(host.system).xl) else xl
