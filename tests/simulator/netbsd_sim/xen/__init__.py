# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The simulated Xen toolstack: what the rest of the machine calls.

Everything is imported on demand, because most commands of a machine have nothing to do with Xen.
"""
from __future__ import annotations

from ..core.machine import Machine
from ..core.profiles import XM


def at_boot(m: Machine) -> None:
    """The hypervisor has started: there is only Domain-0."""
    from .common import hypervisor

    m.data["xen"] = {}
    m.data["kernel_messages"] = []
    hypervisor.section(m)


def at_shutdown(m: Machine) -> None:
    """The machine goes down, and the guests with it; their vnd units and interfaces are free again."""
    from .common import domains, hypervisor

    if "domains" not in m.data.get("xen", {}):
        return
    for domain in list(hypervisor.domains(m).values()):
        domains.destroy(m, domain)
    m.data["xen"] = {}


def store_started(m: Machine) -> None:
    """The store is empty. Guests that run beside it have no name in it, and it never tells them anything (facts
    measured 46; record xenstored-killed-beside-a-guest)."""
    from .common import hypervisor

    state = hypervisor.section(m)
    state["written"], state["removed"] = {}, []
    for domain in hypervisor.domains(m).values():
        domain["name"], domain["forgotten"] = "(null)", True


def daemons_started(m: Machine) -> None:
    """xen-init-dom0 has run: Domain-0 has its name in xenstore. The tree is computed, so there is nothing to write."""
    from .common import hypervisor

    hypervisor.section(m)


def settle(m: Machine) -> None:
    """Let happen what is due: call it before looking at interfaces or vnd units, which guests hold."""
    from .common import domains

    domains.settle(m)


def xl_create_file(m: Machine, path: str) -> int:
    """`xl create PATH`, or `xm create PATH`. Returns its exit status."""
    if m.profile.toolstack == XM:
        from .xm.command import run as run_xm

        return run_xm(m, ["create", path])
    from .xl.command import run

    return run(m, ["create", path])


def xl_shutdown(m: Machine, name: str) -> int:
    """`xl shutdown -F NAME`, as xendomains of 4.20 calls it; `xm shutdown --halt NAME` before. Returns its exit
    status."""
    if m.profile.toolstack == XM:
        from .xm.command import run as run_xm

        return run_xm(m, ["shutdown", "--halt", name])
    from .xl.command import run

    return run(m, ["shutdown", "-F", name])


def guest_names(m: Machine) -> list[str]:
    """Names of the live guests, in the order of `xl list`, without those that are shut down."""
    if m.profile.toolstack == XM:
        from .xm import xm_list

        return xm_list.names_for_rc(m)
    from .common import domains, hypervisor

    domains.settle(m)
    return [domain["name"] for domain in hypervisor.domains(m).values() if domain["reason"] is None]
