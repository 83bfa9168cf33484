# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks, vnd units and domains without a name on a simulated machine: its commands say what the records of NetBSD
7.99.10 say, or NetBSD's sources, whoever asks."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils import _engine
from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.read import vnd
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import lock
from ansible_collections.netbsd.xen.tests.unit.support import sim_host
from ansible_collections.netbsd.xen.tests.unit.support.guests import params
from ansible_collections.netbsd.xen.tests.unit.support.simulated import SimulatedHost

KERNEL, DISK, CD = "/netbsd-XEN3_DOMU", "/home/xen/web1.img", "/home/admin/cd.iso"
GUEST = {"name": "web1", "os": "netbsd", "kernel": KERNEL, "memory": 64, "disks": [DISK]}
OFF = dict(GUEST, state="destroyed")


class Machine(SimulatedHost):
    def get_stuck(self) -> None:
        """Devices of guests do not go, as on a machine under load."""
        entries = [{"match": f"xl {verb}", "action": "stuck", "times": 1} for verb in ("block-detach", "destroy")]
        (self.machine.directory / "faults.json").write_text(json.dumps(entries))

    def stat(self, path, follow=True):
        """A node is a small file there, and the machine's own Python sees a node."""
        found = super().stat(path, follow)
        with sim_host.Machine(self.machine.directory) as m:
            node = sim_host.devices.node(m, path) if found else None
        kind = {"b": "block", "c": "char"}.get(node.kind if node else "")
        return replace(found, kind=kind, major=node.major, minor=node.minor) if kind else found

    def run_words(self, line: str) -> str:
        result = self.try_run(line.split())
        assert result.rc == 0, result.stderr
        return result.stdout

    def units(self) -> set[str]:
        lines = self.run_words("/usr/sbin/vnconfig -l").splitlines()
        return {line.split(":")[0] for line in lines if not line.endswith("not in use")}


@pytest.fixture
def host(tmp_path, monkeypatch):
    made = Machine(sim_host.make_host(tmp_path / "host"))
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


DISKS = {
    "/dev/wd0a": "is mounted on / in dom0",
    "/dev/wd0d": "holds /dev/wd0a, which is mounted on / in dom0",
    "/dev/wd1e": "is a component of raid0 in dom0",
    "/dev/cgd0d": "is a component of ccd0 in dom0",
    "/dev/wd1f": "holds /dev/dk0, which is a component of ccd0 in dom0",
    "/dev/wd1d": "holds /dev/wd1e, which is a component of raid0 in dom0",
    "/dev/wd0f": "is encrypted by cgd0 in dom0",
    "/dev/wd0e": "",
    "/dev/raid0d": "",
}


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("disk", DISKS)
def test_no_guest_gets_a_disk_that_dom0_uses(host, disk, check):
    with sim_host.Machine(host.machine.directory) as m:
        first = m.profile.disks[1].partitions["e"]
        m.data["parts"] = {"raid0": ["/dev/wd1e"], "cgd0": ["/dev/wd0f"], "ccd0": ["/dev/cgd0d", "/dev/dk0"]}
        m.data["wedges"] = {"dk0": ["wd1", first + 64, 1000, "a wedge"]}
        nodes = {name: node for unit in ("raid", "cgd") for name, node in sim_host.devices.disk_nodes(unit, 0).items()}
        for name, node in {**nodes, "dk0": sim_host.devices.Node("b", 168, 0)}.items():
            sim_host.devices.make_node(m.path(f"/dev/{name}"), node)
    guest = dict(GUEST, disks=[disk])
    if DISKS[disk]:
        with pytest.raises(Refused) as refusal:
            run(host, guest, check)
        assert f"guest web1: disk {disk} {DISKS[disk]}" in str(refusal.value).splitlines()
        return
    outcome = run(host, guest, check)
    assert (len(outcome.done), outcome.failures) == (2, {})
    if not check:
        assert host.run_words("/usr/pkg/sbin/xl block-list web1").splitlines()[1].split()[3] == "4"


def test_a_guest_goes_with_its_disk(host):
    """And a file that is a unit stays."""
    assert run(host, GUEST).failures == {}
    assert run(host, OFF).failures == {}
    outcome = run(host, dict(GUEST, state="absent"), remove_disks=True)
    assert (outcome.failures, host.units(), host.exists(DISK)) == ({}, set(), False)
    host.put(DISK, "x" * 4096)
    host.run_words(f"/usr/sbin/vnconfig vnd1 {DISK}")
    outcome = run(host, dict(GUEST, state="absent"), remove_disks=True)
    assert (outcome.done, host.exists(DISK)) == ([], True)
    assert "is kept, because it is configured as vnd1 (vnconfig -u vnd1 releases it)" in outcome.plan.warnings[0]
