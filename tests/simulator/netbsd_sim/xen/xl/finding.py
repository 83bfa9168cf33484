# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""xl: which domain a word means."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...core.machine import Machine, NotSimulated
from ..common import domains, hypervisor
from ..common.hypervisor import Domain, XlExit, err, need_xenstore

NO_INFO = "libxl: error: libxl_domain.c:354:libxl_domain_info: Getting domain info: No such process\n"
NO_USERDATA = (NO_INFO + "libxl: error: libxl_dom.c:1244:libxl__userdata_path: unable to find domain info for domain "
               "{domid}: No such process\n")
NO_TYPE = "libxl: error: libxl_dom.c:37:libxl__domain_type: unable to get dominfo: No such process\n"


@dataclass(frozen=True)
class Call:
    """What came before the sub-command: -N (dry run), and xl.conf."""

    dry_run: bool
    settings: dict[str, str]


Command = Callable[[Machine, "list[str]", Call], int]


def find_domid(m: Machine, text: str) -> int:
    """A number is a domid, whether it exists or not; everything else is a name (facts xl-behaviour 13)."""
    need_xenstore(m)
    if text.isdigit():
        return int(text)
    domid = known_domid(m, text)
    if domid is None:
        err(f"{text} is an invalid domain identifier (rc=-6)\n")
        raise XlExit(1)
    return domid


def known_domid(m: Machine, name: str) -> int | None:
    """The domid behind a name. Domain-0 can be renamed as any other."""
    if name == hypervisor.dom0_name(m):
        return 0
    domain = domains.by_name(m, name)
    return None if domain is None else int(domain["domid"])


def find_guest(m: Machine, command: str, text: str, absent: str | None = None, rc: int = 1) -> Domain:
    """The guest of that name or number.

    ``absent`` is what the command prints for a number that no domain has (`{domid}` in it is that number), and ``rc``
    its status then. What has no source, as most commands on Domain-0, is not simulated.
    """
    domid = find_domid(m, text)
    domain = domains.get(m, domid)
    if domain is None and domid and absent is not None:
        err(absent.format(domid=domid))
        raise XlExit(rc)
    if domain is None:
        raise NotSimulated(f"xl {command} {text}")
    return domain


def selected(m: Machine, command: str, words: list[str]) -> list[Domain | None]:
    """The named domains, or all; None is Domain-0."""
    if not words:
        need_xenstore(m)
        return [None, *hypervisor.domains(m).values()]
    return [None if find_domid(m, word) == 0 else find_guest(m, command, word) for word in words]
