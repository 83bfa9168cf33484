# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Linux system's own files, changed for one guest, and file systems as mke2fs makes them for it."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._formats.install import ext, linux_configured
from ansible_collections.netbsd.xen.plugins.module_utils._formats.install.network import Interface

MKE2FS = shutil.which("mke2fs", path="/sbin:/usr/sbin")
NIC = Interface("00:16:3e:00:00:21", addresses=("10.0.2.21/24",), gateways=("10.0.2.2",))


def test_fstab():
    assert linux_configured.fstab("xvda1", "ext4") == "/dev/xvda1 / ext4 errors=remount-ro 0 1\n"
    assert linux_configured.fstab("hda1", "ext3", "hda2").endswith("/dev/hda2 none swap sw 0 0\n")


def test_shadow():
    text = "daemon:*:19000:0:99999:7:::\nroot:!:19000:0:99999:7:::\nrooty:x:1::::::\n"
    assert linux_configured.shadow(text, "$6$a$b\\1") == text.replace("root:!:", "root:$6$a$b\\1:")
    assert "root:*:" in linux_configured.shadow(text, "")
    with pytest.raises(ValueError, match="no line for root"):
        linux_configured.shadow("daemon:*:\n", "x")


def test_hosts():
    once = linux_configured.hosts("127.0.0.1 localhost\n127.0.1.1 other\n::1 ip6-localhost\n", "web1.example.org")
    assert once == "127.0.0.1 localhost\n::1 ip6-localhost\n127.0.1.1 web1.example.org web1\n"
    assert linux_configured.hosts(once, "web1.example.org") == once
    assert linux_configured.hosts("", "web1") == "127.0.0.1 localhost\n127.0.1.1 web1\n"


def test_a_login_on_the_console():
    text = "id:2:initdefault:\n1:2345:respawn:/sbin/getty 38400 tty1\n#hvc0 no\n"
    assert linux_configured.inittab(text, "tty1") == text
    once = linux_configured.inittab(text, "hvc0")
    assert once == text + "hvc0:2345:respawn:/sbin/getty 38400 hvc0\n"
    assert linux_configured.inittab(once, "hvc0") == once
    assert linux_configured.securetty("tty1", "hvc0") == "tty1\nhvc0\n"
    assert linux_configured.securetty("hvc0\n", "hvc0") == "hvc0\n"


@pytest.mark.parametrize(("line", "console"), [("", "hvc0"), ("ro xencons=tty1 quiet", "tty1"), ("xencons=tty", "tty")])
def test_which_console(line, console):
    assert linux_configured.console_of(line) == console


@pytest.mark.parametrize(
    ("paths", "manager"),
    [
        ({"usr/sbin/netplan", "usr/lib/systemd/systemd-networkd"}, "netplan"),
        ({"sbin/ifup", "lib/systemd/systemd-networkd"}, "ifupdown"),
        ({"usr/lib/systemd/systemd-networkd"}, "networkd"),
        (set(), ""),
    ],
)
def test_what_sets_the_network_up(paths, manager):
    assert linux_configured.network_manager(paths.__contains__) == manager


def test_network_files():
    assert list(linux_configured.network_files("netplan", [NIC])) == ["etc/netplan/10-netbsd-xen.yaml"]
    assert list(linux_configured.network_files("networkd", [NIC])) == ["etc/systemd/network/10-netbsd-xen-0.network"]
    assert "iface eth0 inet static" in linux_configured.network_files("ifupdown", [NIC])["etc/network/interfaces"]


def test_names_that_udev_gives():
    assert linux_configured.renames_interfaces({"usr/lib/udev/rules.d/80-net-setup-link.rules"}.__contains__)
    assert not linux_configured.renames_interfaces({"lib/udev/rules.d/50-udev-default.rules"}.__contains__)


def test_the_newest_kernel_and_its_ramdisk():
    names = ["vmlinuz-6.1.0-9-amd64", "vmlinuz-6.1.0-38-amd64", "vmlinuz-6.1.0-39-amd64.old", "vmlinuz", "config-7.0"]
    assert linux_configured.newest(names) == "vmlinuz-6.1.0-38-amd64"
    assert linux_configured.newest(["vmlinuz-2.6.18-xenU", "vmlinuz-2.6.18.8-xen"]) == "vmlinuz-2.6.18.8-xen"
    assert linux_configured.newest(["vmlinuz"]) == ""
    beside = ["initrd.img-6.1.0-9-amd64", "initrd.img-6.1.0-38-amd64"]
    assert linux_configured.ramdisk_of("vmlinuz-6.1.0-38-amd64", beside) == "initrd.img-6.1.0-38-amd64"
    assert linux_configured.ramdisk_of("vmlinuz-6.12.1", ["initramfs-6.12.1.img"]) == "initramfs-6.12.1.img"
    assert linux_configured.ramdisk_of("vmlinuz-6.12.1", beside) == ""


@pytest.mark.skipif(MKE2FS is None, reason="mke2fs is not installed")
@pytest.mark.parametrize("file_system", ext.FILE_SYSTEMS)
def test_features_as_mke2fs_makes_them(file_system, tmp_path):
    """Nothing that came late, whatever /etc/mke2fs.conf of this machine says."""
    image = tmp_path / "disk.img"
    with image.open("wb") as stream:
        stream.truncate(64 << 20)
    argv = [MKE2FS, "-q", "-F", *ext.mke2fs_options(file_system), "-L", "root", str(image)]
    subprocess.run(argv, check=True, timeout=60)
    listed = subprocess.run(["/sbin/tune2fs", "-l", str(image)], check=True, capture_output=True, text=True, timeout=60)
    (line,) = [each for each in listed.stdout.splitlines() if each.startswith("Filesystem features:")]
    found = set(line.split()[2:])
    assert not found & {"64bit", "metadata_csum", "orphan_file", "metadata_csum_seed", "inline_data"}
    assert ("has_journal" in found) == (file_system != "ext2") and ("extent" in found) == (file_system == "ext4")
    block = ext.superblock(image.read_bytes()[:2048])
    assert (block.label, block.last_mounted, block.mounts) == ("root", "", 0)
    assert block.uuid in listed.stdout


def test_what_is_no_file_system():
    assert ext.superblock(b"") is None and ext.superblock(b"\0" * 4096) is None
    assert ext.least_bytes(1 << 30) > 1 << 30
