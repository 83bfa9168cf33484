# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""How the machine goes down, and injected faults."""
from __future__ import annotations

import json
import os
import signal
import time

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.sim_host import Machine, power


def test_shutdown_takes_no_0(dom0):
    """record ansible-reboot-search-only-cmd."""
    result = dom0.run("shutdown", "-r", "0", "message")
    assert result.rc == 1
    assert result.err == ("shutdown: illegal time format\n"
                          "Usage: shutdown [-Ddfhknprvxz] [-b bootstr] time [message ... | -]\n")


@pytest.mark.parametrize("argv", [("shutdown", "-r", "now"), ("reboot",)])
def test_a_reboot_takes_its_time_and_changes_the_boot_time(dom0, argv):
    before = dom0.run("sysctl", "-n", "kern.boottime").out
    time.sleep(1)
    assert dom0.run(*argv).rc == 0
    with Machine(dom0.directory) as m:
        assert not m.is_up()
        assert power.describe(m).startswith("boots: NetBSD 10.1 (XEN3_DOM0) on Xen 4.20")
        assert 1500 < int((dom0.directory / "unreachable").read_text()) - m.now() * 1000 <= 2000
    assert dom0.run("sysctl", "-n", "kern.boottime").out > before


@pytest.mark.parametrize(("argv", "reason"), [(("shutdown", "-p", "now"), "powered off"), (("halt",), "halted"),
                                              (("shutdown", "now"), "single user"), (("poweroff",), "powered off")])
def test_what_does_not_come_back(dom0, argv, reason):
    dom0.run(*argv)
    assert dom0.data["down_reason"].startswith(reason)
    assert (dom0.directory / "unreachable").read_text() == "down\n"
    with Machine(dom0.directory) as m:
        power.reset(m)
    assert dom0.data["down_reason"] is None


def test_shutdown_runs_rc_shutdown_for_the_guests(dom0):
    dom0.write("/home/domu", "kernel\n")
    dom0.write("/home/s1.cfg", 'name = "s1"\nkernel = "/home/domu"\nmemory = 64\n')
    assert dom0.run("xl", "create", "/home/s1.cfg").rc == 0
    assert "All domains stopped.\n" in dom0.run("shutdown", "-r", "now").out


def test_without_xenstored_shutdown_waits_for_ever_in_the_background_and_reboot_does_not(dom0):
    """record xenstored-dead-hang: rc.shutdown runs xendomains, whose `xl list` never comes back."""
    boots = dom0.data["boots"]
    assert dom0.run("pkill", "xenstored").rc == 0
    result = dom0.run("shutdown", "-r", "now")
    assert (result.rc, result.out.splitlines()[0]) == (0, "Shutdown NOW!")
    assert (dom0.data["boots"], dom0.data["kernel"]["name"]) == (boots, "XEN3_DOM0")
    dom0.run("reboot")
    assert dom0.data["boots"] == boots + 1


def set_faults(host, *faults: dict) -> None:
    (host.directory / "faults.json").write_text(json.dumps(faults))


def test_fail_comes_before_anything_is_done(dom0):
    set_faults(dom0, {"match": "bridge5 create", "action": "fail", "rc": 9, "stderr": "ifconfig: broken", "times": 1})
    result = dom0.run("ifconfig", "bridge5", "create")
    assert (result.rc, result.err) == (9, "ifconfig: broken\n")
    assert "bridge5" not in dom0.run("ifconfig", "-l").out
    assert dom0.run("ifconfig", "bridge5", "create").rc == 0


def test_enospc_says_what_the_kernel_says(dom0):
    set_faults(dom0, {"match": "pkgin .*install", "action": "enospc"})
    result = dom0.run("pkgin", "-y", "install", "xentools420")
    assert (result.rc, result.err) == (1, "/: write failed, file system is full\n")


def test_kill_after_does_the_work_first(dom0, monkeypatch):
    killed = []
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.append((pid, number)))
    set_faults(dom0, {"match": "bridge5", "action": "kill_after"})
    dom0.run("ifconfig", "bridge5", "create")
    assert killed == [(os.getpid(), signal.SIGKILL)]
    (dom0.directory / "faults.json").unlink()
    assert "bridge5" in dom0.run("ifconfig", "-l").out


def test_hang(dom0, monkeypatch):
    def hang(_machine):
        raise TimeoutError

    monkeypatch.setattr(Machine, "hang", hang)
    set_faults(dom0, {"match": "/sbin/mount$", "action": "hang"})
    with pytest.raises(TimeoutError):
        dom0.run("mount")


def test_two_machines_do_not_share_state(dom0, generic):
    dom0.run("ifconfig", "bridge5", "create")
    assert "bridge5" not in generic.run("ifconfig", "-l").out


def test_state_is_saved_only_when_it_changed(dom0):
    before = (dom0.directory / "state.json").stat().st_mtime_ns
    dom0.run("uname")
    assert (dom0.directory / "state.json").stat().st_mtime_ns == before


def test_disconnect_without_a_connection_is_nothing_but_the_work(dom0):
    """A process that has left its ssh session, or that none started, has no connection to lose."""
    set_faults(dom0, {"match": "tap9 create", "action": "disconnect", "times": 1})
    assert dom0.run("ifconfig", "tap9", "create").rc == 0
    assert "tap9" in dom0.run("ifconfig", "-l").out.split()
    assert json.loads((dom0.directory / "faults.log").read_text())["action"] == "disconnect"
