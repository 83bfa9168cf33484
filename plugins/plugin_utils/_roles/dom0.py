# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role dom0: which kernel from where, which files, and what its tasks give to their modules. Pure."""

from __future__ import annotations

from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._releases import Release
from ansible_collections.netbsd.xen.plugins.module_utils._resources import kernfs, tool_scripts
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot.loaders import BOOT_CFG, LOADERS
from ansible_collections.netbsd.xen.plugins.module_utils._resources.files import resource as system_files
from ansible_collections.netbsd.xen.plugins.module_utils._resources.packages import resource as xen_packages
from ansible_collections.netbsd.xen.plugins.module_utils._resources.preflight import resource as preflight
from ansible_collections.netbsd.xen.plugins.plugin_utils._release_names import row
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import boot_lines
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Sources, Task, Variables, constant

# Older releases of NetBSD are on the archive only, and their ftp(1) can't do https.
MIRROR = "https://cdn.NetBSD.org/pub/NetBSD"
ARCHIVE = "http://archive.NetBSD.org/pub/NetBSD-archive"
OLDEST_ON_MIRROR = 9
# pkgsrc's own packages. A directory for each architecture and release, by the first two numbers of NetBSD, and none for
# current, whose second number is 99 (cdn.NetBSD.org/pub/pkgsrc/packages/NetBSD).
PACKAGES_MIRROR = "https://cdn.NetBSD.org/pub/pkgsrc/packages/NetBSD"
CURRENT = "99"
# From then on amd64's sets are .tar.xz.
OLDEST_WITH_XZ = 9
# Where pkgsrc installs the scripts, and where rc(8) looks for them (pkgsrc mk/pkginstall/bsd.pkginstall.mk).
PACKAGED_SCRIPTS = "/usr/pkg/share/examples/rc.d"
SYSTEM_SCRIPTS = "/etc/rc.d"
# Where a row names no platforms, NetBSD's two with Xen are taken to be possible.
PROCESSORS = ("i386", "x86_64")
READ_ONLY = "0444"


def wanted(variables: Variables) -> Release:
    return row(variables["dom0_xen_release"])


# -- the dom0 kernel ---------------------------------------------------------------------------------------------------


def mirror(variables: Variables) -> str:
    return ARCHIVE if _netbsd(variables) < OLDEST_ON_MIRROR else MIRROR


def _netbsd(variables: Variables) -> int:
    """NetBSD's first number."""
    return int(variables.machine["release"].split(".")[0])


def dom0_kernels(release: Release) -> dict[str, str]:
    """The configurations of the dom0 kernel, by the machine's architecture as ``uname -p`` tells it."""
    return {processor: release.dom0_kernel(processor) for processor in release.platforms or PROCESSORS}


def kernel_config(release: Release, variables: Variables) -> str:
    """A release whose packages are for one kind of machine does not ask the machine."""
    configs = set(dom0_kernels(release).values())
    return configs.pop() if len(configs) == 1 else release.dom0_kernel(processor(variables))


def processor(variables: Variables) -> str:
    """``uname -p`` of the machine."""
    machine = variables.machine
    found: str = machine.get("processor", {"amd64": "x86_64"}.get(machine["machine"], machine["machine"]))
    return found


def has_own_tools(variables: Variables) -> bool:
    """Whether Xen came by other means than packages."""
    return bool(variables["dom0_package_source"] == xen_packages.NONE)


def kernel_source(variables: Variables) -> str:
    """The kernel of the machine's own release on the mirror; none where Xen came by other means."""
    return "" if has_own_tools(variables) else _on_mirror(variables)


def _on_mirror(variables: Variables) -> str:
    machine = variables.machine
    config = kernel_config(wanted(variables), variables)
    file = f"kernel/netbsd-{config}.gz"
    if variables["dom0_kernel_member"]:
        has_xz = machine["machine"] == "amd64" and _netbsd(variables) >= OLDEST_WITH_XZ
        file = f"sets/kern-{config}.{'tar.xz' if has_xz else 'tgz'}"
    return f"{variables['dom0_mirror']}/NetBSD-{machine['release']}/{machine['machine']}/binary/{file}"


def kernel_sums(variables: Variables) -> str:
    """The mirror's sums, for a kernel of the mirror only."""
    source = _on_mirror(variables)
    return f"{source.rpartition('/')[0]}/SHA512" if variables["dom0_kernel_source"] == source else ""


def kernel_path(variables: Variables) -> str:
    config = kernel_config(wanted(variables), variables)
    return f"/netbsd-{config}" if variables["dom0_kernel_member"] else f"/netbsd-{config}.gz"


# -- packages ---------------------------------------------------------------------------------------------------------


def packages_at(machine: str, release: str) -> str:
    """Where pkgsrc's packages for a machine are, by its ``uname -m`` and ``uname -r``; empty where there are none. A
    release may carry a word (10.1_STABLE, 11.0_BETA) and a third number, which change nothing."""
    first, second = release.partition("_")[0].split(".")[:2]
    return "" if second == CURRENT else f"{PACKAGES_MIRROR}/{machine}/{first}.{second}/All"


def pkg_repository(variables: Variables) -> str:
    """As role bootstrap has it, whose one command works out the same. Without that role the machine's own is taken."""
    given = variables.get("bootstrap_pkg_path")
    if given is None or given:
        return given or ""
    return packages_at(variables.machine["machine"], variables.machine["release"])


# -- files -------------------------------------------------------------------------------------------------------------


def debug_hypervisor_path(path: str) -> str:
    """Where the hypervisor that checks itself is, beside the other on the root file system."""
    return f"{path[:-3]}-debug.gz" if path.endswith(".gz") else f"{path}-debug"


def hypervisor(variables: Variables) -> dict[str, Any]:
    return _kept(wanted(variables).hypervisor, variables["dom0_hypervisor_path"])


def kernel(variables: Variables) -> dict[str, Any]:
    return {
        **_kept(variables["dom0_kernel_source"], variables["dom0_kernel_path"]),
        "member": variables["dom0_kernel_member"],
        "sha512": variables["dom0_kernel_sha512"],
        "sums": variables["dom0_kernel_sums"],
    }


def rc_scripts(release: Release) -> list[dict[str, Any]]:
    """The rc.d scripts of the tools, as files."""
    return [
        {
            "src": f"{PACKAGED_SCRIPTS}/{script}",
            "dest": f"{SYSTEM_SCRIPTS}/{script}",
            "mode": "0755",
            "keep_previous": False,  # rc(8) would run a copy that lies beside it
        }
        for script in release.rc_scripts
    ]


def files(variables: Variables) -> list[dict[str, Any]]:
    """All that role dom0 puts on the root file system."""
    if has_own_tools(variables):
        return [kernel(variables)] if variables["dom0_kernel_source"] else []
    release, path = wanted(variables), variables["dom0_hypervisor_path"]
    debug = [_kept(release.debug_hypervisor, debug_hypervisor_path(path))]
    return [
        hypervisor(variables),
        *(debug if variables.on("dom0_debug_hypervisor") else []),
        kernel(variables),
        *rc_scripts(release),
    ]


def _kept(src: str, dest: str) -> dict[str, Any]:
    """A file whose earlier content stays beside it."""
    return {"src": src, "dest": dest, "mode": READ_ONLY, "keep_previous": True}


def packages_files(variables: Variables, result: str = "dom0_packages_result") -> list[str]:
    """In check mode: the files that the packages would have brought, if the result says that they were not there."""
    if not variables.on("ansible_check_mode") or not (variables.get(result) or {}).get("changed"):
        return []
    release = wanted(variables)
    return [release.hypervisor, release.debug_hypervisor, *(script["src"] for script in rc_scripts(release))]


# -- guests and loader -------------------------------------------------------------------------------------------------


def _guests_types(variables: Variables) -> list[str]:
    """What the declared guests are, with what their kind of system gives them. What is no guest is left to those who
    check it."""
    guests = [guest for guest in variables.get("domu_guests") or [] if isinstance(guest, dict)]
    systems = {guest["os"] for guest in guests if "type" not in guest and "os" in guest}
    defaults = variables.get("domu_os_defaults") or {}
    given = [defaults[system] for system in defaults if system in systems and isinstance(defaults[system], dict)]
    types = [each["type"] for each in (*guests, *given) if "type" in each]
    return list(dict.fromkeys(types))


def has_hvm(variables: Variables) -> bool:
    """Whether one of the declared guests is fully virtualized."""
    return "hvm" in _guests_types(variables)


def guest_types(variables: Variables) -> list[str]:
    types = _guests_types(variables) + (["hvm"] if variables.on("dom0_hvm") else [])
    return list(dict.fromkeys(types)) or ["pv"]


def loader(variables: Variables) -> str:
    name: str = variables.get("bootloader_loader", BOOT_CFG.name)
    return name


def _loader_package(variables: Variables) -> str | None:
    """Only whoever lets a loader be installed on the disk needs its package."""
    package = LOADERS[loader(variables)].package
    return package if package and variables.on("bootloader_install") else None


def _disk_packages(variables: Variables) -> list[str]:
    """Where no guest of this machine is made of a tree or of packages, nobody needs a program for its disk."""
    guests = [guest for guest in variables.get("domu_guests") or [] if isinstance(guest, dict)]
    installs = [guest.get("install") for guest in guests if guest.get("state") != "absent"]
    methods = {install.get("method") for install in installs if isinstance(install, dict)}
    return list(xen_packages.DISK_PACKAGES) if methods & {"tree", "packages"} else []


def _boot_files(variables: Variables) -> list[str]:
    return [variables["dom0_hypervisor_path"], variables["dom0_kernel_path"]]


def _kernel_args(variables: Variables) -> str:
    return " ".join(boot_lines.declared(variables).kernel)


def _hypervisor_args(variables: Variables) -> str:
    return " ".join(boot_lines.declared(variables).hypervisor)


def _disk(variables: Variables) -> str | None:
    """The disk that gets boot blocks."""
    disk: str | None = variables.get("bootloader_disk")
    return disk if variables.on("bootloader_install") else None


def _menu(variables: Variables) -> str | None:
    path: str | None = variables.get("bootloader_path")
    return path


# -- tasks -------------------------------------------------------------------------------------------------------------

PREFLIGHT = Task(
    preflight,
    "dom0",
    {
        "release": "dom0_xen_release",
        "guest_types": guest_types,
        "loader": loader,
        "native_kernel": "dom0_native_kernel",
        "boot_files": _boot_files,
        "kernel_args": _kernel_args,
        "hypervisor_args": _hypervisor_args,
        "disk": _disk,
        "menu": _menu,
    },
)
PACKAGES: Sources = {
    "release": "dom0_xen_release",
    "source": "dom0_package_source",
    "repository": "dom0_pkg_repository",
    "pkgsrc_dir": "dom0_pkgsrc_dir",
}
TASKS = {
    "preflight": PREFLIGHT,
    "xen_packages": Task(
        xen_packages,
        "dom0 packages",
        {**PACKAGES, "hvm": "dom0_hvm", "loader_package": _loader_package, "disk_packages": _disk_packages},
        register="dom0_packages_result",
    ),
    "system_files": Task(
        system_files,
        "dom0 kernel and hypervisor",
        {"files": files, "assume_files": packages_files},
        register="dom0_files_result",
    ),
    "tool_scripts": Task(tool_scripts, "dom0", {"release": "dom0_xen_release"}),
    "kernfs": Task(kernfs, "dom0", {"mount_point": constant("/kern")}),
}
VALUES = {
    "hvm": has_hvm,
    "kernel_path": kernel_path,
    "kernel_source": kernel_source,
    "kernel_sums": kernel_sums,
    "mirror": mirror,
    "pkg_repository": pkg_repository,
}
