# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest from an image: raw, packed, qcow2 (by the real qemu-img), and the seed that makes it a machine of its own."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import random
import subprocess
from pathlib import Path

import pytest
import yaml
from netbsd_sim.disk import cd

from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.module_utils._formats.install import iso9660
from ansible_collections.netbsd.xen.plugins.module_utils._formats.install.network import Interface
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare.fields import Fields
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare.guest import expand
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.declare import Install
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.methods import image
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.methods.image import IMAGE, Options
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work import boots, content, record
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work.job import Job, silent
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work.record import Record
from ansible_collections.netbsd.xen.tests.tools.linux_system import kernel
from ansible_collections.netbsd.xen.tests.unit.support.real_tools import QEMU_IMG, RealTools

DISK, SOURCE, SEED = "/home/xen/web1.img", "/home/xen/debian.raw", "/home/xen/web1-seed.iso"
SIZE = 24 << 20
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA admin@example.org"
MBR = bytes(446) + b"\x80" + bytes(63) + b"\x55\xaa"


def raw_image() -> bytes:
    """A disk with an MBR, a hole of 8 MiB, and something at its end."""
    numbers = random.Random(4)

    def noise(size: int) -> bytes:
        return numbers.getrandbits(8 * size).to_bytes(size, "little")

    return MBR + noise((1 << 20) - 512) + bytes(8 << 20) + noise(1 << 20)


RAW = raw_image()


PYGRUB = f"{boots.LOADERS}/pygrub"
# Of Xen 4.20's, of a disk whose menu is in parts (BLS), and of one whose kernel is gone.
NO_KERNEL = """Using <class 'grub.GrubConf.Grub2ConfigFile'> to parse /boot/grub2/grub.cfg
WARNING:root:Unknown directive blscfg
Traceback (most recent call last):
  File "/usr/lib/xen-4.20/bin/pygrub", line 1046, in <module>
    raise RuntimeError("Unable to find partition containing kernel")
RuntimeError: Unable to find partition containing kernel
"""
GONE = """Using <class 'grub.GrubConf.Grub2ConfigFile'> to parse /boot/grub/grub.cfg
[Errno 2] No such file or directory
Error opening /boot/gone.bin in guest
"""


def pygrub(host: RealTools, found: bytes | None = None):
    """Takes a kernel and a ramdisk out of any disk, as its output says."""

    def run(words: list[str]) -> tuple[int, str, str]:
        (folder,) = [word.partition("=")[2] for word in words if word.startswith("--output-directory=")]
        names = [f"{folder}/boot_kernel.a", f"{folder}/boot_ramdisk.b"]
        assert folder.startswith(f"{boots.FOUND}/web") and words[-1] == host.at(DISK)
        host.put(names[0], kernel() if found is None else found)
        host.put(names[1], b"ramdisk")
        # Measured with Xen 4.20.
        return 0, f"linux (kernel '{names[0]}')(ramdisk '{names[1]}')(args 'root=/dev/xvda1')", ""

    return run


def makefs(words: list[str]) -> None:
    target, folder = words[-2:]
    files = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
    Path(target).write_bytes(cd.cd("CIDATA", files, "rockridge" in words[4]))


def machine_at(path, source: bytes = RAW) -> RealTools:
    host = RealTools(path, {SOURCE: source})
    host.programs = {image.MAKEFS: makefs, PYGRUB: pygrub(host)}
    host.create_sparse(host.at(DISK), SIZE)
    return host


@pytest.fixture
def machine(tmp_path):
    return machine_at(tmp_path)


def guest(name: str = "web1", seed: str = SEED):
    disks = [{"path": DISK, "size": "24M"}, *([{"path": seed, "access": "ro"}] if seed else [])]
    raw = {"name": name, "os": "linux", "memory": 256, "bootloader": "pygrub", "disks": disks, "nics": ["bridge0"]}
    found, problems = expand(raw, "box", {}, {})
    assert not problems
    return found


def job(host, seed: str = SEED, name: str = "web1", mark: str = "nx0123456789ab", **user_data) -> Job:
    declared = guest(name, seed)
    nic = Interface(declared.nics[0].mac, addresses=("10.0.2.21/24",), gateways=("10.0.2.2",))
    install = Install(
        "image", "", "", "", declared.disks[0], "", nic, f"{name}.example.org", (KEY,), "$6$salt$hash", (), "",
        Options(SOURCE, "", seed, user_data),
    )  # fmt: skip
    mine = Record(record.EMPTY, "image", "", DISK, "inode 1", mark)
    return Job(host, declared, install, "/usr/pkg/etc/xen", mine, silent, (KEY,), "4.20")


def made(work: Job) -> Job:
    IMAGE.check(work)
    IMAGE.prepare(work)
    IMAGE.fill(work)
    IMAGE.configure(work)
    IMAGE.leave(work)
    return work


def disk(host) -> bytes:
    return Path(host.at(DISK)).read_bytes()


def seed(host, path: str = SEED) -> dict:
    files = iso9660.read(Path(host.at(path)).read_bytes()).files
    return {name: yaml.safe_load(text) for name, text in files.items()}


PACKERS = {"raw": bytes, "gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_it_is_written_as_it_is(tmp_path, pack):
    host = machine_at(tmp_path, pack(RAW))
    made(job(host))
    assert disk(host) == RAW.ljust(SIZE, b"\0")
    assert os.stat(host.at(DISK)).st_blocks * 512 < 8 << 20, "holes stay holes"
    assert host.list_dir(image.WORK) == []


@pytest.mark.skipif(QEMU_IMG is None, reason="qemu-img is not installed")
def test_qcow2(tmp_path):
    (tmp_path / "raw").write_bytes(RAW)
    argv = [QEMU_IMG, "convert", "-f", "raw", "-O", "qcow2", "-c", str(tmp_path / "raw"), str(tmp_path / "qcow2")]
    subprocess.run(argv, check=True, timeout=60)
    host = machine_at(tmp_path / "machine", (tmp_path / "qcow2").read_bytes())
    with pytest.raises(XenError, match="qemu-img is missing; install Xen's tools"):
        IMAGE.check(job(host))
    host.put(image.QEMU_IMG, "")
    host.programs[image.QEMU_IMG] = QEMU_IMG
    made(job(host))
    assert disk(host) == RAW.ljust(SIZE, b"\0")
    assert host.list_dir(image.WORK) == []


def test_how_large_the_disk_must_be(machine):
    assert IMAGE.check(job(machine)) == len(RAW) + (1 << 20)


def test_what_broke_off_is_known_by_its_mark_and_gone_on_with(machine):
    work = job(machine)
    IMAGE.prepare(work)
    assert content.look(machine, DISK).mark == work.record.mark
    machine.write_within(DISK, 0, RAW[: 1 << 20])
    assert content.look(machine, DISK).mark == work.record.mark
    IMAGE.fill(work)
    IMAGE.configure(work)
    IMAGE.leave(work)
    assert disk(machine) == RAW.ljust(SIZE, b"\0")
    assert content.look(machine, DISK).mark == ""


def test_what_the_disk_held_is_gone(machine):
    """Written again on purpose, over something else."""
    Path(machine.at(DISK)).write_bytes(b"\xaa" * SIZE)
    made(job(machine))
    assert disk(machine)[: len(RAW)] == RAW


def test_its_seed(machine):
    done = made(job(machine, packages=["python3"]))
    found = seed(machine)
    assert found["meta-data"]["local-hostname"] == "web1.example.org"
    assert done.guest.uuid in found["meta-data"]["instance-id"]
    assert found["user-data"]["ssh_authorized_keys"] == [KEY] and found["user-data"]["packages"] == ["python3"]
    assert found["network-config"]["ethernets"]["eth0"]["match"]["macaddress"] == done.guest.nics[0].mac
    keys = found["user-data"]["ssh_keys"]
    assert keys["ed25519_private"].startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    assert [key.split()[1] for key in done.record.host_keys] == [
        keys[f"{kind}_public"].split()[1] for kind in image.KEY_TYPES
    ]
    # It holds a password's hash and private keys.
    assert os.stat(machine.at(SEED)).st_mode & 0o777 == 0o600


def test_a_seed_without_rock_ridge_is_refused(machine):
    machine.programs[image.MAKEFS] = lambda words: makefs([*words[:4], "label=CIDATA", *words[5:]])
    with pytest.raises(XenError, match="USER_DATA.;1.*it needs Rock Ridge"):
        made(job(machine))
    assert machine.stat(SEED) is None


def test_two_guests_of_one_image_are_two_machines(tmp_path):
    one, two = machine_at(tmp_path / "one"), machine_at(tmp_path / "two")
    first, second = made(job(one)), made(job(two, name="web2"))
    a, b = seed(one), seed(two)
    assert a["meta-data"]["instance-id"] != b["meta-data"]["instance-id"]
    assert a["network-config"] != b["network-config"]
    assert not set(first.record.host_keys) & set(second.record.host_keys)
    assert disk(one) == disk(two)
    for found, guest_of in ((a, first), (b, second)):
        (command,) = found["user-data"]["bootcmd"]
        assert guest_of.guest.uuid.replace("-", "") in command[-1] and command[:2] == ["cloud-init-per", "instance"]


def test_installed_again_it_is_another_machine_to_cloud_init(machine):
    made(job(machine))
    before = seed(machine)["meta-data"]["instance-id"]
    made(job(machine, mark="nxffffffffffff"))
    assert seed(machine)["meta-data"]["instance-id"] != before


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((1, "", NO_KERNEL), "disk: Unable to find partition containing kernel. It reads grub.cfg and menu.lst, but"),
        ((1, "", GONE), "on the finished disk: Error opening /boot/gone.bin in guest. It reads"),
        ((1, "", "The requested ramdisk file does not exist\n"), "The requested ramdisk file does not exist"),
        ((0, "linux (kernel None)(args 'root=/dev/xvda1')", ""), "linux (kernel None)"),
        ((0, "", ""), "it printed nothing"),
    ],
)
def test_a_disk_in_which_pygrub_finds_no_kernel_is_not_called_finished(machine, answer, words):
    machine.programs[PYGRUB] = lambda _words: answer
    work = job(machine)
    with pytest.raises(XenError) as raised:
        made(work)
    assert words in str(raised.value) and "name a kernel and its ramdisk in dom0" in str(raised.value)
    assert "\n" not in str(raised.value) and "Traceback" not in str(raised.value)
    assert content.look(machine, DISK).mark == work.record.mark, "it is ours still"
    assert machine.list_dir(boots.FOUND) == []


def test_a_kernel_that_pygrub_finds_and_xen_cant_start(machine):
    machine.programs[PYGRUB] = pygrub(machine, kernel(b""))
    with pytest.raises(XenError, match="kernel that pygrub finds on the disk has no note.*CONFIG_XEN_PV is off"):
        made(job(machine))
    assert machine.list_dir(boots.FOUND) == []


def test_an_old_pygrub_knows_no_directory(machine):
    """It copies them to one of its own, which nobody empties."""
    kernel_file, ramdisk = "/var/run/xend/boot/boot_kernel.x", "/var/run/xend/boot/boot_ramdisk.y"

    def old(words: list[str]) -> tuple[int, str, str]:
        if len(words) > 3:
            return 1, "", "Usage: pygrub [-q|--quiet] [-i|--interactive] [--output=] [--entry=] <image>\n"
        machine.put(kernel_file, kernel())
        machine.put(ramdisk, b"")
        return 0, f"linux (kernel {kernel_file})(ramdisk {ramdisk})", ""

    machine.programs[PYGRUB] = old
    made(job(machine))
    assert machine.list_dir("/var/run/xend/boot") == []


def test_an_image_without_cloud_init_gets_no_seed(machine):
    done = made(job(machine, seed=""))
    assert machine.stat(SEED) is None and done.record.host_keys == ()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"<!DOCTYPE html>", "a page or a message of a server"),
        (b"KDMV" + bytes(600), "qemu-img convert"),
        (bytes(1 << 20), "no partition table"),
        (gzip.compress(RAW)[: 1 << 19], "is damaged"),
        (gzip.compress(b"<html>", mtime=0), "holds what is a page"),
        (gzip.compress(gzip.compress(RAW)), "is packed, and what is in it is no raw disk"),
        (b"\x28\xb5\x2f\xfd" + bytes(600), "packed by zstd, which dom0's Python can't unpack"),
        (lzma.compress(RAW)[: 1 << 19], "is damaged"),
    ],
)
def test_what_is_no_image(tmp_path, source, words):
    host = machine_at(tmp_path, source)
    with pytest.raises(XenError) as raised:
        IMAGE.check(job(host))
    assert words in str(raised.value) and "\n" not in str(raised.value)
    assert content.look(host, DISK).kind == content.NOTHING


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"image": "debian.raw"}, "an image of a disk, as a URL or an absolute path"),
        ({"image": "/a/../b"}, "an image of a disk, as a URL or an absolute path"),
        ({"image": "https://x.example/a.raw"}, "sha512 is missing"),
        ({"image": SOURCE, "sha512": "abc"}, "128 digits"),
        (
            {"image": SOURCE, "network": "dhcp", "authorized_keys": [KEY]},
            "network and authorized_keys would reach nobody",
        ),
        ({"image": SOURCE, "seed": "/home/xen/other.iso"}, "no read-only disk of the guest"),
        ({"image": SOURCE, "seed": DISK}, "no read-only disk of the guest"),
        ({"image": SOURCE, "seed": SEED, "user_data": ["x"]}, "user_data is no dictionary; allowed is one"),
    ],
)
def test_declarations_that_are_refused(values, words):
    fields = Fields("guest web1: install", values)
    owner = guest()
    IMAGE.read(fields, owner, owner.disks[0])
    (said,) = fields.problems
    assert words in said
