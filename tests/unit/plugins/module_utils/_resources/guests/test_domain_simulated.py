# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""vnd units and domains without a name on a simulated machine: its commands say what the records of NetBSD 7.99.10 say,
whoever asks."""

from __future__ import annotations

import json
import os

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils import _engine
from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._command import Result
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.read import vnd
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import lock
from ansible_collections.netbsd.xen.tests.unit.support import sim_host
from ansible_collections.netbsd.xen.tests.unit.support.guests import params
from ansible_collections.netbsd.xen.tests.unit.support.rooted import RootedHost

KERNEL, DISK, CD = "/netbsd-XEN3_DOMU", "/home/xen/web1.img", "/home/admin/cd.iso"
GUEST = {"name": "web1", "os": "netbsd", "kernel": KERNEL, "memory": 64, "disks": [DISK]}
OFF = dict(GUEST, state="destroyed")


class SimulatedHost(RootedHost):
    """The files of a simulated machine, and its commands in this process."""

    def __init__(self, machine: sim_host.Host) -> None:
        super().__init__(machine.root)
        self.machine = machine

    def try_run(self, argv, timeout=30.0, cwd="/", env=None, stdin=""):
        said = self.machine.run(*argv)
        self.commands.append({"argv": list(argv), "rc": said.rc, "seconds": 0.0})
        if said.rc == 97:
            raise CommandFailed(f"not simulated: {argv}: {said.err}")
        return Result(tuple(argv), said.rc, said.out, said.err, 0.0)

    def get_stuck(self) -> None:
        """Devices of guests do not go, as on a machine under load."""
        entries = [{"match": f"xl {verb}", "action": "stuck", "times": 1} for verb in ("block-detach", "destroy")]
        (self.machine.directory / "faults.json").write_text(json.dumps(entries))

    def exists(self, path):
        return os.path.lexists(self.at(path))  # a command is a link to what is only there in the machine's own session

    def real_path(self, path):
        real = os.path.realpath(self.at(path))
        return real if path.startswith(str(self.root)) else real[len(str(self.root)) :]

    def run_words(self, line: str) -> str:
        result = self.try_run(line.split())
        assert result.rc == 0, result.stderr
        return result.stdout

    def units(self) -> set[str]:
        lines = self.run_words("/usr/sbin/vnconfig -l").splitlines()
        return {line.split(":")[0] for line in lines if not line.endswith("not in use")}


@pytest.fixture
def host(tmp_path, monkeypatch):
    made = SimulatedHost(sim_host.make_host(tmp_path / "host"))
    monkeypatch.setattr(lock, "LOCK_FILE", str(tmp_path / "lock"))
    monkeypatch.setattr(vnd, "BETWEEN_LOOKS_SECONDS", 0.01)
    for path in (KERNEL, DISK, CD):
        made.put(path, "x" * 4096)
    return made


def run(host, guest, check=False, **options):
    return _engine.converge(domain, params(guest, **options), host, check)


def summaries(outcome):
    return [change.summary for change in outcome.done]


def test_a_unit_that_a_guest_left_is_taken_back_and_an_admins_stays(host):
    assert run(host, OFF).failures == {}
    host.run_words(f"/usr/sbin/vnconfig vnd1 {DISK}")
    host.run_words(f"/usr/sbin/vnconfig vnd2 {CD}")
    assert summaries(run(host, OFF, check=True)) == ["release vnd1, left behind by guest web1"]
    assert host.units() == {"vnd1", "vnd2"}
    outcome = run(host, OFF)
    assert (summaries(outcome), outcome.failures) == (["release vnd1, left behind by guest web1"], {})
    assert host.units() == {"vnd2"}
    assert run(host, OFF).plan.changes == []


def test_a_running_guests_unit_is_its_own(host):
    assert run(host, GUEST).failures == {}
    assert host.units() == {"vnd0"}
    again = run(host, GUEST)
    assert (again.plan.changes, again.plan.warnings) == ([], [])
    # Even where its file shows under a second unit, which is left alone as long as the guest runs.
    host.run_words(f"/usr/sbin/vnconfig vnd3 {DISK}")
    assert run(host, GUEST).plan.changes == []
    assert run(host, OFF).failures == {}
    assert host.units() == set(), "both were given back when it ended"


def test_a_mounted_disk_stays(host):
    run(host, OFF)
    host.run_words(f"/usr/sbin/vnconfig vnd1 {DISK}")
    with sim_host.Machine(host.machine.directory) as m:
        m.data["mounts"].append({"device": "/dev/vnd1a", "dir": "/mnt", "fstype": "ffs", "options": "rw"})
    outcome = run(host, OFF)
    assert (outcome.done, host.units()) == ([], {"vnd1"})
    assert "a file system on it is mounted on /mnt" in outcome.plan.warnings[0]


def test_what_is_asked_of_the_machine_is_no_more_than_before(host):
    run(host, GUEST)
    host.commands.clear()
    run(host, GUEST)
    assert {command["argv"][0] for command in host.commands} == {"/bin/ps", "/usr/pkg/sbin/xl"}


def test_a_guest_that_outlives_its_xenstored_is_explained(host):
    run(host, GUEST)
    (pid,) = [
        line.split()[0]
        for line in host.run_words("/bin/ps -axww -o pid= -o args=").splitlines()
        if "sbin/xenstored" in line
    ]
    host.run_words(f"/bin/kill {pid}")
    host.machine.rc_script("xencommons", "onestart")
    with pytest.raises(Refused, match="it runs as domain 1, which xenstored does not know"):
        run(host, GUEST)
    with pytest.raises(Refused, match="Shut each of them down from within, then reboot the machine"):
        run(host, OFF)


def test_a_guest_whose_devices_do_not_go_gives_its_units_back_when_it_is_gone(host):
    """Records xl-block-detach-with-guest to t1-vnconfig-after-destroy (NetBSD 7.99.10): the detach fails, the destroy
    ends with 0, the domain stays for a while as (null), and a vnd unit for good. No file names that disk any more."""
    pytest.importorskip("netbsd_sim.xen.common.leftovers")
    second = "/home/xen/data.img"
    host.put(second, "x" * 4096)
    assert run(host, dict(GUEST, disks=[DISK, second])).failures == {}
    host.get_stuck()
    outcome = run(host, GUEST, detach_devices=True)
    assert "unable to remove device" in str(outcome.failures["web1"])
    assert len(host.units()) == 2
    host.commands.clear()
    outcome = run(host, OFF)
    assert (summaries(outcome), outcome.failures, host.units()) == (["stop the guest at once"], {}, set())
    assert [command["argv"] for command in host.commands if command["argv"][:2] == ["/usr/sbin/vnconfig", "-u"]]
    assert run(host, OFF).plan.changes == []
