# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Guests' operating systems on real Xen: a Linux is installed on an empty disk, boots, and lets one in, over ssh and at
its console.

The module is for NetBSD, and dom0 is a Debian here: a switch that nobody else sets lets it work there.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from ansible_here import Here
from booting import Boots
from contract_target import NEWEST, Target

from ansible_collections.netbsd.xen.plugins.module_utils._engine import TESTED_ON_OTHERS

pytestmark = pytest.mark.only_on(
    NEWEST, reason="a guest's system is not Xen's: what the releases of xl differ in, other cases ask each of them"
)

BOOT_SECONDS = 240
PASSWORD = "secret"
HASH = "$6$realxen$Jo.Qp.KAIsTIzJi9xLb4oE10jZoQq0ZDPzPm0TOj1zQt21piA3Qz9FvX3wkdfAHg4dOBJ6JhxiwCnMNGC/S8A0"
# On the bridge of which dom0 is 10.99.0.1.
ADDRESS = "10.99.0.21"
ADMIN_KEY = "/root/admin_key"


@dataclass(frozen=True)
class Made:
    """A guest that was installed, what the module said of its login, and what it said when asked again."""

    name: str
    target: Target
    login: Mapping[str, Any]
    again: Mapping[str, Any]

    def over_ssh(self, address: str, *known_hosts: str) -> subprocess.CompletedProcess[str]:
        """Logs in from dom0 as the admin does, to a guest that must have one of these keys; its name and root."""
        known = f"/tmp/{self.name}.known_hosts"
        self.target.run(["sh", "-c", 'printf "%s\\n" "$@" >' + known, "sh", *known_hosts])
        options = ["-F", "/dev/null", "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={known}"]
        asked = "hostname; grep -o 'root=[^ ]*' /proc/cmdline; df / | tail -n 1"
        return self.target.run(["ssh", *options, "-i", ADMIN_KEY, f"root@{address}", asked])


@pytest.fixture(scope="module")
def dom0(target: Target) -> Target:
    """The target, where the modules for NetBSD work too, and a key of the admin's."""
    made = target.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ADMIN_KEY])
    assert made.returncode == 0, made.stderr
    return replace(target, here=Here(target.inventory, target.host, target.residents, {TESTED_ON_OTHERS: "1"}))


@pytest.fixture(scope="module")
def tree1(dom0: Target) -> Iterator[Made]:
    """A guest from a tarball."""
    key = dom0.run(["cat", f"{ADMIN_KEY}.pub"]).stdout.strip()
    install = {
        "method": "tree",
        "tree": dom0.facts["system_tree"],
        "network": {"address": f"{ADDRESS}/24", "gateway": "10.99.0.1"},
        "authorized_keys": [key],
        "root_password": HASH,
    }
    yield made(dom0, "tree1", install, size="256M")
    gone(dom0, "tree1")


@pytest.fixture(scope="module")
def image1(dom0: Target, tree1: Made) -> Iterator[Made]:
    """A guest from an image, which is the other one's disk: so it has that one's name, keys and address, and takes its
    place on the bridge."""
    stopped = dom0.module("netbsd.xen.domain", {"guests": [dict(declared(dom0, "tree1"), state="shutdown")]})
    assert not stopped.get("failed"), stopped["msg"]
    yield made(dom0, "image1", {"method": "image", "image": "/srv/xen/tree1.img"}, size="260M")
    gone(dom0, "image1")


def declared(dom0: Target, name: str, **keys: Any) -> dict[str, Any]:
    return {
        "name": name,
        "os": "linux",
        "memory": 128,
        "kernel": dom0.facts["kernel"],
        "ramdisk": dom0.facts["system_ramdisk"],
        "root": "/dev/xvda1",
        "extra": dom0.facts["cmdline"],
        "disks": [{"path": f"/srv/xen/{name}.img", "vdev": "xvda1", **keys}],
        "nics": [dom0.facts["bridge"]],
    }


def made(dom0: Target, name: str, install: Mapping[str, Any], **disk: Any) -> Made:
    """A guest as the role domu makes it: its system is put on its disk, it is started, a login is seen."""
    guest = declared(dom0, name, **disk)
    with_system = {"guests": [dict(guest, install=dict(install))]}
    boots = Boots(dom0, name)

    def module(short: str, args: Mapping[str, Any]) -> dict[str, Any]:
        result = dom0.module(f"netbsd.xen.{short}", args)
        assert not result.get("failed"), result["msg"]
        return result

    def start() -> None:
        module("domain", {"guests": [guest]})

    filled = module("guest_system", with_system)
    assert [change["after"] for change in filled["changes"]] == ["configured"]
    start()
    boots.wait(
        lambda: dom0.run(["grep", "-q", "login: ", boots.log]).returncode == 0,
        lambda: dom0.run([dom0.facts["xl"], "domid", name]).returncode == 0,
        start,
        BOOT_SECONDS,
    )
    proven = module("guest_system", with_system)
    assert [change["after"] for change in proven["changes"]] == ["verified"]
    return Made(name, dom0, proven["logins"][name], module("guest_system", with_system))


def gone(dom0: Target, name: str) -> None:
    dom0.run([dom0.facts["xl"], "destroy", name])
    dom0.run(["sh", "-c", f"rm -f /etc/xen/{name} /etc/xen/.{name}.* /srv/xen/{name}.img"])


def test_a_guest_from_a_tarball_lets_its_admin_in_over_ssh(tree1: Made) -> None:
    assert (tree1.login["seen"], tree1.login["address"]) == ("ssh", ADDRESS), tree1.login["proof"]
    assert abs(tree1.login["clock_seconds"]) < 30
    told = tree1.over_ssh(ADDRESS, *tree1.login["known_hosts"])
    assert told.returncode == 0, told.stderr
    assert told.stdout.split()[:2] == ["tree1", "root=/dev/xvda1"]


def test_a_guest_in_which_a_login_was_seen_is_let_alone(tree1: Made) -> None:
    assert tree1.again["changed"] is False and tree1.again["changes"] == []


def test_a_guest_is_worked_in_at_its_console_also_when_it_reboots_meanwhile(tree1: Made) -> None:
    """raw and a module, by a login at the console; then the guest reboots under the task, and is waited for."""
    variables = {
        "ansible_connection": "netbsd.xen.console",
        "ansible_console_dom0": tree1.target.host,
        "ansible_console_timeout": BOOT_SECONDS,
        "ansible_password": PASSWORD,
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    boot = "ansible.builtin.raw", "hostname; cat /proc/sys/kernel/random/boot_id"
    tasks = [
        {boot[0]: boot[1], "register": "before"},
        {"ansible.builtin.ping": {"data": "over the console"}, "register": "pong"},
        {"ansible.builtin.raw": "reboot; sleep 60", "ignore_unreachable": True, "register": "cut"},
        {"ansible.builtin.wait_for_connection": {"timeout": BOOT_SECONDS}},
        {boot[0]: boot[1], "register": "after"},
        {
            "ansible.builtin.assert": {
                "that": [
                    "pong.ping == 'over the console'",
                    "cut.unreachable | default(false)",
                    f"before.stdout_lines[0] == '{tree1.name}' == after.stdout_lines[0]",
                    "before.stdout_lines[1] != after.stdout_lines[1]",
                ]
            }
        },
    ]
    ran = tree1.target.play(tree1.name, variables, tasks, 4 * BOOT_SECONDS)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_guest_from_an_image_is_the_system_that_is_in_it(tree1: Made, image1: Made) -> None:
    assert image1.login["seen"] == "console"
    told = image1.over_ssh(ADDRESS, *tree1.login["known_hosts"])
    assert told.returncode == 0, told.stderr
    assert image1.again["changed"] is False
