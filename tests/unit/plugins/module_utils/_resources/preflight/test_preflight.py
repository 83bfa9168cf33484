# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight: every problem at once, none that is none, and no question whose answer can't matter."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils import _releases
from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._formats.system import cpuctl, dumpfs, mounts
from ansible_collections.netbsd.xen.plugins.module_utils._host import Names
from ansible_collections.netbsd.xen.plugins.module_utils._resources.preflight import resource as preflight
from ansible_collections.netbsd.xen.tests.unit.support.rooted import RootedHost

# record cpuctl-identify-0 (NetBSD 7.99.10, GENERIC): a CPU without VMX
PLAIN_CPU = """\
cpu0: highest basic info 0000000b
cpu0: "Intel Core i7 9xx (Nehalem Class Core i7)"
cpu0: features 0x78bfbfd<FPU,DE,PSE,TSC,MSR,PAE,MCE,CX8,APIC,SEP,MTRR,PGE,MCA>
cpu0: features 0x78bfbfd<CMOV,PAT,PSE36,CFLUSH,MMX,FXSR,SSE,SSE2>
cpu0: features1 0x80982201<SSE3,SSSE3,CX16,SSE41,SSE42,POPCNT,RAZ>
cpu0: features2 0x20100800<SYSCALL/SYSRET,XD,EM64T>
cpu0: features3 0x1<LAHF>
"""
INTEL = PLAIN_CPU.replace("SSE3,SSSE3", "SSE3,VMX,SSSE3")
AMD = PLAIN_CPU.replace("<LAHF>", "<LAHF,SVM,ABM>")
# record mount (NetBSD 7.99.10)
MOUNTS = """\
/dev/wd0a on / type ffs (log, local)
kernfs on /kern type kernfs (local)
ptyfs on /dev/pts type ptyfs (local)
procfs on /proc type procfs (local)
tmpfs on /tmp type tmpfs (local)
"""
# As usr.sbin/dumpfs/dumpfs.c prints a superblock of FFSv1: 400 MB in fragments of 1 KiB.
DUMPFS = """\
file system: /dev/rwd0a
format\tFFSv1
endian\tlittle-endian
magic\t11954   \ttime\tSun Nov 22 09:34:00 2026
superblock location\t8192\tid\t[ 4c4b5a6d 1f2e3d4c ]
cylgrp\tdynamic\tinodes\t4.4BSD\tsblock\tFFSv2\tfslevel 4
nbfree\t31021\tndir\t1811\tnifree\t88012\tnffree\t402
ncg\t11\tsize\t409600\tblocks\t396511
bsize\t8192\tshift\t13\tmask\t0xffffe000
fsize\t1024\tshift\t10\tmask\t0xfffffc00
frag\t8\tshift\t3\tfsbtodb\t1
bpg\t4712\tfpg\t37696\tipg\t9024
minfree\t5%\toptim\ttime\tmaxcontig 8\tmaxbpg\t2048
symlinklen 60\tcontigsumsize 8
"""
XL_INFO = """\
host                   : xen1
xen_major              : 4
xen_minor              : 20
xen_version            : 4.20.2
xen_caps               : xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_64
"""


class Machine(RootedHost):
    """NetBSD on bare metal, by default; every command that preflight may run is answered."""

    SAID: dict[str, str]

    def __init__(self, root, cpu=INTEL, boot_method="BIOS", superblock=DUMPFS):
        super().__init__(root, {"/netbsd": "kernel", "/kern/version": "NetBSD"})
        self.answers = {
            "/sbin/mount": MOUNTS,
            "/usr/sbin/cpuctl identify 0": cpu,
            "/usr/sbin/dumpfs -s /dev/rwd0a": superblock,
            "/sbin/sysctl -n machdep.bootmethod": f"{boot_method}\n",
            "/bin/ps -axww -o pid= -o args=": " 402 xenstored\n",
            "/usr/pkg/sbin/xl info": XL_INFO,
        }

    def day(self):
        return self.SAID["day"]

    def under_xen(self, info=XL_INFO):
        self.put("/kern/xen/privcmd")
        self.put("/kern/xen/xenbus")
        self.put("/usr/pkg/sbin/xl")
        self.answers["/usr/pkg/sbin/xl info"] = info
        return self


@pytest.fixture(autouse=True)
def netbsd(monkeypatch):
    """What uname says and what the clock says; a test may change either."""
    said = {"release": "10.1", "machine": "amd64", "sysname": "NetBSD", "kernel": "NetBSD", "day": "2026-11-22"}

    monkeypatch.setattr(Machine, "SAID", said, raising=False)
    return said


def params(**given):
    usual = {"release": "4.20", "guest_types": ["pv"], "loader": "boot_cfg", "native_kernel": "/netbsd"}
    return {**usual, "boot_files": [], **given}


def check(host, **given):
    said = host.SAID
    host.is_named(Names(said["sysname"], "xen1", said["release"], said["kernel"], said["machine"]))
    return converge(preflight, params(**given), host, check=False)


def problems(host, **given):
    with pytest.raises(Refused) as caught:
        check(host, **given)
    return str(caught.value).split("\n")


# -- what is no problem


def test_a_machine_that_is_fit_passes_without_a_word(tmp_path):
    outcome = check(Machine(tmp_path), guest_types=["pv", "pvh", "hvm"])
    assert (outcome.done, outcome.plan.warnings) == ([], [])


def test_a_dom0_whose_kern_is_not_mounted_is_not_asked_for_what_xen_hides(tmp_path, netbsd):
    """The hypervisor hides the CPU's abilities from dom0's kernel, so what that says of them refuses nothing."""
    host = Machine(tmp_path, cpu=PLAIN_CPU)
    (tmp_path / "kern/version").unlink()
    assert any("hvm" in line for line in problems(host, guest_types=["hvm"]))
    netbsd["kernel"] = "NetBSD 10.1 (XEN3_DOM0) #0: Mon"
    assert check(host, guest_types=["hvm"]).plan.warnings


@pytest.mark.parametrize("cpu", [INTEL, AMD])
def test_either_makers_help_will_do(tmp_path, cpu):
    assert check(Machine(tmp_path, cpu), guest_types=["hvm"]).plan.warnings == []


def test_a_complete_machine_is_not_refused_for_a_full_disk(tmp_path):
    host = Machine(tmp_path)
    host.put("/xen-4.20.gz")
    host.put("/netbsd-XEN3_DOM0.gz")
    host.free = 0
    assert check(host, boot_files=["/xen-4.20.gz", "/netbsd-XEN3_DOM0.gz"]).done == []


def test_room_that_the_next_run_makes_counts(tmp_path):
    """An interrupted run left half of a kernel behind; system_files removes it before it writes the whole one."""
    host = Machine(tmp_path)
    host.free = preflight.ROOM_FOR_A_FILE - 10
    (tmp_path / ".netbsd-XEN3_DOM0.gz.k3_x9.netbsd_xen").write_bytes(b"x" * 6)
    (tmp_path / ".netbsd-XEN3_DOM0.gz.old.k3_x9.netbsd_xen").write_bytes(b"x" * 4)
    assert check(host, boot_files=["/netbsd-XEN3_DOM0.gz"]).done == []


def test_room_that_only_another_file_s_run_makes_does_not_count(tmp_path):
    host = Machine(tmp_path)
    host.free = preflight.ROOM_FOR_A_FILE - 10
    (tmp_path / ".xen-4.15.gz.k3_x9.netbsd_xen").write_bytes(b"x" * 10)
    (line,) = problems(host, boot_files=["/netbsd-XEN3_DOM0.gz"])
    assert "Make room on /" in line


# -- questions


def test_a_dom0_is_asked_nothing_but_what_is_read_anyway(tmp_path):
    host = Machine(tmp_path).under_xen()
    current = preflight.read(host)
    # host_info asks them as well, or the boot menu's own reading does.
    boot = {"/sbin/mount", "/sbin/sysctl -n machdep.bootmethod", "/sbin/sysctl -n hw.disknames"}
    assert set(host.ran) == {"/bin/ps -axww -o pid= -o args=", "/usr/pkg/sbin/xl info", *boot}
    assert preflight.plan(current, preflight.declare(params(guest_types=["hvm"]))).warnings == []


def test_bare_metal_is_asked_two_questions(tmp_path):
    host = Machine(tmp_path)
    preflight.read(host)
    own = [line for line in dict.fromkeys(host.ran) if line not in (*host.UNTOLD, "/sbin/mount")]
    assert own == ["/usr/sbin/cpuctl identify 0", "/sbin/sysctl -n machdep.bootmethod"]


def test_the_root_file_system_is_looked_at_where_grub_legacy_is_in_use(tmp_path):
    host = Machine(tmp_path)
    with pytest.raises(NotRead):
        preflight.plan(preflight.read(host), preflight.declare(params(loader="grub", release="3.1")))
    host.put("/grub/menu.lst", "default 0\n")
    assert preflight.plan(preflight.read(host), preflight.declare(params(loader="grub"))).changes == []


def test_a_file_elsewhere_must_be_looked_at(tmp_path):
    host = Machine(tmp_path)
    declared = preflight.declare(params(native_kernel="/boot/netbsd"))
    with pytest.raises(NotRead):
        preflight.plan(preflight.read(host), declared)
    host.put("/boot/netbsd")
    assert preflight.plan(preflight.read(host, declared), declared).changes == []


def test_a_system_without_these_tools_leaves_the_answer_open(tmp_path):
    host = Machine(tmp_path)
    host.answers["/usr/sbin/cpuctl identify 0"] = (1, "", "cpuctl: /dev/cpuctl: Device not configured\n")
    host.answers["/sbin/sysctl -n machdep.bootmethod"] = (1, "", "second level name 'bootmethod' is invalid\n")
    (warning,) = check(host, guest_types=["pv", "hvm"]).plan.warnings
    assert "Guests of type hvm are wanted, and cpuctl identify 0 does not tell" in warning


def test_a_dead_toolstack_is_not_asked(tmp_path):
    host = Machine(tmp_path).under_xen()
    host.answers["/bin/ps -axww -o pid= -o args="] = "    1 init\n"
    host.answers["/sbin/ifconfig -l"] = "wm0 lo0\n"
    assert "xl info does not tell" in check(host, guest_types=["hvm"]).plan.warnings[0]
    assert "/usr/pkg/sbin/xl info" not in host.ran


# -- problems


def test_all_problems_are_told_at_once_one_a_line(tmp_path, netbsd):
    netbsd.update(release="8.2", machine="i386")
    host = Machine(tmp_path, PLAIN_CPU, boot_method="UEFI", superblock=DUMPFS.replace("FFSv1", "FFSv2"))
    host.remove("/netbsd")
    host.free = 1000
    lines = problems(
        host, release="4.18", loader="grub", guest_types=["pv", "hvm"], boot_files=["/xen.gz", "/netbsd-XEN3_DOM0.gz"]
    )
    words = [
        "Xen 4.18 is for x86_64, and this machine is i386; for it there are 4.5, 4.2, 4.1, 3.3, 3.1.",
        "Xen 4.18 has no packages for NetBSD 8.2; it needs NetBSD 9 or newer.",
        "The root file system has 1000 bytes free; /xen.gz and /netbsd-XEN3_DOM0.gz, each with its predecessor, need "
        "67108864.",
        "There is no native kernel /netbsd, or it is empty",
        "GRUB legacy can't read the root file system: it has format FFSv2. It needs FFSv1",
        "This machine boots by UEFI, and GRUB legacy can't.",
        "Guests of type hvm are wanted, and this machine's CPU does not help with them (cpuctl identify 0)",
    ]
    assert len(lines) == len(words)
    for line, beginning in zip(lines, words):
        assert line.startswith(beginning)


@pytest.mark.parametrize(
    ("superblock", "words"),
    [
        (DUMPFS.replace("bsize\t8192", "bsize\t16384"), "it has block size 16384. It needs"),
        (DUMPFS.replace("fsize\t1024", "fsize\t2048"), "it has fragment size 2048, size 838860800 bytes. It needs"),
        (DUMPFS.replace("size\t409600\tblocks", "size\t524288\tblocks"), "it has size 536870912 bytes. It needs"),
        ("", "it has format unknown, block size 0"),
    ],
)
def test_grub_legacy_reads_one_kind_of_root_only(tmp_path, superblock, words):
    (line,) = problems(Machine(tmp_path, superblock=superblock), loader="grub")
    assert words in line and "bootloader_loader" in line


def test_grub_legacy_with_a_root_that_is_no_ffs(tmp_path):
    host = Machine(tmp_path)
    host.answers["/sbin/mount"] = MOUNTS.replace("type ffs", "type zfs")
    assert "it has format zfs" in problems(host, loader="grub")[0]


def test_uefi_needs_a_hypervisor_with_a_multiboot2_header(tmp_path, netbsd):
    netbsd["release"] = "9.4"
    host = Machine(tmp_path, boot_method="UEFI")
    host.answers["/sbin/mount"] = MOUNTS + "/dev/dk0 on /efi type msdos (local)\n"
    host.put("/efi/EFI/BOOT/BOOTX64.EFI")
    (line,) = problems(host, release="4.8")
    assert "Xen 4.8 has no multiboot2 header" in line and "It needs Xen 4.11 or newer" in line
    assert check(host, release="4.15").done == []


def test_by_uefi_it_must_be_known_which_menu_counts(tmp_path):
    host = Machine(tmp_path, boot_method="UEFI")
    (line,) = problems(host)
    assert "no EFI partition is mounted" in line and "bootloader_path to /boot.cfg" in line
    assert check(host, menu="/boot.cfg").done == []


def test_what_the_boot_arguments_name_must_be_there(tmp_path):
    host = Machine(tmp_path)
    label = " a:   4063232      2048     4.2BSD   2048 16384     0\n b:   524288   4065280       swap\n"
    host.answers.update({"/sbin/sysctl -n hw.disknames": "wd0 cd0\n", "/sbin/sysctl -n hw.physmem64": "2146934784\n"})
    host.answers["/sbin/disklabel wd0"] = label
    host.put("/var/run/dmesg.boot", "mainbus0 (root)\ncom0 at isa0 port 0x3f8-0x3ff irq 4: ns16550a, working fifo\n")
    right = {"kernel_args": "root=wd0a", "hypervisor_args": "dom0_mem=1G console=com1 com1=115200,8n1", "disk": "wd0"}
    assert check(host, **right).done == []
    lines = problems(
        host, kernel_args="root=wd0b", hypervisor_args="dom0_mem=2G console=com2 com2=115201,8n1", disk="wd7"
    )
    assert [line.split()[0] for line in lines] == ["This", "root=wd0b:", "dom0_mem=2G", "com2=115201", "The"]


def test_a_type_that_the_release_does_not_have(tmp_path, netbsd):
    netbsd["release"] = "6.1"
    (line,) = problems(Machine(tmp_path), release="4.2", guest_types=["pvh"])
    assert "Guests of type pvh are wanted, and Xen 4.2 has none; the first release with them is 4.11" in line


def test_a_hypervisor_that_has_no_hvm(tmp_path):
    host = Machine(tmp_path).under_xen(XL_INFO.replace(" hvm-3.0-x86_32 hvm-3.0-x86_64", ""))
    assert "(xl info): they need VMX (Intel) or SVM (AMD)" in problems(host, guest_types=["pvh", "hvm"])[0]


def test_netbsd_may_be_too_new_as_well(tmp_path):
    (line,) = problems(Machine(tmp_path), release="4.2")
    assert "no packages for NetBSD 10.1; the last to have them was NetBSD 9" in line


def test_something_else_on_kern(tmp_path):
    host = Machine(tmp_path)
    host.remove("/kern/version")
    host.answers["/sbin/mount"] = MOUNTS.replace("kernfs on /kern type kernfs", "tmpfs on /kern type tmpfs")
    assert "A file system of type tmpfs is mounted on /kern" in problems(host)[0]
    host.answers["/sbin/mount"] = MOUNTS.replace("kernfs on /kern type kernfs (local)\n", "")
    assert check(host).done == []  # netbsd.xen.kernfs will mount it
    for silence in ("", (1, "", "mount: getmntinfo: Input/output error\n")):
        host.answers["/sbin/mount"] = silence
        assert "mount(8) does not tell what is mounted" in problems(host)[0]


def test_a_guest_and_another_system_can_not_be_a_dom0(tmp_path, netbsd):
    host = Machine(tmp_path)
    host.put("/kern/xen/xenbus")
    assert problems(host) == [
        "This machine is a Xen guest itself, and no guest can be a dom0. Take it out of the group of dom0s."
    ]
    netbsd["sysname"] = "Linux"
    assert problems(host)[0].startswith("This machine runs Linux; it must run NetBSD.")


@pytest.mark.parametrize(
    ("given", "words"), [({"release": "9.9"}, "'9.9' is not known"), ({"native_kernel": "x"}, "'x' is not an abs")]
)
def test_what_makes_no_sense_is_refused(given, words):
    with pytest.raises(Refused, match=words):
        preflight.declare(params(**given))


# -- warnings


def test_a_release_that_is_no_longer_mended(tmp_path, netbsd):
    netbsd["release"] = "9.4"
    (warning,) = check(Machine(tmp_path), release="4.15").plan.warnings
    assert warning == f"Xen 4.15: {_releases.release('4.15').note}" and "use 4.20 or 4.18" in warning


def test_a_release_whose_time_has_come_by_the_machines_clock(tmp_path, netbsd):
    netbsd["day"] = "2030-03-06"
    (warning,) = check(Machine(tmp_path)).plan.warnings
    assert "until 2030-03-05, and this machine's clock says 2030-03-06" in warning


# -- formats


def test_vmx_and_svm_are_looked_for_in_every_line_and_as_whole_words():
    assert cpuctl.hardware_virtualization(PLAIN_CPU) is None
    assert cpuctl.hardware_virtualization(INTEL) == "VMX"
    assert cpuctl.hardware_virtualization(AMD) == "SVM"
    assert cpuctl.hardware_virtualization('cpu0: "VMX SVM"\ncpu0: features 0x1<SVML,NOVMX>\n') is None
    assert cpuctl.hardware_virtualization("cpu0: SVM features 0x1<NPT>\n") is None  # NetBSD 7's heading of its own


def test_a_superblock_of_both_formats():
    assert dumpfs.parse(DUMPFS) == dumpfs.Superblock("FFSv1", 8192, 1024, 419430400)
    # before FFSv2's superblock was in use: ncyl stands between
    old = DUMPFS.replace("ncg\t11\tsize", "ncg\t11\tncyl\t812\tsize")
    assert dumpfs.parse(old) == dumpfs.parse(DUMPFS)
    assert dumpfs.parse("dumpfs: /dev/rwd0a: could not find superblock, skipped\n") is None


def test_the_last_of_two_mounts_is_what_one_sees():
    found = mounts.parse(MOUNTS + "tmpfs on /kern type tmpfs (local)\n")
    assert mounts.on(found, "/kern").type == "tmpfs"
    assert mounts.on(found, "/") == mounts.Mount("/dev/wd0a", "/", "ffs")
    assert mounts.raw_device("/dev/dk0") == "/dev/rdk0"
