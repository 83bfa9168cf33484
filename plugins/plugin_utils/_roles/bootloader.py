# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role bootloader: the boot menu that is made of its variables, and what its tasks give to their modules. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Dict

from ansible_collections.netbsd.xen.plugins.module_utils._resources import ttys
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot import (
    boot_blocks,
    boot_cfg,
    grub_menu,
)
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot.loaders import GRUB, LOADERS, OF_GRUB_MENU
from ansible_collections.netbsd.xen.plugins.module_utils._resources.reboot import target
from ansible_collections.netbsd.xen.plugins.plugin_utils._release_names import row
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import boot_lines, dom0
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Sources, Task, Variables, constant

Entry = Dict[str, Any]  # as the modules' option entries takes it
NETBSD = {"name": "NetBSD"}
CHAINLOADER = "chainloader +1"
CHAIN = ["root (hd0,a)", CHAINLOADER]
_KERNEL_CONFIG = re.compile(r"XEN3(PAE)?_DOM0")


def hypervisor(variables: Variables) -> str:
    """The file of role dom0, under its usual name where that role is in no play."""
    path: str = variables.get("dom0_hypervisor_path") or f"/xen-{variables['bootloader_xen_release']}.gz"
    return path


def _console(variables: Variables) -> str | None:
    """The loader's own console, left alone where none is declared."""
    return boot_lines.device(boot_lines.ports(variables)[0]) if variables.get("bootloader_console") else None


# -- entries -----------------------------------------------------------------------------------------------------------


def xen_entry(variables: Variables, name: str, **other: Any) -> Entry:
    """An entry that boots Xen on the usual console, and what is ``other`` in it. NetBSD's loader boots the native
    kernel by itself if the hypervisor is missing; GRUB goes on to a native entry."""
    return _xen_entry(variables, name, boot_lines.ports(variables)[0], **other)


def _xen_entry(variables: Variables, name: str, port: int | None, **other: Any) -> Entry:
    entry: Entry = {
        "name": name,
        "kernel": variables["bootloader_dom0_kernel"],
        "args": boot_lines.dom0_args(variables, port),
        "hypervisor": variables["bootloader_hypervisor"],
        "hypervisor_args": boot_lines.xen_args(variables, port),
    }
    adopted = boot_lines.adopted(variables)
    if adopted:
        entry["adopt"] = adopted
    if _is_netbsds(variables):
        entry.update(fallback=variables["bootloader_native_kernel"], **_own_console(variables, port))
    return {**entry, **other}


def _own_console(variables: Variables, port: int | None) -> Entry:
    """What a native kernel is told, where a serial console is declared."""
    return {} if boot_lines.ports(variables) == [None] else {"console": boot_lines.device(port)}


def _of_screen(name: str, port: int | None, ports: list[int | None]) -> str:
    """The name of an entry's twin for the screen."""
    return f"{name}, VGA" if port is None and len(ports) > 1 else name


def _xen_entries(variables: Variables, name: str, **other: Any) -> list[Entry]:
    """An entry, and its twin if there are two consoles."""
    ports = boot_lines.ports(variables)
    return [_xen_entry(variables, _of_screen(name, port, ports), port, **other) for port in ports]


def _older_entries(variables: Variables) -> list[Entry]:
    """What was there before the last change of a file, and the release before; there only while their files are."""
    kernel, hypervisor = variables["bootloader_dom0_kernel"], variables["bootloader_hypervisor"]
    others = [
        ("Xen, kernel before the last update", {"kernel": f"{kernel}.old"}),
        ("Xen, hypervisor before the last update", {"hypervisor": f"{hypervisor}.old"}),
        ("Xen, debug hypervisor", {"hypervisor": dom0.debug_hypervisor_path(hypervisor)}),
    ]
    if variables["bootloader_previous_hypervisor"]:
        others.append(("Xen, release before", {"hypervisor": variables["bootloader_previous_hypervisor"]}))
    return [entry for name, other in others for entry in _xen_entries(variables, name, optional=True, **other)]


def _native_entries(variables: Variables) -> list[Entry]:
    """The native kernel, with a twin where the loader can tell it its console, and single user."""
    kernel, ports = variables["bootloader_native_kernel"], boot_lines.ports(variables)
    tells = variables["bootloader_loader"] != GRUB.name or _native_is_chained(variables)
    entries = [
        {**NETBSD, "name": _of_screen(NETBSD["name"], port, ports), "kernel": kernel, **_own_console(variables, port)}
        for port in (ports if tells else ports[:1])
    ]
    single = {"name": "NetBSD, single user", "kernel": kernel, "args": "-s", **_own_console(variables, ports[0])}
    return [*entries, single]


def _native_is_chained(variables: Variables) -> bool:
    """GRUB legacy loads no kernel of 64 bits: there NetBSD's own loader boots it, with the menu in its /boot.cfg."""
    return variables["bootloader_loader"] == GRUB.name and variables.seen.get("machine") == "amd64"


def menu(variables: Variables) -> list[Entry]:
    """The entries that are made of the other variables. With two consoles they are those of the NetBSD/Xen HOWTO in its
    order (revision 1.7): each Xen for both, what was there before as well, then what needs no Xen."""
    ports = boot_lines.ports(variables)
    single = xen_entry(variables, "Xen, single user", args=f"{boot_lines.dom0_args(variables, ports[0])} -s")
    chained = [{**NETBSD, "commands": CHAIN}]
    natives = chained if _native_is_chained(variables) else _native_entries(variables)
    if len(ports) == 1:
        return [xen_entry(variables, "Xen"), single, *natives, *_older_entries(variables)]
    if variables["bootloader_loader"] == GRUB.name and natives != chained:
        # It can't tell this kernel its console; the loader can.
        natives.insert(1, {"name": "NetBSD's loader", "commands": CHAIN})
    return [*_xen_entries(variables, "Xen"), *_older_entries(variables), *natives, single]


def entries(variables: Variables) -> list[Entry]:
    """The admin's own entries, else those of the menu; none where the menu is left alone."""
    if boot_lines.keeps_menu(variables):
        return []
    own = variables.get("bootloader_entries")
    return menu(variables) if own is None else own


# -- loaders -----------------------------------------------------------------------------------------------------------


def _writes(when: Callable[[Variables], bool]) -> Callable[[Variables], bool]:
    """Where the menu is not left alone."""
    return lambda variables: not boot_lines.keeps_menu(variables) and when(variables)


def _is_netbsds(variables: Variables) -> bool:
    return LOADERS[variables["bootloader_loader"]].menu_module == boot_cfg.NAME


def _is_grub(variables: Variables) -> bool:
    return not _is_netbsds(variables)


def _protocol(variables: Variables) -> str:
    """By EFI a hypervisor starts by no other than multiboot2."""
    return "multiboot2" if row(variables["bootloader_xen_release"]).multiboot2 else "multiboot"


def _path(variables: Variables) -> str | None:
    path: str | None = variables.get("bootloader_path")
    return path


# In check mode: what the roles dom0 and upgrade would have brought in this run.


def _boot_files(variables: Variables) -> list[str]:
    """The menu that this role would have written, and what GRUB's package would have brought."""
    if not variables.on("ansible_check_mode"):
        return []
    results = [variables.get(name) or {} for name in ("dom0_packages_result", "upgrade_packages_result")]
    menus = [row.menu for row in OF_GRUB_MENU]
    return menus + ([row.tool for row in OF_GRUB_MENU] if any(result.get("changed") for result in results) else [])


def _files(variables: Variables) -> list[str]:
    """What would be there, and beside what would be replaced the file from before (``system_files``, keep_previous)."""
    results = ("dom0_files_result", "upgrade_files_result")
    named = [path for result in results for path in variables.changed_in_check(result)]
    return named + [f"{path}.old" for result in results for path in _replaced(variables, result)]


def _replaced(variables: Variables, result: str) -> list[str]:
    """The files that are there and would get another content."""
    changes = (variables.get(result) or {}).get("changes") or [] if variables.on("ansible_check_mode") else []
    sums = [[_sum(change.get(side)) for side in ("before", "after")] for change in changes]
    return [change["thing"] for change, (old, new) in zip(changes, sums) if old and old != new]


def _sum(side: Any) -> str | None:
    """The SHA512 of a file before or after a change. What a killed run has left behind is told by its name alone."""
    return side.get("sha512") if isinstance(side, Mapping) else None


# -- reboot ------------------------------------------------------------------------------------------------------------


def _boots(variables: Variables) -> Entry:
    """The entry that boots by default, empty if the menu is another's."""
    name = variables["bootloader_default"]
    return next((entry for entry in entries(variables) if entry.get("name") == name), {})


def _kernel_config(variables: Variables) -> str | None:
    found = _KERNEL_CONFIG.search(_boots(variables).get("kernel") or "")
    return found.group() if found else None


def _kernel_args(variables: Variables) -> str | None:
    boots = _boots(variables)
    return boots.get("args", "") if "kernel" in boots else None


def _hypervisor_args(variables: Variables) -> str | None:
    boots = _boots(variables)
    return boots.get("hypervisor_args", "") if "hypervisor" in boots else None


def in_check(variables: Variables) -> bool | None:
    """What the tasks before a reboot have not done in check mode."""
    return True if variables.on("ansible_check_mode") else None


def _adopts(variables: Variables) -> list[str] | None:
    return _boots(variables).get("adopt")


def _native_entry(variables: Variables) -> str | None:
    """Where GRUB loads no kernel of 64 bits, the entry that chains to NetBSD's own loader is the native one."""
    found = entries(variables)
    kernels = [entry for entry in found if "kernel" in entry and "hypervisor" not in entry]
    chained = [entry for entry in found if CHAINLOADER in (entry.get("commands") or ())]
    return (kernels + chained + [{}])[0].get("name")


# -- tasks -------------------------------------------------------------------------------------------------------------


def _baud(variables: Variables) -> Any:
    return variables["bootloader_baud"] if _console(variables) else None


def _is_serial(variables: Variables) -> bool:
    return boot_lines.ports(variables)[0] is not None


_CONSOLE: Sources = {"console": _console, "baud": _baud}
_MENU: Sources = {
    "entries": entries,
    "default": "bootloader_default",
    "timeout": "bootloader_timeout",
    **_CONSOLE,
    "other_entries": "bootloader_other_entries",
    "absent_entries": "bootloader_absent_entries",
    "assume_files": _files,
}
TASKS = {
    "boot_cfg": Task(boot_cfg, "boot menu", {"path": _path, **_MENU}, when=_writes(_is_netbsds)),
    "grub_menu": Task(
        grub_menu,
        "boot menu",
        {
            "flavour": "bootloader_loader",
            "protocol": _protocol,
            "as_found": lambda variables: variables.get("bootloader_as_found"),
            **_MENU,
        },
        when=_writes(_is_grub),
    ),
    # GRUB's native entry starts NetBSD's loader, which boots what its own menu says.
    "boot_cfg_behind_grub": Task(
        boot_cfg,
        "boot menu behind GRUB",
        {
            "entries": _native_entries,
            "default": constant(NETBSD["name"]),
            "timeout": "bootloader_timeout",
            **_CONSOLE,
            "assume_files": _files,
        },
        when=_writes(lambda variables: _native_is_chained(variables) and not variables.on("bootloader_as_found")),
    ),
    # A login where the console is now to be.
    "ttys": Task(ttys, "bootloader_console", _CONSOLE, when=_is_serial),
    "boot_blocks": Task(
        boot_blocks,
        "bootloader_disk",
        {"loader": "bootloader_loader", "disk": "bootloader_disk", **_CONSOLE, "assume_files": _boot_files},
        when=lambda variables: variables.on("bootloader_install"),
    ),
    "xen_reboot": Task(
        target,
        "reboot",
        {
            "release": "bootloader_xen_release",
            "kernel_config": _kernel_config,
            "kernel_args": _kernel_args,
            "hypervisor_args": _hypervisor_args,
            "adopt": _adopts,
            "assume_ready": in_check,
            "reboot": "bootloader_reboot",
            "abandon_guests": "bootloader_abandon_guests",
            "timeout": "bootloader_reboot_timeout",
            "guest_timeout": "bootloader_guest_timeout",
            "loader": "bootloader_loader",
            "native_entry": _native_entry,
        },
        register="bootloader_reboot_result",
    ),
}
VALUES = {"hypervisor": hypervisor}
