# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What is to be done about vnd units that guests left behind (see ``read/vnd.py``), and what is said of them. Pure."""

from __future__ import annotations

from ...._change import Change
from ..apply.vnd import ReleaseVnd
from ..read.current import VndUnits
from .changes import RESOURCE


def changes(found: VndUnits | None) -> list[Change]:
    """The units that are to be released."""
    return [
        Change(
            RESOURCE,
            name,
            ReleaseVnd.__name__,
            f"release {name}, left behind by guest {unit.guest}",
            f"holds {unit.path}",
            "not in use",
            data=ReleaseVnd(unit.path),
        )
        for name, unit in (sorted(found.left.items()) if found else ())
    ]


def warnings(found: VndUnits | None) -> list[str]:
    """The units that hold a guest's disk, which that guest does not use now, and that can't be released."""
    return [
        f"{name} holds {unit.path}, a disk of guest {unit.guest}, which does not run with it, and stays: {unit.why}"
        for name, unit in (sorted(found.kept.items()) if found else ())
        if unit.path
    ]


def others(found: VndUnits | None) -> str:
    """The units that are no guest's, in words; empty if there are none or nobody looked."""
    names = sorted(name for name, unit in found.kept.items() if not unit.path) if found else []
    return f"; in use for what is no guest's disk: {', '.join(names)}" if names else ""
