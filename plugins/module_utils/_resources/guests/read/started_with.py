# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What running guests were started with, where their files have been changed since then."""

from __future__ import annotations

import json
from typing import Any

from ...._host import Host
from ...._toolstack.interface import Toolstack
from .current import StartedWith

# Gone after a reboot, as the guests are.
STARTED_DIR = "/var/run/netbsd.xen"


def read_started_with(tool: Toolstack) -> dict[str, StartedWith]:
    """What running guests were started with, by name, where their files have been changed since then."""
    return {
        name: StartedWith(remembered.get("settings"))
        for name in tool.host.list_dir(STARTED_DIR)
        for remembered in [remembered_of(tool.host, name)]
        if remembered and remembered.get("created") == tool.birth_mark(name)
    }


def remembered_of(host: Host, name: str) -> dict[str, Any] | None:
    """What the file of one guest holds; None if there is none or it is damaged."""
    try:
        found = json.loads(host.read_text(f"{STARTED_DIR}/{name}") or "")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def remember(tool: Toolstack, name: str, settings: dict[str, Any] | None) -> None:
    """Write down what a guest that runs was started with."""
    remembered = {"settings": settings, "created": tool.birth_mark(name)}
    tool.host.make_dir(STARTED_DIR, 0o700)
    tool.host.write_text(f"{STARTED_DIR}/{name}", json.dumps(remembered), 0o600)
