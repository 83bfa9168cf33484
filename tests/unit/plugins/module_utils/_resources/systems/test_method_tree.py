# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Linux from a tarball, with the real tar, mke2fs and ssh-keygen below a directory; debugfs looks into the disk."""

from __future__ import annotations

import dataclasses
import subprocess
from dataclasses import replace

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.module_utils._formats.install import partitions
from ansible_collections.netbsd.xen.plugins.module_utils._formats.install.network import Interface
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare.guest import expand
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.declare import Install
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.methods.tree import TREE, Options
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work import (
    content,
    linux_disk,
    linux_root,
    record,
    tarball,
)
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work.job import Job, silent
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work.record import Record
from ansible_collections.netbsd.xen.tests.tools.linux_system import FILES, LINKS, kernel, packed
from ansible_collections.netbsd.xen.tests.unit.support.real_tools import DEBUGFS, E2FSCK, MKE2FS, RealTools

pytestmark = pytest.mark.skipif(MKE2FS is None, reason="mke2fs is not installed")
DISK, TARBALL, CONFIGS = "/home/xen/web2.img", "/home/xen/debian.tgz", "/usr/pkg/etc/xen"
SIZE = 64 << 20
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA admin@example.org"
SHADOW = FILES["etc/shadow"].decode()


def machine_at(path):
    host = RealTools(path, {TARBALL: packed(FILES, LINKS), linux_disk.MKE2FS: "", linux_disk.E2FSCK: ""})
    host.programs = {linux_disk.MKE2FS: MKE2FS, linux_disk.E2FSCK: E2FSCK}
    host.create_sparse(host.at(DISK), SIZE)
    return host


def guest(**more):
    raw = {
        "name": "web2", "os": "linux", "memory": 256, "kernel": "/home/xen/web2-vmlinuz", "root": "/dev/xvda1",
        "ramdisk": "/home/xen/web2-initrd", "disks": [{"path": DISK, "vdev": "xvda1", "size": "64M"}],
        "nics": ["bridge0"], **more,
    }  # fmt: skip
    found, problems = expand({key: value for key, value in raw.items() if value is not None}, "box", {}, {})
    assert not problems
    return found


@pytest.fixture(autouse=True)
def _quick(request, monkeypatch):
    """A key of type rsa takes a second."""
    if "keys" not in request.node.name:
        monkeypatch.setattr(linux_root, "KEY_TYPES", ("ed25519",))


@pytest.fixture
def machine(tmp_path):
    return machine_at(tmp_path)


def job(host, options=None, network=True, **more) -> Job:
    declared = guest(**more)
    nic = Interface(
        declared.nics[0].mac, addresses=("10.0.2.21/24",), gateways=("10.0.2.2",), nameservers=("10.0.2.3",)
    )
    wanted = options or Options(TARBALL, "", "ext4")
    install = Install(
        "tree", "", "", "", declared.disks[0], TREE.root(declared.disks[0], 0, wanted), nic if network else None,
        "web2.example.org", (KEY,), "$6$salt$hash", (), "", wanted,
    )  # fmt: skip
    mine = Record(record.EMPTY, "tree", "", DISK, "inode 1", "nx0123456789ab")
    return Job(host, declared, install, CONFIGS, mine, silent, (KEY,), "4.20")


def made(work: Job) -> Job:
    TREE.check(work)
    TREE.prepare(work)
    TREE.fill(work)
    TREE.configure(work)
    TREE.leave(work)
    return work


def inside(host, path: str, offset: int = 0) -> str:
    """A file of the finished disk, whose file system begins there."""
    argv = [DEBUGFS, "-R", f"cat {path}", f"{host.at(DISK)}?offset={offset}" if offset else host.at(DISK)]
    return subprocess.run(argv, capture_output=True, check=True, timeout=60).stdout.decode("utf-8", "replace")


def listing(host, path: str) -> str:
    argv = [DEBUGFS, "-R", f"ls -l {path}", host.at(DISK)]
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout


def test_a_guest_from_a_tarball(machine):
    done = made(job(machine))
    assert inside(machine, "/etc/fstab") == "/dev/xvda1 / ext4 errors=remount-ro 0 1\n"
    assert inside(machine, "/etc/hostname") == "web2.example.org\n"
    assert "address 10.0.2.21" in inside(machine, "/etc/network/interfaces")
    assert inside(machine, "/etc/shadow") == SHADOW.replace("root:!:", "root:$6$salt$hash:")
    assert inside(machine, "/root/.ssh/authorized_keys") == f"{KEY}\n"
    assert inside(machine, "/etc/inittab").endswith("hvc0:2345:respawn:/sbin/getty 38400 hvc0\n")
    assert inside(machine, "/etc/machine-id") == done.guest.uuid.replace("-", "") + "\n"
    assert inside(machine, "/etc/resolv.conf") == "nameserver 10.0.2.3\n"
    assert "70-persistent" not in listing(machine, "/etc/udev/rules.d")
    # Owners by number, and the file's own mode.
    assert " 42 " in listing(machine, "/etc").split("passwd")[0].rsplit("\n", 1)[-1]
    assert machine.text("/home/xen/web2-vmlinuz").endswith("newer")
    assert machine.text("/home/xen/web2-initrd") == "ramdisk"


def test_the_disk_is_nobodys_but_the_guests_afterwards(machine):
    made(job(machine))
    found = content.look(machine, DISK)
    assert (found.kind, found.mark) == (content.HOLDS, "")
    assert machine.list_dir(linux_root.STAGES) == [] and machine.stat(DISK).size == SIZE


def with_a_table(host, **more) -> Job:
    disks = [{"path": DISK, "vdev": "0x300", "size": "64M"}]
    return job(host, Options(TARBALL, "", "ext3", linux_disk.MBR), disks=disks, root="/dev/hda1", **more)


def test_a_disk_with_a_partition_table(machine):
    """The HOWTO's 0x300, with root on /dev/hda1."""
    made(with_a_table(machine))
    with machine.open_file(DISK) as stream:
        (partition,) = partitions.read_mbr(stream.read(512))
    # The rest of the disk, but for the megabyte with the mark.
    assert (partition.start * 512, partition.size * 512) == (1 << 20, SIZE - (2 << 20))
    assert inside(machine, "/etc/fstab", 1 << 20) == "/dev/hda1 / ext3 errors=remount-ro 0 1\n"
    found = content.look(machine, DISK)
    assert (found.kind, found.words, found.mark, found.mounted_on) == (content.HOLDS, "an MBR", "", "")
    assert machine.stat(DISK).size == SIZE


def test_a_system_behind_a_table_that_has_run_is_known(machine):
    made(with_a_table(machine))
    disk = f"{machine.at(DISK)}?offset={1 << 20}"
    subprocess.run([DEBUGFS, "-w", "-R", "ssv mnt_count 1", disk], check=True, capture_output=True, timeout=60)
    subprocess.run([DEBUGFS, "-w", "-R", "ssv last_mounted /", disk], check=True, capture_output=True, timeout=60)
    assert content.look(machine, DISK).mounted_on == "/"


def test_a_table_that_was_not_finished(machine):
    """Killed between table and file system, or in the middle of it: the next run writes both again."""
    work = with_a_table(machine)
    TREE.check(work)
    TREE.prepare(work)
    TREE.fill(work)
    machine.programs[linux_disk.MKE2FS] = "/bin/false"
    with pytest.raises(XenError):
        TREE.configure(work)
    assert content.look(machine, DISK).mark == work.record.mark
    machine.programs[linux_disk.MKE2FS] = MKE2FS
    TREE.configure(replace(work, made=set()))
    assert inside(machine, "/etc/hostname", 1 << 20) == "web2.example.org\n"


def test_what_a_disk_must_have(machine):
    bare, table = TREE.check(job(machine)), TREE.check(with_a_table(machine))
    assert table - bare == 1 << 20


def test_its_host_keys_are_its_own(machine):
    done = made(job(machine))
    assert [key.split()[0] for key in done.record.host_keys] == ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"]
    assert inside(machine, "/etc/ssh/ssh_host_rsa_key.pub").split()[1] == done.record.host_keys[2].split()[1]


def test_dom0s_own_files_stay(machine):
    """A link in the tree is one of the guest's root, not of dom0's."""
    machine.put("/run/systemd/resolve/stub-resolv.conf", "dom0's\n")
    made(job(machine))
    assert machine.text("/run/systemd/resolve/stub-resolv.conf") == "dom0's\n"


@pytest.mark.parametrize("stage", ["prepare", "fill"])
def test_what_broke_off_is_known_by_its_mark(machine, stage):
    work = job(machine)
    TREE.prepare(work)
    if stage == "fill":
        TREE.fill(work)
    found = content.look(machine, DISK)
    assert (found.kind, found.mark) == (content.HOLDS, work.record.mark)


def test_a_file_system_that_was_not_finished_keeps_the_mark(machine):
    work = job(machine)
    TREE.prepare(work)
    TREE.fill(work)
    machine.programs[linux_disk.E2FSCK] = "/bin/false"
    with pytest.raises(XenError):
        TREE.configure(work)
    assert content.look(machine, DISK).mark == work.record.mark
    machine.programs[linux_disk.E2FSCK] = E2FSCK
    TREE.configure(work)
    assert inside(machine, "/etc/hostname") == "web2.example.org\n"


def test_what_an_earlier_run_unpacked_is_not_believed(machine):
    """A power cut may have left files of NUL."""
    work = job(machine)
    TREE.prepare(work)
    TREE.fill(work)
    machine.put(f"{linux_root.STAGES}/web2/etc/shadow", "\0" * len(SHADOW))
    TREE.configure(replace(work, made=set()))
    assert inside(machine, "/etc/shadow").startswith("root:$6$")


def test_two_guests_of_one_tree_are_two_machines(machine, tmp_path):
    one = made(job(machine))
    first = inside(machine, "/etc/machine-id")
    other = machine_at(tmp_path / "other")
    work = job(other)
    two = made(replace(work, guest=guest(name="web3")))
    assert inside(other, "/etc/machine-id") != first
    assert not set(one.record.host_keys) & set(two.record.host_keys)


def test_a_kernel_of_the_admins_stays(machine):
    machine.put("/home/xen/web2-vmlinuz", kernel())
    made(job(machine))
    assert not machine.text("/home/xen/web2-vmlinuz").endswith("newer")


@pytest.mark.parametrize(
    ("files", "links", "words"),
    [
        ({"../etc/passwd": b""}, {}, "lies outside of its root"),
        ({"/etc/passwd": b""}, {}, "lies outside of its root"),
        ({"var/run/x": b""}, {"var/run": "/run"}, "behind the link 'var/run' to '/run'"),
        ({"a/b/x": b""}, {"a/b": "../../x"}, "behind the link 'a/b' to '../../x'"),
        ({f"rootfs/{name}": text for name, text in FILES.items()}, {}, "has everything below rootfs/"),
        ({"bin/sh": b""}, {}, "not the root of a Linux system"),
    ],
)
def test_tarballs_that_are_refused(machine, files, links, words):
    machine.put(TARBALL, packed(files, links, prefix=""))
    with pytest.raises(XenError, match="refused|everything|not the root") as raised:
        TREE.check(job(machine))
    assert words in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"<html>404</html>", b""])
def test_what_is_no_tarball(machine, content):
    machine.put(TARBALL, content)
    with pytest.raises(XenError, match="no tarball, or damaged|not the root"):
        TREE.check(job(machine))


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tarball_that_is_cut_short_is_none(machine, mode):
    """tarfile takes the end of the file for the end of the archive, so a tree would lack what comes behind it."""
    whole = packed(FILES, LINKS, mode=mode)
    ends = [len(whole) * number // 40 for number in range(1, 40)] + [len(whole) - 1]
    if mode == "w":
        ends = [*range(512, len(whole.rstrip(b"\0")), 512)]
    for end in ends:
        machine.put(TARBALL, whole[:end])
        with pytest.raises(XenError, match="damaged|cut short") as raised:
            tarball.look(machine, TARBALL, silent)
        assert "\n" not in str(raised.value), end


@pytest.mark.parametrize("mode", ["w", "w:bz2", "w:xz"])
def test_other_packers(machine, mode):
    machine.put(TARBALL, packed(FILES, LINKS, mode=mode))
    assert tarball.look(machine, TARBALL, silent).has("etc/shadow")
    made(job(machine))


@pytest.mark.parametrize(
    ("changes", "more", "words"),
    [
        ({"boot/vmlinuz-6.1.0-38-amd64": kernel(b"")}, {}, "CONFIG_XEN_PV is off"),
        ({"boot/initrd.img-6.1.0-38-amd64": None}, {}, "has none for vmlinuz-6.1.0-38-amd64"),
        (
            {"boot/config-6.1.0-38-amd64": b"CONFIG_XEN_BLKDEV_FRONTEND=m\nCONFIG_EXT4_FS=y\n"},
            {"ramdisk": None},
            "CONFIG_XEN_BLKDEV_FRONTEND not built in",
        ),
        ({"boot/vmlinuz-6.1.0-38-amd64": None, "boot/vmlinuz-6.1.0-9-amd64": None}, {}, "the tree has none in /boot"),
    ],
)
def test_kernels_that_would_not_come_up(machine, changes, more, words):
    files = {name: text for name, text in {**FILES, **changes}.items() if text is not None}
    machine.put(TARBALL, packed(files, LINKS))
    with pytest.raises(XenError) as raised:
        made(job(machine, **more))
    assert words in str(raised.value) and "\n" not in str(raised.value)


def test_udev_that_renames(machine):
    machine.put(TARBALL, packed({**FILES, "lib/udev/rules.d/80-net-setup-link.rules": b""}, LINKS))
    with pytest.raises(XenError, match="net.ifnames=0"):
        TREE.check(job(machine))
    assert TREE.check(job(machine, extra="net.ifnames=0")) > 0


def with_python(work: Job) -> Job:
    work.install = dataclasses.replace(work.install, python=True)
    return work


def test_the_python_that_it_brings_is_known(machine):
    assert made(with_python(job(machine))).record.python == "/usr/bin/python3"


def test_a_tree_without_the_python_that_is_asked_for(machine):
    files = {name: text for name, text in FILES.items() if "python" not in name}
    machine.put(TARBALL, packed(files, {"bin": "usr/bin"}))
    with pytest.raises(XenError, match=r"has no Python \(usr/bin/python3\).* leave python out") as raised:
        TREE.check(with_python(job(machine)))
    assert "\n" not in str(raised.value)
    assert made(job(machine)).record.python == ""


def test_what_it_takes(machine):
    machine.remove(machine.at(linux_disk.MKE2FS))
    with pytest.raises(XenError, match="install e2fsprogs"):
        TREE.check(job(machine))


def test_a_system_that_has_run_is_known(machine):
    """A guest that somebody started by hand has counted its mount (Linux fs/ext4/super.c): that is not ours."""
    work = job(machine)
    TREE.prepare(work)
    TREE.fill(work)
    TREE.configure(work)
    assert content.look(machine, DISK).mounted_on == ""
    subprocess.run(
        ["/sbin/tune2fs", "-C", "1", "-M", "/", machine.at(DISK)], check=True, capture_output=True, timeout=60
    )
    assert content.look(machine, DISK).mounted_on == "/"
