# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No guest is given sectors of a disk that dom0 has in use, whatever it uses them for."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.tests.unit.support.guests import WEB, actions, refused, run

pytestmark = pytest.mark.usefixtures("clock")

IMAGE = "/home/xen/web1.img"
FINE = ""

RAID = (
    "Components:\n           /dev/wd1f: optimal\n          component1: failed\nSpares:\n           /dev/wd2a: spare\n"
)
POOL = "config:\n\n\tNAME        STATE\n\ttank        ONLINE  0\n\t  mirror-0  ONLINE  0\n\t    wd1f    ONLINE  0\n"
WEDGES = {"dk0": ("wd1", 64, 1000), "dk1": ("wd1", 5000000, 2000000), "dk2": ("wd3", 64, 1000)}


def answers(host, **programs):
    for name, answer in programs.items():
        host.programs[f"/sbin/{name}"] = answer if callable(answer) else lambda args, said=answer: (0, said, "")


def dkctl(args):
    """sbin/dkctl/dkctl.c, disk_getwedgeinfo."""
    name, command = args
    assert command == "getwedgeinfo"
    parent, start, size = WEDGES[name]
    return 0, f"{name} at {parent}: a name\n{name}: {size} blocks at {start}, type: ffs\n", ""


def with_raid(host, xen):
    xen.more_disks = ("raid0", "raid10")
    answers(host, raidctl=lambda args: (0, RAID if args == ["-s", "raid0"] else "raid10 Components:\n", ""))


def with_cgd(host, xen):
    xen.more_disks = ("cgd0",)
    answers(host, cgdconfig=lambda args: (0, "cgd0: wd1f \n", "") if args == ["-l", "cgd0"] else (1, "", ""))


def with_cgd_of_an_old_release(host, xen):
    xen.more_disks = ("cgd0",)
    answers(host, cgdconfig=lambda args: (1, "", "cgdconfig: unknown option -- l\n"))
    host.put("/etc/cgd/cgd.conf", "cgd0 /dev/wd1f\n")


def with_ccd(host, xen):
    xen.more_disks = ("ccd0",)
    answers(host, ccdconfig="ccd0\t\t16\t0\t/dev/wd1f /dev/wd2f\n")


def with_ccd_of_an_old_release(host, xen):
    xen.more_disks = ("ccd0",)
    answers(host, ccdconfig=lambda args: (1, "", "ccdconfig: ccd-related symbols not available\n"))
    host.put("/etc/ccd.conf", "ccd0\t16\tnone\t/dev/wd1f /dev/wd2f\n")


def with_lvm(host, xen):
    """The names are those of character devices."""
    host.put("/dev/rwd1f", kind="char")
    host.put("/dev/mapper/control", kind="char")
    host.put("/dev/mapper/vg0-mail", kind="block")
    answers(host, lvm=lambda args: (0, "  /dev/rwd1f  \n", "") if args[0] == "pvs" else (1, "", ""))


def with_zfs(host, xen):
    host.put("/etc/zfs/zpool.cache", "x")
    answers(host, zpool=lambda args: (0, POOL, "") if args == ["status"] else (1, "", ""))


def with_zfs_on_a_whole_disk(host, xen):
    host.put("/etc/zfs/zpool.cache", "x")
    answers(host, zpool=POOL.replace("wd1f", "wd1"))


def with_a_mount(host, xen):
    xen.mounted = "/dev/wd1f on /export type ffs (log, local)\n"


PARTS = {
    with_raid: "a component of raid0",
    with_cgd: "encrypted by cgd0",
    with_cgd_of_an_old_release: "encrypted by cgd0",
    with_ccd: "a component of ccd0",
    with_ccd_of_an_old_release: "a component of ccd0",
    with_lvm: "a physical volume of LVM",
    with_zfs: "in a ZFS pool",
    with_a_mount: "mounted on /export",
}
# wd1f is in use; h lies across e and f, c and d hold all.
DISKS = {
    "/dev/wd1f": "disk /dev/wd1f is {}",
    "/dev/wd1d": "disk /dev/wd1d holds /dev/wd1f, which is {}",
    "/dev/wd1c": "disk /dev/wd1c holds /dev/wd1f, which is {}",
    "/dev/wd1h": "disk /dev/wd1h overlaps /dev/wd1f, which is {}",
    "/dev/wd1e": FINE,
    "/dev/wd1g": FINE,
    "/dev/wd11d": FINE,
}


@pytest.mark.parametrize("disk", DISKS)
@pytest.mark.parametrize("how", PARTS, ids=lambda how: how.__name__)
def test_a_part_of_a_disk_in_use(host, xen, how, disk):
    host.put("/dev/wd1f", kind="block")
    host.put(disk, kind="block")
    how(host, xen)
    guest = dict(WEB, disks=[{"path": disk, "access": "ro"}])
    if DISKS[disk]:
        # LVM names the character device.
        assert DISKS[disk].format(PARTS[how]) in refused(host, guest).replace("/dev/rwd", "/dev/wd")
    else:
        assert run(host, guest).failures == {}


@pytest.mark.parametrize(
    ("how", "disk"),
    [
        (with_raid, "/dev/raid0e"),
        (with_cgd, "/dev/cgd0e"),
        (with_ccd, "/dev/ccd0e"),
        (with_lvm, "/dev/mapper/vg0-mail"),
    ],
)
def test_what_is_made_of_parts_is_a_disk_of_its_own(host, xen, how, disk):
    how(host, xen)
    host.put(disk, kind="block")
    assert run(host, dict(WEB, disks=[disk])).failures == {}
    assert f"disk {disk} is in use by the running guest web1" in refused(host, dict(WEB, name="mail", disks=[disk]))


def test_a_whole_disk_in_a_pool(host, xen):
    with_zfs_on_a_whole_disk(host, xen)
    host.put("/dev/wd1e", kind="block")
    words = refused(host, dict(WEB, disks=["/dev/wd1e"]))
    assert "disk /dev/wd1e is a part of /dev/wd1d, which is in a ZFS pool" in words


@pytest.mark.parametrize("name", ["raidvg-root", "cgd-data", "ccdvol", "raid1-x"])
def test_a_volume_of_lvm_may_have_any_name(host, xen, name):
    xen.more_disks = (name,)
    host.put("/dev/wd1e", kind="block")
    assert run(host, dict(WEB, disks=["/dev/wd1e"])).failures == {}


def test_a_disk_too_large_for_its_label(host, xen):
    """A label has 32 bits for a size: of 4 TiB d would be the first two."""
    xen.mounted = "/dev/dk9 on /export type ffs (local)\n"
    wedge = "dk9 at wd1: far\ndk9: 1000 blocks at 7000000000, type: ffs\n"
    answers(host, dkctl=wedge)
    for path in ("/dev/dk9", "/dev/wd1d", "/dev/wd1a"):
        host.put(path, kind="block")
    assert "disk /dev/wd1d holds /dev/dk9, which is mounted" in refused(host, dict(WEB, disks=["/dev/wd1d"]))


def test_a_cd_that_dom0_has_mounted(host, xen):
    """Nobody writes to it, and yet the guest would never get it."""
    xen.mounted = "/dev/cd0a on /mnt type cd9660 (read-only, local)\n"
    host.put("/dev/cd0a", kind="block")
    cd = {"path": "/dev/cd0a", "access": "ro"}
    assert "disk /dev/cd0a is mounted on /mnt in dom0" in refused(host, dict(WEB, disks=[IMAGE, cd]))


def test_a_drive_without_a_medium_is_asked_nothing(host, xen):
    for path in ("/dev/cd0a", "/dev/cd0d"):
        host.put(path, kind="block")
    answers(host, disklabel=lambda args: (4, "", "disklabel: /dev/rcd0d: Device not configured\n"))
    web, mail = (dict(WEB, name=path[-4:], disks=[path]) for path in ("/dev/cd0a", "/dev/cd0d"))
    assert "disk /dev/cd0d" in refused(host, web, mail)
    assert run(host, web).failures == {}


def test_a_spare_of_a_raid(host, xen):
    with_raid(host, xen)
    host.put("/dev/wd2d", kind="block")
    assert "disk /dev/wd2d holds /dev/wd2a, which is a component of raid0" in refused(
        host, dict(WEB, disks=["/dev/wd2d"])
    )


def test_a_cgd_whose_disk_has_only_a_number(host, xen):
    xen.more_disks = ("cgd0",)
    host.put("/dev/wd1f", kind="block")
    answers(host, cgdconfig=lambda args: (0, f"cgd0: dev 1,{host.inode('/dev/wd1f')} \n", ""))
    assert "disk /dev/wd1f is encrypted by cgd0" in refused(host, dict(WEB, disks=["/dev/wd1f"]))


# -- wedges ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mounted", "disk", "words"),
    [
        ("dk0", "/dev/dk0", "disk /dev/dk0 is mounted on /export in dom0"),
        ("dk0", "/dev/dk1", FINE),
        ("dk0", "/dev/wd1d", "disk /dev/wd1d holds /dev/dk0, which is mounted on /export in dom0"),
        ("dk1", "/dev/wd1f", "disk /dev/wd1f is a part of /dev/dk1, which is mounted on /export in dom0"),
        ("dk1", "/dev/wd1h", "disk /dev/wd1h overlaps /dev/dk1, which is mounted"),
        ("dk0", "/dev/wd1a", FINE),
        ("wd1f", "/dev/dk1", "disk /dev/dk1 holds /dev/wd1f, which is mounted on /export in dom0"),
        ("wd1d", "/dev/dk0", "disk /dev/dk0 is a part of /dev/wd1d, which is mounted on /export in dom0"),
        ("wd1d", "/dev/dk2", FINE),
    ],
)
def test_a_wedge_is_sectors_of_its_disk(host, xen, mounted, disk, words):
    xen.mounted = f"/dev/{mounted} on /export type ffs (local)\n"
    answers(host, dkctl=dkctl)
    for path in (f"/dev/{mounted}", disk, "/dev/wd1d"):
        host.put(path, kind="block")
    guest = dict(WEB, disks=[disk])
    if words:
        assert words in refused(host, guest)
    else:
        assert run(host, guest).failures == {}


def test_only_wedges_that_somebody_names_are_looked_at(host, xen):
    xen.more_disks = tuple(WEDGES)
    answers(host, dkctl=dkctl)
    host.put("/dev/dk1", kind="block")
    assert run(host, dict(WEB, disks=["/dev/dk1"])).failures == {}
    assert host.ran("dkctl") == [["dk1", "getwedgeinfo"]]


# -- guests ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ("/dev/wd1d", "/dev/wd1f", "disk /dev/wd1f is a part of /dev/wd1d, which is in use by"),
        ("/dev/wd1f", "/dev/wd1h", "disk /dev/wd1h overlaps /dev/wd1f, which is in use by"),
        ("/dev/dk1", "/dev/wd1d", "disk /dev/wd1d holds /dev/dk1, which is in use by"),
        ("/dev/wd1e", "/dev/wd1f", FINE),
        ("/dev/dk0", "/dev/dk1", FINE),
    ],
)
def test_two_guests_on_one_disk(host, xen, one, other, words):
    answers(host, dkctl=dkctl)
    for path in (one, other, "/dev/wd1d"):
        host.put(path, kind="block")
    web, mail = dict(WEB, disks=[one]), dict(WEB, name="mail", disks=[other])
    if not words:
        assert run(host, web, mail).failures == {}
        return
    assert f"guest mail: {words} guest web1, which is declared running" in refused(host, web, mail)
    assert run(host, web).failures == {}
    assert f"{words} the running guest web1" in refused(host, mail)


@pytest.mark.parametrize(
    ("disks", "words"),
    [
        ([IMAGE, IMAGE], f"disk {IMAGE} is in use by this guest, as xvda"),
        ([IMAGE, "/home/xen/link.img"], "disk /home/xen/link.img is in use by this guest, as xvda"),
        (["/dev/wd1e", "/dev/wd1d"], "disk /dev/wd1d holds /dev/wd1e, which is in use by this guest, as xvda"),
        (["/dev/wd1e", "/dev/wd1f"], FINE),
        ([{"path": IMAGE, "access": "ro"}, {"path": IMAGE, "access": "ro"}], FINE),
    ],
)
def test_one_guest_has_a_disk_once(host, xen, disks, words):
    host.put("/home/xen/link.img", IMAGE, kind="link")
    for letter in "def":
        host.put(f"/dev/wd1{letter}", kind="block")
    if words:
        assert f"guest web1: {words}" in refused(host, dict(WEB, disks=disks)).splitlines()
    else:
        assert run(host, dict(WEB, disks=disks)).failures == {}


def test_a_device_is_open_for_one_only_also_to_read(host, xen):
    """sys/miscfs/specfs/spec_vnops.c, spec_open."""
    host.put("/dev/wd1e", kind="block")
    host.tree["/dev/other"] = host.tree["/dev/wd1e"]
    one, other = ({"path": path, "access": "ro"} for path in ("/dev/wd1e", "/dev/other"))
    words = refused(host, dict(WEB, disks=[one]), dict(WEB, name="mail", disks=[other]))
    assert "disk /dev/other is in use by guest web1, which is declared running, and a device can be open only" in words


# -- vnd ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mounted", "access", "words"),
    [
        ("", "rw", f"disk {IMAGE} is configured as vnd1 (vnconfig -u vnd1 releases it) in dom0"),
        ("", "ro", FINE),
        ("(local)", "rw", f"disk {IMAGE} is mounted on /mnt in dom0"),
        ("(local)", "ro", f"disk {IMAGE} is mounted on /mnt in dom0"),
        ("(read-only, local)", "rw", f"disk {IMAGE} is mounted on /mnt in dom0"),
        ("(read-only, local)", "ro", FINE),
    ],
)
def test_a_new_guest_whose_file_is_a_unit_of_dom0(host, xen, mounted, access, words):
    xen.vnd_left = {1: IMAGE}
    xen.mounted = f"/dev/vnd1d on /mnt type ffs {mounted}\n" if mounted else ""
    guest = dict(WEB, disks=[{"path": IMAGE, "access": access}])
    if words:
        assert words in refused(host, guest)
    else:
        assert run(host, guest).failures == {}


def test_a_unit_of_vnd_is_the_file_behind_it(host, xen):
    xen.vnd_left = {1: IMAGE}
    mail = dict(WEB, name="mail", disks=["/dev/vnd1d"])
    host.put("/dev/vnd1d", kind="block")
    words = f"guest mail: disk /dev/vnd1d is a part of {IMAGE}, which is in use by guest web1"
    assert words in refused(host, WEB, mail)
    assert run(host, mail).failures == {}
    assert f"disk {IMAGE} is in use by the running guest mail" in refused(host, WEB)


# -- what can't be told, and what it costs -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "program", "answer", "words"),
    [
        (with_raid, "raidctl", (1, "", "raidctl: unable to open device file: /dev/rraid0d\n"), "failed with exit"),
        (with_raid, "raidctl", (0, "", ""), "shows no components"),
        (with_cgd, "cgdconfig", (0, "", "cgdconfig: open: cgd0: Permission denied\n"), "do not tell which disk cgd0"),
        (with_cgd, "cgdconfig", (0, "cgd0: not in use\n", ""), "do not tell which disk cgd0 has"),
        (with_ccd, "ccdconfig", (1, "", "ccdconfig: ccd-related symbols not available\n"), "ccd0 has: ccdconfig"),
        (with_ccd, "ccdconfig", (0, "# no concatenated disks configured\n", ""), "do not tell which disks ccd0 has"),
        (with_ccd, "ccdconfig", (0, "ccd0\t\t16\t0x0\tNAME=one NAME=two\n", ""), "disks ccd0 has: NAME=one NAME=two"),
        (with_lvm, "lvm", (5, "", "  Locking type 1 initialisation failed.\n"), "failed with exit status 5"),
        (with_zfs, "zpool", (1, "", "internal error: failed to initialize ZFS library\n"), "failed with exit status 1"),
        (with_a_mount, "mount", (0, "root_device on / type ffs (local)\n", ""), "does not tell the disk of /"),
        (with_a_mount, "disklabel", (4, "", "disklabel: /dev/rwd1d: Device not configured\n"), "the partitions lie"),
        (with_a_mount, "sysctl", (1, "", "sysctl: second level name\n"), "failed with exit status 1"),
    ],
)
def test_where_nobody_can_tell_nothing_is_started_from_a_device(host, xen, how, program, answer, words):
    for letter in "ef":
        host.put(f"/dev/wd1{letter}", kind="block")
    how(host, xen)
    answers(host, **{program: lambda args: answer})
    with pytest.raises(XenError, match=words):
        run(host, dict(WEB, disks=["/dev/wd1e"]))
    assert xen.domains == []
    assert actions(run(host, WEB)) == ["write_config", "create"], "a file needs none of it"


def test_a_wedge_of_which_nobody_can_tell(host, xen):
    host.put("/dev/dk1", kind="block")
    answers(host, dkctl=lambda args: (1, "", "dkctl: dk1: Permission denied\n"))
    with pytest.raises(XenError, match="does not tell where the wedge lies: dkctl: dk1: Permission denied"):
        run(host, dict(WEB, disks=["/dev/dk1"]))


def asked(host):
    mine = ("mount", "swapctl", "sysctl", "disklabel", "dkctl", "raidctl", "cgdconfig", "ccdconfig", "lvm", "zpool")
    return [name for name in mine for _args in host.ran(name)]


def test_what_it_costs(host, xen):
    run(host, WEB)
    assert asked(host) == [], "all its disks are files"
    host.put("/dev/wd1e", kind="block")
    device = dict(WEB, name="mail", disks=["/dev/wd1e"])
    run(host, device)
    assert asked(host) == ["mount", "swapctl", "sysctl"]
    run(host, device)
    assert asked(host) == [], "nothing starts"


def test_a_disk_that_is_a_link_to_a_device_is_one(host, xen):
    host.put("/dev/wd0d", kind="block")
    host.put("/home/xen/disk", "/dev/wd0d", kind="link")
    assert "disk /home/xen/disk holds /dev/wd0a" in refused(host, dict(WEB, disks=["/home/xen/disk"]))
