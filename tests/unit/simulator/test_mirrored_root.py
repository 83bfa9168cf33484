# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A root file system on RAID-1: sys/arch/i386/stand/bootxx/boot1.c, sys/dev/raidframe/rf_netbsdkintf.c, raidctl(8)."""
from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.sim_host import Machine, make_host

BOOTXX = "/usr/mdec/bootxx_ffsv2"


@pytest.fixture
def mirrored(tmp_path):
    return make_host(tmp_path / "h", raid=True)


def lose(host, *disks):
    with Machine(host.directory) as m:
        m.data["dead_disks"] = list(disks)


def test_it_boots_into_its_xen(mirrored):
    assert mirrored.data["kernel"]["cmdline"] == "root=raid0a console=pc"
    assert mirrored.run("sysctl", "-n", "kern.root_device").out == "raid0\n"
    assert "raid0" in mirrored.run("sysctl", "-n", "hw.disknames").out.split()
    assert "/dev/raid0a on / type ffs" in mirrored.run("mount").out
    assert "root on raid0a" in mirrored.run("dmesg").out
    assert mirrored.run("df", "-k").out.splitlines()[1].startswith("/dev/raid0a")


def test_the_file_system_is_seen_in_the_set_only(mirrored):
    assert "format\tFFSv2" in mirrored.run("dumpfs", "-s", "/dev/rraid0a").out
    assert mirrored.run("dumpfs", "-s", "/dev/rwd0a").err == "dumpfs: /dev/rwd0a: could not find superblock, skipped\n"
    types = {name: mirrored.run("disklabel", name).out.split(" a:")[1].split()[2] for name in ("wd0", "wd1", "raid0")}
    assert types == {"wd0": "RAID", "wd1": "RAID", "raid0": "4.2BSD"}


@pytest.mark.parametrize(
    ("word", "root", "boots"),
    [("no", "No", False), ("yes", "No", True), ("root", "Force", True), ("softroot", "Soft", True)],
)
def test_a_set_that_configures_itself_is_found_by_its_name(mirrored, word, root, boots):
    said = mirrored.run("raidctl", "-A", word, "raid0").out.splitlines()
    assert said[0] == f"raid0: Autoconfigure: {'No' if word == 'no' else 'Yes'}"
    assert f"   Root partition: {root}\n" in mirrored.run("raidctl", "-s", "raid0").out
    assert (mirrored.reboot()["kernel"] is not None) == boots


def test_without_a_name_it_has_to_be_marked_as_root(mirrored):
    mirrored.write("/boot.cfg", "menu=NetBSD:boot /netbsd\n")
    assert mirrored.reboot()["kernel"]["name"] == "GENERIC"
    mirrored.run("raidctl", "-A", "yes", "raid0")
    assert "raid0 is not marked as root" in mirrored.reboot()["down_reason"]


def test_each_disk_needs_boot_blocks_of_its_own(mirrored):
    assert mirrored.run("installboot", "-e", "-n", "-v", "/dev/rwd1a").rc == 1
    lose(mirrored, "wd0")
    assert mirrored.reboot()["down_reason"] == "wd1: no boot blocks in its partition a"
    lose(mirrored)
    mirrored.reboot()
    assert mirrored.run("installboot", "-v", "-o", "timeout=3", "/dev/rwd1a", BOOTXX).rc == 0
    assert "timeout 3," in mirrored.run("installboot", "-e", "-n", "-v", "/dev/rwd1a").out
    lose(mirrored, "wd0")
    assert mirrored.reboot()["hypervisor"]["release"] == "4.20"
    lose(mirrored, "wd0", "wd1")
    assert mirrored.reboot()["down_reason"] == "no disk to boot from"


def test_other_loaders_read_no_component(tmp_path):
    with pytest.raises(ValueError, match="RAID-1"):
        make_host(tmp_path / "h", loader="grub2", raid=True)
