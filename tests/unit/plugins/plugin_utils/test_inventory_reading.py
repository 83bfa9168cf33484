# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of a dom0's guests for an inventory, and in how many calls."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.read.info import guests_by_name
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.read import place_of
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work.record import Record
from ansible_collections.netbsd.xen.plugins.plugin_utils._inventory import reading
from ansible_collections.netbsd.xen.plugins.plugin_utils._inventory.reading import Question
from ansible_collections.netbsd.xen.tests.unit.support import sim_host
from ansible_collections.netbsd.xen.tests.unit.support.look_here import Looks
from ansible_collections.netbsd.xen.tests.unit.support.simulated import SimulatedHost

CONFIGS, KERNEL = "/usr/pkg/etc/xen", "/home/xen/netbsd-XEN3_DOMU.gz"
MAC, OTHER_MAC = "00:16:3e:00:00:01", "00:16:3e:00:00:02"
LEASE = f"""lease 10.0.2.52 {{
  binding state active;
  hardware ethernet {OTHER_MAC};
}}
"""
WITH_XL, WITH_XM = "netbsd-10.1-xen-4.20", "netbsd-6.1-xen-4.2"

EVERY = Question()


class Dom0:
    """A dom0 with four guests: web1 runs, with an interface; db1 does not, and its file is called otherwise; quiet runs
    and has no interface; sys1 does not run and was installed."""

    def __init__(self, directory: Path, profile: str) -> None:
        self.machine = sim_host.make_host(directory, "dom0", profile=profile)
        self.host = SimulatedHost(self.machine, one_look=True)
        self.toolstack = "xm" if profile == WITH_XM else "xl"
        for folder in ("home/xen", "var/db"):
            (self.machine.root / folder).mkdir(parents=True, exist_ok=True)
        (self.machine.root / "home/xen").joinpath(Path(KERNEL).name).write_bytes(self._kernel())
        self.machine.run("/sbin/ifconfig", "bridge0", "create")
        self.config("web1", "web1", f'vif = ["mac={MAC},bridge=bridge0"]')
        self.config("second.cfg", "db1", f'vif = ["mac={OTHER_MAC},bridge=bridge0"]', "memory = 96")
        self.config("quiet", "quiet")
        self.config("sys1", "sys1", 'vif = ["mac=00:16:3e:00:00:03,bridge=bridge0,ip=10.0.2.53"]')
        for name in ("web1", "quiet"):
            ended = self.machine.run(f"/usr/pkg/sbin/{self.toolstack}", "create", f"{CONFIGS}/{name}")
            assert ended.rc == 0, ended
        self.machine.write("/var/db/dhcpd.leases", LEASE)
        self.machine.write("/home/xen/sys1.img", "disk")
        disk = "/home/xen/sys1.img"
        found = Record("verified", "sets", "10.1", disk, place_of(self.host, disk), "nx", seen="ssh")
        words = {**asdict(found), "address": "10.0.2.54", "host_keys": ["ssh-ed25519 AAAA root@sys1"]}
        self.machine.write(f"{CONFIGS}/.sys1.install", json.dumps(words))

    def _kernel(self) -> bytes:
        return (self.machine.root / "netbsd-XEN3_DOM0.gz").read_bytes()

    def config(self, file: str, name: str, *lines: str) -> None:
        text = [f'name = "{name}"', f'kernel = "{KERNEL}"', "memory = 64", 'vncpasswd = "hunter2"', *lines]
        self.machine.write(f"{CONFIGS}/{file}", "\n".join(text) + "\n")

    def read(self, question: Question = EVERY) -> dict[str, Any]:
        self.looks = Looks(self.host)
        self.host.commands.clear()
        return reading.asked(self.looks, question)

    def by_name(self, question: Question = EVERY) -> dict[str, dict[str, Any]]:
        return {guest["name"]: guest for guest in self.read(question)["guests"]}

    @property
    def calls(self) -> int:
        return len(self.looks.asked)

    def ran(self) -> set[str]:
        said = [answer for answers in self.looks.said for answer in answers["answers"]]
        asks = [ask for asks in self.looks.asked for ask in asks[1:]]
        assert len(asks) == len(said)
        done = [ask["run"] for ask, answer in zip(asks, said) if "rc" in answer]
        return {" ".join([argv[0].rpartition("/")[2], *argv[1:]]) for argv in done}


@pytest.fixture(scope="module", params=[WITH_XL, WITH_XM])
def dom0(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Dom0:
    return Dom0(tmp_path_factory.mktemp("dom0") / "h", request.param)


def test_every_guest_in_one_call(dom0: Dom0) -> None:
    found = dom0.read()
    assert dom0.calls == 1
    guests = {guest["name"]: guest for guest in found["guests"]}
    assert found["names"] == sorted(guests) == ["db1", "quiet", "sys1", "web1"]
    info = guests_by_name(domain.read(dom0.host))
    for name, guest in guests.items():
        assert (guest["state"], guest["config_file"]) == (info[name]["state"], info[name]["config_file"])
        assert (guest["type"], guest["toolstack"], guest["system"]) == ("pv", dom0.toolstack, "netbsd")
    assert guests["web1"]["state"] == "running" and guests["web1"]["domid"] > 0
    assert (guests["db1"]["state"], guests["db1"]["domid"], guests["db1"]["memory"]) == ("shutdown", None, 96)
    assert (guests["web1"]["macs"], guests["web1"]["bridges"]) == ([MAC], ["bridge0"])
    assert [name for name, guest in guests.items() if not guest["has_network"]] == ["quiet"]


def test_addresses_are_those_of_the_interface_of_the_installation_and_of_what_dom0_has_leased(dom0: Dom0) -> None:
    guests = dom0.by_name()
    assert guests["sys1"]["addresses"] == ["10.0.2.53"]
    login = guests["sys1"]["login"]
    assert (login["address"], login["user"], login["host_keys"]) == ("10.0.2.54", "root", ["ssh-ed25519 AAAA"])
    assert guests["db1"]["addresses"] == ["10.0.2.52"]
    assert guests["web1"]["addresses"] == guests["quiet"]["addresses"] == []
    assert guests["db1"]["login"] is None


def test_no_password_is_read(dom0: Dom0) -> None:
    found = dom0.read()
    assert "hunter2" not in json.dumps(found) + json.dumps(dom0.looks.said)
    assert "masked" not in json.dumps(found) and "sha256" not in json.dumps(found)


def test_where_no_guest_is_wanted_no_more_is_read_than_names_and_states(dom0: Dom0) -> None:
    for question in (Question(names=("mail*",)), Question(names=("web1",), states=("crashed",))):
        found = dom0.read(question)
        assert (dom0.calls, found["guests"]) == (1, [])
        assert found["names"] == ["db1", "quiet", "sys1", "web1"]
        assert dom0.ran() == {"ps -axww -o pid= -o args=", f"{dom0.toolstack} list"}


def test_what_is_wanted_is_read_in_a_second_call(dom0: Dom0) -> None:
    found = dom0.read(Question(names=("mail*", "[dw]*")))
    assert dom0.calls == 2
    assert [guest["name"] for guest in found["guests"]] == ["db1", "web1"]
    assert sorted(dom0.by_name(Question(states=("shutdown",)))) == ["db1", "sys1"]


def test_an_address_that_is_known_is_not_looked_for(dom0: Dom0) -> None:
    assert dom0.by_name(Question(addressed=frozenset(["db1"])))["db1"]["addresses"] == []


def test_another_directory_of_configurations(dom0: Dom0) -> None:
    (dom0.machine.root / "home/guests").mkdir(exist_ok=True)
    dom0.machine.write("/home/guests/apart", f'name = "apart"\nkernel = "{KERNEL}"\nmemory = 64\n')
    found = dom0.read(Question(config_dir="/home/guests"))
    assert dom0.calls == 1
    # Those that run are there, wherever their files are.
    assert found["names"] == ["apart", "quiet", "web1"]


@pytest.mark.parametrize(
    ("kernel", "system"),
    [
        ("/home/xen/netbsd-INSTALL_XEN3_DOMU.gz", "netbsd"),
        ("/home/xen/vmlinuz-6.12", "linux"),
        ("/home/xen/unix", "other"),
        ("", "other"),
    ],
)
def test_a_system_is_told_by_its_kernel(tmp_path: Path, kernel: str, system: str) -> None:
    assert reading._system("", kernel) == system
    assert reading._system("sets", kernel) == "netbsd"


def test_a_machine_that_does_not_say_what_runs_is_none_without_guests(tmp_path: Path) -> None:
    machine = sim_host.make_host(tmp_path / "h", "dom0")
    machine.run("/usr/bin/pkill", "xenstored")
    looks = Looks(SimulatedHost(machine, one_look=True))
    with pytest.raises(XenError, match="xenstored"):
        reading.asked(looks, Question())
    asks = [ask.get("run", [""])[0] for asks in looks.asked for ask in asks[1:]]
    said = [answer for answers in looks.said for answer in answers["answers"]]
    called = {name.rpartition("/")[2] for name, answer in zip(asks, said) if "rc" in answer}
    assert "ps" in called and not called & {"xl", "xm"}
