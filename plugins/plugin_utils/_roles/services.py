# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role services: which of them a machine has, what xl takes for granted, and what the tasks give to their modules.
Pure."""

from __future__ import annotations

from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._releases import Release
from ansible_collections.netbsd.xen.plugins.module_utils._resources import dom0_weight, xl_conf
from ansible_collections.netbsd.xen.plugins.module_utils._resources.services import resource as rc_service
from ansible_collections.netbsd.xen.plugins.plugin_utils._release_names import row
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.listed import xendomains_order
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Task, Variables

XENCOMMONS, XENDOMAINS, WATCHDOG = "xencommons", "xendomains", "xen-watchdog"
XL_CONF = "/usr/pkg/etc/xen/xl.conf"


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


def _names(variables: Variables) -> list[str]:
    """The release's daemons in the order in which they start."""
    return [service.name for service in _release(variables).services if service.name not in (XENDOMAINS, WATCHDOG)]


def daemons(variables: Variables) -> list[dict[str, Any]]:
    return [_daemon(variables, name) for name in _names(variables)]


def guests_at_boot(variables: Variables) -> list[str]:
    """Those with autostart, in the order in which they start."""
    return xendomains_order(variables.get("domu_guests"), variables.get("domu_os_defaults"))


def xendomains(variables: Variables) -> dict[str, Any]:
    """It has no YES or NO: its variable is the list of guests itself. What nobody declares stays in that."""
    declared = [guest for guest in variables.get("domu_guests") or [] if isinstance(guest, dict)]
    return {
        "name": XENDOMAINS,
        "guests": {
            "autostart": variables["services_xendomains"],
            "declared": [str(guest["name"]) for guest in declared if guest.get("name")],
            "files": {str(guest["name"]): str(guest["config"]) for guest in declared if guest.get("config")},
            "config_dir": variables["services_config_dir"],
        },
    }


def xendomains_alone(variables: Variables) -> list[dict[str, Any]]:
    """The list of guests, and what it must not be without: with a list and nothing that starts xenstored, /etc/rc hangs
    under Xen."""
    enabled = [{"name": name, "enabled": True} for name in _names(variables)]
    return _managed([*enabled, xendomains(variables)], variables)


def _managed(found: list[dict[str, Any]], variables: Variables) -> list[dict[str, Any]]:
    """Without those that stay as they are."""
    return [each for each in found if each["name"] not in (variables.get("services_keep") or ())]


def watchdog(variables: Variables) -> list[dict[str, Any]]:
    """The watchdog, switched on or off, where the release has one."""
    if _release(variables).service(WATCHDOG) is None:
        return []
    wanted = variables.on("services_watchdog")
    return [{"name": WATCHDOG, "enabled": wanted, **(_started(variables) if wanted else {})}]


def services(variables: Variables) -> list[dict[str, Any]]:
    ours = [*daemons(variables), xendomains(variables), *watchdog(variables)]
    return [*_managed(ours, variables), *variables["services_extra"]]


def settings(variables: Variables) -> dict[str, Any]:
    """What xl takes for granted. Its own default bridge, xenbr0, is none that NetBSD can have. Where dom0 got a fixed
    share of the memory, xl must not take more of it away for guests (xl.conf(5))."""
    found = {}
    declared = variables.get("bridge_bridges") or []
    absent = [bridge.get("name") for bridge in declared if bridge.get("state") == "absent"]
    bridges = [bridge.get("name") for bridge in declared if bridge.get("name") not in absent]
    if bridges and bridges[0]:
        found["vif.default.bridge"] = bridges[0]
    # Role bootloader, whose default this one is, always says how much.
    if variables.get("bootloader_dom0_memory") or variables.get("bootloader_loader"):
        found["autoballoon"] = "off"
    return {**found, **variables["services_xl_conf"]}


def _files(variables: Variables) -> list[str]:
    """In check mode: the scripts that role dom0 would have put into /etc/rc.d in this run."""
    return variables.changed_in_check("dom0_files_result")


def _xl_conf(variables: Variables) -> list[str]:
    """In check mode: the file of the tools' package, if role dom0 would have put packages in order."""
    return [XL_CONF] if variables.changed_in_check("dom0_packages_result") else []


TASKS = {
    "rc_service": Task(
        rc_service,
        "services",
        {"release": "services_xen_release", "services": services, "assume_files": _files},
    ),
    "xendomains": Task(
        rc_service,
        "services",
        {"release": "services_xen_release", "services": xendomains_alone, "assume_files": _files},
    ),
    "xl_conf": Task(
        xl_conf,
        "services_xl_conf",
        {"settings": settings, "assume_files": _xl_conf},
        when=lambda variables: _release(variables).toolstack == "xl",
    ),
    "dom0_weight": Task(
        dom0_weight,
        "services_dom0_weight",
        {
            "release": "services_xen_release",
            "weight": "services_dom0_weight",
            # A check goes on where the daemons would have been started.
            "assume_dom0": lambda variables: variables.on("ansible_check_mode"),
        },
    ),
}
VALUES = {"guests_at_boot": guests_at_boot}
