# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller does for the way to guests: ansible.cfg's word on connections, a look at their host keys, and the
files in which these are kept."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from typing import Any

from ansible import constants
from ansible.plugins.loader import connection_loader

from ansible_collections.netbsd.xen.plugins.module_utils import _atomic
from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.plugin_utils._guest_hosts import GuestHost

# What ansible.cfg says of connections, for hosts that say nothing themselves.
SETTINGS = {
    "ansible_user": "remote_user",
    "ansible_port": "port",
    "ansible_ssh_private_key_file": "private_key_file",
    "ansible_ssh_executable": "ssh_executable",
    "ansible_ssh_args": "ssh_args",
    "ansible_ssh_common_args": "ssh_common_args",
    "ansible_ssh_extra_args": "ssh_extra_args",
}
# How long the controller waits for the keys of all guests together, and for those of one.
SCAN_SECONDS = 60
ONE_SCAN_SECONDS = 3


def settings() -> dict[str, Any]:
    """What ansible.cfg says of connections, as variables of a host."""
    connection_loader.get("ssh", class_only=True)
    get = constants.config.get_config_value
    return {name: get(key, plugin_type="connection", plugin_name="ssh") for name, key in SETTINGS.items()}


def scan(addresses: list[str]) -> dict[str, frozenset[str]]:
    """The host keys that the controller sees. What it does not see has none, and without the program it sees none."""
    argv = ["ssh-keyscan", "-T", str(ONE_SCAN_SECONDS), *addresses]
    try:
        ended = subprocess.run(
            argv, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=SCAN_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    found: dict[str, set[str]] = {}
    for line in ended.stdout.splitlines():
        words = line.split()
        if len(words) >= 3 and not line.startswith("#"):
            found.setdefault(words[0], set()).add(" ".join(words[1:3]))
    return {address: frozenset(keys) for address, keys in found.items()}


def folder() -> str:
    """Where the files of guests' host keys are."""
    home = os.path.expanduser(constants.config.get_config_value("ANSIBLE_HOME"))
    return os.path.join(home, "netbsd_xen", "known_hosts")


def keep(hosts: Iterable[GuestHost]) -> None:
    """Write the files of these guests' host keys, where they are others. Raises XenError."""
    for each in hosts:
        if each.known_hosts:
            _keep(each.path, "".join(f"{line}\n" for line in each.known_hosts))


def _keep(path: str, text: str) -> None:
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        try:
            with open(path, encoding="utf-8") as file:
                if file.read() == text:
                    return
        except FileNotFoundError:
            pass
        _atomic.replace(path, text.encode(), 0o600)
    except OSError as error:
        raise XenError(f"{path} can't be written: {error.strerror}") from error
