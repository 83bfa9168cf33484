# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The ground that the contract tests stand on: the machine answers, and nothing that it says is lost on the way."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_here import Here, Residents
from booting import wait
from contract_target import Target, TargetError
from contract_xl import Xl


def test_module_returns_the_result(target: Target) -> None:
    assert target.module("ansible.builtin.ping", {"data": "a 'b' \"c\""})["ping"] == "a 'b' \"c\""


def test_module_returns_a_failure(target: Target) -> None:
    result = target.module("ansible.builtin.slurp", {"src": "/no/such/file"})
    assert result["failed"] is True
    assert "/no/such/file" in result["msg"]


def test_check_mode_changes_nothing_and_diff_mode_shows_the_change(target: Target) -> None:
    args = {"path": "/tmp/contract-new", "state": "directory"}
    result = target.module("ansible.builtin.file", args, check=True, diff=True)
    assert result["changed"] is True
    assert result["diff"]["before"]["state"] == "absent"
    assert target.run(["test", "-e", "/tmp/contract-new"]).returncode == 1


def test_unknown_module_is_no_result(target: Target) -> None:
    with pytest.raises(TargetError, match="no_such_module|make collections"):
        target.module("netbsd.xen.no_such_module", {})


def test_a_module_that_hangs_is_killed(target: Target) -> None:
    hasty = Residents(target.ssh, target.facts["python"], 2)
    try:
        with pytest.raises(AnsibleConnectionFailure, match="command was killed: it did not end within 2 s"):
            Here(target.inventory, target.host, hasty).run("ansible.builtin.command", {"argv": ["sleep", "3600"]})
        assert hasty.command(["echo", "at your service"], 60).stdout == "at your service\n"
    finally:
        hasty.close()


def test_a_new_connection_brings_everything_along(target: Target) -> None:
    """As after a restart of the machine, which ends all connections."""
    target.residents.close()
    assert target.module("ansible.builtin.ping", {})["ping"] == "pong"


def test_run_keeps_words_output_and_status(target: Target) -> None:
    ended = target.run(["sh", "-c", 'printf "<%s>" "$@"; echo lost >&2; exit 7', "sh", "a b", "$HOME", "'"])
    assert (ended.returncode, ended.stdout) == (7, "<a b><$HOME><'>")
    assert "lost" in ended.stderr


def test_machine_is_a_dom0_without_guests(target: Target) -> None:
    listing = target.run([target.facts["xl"], "list"])
    assert listing.returncode == 0, listing.stderr
    assert [line.split()[0] for line in listing.stdout.splitlines()] == ["Name", "Domain-0"]


def test_facts_are_true(target: Target) -> None:
    names = ("xl", "kernel", "ramdisk", "ignoring_kernel", "crashing_kernel", "config_dir", "python")
    files = [target.facts[name] for name in names]
    disks = list(target.facts["disks"])
    missing = [path for path in files + disks if target.run(["test", "-e", path]).returncode != 0]
    assert missing == []
    assert len(disks) >= 2
    info = target.run([target.facts["xl"], "info"]).stdout
    assert f"nr_cpus                : {target.facts['host_cpus']}\n" in info


def test_what_a_guest_writes_to_its_console_is_kept(target: Target, xl: Xl) -> None:
    xl.boot("talker")
    log = f"{target.facts['console_log_dir']}/guest-talker.log"
    # A kernel may wait for the first time before it has a console, and the daemon writes when it gets to it.
    wait(lambda: target.run(["test", "-s", log]).returncode == 0, f"something in {log}", 60)


def test_a_pvh_guest_runs(target: Target, xl: Xl) -> None:
    assert target.facts["pvh"] is True
    xl.boot("modern", type="pvh", memory=128)
    xl.ok("shutdown", "-w", "modern")
