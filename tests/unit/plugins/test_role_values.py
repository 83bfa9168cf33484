# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What roles work out of the admin's variables, templated by a real ansible-playbook."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[3]
SETTINGS = "__services_xl_conf | combine(__services_xl_memory, services_xl_conf)"
PLAY = """
- hosts: all
  gather_facts: false
  vars_files: ["{vars}"]
  tasks:
    - ansible.builtin.debug:
        msg: "{{{{ [inventory_hostname, {{ {values} }}] | to_json }}}}"
"""


def values(directory: Path, role: str, expressions: dict[str, str], hosts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Each host's values of some expressions in the role's variables. What the machine says is that it is a dom0."""
    defaults = yaml.safe_load((CHECKOUT / "roles" / role / "defaults/main.yml").read_text())
    known = {**defaults, "netbsd_xen_host": {"host": {"role": "dom0"}}}
    (directory / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": known}}))
    items = ", ".join(f"'{name}': {expression}" for name, expression in expressions.items())
    (directory / "play.yml").write_text(PLAY.format(vars=CHECKOUT / "roles" / role / "vars/main.yml", values=items))
    (directory / "ansible.cfg").write_text("")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment.update(
        ANSIBLE_COLLECTIONS_PATH=os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(CHECKOUT / ".build/collections")),
        ANSIBLE_HOME=str(directory / "home"),
        ANSIBLE_CONFIG=str(directory / "ansible.cfg"),
        NO_COLOR="1",
    )
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "hosts.yml", "play.yml"]
    run = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    messages = [json.loads(found) for found in re.findall(r'"msg": (".*")$', run.stdout, re.MULTILINE)]
    return dict(json.loads(message) for message in messages)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    expressions = {
        "xl_conf": SETTINGS,
        "xencommons": "__services_xencommons",
        "xendomains": "__services_xendomains.variables",
    }
    bridges = [{"name": "bridge9", "state": "absent"}, {"name": "bridge1", "state": "present"}, {"name": "bridge0"}]
    guests = [{"name": "web1", "autostart": True, "depends_on": ["db1"]}, {"name": "db1", "os": "netbsd"}]
    hosts = {
        "bare": {},
        "usual": {"bridge_bridges": bridges, "bootloader_dom0_memory": "1G", "services_console_log": True},
        "own": {
            "bridge_bridges": bridges,
            "bootloader_dom0_memory": "1G",
            "services_xl_conf": {"vif.default.bridge": None, "claim_mode": 0},
        },
        "guests": {
            "domu_guests": guests,
            "domu_os_defaults": {"netbsd": {"autostart": True}},
            "domu_config_dir": "/home/xen/etc",
        },
    }
    return values(tmp_path_factory.mktemp("services"), "services", expressions, hosts)


def test_xl_takes_what_follows_from_bridges_and_memory(services: dict[str, Any]) -> None:
    assert services["bare"]["xl_conf"] == {}
    assert services["usual"]["xl_conf"] == {"vif.default.bridge": "bridge1", "autoballoon": "off"}


def test_the_admins_own_settings_go_over_it(services: dict[str, Any]) -> None:
    assert services["own"]["xl_conf"] == {"vif.default.bridge": None, "autoballoon": "off", "claim_mode": 0}


def test_consoles_are_logged_only_where_that_is_wanted(services: dict[str, Any]) -> None:
    assert services["usual"]["xencommons"]["variables"] == {"XENCONSOLED_TRACE": "guest"}
    assert services["bare"]["xencommons"] == {"name": "xencommons", "enabled": True, "state": "started"}


def test_guests_start_with_the_machine_in_their_order_from_their_directory(services: dict[str, Any]) -> None:
    assert services["guests"]["xendomains"] == {"xendomains": "db1 web1", "xendomains_config": "/home/xen/etc/%s"}
    assert services["bare"]["xendomains"] == {"xendomains": "", "xendomains_config": "/usr/pkg/etc/xen/%s"}


def test_hidden_devices_stand_among_the_dom0_kernels_arguments(tmp_path: Path) -> None:
    hosts = {"none": {}, "two": {"bootloader_pci_hide": ["0000:03:00.0", "4:0.1"], "bootloader_dom0_args": "-v"}}
    found = values(tmp_path, "bootloader", {"entries": "bootloader_entries"}, hosts)
    assert found["none"]["entries"][0]["args"] == "console=pc"
    arguments = [entry.get("args") for entry in found["two"]["entries"]]
    hidden = "console=pc pciback.hide=(03:00.0)(04:00.1) -v"
    assert arguments == [hidden, f"{hidden} -s", None, "-s"]
