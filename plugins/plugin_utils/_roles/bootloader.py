# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role bootloader: the boot menu that is made of its variables, and what its tasks give to their modules. Pure."""

from __future__ import annotations

import re
from typing import Any, Dict

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest.pci import pci_hide_argument
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot import boot_blocks, boot_cfg, grub_menu
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot.loaders import GRUB, LOADERS, OF_GRUB_MENU
from ansible_collections.netbsd.xen.plugins.module_utils._resources.reboot import target
from ansible_collections.netbsd.xen.plugins.plugin_utils._release_names import row
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import dom0
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Sources, Task, Variables, constant

Entry = Dict[str, Any]  # as the modules' option entries takes it
NETBSD = {"name": "NetBSD"}
CHAINLOADER = "chainloader +1"
_KERNEL_CONFIG = re.compile(r"XEN3(PAE)?_DOM0")


# -- consoles and arguments --------------------------------------------------------------------------------------------


def _port(variables: Variables) -> int | None:
    """The serial port of the console, None for screen and keyboard. NetBSD counts from com0."""
    console = variables["bootloader_console"]
    if console == "pc":
        return None
    return 0 if console == "serial" else int(console[len("com") :])


def _dom0_args(variables: Variables) -> str:
    """Without console=pc the dom0 kernel writes to the hypervisor's console."""
    port, root = _port(variables), variables["bootloader_root"]
    try:
        hidden = pci_hide_argument([str(device) for device in variables["bootloader_pci_hide"]])
    except ValueError as error:
        raise Refused(f"bootloader_pci_hide: {error}") from error
    words = (
        f"root={root}" if root else "",
        "console=pc" if port is None else f"console=com{port}",
        hidden,
        variables["bootloader_dom0_args"],
    )
    return " ".join(word for word in words if word)


def _xen_args(variables: Variables) -> str:
    """Xen counts serial ports from com1, NetBSD from com0; it is the same port."""
    port = _port(variables)
    console = "" if port is None else f"console=com{port + 1} com{port + 1}={variables['bootloader_baud']},8n1"
    words = (f"dom0_mem={variables['bootloader_dom0_memory']}", console, variables["bootloader_xen_args"])
    return " ".join(word for word in words if word)


# -- entries -----------------------------------------------------------------------------------------------------------


def xen_entry(variables: Variables, name: str, **other: Any) -> Entry:
    """An entry that boots Xen, and what is ``other`` in it. NetBSD's loader boots the native kernel by itself if the
    hypervisor is missing; GRUB goes on to a native entry."""
    entry: Entry = {
        "name": name,
        "kernel": variables["bootloader_dom0_kernel"],
        "args": _dom0_args(variables),
        "hypervisor": variables["bootloader_hypervisor"],
        "hypervisor_args": _xen_args(variables),
    }
    if _is_netbsds(variables):
        entry["fallback"] = variables["bootloader_native_kernel"]
    return {**entry, **other}


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
    return [xen_entry(variables, name, optional=True, **other) for name, other in others]


def _native_entries(variables: Variables) -> list[Entry]:
    kernel = variables["bootloader_native_kernel"]
    return [{**NETBSD, "kernel": kernel}, {"name": "NetBSD, single user", "kernel": kernel, "args": "-s"}]


def _native_is_chained(variables: Variables) -> bool:
    """GRUB legacy loads no kernel of 64 bits: there NetBSD's own loader boots it, with the menu in its /boot.cfg."""
    return variables["bootloader_loader"] == GRUB.name and variables.seen.get("machine") == "amd64"


def menu(variables: Variables) -> list[Entry]:
    """The entries that are made of the other variables."""
    chained = [{**NETBSD, "commands": ["root (hd0,a)", CHAINLOADER]}]
    return [
        xen_entry(variables, "Xen"),
        xen_entry(variables, "Xen, single user", args=f"{_dom0_args(variables)} -s"),
        *(chained if _native_is_chained(variables) else _native_entries(variables)),
        *_older_entries(variables),
    ]


def entries(variables: Variables) -> list[Entry]:
    """The admin's own entries, else those of the menu."""
    own = variables.get("bootloader_entries")
    return menu(variables) if own is None else own


# -- loaders -----------------------------------------------------------------------------------------------------------


def _is_netbsds(variables: Variables) -> bool:
    return LOADERS[variables["bootloader_loader"]].menu_module == boot_cfg.NAME


def _is_grub(variables: Variables) -> bool:
    return not _is_netbsds(variables)


def _protocol(variables: Variables) -> str:
    """By EFI a hypervisor starts by no other than multiboot2."""
    return "multiboot2" if row(variables["bootloader_xen_release"]).multiboot2 else "multiboot"


# In check mode: what the roles dom0 and upgrade would have brought in this run.


def _boot_files(variables: Variables) -> list[str]:
    """The menu that this role would have written, and what GRUB's package would have brought."""
    if not variables.on("ansible_check_mode"):
        return []
    results = [variables.get(name) or {} for name in ("dom0_packages_result", "upgrade_packages_result")]
    menus = [row.menu for row in OF_GRUB_MENU]
    return menus + ([row.tool for row in OF_GRUB_MENU] if any(result.get("changed") for result in results) else [])


def _files(variables: Variables) -> list[str]:
    return variables.changed_in_check("dom0_files_result") + variables.changed_in_check("upgrade_files_result")


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


def _native_entry(variables: Variables) -> str | None:
    """Where GRUB loads no kernel of 64 bits, the entry that chains to NetBSD's own loader is the native one."""
    found = entries(variables)
    kernels = [entry for entry in found if "kernel" in entry and "hypervisor" not in entry]
    chained = [entry for entry in found if CHAINLOADER in (entry.get("commands") or ())]
    return (kernels + chained + [{}])[0].get("name")


# -- tasks -------------------------------------------------------------------------------------------------------------

_MENU: Sources = {
    "entries": entries,
    "default": "bootloader_default",
    "timeout": "bootloader_timeout",
    "other_entries": "bootloader_other_entries",
    "absent_entries": "bootloader_absent_entries",
    "assume_files": _files,
}
TASKS = {
    "boot_cfg": Task(boot_cfg, "boot menu", _MENU, when=_is_netbsds),
    "grub_menu": Task(
        grub_menu, "boot menu", {"flavour": "bootloader_loader", "protocol": _protocol, **_MENU}, when=_is_grub
    ),
    # GRUB's native entry starts NetBSD's loader, which boots what its own menu says.
    "boot_cfg_behind_grub": Task(
        boot_cfg,
        "boot menu behind GRUB",
        {
            "entries": _native_entries,
            "default": constant(NETBSD["name"]),
            "timeout": "bootloader_timeout",
            "assume_files": _files,
        },
        when=_native_is_chained,
    ),
    "boot_blocks": Task(
        boot_blocks,
        "bootloader_disk",
        {"loader": "bootloader_loader", "disk": "bootloader_disk", "assume_files": _boot_files},
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
            "reboot": "bootloader_reboot",
            "abandon_guests": "bootloader_abandon_guests",
            "timeout": "bootloader_reboot_timeout",
            "guest_timeout": "bootloader_guest_timeout",
            "loader": "bootloader_loader",
            "native_entry": _native_entry,
        },
    ),
}
