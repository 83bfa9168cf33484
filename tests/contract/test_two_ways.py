# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What Target.module() says, an admin hears from `ansible` too: once in each mode, and once for each action plugin.

All other cases of the contract tests call modules by a shorter way (see ansible_here.py).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from contract_target import COLLECTION, SIM_FACTS, Target
from story import Story

pytestmark = pytest.mark.only_on("sim", reason="Ansible and Python decide here; Xen has no say in it")

# In check mode and with a diff: the arguments of each action plugin, and words of its result.
ACTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "boot_blocks": ({"loader": "boot_cfg", "disk": "wd0"}, ""),
    "boot_cfg": ({"default": "NetBSD"}, ""),
    "bridge": ({"bridges": [{"name": "bridge7", "interfaces": []}]}, "bridge7"),
    "device_nodes": ({"vnd_units": 12}, ""),
    "dom0_weight": ({"release": "4.20", "weight": 1024}, "xendom0weight"),
    "domain": (
        {"guests": [{"name": "shown", "kernel": SIM_FACTS["kernel"], "memory": 32, "vnc": True, "vncpasswd": "pssst"}]},
        "write the configuration /usr/pkg/etc/xen/shown",
    ),
    "domain_request": ({"names": ["nobody"], "request": "reboot"}, "nobody"),
    "grub_menu": ({"flavour": "grub", "default": "NetBSD"}, ""),
    "guest_system": (
        {
            "guests": [
                {
                    "name": "shown",
                    "os": "netbsd",
                    "memory": 32,
                    "disks": [{"path": "/home/xen/shown.img", "size": "4G"}],
                    "install": {"method": "sets", "release": "10.1", "authorized_keys": ["ssh-ed25519 AAAA me"]},
                }
            ]
        },
        "shown",
    ),
    "host_info": ({}, "hypervisor"),
    "kernfs": ({}, ""),
    "preflight": ({"release": "4.20", "boot_files": ["/netbsd"]}, ""),
    "rc_service": ({"services": [{"name": "xendomains", "enabled": True}]}, ""),
    "system_files": ({"files": [{"src": SIM_FACTS["kernel"], "dest": "/netbsd-XEN3_DOM0.gz"}]}, ""),
    "validate": ({}, "1 hosts and 0 guests are declared well"),
    "xen_packages": ({"release": "4.20"}, ""),
    "xen_reboot": ({"release": "4.20"}, ""),
    "tool_scripts": ({"release": "4.20"}, ""),
    "ttys": ({"console": "com0"}, ""),
    "xl_conf": ({"settings": {"vif.default.bridge": "bridge0"}}, ""),
}


# What they return is for Ansible's strategy, or made of what it kept of all hosts; the demo and Molecule see them.
OF_A_RACK = {"adopt", "plan", "rack_plan"}
# It is for machines on which no module runs.
ONE_WAY = {"shell_script"}


def comparable(result: dict[str, Any]) -> dict[str, Any]:
    """A result without what no two runs have in common: how long its commands took."""
    commands = [{key: value for key, value in one.items() if key != "seconds"} for one in result.get("commands", [])]
    return dict(result, commands=commands)


def both_ways(target: Target, name: str, args: dict[str, Any], check: bool = False, diff: bool = False) -> Any:
    """The result of a module that changes nothing, once it has been proven to be the same by both ways."""
    short = comparable(target.module(name, args, check, diff))
    assert comparable(target.module_through_ansible(name, args, check, diff)) == short
    return short


def test_every_action_plugin_has_a_case() -> None:
    plugins = {path.stem for path in Path(COLLECTION, "plugins/action").glob("[!_]*.py")}
    assert set(ACTIONS) == plugins - OF_A_RACK - ONE_WAY
    print(f"{len(ACTIONS)} action plugins, each called through ansible")


@pytest.mark.parametrize("action", ACTIONS)
def test_action_plugin_through_ansible(target: Target, action: str) -> None:
    args, words = ACTIONS[action]
    result = both_ways(target, f"netbsd.xen.{action}", args, check=True, diff=True)
    assert words in json.dumps(result)
    assert "internal_traceback" not in result


def test_a_change_is_told_the_same_way(story: Story) -> None:
    def changed(run: Any) -> dict[str, Any]:
        result = comparable(run("netbsd.xen.domain", {"guests": [story.guest]}, diff=True))
        story.remove()
        return result

    short, long = changed(story.target.module), changed(story.target.module_through_ansible)
    assert short["changed"] is True
    assert len(short["diff"]) == len(short["changes"]) == 2
    assert short == long


def test_no_change_is_told_the_same_way(story: Story) -> None:
    story.converge()
    result = both_ways(story.target, "netbsd.xen.domain", {"guests": [story.guest]})
    assert result["changed"] is False
    assert "diff" not in result


def test_a_warning_is_told_the_same_way(story: Story) -> None:
    disk = f"/srv/xen/{story.name}.img"
    story.target.run(["cp", story.target.facts["disks"][0], disk])
    story.guest["disks"] = [disk]
    story.converge()
    story.target.run(["rm", disk])
    result = both_ways(story.target, "netbsd.xen.domain", {"guests": [story.guest]}, check=True)
    assert result["warnings"] == [
        f"{story.target.host}: guest {story.name}: its disk {disk} is gone, although the guest is running"
    ]


@pytest.mark.parametrize("where", ["on the controller", "on the machine"])
def test_a_failure_is_told_the_same_way(story: Story, where: str) -> None:
    guest = dict(story.guest, **{"frobnicate": 1} if where == "on the controller" else {"kernel": "/srv/xen/nosuch"})
    result = both_ways(story.target, "netbsd.xen.domain", {"guests": [guest]})
    assert result["failed"] is True
    assert ("commands" in result) is True
