# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What xend does when a guest goes down, and when xend itself starts and stops.

Source: XendDomainInfo.refreshShutdown, _maybeRestart and _restart, XendDomain._init_xen and autostart_domains, Xen 3.1
and 4.2. Without xend nobody looks: a guest that is down stays so until xend is started.
"""
from __future__ import annotations

from typing import Any

from ...core.machine import Machine
from ...pkg import tools
from ..common import domains, guests, hypervisor
from ..common.hypervisor import Domain
from . import xend, xend_create
from .xend import Fault

# MINIMUM_RESTART_TIME: since the guest's start on 4.2, since its last restart on 3.1.
_MINIMUM_SECONDS = {"4.2": 60, "3.1": 20}
_CLEANUP_SECONDS = 0.5  # assumed
_RESTART_SECONDS = 1.0  # assumed
_ACTIONS = {guests.POWEROFF: "on_poweroff", guests.REBOOT: "on_reboot", guests.CRASH: "on_crash"}


def guest_is_down(m: Machine, domain: Domain, at: float) -> None:
    """A guest has shut down or crashed: xend sees it, if it lives."""
    if m.daemon("xend") is not None:
        _plan(m, at + _CLEANUP_SECONDS * m.pace, domid=domain["domid"], step="down")


def xend_started(m: Machine) -> None:
    """Look after guests that went down meanwhile; start the managed domains that ask for it."""
    for domain in list(hypervisor.domains(m).values()):
        if domain["reason"] is not None:
            guest_is_down(m, domain, m.now())
    for guest in xend.dormant(m):
        if guest.settings["on_xend_start"] == "start":
            _start(m, dict(guest.settings), None)


def xend_stops(m: Machine) -> None:
    """`on_xend_stop shutdown`: those guests are asked to go."""
    for guest in xend.live(m):
        if guest.settings["on_xend_stop"] == "shutdown" and guest.live is not None:
            domains.request(m, guest.live, guests.POWEROFF)


def carry_out(m: Machine, event: dict[str, Any]) -> None:
    """An event that xend has planned."""
    if m.daemon("xend") is None:
        return
    if event["step"] == "restart":
        _start(m, event["settings"], event["at"])
        return
    domain = domains.get(m, event["domid"])
    if domain is not None and domain["reason"] is not None:
        _down(m, domain, event["at"])


def _plan(m: Machine, at: float, **details: Any) -> None:
    hypervisor.section(m)["events"].append({"at": at, "what": "xend", **details})


def _down(m: Machine, domain: Domain, at: float) -> None:
    found = domain["xend"]
    action = found[_ACTIONS.get(domain["reason"], "on_poweroff")].removeprefix("coredump-")
    xend.log(m, f"INFO (XendDomainInfo) Domain has shutdown: name={domain['name']} id={domain['domid']} "
                f"reason={('poweroff', 'reboot', 'suspend', 'crash')[domain['reason']]}.")
    if action == "preserve":
        return
    if action == "destroy":
        domains.destroy(m, domain, at)
        return
    if _too_soon(m, found, at):
        xend.log(m, f"ERROR (XendDomainInfo) VM {domain['name']} restarting too fast. Refusing to restart to avoid "
                    "loops.")
        domains.destroy(m, domain, at)
        return
    again = {**found, "restarted": at}
    if action == "rename-restart":
        again["disks"] = [dict(disk) for disk in found["disks"]]
        hotplug_off(m, domain)
        found["uuid"] = domain["uuid"] = xend.new_uuid()
        found["name"] = domain["name"] = f"Domain-{found['uuid']}"
    else:
        domains.destroy(m, domain, at)
    _plan(m, at + _RESTART_SECONDS * m.pace, settings=again, step="restart")


def hotplug_off(m: Machine, domain: Domain) -> None:
    """The dead guest gives its devices back, for the one that replaces it."""
    from ..common import hotplug

    hotplug.disconnect_all(m, domain)
    domain["vbds"], domain["vifs"] = [], []


def _too_soon(m: Machine, found: dict[str, Any], at: float) -> bool:
    since = found["started"] if xend.modern(m) else found.get("restarted")
    return since is not None and hypervisor.recorded(m, at - since) < _MINIMUM_SECONDS[tools.xm_era(m)]


def _start(m: Machine, found: dict[str, Any], at: float | None) -> None:
    try:
        xend_create.build(m, found, False, at)
    except Fault as fault:
        xend.log(m, f"ERROR (XendDomain) {fault.text}")
