# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The inventory of the machine: how it is reached, and a dom0 with one guest declared, as its admin would have it.

Only what the machine said of itself, or the person at the keyboard did, stands in it; all else is the roles' to find.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

from netbsdvm.offer import Offer
from netbsdvm.remote import HOST, Told, Way
from netbsdvm.wishes import BECOME_PASSWORD, Wishes

GUEST, GUEST_ADDRESS, GUEST_MAC = "web1", "10.0.2.77", "00:16:3e:00:00:77"
# Where nobody says which, and there are no packages that tell.
NEWEST_XEN = "4.20"
# The time limits of the roles are for machines that boot within a minute or two.
BOOTS_WITHIN = 60.0
SUDO = "sudo"


def variables(
    wishes: Wishes, way: Way, told: Told, offer: Offer, boot_seconds: float, public_key: str
) -> dict[str, Any]:
    """The host's variables; ``boot_seconds`` from power on until ssh answered."""
    slower = max(1.0, boot_seconds / BOOTS_WITHIN)
    found: dict[str, Any] = {
        "ansible_host": "127.0.0.1",
        "ansible_port": way.port,
        "ansible_user": way.user,
        "ansible_ssh_private_key_file": str(way.key),
        # Ansible's own control path would be added to these; testinfra has no other ear.
        "ansible_ssh_common_args": shlex.join(["-F", "none", *way.options]),
        "ansible_timeout": 60,
        "bootloader_dom0_memory": f"{wishes.memory // 2}M",
        "bootloader_reboot": True,
        "bootloader_reboot_timeout": round(900 * slower),
        "bridge_guard_seconds": round(120 * slower),
        "bridge_bridges": [{"name": "bridge0", "interfaces": [told.interface]}],
        "domu_guests": [_guest(told, public_key)],
    }
    if wishes.become:
        found.update(ansible_become=True, ansible_become_method=wishes.become)
        found["ansible_become_password"] = f"{{{{ lookup('ansible.builtin.env', '{BECOME_PASSWORD}') }}}}"
        if wishes.become != SUDO:
            # Testinfra becomes root by sudo, whatever is said. Where it does not know the connection, Ansible does it.
            found["ansible_connection"] = "ansible.builtin.ssh"
            # They ask for a password at a terminal alone, and this checkout's settings are without one.
            found["ansible_ssh_use_tty"] = True
    if wishes.root_disk:
        found["bootloader_root"] = f"{wishes.root_disk}a" if not wishes.root_disk.startswith("dk") else wishes.root_disk
    if told.console == "com0":
        found["bootloader_console"] = told.console
    if offer.mirror:
        found.update(dom0_mirror=offer.mirror, domu_install_source=offer.mirror)
    found.update(_packages(wishes, told, offer))
    return found


def _packages(wishes: Wishes, told: Told, offer: Offer) -> dict[str, Any]:
    names = sorted(path.name for path in _files(wishes.packages)) if wishes.packages else []
    xens = [match[1] for match in (re.match(r"xenkernel(4\d+)-", name) for name in names) if match]
    pythons = [match for match in (re.match(r"python(3)(\d+)-\d", name) for name in names) if match]
    found: dict[str, Any] = {"dom0_xen_release": wishes.xen or (f"4.{xens[-1][1:]}" if xens else NEWEST_XEN)}
    if told.python:
        found["ansible_python_interpreter"] = told.python
    elif pythons:
        newest = max(pythons, key=lambda match: int(match[2]))
        found["ansible_python_interpreter"] = f"/usr/pkg/bin/python{newest[1]}.{newest[2]}"
    if offer.packages:
        found.update(bootstrap_pkg_path=offer.packages, dom0_pkg_repository=offer.packages)
        if not any(re.match(r"pkgin-\d", name) for name in names):
            found["dom0_package_source"] = "pkg_add"
    return found


def _files(packages: Path) -> list[Path]:
    return [*packages.glob("*.tgz"), *(packages / "All").glob("*.tgz")]


def _guest(told: Told, public_key: str) -> dict[str, Any]:
    return {
        "name": GUEST,
        "os": "netbsd",
        "memory": "128M",
        "disks": [{"path": f"/home/xen/{GUEST}.img", "size": "1G"}],
        "nics": [{"bridge": "bridge0", "mac": GUEST_MAC}],
        "autostart": True,
        "install": {
            "release": told.release,
            "network": {"address": f"{GUEST_ADDRESS}/24", "gateway": "10.0.2.2"},
            "authorized_keys": [public_key],
        },
    }


def inventory(variables: dict[str, Any]) -> dict[str, Any]:
    return {"dom0s": {"hosts": {HOST: variables}}}
