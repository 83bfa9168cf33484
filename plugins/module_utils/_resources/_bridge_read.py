# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The machine's network as it is: interfaces, bridges, their files, and over which address we came in. Reads only."""

from __future__ import annotations

import os
import re
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.module_utils._formats import ifconfig, rcconf
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host

IFCONFIG, BRCONFIG = "/sbin/ifconfig", "/sbin/brconfig"
RC_CONF = "/etc/rc.conf"
_BRIDGE = re.compile(r"bridge[0-9]+\Z")
_FILE = re.compile(r"ifconfig\.(?:bridge|vlan)[0-9]+\Z")


def read(host: Host) -> dict[str, Any]:
    """Every interface and bridge of the machine, the files of bridges and VLANs, and what rc.conf says of them. Two
    commands. Raises XenError if one of them kept something to itself."""
    interfaces = ifconfig.parse_interfaces(host.run([IFCONFIG, "-a"]).stdout)
    if not interfaces:
        raise XenError(f"{IFCONFIG} -a printed no interface, and every machine has lo0. Look at what it prints.")
    bridges = ifconfig.parse_bridges(host.run([BRCONFIG, "-a"]).stdout)
    differ = sorted(set(bridges) ^ {name for name in interfaces if _BRIDGE.match(name)})
    if differ:
        raise XenError(
            f"{IFCONFIG} -a and {BRCONFIG} -a do not show the same bridges ({', '.join(differ)}). Perhaps something "
            "made or removed one just now: repeat this; else look at what they print."
        )
    files = [name for name in host.list_dir("/etc") if _FILE.match(name)]
    return {
        "netbsd": netbsd_release(),
        "connection": connection(),
        "interfaces": {name: _interface(found) for name, found in interfaces.items()},
        "bridges": bridges,
        "files": {"/etc/" + name: host.read_text("/etc/" + name) for name in files},
        "rc_conf": _read_rc_conf(host),
    }


def netbsd_release() -> str:
    """The release of the running kernel, ``10.1``."""
    return os.uname().release


def connection() -> str | None:
    """The machine's own address of the ssh connection that we are run over (ssh(1): SSH_CONNECTION), or None: sudo(8)
    and doas(1) take the variable away."""
    words = os.environ.get("SSH_CONNECTION", "").split()
    return words[2] if len(words) == 4 else None


def _interface(found: ifconfig.Interface) -> dict[str, Any]:
    return {
        "up": "UP" in found.flags,
        "mtu": found.mtu,
        "addresses": found.addresses,
        "networks": found.networks,
        "vlan": list(found.vlan) if found.vlan else None,
    }


def _read_rc_conf(host: Host) -> dict[str, str | None]:
    """The settings of rc.conf that decide whether a file is looked at when the machine boots."""
    document = rcconf.parse(host.read_text(RC_CONF) or "")
    names = ("auto_ifconfig", "net_interfaces")
    return {
        setting.name: setting.value
        for setting in document.settings
        if setting.name in names or setting.name.startswith(("ifconfig_bridge", "ifconfig_vlan"))
    }
