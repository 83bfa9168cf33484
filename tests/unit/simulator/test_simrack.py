# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What the command line `simrack` does to a host's files, on a rack that has no sshd."""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from netbsd_sim.core import faults

from ansible_collections.netbsd.xen.tests.unit.support.paths import SIMRACK


@pytest.fixture
def host(tmp_path):
    """The directory of the host h1."""
    (tmp_path / "rack.json").write_text(json.dumps({"names": ["h1"], "port": 1, "profile": "netbsd-10.1-xen-4.20"}))
    (tmp_path / "hosts/h1").mkdir(parents=True)
    return tmp_path / "hosts/h1"


def simrack(host: Path, command: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SIMRACK), command, str(host.parent.parent), "h1", *words],
                          capture_output=True, text=True, timeout=60, check=False)


def test_reset_log_empties_every_log_and_nothing_else(host):
    logs = ("commands.log", "sessions.log", "faults.log")
    for name in (*logs, "faults.json", "state.json"):
        (host / name).write_text("{}\n")
    assert simrack(host, "reset-log").returncode == 0
    assert [(host / name).read_text() for name in logs] == ["", "", ""]
    assert [(host / name).read_text() for name in ("faults.json", "state.json")] == ["{}\n", "{}\n"]


@pytest.mark.parametrize("action", ["fail", "hang", "kill_after", "enospc", "disconnect", "cut_off"])
def test_every_action_can_be_asked_for(host, action):
    done = simrack(host, "fault", "--match", "^/sbin/ifconfig", "--action", action, "--times", "1")
    assert (done.returncode, done.stderr) == (0, "")
    due = faults.take(host, ["/sbin/ifconfig", "-l"])
    assert due is not None and due.action == action
    assert faults.take(host, ["/sbin/ifconfig", "-l"]) is None


def test_an_unknown_action_is_refused(host):
    done = simrack(host, "fault", "--match", "x", "--action", "explode")
    assert done.returncode == 2 and "explode" in done.stderr
    assert not (host / "faults.json").exists()
