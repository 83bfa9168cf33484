# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Guests join the inventory: add_host runs once a play or batch, and each of twenty dom0s has its own say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from rehearsal import CHECKOUT, ansible_environment

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGuest"
HOSTS = [f"xen{number:02d}" for number in range(20)]
# The first one has no guest in the inventory, the last one's guest has no address, one has a group of its own.
SILENT, UNKNOWN, APART = HOSTS[0], HOSTS[-1], HOSTS[7]
SHOW = """
- hosts: netbsd_xen_guests:apart
  gather_facts: false
  tasks:
    - ansible.builtin.copy:
        content: "{{ dict(ansible_play_hosts_all | zip(ansible_play_hosts_all | map('extract', hostvars))) | to_json }}"
        dest: "{{ result }}"
        mode: "0600"
      delegate_to: localhost
      connection: local
      run_once: true
"""


def login(host: str) -> dict[str, Any]:
    address = "" if host == UNKNOWN else f"10.0.2.{HOSTS.index(host) + 20}"
    return {"address": address, "user": "root", "host_keys": [KEY], "seen": "ssh", "proof": "the words"}


def variables(host: str) -> dict[str, Any]:
    name = f"web{host[3:]}"
    guests = [{"name": name, "nics": ["bridge0"], "install": {"release": "10.1"}}, {"name": "other"}]
    # What an earlier task has found is registered by then; here the inventory has it.
    seen = {"plan": {"logins": {name: login(host)}}}
    found = {"ansible_host": "192.0.2.1", "domu_guests": guests, "domu_add_hosts": host != SILENT}
    found["netbsd_xen_plan"] = seen
    return {**found, "domu_add_hosts_groups": ["apart"]} if host == APART else found


@pytest.mark.parametrize("serial", [20, 3])
def test_twenty_hosts(tmp_path: Path, serial: int) -> None:
    known = {"domu_add_hosts_jump": "always", "result": str(tmp_path / "found.json")}
    hosts = {host: variables(host) for host in HOSTS}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"dom0s": {"hosts": hosts}, "all": {"vars": known}}))
    play = {
        "hosts": "dom0s",
        "gather_facts": False,
        "serial": serial,
        "tasks": [{"ansible.builtin.import_tasks": str(CHECKOUT / "roles/domu/tasks/hosts.yml")}],
    }
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]) + SHOW)
    ended = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "hosts.yml", "play.yml"],
        cwd=tmp_path,
        env={**ansible_environment(), "ANSIBLE_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = json.loads((tmp_path / "found.json").read_text())
    assert set(found) == {f"web{host[3:]}" for host in HOSTS} - {f"web{SILENT[3:]}", f"web{UNKNOWN[3:]}"}
    for host in set(HOSTS) - {SILENT, UNKNOWN}:
        own = found[f"web{host[3:]}"]
        assert (own["ansible_host"], own["netbsd_xen_dom0"]) == (login(host)["address"], host)
        assert own["group_names"] == (["apart"] if host == APART else ["netbsd_xen_guests"])
        assert "StrictHostKeyChecking=yes" in own["ansible_ssh_common_args"]
    assert len({own["ansible_control_path"] for own in found.values()}) == len(found)
    said = f"{UNKNOWN}: guest web{UNKNOWN[3:]} does not join the inventory: nobody knows its address"
    assert said in " ".join((ended.stdout + ended.stderr).split())
    assert "changed=0" in ended.stdout and "changed=1" not in ended.stdout.split("PLAY RECAP")[1].partition("web")[0]
