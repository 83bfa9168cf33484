# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""How the guests are reached in which a login was seen, from their records. Pure."""

from __future__ import annotations

from typing import Any

from .read import Current
from .work.record import Record

USER = "root"


def logins(current: Current) -> dict[str, dict[str, Any]]:
    """By the name of the guest, as plain data. A record counts if its disk is still the one that it is about."""
    return {
        name: _login(name, mine)
        for name, mine in sorted(current.records.items())
        if mine.finished and current.disks.get(mine.disk) == mine.identity
    }


def _login(name: str, mine: Record) -> dict[str, Any]:
    keys = [" ".join(key.split()[:2]) for key in mine.host_keys]
    names = f"{name},{mine.address}" if mine.address else name
    return {
        "address": mine.address,
        "user": USER,
        "python": mine.python,
        "host_keys": keys,
        "known_hosts": [f"{names} {key}" for key in keys],
        "seen": mine.seen,
        "proof": mine.proof,
        "clock_seconds": mine.clock,
        "clock_margin": mine.clock_margin,
    }
