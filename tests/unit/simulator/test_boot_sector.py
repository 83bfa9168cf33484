# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Boot sectors, dumpfs, the old boot.cfg parser, EFI, what panics, what a boot would start."""
from __future__ import annotations

import json

import pytest
from netbsd_sim.boot import netbsd_boot

from ansible_collections.netbsd.xen.tests.unit.support.sim_host import Machine, make_host, power

XEN = "menu=Xen:load /netbsd-XEN3_DOM0.gz root=wd0a;multiboot /xen.gz dom0_mem=512M\n"
NATIVE = "menu=NetBSD:boot netbsd\n"
PROFILES = ["netbsd-9.4-xen-4.15", "netbsd-10.1-xen-4.18", "netbsd-10.1-xen-4.20-efi"]


def sector(host, tmp_path, device: str) -> bytes:
    (host.root / "tmp").mkdir(exist_ok=True)
    assert host.run("/bin/dd", f"if={device}", "of=/tmp/sector", "bs=512", "count=1").rc == 0
    return (host.root / "tmp/sector").read_bytes()


def test_sectors_tell_the_loaders_apart(tmp_path):
    """mbr.S; GRUB 0.97 stage1.S; GRUB 2 boot.S."""
    made = {loader: make_host(tmp_path / loader, "python", profile=profile, loader=loader)
            for loader, profile in (("netbsd", PROFILES[0]), ("grub", "netbsd-6.1-xen-4.2"), ("grub2", PROFILES[0]))}
    sectors = {loader: sector(host, tmp_path, "/dev/rwd0d") for loader, host in made.items()}
    assert all(len(text) == 512 and text.endswith(b"\x55\xaa") for text in sectors.values())
    assert b"NetBSD MBR boot\0" in sectors["netbsd"]
    assert b"GRUB \0Geom\0Hard Disk\0Read\0 Error\0" in sectors["grub"]
    assert b"GRUB \0Geom\0Hard Disk\0Read\0 Error\r\n\0" in sectors["grub2"]
    assert b"GRUB" not in sector(made["grub"], tmp_path, "/dev/rwd0a")
    assert sector(made["grub"], tmp_path, "/dev/rwd1d") == bytes(512)


def test_dd_does_not_write_to_disks(dom0):
    assert dom0.run("/bin/dd", "if=/grub/stage1", "of=/dev/rwd0d", "bs=512").rc == 97


def test_fdisk_brings_netbsds_boot_code_back(tmp_path):
    host = make_host(tmp_path / "h", loader="grub2")
    assert host.run("installboot", "/dev/rwd0a", "/usr/mdec/bootxx_ffsv2").rc == 0
    assert host.data["boot_sector"] == "grub2"  # the partition does not begin at the disk's first sector
    assert host.run("fdisk", "-fi", "-c", "/nosuch", "/dev/rwd0d").err == "fdisk: /nosuch: No such file or directory\n"
    assert host.run("fdisk", "-fi", "-c", "/usr/mdec/mbr", "/dev/rwd0d").rc == 0
    assert host.data["boot_sector"] == "netbsd"
    assert "0: NetBSD (sysid 169)\n" in host.run("fdisk", "wd0").out  # record fdisk-wd0
    assert host.run("fdisk", "-u", "wd0").rc == 97


def test_options_of_boot_blocks(dom0):
    """usr.sbin/installboot/arch/i386.c: -e changes some, new blocks have only what -o gives; a wrong one: none."""
    assert dom0.run("installboot", "-e", "-o", "console=com0,speed=115200", "/dev/rwd0a").rc == 0
    assert "speed 115200, ioaddr 0, console com0\n" in dom0.run("installboot", "-e", "-n", "-v", "/dev/rwd0a").out
    refused = dom0.run("installboot", "-e", "-o", "console=com9", "/dev/rwd0a")
    assert refused.rc == 1
    assert refused.err.startswith("installboot: invalid console name, valid names are:\n\tpc, com0,")
    assert dom0.run("installboot", "-e", "-o", "speed=fast", "/dev/rwd0a").rc == 1
    assert "speed 115200, ioaddr 0, console com0\n" in dom0.run("installboot", "-e", "-n", "-v", "/dev/rwd0a").out
    assert dom0.run("installboot", "/dev/rwd0a", "/usr/mdec/bootxx_ffsv2").rc == 0
    assert "speed 9600, ioaddr 0, console pc\n" in dom0.run("installboot", "-e", "-n", "-v", "/dev/rwd0a").out


def test_dumpfs_of_ffsv2(dom0):
    """sbin/dumpfs/dumpfs.c."""
    lines = dom0.run("dumpfs", "-s", "/dev/rwd0a").out.splitlines()
    assert lines[:2] == ["file system: /dev/rwd0a", "format\tFFSv2"]
    assert lines[2:4] == ["endian\tlittle-endian", "location 65536\t(-b 128)"]
    assert "bsize\t16384\tshift\t14\tmask\t0xffffc000" in lines
    assert dom0.run("dumpfs", "/").rc == 97


# --- NetBSD's loader by era ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "menus"),
    [
        (NATIVE + XEN, ["NetBSD", "Xen"]),
        ("# comment\n" + NATIVE + XEN, ["Xen"]),  # it swallows the line behind it
        ("\n" + NATIVE + XEN, ["Xen"]),
        ("# a=b\n" + NATIVE + XEN, ["NetBSD", "Xen"]),
        (NATIVE + "# at the end\n", ["NetBSD"]),
        ("menu=one # not a comment:boot netbsd\n", ["one # not a comment"]),
    ],
)
def test_netbsd_5_reads_boot_cfg_without_comments_and_blank_lines(text, menus):
    """facts 4.1."""
    assert [name for name, _commands in netbsd_boot.parse(text, 5).menus] == menus


def test_no_second_stage_is_down(dom0):
    (dom0.root / "boot").unlink()
    assert dom0.reboot()["down_reason"] == "boot blocks: no /boot on the root file system"


@pytest.mark.parametrize("profile", PROFILES)
def test_new_profiles_boot_into_their_xen(tmp_path, profile):
    host = make_host(tmp_path / "h", profile=profile)
    release = profile.split("-")[3]
    assert host.data["hypervisor"]["release"] == release
    assert host.data["hypervisor"]["version"].startswith(release + ".")
    assert f"hypervisor0 at mainbus0: Xen version {release}." in host.run("dmesg").out
    assert host.run("dmesg").out == (host.root / "var/run/dmesg.boot").read_text()
    assert host.run("xl", "list").rc == 0


def test_efi_needs_a_multiboot2_header_and_reads_the_system_partition_first(tmp_path):
    """facts 4.1 and 4.2."""
    host = make_host(tmp_path / "h", profile=PROFILES[2])
    from ansible_collections.netbsd.xen.tests.unit.support.sim_host import images

    host.write("/boot.cfg", "menu=x:load /netbsd-XEN3_DOM0.gz;multiboot /old.gz;boot netbsd\n")
    (host.root / "old.gz").write_bytes(images.Image("xen", "4.8", "xen").compressed())
    assert host.reboot()["kernel"]["name"] == "GENERIC"
    assert host.run("sysctl", "-n", "machdep.bootmethod").out == "UEFI\n"
    assert "/dev/wd1g on /efi type msdos (local)" in host.run("mount").out
    (host.root / "efi/EFI/NetBSD").mkdir()
    (host.root / "efi/EFI/NetBSD/boot.cfg").write_text(XEN)
    assert host.run("umount", "/efi").rc == 0 and not (host.root / "efi/EFI").exists()
    assert host.reboot()["kernel"]["name"] == "XEN3_DOM0"
    assert host.run("sysctl", "-n", "machdep.bootmethod").out == "BIOS\n"


@pytest.mark.parametrize("loader", ["grub", "grub2"])
def test_loaders_that_a_profile_cannot_have(tmp_path, loader):
    with pytest.raises(ValueError, match="no loader"):
        make_host(tmp_path / "h", profile=PROFILES[2], loader=loader)


def test_vmx_shows_by_era_and_on_bare_metal_only(tmp_path, generic, dom0):
    """facts section 9."""
    old = make_host(tmp_path / "old", "python", profile="netbsd-5.1-xen-3.1")
    assert "cpu0: features2 0x80982201<SSE3,VMX," in old.run("cpuctl", "identify", "0").out
    assert "cpu0: features1 0x80982201<SSE3,VMX," in generic.run("cpuctl", "identify", "0").out
    assert "VMX" not in dom0.run("cpuctl", "identify", "0").out
    with Machine(generic.directory) as m:
        m.data["hvm"] = False
    assert "VMX" not in generic.run("cpuctl", "identify", "0").out


# --- panics ----------------------------------------------------------------------------------------------------------


def break_it(host, **broken) -> None:
    with Machine(host.directory) as m:
        m.data["broken"] = broken


def test_a_broken_hypervisor_reboots_for_ever(dom0):
    break_it(dom0, hypervisors=["4.20"])
    assert dom0.reboot()["down_reason"] == "reboots for ever into /xen.gz: Xen 4.20 panics"
    break_it(dom0)
    assert dom0.reboot()["kernel"]["name"] == "XEN3_DOM0"


def test_noreboot_stays(dom0):
    break_it(dom0, kernels=["/netbsd-XEN3_DOM0.gz"])
    dom0.write("/boot.cfg", XEN.replace("512M", "512M noreboot"))
    assert dom0.reboot()["down_reason"].startswith("kernel /netbsd-XEN3_DOM0.gz panics; noreboot")


def test_a_one_shot_that_panics_comes_up_on_the_default_and_takes_longer(tmp_path):
    host = make_host(tmp_path / "h", profile="netbsd-6.1-xen-4.2", loader="grub")
    host.write("/grub/menu.lst", "default saved\ntimeout 5\ntitle proven\nrootnoverify (hd0,a)\nchainloader +1\n"
               "title trial\nkernel /xen.gz dom0_mem=512M\nmodule /netbsd-XEN3_DOM0.gz\nsavedefault 0\n")
    host.write("/boot.cfg", NATIVE)
    host.write("/grub/default", "1\n" + "#" * 20)
    break_it(host, hypervisors=["4.2"])
    assert host.would_boot()["panics"] == ["Xen 4.2 panics"]
    boots = host.data["boots"]
    host.run("shutdown", "-r", "now")
    with Machine(host.directory) as m:
        assert m.data["boots"] == boots + 2
        assert 3 < m.data["up_at"] - m.now() <= 4
        assert "NetBSD 6.1 (GENERIC); after a panic: Xen 4.2 panics" in power.describe(m)
    assert host.would_boot()["panics"] == []


def test_would_boot_is_json_and_changes_nothing(dom0):
    before = (dom0.directory / "state.json").read_bytes()
    found = json.loads(json.dumps(dom0.would_boot()))
    assert found["kernel"] == {"file": "/netbsd-XEN3_DOM0.gz", "name": "XEN3_DOM0", "release": "10.1",
                               "cmdline": "root=wd0a console=pc"}
    assert found["hypervisor"] == {"file": "/xen.gz", "release": "4.20", "name": "xen", "cmdline": "dom0_mem=512M"}
    assert (found["down"], found["loader"]) == ("", "netbsd")
    (dom0.root / "netbsd-XEN3_DOM0.gz").unlink()
    assert dom0.would_boot()["kernel"] is None
    assert dom0.would_boot()["down"].startswith("Xen panics: could not construct domain 0")
    assert (dom0.directory / "state.json").read_bytes() == before


def test_pae_must_match(tmp_path):
    """xen/arch/x86/domain_build.c: on i386 Xen 3.1 of pkgsrc is built without PAE."""
    from ansible_collections.netbsd.xen.tests.unit.support.sim_host import images

    host = make_host(tmp_path / "h", profile="netbsd-5.1-xen-3.1")
    (host.root / "netbsd-XEN3_DOM0.gz").write_bytes(images.Image("netbsd", "5.1", "XEN3PAE_DOM0").compressed())
    assert host.reboot()["down_reason"].startswith("Xen panics: PAE mode mismatch")
    (host.root / "xen.gz").write_bytes(images.Image("xen", "3.3", "xen").compressed())
    assert host.reboot()["kernel"]["name"] == "XEN3PAE_DOM0"
