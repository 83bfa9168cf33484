# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a machine says what a run then does, on the machines of all eras and after other hands were at them."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleUndefinedVariable
from netbsd_sim.core import profiles

from ansible_collections.netbsd.xen.plugins.module_utils import _packages
from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan import plan_host
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.host_plan import HostPlan
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import order
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.order import ALL, Tags
from ansible_collections.netbsd.xen.tests.unit.support.whole_host import GUEST, NAME, WholeHost, planned

ERAS = list(profiles.PROFILES)
NEWEST = profiles.DEFAULT_PROFILE
GRUBS = [("netbsd-10.1-xen-4.20", "grub2"), ("netbsd-9.4-xen-4.15", "grub2"), ("netbsd-5.1-xen-3.1", "grub")]


def edited(whole: WholeHost, path: str, pattern: str, replacement: str) -> None:
    text, count = re.subn(pattern, replacement, whole.host.text(path), flags=re.MULTILINE)
    assert count, f"{path} has nothing that matches {pattern}"
    whole.machine.write(path, text)


ALL_AT_ONCE = "everything at once"
# Of a kernel, of the note where it came from, of a menu, a setting, a guest.
UNFINISHED = [
    *("/.netbsd-XEN3_DOM0.gz.9rbnzjh0.netbsd_xen", "/.netbsd-XEN3_DOM0.gz.origin.a.netbsd_xen"),
    *("/.xen-4.20.gz.b.netbsd_xen", "/.boot.cfg.c.netbsd_xen", "/etc/.rc.conf.d.netbsd_xen"),
    *("/etc/.fstab.e.netbsd_xen", "/etc/.ttys.h.netbsd_xen"),
    *("/etc/.ifconfig.bridge0.f.netbsd_xen", "/etc/rc.d/.xendomains.g.netbsd_xen"),
    *("/usr/pkg/etc/xen/.web1.i.netbsd_xen", "/usr/pkg/etc/xen/scripts/.vif-bridge.j.netbsd_xen"),
]
# What somebody does, and what has to be done about it: some of (resource, thing).
DRIFTS: dict[str, tuple[Callable[[WholeHost], Any], set[tuple[str, str]]]] = {
    "a guest was ended": (lambda whole: whole.toolstack("destroy", "web1"), {("domain", "web1")}),
    "the card is out of the bridge": (
        lambda whole: whole.machine.run("/sbin/brconfig", "bridge0", "delete", "wm0"),
        {("bridge", "bridge0")},
    ),
    "lines of rc.conf are gone": (lambda whole: edited(whole, "/etc/rc.conf", r"^xen[dc].*\n", ""), set()),
    "a script was edited": (
        lambda whole: whole.machine.append("/etc/rc.d/xendomains", "# by hand\n"),
        {("system_files", "/etc/rc.d/xendomains")},
    ),
    "kernfs is not in fstab": (lambda whole: edited(whole, "/etc/fstab", r"^.*kernfs.*\n", ""), {("kernfs", "/kern")}),
    "a kernel was damaged": (
        lambda whole: whole.machine.append("/netbsd-XEN3_DOM0.gz", "x"),
        {("system_files", "/netbsd-XEN3_DOM0.gz")},
    ),
    "killed runs have left files": (
        lambda whole: [whole.machine.write(path, "half") for path in UNFINISHED],
        {("system_files", "/netbsd-XEN3_DOM0.gz")},
    ),
    "a guest's configuration was edited": (
        lambda whole: whole.machine.append("/usr/pkg/etc/xen/web1", 'on_crash = "preserve"\n'),
        {("domain", "web1")},
    ),
    "the menu has another default": (lambda whole: edited(whole, "/boot.cfg", "^default=.*", "default=3"), set()),
    "a guest more is declared": (
        lambda whole: whole.own.update(domu_guests=[GUEST, {**GUEST, "name": "web2", "disks": [], "nics": []}]),
        {("domain", "web2")},
    ),
    "a guest less is declared": (lambda whole: whole.own.update(domu_guests=[]), set()),
    ALL_AT_ONCE: (
        lambda whole: [DRIFTS[name][0](whole) for name in list(DRIFTS)[:6]],
        {("domain", "web1"), ("bridge", "bridge0"), ("kernfs", "/kern")},
    ),
}


@lru_cache(maxsize=None)
def made() -> Path:
    """A machine of today on which everything is as declared, to be copied."""
    directory = Path(tempfile.mkdtemp(prefix="netbsd-xen-up-"))
    atexit.register(shutil.rmtree, directory)
    with pytest.MonkeyPatch.context() as patch:
        assert WholeHost(directory, patch, NEWEST).run()[1] == []
    return directory / NAME


@pytest.fixture
def up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WholeHost:
    shutil.copytree(made(), tmp_path / NAME, symlinks=True)
    return WholeHost(tmp_path, monkeypatch, NEWEST)


@pytest.mark.parametrize(("era", "loader"), [*((era, "boot_cfg") for era in ERAS), *GRUBS])
def test_from_nothing_to_running_guests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, era: str, loader: str) -> None:
    whole = WholeHost(tmp_path, monkeypatch, era, loader=loader)
    plan = whole.plan()
    assert plan.problems == plan.later == ()
    assert not plan.in_sync
    done, failures = whole.run()
    assert failures == []
    assert planned(plan) == done
    again = whole.plan()
    assert (again.steps, again.problems, again.later, again.in_sync) == ((), (), (), True)
    assert [(guest.name, guest.declared) for guest in again.running] == [("web1", True)]
    assert [guest.name for guest in again.declared_guests] == ["web1"]
    assert again.running[0].uuid == again.declared_guests[0].uuid

    DRIFTS[ALL_AT_ONCE][0](whole)
    assert_alike(whole, ALL_AT_ONCE)


def assert_alike(whole: WholeHost, words: str) -> int:
    """What is planned after some drift is what is then done, and something is. How much it is."""
    plan = whole.plan()
    assert plan.problems == plan.later == (), words
    assert DRIFTS[words][1] <= planned(plan), words
    done, failures = whole.run()
    assert failures == []
    assert planned(plan) == done, words
    assert whole.plan().steps == (), words
    return len(done)


def test_after_other_hands_it_is_what_a_run_does(up: WholeHost) -> None:
    found, declared = 0, dict(up.own)
    for words, (act, _expected) in DRIFTS.items():
        act(up)
        found += assert_alike(up, words)
        if up.own != declared:
            up.own = dict(declared)
            up.run()
    print(f"{len(DRIFTS)} drifts, {found} changes planned and made alike")
    assert found > len(DRIFTS)


def test_what_waits_has_the_word_that_it_waits_for(up: WholeHost) -> None:
    up.own["domu_guests"] = [{**GUEST, "vcpus": 4}]
    plan = up.plan()
    assert [(step.thing, step.word, step.impact) for step in plan.waiting] == [
        ("web1", "domu_restart_policy: if_needed", "guest_restart")
    ]
    up.run()
    assert up.plan().in_sync
    up.own["domu_restart_policy"] = "if_needed"
    plan = up.plan()
    assert (plan.waiting, {step.thing for step in plan.steps}) == ((), {"web1"})


def test_before_a_boot_that_is_not_allowed_nothing_is_said_to_be_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = WholeHost(tmp_path, monkeypatch, NEWEST)
    whole.own["bootloader_reboot"] = False
    plan = whole.plan()
    assert [(step.thing, step.word) for step in plan.waiting] == [("Xen", "bootloader_reboot: true")]
    assert [problem.resource for problem in plan.problems] == ["xen_reboot"]
    assert "domain" not in {step.resource for step in plan.steps}
    assert ("domain", "web1") in {(later.resource, later.thing) for later in plan.later}
    done, failures = whole.run()
    assert planned(plan) == done
    assert [problem.message for problem in plan.problems] == failures


def test_behind_a_task_that_fails_nothing_is_planned(up: WholeHost) -> None:
    up.machine.run("/sbin/brconfig", "bridge0", "delete", "wm0")
    up.own["dom0_native_kernel"] = "/nothing"
    plan = up.plan()
    assert [(problem.role, problem.resource) for problem in plan.problems] == [("dom0", "preflight")]
    assert plan.steps == ()
    # What other hosts must know of it, it tells all the same.
    assert [guest.name for guest in plan.running] == [guest.name for guest in plan.declared_guests] == ["web1"]


def test_a_file_that_cannot_be_had_holds_up_the_guests_that_need_it(up: WholeHost) -> None:
    up.own["domu_files"] = [{"src": "http://mirror.example/pub/none", "dest": "/home/xen/none", "sha512": "0" * 128}]
    up.own["domu_guests"] = [
        GUEST,
        {"name": "other", "memory": 32, "kernel": "/home/xen/netbsd-XEN3_DOMU.gz"},
    ]
    plan = up.plan()
    assert ("domain", "other") in planned(plan)


def test_what_role_bootstrap_would_do_is_in_the_plan(up: WholeHost) -> None:
    up.host.remove("/usr/pkg/bin/pkgin")
    up.own.update(bootstrap_python="/usr/pkg/bin/python3.99", bootstrap_python_package="python399")
    assert [(step.role, step.thing) for step in up.plan().steps] == [("bootstrap", "python399"), ("bootstrap", "pkgin")]
    assert up.plan(Tags(["domu"])).in_sync
    up.own["bootstrap_pkgin"] = False
    assert [step.thing for step in up.plan().steps] == ["python399"]


def test_packages_that_came_since_are_for_a_run_to_look_at(up: WholeHost) -> None:
    up.host.remove(_packages.RECORD)
    plan = up.plan()
    assert (plan.steps, [later.role for later in plan.later], plan.in_sync) == ((), ["bootstrap"], False)
    up.bootstrap()
    assert up.plan().in_sync


def test_an_exchange_of_xen_is_told_before_all_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = WholeHost(tmp_path, monkeypatch, "netbsd-10.1-xen-4.18", preset="dom0")
    assert whole.run()[1] == []

    def upgrade(tags: Tags = ALL) -> HostPlan:
        return plan_host.plan_host(whole.host, whole.variables(), tags, upgrades=True)

    assert upgrade().in_sync
    whole.own.update(dom0_xen_release="4.20", upgrade_without_fallback=True)
    plan = upgrade()
    assert [(step.role, step.before, step.after, step.impact) for step in plan.steps] == [
        ("upgrade", "4.18", "4.20", "host_reboot")
    ]
    assert (len(plan.later), plan.problems) == (1, ())
    assert [guest.name for guest in plan.running] == ["web1"]
    assert upgrade(Tags(["bridge"])).in_sync
    whole.own["upgrade_without_fallback"] = False
    plan = upgrade()
    assert (plan.steps, [problem.role for problem in plan.problems]) == ((), ["upgrade"])
    # That is no matter of netbsd.xen.site.
    assert all(step.role != "upgrade" for step in whole.plan().steps)


def test_what_only_the_machine_can_tell_is_told_later(up: WholeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    read = plan_host.read_and_planned

    def reading(resource: Any, *arguments: Any) -> Any:
        if resource.NAME == "kernfs":
            raise NotRead("it was not looked at")
        return read(resource, *arguments)

    monkeypatch.setattr(plan_host, "read_and_planned", reading)
    up.machine.run("/sbin/brconfig", "bridge0", "delete", "wm0")
    plan = up.plan()
    assert [(later.resource, later.message) for later in plan.later] == [("kernfs", "it was not looked at")]
    assert planned(plan) == {("bridge", "bridge0")}


def test_a_variable_that_cannot_be_worked_out_is_a_problem_of_its_task(up: WholeHost) -> None:
    variables = up.variables()

    class Broken(dict):
        def __missing__(self, key: str) -> Any:
            if key == "bridge_bridges":
                raise AnsibleUndefinedVariable("'nothing' is undefined")
            return variables[key]

    plan = plan_host.plan_host(up.host, Broken())
    assert [(problem.role, problem.message) for problem in plan.problems] == [
        ("services", "'nothing' is undefined"),
    ]


def test_what_a_run_has_registered_is_not_taken_for_what_is_still_to_come(up: WholeHost) -> None:
    untouched = up.plan()
    change = {"thing": "/home/xen/never.img", "before": "of a killed run", "after": ["nothing"]}
    result = {"changed": True, "changes": [change], "failures": [{"thing": "web1"}]}
    up.own.update(dict.fromkeys(order.REGISTERED, result))
    assert {"dom0_files_result", "domu_files_result", "upgrade_files_result"} <= order.REGISTERED
    assert up.plan() == untouched
    assert untouched.in_sync


def test_a_defect_of_ours_is_a_problem_in_words(up: WholeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_host, "read_and_planned", lambda *_arguments: 1 // 0)
    (problem,) = up.plan().problems
    assert "internal error, please report it: ZeroDivisionError" in problem.message


@pytest.mark.parametrize(
    ("tags", "resources"),
    [
        (Tags(), {"kernfs", "bridge", "rc_service", "domain"}),
        (Tags(["bridge"]), {"bridge"}),
        (Tags(["tagged"], ["bridge", "dom0"]), {"rc_service", "domain"}),
        (Tags(["all"], ["domu"]), {"kernfs", "bridge", "rc_service"}),
        (Tags(["domu"]), {"rc_service", "domain"}),
        (Tags(["untagged"]), set()),
        (Tags(["all"], ["tagged"]), set()),
    ],
)
def test_tags_choose_in_the_plan_as_in_the_run(up: WholeHost, tags: Tags, resources: set[str]) -> None:
    edited(up, "/etc/fstab", r"^.*kernfs.*\n", "")
    edited(up, "/etc/rc.conf", r"^xencommons.*\n", "")
    up.machine.run("/sbin/brconfig", "bridge0", "delete", "wm0")
    up.toolstack("destroy", "web1")
    assert {step.resource for step in up.plan(tags).steps} == resources
