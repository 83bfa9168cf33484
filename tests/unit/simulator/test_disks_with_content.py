# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What is on the disks of a simulated machine: labels, file systems and files.

fixtures/installation-record.jsonl has an installation of a guest from sets, command by command, as NetBSD 7.99.10 did
it; what is made from it here is made on a machine of that profile.
"""
from __future__ import annotations

import json
import os
import shutil
import struct
from pathlib import Path

import pytest
from netbsd_sim.core import powercut, profiles
from netbsd_sim.disk import ffs, labels
from netbsd_sim.rack import mirror

from ansible_collections.netbsd.xen.tests.unit.support.sim_host import Host, Machine, Result, devices, make_host

FIXTURE = Path(__file__).with_name("fixtures") / "installation-record.jsonl"
RECORDS = {record["name"]: record for record in map(json.loads, FIXTURE.read_text().splitlines())}
IMAGE = "/var/xen/guest2.img"
PROTO = RECORDS["write-proto"]["cmd"].partition("<<'EOP'\n")[2].removesuffix("EOP")
MIB = 1 << 20


def recorded(name: str) -> Result:
    record = RECORDS[name]
    return Result(record["rc"], record["stdout"], record["stderr"])


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """The machine of the records with the guest's empty disk."""
    made = make_host(tmp_path / "host", "dom0", profile="netbsd-7.99.10-xen-4.17")
    (made.root / "var/xen").mkdir(parents=True)
    (made.root / "mnt/guest2").mkdir(parents=True)
    with (made.root / IMAGE.lstrip("/")).open("wb") as stream:
        stream.truncate(220 * MIB)
    made.write("/tmp/guest2.proto", PROTO)
    return made


def say(host: Host, name: str) -> Result:
    """Run the record's command."""
    return host.run(*RECORDS[name]["cmd"].split())


def labelled(host: Host) -> None:
    for name in ("vnconfig", "disklabel-R", "newfs"):
        assert say(host, name) == recorded(name)


def mounted(host: Host) -> Path:
    labelled(host)
    assert host.run("mount", "-t", "ffs", "-o", "async", "/dev/vnd0a", "/mnt/guest2").rc == 0
    return host.root / "mnt/guest2"


def raw(host: Host) -> bytes:
    with (host.root / IMAGE.lstrip("/")).open("rb") as stream:
        return stream.read(MIB)


# --- labels ----------------------------------------------------------------------------------------------------------


def test_a_label_is_written_and_read_as_recorded(host: Host) -> None:
    for name in ("vnconfig", "vnconfig-again", "disklabel-before", "disklabel-R", "disklabel-after"):
        assert say(host, name) == recorded(name), name


def test_the_label_is_in_the_second_sector(host: Host) -> None:
    """sys/arch/x86/include/disklabel.h; the exclusive or of all words of a label is 0 (sbin/disklabel/dkcksum.c)."""
    assert not any(raw(host))
    labelled(host)
    sector = raw(host)[512:1024]
    assert struct.unpack_from("<I", sector) == (0x82564557,)
    words = struct.unpack_from("<106H", sector)
    found = 0
    for word in words:
        found ^= word
    assert found == 0
    spoilt = bytearray(sector)
    spoilt[60] ^= 1
    assert labels.unpack(bytes(spoilt)) is None


def test_with_an_mbr_the_label_is_in_its_partition(host: Host) -> None:
    """facts measured 15: `disklabel -R -r` writes one with an MBR too."""
    entry = struct.pack("<8B2I", 0x80, 0, 2, 0, 169, 0, 0, 0, 2048, 400000)
    with (host.root / IMAGE.lstrip("/")).open("r+b") as stream:
        stream.write(bytes(446) + entry + bytes(48) + b"\x55\xaa")
    say(host, "vnconfig")
    assert say(host, "disklabel-R").rc == 0
    assert struct.unpack_from("<I", raw(host), 2049 * 512 if 2049 * 512 < MIB else 0) != ()
    with (host.root / IMAGE.lstrip("/")).open("rb") as stream:
        stream.seek(2049 * 512)
        assert struct.unpack("<I", stream.read(4)) == (labels.MAGIC,)
    assert say(host, "disklabel-after") == recorded("disklabel-after")


@pytest.mark.parametrize(("line", "said", "rc"), [
    ("total sectors: 450560\n", "partition a: partition extends past end of unit", 1),
    ("rpm: 3600\n", "line 11: bad rpm: many", 1),
    ("bytes/sector: 512\n", "sector size 0", 1),
])
def test_a_bad_prototype_is_not_written(host: Host, line: str, said: str, rc: int) -> None:
    """facts measured 15; sbin/disklabel/main.c."""
    wrong = {"total sectors: 450560\n": "total sectors: 1000\n", "rpm: 3600\n": "rpm: many\n"}.get(line, "")
    host.write("/tmp/guest2.proto", PROTO.replace(line, wrong))
    say(host, "vnconfig")
    result = say(host, "disklabel-R")
    assert (result.rc, f"disklabel: {said}" in result.err.splitlines()) == (rc, True), result.err
    assert not any(raw(host))


def test_refusals_of_disklabel(host: Host) -> None:
    """facts measured 15; records disklabel-missing; sbin/disklabel/main.c."""
    assert host.run("disklabel", "vnd0") == Result(4, "", "disklabel: ioctl DIOCGDINFO: Device not configured\n")
    say(host, "vnconfig")
    assert host.run("disklabel", "-R", "-r", "vnd0", "/tmp/none") == Result(
        4, "", "disklabel: /tmp/none: No such file or directory\n")
    assert host.run("disklabel", "-r", "vnd0") == Result(1, "", "disklabel: could not read existing label\n")
    assert host.run("disklabel", "vnd9").err == "disklabel: /dev/rvnd9d: No such file or directory\n"


def test_a_mounted_partition_does_not_move(host: Host) -> None:
    """sbin/disklabel/main.c, l_perror: EBUSY."""
    mounted(host)
    assert say(host, "disklabel-R").rc == 0
    host.write("/tmp/guest2.proto", PROTO.replace("417792", "400000"))
    assert say(host, "disklabel-R") == Result(
        1, "", "disklabel: ioctl DIOCSDINFO: Open partition would move or shrink\n")


# --- file systems ----------------------------------------------------------------------------------------------------


def test_an_empty_file_system_is_as_recorded(host: Host) -> None:
    labelled(host)
    assert say(host, "fsck-empty") == recorded("fsck-empty")
    assert struct.unpack_from("<I", raw(host), 8192 + 1372) == (ffs.UFS1_MAGIC,)


def test_format_2_has_its_superblock_elsewhere(host: Host) -> None:
    """sys/ufs/ffs/fs.h, SBLOCK_UFS2; old superblocks go (sbin/newfs/mkfs.c)."""
    labelled(host)
    assert host.run("newfs", "-O", "2", "/dev/rvnd0a").rc == 0
    assert struct.unpack_from("<I", raw(host), 65536 + 1372) == (ffs.UFS2_MAGIC,)
    assert struct.unpack_from("<I", raw(host), 8192 + 1372) == (0,)


def test_a_small_one_is_as_recorded() -> None:
    """outputs of NetBSD 7.99.10: newfs /dev/rraid0a."""
    assert ffs.told(ffs.layout(32704, 1), "/dev/rraid0a") == (
        "/dev/rraid0a: 16.0MB (32704 sectors) block size 4096, fragment size 512\n"
        "\tusing 4 cylinder groups of 3.99MB, 1022 blks, 1920 inodes.\n"
        "super-block backups (for fsck_ffs -b #) at:\n32, 8208, 16384, 24560,\n")


def test_refusals_of_newfs(host: Host) -> None:
    """facts measured 16; sbin/newfs/newfs.c; sys/dev/vnd.c, vndopen."""
    said = "newfs: /dev/rvnd0a: open for read: Device not configured\n"
    assert host.run("newfs", "/dev/rvnd0a") == Result(1, "", said)
    say(host, "vnconfig")
    say(host, "disklabel-R")
    assert host.run("newfs", "/dev/rvnd0e") == Result(1, "", said.replace("0a", "0e"))
    assert host.run("newfs", "/dev/rvnd0b") == Result(1, "", "newfs: /dev/rvnd0b partition type is not `4.2BSD'\n")
    assert host.run("newfs", "rvnd0a").err == "newfs: /dev/rrvnd0ad: open for read: No such file or directory\n"
    assert not any(raw(host)[8192:])
    assert host.run("newfs", "/dev/vnd0a").out.startswith("/dev/rvnd0a: 204.0MB")
    assert host.run("mount", "/dev/vnd0a", "/mnt").rc == 0
    assert host.run("newfs", "/dev/rvnd0a").err == "newfs: /dev/rvnd0a is mounted on /mnt\n"


def test_refusals_of_mount(host: Host) -> None:
    """sbin/mount_ffs/mount_ffs.c; record mount-readonly-guestfs."""

    def refused(device: str) -> str:
        return host.run("mount", device, "/mnt").err.removeprefix(f"mount_ffs: {device} on /mnt: ")

    assert refused("/dev/vnd0a") == "Device not configured\n"
    say(host, "vnconfig")
    assert refused("/dev/vnd0a") == "incorrect super block\n"
    labelled_too = host.run("disklabel", "-R", "-r", "vnd0", "/tmp/guest2.proto")
    assert (labelled_too.rc, refused("/dev/vnd0a"), refused("/dev/vnd0e")) == (
        0, "incorrect super block\n", "Device not configured\n")
    say(host, "newfs")
    assert host.run("mount", "/dev/vnd0a", "/mnt").rc == 0
    assert refused("/dev/vnd0a") == "Device busy\n"


# --- files -----------------------------------------------------------------------------------------------------------


def test_files_land_in_the_disk_and_come_back(host: Host) -> None:
    place = mounted(host)
    assert host.run("mount").out.splitlines()[-1] == recorded("mount-list").out.strip()
    (place / "etc").mkdir()
    (place / "etc/fstab").write_text("/dev/xbd0a / ffs rw 1 1\n")
    (place / "etc/secret").write_text("x")
    (place / "etc/secret").chmod(0o600)
    (place / "sh").symlink_to("/bin/sh")
    os.link(place / "etc/fstab", place / "etc/fstab.old")
    assert say(host, "umount") == recorded("umount")
    assert list(place.iterdir()) == []
    assert "** Last Mounted on /mnt/guest2\n" in say(host, "fsck").out
    assert say(host, "vnconfig-u") == recorded("vnconfig-u")
    assert say(host, "vnconfig-u-again") == recorded("vnconfig-u-again")
    host.reboot()
    host.run("vnconfig", "-c", "vnd3", IMAGE)
    assert host.run("mount", "-r", "/dev/vnd3a", "/mnt/guest2").rc == 0
    assert (place / "etc/fstab").read_text() == "/dev/xbd0a / ffs rw 1 1\n"
    assert (place / "etc/secret").stat().st_mode & 0o777 == 0o600
    assert os.readlink(place / "sh") == "/bin/sh"
    assert (place / "etc/fstab").stat().st_nlink == 2
    (place / "new").write_text("lost: it is mounted read-only")
    host.run("umount", "/mnt/guest2")
    host.run("mount", "/dev/vnd3a", "/mnt/guest2")
    assert not (place / "new").exists()


def test_what_is_in_use_is_busy(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    place = mounted(host)
    assert host.run("vnconfig", "-u", "vnd0") == recorded("vnconfig-u-busy")
    monkeypatch.chdir(place)
    assert host.run("umount", "/mnt/guest2") == recorded("umount-busy")
    monkeypatch.chdir("/")
    with (host.root / "mnt/guest2/open").open("w"):
        assert host.run("umount", "/mnt/guest2").err == "umount: /mnt/guest2: Device busy\n"
    assert host.run("umount", "/mnt/guest2").rc == 0


def test_a_copy_has_the_files_and_a_wiped_disk_has_none(host: Host) -> None:
    place = mounted(host)
    (place / "x").write_text("1")
    host.run("umount", "/mnt/guest2")
    image, copy = host.root / IMAGE.lstrip("/"), host.root / "var/xen/copy.img"
    copy.write_bytes(image.read_bytes())
    with image.open("r+b") as stream:
        stream.write(bytes(MIB))
    host.run("vnconfig", "vnd1", "/var/xen/copy.img")
    assert host.run("mount", "/dev/vnd1a", "/mnt/guest2").rc == 0
    assert (place / "x").read_text() == "1"
    host.run("umount", "/mnt/guest2")
    assert host.run("mount", "/dev/vnd0a", "/mnt/guest2").err.endswith("incorrect super block\n")


def test_a_unit_holds_its_file_under_any_name(host: Host) -> None:
    """record vnd-rm-while-open."""
    labelled(host)
    (host.root / IMAGE.lstrip("/")).rename(host.root / "var/xen/other.img")
    assert host.run("mount", "/dev/vnd0a", "/mnt").rc == 0


def cut(host: Host) -> list[str]:
    with Machine(host.directory) as m:
        return powercut.cut(m)


def on_the_disk(host: Host) -> None:
    """What was written into the guest's disk was so half a minute ago."""
    with Machine(host.directory) as m:
        m.data["synced"] = m.now()
    path = host.root / IMAGE.lstrip("/")
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 60))


def test_a_power_cut_spoils_what_was_just_written_there(host: Host) -> None:
    """facts measured 44."""
    place = mounted(host)
    (place / "old").write_text("safe")
    host.run("umount", "/mnt/guest2")
    host.run("mount", "/dev/vnd0a", "/mnt/guest2")
    on_the_disk(host)
    for number in range(20):
        (place / f"f{number}").write_text("content\n" * 200)
    damaged = cut(host)
    assert len([path for path in damaged if path.startswith("mnt/guest2/f")]) > 10
    assert list(place.iterdir()) == []
    host.run("vnconfig", "vnd0", IMAGE)
    assert host.run("mount", "/dev/vnd0a", "/mnt/guest2").rc == 0
    assert "please fsck(8)" in host.run("dmesg").out
    assert (place / "old").read_text() == "safe"
    assert b"\0" in (host.root / damaged[0]).read_bytes()


def test_a_power_cut_right_after_newfs_can_cost_the_label_too(host: Host) -> None:
    """A vnd writes into its file, whose new blocks are no safer than those of other files (sys/dev/vnd.c,
    handle_with_rdwr)."""
    labelled(host)
    assert IMAGE.lstrip("/") in cut(host)
    host.run("vnconfig", "vnd0", IMAGE)
    assert host.run("mount", "/dev/vnd0a", "/mnt").err.endswith("incorrect super block\n")


def test_a_reboot_unmounts(host: Host) -> None:
    place = mounted(host)
    (place / "x").write_text("1")
    with Machine(host.directory) as m:
        from netbsd_sim.boot import power

        power.restart(m)
    assert list(place.iterdir()) == []
    say(host, "vnconfig")
    assert host.run("fsck", "-p", "/dev/rvnd0a").out == "/dev/rvnd0a: file system is clean; not checking\n"
    host.run("mount", "/dev/vnd0a", "/mnt/guest2")
    assert (place / "x").read_text() == "1"


def test_df_of_a_disk(host: Host) -> None:
    """record df, without the sets."""
    mounted(host)
    title, line = host.run("df", "-h", "/mnt/guest2").out.splitlines()
    assert title == RECORDS["df"]["stdout"].splitlines()[0]
    assert line == "/dev/vnd0a         198M       1.0K       188M   0% /mnt/guest2"


# --- what an installation runs ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sets of the machine of the records."""
    directory = tmp_path_factory.mktemp("mirror")
    mirror.build(directory, profiles.get("netbsd-7.99.10-xen-4.17"))
    return directory / "pub/NetBSD/NetBSD-7.99.10/amd64/binary/sets"


def unpacked(host: Host, sets: Path) -> Path:
    place = mounted(host)
    for name in ("base", "etc"):
        shutil.copy(sets / f"{name}.tgz", host.root / "var/xen")
        assert host.run("tar", "-xpzf", f"/var/xen/{name}.tgz", "-C", "/mnt/guest2") == Result(0, "", "")
    return place


def test_sets_are_unpacked_with_their_modes(host: Host, sets: Path) -> None:
    place = unpacked(host, sets)
    assert (place / "tmp").stat().st_mode & 0o7777 == 0o1777
    assert (place / "etc/master.passwd").stat().st_mode & 0o777 == 0o600
    assert "rc_configured=NO" in (place / "etc/rc.conf").read_text()
    host.write("/var/xen/base.tgz", "no archive")
    assert host.run("tar", "-xpzf", "/var/xen/base.tgz", "-C", "/mnt/guest2").rc == 1
    assert host.run("tar", "-xpzf", "/var/xen/none.tgz", "-C", "/mnt/guest2").err == (
        "tar: Failed open to read on /var/xen/none.tgz (No such file or directory)\n")


def test_a_full_file_system_spoils_what_no_longer_fits(host: Host, sets: Path) -> None:
    """bin/pax/file_subs.c, rd_wrfile: the rest is unpacked all the same."""
    with (host.root / "var/xen/small.img").open("wb") as stream:
        stream.truncate(MIB)
    host.run("vnconfig", "vnd1", "/var/xen/small.img")
    assert host.run("newfs", "/dev/rvnd1a").rc == 0
    host.run("mount", "/dev/vnd1a", "/mnt/guest2")
    (host.root / "mnt/guest2/much").write_bytes(bytes(900 * 1024))
    shutil.copy(sets / "etc.tgz", host.root / "var/xen")
    result = host.run("tar", "-xpzf", "/var/xen/etc.tgz", "-C", "/mnt/guest2")
    assert result.rc == 1
    assert "tar: Failed write to file ./etc/ttys (No space left on device)\n" in result.err
    assert (host.root / "mnt/guest2/etc").is_dir()


def test_what_was_unpacked_right_before_a_power_cut_is_spoilt(host: Host, sets: Path) -> None:
    """Its times are those of the archive; when it was written is another matter."""
    unpacked(host, sets)
    assert len([path for path in cut(host) if path.startswith("mnt/guest2/")]) > 20


def test_what_was_on_the_disk_before_it_was_mounted_survives_one(host: Host, sets: Path) -> None:
    unpacked(host, sets)
    host.run("umount", "/mnt/guest2")
    host.run("mount", "/dev/vnd0a", "/mnt/guest2")
    on_the_disk(host)
    (host.root / "mnt/guest2/etc/new").write_text("x" * 5000)
    assert {path for path in cut(host) if path.startswith("mnt/")} <= {"mnt/guest2/etc/new"}


def test_nodes_are_made_in_a_directory(host: Host, sets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """record ls-dev."""
    place = unpacked(host, sets)
    monkeypatch.chdir(place / "dev")
    assert host.run("/.sim/bin/makedev", "MAKEDEV", "all").rc == 0
    with Machine(host.directory) as m:
        assert devices.node(m, "/mnt/guest2/dev/console") == devices.Node("c", 0, 0, 0o600)
        assert devices.node(m, "/mnt/guest2/dev/rxbd0d") == devices.Node("c", 142, 3, 0o640, 0, devices.OPERATOR)
        assert devices.node(m, "/mnt/guest2/etc/rc.conf") is None


def test_pwd_mkdb(host: Host, sets: Path) -> None:
    """usr.sbin/pwd_mkdb/pwd_mkdb.c."""
    place = unpacked(host, sets)
    path = place / "etc/master.passwd"
    path.write_text(path.read_text().replace("root::", "root:$2a$10$hash:"))
    before = (place / "etc/spwd.db").read_text()
    argv = ("pwd_mkdb", "-p", "-d", "/mnt/guest2", "/mnt/guest2/etc/master.passwd")
    assert host.run(*argv) == Result(0, "", "")
    assert (place / "etc/passwd").read_text().startswith("root:*:0:0:Charlie &:/root:/bin/sh\n")
    assert (place / "etc/spwd.db").read_text() != before
    assert (place / "etc/spwd.db").stat().st_mode & 0o777 == 0o600
    assert not list((place / "etc").glob("*.tmp"))
    (place / "etc/pwd.db.tmp").write_text("of a run that was killed")
    assert host.run(*argv).err == "pwd_mkdb: Cannot open `/mnt/guest2/etc/pwd.db.tmp': File exists\n"
    (place / "etc/pwd.db.tmp").unlink()
    path.write_text("root:0:0\n")
    assert host.run(*argv).rc == 1


def test_host_keys_are_real_ones(host: Host, sets: Path) -> None:
    place = unpacked(host, sets)
    name = "/mnt/guest2/etc/ssh/ssh_host_ed25519_key"
    assert host.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "root@guest2", "-f", name).rc == 0
    assert (place / "etc/ssh/ssh_host_ed25519_key.pub").read_text().endswith(" root@guest2\n")
    assert "PRIVATE KEY" in (place / "etc/ssh/ssh_host_ed25519_key").read_text()


def test_a_seed(host: Host, sets: Path) -> None:
    place = unpacked(host, sets)
    assert host.run("rndctl", "-S", "/mnt/guest2/var/db/entropy-file").rc == 0
    assert (place / "var/db/entropy-file").stat().st_mode & 0o777 == 0o600
