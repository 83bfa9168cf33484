# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role domu: what its tasks give to their modules. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest import solaris
from ansible_collections.netbsd.xen.plugins.module_utils._formats.install import netbsd_release
from ansible_collections.netbsd.xen.plugins.module_utils._resources.files import resource as system_files
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import resource as guest_system
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Sources, Task, Variables

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
    installed = variables.changed_in_check("domu_systems_result")
    guests = [guest for guest in variables["domu_guests"] if installed and guest.get("name") in installed]
    return [*variables.changed_in_check("domu_files_result"), *(path for guest in guests for path in _brought(guest))]


def _brought(guest: dict[str, Any]) -> list[str]:
    """The files of dom0 that an installation brings: a release's kernel, or what a tree or an image says."""
    install = guest.get("install")
    boots = netbsd_release.boots(install, str(guest.get("os")), str(guest.get("type", "pv")))
    by_method = {
        "tree": [guest.get("kernel"), guest.get("ramdisk")],
        "packages": [guest.get("kernel")],
        "image": [_value(install, "seed")],
        solaris.METHOD: [guest.get("kernel"), guest.get("ramdisk")],
    }
    named = by_method.get(str(_value(install, "method")), [boots.get("kernel")])
    return [str(path) for path in named if path]


def _value(install: Any, key: str) -> Any:
    return install.get(key) if isinstance(install, dict) else None


def _installs(variables: Variables) -> bool:
    """Whether any guest is to get a system."""
    return any(isinstance(guest, dict) and guest.get("install") for guest in variables["domu_guests"])


def _cares(variables: Variables) -> bool:
    """Whether any guest is to get a system, or may have left what was noted about the one that it had."""
    gone = any(isinstance(guest, dict) and guest.get("state") == "absent" for guest in variables["domu_guests"])
    return gone or _installs(variables)


def _waiting(variables: Variables) -> dict[str, str]:
    """The guests that did not get their system, with the reasons. Their failure is told behind the others."""
    failures = (variables.get("domu_systems_result") or {}).get("failures") or []
    return {failure["thing"]: failure["msg"].rstrip(".") for failure in failures}


def _told(variables: Variables, key: str) -> Any:
    """What the guests' systems have told beside what was done to them."""
    return (variables.get("domu_systems_result") or {}).get(key)


def _guests(variables: Variables) -> list[Any]:
    """The guests, each with what its installation has found that it boots, where it does not say itself."""
    boots = _told(variables, "boots") or {}
    return [
        {**guest, "cmdline": boots[guest.get("name")]} if _asks_to_be_told(guest, boots) else guest
        for guest in variables["domu_guests"]
    ]


def _asks_to_be_told(guest: Any, boots: Mapping[str, Any]) -> bool:
    return _by_a_person(guest) and guest.get("name") in boots and not _says_what_boots(guest)


def _by_a_person(guest: Any) -> bool:
    return isinstance(guest, dict) and _value(guest.get("install"), "method") == solaris.METHOD


def _says_what_boots(guest: dict[str, Any]) -> bool:
    return any(guest.get(key) is not None for key in ("cmdline", "extra", "root"))


def _installing(variables: Variables) -> list[str]:
    """The guests that a person installs, and those of which only that would tell what they boot."""
    boots, running = _told(variables, "boots") or {}, _told(variables, "installing") or []
    return [
        str(guest.get("name"))
        for guest in variables["domu_guests"]
        if _by_a_person(guest)
        and (guest.get("name") in running or (guest.get("name") not in boots and not _says_what_boots(guest)))
    ]


def _logging_in(variables: Variables) -> list[Any]:
    """The guests whose logins are looked for: at a guest that is just being installed was looked already."""
    running = _told(variables, "installing") or []
    return [guest for guest in variables["domu_guests"] if not (_by_a_person(guest) and guest.get("name") in running)]


def _missing_files(variables: Variables) -> dict[str, str]:
    """The files that this role's first task could not get, with the reasons. Its failure is told behind the guests."""
    failures = (variables.get("domu_files_result") or {}).get("failures") or []
    return {failure["thing"]: failure["msg"].rstrip(".") for failure in failures}


def _bridges(variables: Variables) -> list[str]:
    bridges = variables.get("bridge_bridges") or []
    return [bridge.get("name") for bridge in bridges] if variables.on("ansible_check_mode") else []


def _vnd_units(variables: Variables) -> int:
    return variables.get("makedev_vnd_units", 0) if variables.on("ansible_check_mode") else 0


SYSTEMS: Sources = {
    "guests": "domu_guests",
    "host_name": "inventory_hostname",
    "install_source": lambda variables: variables["domu_install_source"] or None,
    "install_remote_src": "domu_install_remote_src",
    "install_keyring": lambda variables: variables["domu_install_keyring"] or None,
    "install_pkg_path": lambda variables: variables["domu_install_pkg_path"] or None,
    "release": _release,
    "config_dir": "domu_config_dir",
    "save_dir": "domu_save_dir",
    "os_defaults": os_defaults,
    "assume_dom0": lambda variables: variables.on("ansible_check_mode"),
}
TASKS = {
    "system_files": Task(
        system_files,
        "domu_files",
        {"files": "domu_files"},
        when=lambda variables: bool(variables["domu_files"]),
        register="domu_files_result",
        # A file that can't be had holds up the guests that need it and no other.
        goes_on=True,
    ),
    "guest_system": Task(
        guest_system,
        "guests",
        SYSTEMS,
        when=_cares,
        register="domu_systems_result",
        # A guest that can't have its system is not started, and no other is held up.
        goes_on=True,
    ),
    "domain": Task(
        domain,
        "guests",
        {
            "guests": _guests,
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
            # The role is given all guests of the machine.
            "report_undeclared": lambda variables: True,
            "secrets": "domu_secrets",
            # A check goes on where the roles before this one would have brought Xen up.
            "assume_dom0": lambda variables: variables.on("ansible_check_mode"),
            "assume_files": _files,
            "assume_bridges": _bridges,
            "assume_vnd_units": _vnd_units,
            "missing_files": _missing_files,
            "waiting": _waiting,
            "installing": _installing,
        },
    ),
    # Behind the starts: what a check would have to see is a login to a guest that it has not started.
    "guest_logins": Task(
        guest_system,
        "guests",
        {**SYSTEMS, "guests": _logging_in},
        when=lambda variables: _installs(variables) and not variables.on("ansible_check_mode"),
        register="domu_logins_result",
    ),
}
