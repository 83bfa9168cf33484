# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Xen's tools where no package of the usual place has them: built from Xen's own source, or below another directory.

On the machine of the records (NetBSD 7.99.10) xl ran, and pkg_info(1) knew of nothing.
"""

from __future__ import annotations

from typing import Any

from ... import _packages
from ..._change import Refused
from ..._formats.system import packing_list
from ..._host import Host
from ..._releases import Release

PREFIX = "/usr/pkg"
NONE = "none"
_TOOLSTACKS = {name: f"{PREFIX}/sbin/{name}" for name in ("xl", "xm")}


def found(host: Host) -> list[str]:
    """The toolstacks that are there, whoever brought them."""
    return [path for path in _TOOLSTACKS.values() if host.exists(path)]


def prefix(host: Host, package: str) -> str:
    """The directory below which a package, ``name-version``, lies; empty if that can't be told."""
    told = packing_list.prefix(_packages.listed(host, package) or "")
    if told in ("", PREFIX):
        return told
    return PREFIX if host.real_path(told) == host.real_path(PREFIX) else told


def refuse_missing(current: dict[str, Any], row: Release, pair: bool, replace: bool) -> None:
    """Raise Refused where the admin has brought no tools, or something else is wanted than that they stay."""
    program = _TOOLSTACKS[row.toolstack]
    if replace or not pair:
        raise Refused(
            f"source is {NONE}, by which nothing is installed, so one Xen can't be exchanged for another. Bring the "
            "other one there as this one came, and boot it."
        )
    if program not in current["toolstacks"]:
        raise Refused(
            f"There is no {program}, and source is {NONE}, by which nothing is installed. Bring Xen's tools there, or "
            "say where their packages come from."
        )


def refuse_to_write_over(current: dict[str, Any], row: Release) -> None:
    """Raise Refused where tools are there that are no package's, and Xen runs. pkg_add(1) would write over them beside
    their daemons, and one whose library is written over may die with all that it knows of the guests."""
    program = _TOOLSTACKS[row.toolstack]
    if current["dom0"] and program in current["toolstacks"]:
        raise Refused(
            f"{program} is there, Xen runs, and no package has it: the tools came by other means, and "
            f"{row.tools_package} would be written over them while guests need them. If they are to stay, say source "
            f"{NONE} (dom0_package_source: {NONE})."
        )


def refuse_elsewhere(current: dict[str, Any], row: Release) -> None:
    """Raise Refused where pkgsrc was told another directory (LOCALBASE). Everything else looks in the usual one."""
    place = current["prefixes"].get(row.tools_package)
    if place and place != PREFIX:
        raise Refused(
            f"{row.tools_package} lies below {place}, and Xen's tools are managed below {PREFIX} only. Make {PREFIX} a "
            f"link to {place}, if there is nothing else."
        )
