# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""gpt(8) on a file, and the wedges that the kernel makes of it (sources in netbsd_sim/system/wedges.py)."""

from __future__ import annotations

import pytest
from netbsd_sim.disk import gpt

from ansible_collections.netbsd.xen.plugins.module_utils._formats.install import partitions
from ansible_collections.netbsd.xen.plugins.module_utils._formats.install.partitions import Partition
from ansible_collections.netbsd.xen.tests.unit.support.sim_host import make_host

FILE = "/home/disk"
ADD = ("gpt", "add", "-b", "2048", "-s", "20480", "-t", "ffs", "-l", "here")


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    return make_host(tmp_path_factory.mktemp("gpt") / "host", profile="netbsd-7.99.10-xen-4.17")


def disk(host, size=16 << 20):
    path = host.root / FILE[1:]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")
    with open(path, "r+b") as stream:
        stream.truncate(size)
    return path


def run(host, *argv):
    found = host.run(*argv)
    return found.rc, found.out, found.err


def test_what_it_writes_is_a_gpt(old):
    path = disk(old)
    assert run(old, "gpt", "create", FILE) == (0, "", "")
    said = "Partition 1 added, use:\n\tdkctl /home/disk addwedge <wedgename> 2048 20480 <type>\n"
    assert run(old, *ADD, FILE)[:2] == (0, f"{said}to create a wedge for it\n")
    old.run("gpt", "add", "-b", "22528", "-s", "2048", "-t", "swap", FILE)
    head = path.read_bytes()[: 1 << 20]
    first, second = partitions.read_gpt(head) or []
    assert first == Partition(2048, 20480, 0, "here") and (second.start, second.size, second.name) == (22528, 2048, "")
    assert partitions.first_start(head) == 2048
    # A table that is not what its header says is none, for the kernel as for us (dkwedge_gpt.c).
    for at in (560, 1030):
        broken = head[:at] + bytes((head[at] ^ 1,)) + head[at + 1 :]
        assert partitions.read_gpt(broken) is None


def test_before_8_it_ends_with_0_whatever_it_says(old, tmp_path):
    disk(old)
    assert run(old, *ADD, FILE)[0] == 0
    old.run("gpt", "create", FILE)
    rc, _out, said = run(old, "gpt", "create", FILE)
    assert (rc, said) == (0, "gpt create: /home/disk: error: device already contains a GPT\n")
    old.run(*ADD, FILE)
    assert "not enough space available" in run(old, *ADD, FILE)[2]
    assert "unable to open device" in run(old, "gpt", "create", "/home/none")[2]
    new = make_host(tmp_path / "host")
    disk(new)
    assert run(new, *ADD, FILE)[0] == 1
    new.run("gpt", "create", FILE)
    assert run(new, *ADD, FILE)[1] == f"/home/disk: Partition 1 added: {gpt.TYPES['ffs']} 2048 20480\n"


def test_wedges_come_and_go_with_the_unit(old):
    disk(old)
    old.run("gpt", "create", FILE)
    old.run(*ADD, FILE)
    old.run("vnconfig", "-c", "vnd0", FILE)
    listed = "/dev/rvnd0d: 1 wedge:\ndk0: here, 20480 blocks at 2048, type: ffs\n"
    assert run(old, "dkctl", "vnd0", "listwedges") == (0, listed, "")
    assert run(old, "dkctl", "dk0", "getwedgeinfo")[1].startswith("dk0 at vnd0: here\n")
    # Nobody opens a partition of a disk that has wedges (vnd.c, vndopen).
    assert "Device busy" in run(old, "newfs", "-O", "2", "/dev/rvnd0a")[2]
    old.run("vnconfig", "-u", "vnd0")
    assert run(old, "dkctl", "vnd0", "listwedges")[2] == "dkctl: /dev/rvnd0d: listwedges: Device not configured\n"
    assert old.data["wedges"] == {}


def test_the_same_name_twice_becomes_another(old):
    disk(old)
    old.run("gpt", "create", FILE)
    old.run(*ADD, FILE)
    for unit in ("vnd0", "vnd1"):
        old.run("vnconfig", "-c", unit, FILE)
    assert run(old, "dkctl", "vnd1", "listwedges")[1].startswith("/dev/rvnd1d: 1 wedge:\ndk1: another-here")
    assert "addwedge: File exists" in run(old, "dkctl", "vnd1", "addwedge", "x", "2048", "20480", "ffs")[2]
    for unit in ("vnd0", "vnd1"):
        old.run("vnconfig", "-u", unit)


def test_a_wedge_by_hand(old):
    disk(old)
    old.run("vnconfig", "-c", "vnd0", FILE)
    assert run(old, "dkctl", "vnd0", "listwedges") == (0, "/dev/rvnd0d: no wedges configured\n", "")
    assert run(old, "dkctl", "vnd0", "addwedge", "mine", "2048", "4096", "ffs") == (0, "", "")
    assert "dk0: mine, 4096 blocks at 2048" in run(old, "dkctl", "vnd0", "listwedges")[1]
    old.run("vnconfig", "-u", "vnd0")
