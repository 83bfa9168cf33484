# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""When a machine that has cut itself off answers again."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from netbsd_sim.boot import bootloader
from netbsd_sim.core import dispatch
from netbsd_sim.core.machine import Machine
from netbsd_sim.rack import hosttree

IFCONFIG, BRCONFIG = "/sbin/ifconfig", "/sbin/brconfig"


@pytest.fixture
def host(tmp_path):
    hosttree.create(tmp_path / "h", "h", hosttree.BARE, "netbsd-10.1-xen-4.20", "10.0.2.15")
    return tmp_path / "h"


def run(host, *argv: str) -> None:
    with Machine(host, host / "root") as m:
        assert dispatch.run(m, list(argv)) == 0


def cut_off_by(host, *argv: str) -> None:
    (host / "faults.json").write_text(json.dumps([{"match": f"^{' '.join(argv)}$", "action": "cut_off", "times": 1}]))
    run(host, *argv)
    assert not answers(host)


def boot(host, **files: str) -> None:
    """Boot with these /etc/ifconfig.INTERFACE."""
    for name, lines in files.items():
        (host / f"root/etc/ifconfig.{name}").write_text(lines)
    with Machine(host, host / "root") as m:
        bootloader.boot(m, seconds=0)


def answers(host) -> bool:
    mark = host / "unreachable"
    return not mark.exists() or mark.read_text().strip() != "cut"


def test_undoing_the_very_command_helps(host):
    run(host, IFCONFIG, "bridge0", "create")
    cut_off_by(host, BRCONFIG, "bridge0", "add", "wm0")
    run(host, BRCONFIG, "bridge0", "up")
    assert not answers(host)
    run(host, BRCONFIG, "bridge0", "down")
    assert not answers(host)
    run(host, BRCONFIG, "bridge0", "delete", "wm0")
    assert answers(host)


def test_taking_the_bridge_away_altogether_helps_too(host):
    run(host, IFCONFIG, "bridge0", "create")
    run(host, BRCONFIG, "bridge0", "add", "wm0")
    cut_off_by(host, BRCONFIG, "bridge0", "up")
    run(host, IFCONFIG, "bridge0", "destroy")
    assert answers(host)


def test_an_interface_with_an_address_is_missed(host):
    boot(host, bridge0="create\n", tap0="create\ninet 10.9.9.9/24\n")
    cut_off_by(host, BRCONFIG, "bridge0", "add", "wm0")
    run(host, IFCONFIG, "tap0", "destroy")
    run(host, BRCONFIG, "bridge0", "delete", "wm0")
    assert not answers(host)
    run(host, IFCONFIG, "tap0", "create")
    run(host, IFCONFIG, "tap0", "inet", "10.9.9.9/24")
    assert answers(host)


def test_undoing_the_whole_change_helps(host):
    """Not only what the last command did: a state of long before that is as good."""
    run(host, IFCONFIG, "wm0", "mtu", "9000")
    cut_off_by(host, IFCONFIG, "wm0", "down")
    run(host, IFCONFIG, "wm0", "mtu", "1500")
    assert not answers(host)
    run(host, IFCONFIG, "wm0", "up")
    assert answers(host)


def test_twenty_states_are_remembered(host):
    for mtu in range(2000, 2025):
        run(host, IFCONFIG, "wm0", "mtu", str(mtu))
    cut_off_by(host, IFCONFIG, "wm0", "down")
    run(host, IFCONFIG, "wm0", "mtu", "2004", "up")
    assert not answers(host)
    run(host, IFCONFIG, "wm0", "mtu", "2005")
    assert answers(host)


def test_what_cut_it_off_counts_no_more_though_it_answered_before(host):
    run(host, IFCONFIG, "wm0", "mtu", "9000")
    cut_off_by(host, IFCONFIG, "wm0", "mtu", "1500")
    run(host, IFCONFIG, "-l")
    assert not answers(host)
    run(host, IFCONFIG, "wm0", "mtu", "9000")
    assert answers(host)


def test_a_missing_interface_that_did_the_harm_has_to_come_back(host):
    boot(host, bridge0="create\n!brconfig bridge0 add wm0 up\n")
    cut_off_by(host, IFCONFIG, "bridge0", "destroy")
    for words in (["tap7", "create"], ["tap7", "destroy"], ["bridge0", "create"]):
        run(host, IFCONFIG, *words)
        assert not answers(host)
    run(host, BRCONFIG, "bridge0", "add", "wm0", "up")
    assert answers(host)


def test_what_was_before_the_boot_is_forgotten(host):
    run(host, IFCONFIG, "wm0", "mtu", "9000")
    run(host, IFCONFIG, "-l")
    boot(host)
    cut_off_by(host, IFCONFIG, "wm0", "down")
    run(host, IFCONFIG, "wm0", "mtu", "9000", "up")
    assert not answers(host)
    run(host, IFCONFIG, "wm0", "mtu", "1500")
    assert answers(host)


def test_a_connection_goes_on_even_after_two_faults(host):
    with subprocess.Popen(["sleep", "60"]) as connection:
        try:
            note = host / "connections" / str(connection.pid)
            note.write_text(f"{os.getsid(0)}\n")
            cut_off_by(host, IFCONFIG, "wm0", "down")
            assert comes_to_be("T", connection.pid)
            note.unlink()
            cut_off_by(host, IFCONFIG, "wm0", "mtu", "9000")
            run(host, IFCONFIG, "wm0", "mtu", "1500", "up")
            assert answers(host)
            assert comes_to_be("S", connection.pid)
        finally:
            connection.kill()


def comes_to_be(state: str, pid: int) -> bool:
    """A signal takes effect when the process is next run, which may be a moment later."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == state:
            return True
        time.sleep(0.02)
    return False
