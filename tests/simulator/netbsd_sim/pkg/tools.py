# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which release's Xen tools a machine has: it need not be the one that its profile begins with."""

from __future__ import annotations

from ..core.machine import Machine


def release(m: Machine) -> str:
    """The release of the installed xentools package, or that of the profile while there is none."""
    from . import catalogue, packages

    for base in packages.installed(m):
        if base.startswith("xentools") and not base.endswith("-hvm"):
            return catalogue.release_of(base)
    return m.profile.xen_release


def xm_era(m: Machine) -> str:
    """Whose xm it is of the two that are simulated. The list of 3.3 and 4.1 is that of 4.2 (facts section 9)."""
    return "3.1" if release(m) == "3.1" else "4.2"
