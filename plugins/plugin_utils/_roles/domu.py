# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role domu: what its tasks give to their modules. Pure."""

from __future__ import annotations

from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._resources.files import resource as system_files
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Task, Variables

# What guests of a system have unless domu_os_defaults or they themselves say otherwise.
OS_DEFAULTS = {"netbsd": {"kernel": "/home/xen/netbsd-XEN3_DOMU.gz", "root": "xbd0a"}}


def os_defaults(variables: Variables) -> dict[str, Any]:
    """The admin's over the role's, system by system and key by key. A key that is null takes a default away."""
    own = variables["domu_os_defaults"]
    return {system: _over(OS_DEFAULTS.get(system, {}), own.get(system, {})) for system in {**OS_DEFAULTS, **own}}


def _over(default: dict[str, Any], own: Any) -> Any:
    """A way of booting is taken as a whole, as a guest takes it: who has another does not inherit half of this one.
    What is no dictionary is left to the module, which refuses it."""
    if not isinstance(own, dict):
        return own
    unwanted: tuple[str, ...] = ()
    if own.get("bootloader") or own.get("type") == "hvm":
        unwanted = ("kernel", "root")
    elif "cmdline" in own:
        unwanted = ("root",)
    return {**{key: value for key, value in default.items() if key not in unwanted}, **own}


def _release(variables: Variables) -> str | None:
    return variables["domu_release"] or None


# In check mode: what this role's first task and the roles bridge and makedev would have brought in this run.


def _files(variables: Variables) -> list[str]:
    return variables.changed_in_check("domu_files_result")


def _bridges(variables: Variables) -> list[str]:
    bridges = variables.get("bridge_bridges") or []
    return [bridge.get("name") for bridge in bridges] if variables.on("ansible_check_mode") else []


def _vnd_units(variables: Variables) -> int:
    return variables.get("makedev_vnd_units", 0) if variables.on("ansible_check_mode") else 0


TASKS = {
    "system_files": Task(
        system_files,
        "domu_files",
        {"files": "domu_files"},
        when=lambda variables: bool(variables["domu_files"]),
    ),
    "domain": Task(
        domain,
        "guests",
        {
            "guests": "domu_guests",
            "host_name": "inventory_hostname",
            "release": _release,
            "config_dir": "domu_config_dir",
            "save_dir": "domu_save_dir",
            "os_defaults": os_defaults,
            "restart_policy": "domu_restart_policy",
            "shutdown_timeout": "domu_shutdown_timeout",
            "destroy_after": "domu_destroy_after",
            "remove_disks": "domu_remove_disks",
            "detach_devices": "domu_detach_devices",
            "start_delay": "domu_start_delay",
            "secrets": "domu_secrets",
            # A check goes on where the roles before this one would have brought Xen up.
            "assume_dom0": lambda variables: variables.on("ansible_check_mode"),
            "assume_files": _files,
            "assume_bridges": _bridges,
            "assume_vnd_units": _vnd_units,
        },
    ),
}
