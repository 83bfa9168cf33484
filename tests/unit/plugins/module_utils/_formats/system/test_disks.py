# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What NetBSD's programs print of disks: recorded where a record is named, else as their sources print it."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._formats.system import disks
from ansible_collections.netbsd.xen.tests.unit.support.fakes import LABEL

# Measured on NetBSD 7.99.10, but the spare and the component that is missing (sbin/raidctl/raidctl.c).
RAID = """\
{}Components:
           /dev/wd0f: optimal
           /dev/wd1a: failed
          component2: failed
Spares:
           /dev/wd2a: used_spare
Component label for /dev/wd0f:
   Row: 0, Column: 0, Num Rows: 1, Num Columns: 2
/dev/wd1a status is: failed.  Skipping label.
Parity status: clean
Reconstruction is 100% complete.
"""


def test_names():
    """Record disknames (NetBSD 7.99.10)."""
    assert disks.names("wd0 cd0 vnd0\n") == ["wd0", "cd0", "vnd0"]
    assert disks.names("\n") == []


def test_partitions():
    """Record disklabel-wd0 (NetBSD 7.99.10)."""
    found = disks.partitions(LABEL)
    assert "".join(found) == "abcdefgh"
    assert (found["a"], found["d"]) == ((2048, 4063232), (0, 8388608))
    assert disks.partitions("disklabel: /dev/rwd9d: No such file or directory\n") == {}


@pytest.mark.parametrize("name", ["root", "", "a name: with = all"])
def test_wedge(name):
    text = f"dk0 at wd1: {name}\ndk0: 4063232 blocks at 64, type: ffs\n"
    assert disks.wedge(text) == ("wd1", (64, 4063232))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dkctl: /dev/rdk0: getwedgeinfo: Inappropriate ioctl for device\n",
        "/dev/rwd0d: no wedges configured\n",
        "dk0 at wd1: x\ndk1: 4 blocks at 64, type: ffs\n",
    ],
)
def test_no_wedge(text):
    assert disks.wedge(text) is None


@pytest.mark.parametrize("head", ["", "raid0 "])
def test_raid(head):
    assert disks.raid_components(RAID.format(head)) == ["/dev/wd0f", "/dev/wd1a", "/dev/wd2a"]
    assert disks.raid_components(f"{head}Components:\nNo spares.\n") == []
    assert disks.raid_components("raidctl: ioctl (RAIDFRAME_GET_INFO) failed: Device not configured\n") is None


def test_ccd():
    """sbin/ccdconfig/ccdconfig.c: print_ccd_info of 2006, and config_info, which may give a wedge by its name."""
    assert disks.ccd_components("ccd0\t\t16\t0\t/dev/sd2e /dev/sd3e\nccd1\t\t32\t0x2\t/dev/dk4 NAME=more\n") == {
        "ccd0": ["/dev/sd2e", "/dev/sd3e"],
        "ccd1": ["/dev/dk4", "NAME=more"],
    }
    conf = "# ccd\tileave\tflags\tdevices\nccd0\t16\tnone\t/dev/sd2e \\\n  /dev/sd3e # two\n ccd1 32 /dev/sd4e\n"
    assert disks.ccd_components(conf) == {"ccd0": ["/dev/sd2e", "/dev/sd3e"], "ccd1": ["/dev/sd4e"]}
    assert disks.ccd_components("# no concatenated disks configured\n") == {}


def test_cgd():
    """sbin/cgdconfig/cgdconfig.c, show."""
    assert disks.cgd_device("cgd0: wd0e \n", "cgd0") == "/dev/wd0e"
    assert disks.cgd_device("cgd0: dev 0,4 \n", "cgd0") == "device 0,4"
    assert disks.cgd_device("cgd0: not in use\n", "cgd0") == ""
    assert disks.cgd_device("cgd10: wd0e \n", "cgd1") == ""


def test_cgd_conf():
    """sbin/cgdconfig/cgdconfig.8."""
    text = "#\n# cgd\t\ttarget\t\t[paramsfile]\ncgd0\t\t/dev/wd0e\ncgd1 NAME=mycgd /usr/local/etc/cgd/mycgd # mine\n\n"
    assert disks.cgd_targets(text) == {"cgd0": "/dev/wd0e", "cgd1": "NAME=mycgd"}


def test_pool_parts():
    """zpool_main.c, print_status_config."""
    text = """\
  pool: tank
 state: ONLINE
  scan: none requested
config:

\tNAME           STATE     READ WRITE CKSUM
\ttank           ONLINE       0     0     0
\t  mirror-0     ONLINE       0     0     0
\t    wd1e       ONLINE       0     0     0
\t    /dev/dk3   DEGRADED     0     0     0  too many errors
\tspares
\t  wd2e         AVAIL

errors: No known data errors
"""
    assert disks.pool_parts(text) == ["mirror-0", "wd1e", "/dev/dk3", "wd2e"]
    assert disks.pool_parts("no pools available\n") == []


def test_physical_volumes():
    assert disks.physical_volumes("  /dev/rwd1e  \n  /dev/rdk2\n  unknown device\n") == ["/dev/rwd1e", "/dev/rdk2"]
