# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The inventory of the HOWTO's chapter on NetBSD guests, on a simulated rack: from nothing to logins that were seen."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from rehearsal import CHECKOUT, Rack, ansible_environment, rack

INVENTORY = CHECKOUT / "inventories/howto-netbsd"
CONFIGS = "usr/pkg/etc/xen"
DECLARED = yaml.safe_load((INVENTORY / "host_vars/xen1.yml").read_text())["domu_guests"]
SITE = ("playbooks/site.yml",)
# The guest's own sshd lets root in, which only root's can.
IS_ROOT = os.getuid() == 0
GUESTS = [guest["name"] for guest in DECLARED]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rack]:
    with rack(tmp_path_factory.mktemp("howto") / "rack", "--names", "xen1", "--bare") as found:
        key = found.directory / "admin"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, timeout=60)
        yield found


def run(made: Rack, *more: str, playbooks: tuple[str, ...] = SITE) -> str:
    """One run of the playbooks; what Ansible said. The guests let in whoever has the key ``admin``."""
    hosts = made.directory / "hosts.yml"
    listed = yaml.safe_load(made.simrack("inventory"))["dom0s"]
    dom0 = {**listed["vars"], **listed["hosts"]["xen1"], "ansible_ssh_executable": f"{made.directory}/ssh/ssh"}
    guests = {"vars": {"ansible_ssh_private_key_file": f"{made.directory}/admin"}}
    hosts.write_text(yaml.safe_dump({"dom0s": {"hosts": {"xen1": dom0}}, "netbsd_xen_guests": guests}))
    public = (made.directory / "admin.pub").read_text()
    declared = [guest | {"install": with_key(guest["install"], public)} for guest in DECLARED]
    argv = ["ansible-playbook", "-i", str(INVENTORY), "-i", str(hosts), *playbooks]
    found = subprocess.run(
        [str(Path(sys.executable).with_name(argv[0])), *argv[1:], "-e", json.dumps({"domu_guests": declared}), *more],
        cwd=CHECKOUT,
        env={**ansible_environment(), "ANSIBLE_HOME": str(made.directory / "ansible")},
        capture_output=True,
        text=True,
        timeout=1500,  # a hang must not last for ever; a busy machine may take its time
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout + found.stderr


def with_key(install: dict[str, Any], public: str) -> dict[str, Any]:
    """The same for somebody whose private half is here."""
    return {**install, "authorized_keys": [public]} if "authorized_keys" in install else install


def record(made: Rack, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((made.root("xen1") / CONFIGS / f".{name}.install").read_text())
    return found


def calls(made: Rack) -> int:
    """How often somebody has come to the machine since the log was emptied."""
    return len((made.host("xen1") / "sessions.log").read_text().splitlines())


def test_the_inventory_from_nothing_to_a_play_in_its_guests(made: Rack) -> None:
    """One test: workers that have a part each would have a machine each, and only one of them its guests."""
    from_nothing_to_logins(made)
    the_second_run_changes_nothing_in_one_call(made)
    if IS_ROOT:  # only root's sshd lets root in
        the_inventory_of_guests_leads_into_one(made)
    the_guests_are_hosts_for_the_plays_behind(made)


def from_nothing_to_logins(made: Rack) -> None:
    """A bare machine: all of it in one run, with one reboot. tests/pages/test_tutorial.py looks at it first."""
    run(made, "-e", "bootloader_reboot=true")
    for name in GUESTS:
        found = record(made, name)
        assert (found["stage"], found["unit"]) == ("verified", ""), found
        assert "asks for a login" in found["proof"] or "a login over ssh" in found["proof"]
    assert record(made, "nbsd")["python"] == "/usr/pkg/bin/python3.13"
    units = made.execute("xen1", "/usr/sbin/vnconfig", "-l").splitlines()
    assert len([line for line in units if not line.endswith("not in use")]) == len(GUESTS)


def the_second_run_changes_nothing_in_one_call(made: Rack) -> None:
    made.simrack("reset-log", "xen1")
    assert re.search(
        r"^xen1 +: .*changed=0 +unreachable=0 +failed=0", run(made, "-e", "domu_add_hosts=false"), re.MULTILINE
    )
    assert calls(made) == 1


def the_inventory_of_guests_leads_into_one(made: Rack) -> None:
    """By the address and the host keys of its installation, through its dom0, without a run before it."""
    (made.directory / "guests.yml").write_text("plugin: netbsd.xen.guests\ntimeout: 300\n")
    sources = (INVENTORY, made.directory / "hosts.yml", made.directory / "guests.yml")
    found = subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible")),
            *(f"--inventory={source}" for source in sources),
            "nbsd",
            "-m",
            "ansible.builtin.raw",
            "-a",
            "uname -sr",
        ],
        cwd=CHECKOUT,
        env={**ansible_environment(), "ANSIBLE_HOME": str(made.directory / "another")},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert found.returncode == 0 and "NetBSD 10.1" in found.stdout, found.stdout + found.stderr
    keys = made.directory / "another/netbsd_xen/known_hosts/nbsd"
    assert keys.read_text().startswith("nbsd ssh-")


def the_guests_are_hosts_for_the_plays_behind(made: Rack) -> None:
    """In a run that finds all as it should be, through the dom0; with no host key but the installation's."""
    said = run(made, playbooks=("inventories/howto-netbsd-guests.yml",) if IS_ROOT else SITE)
    assert "changed=0 " in said
    keys = [" ".join(key.split()[:2]) for key in record(made, "nbsd")["host_keys"]]
    known = made.directory / "ansible/netbsd_xen/known_hosts/nbsd"
    assert keys and known.read_text().splitlines() == [f"nbsd {key}" for key in keys]
    if IS_ROOT:
        assert "NetBSD 10.1" in said and re.search(r"^nbsd +: ok=3 ", said, re.MULTILINE), said
