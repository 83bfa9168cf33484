# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The files that hold saved guests' memory: NAME.save, and another name while a guest is brought back from it. Reads
only."""

from __future__ import annotations

from typing import Any

from ...._host import Host
from ...._toolstack.interface import Toolstack
from .current import RESTORING, SAVED

# When a guest has been saved its toolstack still writes a few lines to its log.
SLACK_SECONDS = 60.0


def read(host: Host, tool: Toolstack, save_dir: str) -> dict[str, Any]:
    """``saved`` guests, each with whether it has been overtaken; and those that were ``restoring`` when something ended
    that."""
    names = host.list_dir(save_dir)
    saved = [name[: -len(SAVED)] for name in names if name.endswith(SAVED)]
    return {
        "saved": {name: _overtaken(host, tool, save_dir, name) for name in saved},
        "restoring": [name[: -len(RESTORING)] for name in names if name.endswith(RESTORING)],
    }


def _overtaken(host: Host, tool: Toolstack, save_dir: str, name: str) -> bool:
    """Whether a guest has run after its memory was saved, by whomever it was started: then its toolstack has written
    to its log."""
    log = host.stat(tool.guest_log(name)) if tool.guest_log(name) else None
    saved = host.stat(f"{save_dir}/{name}{SAVED}")
    return log is not None and saved is not None and log.modified > saved.modified + SLACK_SECONDS
