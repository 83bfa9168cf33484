# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A block device is open for one only (from NetBSD's sources), and what is made of disks (measured on 7.99.10)."""
from __future__ import annotations

import pytest
from netbsd_sim.system import mounts

from ansible_collections.netbsd.xen.plugins.module_utils._formats.system import disks
from ansible_collections.netbsd.xen.tests.unit.support.sim_host import Machine, make_host
from ansible_collections.netbsd.xen.tests.unit.support.xl_machine import DOMU, SimError, devices, dom0

WEDGES = {"dk0": ["wd1", 64, 1000, "root"], "dk1": ["wd1", 5000, 2000, "more guests"]}
PARTS = {"raid0": ["/dev/wd0f", "/dev/wd1e"], "cgd0": ["/dev/wd1f"], "ccd0": ["/dev/wd2e", "/dev/wd3e"]}


@pytest.fixture
def guests(tmp_path):
    with dom0(tmp_path / "host") as made:
        for name, node in {**devices.disk_nodes("wd", 0), **devices.disk_nodes("wd", 1)}.items():
            devices.make_node(made.m.path(f"/dev/{name}"), node)
        made.m.data["mounts"].append({"device": "/dev/wd0a", "dir": "/", "fstype": "ffs", "options": "rw"})
        made.write("/etc/fstab", "/dev/wd0a / ffs rw 1 1\n/dev/wd0b none swap sw 0 0\n")
        made.m.data["parts"] = PARTS
        yield made


def seen(host, name):
    """The states of a guest's disk, at dom0's end and at its own, and whether dom0's kernel has opened it."""
    domid = host.xl(f"domid {name}").stdout.strip()
    host.later(30)
    lines = host.xenstore(f"ls /local/domain/0/backend/vbd/{domid}/51712").stdout.splitlines()
    keys = dict(line.split(" = ", 1) for line in lines)
    shown = host.xl(f"block-list {name}").stdout.splitlines()[1].split()[3]
    return keys["state"].strip('"'), shown, "sectors" in keys


@pytest.mark.parametrize(
    ("device", "number"),
    [("wd0a", "0x0"), ("wd0b", "0x1"), ("wd1e", "0x14"), ("wd0f", "0x5"), ("wd1f", "0x15")],
)
@pytest.mark.parametrize("access", ["r", "w"])
def test_a_device_in_use_is_opened_for_nobody_else(guests, device, number, access):
    """sys/miscfs/specfs/spec_vnops.c, spec_open; sys/arch/xen/xen/xbdback_xenbus.c, xbdback_backend_changed: xl ends
    with 0, the guest waits for its disk, and only the kernel's messages say why (EBUSY, 16)."""
    result = guests.create("b1", f"disk = [ 'phy:/dev/{device},xvda,{access}' ]", kernel=DOMU)
    assert result.rc == 0, result.stderr
    assert seen(guests, "b1") == ("2", "3", False)
    assert guests.m.data["kernel_messages"] == [
        f"xbdback backend/vbd/1/51712: can't VOP_OPEN device {number}: 16"
    ]


def test_two_guests_can_not_have_one_device_even_to_read(guests):
    for name in ("b1", "b2"):
        assert guests.create(name, "disk = [ 'phy:/dev/wd0e,xvda,r' ]", kernel=DOMU).rc == 0
    assert [seen(guests, name) for name in ("b1", "b2")] == [("4", "4", True), ("2", "3", False)]
    guests.xl("destroy b2")
    guests.xl("destroy b1")
    assert [line.split(":")[0] for line in guests.m.data["kernel_messages"]] == [
        "xbd backend",
        "xbdback backend/vbd/2/51712",
        "xbd backend",
    ]
    guests.later(5)
    assert guests.create("b3", "disk = [ 'phy:/dev/wd0e,xvda,w' ]", kernel=DOMU).rc == 0
    assert seen(guests, "b3")[0] == "4"


def test_the_whole_disk_around_it_is_opened(guests):
    """Another number: the kernel does not see that they are one."""
    assert guests.create("b1", "disk = [ 'phy:/dev/wd0d,xvda,w' ]", kernel=DOMU).rc == 0
    assert seen(guests, "b1") == ("4", "4", True)


def test_who_has_a_wedge_has_the_whole_disk(guests):
    """sys/dev/dkwedge/dk.c, dkopen."""
    devices.make_node(guests.m.path("/dev/dk0"), devices.Node("b", 168, 0))
    guests.m.data.update(wedges=WEDGES, parts={})
    assert guests.create("b1", "disk = [ 'phy:/dev/dk0,xvda,w' ]", kernel=DOMU).rc == 0
    assert guests.create("b2", "disk = [ 'phy:/dev/wd1d,xvda,w' ]", kernel=DOMU).rc == 0
    assert guests.create("b3", "disk = [ 'phy:/dev/wd1e,xvda,w' ]", kernel=DOMU).rc == 0
    assert [seen(guests, name)[0] for name in ("b1", "b2", "b3")] == ["4", "2", "4"]


def test_what_a_guest_has_is_not_mounted(guests):
    assert guests.create("b1", "disk = [ 'phy:/dev/wd0e,xvda,w' ]", kernel=DOMU).rc == 0
    guests.m.path("/mnt").mkdir()
    with pytest.raises(SimError, match="Device busy"):
        mounts.mount_one(guests.m, "/dev/wd0e", "/mnt", "ffs")


# --- what is made of disks -------------------------------------------------------------------------------------------


@pytest.fixture
def made(dom0):
    with Machine(dom0.directory) as m:
        m.data.update(parts=PARTS, wedges=WEDGES)
        for unit in ("raid", "cgd", "ccd"):
            for name, node in devices.disk_nodes(unit, 0).items():
                devices.make_node(m.path(f"/dev/{name}"), node)
    return dom0


def test_they_are_disks(made):
    """disk_attach(9) in sys/dev/raidframe/rf_netbsdkintf.c, sys/dev/cgd.c, sys/dev/ccd.c and sys/dev/dkwedge/dk.c."""
    assert disks.names(made.run("sysctl", "-n", "hw.disknames").out) == ["wd0", "wd1", *PARTS, *WEDGES]


def test_raidctl(made):
    """sbin/raidctl/raidctl.c, rf_get_device_status."""
    said = made.run("raidctl", "-s", "raid0").out
    assert said.startswith("raid0 Components:\n           /dev/wd0f: optimal\n")
    assert disks.raid_components(said) == PARTS["raid0"]
    assert made.run("raidctl", "-s", "raid1").err.startswith("raidctl: Unable to open device file: raid1: ")


def test_cgdconfig(made, tmp_path):
    """sbin/cgdconfig/cgdconfig.c, show."""
    assert made.run("cgdconfig", "-l", "cgd0").out == "cgd0: wd1f \n"
    missing = made.run("cgdconfig", "-l", "cgd1")
    assert (missing.rc, missing.out) == (0, "")
    old = make_host(tmp_path / "old", "dom0", profile="netbsd-6.1-xen-4.2")
    assert old.run("cgdconfig", "-l", "cgd0").rc == 1


def test_ccdconfig(made, dom0):
    """sbin/ccdconfig/ccdconfig.c, print_ccd_info."""
    assert disks.ccd_components(made.run("ccdconfig", "-g").out) == {"ccd0": PARTS["ccd0"]}


def test_dkctl(made):
    """sbin/dkctl/dkctl.c; records dkctl-list, dkctl-missing."""
    assert disks.wedge(made.run("dkctl", "dk1", "getwedgeinfo").out) == ("wd1", (5000, 2000))
    assert made.run("dkctl", "wd0", "listwedges").out == "/dev/rwd0d: no wedges configured\n"
    assert made.run("dkctl", "wd1", "listwedges").out.splitlines()[:2] == [
        "/dev/rwd1d: 2 wedges:",
        "dk0: root, 1000 blocks at 64, type: ffs",
    ]
    missing = made.run("dkctl", "wd9", "listwedges")
    assert (missing.rc, missing.err) == (1, "dkctl: wd9: No such file or directory\n")
