# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The commands of docs/scale.md, in their order, on a rack of which two machines have drifted: rack02, which is in the
slice of the page, and rack12, which is not."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
SCENARIO = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
MADE = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "hosts.yml")
RACK = Path(os.environ["RACKS"], "molecule-rack")
PAGE = (CHECKOUT / "docs/scale.md").read_text()
PLAN, BATCHES, SLICE, MESH = re.findall(r"^```sh\n(.*)\n```$", PAGE, re.MULTILINE)
HOSTS = [f"rack{number:02d}" for number in range(1, 21)]
# Far above what any of them takes; a hang must not last for ever.
LIMIT = 900  # seconds


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Where the commands are given: as in a checkout, but that a report does not lie about in it."""
    directory = tmp_path_factory.mktemp("admin")
    for name in ("playbooks", "roles"):
        (directory / name).symlink_to(CHECKOUT / name)
    return directory


def shell(command, work, **variables):
    # Molecule asks for colours where it is run in a terminal; what is read here is plain text.
    plain = {**os.environ, "ANSIBLE_FORCE_COLOR": "false"}
    environment = {**plain, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **variables}
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=work,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def playbook(command, work):
    """A command of the page on the scenario's inventories."""
    ended = shell(shlex.join([*shlex.split(command), "-i", f"{SCENARIO}/inventory", "-i", str(MADE)]), work)
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def recap(text):
    """For each host the tasks that changed something."""
    lines = re.findall(r"^(rack\d\d) +: .*changed=(\d+)", text.split("PLAY RECAP")[1], re.MULTILINE)
    return {host: int(changed) for host, changed in lines}


def logged_in():
    """On which hosts somebody was, and how often."""
    return {host: len((RACK / "hosts" / host / "sessions.log").read_text().splitlines()) for host in HOSTS}


def mesh(directory):
    """What the page says of the directory: the playbook, an inventory, the key, where the checkout's settings are."""
    for name in ("project", "inventory", "env"):
        (directory / name).mkdir(parents=True)
    (play,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (directory / "project/site.yml").write_text(yaml.safe_dump(yaml.safe_load(play)))
    shutil.copy(SCENARIO / "inventory/hosts.yml", directory / "inventory/declared.yml")
    reached = yaml.safe_load(MADE.read_text())
    for variables in reached["dom0s"]["hosts"].values():
        # The key is in the agent, which the test's own settings of ssh would not ask; nor is another's connection used.
        del variables["ansible_ssh_private_key_file"]
        variables["ansible_ssh_common_args"] = (
            "-F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
        )
        variables["ansible_control_path"] = "%(directory)s/mesh-%%C"
    (directory / "inventory/reached.yml").write_text(yaml.safe_dump(reached))
    shutil.copy(RACK / "ssh/id", directory / "env/ssh_key")
    (directory / "env/envvars").write_text(yaml.safe_dump({"ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg")}))


def test_the_plan_of_all_knows_both(work):
    text = playbook(PLAN, work)
    assert "20 hosts: 2 to be changed, 18 in sync" in text
    states = {each["host"]: each["state"] for each in json.loads((work / "plan.json").read_text())["hosts"]}
    assert {host for host, state in states.items() if state == "drifted"} == {"rack02", "rack12"}


def test_a_slice_is_run_as_awx_does(work):
    mesh(work / "mesh")
    before = logged_in()
    ended = shell(MESH, work)
    made = work / "mesh/artifacts/slice-1"
    assert ended.returncode == 0, ended.stdout
    said = (made / "stdout").read_text()
    assert ((made / "status").read_text(), (made / "rc").read_text()) == ("successful", "0"), said
    events = [json.loads(path.read_text()) for path in (made / "job_events").glob("*.json")]
    (stats,) = [each["event_data"] for each in events if each["event"] == "playbook_on_stats"]
    assert sorted(stats["ok"]) == ["rack01", "rack02"]
    assert list(stats["changed"]) == ["rack02"]
    assert {host for host, number in logged_in().items() if number != before[host]} == {"rack01", "rack02"}


def test_a_slice_by_limit_finds_it_done(work):
    assert recap(playbook(SLICE, work)) == {"rack01": 0, "rack02": 0}


def test_batches_do_the_rest(work):
    counts = recap(playbook(BATCHES, work))
    assert sorted(counts) == HOSTS
    assert {host for host, changed in counts.items() if changed} == {"rack12"}
