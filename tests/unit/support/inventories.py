# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A sound inventory, what the check says of a change of it, and the check by a real ansible-playbook."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.netbsd.xen.plugins.plugin_utils import _declared
from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT, ROLES

WEB1 = {"name": "web1", "os": "netbsd", "memory": "512M", "disks": ["/dev/wd0e"], "nics": ["bridge0"]}
SOUND = {
    "bridge_bridges": [{"name": "bridge0", "interfaces": ["wm0"]}],
    "domu_guests": [WEB1],
    "domu_os_defaults": {"netbsd": {"kernel": "/home/xen/netbsd-XEN3_DOMU.gz", "root": "xbd0a"}},
}


def role_options() -> dict[str, Any]:
    """The argument specs of all roles, by variable."""
    found: dict[str, Any] = {}
    for path in ROLES.glob("*/meta/argument_specs.yml"):
        found.update(yaml.safe_load(path.read_text())["argument_specs"]["main"]["options"])
    return found


def role_defaults(release: Any) -> dict[str, Any]:
    """What variables are by default. Of those that are templates, what they come to with a release."""
    found: dict[str, Any] = {
        "bootloader_dom0_kernel": "/netbsd-XEN3_DOM0.gz",
        "bootloader_hypervisor": f"/xen-{release}.gz",
        "bootloader_native_kernel": "/netbsd",
        "bootloader_xen_release": release,
        "dom0_hypervisor_path": f"/xen-{release}.gz",
        "dom0_hvm": False,
        "dom0_pkg_repository": "",
        "domu_release": str(release),
        "makedev_vnd_units": 4,
        "services_config_dir": "/usr/pkg/etc/xen",
        "services_xen_release": release,
        "services_xendomains": [],
    }
    for path in ROLES.glob("*/defaults/main.yml"):
        constant = yaml.safe_load(path.read_text()).items()
        found.update((name, value) for name, value in constant if "{{" not in str(value))
    return found


def report(host: str = "xen1", **values: Any) -> _declared.HostReport:
    """What is said of a host with the sound variables and these."""
    merged = {**SOUND, **values}
    known = {**role_defaults(values.get("dom0_xen_release", "4.20")), **merged}
    return _declared.check_host(_declared.HostVariables(host, known, declared=frozenset(merged)), role_options())


def guest(**keys: Any) -> dict[str, Any]:
    return {**WEB1, **keys}


PLAY = """
- hosts: all
  gather_facts: false
  any_errors_fatal: true
  tasks:
    - netbsd.xen.validate:
      run_once: true
      register: checked
    - ansible.builtin.debug: {var: checked}
      run_once: true
"""


def validate(directory: Path, hosts: dict[str, Any], *options: str) -> subprocess.CompletedProcess[str]:
    """Run the module with a real ansible-playbook on an inventory of these hosts, or on a whole one. None exists."""
    inventory = hosts if "all" in hosts else {"all": {"hosts": hosts}}
    (directory / "hosts.yml").write_text(yaml.safe_dump(inventory))
    (directory / "play.yml").write_text(PLAY)
    (directory / "ansible.cfg").write_text("")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment.update(
        ANSIBLE_COLLECTIONS_PATH=os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(CHECKOUT / ".build/collections")),
        ANSIBLE_HOME=str(directory / "home"),
        ANSIBLE_CONFIG=str(directory / "ansible.cfg"),
        NO_COLOR="1",
    )
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "hosts.yml", "play.yml", *options]
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
