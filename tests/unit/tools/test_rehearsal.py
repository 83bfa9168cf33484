# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The harness of the demo and the bench must see a promise that is not kept."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import types
from pathlib import Path

import pytest
import rehearsal
from callback_plugins.wrote_down import CallbackModule

from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT

TESTS = CHECKOUT / "tests"
PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Changes something without saying what
      ansible.builtin.command: "true"
    - name: Changes nothing
      ansible.builtin.command: "true"
      changed_when: false
    - name: Fails
      ansible.builtin.command: "false"
      when: fail | default(false)
"""


def demo_program():
    """The program of the demo, by its path: other programs are called run.py too."""
    spec = importlib.util.spec_from_file_location("demo_under_test", TESTS / "demo/run.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


demo = demo_program()


@pytest.fixture
def playbook(tmp_path):
    path = tmp_path / "site.yml"
    path.write_text(PLAYBOOK)
    return path


def run(playbook: Path, *arguments: str, **options_of_the_run: float):
    options = (
        "-i",
        "xen1,",
        "-c",
        "local",
        "-e",
        f"ansible_python_interpreter={sys.executable}",
        *arguments,
        str(playbook),
    )
    return rehearsal.ansible(
        "ansible-playbook", *options, record=playbook.parent / "run.jsonl", quiet=True, **options_of_the_run
    )


def test_a_run_says_what_changed_and_how_it_ended(playbook):
    ended = run(playbook)
    assert ended.status == 0
    assert ended.changed == 1
    assert ended.changes == {("xen1", "task", "Changes something without saying what")}
    assert ended.stats["xen1"]["ok"] == 2


def test_a_run_that_fails_has_a_status_and_its_stats(playbook):
    ended = run(playbook, "-e", '{"fail": true}')
    assert ended.status != 0
    assert ended.stats["xen1"]["failures"] == 1
    assert ended.changed == 1


def test_a_run_that_does_not_end_is_ended_with_its_workers(playbook):
    playbook.write_text("- hosts: all\n  gather_facts: false\n  tasks: [{ansible.builtin.pause: {seconds: 300}}]")
    with pytest.raises(subprocess.TimeoutExpired):
        run(playbook, limit=6)
    listed = subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True, text=True).stdout
    assert str(playbook) not in listed


def test_a_run_that_never_began_has_no_stats(playbook):
    playbook.write_text("- hosts: [")
    ended = run(playbook)
    assert (ended.status != 0, ended.stats, ended.changes) == (True, {}, set())


def test_changes_that_modules_report_are_told_by_resource_and_thing(tmp_path):
    record = tmp_path / "record"
    change = {"resource": "bridge", "thing": "bridge0", "summary": "add wm0"}
    event = {"event": "changed", "host": "xen1", "task": "Bridges", "changes": [change, dict(change, thing="bridge1")]}
    record.write_text(json.dumps(event) + "\n")
    assert rehearsal.read_record(record, 0, 1.0).changes == {
        ("xen1", "bridge", "bridge0"),
        ("xen1", "bridge", "bridge1"),
    }


def test_what_was_planned_is_told_beside_what_was_done_run_by_run(tmp_path):
    record = tmp_path / "record"
    first, second = ({"resource": "bridge", "thing": thing, "summary": "add"} for thing in ("bridge0", "bridge1"))
    events = [
        {"event": "planned", "host": "xen1", "task": "Look", "changes": [first]},
        {"event": "planned", "host": "xen2", "task": "Look", "changes": [first]},
        {"event": "planned", "host": "xen1", "task": "Look again", "changes": [second]},
        {"event": "changed", "host": "xen1", "task": "Bridges", "changes": [second]},
        {"event": "stats", "hosts": {"xen1": {"changed": 1}}},
        {"event": "stats", "hosts": {"xen1": {"changed": 0}}},
    ]
    record.write_text("".join(json.dumps(event) + "\n" for event in events))
    runs = rehearsal.read_records(record)
    assert runs[0].planned == {("xen1", "bridge", "bridge1"), ("xen2", "bridge", "bridge0")}
    assert runs[0].changes == {("xen1", "bridge", "bridge1")}
    assert (len(runs), runs[1].planned, runs[1].changes) == (2, set(), set())


def test_a_plan_is_written_down_until_the_host_is_changed():
    step = {"resource": "bridge", "thing": "bridge0", "summary": "add wm0"}
    written = []
    callback = CallbackModule()
    callback._write = lambda event, result=None, **details: written.append((event, details["changes"]))
    host = types.SimpleNamespace(get_name=lambda: "xen1")
    # A Python comes between the first look and the second.
    for result in (
        {"plan": {"steps": []}},
        {"changed": True},
        {"plan": {"steps": [step]}},
        {"changed": True, "changes": [step]},
        {"plan": {"steps": []}},
    ):
        callback.v2_runner_on_ok(types.SimpleNamespace(_host=host, _task=None, _result=result))
    assert written == [("planned", []), ("changed", []), ("planned", [step]), ("changed", [step])]


def test_settings_of_the_user_do_not_reach_ansible(monkeypatch):
    monkeypatch.setenv("ANSIBLE_STDOUT_CALLBACK", "json")
    environment = rehearsal.ansible_environment()
    assert {name for name in environment if name.startswith("ANSIBLE_")} == {"ANSIBLE_CONFIG"}


STATS = {"ok": 5, "changed": 0, "failures": 0}


@pytest.mark.parametrize(
    ("stats", "kept"),
    [
        ({host: STATS for host in demo.HOSTS}, True),
        ({host: STATS for host in demo.HOSTS[1:]}, False),
        ({host: dict(STATS, changed=1) for host in demo.HOSTS}, False),
        ({}, False),
    ],
)
def test_unchanged_means_every_host_and_no_change(stats, kept):
    promises = demo.Promises()
    promises.check_unchanged("nothing changes", rehearsal.Run(0, 1.0, stats=stats))
    assert (not promises.broken) is kept


@pytest.mark.parametrize(
    ("changes", "kept"),
    [({("a", "b", "c")}, True), (set(), False), ({("a", "b", "c"), ("a", "task", "x")}, False)],
)
def test_exactly_the_drift_means_no_more_and_no_less(changes, kept):
    promises = demo.Promises()
    run = rehearsal.Run(0, 1.0, changes=changes, planned=changes)
    promises.check_changes("exactly the drift", run, {("a", "b", "c")})
    assert (not promises.broken) is kept


def test_a_plan_that_said_something_else_is_no_promise_kept():
    promises, drift = demo.Promises(), {("a", "b", "c")}
    promises.check_changes("exactly the drift", rehearsal.Run(0, 1.0, changes=drift, planned=set()), drift)
    assert promises.broken


def test_the_fingerprint_sees_content_mode_link_and_state(tmp_path):
    rack = rehearsal.Rack(tmp_path)
    for host in demo.HOSTS:
        rack.root(host).mkdir(parents=True)
        (rack.host(host) / "state.json").write_text("{}")
        (rack.root(host) / "file").write_text("a")
        (rack.root(host) / "link").symlink_to("a")
    seen = [demo.fingerprint(rack)]
    for touch, path, *how in (
        (Path.write_text, rack.root("xen1") / "file", "b"),
        (Path.chmod, rack.root("xen2") / "file", 0o600),
        (Path.mkdir, rack.root("xen3") / "new"),
        (Path.write_text, rack.host("xen3") / "state.json", '{"a": 1}'),
    ):
        touch(path, *how)
        seen.append(demo.fingerprint(rack))
    assert all(before != after for before, after in zip(seen, seen[1:]))
    assert demo.fingerprint(rack) == seen[-1]


def test_the_fingerprint_does_not_read_holes(tmp_path):
    image = tmp_path / "disk.img"
    with image.open("wb") as disk:
        disk.truncate(1 << 40)
        empty = demo.digest(image)
        disk.seek(1 << 39)
        disk.write(b"data")
    assert demo.digest(image) != empty


def test_missing_debian_packages_are_named_when_they_cannot_be_installed(tmp_path):
    for name, text in {"dpkg-query": "exit 1", "id": "echo 1000"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    ended = subprocess.run(
        ["/bin/sh", str(TESTS / "tools/debian-packages"), "openssh-server"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "openssh-server" in ended.stderr
