# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot blocks: when they are written, with which commands exactly, and when never."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed, NotRead, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._formats.boot import bootsector
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot import boot_blocks
from ansible_collections.netbsd.xen.tests.unit.support.rooted import RootedHost

# The texts that the real sectors hold: stage1 of GRUB 0.97, boot.img of GRUB 2.06, mbr.S and pbr.S of NetBSD.
SECTORS = {
    "grub": b"\xeb\x48\x90" + b"\0" * 380 + b"GRUB \0Geom\0Hard Disk\0Read\0 Error\0",
    "grub2": b"\xeb\x63\x90" + b"\0" * 381 + b"GRUB \0Geom\0Hard Disk\0Read\0 Error\r\n\0",
    "boot_cfg": b"\x31\xc0" + b"\0" * 442 + b"\xe1\xb5",
    "partition": b"\xeb\x3c\x90NetBSD20",
    "other": b"\x33\xc0Invalid partition table\0",
}
DD_DISK = "/bin/dd if=/dev/rwd0d bs=512 count=1"
DD_PARTITION = "/bin/dd if=/dev/rwd0a bs=512 count=1"
KEEP_DISK = "/bin/dd if=/dev/rwd0d of=/grub/wd0.blocks.orig.new bs=512 count=63"
KEEP_PARTITION = "/bin/dd if=/dev/rwd0a of=/boot.blocks.orig.new bs=512 count=16"
GRUB = "/usr/pkg/sbin/grub --batch --device-map=/grub/device.map.new"
GRUB2 = "/usr/pkg/sbin/grub-install --boot-directory=/ /dev/rwd0d"
OPTIONS = "timeout=5,speed=9600,console=pc"
INSTALLBOOT = f"/usr/sbin/installboot -v -o {OPTIONS} /dev/rwd0a /usr/mdec/bootxx_ffsv1"
SHOW = "/usr/sbin/installboot -e -n -v /dev/rwd0a"
# record installboot-e-n-v
SHOWN = "File system:         /dev/rwd0a\nBoot options:        timeout 5, flags 0, speed 9600, ioaddr 0, console pc\n"
DUMPFS = "/usr/sbin/dumpfs -s /dev/rwd0a"


def sector(kind):
    return SECTORS[kind].ljust(510, b"\0") + b"\x55\xaa"


class Machine(RootedHost):
    """A disk of which only the first sectors matter; a loader's own command changes whose they are."""

    def __init__(self, root, disk="boot_cfg", ffs=1, method="BIOS"):
        super().__init__(root, {path: "x" for path in ("/usr/pkg/sbin/grub", "/usr/pkg/sbin/grub-install", INSTALLED)})
        for name in ("stage1", "stage2", "ffs_stage1_5"):
            self.put(f"/usr/pkg/share/grub/i386-/{name}", f"the {name}")
        self.put("/usr/mdec/boot", "new loader")
        self.put("/boot", "old loader")
        self.disk, self.partition = disk, "partition"
        self.answers = {
            DD_DISK: lambda argv: self.show(self.disk),
            DD_PARTITION: lambda argv: self.show(self.partition),
            KEEP_DISK: lambda argv: self.put(argv[2][3:], sector(self.disk)),
            KEEP_PARTITION: lambda argv: self.put(argv[2][3:], sector(self.partition)),
            GRUB: lambda argv: self.becomes("grub"),
            GRUB2: lambda argv: [self.put("/grub/i386-pc/core.img"), self.becomes("grub2")][1],
            INSTALLBOOT: "",
            SHOW: SHOWN,
            DUMPFS: f"file system: /dev/rwd0a\nformat\tFFSv{ffs}\nmagic\t11954\tsize\t1000\tblocks\t900\n"
            "bsize\t8192\tshift\t13\tmask\t0xffffe000\nfsize\t1024\tshift\t10\tmask\t0xfffffc00\n",
            "/sbin/sysctl -n machdep.bootmethod": f"{method}\n",
            "/sbin/mount": "/dev/wd0a on / type ffs (local)\n",
        }

    def show(self, kind):
        return sector(kind).decode("utf-8", "surrogateescape")

    def becomes(self, kind):
        self.disk = kind
        return ""

    @property
    def wrote(self):
        """What ran, without what only looks."""
        return [
            line for line in self.ran if line not in (DD_DISK, DD_PARTITION, DUMPFS, SHOW) and "/sbin/" not in line[:6]
        ]


INSTALLED = "/usr/sbin/installboot"


def params(loader, **given):
    unset = {"console": None, "baud": None}
    return {"loader": loader, "disk": "wd0", "partition": "a", "assume_files": [], **unset, **given}


def run(host, loader, check=False, **given):
    outcome = converge(boot_blocks, params(loader, **given), host, check)
    assert outcome.failures == {}
    return outcome.done


@pytest.mark.parametrize(("kind", "code"), [(k, k if k != "partition" else "boot_cfg") for k in SECTORS])
def test_whose_code_a_sector_holds(kind, code):
    assert bootsector.code(sector(kind)) == code


def test_grub_legacy_is_installed_from_its_shell(tmp_path):
    host = Machine(tmp_path)
    host.put("/grub/menu.lst")
    done = run(host, "grub")
    assert [change.summary for change in done] == [
        "copy stage1, stage2, ffs_stage1_5 from /usr/pkg/share/grub/i386-",
        "let wd0 start with GRUB legacy",
    ]
    assert host.wrote == [KEEP_DISK, GRUB]
    assert host.inputs[host.ran.index(GRUB)] == "root (hd0,a)\nsetup (hd0)\nquit\n"
    assert host.text("/grub/device.map") == "(hd0)\t/dev/rwd0d\n"
    assert host.text("/grub/stage2") == "the stage2"
    assert (tmp_path / "grub/wd0.blocks.orig").read_bytes() == sector("boot_cfg")
    assert run(host, "grub") == []


def test_a_new_stage_is_copied_and_set_up_and_the_first_blocks_stay(tmp_path):
    host = Machine(tmp_path)
    host.put("/grub/menu.lst")
    run(host, "grub")
    host.put("/usr/pkg/share/grub/i386-/stage2", "a longer stage2")
    assert len(run(host, "grub")) == 2
    assert host.wrote == [KEEP_DISK, GRUB, GRUB]


def test_stages_that_were_never_set_up_are(tmp_path):
    host = Machine(tmp_path)
    host.put("/grub/menu.lst")
    run(host, "grub")
    host.put("/usr/pkg/share/grub/i386-/stage2", "a longer stage2")
    works, host.answers[GRUB] = host.answers[GRUB], (1, "", "killed")
    assert converge(boot_blocks, params("grub"), host, check=False).failures
    host.answers[GRUB] = works
    assert [change.thing for change in run(host, "grub")] == ["wd0"]


def test_grub_says_what_went_wrong_and_ends_well(tmp_path):
    host = Machine(tmp_path)
    host.put("/grub/menu.lst")
    host.answers[GRUB] = "grub> root (hd0,a)\n\nError 17: Cannot mount selected partition\ngrub> "
    failures = converge(boot_blocks, params("grub"), host, check=False).failures
    assert "Error 17: Cannot mount selected partition" in str(failures["wd0"])


def test_grub2_is_installed_by_its_own_command(tmp_path):
    host = Machine(tmp_path, disk="other", ffs=2)
    host.put("/grub/grub.cfg")
    assert [change.summary for change in run(host, "grub2")] == ["let wd0 start with GRUB 2"]
    assert host.wrote == [KEEP_DISK, GRUB2]
    assert run(host, "grub2") == []


def test_netbsds_loader_is_put_in_place_and_the_old_one_kept(tmp_path):
    host = Machine(tmp_path)
    run(host, "boot_cfg")
    assert host.wrote == [KEEP_PARTITION, INSTALLBOOT]
    assert (host.text("/boot"), host.text("/boot.old")) == ("new loader", "old loader")
    assert (tmp_path / "boot.blocks.orig").read_bytes() == sector("partition")
    assert run(host, "boot_cfg") == []


def test_blocks_of_which_only_the_first_was_written_are_written_again(tmp_path):
    host = Machine(tmp_path)
    host.partition = "other"

    def killed(argv):
        host.partition = "partition"
        raise CommandFailed("killed")

    works, host.answers[INSTALLBOOT] = host.answers[INSTALLBOOT], killed
    assert converge(boot_blocks, params("boot_cfg"), host, check=False).failures
    host.answers[INSTALLBOOT] = works
    assert len(run(host, "boot_cfg")) == 1
    # The loader that was there before any of this.
    assert (host.text("/boot"), host.text("/boot.old")) == ("new loader", "old loader")


@pytest.mark.parametrize("loader", ["boot_cfg", "grub", "grub2"])
def test_check_mode_only_looks(tmp_path, loader):
    host = Machine(tmp_path)
    host.put("/grub/menu.lst")
    host.put("/grub/grub.cfg")
    assert run(host, loader, check=True)
    assert host.wrote == [] and host.text("/boot") == "old loader" and not host.exists("/grub/stage1")


def test_check_mode_before_the_package_is_there(tmp_path):
    host = Machine(tmp_path)
    for path in ("/usr/pkg/sbin/grub", *(f"/usr/pkg/share/grub/i386-/{name}" for name in boot_blocks.STAGES)):
        host.remove(path)
    assert len(run(host, "grub", check=True, assume_files=["/grub/menu.lst", "/usr/pkg/sbin/grub"])) == 2
    assert host.wrote == []


@pytest.mark.parametrize(
    ("loader", "machine", "files", "words"),
    [
        ("grub", {}, [], "There is no /grub/menu.lst"),
        ("grub2", {}, ["/grub/menu.lst"], "There is no /grub/grub.cfg"),
        ("grub", {"ffs": 2}, ["/grub/menu.lst"], "FFSv1 only"),
        ("boot_cfg", {"disk": "grub"}, [], "fdisk -i wd0"),
        ("boot_cfg", {"disk": "grub2"}, [], "starts with GRUB"),
        ("grub2", {"method": "UEFI"}, ["/grub/grub.cfg"], "boots by EFI"),
    ],
)
def test_refused_and_nothing_written(tmp_path, loader, machine, files, words):
    host = Machine(tmp_path, **machine)
    for path in files:
        host.put(path)
    with pytest.raises(Refused) as caught:
        converge(boot_blocks, params(loader), host, check=False)
    assert words in str(caught.value)
    assert host.wrote == []


def test_a_missing_package_is_named(tmp_path):
    host = Machine(tmp_path)
    host.put("/grub/menu.lst")
    host.remove("/usr/pkg/sbin/grub")
    with pytest.raises(Refused, match="install the package grub first"):
        converge(boot_blocks, params("grub"), host, check=False)


@pytest.mark.parametrize("given", [{"disk": "/dev/wd0"}, {"disk": "wd0a"}, {"partition": "aa"}, {"partition": "q"}])
def test_what_is_no_disk(given):
    with pytest.raises(Refused):
        boot_blocks.declare(params("grub", **given))


def test_nothing_is_read_ahead(tmp_path):
    host = Machine(tmp_path)
    current = boot_blocks.read(host)
    assert host.commands == []
    with pytest.raises(NotRead):
        boot_blocks.plan(current, boot_blocks.declare(params("grub")))


# -- the options that the blocks carry ---------------------------------------------------------------------------------


def shown(timeout=5, flags="0", speed=9600, ioaddr="0", console="pc", keymap=""):
    """As show_i386_boot_params prints them (usr.sbin/installboot/arch/i386.c)."""
    words = f"timeout {timeout}, flags {flags}, speed {speed}, ioaddr {ioaddr}, console {console}\n"
    more = f"                     keymap {keymap}\n" if keymap else ""
    return f"File system:         /dev/rwd0a\nBoot options:        {words}{more}"


@pytest.mark.parametrize(
    ("found", "option"),
    [
        (shown(), OPTIONS),
        (shown(speed=115200, console="com0"), "timeout=5,speed=115200,console=com0"),
        (shown(timeout=0, console="com1kbd"), "timeout=0,speed=9600,console=com1kbd"),
        (shown(console="auto"), "timeout=5,speed=9600,console=auto"),
        (shown(ioaddr="2f8", console="com1"), "timeout=5,speed=9600,console=com1,ioaddr=0x2f8"),
        (shown(keymap="zyyz"), f"{OPTIONS},keymap=zyyz"),
        (shown(flags="1"), f"{OPTIONS},resetvideo"),
        (shown(flags="1c"), f"{OPTIONS},modules,bootconf"),
        (shown(flags="10"), OPTIONS),
    ],
)
def test_new_blocks_carry_the_options_of_the_old_ones(tmp_path, found, option):
    host = Machine(tmp_path)
    installs = f"/usr/sbin/installboot -v -o {option} /dev/rwd0a /usr/mdec/bootxx_ffsv1"
    host.answers.update({SHOW: found, installs: ""})
    run(host, "boot_cfg")
    assert host.wrote == [KEEP_PARTITION, installs]


def test_blocks_of_others_carry_none(tmp_path):
    host = Machine(tmp_path)
    plain = "/usr/sbin/installboot -v /dev/rwd0a /usr/mdec/bootxx_ffsv1"
    host.answers.update({SHOW: (1, "", "installboot: Invalid magic in existing bootstrap"), plain: ""})
    run(host, "boot_cfg")
    assert host.wrote == [KEEP_PARTITION, plain]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (shown(flags="2"), "the option password"),
        (shown(flags="20"), "the option flag 20"),
        (shown(console="9"), "the option console"),
        (shown(timeout=-1), "the option timeout"),
        (shown(keymap="z,,z"), "the option keymap"),
    ],
)
def test_what_new_blocks_cannot_be_given_is_not_lost(tmp_path, found, words):
    host = Machine(tmp_path)
    host.answers[SHOW] = found
    with pytest.raises(Refused) as caught:
        converge(boot_blocks, params("boot_cfg"), host, check=False)
    assert words in str(caught.value) and host.wrote == []
    # Blocks that are right stay as they are, whatever they carry.
    host.put("/boot", "new loader")
    assert run(host, "boot_cfg") == []


def test_a_declared_console_is_given_to_blocks_that_are_right_otherwise(tmp_path):
    host = Machine(tmp_path)
    host.put("/boot", "new loader")
    edit = "/usr/sbin/installboot -e -v -o console=com0,speed=115200 /dev/rwd0a"

    def edited(argv):
        host.answers[SHOW] = shown(speed=115200, console="com0")
        return ""

    host.answers[edit] = edited
    serial = {"console": "com0", "baud": 115200}
    (change,) = run(host, "boot_cfg", **serial)
    assert (change.before, change.after) == ("console=pc,speed=9600", "console=com0,speed=115200")
    assert host.wrote == [edit]
    assert run(host, "boot_cfg", **serial) == []
    assert run(host, "boot_cfg") == []


def test_new_blocks_get_a_declared_console_with_the_rest_of_the_old_options(tmp_path):
    host = Machine(tmp_path)
    installs = "/usr/sbin/installboot -v -o timeout=3,speed=19200,console=com1 /dev/rwd0a /usr/mdec/bootxx_ffsv1"

    def installed(argv):
        host.answers[SHOW] = shown(timeout=3, speed=19200, console="com1")
        return ""

    host.answers.update({SHOW: shown(timeout=3), installs: installed})
    run(host, "boot_cfg", console="com1", baud=19200)
    assert host.wrote == [KEEP_PARTITION, installs]
