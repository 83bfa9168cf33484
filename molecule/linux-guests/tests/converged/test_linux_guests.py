# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Linux guests from a tarball and from an image, seen from dom0, and from inside of their disks."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(os.environ["RACKS"], "molecule-linux-guests/hosts/xen1/root")
XL = "/usr/pkg/sbin/xl"
DEBUGFS = "/usr/sbin/debugfs"


def inside(disk: str, path: str) -> str:
    """A file of a guest's file system, which begins with its disk, or with the first partition of that."""
    place = ROOT / "home/xen" / disk
    table = place.read_bytes()[510:512] == b"\x55\xaa"
    argv = [DEBUGFS, "-R", f"cat {path}", f"{place}?offset={1 << 20}" if table else str(place)]
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout


def note(name: str) -> dict:
    return json.loads((ROOT / f"usr/pkg/etc/xen/.{name}.install").read_text())


@pytest.mark.parametrize("name", ["linux1", "linux2", "linux3", "linux4", "cloud1"])
def test_a_login_was_seen(host, name):
    assert name in host.check_output(f"{XL} list")
    assert note(name)["stage"] == "verified"
    assert len(note(name)["host_keys"]) == 3


@pytest.mark.parametrize(
    ("disk", "root", "file_system"),
    [
        ("linux1.img", "hda1", "ext3"),
        ("linux2.img", "xvda1", "ext4"),
        ("linux3.img", "hda1", "ext3"),
        ("linux4.img", "xvda1", "ext4"),
    ],
)
def test_the_file_system(disk, root, file_system):
    assert inside(disk, "/etc/fstab").startswith(f"/dev/{root} / {file_system} ")
    assert inside(disk, "/root/.ssh/authorized_keys").startswith("ssh-ed25519 AAAA")
    assert "root:*:" in inside(disk, "/etc/shadow")


def test_the_network():
    assert "address 10.0.2.31" in inside("linux1.img", "/etc/network/interfaces")
    assert "iface eth0 inet dhcp" in inside("linux2.img", "/etc/network/interfaces")
    assert inside("linux1.img", "/etc/resolv.conf") == "nameserver 10.0.2.3\n"


def test_the_console_that_its_kernel_has():
    assert "respawn:/sbin/getty 38400 tty1" in inside("linux1.img", "/etc/inittab")
    assert "respawn:/sbin/getty 38400 hvc0" in inside("linux2.img", "/etc/inittab")


@pytest.mark.parametrize("disk", ["linux3.img", "linux4.img"])
def test_the_partition_table(disk):
    """One active partition of Linux', from the first megabyte to the last."""
    entries = (ROOT / "home/xen" / disk).read_bytes()[446:510]
    assert entries[0] == 0x80 and entries[4] == 0x83 and not any(entries[16:])
    start, sectors = (int.from_bytes(entries[at : at + 4], "little") for at in (8, 12))
    assert (start, sectors) == (2048, (512 << 11) - 4096)


def test_packages_are_set_up_at_the_first_boot():
    script = inside("linux4.img", "/usr/lib/netbsd.xen/first-boot")
    assert "dpkg --force-depends" in script
    assert "usr/lib/netbsd.xen/first-boot" in inside("linux4.img", "/etc/systemd/system/netbsd.xen-first-boot.service")
    assert "_apt:*:" in inside("linux4.img", "/etc/shadow")


def test_two_of_one_tree_are_two_machines():
    assert inside("linux1.img", "/etc/machine-id") != inside("linux2.img", "/etc/machine-id")
    assert not set(note("linux1")["host_keys"]) & set(note("linux2")["host_keys"])


def test_kernel_and_ramdisk_are_in_dom0(host):
    for name in ("linux1", "linux2", "linux3"):
        assert host.file(f"/home/xen/{name}-vmlinuz").content.endswith(b"newer")
        assert host.file(f"/home/xen/{name}-initrd").content == b"ramdisk"


def test_the_image_and_its_seed(host):
    assert (ROOT / "home/xen/cloud1.img").read_bytes()[510:528] == b"\x55\xaaa system\na syste"
    seed = host.file("/home/xen/cloud1-seed.iso")
    assert seed.mode == 0o600
    for text in (b"CIDATA", b"instance-id", b"cloud1", b"00:16:3e:00:00:33", b"python3"):
        assert text in seed.content


def test_nothing_is_left_in_dom0(host):
    assert host.check_output("ls /var/db/netbsd.xen/trees /var/db/netbsd.xen/images").split() == [
        "/var/db/netbsd.xen/images:",
        "/var/db/netbsd.xen/trees:",
    ]
