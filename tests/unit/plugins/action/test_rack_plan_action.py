# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The rack's plan in a run of Ansible: what is seen of it, the files, and who counts as failed.

The plans stand in the inventory; no machine is needed, but for one that nobody can reach.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleActionFail

from ansible_collections.netbsd.xen.plugins.action import rack_plan
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.host_plan import DeclaredGuest, HostPlan
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.rack import Unseen
from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT
from ansible_collections.netbsd.xen.tests.unit.support.rack_plans import (
    IF_NEEDED,
    bridge,
    disk,
    problem,
    restart,
    running,
)

# What playbooks do with it.
PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: The plan of the rack
      netbsd.xen.rack_plan:
        report: "{{ netbsd_xen_report | default([]) }}"
        fail_on_drift: "{{ netbsd_xen_fail_on_drift | default(false) }}"
        fail_on_problems: "{{ only_plan | default(false) }}"
      run_once: true
      register: netbsd_xen_rack

    - name: Hosts that stop here
      netbsd.xen.rack_plan:
        part: verdict

    - name: The work
      ansible.builtin.debug:
        msg: worked on

    - name: What waits
      netbsd.xen.rack_plan:
        part: waiting
      run_once: true
"""
DRIFTED = HostPlan("", steps=(bridge(),))
WAITING = HostPlan("", waiting=(restart("db1", IF_NEEDED),))
TROUBLED = HostPlan("", problems=(problem("no space", "/"),))


@dataclass
class Ended:
    status: int
    output: str

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        """For each host what Ansible counted, as far as it is not 0."""
        lines = re.findall(r"^(\S+) +: (ok=.*)$", self.output, re.MULTILINE)
        pairs = {host: [pair.split("=") for pair in counts.split()] for host, counts in lines}
        return {host: {key: int(count) for key, count in counts if int(count)} for host, counts in pairs.items()}

    def below(self, task: str) -> list[str]:
        """The lines that are shown below a task's header, without empty ones."""
        shown = re.split(r"\n(?:TASK|PLAY) ", self.output.split(f"TASK [{task}] ", 1)[1])[0]
        return [line for line in shown.splitlines()[1:] if line]


def run(
    where: Path,
    plans: Mapping[str, HostPlan | Mapping[str, Any]],
    *arguments: str,
    playbook: str = PLAYBOOK,
    variables: Mapping[str, Any] | None = None,
    **environment: str,
) -> Ended:
    """A run of the playbook. ``plans`` holds of each host its plan, or another result of the look."""
    hosts = {host: {"netbsd_xen_plan": result(host, found)} for host, found in plans.items()}
    (where / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    (where / "run.yml").write_text(playbook)
    ended = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "hosts.yml", "run.yml", *arguments]
        + ["-e", json.dumps(dict(variables or {}))],
        cwd=where,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
            "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
            # Else a task's header is held back until its first result, and so stands below what the task shows.
            "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "true",
            **environment,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout + ended.stderr)


def result(host: str, found: HostPlan | Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(found, HostPlan):
        return dict(found)
    return {"changed": False, "plan": json.loads(json.dumps({**found.as_data(), "host": host}))}


def test_the_text_is_seen_as_it_is_and_hosts_go_on(tmp_path: Path) -> None:
    ended = run(tmp_path, {"xen1": HostPlan(""), "xen2": DRIFTED})
    assert ended.below("The plan of the rack") == [
        "xen2:",
        "  live  bridge bridge0  add wm1 as a member",
        "2 hosts: 1 to be changed, 1 in sync",
        "1 change: 1 live",
        "ok: [xen1]",
    ]
    assert (ended.status, ended.recap) == (0, {"xen1": {"ok": 4}, "xen2": {"ok": 2}})
    assert ended.below("What waits") == ["ok: [xen1]"]


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["--check", "--diff"], {"ANSIBLE_STDOUT_CALLBACK": "minimal", "ANSIBLE_NOCOLOR": "1"}),
        (
            ["-vv"],
            {
                "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
                "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
                "ANSIBLE_FORCE_COLOR": "1",
            },
        ),
    ],
)
def test_every_callback_shows_it_and_the_log_has_it(
    tmp_path: Path, arguments: list[str], environment: dict[str, str]
) -> None:
    log = tmp_path / "log"
    ended = run(tmp_path, {"xen1": DRIFTED}, *arguments, ANSIBLE_LOG_PATH=str(log), **environment)
    line = "  live  bridge bridge0  add wm1 as a member"
    coloured = "ANSIBLE_FORCE_COLOR" in environment
    assert f"\x1b[0;33m{line}\x1b[0m" in ended.output if coloured else line in ended.output.splitlines()
    (logged,) = [each for each in log.read_text().splitlines() if line in each]
    assert logged.endswith(f"| {line}")
    assert ended.status == 0


def test_drift_counts_as_failed_where_it_shall_by_each_host_s_name(tmp_path: Path) -> None:
    plans = {"xen1": HostPlan(""), "xen2": DRIFTED, "xen3": WAITING, "xen4": TROUBLED}
    report = tmp_path / "plan.json"
    wanted = {"netbsd_xen_fail_on_drift": True, "only_plan": True, "netbsd_xen_report": "plan.json"}
    ended = run(tmp_path, plans, variables=wanted)
    assert ended.status == 2
    assert {host for host, counts in ended.recap.items() if counts.get("failed")} == {"xen2", "xen3", "xen4"}
    assert "not as declared: 1 to be changed" in ended.output
    states = {host["host"]: host["state"] for host in json.loads(report.read_text())["hosts"]}
    assert states == {"xen1": "in_sync", "xen2": "drifted", "xen3": "waiting", "xen4": "failed"}


def test_a_refused_disk_stops_its_host_and_no_other(tmp_path: Path) -> None:
    uuid = "3e1f1b2c-0000-4000-8000-000000000001"
    new = HostPlan("", steps=(disk("web1"),), declared_guests=(DeclaredGuest("web1", uuid),))
    ended = run(tmp_path, {"xen1": new, "xen2": HostPlan("", running=(running("web1", uuid),))})
    assert ended.status == 2
    assert ended.recap["xen1"]["failed"] == 1 and "failed" not in ended.recap["xen2"]
    assert "web1: no empty disk is made, because the guest runs on xen2, by its uuid" in ended.output
    assert ended.below("The work") == ["ok: [xen2] => ", "    msg: worked on"]


def test_whom_nobody_could_look_at_is_told_and_hinders_no_other(tmp_path: Path) -> None:
    plans = {
        "xen1": {"failed": True, "msg": "no Python"},
        "xen2": Unseen("xen2", "timed out", unreachable=True).as_result(),
        "xen3": WAITING,
    }
    ended = run(tmp_path, plans, variables={"netbsd_xen_report": "plan.json"})
    assert ended.recap["xen1"]["failed"] == 1 and ended.recap["xen2"]["unreachable"] == 1
    assert ended.recap["xen3"] == {"ok": 3}
    assert ended.status == 4
    assert "xen1: failed: no Python" in ended.below("The plan of the rack")
    assert "xen2: can't be reached: timed out" in ended.below("The plan of the rack")
    hosts = json.loads((tmp_path / "plan.json").read_text())["hosts"]
    assert [(host["state"], host["message"]) for host in hosts] == [
        ("failed", "no Python"),
        ("unreachable", "timed out"),
        ("waiting", ""),
    ]
    # The table leaves those out of which nobody knows.
    assert ended.below("What waits") == [
        "HOST  THING      WAITS FOR                       WHAT",
        "xen3  guest db1  domu_restart_policy: if_needed  restart the guest for memory (guest_restart)",
        "Not known of, because the run failed there: xen1, xen2",
        "ok: [xen3]",
    ]


def test_a_rack_of_which_no_host_answers_gets_its_report(tmp_path: Path) -> None:
    plans = {host: Unseen(host, "timed out", unreachable=True).as_result() for host in ("xen1", "xen2")}
    ended = run(tmp_path, plans, variables={"netbsd_xen_report": "plan.json"})
    assert ended.status == 4 and all(counts["unreachable"] == 1 for counts in ended.recap.values())
    assert json.loads((tmp_path / "plan.json").read_text())["sums"]["states"]["unreachable"] == 2


def site(work: list[dict[str, Any]]) -> str:
    """What netbsd.xen.site does behind the look, with other work."""
    plays = yaml.safe_load((CHECKOUT / "playbooks/site.yml").read_text())
    names = [play["name"] for play in plays]
    plays = plays[names.index("The plan of the whole rack") :]
    for play in plays:
        play["hosts"] = play["hosts"].replace("dom0s", "all")
        for task in play["tasks"]:
            if "block" in task:
                task["block"] = work
            if "ansible.builtin.import_tasks" in task:
                task["ansible.builtin.import_tasks"] = str(CHECKOUT / "roles/domu/tasks/hosts.yml")
    assert sum("block" in task for play in plays for task in play["tasks"]) == 1
    return yaml.safe_dump(plays)


FAIL = {"name": "The work", "ansible.builtin.fail": {"msg": "no space"}, "when": "inventory_hostname in broken"}
GROUP_OF = {True: "netbsd_xen_in_sync", False: "netbsd_xen_with_work"}
AT_THE_END = "By host"
ALL_FAILED = "What waits for a word of the admin, where all machines of the play failed"


@pytest.mark.parametrize(
    ("others", "broken", "shown_in", "not_known"),
    [
        # Nobody but those in sync gets through.
        ({"xen2": DRIFTED}, ["xen2"], ALL_FAILED, "xen2"),
        ({"xen2": DRIFTED, "xen3": DRIFTED}, ["xen2"], AT_THE_END, "xen2"),
        ({"xen2": Unseen("xen2", "timed out", unreachable=True).as_result()}, [], AT_THE_END, "xen2"),
        ({"xen2": DRIFTED, "xen3": {"failed": True, "msg": "no Python"}}, ["xen2"], AT_THE_END, "xen2, xen3"),
        ({"xen2": DRIFTED}, [], AT_THE_END, ""),
    ],
    ids=["all failed", "one failed", "unreachable", "both", "none failed"],
)
def test_what_waits_is_told_whoever_fails(
    tmp_path: Path, others: dict[str, Any], broken: list[str], shown_in: str, not_known: str
) -> None:
    plans = {"xen1": WAITING, **others}
    (tmp_path / "groups.yml").write_text(
        yaml.safe_dump(
            {
                GROUP_OF[in_sync]: {
                    "hosts": {
                        host: None
                        for host, plan in plans.items()
                        if isinstance(plan, HostPlan) and plan.in_sync is in_sync
                    }
                }
                for in_sync in GROUP_OF
            }
        )
    )
    ended = run(tmp_path, plans, "-i", "groups.yml", playbook=site([FAIL]), variables={"broken": broken})
    assert bool(ended.status) is bool(not_known), ended.output
    table = ended.below(shown_in)
    assert any(line.startswith("xen1  guest db1") for line in table), ended.output
    told = [line for line in table if line.startswith("Not known of")]
    assert told == ([f"Not known of, because the run failed there: {not_known}"] if not_known else [])
    # Once, beside the plan itself.
    assert sum(line.startswith("HOST ") for line in ended.output.splitlines()) == 1
    assert ended.output.count("timed out") <= 1
    assert "xen1" in ended.recap and not ended.recap["xen1"].get("failed")


def test_hosts_that_ansible_itself_has_left_out_are_told(tmp_path: Path) -> None:
    """A look that fails or reaches nobody, registered as Ansible does it."""
    look = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Look
      ansible.builtin.ping:
      register: netbsd_xen_plan
      when: inventory_hostname != "xen3"
      vars:
        ansible_connection: ssh
        ansible_host: 127.0.0.1
        ansible_port: 1
    - name: The plan of the rack
      netbsd.xen.rack_plan:
      run_once: true
"""
    ended = run(tmp_path, {"xen1": HostPlan(""), "xen3": HostPlan("")}, playbook=look)
    assert ended.recap["xen1"]["unreachable"] == 1
    shown = ended.below("The plan of the rack")
    assert any(line.startswith("xen1: can't be reached: ") for line in shown)
    # It was passed over, and that is no look.
    assert "xen3: failed: nobody has looked at it" in shown


# -- the files ---------------------------------------------------------------------------------------------------------


def test_both_files_are_written_also_in_a_check(tmp_path: Path) -> None:
    files = [str(tmp_path / "plan.json"), "plan.html"]
    ended = run(tmp_path, {"xen1": DRIFTED}, "--check", variables={"netbsd_xen_report": files})
    assert ended.status == 0, ended.output
    assert [line for line in ended.below("The plan of the rack") if line.startswith("written to")] == [
        f"written to {tmp_path}/plan.json",
        f"written to {tmp_path}/plan.html",
    ]
    assert json.loads((tmp_path / "plan.json").read_text())["sums"]["states"]["drifted"] == 1
    assert (tmp_path / "plan.html").read_text().startswith("<!doctype html>")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hosts.yml", "plan.html", "plan.json", "run.yml"]


def test_who_may_read_a_report_is_the_admin_s_choice(tmp_path: Path) -> None:
    real, link = tmp_path / "real.html", tmp_path / "link.html"
    link.symlink_to(real)
    real.touch(0o600)
    old = os.umask(0o027)
    try:
        run(tmp_path, {"xen1": DRIFTED}, variables={"netbsd_xen_report": "link.html,plan.json"})
    finally:
        os.umask(old)
    assert (tmp_path / "plan.json").stat().st_mode & 0o777 == 0o640
    assert link.is_symlink() and real.stat().st_mode & 0o777 == 0o600 and real.stat().st_size


def test_a_report_of_which_nobody_can_tell_what_it_shall_be_ends_the_run_before_any_work(tmp_path: Path) -> None:
    ended = run(tmp_path, {"xen1": DRIFTED}, variables={"netbsd_xen_report": ["good.json", "plan.txt"]})
    words = "The report plan.txt must end in .json or .html, which says what shall be in it."
    assert ended.status == 2 and words in ended.output
    assert not (tmp_path / "good.json").exists()
    assert "TASK [The work]" not in ended.output


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("plan", "must end in .json or .html"),
        ("nowhere/plan.json", "there is no directory"),
        ("folder.html", "is a directory"),
        ("link.json", "must end in .json or .html"),
    ],
)
def test_a_report_that_can_not_be_is_refused_in_words(tmp_path: Path, path: str, words: str) -> None:
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "link.json").symlink_to("real")
    with pytest.raises(AnsibleActionFail, match=words):
        rack_plan.file_of(str(tmp_path / path))
    assert rack_plan.file_of(str(tmp_path / "plan.html")) == str(tmp_path / "plan.html")


def test_a_verdict_needs_the_plan_of_the_rack() -> None:
    with pytest.raises(AnsibleActionFail, match="register it where netbsd.xen.rack_plan shows the plan"):
        rack_plan.verdict({"inventory_hostname": "xen1"})
