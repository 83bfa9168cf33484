# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role services: which of them a machine has, what xl takes for granted, and what the tasks give to their modules.
Pure."""

from __future__ import annotations

from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._releases import Release
from ansible_collections.netbsd.xen.plugins.module_utils._resources import xl_conf
from ansible_collections.netbsd.xen.plugins.module_utils._resources.services import resource as rc_service
from ansible_collections.netbsd.xen.plugins.plugin_utils._release_names import row
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Task, Variables

XENCOMMONS, XENDOMAINS, WATCHDOG = "xencommons", "xendomains", "xen-watchdog"


def _release(variables: Variables) -> Release:
    return row(variables["services_xen_release"])


def _started(variables: Variables) -> dict[str, str]:
    """The daemons need a hypervisor: before the first boot into Xen they can only be enabled."""
    return {"state": "started"} if variables.machine["role"] == "dom0" else {}


def _daemon(variables: Variables, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "enabled": True, **_started(variables)}
    if name == XENCOMMONS and variables.on("services_console_log"):
        found["variables"] = {"XENCONSOLED_TRACE": "guest"}
    return found


def daemons(variables: Variables) -> list[dict[str, Any]]:
    """The release's daemons in the order in which they start."""
    names = [service.name for service in _release(variables).services if service.name not in (XENDOMAINS, WATCHDOG)]
    return [_daemon(variables, name) for name in names]


def xendomains(variables: Variables) -> dict[str, Any]:
    """It has no YES or NO: its variable is the list of guests itself."""
    guests, directory = variables["services_xendomains"], variables["services_config_dir"]
    return {
        "name": XENDOMAINS,
        "variables": {"xendomains": " ".join(str(guest) for guest in guests), "xendomains_config": f"{directory}/%s"},
    }


def watchdog(variables: Variables) -> list[dict[str, Any]]:
    """The watchdog, switched on or off, where the release has one."""
    if _release(variables).service(WATCHDOG) is None:
        return []
    wanted = variables.on("services_watchdog")
    return [{"name": WATCHDOG, "enabled": wanted, **(_started(variables) if wanted else {})}]


def services(variables: Variables) -> list[dict[str, Any]]:
    return [
        *daemons(variables),
        xendomains(variables),
        *watchdog(variables),
        *variables["services_extra"],
    ]


def settings(variables: Variables) -> dict[str, Any]:
    """What xl takes for granted. Its own default bridge, xenbr0, is none that NetBSD can have. Where dom0 got a fixed
    share of the memory, xl must not take more of it away for guests (xl.conf(5))."""
    found = {}
    declared = variables.get("bridge_bridges") or []
    absent = [bridge.get("name") for bridge in declared if bridge.get("state") == "absent"]
    bridges = [bridge.get("name") for bridge in declared if bridge.get("name") not in absent]
    if bridges and bridges[0]:
        found["vif.default.bridge"] = bridges[0]
    if variables.get("bootloader_dom0_memory"):
        found["autoballoon"] = "off"
    return {**found, **variables["services_xl_conf"]}


def _files(variables: Variables) -> list[str]:
    """In check mode: the scripts that role dom0 would have put into /etc/rc.d in this run."""
    return variables.changed_in_check("dom0_files_result")


TASKS = {
    "rc_service": Task(
        rc_service,
        "services",
        {"release": "services_xen_release", "services": services, "assume_files": _files},
    ),
    "xl_conf": Task(
        xl_conf,
        "services_xl_conf",
        {"settings": settings},
        when=lambda variables: _release(variables).toolstack == "xl",
    ),
}
