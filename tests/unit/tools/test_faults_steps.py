# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What counts as a step of a converge, and which faults it gets."""

from __future__ import annotations

import json
import re

import inject
import pytest
import steps
from netbsd_sim.core import powercut

LOOKS = (
    "/sbin/sysctl -n kern.boottime",
    "/usr/sbin/pkg_info",
    "/sbin/ifconfig -a",
    "/sbin/ifconfig bridge0",
    "/sbin/brconfig bridge0",
    "/bin/ps -axww -o pid= -o args=",
    "/usr/bin/ftp -o - http://mirror.example/SHA512",
    "/usr/pkg/sbin/xl list -l",
    "/usr/pkg/sbin/xm info",
    "/sbin/mount",
    "/usr/sbin/vnconfig -l",
    "/bin/hostname",
)
CHANGES = (
    "/sbin/sysctl -w net.inet.ip.forwarding=1",
    "/usr/sbin/pkg_add pkgin",
    "/usr/pkg/bin/pkgin -y update",
    "/sbin/ifconfig bridge0 create",
    "/sbin/ifconfig wm0 up",
    "/sbin/brconfig bridge0 add wm0",
    "/usr/bin/ftp -o /netbsd.gz http://mirror.example/netbsd.gz",
    "/usr/pkg/sbin/xl create /usr/pkg/etc/xen/web1",
    "/usr/pkg/sbin/xl destroy info",
    "/sbin/mount /kern",
    "/usr/sbin/vnconfig vnd0 /home/xen/a.img",
    "/sbin/shutdown -r now",
    "/bin/hostname nb001",
    "/.sim/bin/rcscript /etc/rc.d/xencommons start",
)


def log(*lines: str, rc: int = 0) -> list[str]:
    return [json.dumps({"time": 1.0, "argv": line.split(), "rc": rc}) for line in lines]


@pytest.mark.parametrize("line", LOOKS)
def test_what_only_looks_is_no_step(line):
    assert steps.steps(log(line)) == []


@pytest.mark.parametrize("line", CHANGES)
def test_what_may_change_something_is_a_step_even_if_it_failed(line):
    assert [step.line for step in steps.steps(log(line, rc=1))] == [line]


def test_a_file_operation_counts_if_the_system_let_it_happen():
    assert steps.steps(log("mkdir /etc", rc=17)) == []
    assert [step.line for step in steps.steps(log("rename /etc/rc.conf"))] == ["rename /etc/rc.conf"]


def test_a_step_counts_once_in_the_order_of_the_run():
    found = steps.steps(log("rename /b", "rename /a", "rename /b"))
    assert [step.line for step in found] == ["rename /b", "rename /a"]


def test_a_step_matches_itself_and_nothing_longer():
    match = steps.Step("write /etc/.rc.conf.*").match
    assert re.search(match, "write /etc/.rc.conf.*")
    assert not re.search(match, "write /etc/.rc.conf.*x")
    assert not re.search(match, "write /etc/.rcxconf.*")


def test_a_token_matches_that_of_another_run():
    one, other = "0123456789abcdef" * 2, "fedcba9876543210" * 2
    (step,) = steps.steps(log(f"rename /var/run/guard/{one}.armed"))
    assert re.search(step.match, f"rename /var/run/guard/{other}.armed")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/usr/sbin/pkg_add xenkernel42 xentools42", "/usr/sbin/pkg_add xenkernel415 xentools415"),
        ("/usr/bin/ftp -o /a http://m/6.1/x.gz", "/usr/bin/ftp -o /a http://m/10.1/amd64/x.gz"),
        ("rename /xen-4.2.gz", "rename /xen-4.20.gz"),
        ("rename /netbsd-XEN3_DOM0.gz", "rename /netbsd-XEN3PAE_DOM0.gz"),
    ],
)
def test_release_and_architecture_do_not_make_another_shape(one, other):
    assert steps.Step(one).shape == steps.Step(other).shape


def test_another_file_or_command_is_another_shape():
    lines = (
        "rename /boot.cfg",
        "rename /etc/rc.conf",
        "write /boot.cfg",
        "/usr/pkg/sbin/xl create /a",
        "/x/xm create /a",
    )
    assert len({steps.Step(line).shape for line in lines}) == len(lines)


def test_every_kind_of_step_gets_the_faults_that_it_can_have():
    def kinds(line: str) -> set[str]:
        return set(inject.actions(steps.Step(line)))

    packager = {"fail", "hang", "kill_midway", "kill_after", "disconnect", "power_cut", "power_cut_midway"}
    assert kinds("/usr/sbin/pkg_delete xentools420") == packager
    assert kinds("/usr/sbin/pkg_add pkgin") == packager | {"enospc"}
    assert kinds("/sbin/brconfig bridge0 up") == {"fail", "hang", "kill_after", "disconnect", "cut_off", "power_cut"}
    assert kinds("write /etc/x") == {"fail", "kill_after", "disconnect", "enospc", "power_cut"}
    assert kinds("unlink /etc/x") == {"fail", "kill_after", "disconnect", "power_cut"}


STEPS = [steps.Step(line) for line in ("write /a", "write /b", "/bin/c 1", "/bin/c 2")]


def test_without_a_limit_every_step_gets_every_kind():
    chosen = inject.plan(STEPS, set(), 1000)
    assert len(chosen.faults) == len(set(chosen.faults)) == 4 * 5
    assert (chosen.known, chosen.cut) == (0, 0)


def test_a_short_selection_begins_with_all_shapes():
    chosen = inject.plan(STEPS, set(), 3)
    assert {fault.step.shape for fault in chosen.faults} == {"write /a", "write /b", "/bin/c N"}
    assert chosen.cut == 17


def test_half_of_a_short_selection_is_power_cuts():
    many = [steps.Step(f"write /etc/{letter}") for letter in "abcdefghijklmnopqrstuvwxyz"]
    chosen = inject.plan(many, set(), 26)
    assert {fault.step for fault in chosen.faults} == set(many)
    assert sum(fault.action == "power_cut" for fault in chosen.faults) >= 13


def test_what_an_earlier_case_had_is_left_out_and_counted():
    first = inject.plan(STEPS[:3], set(), 1000)
    seen = {fault.shape for fault in first.faults}
    later = inject.plan([steps.Step("/bin/c 3"), steps.Step("write /new")], seen, 1000)
    assert {fault.step.line for fault in later.faults} == {"write /new"}
    assert later.known == 5


def test_a_fault_happens_once_and_tells_of_it(tmp_path):
    inject.arm(tmp_path, inject.Fault(steps.Step("rename /etc/rc.conf"), "kill_after"))
    (entry,) = json.loads((tmp_path / "faults.json").read_text())
    assert (entry["action"], entry["times"]) == ("kill_after", 1)
    assert inject.fired(tmp_path) == 0
    (tmp_path / "faults.log").write_text("{}\n")
    assert inject.fired(tmp_path) == 1


def test_what_was_not_as_promised_can_be_done_again_with_the_same_damage(tmp_path):
    cut = {"case": "nat", "step": "rename /etc/rc.conf", "action": "power_cut", "damage": {"etc/fstab": 512}}
    records = [
        {**cut, "broken": ["lost: /etc/fstab"]},
        {**cut, "broken": []},
        {**cut, "action": "fail", "damage": {}, "broken": ["x"]},
    ]
    again = inject.repeated(map(json.dumps, records))
    step = steps.Step("rename /etc/rc.conf")
    assert again == {"nat": [inject.Fault(step, "power_cut", (("etc/fstab", 512),)), inject.Fault(step, "fail")]}
    inject.arm(tmp_path, again["nat"][0])
    assert powercut.read(tmp_path / powercut.AGAIN) == {"etc/fstab": 512}
    inject.arm(tmp_path, again["nat"][1])
    assert powercut.read(tmp_path / powercut.AGAIN) is None
