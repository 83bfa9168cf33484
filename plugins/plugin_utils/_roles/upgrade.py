# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role upgrade: from the Xen that runs to another one. What is in the way, what is to be done, and what its tasks give
to their modules. Pure.

Wherever a run ends, the next one goes on from what the machine is.
"""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._change import HOST_REBOOT, above
from ansible_collections.netbsd.xen.plugins.module_utils._resources import kernfs
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot.loaders import LOADERS
from ansible_collections.netbsd.xen.plugins.module_utils._resources.files import resource as system_files
from ansible_collections.netbsd.xen.plugins.module_utils._resources.packages import resource as xen_packages
from ansible_collections.netbsd.xen.plugins.module_utils._resources.reboot import target
from ansible_collections.netbsd.xen.plugins.module_utils._resources.services import resource as rc_service
from ansible_collections.netbsd.xen.plugins.plugin_utils._release_names import row
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import bootloader, dom0
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import (
    LIMIT,
    MACHINE,
    Sources,
    Task,
    Variables,
    constant,
)

NOTHING_DONE = "Nothing was done."
_TOOLS = re.compile(r"xentools[0-9]+")
_WATCHDOG = "xenwatchdog"


# -- what the machine is -----------------------------------------------------------------------------------------------


def running(variables: Variables) -> str:
    """The release that runs, empty for none, and for one that nothing tells."""
    return (variables.machine.get("hypervisor") or {}).get("release") or ""


def _is_dom0(variables: Variables) -> bool:
    return bool(variables.machine["role"] == "dom0")


def _boots(variables: Variables) -> dict[str, Any]:
    """What the default entry of the boot menu boots."""
    return (variables.machine.get("hypervisor") or {}).get("boots") or {}


def _default_is_new(variables: Variables) -> bool:
    """Somebody booted the old Xen past a default that is the new one: a trial that did not come up, or a way back."""
    installed = (variables.machine.get("hypervisor") or {}).get("installed") or {}
    return bool(_boots(variables).get("from_package")) and installed.get("release") == variables["dom0_xen_release"]


def _old_hypervisor(variables: Variables) -> str:
    return _boots(variables).get("file") or f"/xen-{running(variables)}.gz"


def _old_kernel(variables: Variables) -> str:
    """On i386 another release can need another kernel (PAE); else both boot the same."""
    old = dom0.dom0_kernels(row(running(variables))).get(dom0.processor(variables), "XEN3_DOM0")
    new = dom0.kernel_config(dom0.wanted(variables), variables)
    return variables["dom0_kernel_path"] if old == new else f"/netbsd-{old}.gz"


# -- what is to be done ------------------------------------------------------------------------------------------------


def is_trial(variables: Variables) -> bool:
    """Whether another Xen runs than the wanted one."""
    return running(variables) not in ("", variables["dom0_xen_release"])


def exchanges(variables: Variables) -> bool:
    """Whether the tools are to be exchanged, under a hypervisor that is the wanted one or none."""
    return not is_trial(variables) and (_has_tools_of_others(variables) or is_exchanged(variables))


def _has_tools_of_others(variables: Variables) -> bool:
    tools = [name for name in variables[MACHINE]["packages"] if _TOOLS.fullmatch(name)]
    return any(name != dom0.wanted(variables).tools_package for name in tools)


def is_exchanged(variables: Variables) -> bool:
    """Whether the tools were installed after the boot, or are not there between the old and the new ones: an earlier
    run got no further than that."""
    if (variables.machine.get("toolstack") or {}).get("exchanged"):
        return True
    return _is_dom0(variables) and dom0.wanted(variables).tools_package not in variables[MACHINE]["packages"]


def boots_once(variables: Variables) -> bool:
    return LOADERS[dom0.loader(variables)].boots_once


def trial_entry(variables: Variables) -> str:
    return f"Xen {variables['dom0_xen_release']}"


def old_entry(variables: Variables) -> str:
    return f"Xen {running(variables)}"


def trial_entries(variables: Variables) -> list[dict[str, Any]]:
    """An entry for the trial, and one for the Xen that runs. Where the default does not say what the old Xen boots
    from, its entry of an earlier run is left as it is."""
    trial = bootloader.xen_entry(variables, trial_entry(variables))
    if _default_is_new(variables):
        return [trial]
    old = {"kernel": _old_kernel(variables), "hypervisor": _old_hypervisor(variables)}
    return [trial, bootloader.xen_entry(variables, old_entry(variables), **old)]


# -- what is in the way ------------------------------------------------------------------------------------------------


def trial_obstacle(variables: Variables) -> str:
    """Why the new hypervisor can't be tried, empty for nothing."""
    return limit_obstacle(variables) or _no_way_back(variables) or _one_directory(variables) or _one_file(variables)


def limit_obstacle(variables: Variables) -> str:
    """Why nobody may go to another Xen at all: it takes a reboot or two."""
    limit = variables.get(LIMIT) or HOST_REBOOT
    if not above(HOST_REBOOT, limit):
        return ""
    return (
        f"{LIMIT} is {limit}, and without a reboot {variables['inventory_hostname']} can't come to another Xen. Leave "
        f"it out for this playbook, or set it to {HOST_REBOOT}. {NOTHING_DONE}"
    )


def _no_way_back(variables: Variables) -> str:
    if boots_once(variables) or variables.on("upgrade_without_fallback"):
        return ""
    return (
        f"{variables['inventory_hostname']} boots with NetBSD's own loader, which can't boot an entry just once: it "
        "has no such command, and a dom0 can't set the firmware's BootNext. If Xen "
        f"{variables['dom0_xen_release']} does not come up, the machine stays down until somebody chooses the entry "
        f"{old_entry(variables)} or NetBSD at its console. If that can be done, set upgrade_without_fallback: true. "
        f"With GRUB (bootloader_loader: grub or grub2) a failed trial needs nobody. {NOTHING_DONE}"
    )


def _one_directory(variables: Variables) -> str:
    if row(running(variables)).hypervisor != dom0.wanted(variables).hypervisor:
        return ""
    return (
        f"The packages of Xen {running(variables)} and {variables['dom0_xen_release']} lie in one directory, so the "
        "new one can't be tried while the old one is there. Go by way of another release, for example 4.1, with two "
        f"runs of this playbook. {NOTHING_DONE}"
    )


def _one_file(variables: Variables) -> str:
    if _default_is_new(variables) or _old_hypervisor(variables) != variables["dom0_hypervisor_path"]:
        return ""
    return (
        f"The default entry of {variables['inventory_hostname']}'s boot menu boots "
        f"{variables['dom0_hypervisor_path']}, and the new hypervisor would take its place, so that Xen "
        f"{running(variables)} could not be booted again. Set dom0_hypervisor_path to a file of the new release's own, "
        f"as /xen-{variables['dom0_xen_release']}.gz. {NOTHING_DONE}"
    )


def tools_obstacle(variables: Variables) -> str:
    """Why the tools can't be exchanged, empty for nothing."""
    if running(variables) or not _is_dom0(variables):
        return limit_obstacle(variables)
    return (
        f"{variables['inventory_hostname']} is a dom0, and neither its tools nor its kernel's messages tell of which "
        f"Xen. So it can't be told whether Xen {variables['dom0_xen_release']} was tried. Start the daemons of its "
        f"tools, or reboot it, and run this again. {NOTHING_DONE}"
    )


# -- how a trial ended -------------------------------------------------------------------------------------------------


def _failed(variables: Variables) -> dict[str, Any]:
    return variables.get("ansible_failed_result") or {}


def is_silent(variables: Variables) -> bool:
    """Whether it was rebooted and did not answer again."""
    return (_failed(variables).get("ran") or {}).get("after", "") is None


def failure(variables: Variables) -> str:
    """What is said of a trial that failed."""
    words = [_failed(variables).get("msg", "The trial failed.")]
    if is_silent(variables):
        words.append(_at_the_console(variables))
    words.append(
        f"Xen {variables['dom0_xen_release']} is not in use on {variables['inventory_hostname']}, and its tools were "
        f"not exchanged. The entry {trial_entry(variables)} stays in the menu; what the hypervisor said is on the "
        "console only. To have the guests back, run netbsd.xen.site with the release from before (dom0_xen_release: "
        f"{running(variables)})."
    )
    return " ".join(words)


def _at_the_console(variables: Variables) -> str:
    if boots_once(variables):
        return f"Reset it: the entry {variables.get('bootloader_default', 'Xen')} is still the default."
    return (
        f"Reset it and choose the entry {old_entry(variables)} at its console; until the next run the default is the "
        "trial."
    )


# -- files and services ------------------------------------------------------------------------------------------------


def _trial_files(variables: Variables) -> list[dict[str, Any]]:
    """One thing at a time: a dom0 kernel that the old entry boots too is left as it is until the new hypervisor is
    proven."""
    resources = (variables[MACHINE].get("snapshot") or {}).get("resources") or {}
    on_root = (resources.get("boot_cfg") or {}).get("files") or []
    has_kernel = variables["dom0_kernel_path"] in on_root
    return [dom0.hypervisor(variables), *([] if has_kernel else [dom0.kernel(variables)])]


def _tools_files(variables: Variables) -> list[dict[str, Any]]:
    return [dom0.hypervisor(variables), *dom0.rc_scripts(dom0.wanted(variables))]


def _packages_files(variables: Variables) -> list[str]:
    return dom0.packages_files(variables, "upgrade_packages_result")


def _daemons(variables: Variables) -> list[dict[str, Any]]:
    """The switches of the new release's daemons, with the first of them, which is what starts xenstored. The watchdog's
    is there too, because one that says neither yes nor no is warned of at each boot."""
    services = [service for service in dom0.wanted(variables).services if service.variable]
    daemons = [service for service in services if service.variable != _WATCHDOG]
    switches = {service.variable: "YES" for service in daemons}
    if len(services) > len(daemons):
        switches[_WATCHDOG] = "YES" if variables.on("services_watchdog") else "NO"
    return [{"name": daemons[0].name, "variables": switches}]


def _scripts(variables: Variables) -> list[str]:
    return [script["dest"] for script in dom0.rc_scripts(dom0.wanted(variables))]


# -- tasks -------------------------------------------------------------------------------------------------------------

_REBOOT: Sources = {
    "release": "dom0_xen_release",
    "assume_ready": bootloader.in_check,
    "reboot": constant(True),
    "timeout": "bootloader_reboot_timeout",
    "guest_timeout": "bootloader_guest_timeout",
    "loader": dom0.loader,
}
TASKS = {
    # Without it nobody can ask the guests to end. Somebody, or a power cut, may have taken it from /etc/fstab.
    "kernfs": Task(
        kernfs,
        "upgrade",
        {"mount_point": constant("/kern")},
        when=lambda variables: is_trial(variables) or exchanges(variables),
    ),
    "preflight": dom0.PREFLIGHT,
    "hypervisor_package": Task(
        xen_packages,
        "upgrade",
        {**dom0.PACKAGES, "parts": constant(["kernel"])},
        register="upgrade_packages_result",
    ),
    "trial_files": Task(
        system_files,
        "upgrade",
        {"files": _trial_files, "assume_files": _packages_files},
        register="upgrade_files_result",
    ),
    # The tools are still those of the old release, so xenstored need not live.
    "trial_reboot": Task(
        target,
        "upgrade",
        {
            **_REBOOT,
            "xenstore": constant(False),
            "once": lambda variables: trial_entry(variables) if boots_once(variables) else None,
        },
    ),
    "daemons": Task(
        rc_service, "upgrade", {"release": "dom0_xen_release", "services": _daemons, "assume_files": _scripts}
    ),
    "tools_package": Task(
        xen_packages,
        "upgrade",
        {**dom0.PACKAGES, "hvm": "dom0_hvm", "replace_tools": constant(True)},
        register="upgrade_packages_result",
    ),
    "tools_files": Task(system_files, "upgrade", {"files": _tools_files, "assume_files": _packages_files}),
    # xenstored can't be exchanged while the machine is up. Where no Xen runs, netbsd.xen.site boots it.
    "tools_reboot": Task(target, "upgrade", {**_REBOOT, "force": constant(True)}, when=_is_dom0),
}
VALUES = {
    "boots_once": boots_once,
    "exchanges": exchanges,
    "failure": failure,
    "is_silent": is_silent,
    "is_trial": is_trial,
    "limit_obstacle": limit_obstacle,
    "tools_obstacle": tools_obstacle,
    "trial_entries": trial_entries,
    "trial_entry": trial_entry,
    "trial_obstacle": trial_obstacle,
    "without_fallback": lambda variables: variables.get("dom0_upgrade_without_fallback", False),
}
