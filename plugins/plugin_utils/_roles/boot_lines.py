# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the variables of role bootloader make of the dom0 kernel's and the hypervisor's arguments. Pure."""

from __future__ import annotations

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest.pci import pci_hide_argument
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot import arguments
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot.hardware import BAUDS
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Variables

# What dom0 gets where neither a variable nor the entry in use says it.
DOM0_MEMORY = "1G"
_SHORT = {"serial": "com0", "both": "com0+pc"}


def ports(variables: Variables) -> list[int | None]:
    """The consoles that the menu has entries for, the usual one first: serial ports, which NetBSD counts from com0, and
    None for screen and keyboard."""
    console = variables.get("bootloader_console") or "pc"
    devices = _SHORT.get(console, console).split("+")
    return [None if device == "pc" else int(device[len("com") :]) for device in devices]


def keeps_menu(variables: Variables) -> bool:
    """Whether the boot menu is left alone, whatever it says."""
    return variables.on("bootloader_keep_menu")


def device(port: int | None) -> str:
    return "pc" if port is None else f"com{port}"


def dom0_args(variables: Variables, port: int | None) -> str:
    """Without console=pc the dom0 kernel writes to the hypervisor's console."""
    root = variables.get("bootloader_root")
    try:
        hidden = pci_hide_argument([str(device) for device in variables.get("bootloader_pci_hide") or []])
    except ValueError as error:
        raise Refused(f"bootloader_pci_hide: {error}") from error
    own = variables.get("bootloader_dom0_args")
    words = (f"root={root}" if root else "", f"console={device(port)}", hidden, own)
    return " ".join(word for word in words if word)


def xen_args(variables: Variables, port: int | None) -> str:
    """Xen counts serial ports from com1, NetBSD from com0; it is the same port."""
    baud = variables.get("bootloader_baud", BAUDS[-1])
    console = "" if port is None else f"console=com{port + 1} com{port + 1}={baud},8n1"
    memory = variables.get("bootloader_dom0_memory") or DOM0_MEMORY
    words = (f"dom0_mem={memory}", console, variables.get("bootloader_xen_args"))
    return " ".join(word for word in words if word)


def adopted(variables: Variables) -> list[str]:
    """The kinds of arguments that no variable declares, so that those of the entry in use stay."""
    given = arguments.kinds(variables.get("bootloader_dom0_args") or "", variables.get("bootloader_xen_args") or "")
    undeclared = [kind for kind, name in arguments.VARIABLES.items() if variables.get(name) is None]
    return [kind for kind in undeclared if kind not in given]


def declared(variables: Variables) -> arguments.Arguments:
    """What the variables declare of the usual console's entry, without our defaults. Nothing where the menu is the
    admin's own, which its own task judges."""
    if variables.get("bootloader_entries") is not None or keeps_menu(variables):
        return arguments.Arguments((), ())
    port = ports(variables)[0]
    own = arguments.arguments(dom0_args(variables, port), xen_args(variables, port))
    return arguments.without(own, adopted(variables))
