# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The NICs that the kernel finds, and what /etc/rc.d/network does with /etc/ifconfig.IF (etc/rc.d/network)."""

from __future__ import annotations

import re
import shlex
import sys

from ..core import cutoff, rcconf
from ..core.machine import Machine, NotSimulated, SimError
from . import addresses, netcommands, network, npf, routes


def attach_hardware(m: Machine) -> None:
    """The machine's own NICs and lo0, as the kernel finds them at boot."""
    cutoff.forget(m)
    m.data["interfaces"] = {}
    m.data["npf"] = npf.fresh()
    macs = m.data.get("hardware_macs") or [mac for _name, mac in m.profile.nics]
    for (name, _mac), mac in zip(m.profile.nics, macs, strict=True):
        network.create_interface(m, name, "ether", mac)
    loopback = network.create_interface(m, "lo0", "lo")
    network.interface_up(loopback)
    loopback["inet"] = [["127.0.0.1", "0xff000000"]]
    loopback["inet6"] = [["::1", 128, None], ["fe80::1%lo0", 64, f"0x{loopback['index']:x}"]]


def network_start(m: Machine) -> int:
    """Configure from files. It exits 0 even if a `!command` failed (record bridge-file-badmember)."""
    variables = rcconf.read(m, "network")
    print(f"Starting network.\nHostname: {m.hostname}\nIPv6 mode: host\nConfiguring network interfaces:", end="")
    for name in _configured(m, variables):
        print(f" {name}", end="", flush=True)
        _configure_from_file(m, name, variables)
    print(".\nAdding interface aliases:.")
    gateway = variables.get("defaultroute")
    if gateway:
        m.data.setdefault("routes", {})["default"] = gateway
        print(f"add net default: gateway {gateway}")
    print("Waiting for DAD to complete for statically configured addresses...")
    return 0


def network_stop(m: Machine) -> int:
    """Down every interface that is up, and destroy the cloned ones: a bridge loses its guests' interfaces for good."""
    names = [name for name, entry in network.interfaces(m).items() if "UP" in entry["flags"] and entry["kind"] != "lo"]
    print(f"Stopping network.\nDeleting aliases.\nDowning network interfaces: {' '.join(names)}.")
    for name in names:
        entry = network.interfaces(m)[name]
        network.interface_down(entry)
        if entry["kind"] in network.CLONED_KINDS:
            network.destroy_interface(m, name)
    return 0


def _configured(m: Machine, variables: dict[str, str]) -> list[str]:
    """Interfaces that will be configured: those that exist, and clones that have a file (records bridge-file-nocreate,
    ifconfig_rcconf, net-interfaces-set; bridge-backup-file: a name with a dot is no interface).

    Clones come in the order of `ifconfig -C`, bridges before vlans: a bridge is configured, and its members added,
    before the vlans of other files exist.
    """
    if rcconf.is_yes(variables.get("auto_ifconfig", "YES")):
        names = [name for name in network.interfaces(m) if name != "lo0"]
        for cloner in network.cloners(m):
            for path in sorted(m.path("/etc").glob(f"ifconfig.{cloner}[0-9]*")):
                name = path.name.removeprefix("ifconfig.")
                if name not in names and re.fullmatch(rf"{cloner}\d+", name):
                    names.append(name)
    else:
        names = variables.get("net_interfaces", "").split()
    return [name for name in names
            if variables.get(f"ifconfig_{name}") or m.path(f"/etc/ifconfig.{name}").exists()]


def _configure_from_file(m: Machine, name: str, variables: dict[str, str]) -> None:
    inline = variables.get(f"ifconfig_{name}")
    file = m.path(f"/etc/ifconfig.{name}")
    text = _of_variable(inline) if inline else file.read_text(errors="replace")
    if name not in network.interfaces(m):
        netcommands.create_clone(m, name)
    for line in _lines(text):
        if not line or line.startswith("#") or line == "create":
            continue
        try:
            if line.startswith("!"):
                for command in line[1:].split(";"):
                    _run_line(m, command.replace("$int", name).replace("${int}", name))
            elif line == "dhcp":
                addresses.set_inet(network.interfaces(m)[name], f"{m.data.get('address', '10.0.2.15')}/24", [])
            else:
                netcommands.ifconfig(m, ["/sbin/ifconfig", name, *shlex.split(line)])
        except SimError as error:
            if isinstance(error, NotSimulated) and not m.data.get("booting"):
                raise
            print(error.message, file=sys.stderr)


def _of_variable(value: str) -> str:
    """Semicolons end lines, unless there are ends of lines."""
    return (value if "\n" in value else value.replace(";", "\n")) + "\n"


def _lines(text: str) -> list[str]:
    """What `read` gives, first line by line and then of the joined ones: without blanks at both ends, and without what
    no newline ends (collapse_backslash_newline in etc/rc.subr)."""
    joined = ""
    for line in text.split("\n")[:-1]:
        line = line.strip(" \t")
        joined += line[:-1] if line.endswith("\\") else f"{line}\n"
    return [line.strip(" \t") for line in joined.split("\n")[:-1]]


def _run_line(m: Machine, command: str) -> None:
    words = shlex.split(command)
    tools = {"brconfig": netcommands.brconfig, "ifconfig": netcommands.ifconfig, "route": routes.route}
    tool = words[0].rpartition("/")[2] if words else ""
    if tool not in tools:
        raise NotSimulated(f"!{command} in a file for ifconfig")
    tools[tool](m, words)
