# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a running kernel names itself (records uname-parts.txt, kern-version.txt)."""

from __future__ import annotations

from typing import Any

from ..core import profiles

DOM0_READS = 255  # characters of its command line that a dom0 kernel reads (facts netbsd-xen section 4.3)


def release_version(state: dict[str, Any]) -> tuple[str, str]:
    """(release, version) as uname -r and uname -v print them."""
    profile = profiles.get(state["profile"])
    kernel = (state.get("kernel") or {"name": "GENERIC"})["name"]
    release = (state.get("kernel") or {}).get("release", profile.netbsd_release)
    return release, f"NetBSD {release} ({kernel}) #0: {profile.build_date}  {profile.build_host}/{kernel}"


def version_text(state: dict[str, Any]) -> str:
    """kern.version and /kern/version: two lines."""
    release, version = release_version(state)
    head, _blanks, builder = version.partition("  ")
    return f"{head}\n\t{builder}\n"
