# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What running guests were started with, where their files have been changed since then. Reads only."""

from __future__ import annotations

import json
from typing import Any

from ...._host import Host
from ...._toolstack.choose import toolstack

# Gone after a reboot, as the guests are.
STARTED_DIR = "/var/run/netbsd.xen"


def read_started_with(host: Host) -> dict[str, Any]:
    """What running guests were started with, by name, where their files have been changed since then."""
    tool = toolstack(host)
    return {
        name: {"settings": remembered.get("settings")}
        for name in host.list_dir(STARTED_DIR)
        for remembered in [remembered_of(host, name)]
        if remembered and remembered.get("created") == tool.birth_mark(host, name)
    }


def remembered_of(host: Host, name: str) -> dict[str, Any] | None:
    """What the file of one guest holds; None if there is none or it is damaged."""
    try:
        found = json.loads(host.read_text(f"{STARTED_DIR}/{name}") or "")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
