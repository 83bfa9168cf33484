# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What was read of the guests, arranged for somebody who asks."""

from __future__ import annotations

from typing import Any

from ...._formats.xl.xl_output import Domain
from ...._plain import as_plain
from .current import Current


def guests_by_name(current: Current) -> dict[str, Any]:
    """Every guest that has a configuration file, a saved memory or a running domain, by name. ``current`` is what
    ``domain.read`` gave."""
    guests: dict[str, Any] = {}
    for file_name, config in sorted(current.configs.items()):
        settings = config.settings
        if settings is not None and "name" not in settings:
            continue
        name = settings["name"] if settings else file_name
        guests[name] = _guest(f"{current.config_dir}/{file_name}", settings, config.error)
    for name in current.saved:
        guests.setdefault(name, _guest(None, None, None))["state"] = "saved"
    for domain in current.domains:
        guest = guests.setdefault(domain.name, _guest(None, None, None))
        guest["domids"].append(domain.domid)
        guest["domain"] = as_plain(domain)
        guest["state"] = _state(domain) if len(guest["domids"]) == 1 else "duplicate"
    return guests


def _guest(path: str | None, settings: dict[str, Any] | None, error: str | None) -> dict[str, Any]:
    return {
        "state": "shutdown",
        "config_file": path,
        "config": settings,
        "config_error": error,
        "domain": None,
        "domids": [],
    }


def _state(domain: Domain) -> str:
    row = domain.row
    for name in ("dying", "crashed", "down", "paused"):
        if getattr(row, name):
            return name
    return "running"
