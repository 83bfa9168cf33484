# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What was read of the guests, arranged for somebody who asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...._formats.xl.xl_output import Domain
from ...._plain import as_plain
from .current import ConfigFile, Current


def guests_by_name(current: Current) -> dict[str, Any]:
    """Every guest that has a configuration file, a saved memory or a running domain, by name. ``current`` is what
    ``domain.read`` gave."""
    return arranged(current.configs, current.config_dir, current.saved, current.domains)


def arranged(
    configs: Mapping[str, ConfigFile], config_dir: str, saved: Iterable[str], domains: Iterable[Domain]
) -> dict[str, Any]:
    """The same of its parts: the configuration files by name and where they are, the names of saved guests, and the
    running domains."""
    guests: dict[str, Any] = {}
    for file_name, config in sorted(configs.items()):
        settings = config.settings
        if settings is not None and "name" not in settings:
            continue
        name = settings["name"] if settings else file_name
        guests[name] = _guest(f"{config_dir}/{file_name}", settings, config.error)
    for name in saved:
        guests.setdefault(name, _guest(None, None, None))["state"] = "saved"
    for domain in domains:
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
