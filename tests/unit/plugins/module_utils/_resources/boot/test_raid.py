# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot blocks of a root file system on RAID-1: on each disk, and never where the machine would not boot by them."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot import boot_blocks
from ansible_collections.netbsd.xen.tests.unit.support.rooted import RootedHost

# sbin/raidctl/raidctl.c, rf_get_device_status and get_component_label
LABEL = """\
Component label for {}:
   Row: 0, Column: 0, Num Rows: 1, Num Columns: 2
   Version: 2, Serial Number: 2013122701, Mod Counter: 151
   Clean: No, Status: 0
   sectPerSU: 128, SUsPerPU: 1, SUsPerRU: 1
   Queue size: 100, blocksize: 512, numBlocks: 1465148928
   RAID Level: {}
   Autoconfig: {}
   Root partition: {}
   Last configured as: raid0
"""
# sys/arch/i386/stand/mbr/mbr.S and bootxx/pbr.S
MBR = (b"\x31\xc0" + b"\0" * 442 + b"\xe1\xb5").ljust(510, b"\0") + b"\x55\xaa"
BLOCKS = b"\xeb\x3c\x90NetBSD20".ljust(510, b"\0") + b"\x55\xaa"
NOTHING = bytes(512)
SHOWN = "File system:         /dev/r{}\nBoot options:        timeout 30, flags 0, speed 9600, ioaddr 0, console pc\n"
DUMPFS = (
    "file system: /dev/rraid0a\nformat\tFFSv2\nmagic\t19540119\tsize\t1000\tblocks\t900\n"
    "bsize\t16384\tshift\t14\tmask\t0xffffc000\nfsize\t2048\tshift\t11\tmask\t0xfffff800\n"
)


def raidctl(states=(("wd0a", "optimal"), ("wd1a", "optimal")), level="1", autoconfig="Yes", root="Force"):
    lines = ["raid0 Components:", *(f"{f'/dev/{name}':>20}: {state}" for name, state in states), "No spares."]
    labels = [LABEL.format(f"/dev/{name}", level, autoconfig, root) for name, state in states if state == "optimal"]
    return "\n".join(lines) + "\n" + "".join(labels) + "Parity status: clean\n"


class Machine(RootedHost):
    """Two disks; sysinst has given the first one boot blocks."""

    def __init__(self, root, said=None, **blocks):
        super().__init__(root, {"/usr/sbin/installboot": "x", "/usr/mdec/boot": "new", "/boot": "old"})
        self.blocks = {"wd0a": BLOCKS, "wd1a": NOTHING, "wd0d": MBR, "wd1d": MBR, **blocks}
        self.answers = {
            "/sbin/raidctl -s raid0": said or raidctl(),
            "/usr/sbin/dumpfs -s /dev/rraid0a": DUMPFS,
            "/sbin/sysctl -n machdep.bootmethod": "BIOS\n",
            "/sbin/mount": "/dev/raid0a on / type ffs (local)\n",
        }
        for name in self.blocks:
            self.answers[f"/bin/dd if=/dev/r{name} bs=512 count=1"] = lambda argv, name=name: self.show(name)
        for name in ("wd0a", "wd1a"):
            self.answers[f"/usr/sbin/installboot -e -n -v /dev/r{name}"] = lambda argv, name=name: (
                SHOWN.format(name) if self.blocks[name] == BLOCKS else (1, "", "installboot: invalid magic")
            )
            keep = f"/bin/dd if=/dev/r{name} of=/boot.{name[:3]}.blocks.orig.new bs=512 count=16"
            self.answers[keep] = lambda argv, name=name: self.put(argv[2][3:], self.blocks[name])
            options = "timeout=30,speed=9600,console=pc"
            command = f"/usr/sbin/installboot -v -o {options} /dev/r{name} /usr/mdec/bootxx_ffsv2"
            self.answers[command] = lambda argv, name=name: self.write(name)

    def show(self, name):
        return self.blocks[name].decode("utf-8", "surrogateescape")

    def write(self, name):
        self.blocks[name] = BLOCKS
        return ""

    @property
    def installed(self):
        return [line.split()[-2] for line in self.ran if line.startswith("/usr/sbin/installboot -v")]


def params(loader="boot_cfg", **given):
    unset = {"console": None, "baud": None}
    return {"loader": loader, "disk": "raid0", "partition": "a", "assume_files": [], **unset, **given}


def run(host, **given):
    outcome = converge(boot_blocks, params(**given), host, False)
    assert outcome.failures == {}
    return outcome


def refusal(host, **given):
    declared = boot_blocks.declare(params(**given))
    with pytest.raises(Refused) as caught:
        boot_blocks.plan(boot_blocks.read(host, declared), declared)
    assert not host.installed
    return str(caught.value)


def test_each_component_gets_its_boot_blocks(tmp_path):
    host = Machine(tmp_path)
    done = run(host).done
    # The first has blocks, but not the loader that belongs to them.
    assert [change.summary for change in done] == [f"let {disk} start with NetBSD's loader" for disk in ("wd0", "wd1")]
    assert host.installed == ["/dev/rwd0a", "/dev/rwd1a"]
    assert host.blocks["wd1a"] == BLOCKS and host.text("/boot") == "new" and host.text("/boot.old") == "old"
    assert (tmp_path / "boot.wd1.blocks.orig").read_bytes() == NOTHING
    assert run(host).done == []


def test_a_disk_that_is_new_in_the_set_gets_them_with_the_options_of_the_others(tmp_path):
    host = Machine(tmp_path)
    host.put("/boot", "new")
    assert [change.thing for change in run(host).done] == ["wd1"]
    assert host.installed == ["/dev/rwd1a"]


@pytest.mark.parametrize("root", ["Yes", "Force", "Soft"])
def test_every_release_s_word_for_a_root_is_one(tmp_path, root):
    assert run(Machine(tmp_path, raidctl(root=root))).done


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (raidctl(level="5"), "raid0 is a RAID of level 5"),
        (raidctl(root="No"), "/sbin/raidctl -A root raid0"),
        (raidctl(autoconfig="No", root="No"), "/sbin/raidctl -A root raid0"),
        (raidctl((("dk2", "optimal"), ("dk5", "optimal"))), "component /dev/dk2, which is no partition"),
        (raidctl((("wd0a", "failed"), ("wd1a", "failed"))), "a RAID of level unknown"),
    ],
)
def test_a_set_that_no_machine_boots_from_is_refused(tmp_path, said, words):
    assert words in refusal(Machine(tmp_path, said))


@pytest.mark.parametrize("loader", ["grub", "grub2"])
def test_grub_reads_no_component(tmp_path, loader):
    words = refusal(Machine(tmp_path), loader=loader)
    assert "reads no component of raid0" in words and "bootloader_loader: boot_cfg" in words


def test_what_keeps_a_machine_from_booting_from_every_disk_is_said(tmp_path):
    host = Machine(tmp_path, raidctl((("wd0a", "optimal"), ("wd1a", "failed"), ("component2", "failed"))))
    host.blocks["wd0d"] = NOTHING
    outcome = run(host)
    assert [change.thing for change in outcome.done] == ["wd0"]
    lines = "\n".join(outcome.plan.warnings)
    assert "/dev/wd1a, a component of raid0, is failed" in lines and "component2" in lines
    assert "wd0 begins with no boot code" in lines and "fdisk -i wd0" in lines


def test_raidctl_that_shows_nothing_is_not_believed(tmp_path):
    with pytest.raises(CommandFailed, match="shows no components"):
        boot_blocks.read(Machine(tmp_path, "Parity status: clean\n"), boot_blocks.declare(params()))
