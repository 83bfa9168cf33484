# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Linux from its packages, with the real mke2fs and ssh-keygen below a directory; debugfs looks into the disk."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import subprocess
from dataclasses import replace

import pytest
from linux_packages import LEAST, PACKERS, deb, rpm
from linux_system import kernel

from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.module_utils._formats.install import first_boot
from ansible_collections.netbsd.xen.plugins.module_utils._resources.files import content as files_content
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.declare import Install
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.methods.packages import PACKAGES, Options
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work import (
    content,
    linux_disk,
    linux_root,
    packed,
    record,
)
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work.job import Job, silent
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work.record import Record
from ansible_collections.netbsd.xen.tests.unit.plugins.module_utils._resources.systems import test_method_tree as trees
from ansible_collections.netbsd.xen.tests.unit.support.real_tools import E2FSCK, MKE2FS, RealTools

pytestmark = pytest.mark.skipif(MKE2FS is None, reason="mke2fs is not installed")
FOLDER = "/home/xen/debs"
ZSTD = shutil.which("zstd")
DISK, KEY = trees.DISK, trees.KEY
RPMS = {
    "filesystem-1.rpm": rpm([
        ("./usr/lib", 0o040755, b"", 1, 2), ("./lib", 0o120777, b"usr/lib", 2, 1)
    ], packed_by="xz"),
    "linux-1.rpm": rpm([
        ("./boot/vmlinuz-6.1.0-1", 0o100755, kernel(), 1, 1),
        ("./boot/config-6.1.0-1", 0o100644, b"CONFIG_XEN_BLKDEV_FRONTEND=y\nCONFIG_EXT4_FS=y\n", 2, 1),
    ]),
    "rpm-1.rpm": rpm([("./usr/bin/rpm", 0o100755, b"#!/bin/sh\n", 1, 1)]),
    "setup-1.rpm": rpm([
        ("./etc/passwd", 0o100644, b"root:x:0:0::/root:/bin/sh\nmail:x:8:12::/:/bin/false\n", 1, 1),
        ("./etc/group", 0o100644, b"root:x:0:\nmail:x:12:\n", 2, 1),
    ]),
    "spool-1.rpm": rpm([("./usr/lib/spool", 0o100600, b"letters", 1, 1)], {"usr/lib/spool": ("mail", "mail")}),
    "systemd-1.rpm": rpm([
        # Two names of one file: the last one has its content.
        ("./usr/lib/systemd/systemd-networkd", 0o100755, b"", 7, 2),
        ("./usr/lib/systemd/systemd", 0o100755, b"#!/bin/sh\n", 7, 2),
    ]),
}  # fmt: skip


def machine_at(path, packages):
    host = RealTools(path, {f"{FOLDER}/{name}": raw for name, raw in packages.items()})
    for program, real in ((linux_disk.MKE2FS, MKE2FS), (linux_disk.E2FSCK, E2FSCK)):
        host.put(program, "")
        host.programs[program] = real
    host.create_sparse(host.at(DISK), trees.SIZE)
    return host


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """A key of type rsa takes a second."""
    monkeypatch.setattr(linux_root, "KEY_TYPES", ("ed25519",))


@pytest.fixture
def machine(tmp_path):
    return machine_at(tmp_path, LEAST)


def job(host, files=(), folder=FOLDER, sums=None, **more) -> Job:
    declared = trees.guest(**{"ramdisk": None, **more})
    options = Options(tuple(files), "" if files else folder, sums or {}, "ext4")
    install = Install(
        "packages", "", "", "", declared.disks[0], "xvda1", None, "web2", (KEY,), "$6$salt$hash", (), "", options,
    )  # fmt: skip
    mine = Record(record.EMPTY, "packages", "", DISK, "inode 1", "nx0123456789ab")
    return Job(host, declared, install, trees.CONFIGS, mine, silent, (KEY,), "4.20")


def made(work: Job) -> Job:
    for step in (PACKAGES.check, PACKAGES.prepare, PACKAGES.fill, PACKAGES.configure, PACKAGES.leave):
        step(work)
    return work


def test_a_guest_from_debs(machine):
    done = made(job(machine))
    assert trees.inside(machine, "/etc/debian_version") == "12\n"
    assert trees.inside(machine, "/etc/shadow") == "root:$6$salt$hash:19000:0:99999:7:::\n_apt:*:19000:0:99999:7:::\n"
    assert trees.inside(machine, "/etc/passwd").startswith("root::0:0:")
    assert trees.inside(machine, "/root/.ssh/authorized_keys") == f"{KEY}\n"
    # A link of one package leads the files of the others.
    assert trees.inside(machine, "/usr/lib/systemd/systemd") == "#!/bin/sh\n"
    assert [key.split()[0] for key in done.record.host_keys] == ["ssh-ed25519"]
    assert machine.text("/home/xen/web2-vmlinuz") == kernel().decode("latin-1")
    assert machine.list_dir(linux_root.STAGES) == [] and content.look(machine, DISK).mark == ""


def test_what_its_first_boot_runs(machine):
    made(job(machine))
    assert trees.inside(machine, f"/{first_boot.SCRIPT}") == first_boot.script(".deb")
    assert first_boot.SCRIPT in trees.inside(machine, f"/etc/systemd/system/{first_boot.UNIT}")
    assert first_boot.UNIT in trees.listing(machine, "/etc/systemd/system/multi-user.target.wants")
    kept = trees.listing(machine, f"/{first_boot.PACKAGES}")
    assert all(f"{number:04d}-{name}" in kept for number, name in enumerate(sorted(LEAST)))


def test_a_guest_from_rpms(tmp_path):
    machine = machine_at(tmp_path, RPMS)
    made(job(machine))
    assert trees.inside(machine, "/usr/lib/systemd/systemd-networkd") == "#!/bin/sh\n"
    (line,) = [line for line in trees.listing(machine, "/usr/lib").splitlines() if line.endswith(" spool")]
    assert line.split()[1:5] == ["100600", "(1)", "8", "12"], "owners by the names in the tree's own accounts"
    assert "rpm -U" in trees.inside(machine, f"/{first_boot.SCRIPT}")


def test_the_order_that_was_told(machine):
    one, two = (deb({"etc/which": word}) for word in (b"first", b"second"))
    machine.put(f"{FOLDER}/zz_1.deb", one)
    machine.put("/home/xen/aa_1.deb", two)
    names = [f"{FOLDER}/{name}" for name in (*LEAST, "zz_1.deb")] + ["/home/xen/aa_1.deb"]
    made(job(machine, names))
    assert trees.inside(machine, "/etc/which") == "second"


def test_merged_directories(tmp_path):
    """Debian 12: nothing but the package's presence says that /bin is /usr/bin."""
    some = {name: raw for name, raw in LEAST.items() if not name.startswith("base-files")}
    some.update({"usr-is-merged_1_all.deb": deb({}), "coreutils_1_all.deb": deb({"bin/ls": b"ls"})})
    machine = machine_at(tmp_path, some)
    made(job(machine))
    assert trees.inside(machine, "/usr/bin/ls") == "ls"


@pytest.mark.parametrize("kind", ["sha256", "sha512"])
def test_sums(machine, kind):
    sums = {name: getattr(hashlib, kind)(raw).hexdigest() for name, raw in LEAST.items()}
    PACKAGES.check(job(machine, sums=sums))
    sums["dpkg_1_all.deb"] = sums["dpkg_1_all.deb"][::-1]
    with pytest.raises(XenError, match=f"dpkg_1_all.deb has the {kind.upper()}"):
        PACKAGES.check(job(machine, sums=sums))


def test_from_a_mirror(machine):
    """Each is fetched once."""
    raw = LEAST["dpkg_1_all.deb"]
    machine.programs[files_content.FTP] = lambda words: machine.put(words[2][len(str(machine.root)) :], raw)
    place, told = "https://x.example/dpkg_1_all.deb", hashlib.sha256(raw).hexdigest()
    path = packed.obtained(machine, place, told)
    assert machine.read_bytes(path) == raw and packed.obtained(machine, place, told) == path
    assert len([command for command in machine.commands if command["argv"][0] == files_content.FTP]) == 1
    with pytest.raises(XenError, match="has the SHA256"):
        packed.obtained(machine, place, "0" * 64)


WITHOUT_CONFIG = deb({"boot/vmlinuz-6.1.0-38-amd64": kernel()})
MODULES = deb({"boot/vmlinuz-6.1.0-38-amd64": kernel(), "boot/config-6.1.0-38-amd64": b"CONFIG_EXT4_FS=m\n"})


@pytest.mark.parametrize(
    ("changes", "more", "words"),
    [
        ({"linux-image_1_all.deb": MODULES}, {}, "CONFIG_XEN_BLKDEV_FRONTEND and CONFIG_EXT4_FS not built in"),
        ({"linux-image_1_all.deb": WITHOUT_CONFIG}, {}, "nobody can tell what is built into vmlinuz-6.1.0-38-amd64"),
        ({"linux-image_1_all.deb": None}, {}, "kernel /home/xen/web2-vmlinuz does not exist"),
        ({}, {"ramdisk": "/home/xen/none"}, "ramdisk /home/xen/none does not exist, and packages have none"),
        ({"dpkg_1_all.deb": None}, {}, "lacks /usr/bin/dpkg"),
        ({"systemd_1_all.deb": None}, {}, "lacks systemd"),
        ({"base-passwd_1_all.deb": None}, {}, "brings no /etc/passwd"),
        ({"one.rpm": rpm([])}, {}, "has .deb and .rpm"),
        (dict.fromkeys(LEAST), {}, "has no .deb and no .rpm files"),
        ({"one_1.deb": b"<html>404</html>"}, {}, "one_1.deb is no .deb"),
        ({"one_1.deb": deb({"etc/x": bytes(9999)})[:-60]}, {}, "one_1.deb is cut short"),
        ({"one_1.deb": deb({"../etc/x": b""})}, {}, "lies outside of its root"),
        ({"one_1.deb": deb({}, {"run": "/run"}), "two_1.deb": deb({"run/x": b""})}, {}, "behind the link 'run'"),
        ({"one.rpm": rpm([], packed_by="zstd", payload=b"\x28\xb5\x2f\xfd")}, {}, "is packed by zstd; install it"),
        ({"one.rpm": rpm([], packed_by="brotli", payload=b"")}, {}, "packed by brotli, which dom0's Python can't"),
        ({"one.rpm": rpm([], payload=b"no gzip")}, {}, "one.rpm is damaged"),
        ({"one.rpm": rpm([], payload=gzip.compress(b"no cpio"))}, {}, "larger than 4G, or is damaged"),
    ],
)
def test_packages_that_would_not_come_up(machine, changes, more, words):
    """All in one line, and before the disk is touched."""
    for name, raw in changes.items():
        machine.remove(machine.at(f"{FOLDER}/{name}"))
        if raw is not None:
            machine.put(f"{FOLDER}/{name}", raw)
    with pytest.raises(XenError) as raised:
        PACKAGES.check(job(machine, **more))
    assert words in str(raised.value) and "\n" not in str(raised.value)
    assert content.look(machine, DISK).kind == content.NOTHING
    assert machine.list_dir(linux_root.STAGES) == []


def test_a_ramdisk_of_the_admins(machine):
    machine.put(f"{FOLDER}/linux-image_1_all.deb", MODULES)
    machine.put("/home/xen/web2-initrd", "ramdisk")
    made(job(machine, ramdisk="/home/xen/web2-initrd"))
    assert machine.text("/home/xen/web2-initrd") == "ramdisk"


@pytest.mark.skipif(ZSTD is None, reason="zstd is not installed")
def test_zstd(machine):
    plain = deb({"etc/new": b"new"}, packed_by="")
    at = plain.index(b"data.tar")
    raw = subprocess.run([ZSTD, "-q", "-c"], input=plain[at + 60 :], check=True, capture_output=True, timeout=60).stdout
    head = f"{'data.tar.zst':<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(raw):<10}`\n".encode()
    machine.put(f"{FOLDER}/new_1.deb", plain[:at] + head + raw)
    machine.put(packed.ZSTD, "")
    machine.programs[packed.ZSTD] = ZSTD
    made(job(machine))
    assert trees.inside(machine, "/etc/new") == "new"


@pytest.mark.parametrize("packed_by", [*PACKERS, ""])
def test_packers(machine, packed_by):
    machine.put(f"{FOLDER}/new_1.deb", deb({"etc/new": b"new"}, packed_by=packed_by))
    made(job(machine))
    assert trees.inside(machine, "/etc/new") == "new"


def test_a_disk_that_is_too_small_is_said(machine):
    """The packages are on it twice until the guest has set them up."""
    least = PACKAGES.check(job(machine))
    machine.put(f"{FOLDER}/large_1.deb", deb({"usr/large": bytes(50 << 20)}, packed_by=""))
    assert PACKAGES.check(job(machine)) - least > 2 * (50 << 20)


def test_what_an_earlier_run_unpacked_is_not_believed(machine):
    work = job(machine)
    PACKAGES.check(work)
    PACKAGES.prepare(work)
    PACKAGES.fill(work)
    machine.put(f"{linux_root.STAGES}/web2/etc/debian_version", "\0\0\0")
    PACKAGES.configure(replace(work, made=set()))
    assert trees.inside(machine, "/etc/debian_version") == "12\n"


