# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What rc.conf(5) says of bridges and VLANs (network_start_interfaces in etc/rc.d/network). Pure but for ``read``."""

from __future__ import annotations

from typing import Any

from ... import _rc_conf
from ..._formats.net import interface_files
from ..._formats.system import rcconf
from ..._host import Host

# What etc/rc.d/network calls itself.
NETWORK = "network"


def read(host: Host) -> dict[str, Any]:
    """The settings that decide whether a file is looked at when the machine boots (see ``_rc_conf.told``)."""
    values = _rc_conf.values(host, NETWORK)
    names = {"auto_ifconfig", "net_interfaces"}
    names |= {name for name in values.names() if name.startswith(("ifconfig_bridge", "ifconfig_vlan"))}
    return {name: _rc_conf.told(values, name) for name in sorted(names)}


def decides(current: dict[str, Any], interface: str) -> dict[str, Any] | None:
    """What is told of the variable of an interface, if it is read instead of the interface's file: unless it is empty.
    """
    told: dict[str, Any] | None = current["rc_conf"].get(f"ifconfig_{interface}")
    return None if told is None or (told["value"] == "" and not told["why"]) else told


def lines(told: dict[str, Any]) -> str:
    """The variable's lines, none if only sh could tell."""
    return "" if told["why"] or told["value"] is None else interface_files.of_variable(told["value"])


def words(told: dict[str, Any], interface: str, file: str, text: str | None) -> str:
    """Why a file can't be what makes the interface. Without the file, the variable makes nothing either (record
    ifconfig_rcconf, NetBSD 7.99.10)."""
    found = f"line {told['line']} of {told['path']} sets ifconfig_{interface}"
    if text is None:
        return f"{found}, so that {file}, which would make it at boot, is not read. Remove that setting."
    return (
        f"{found}, which is read at boot instead of {file}, and does not make it as declared. Remove that setting, or "
        "change it there."
    )


def warnings(current: dict[str, Any], interface: str) -> list[str]:
    """What keeps the interface's file from being read at boot."""
    automatic, named = current["rc_conf"].get("auto_ifconfig"), current["rc_conf"].get("net_interfaces")
    doubt = next((told["why"] for told in (automatic, named) if told and told["why"]), "")
    listed = ((named or {}).get("value") or "").split()
    if doubt:
        return [f"Bridge {interface}: whether it will be there after a reboot only sh can tell: {doubt}."]
    if automatic and not rcconf.is_yes(automatic["value"]) and interface not in listed:
        # record net-interfaces-set (NetBSD 7.99.10)
        return [
            f"Bridge {interface}: {automatic['path']} has auto_ifconfig=NO and net_interfaces does not name it, so "
            "it will not be there after a reboot."
        ]
    return []
