# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A Linux guest boots what the real mke2fs has put on its disk: how far it comes, and who may log in."""
from __future__ import annotations

import shutil
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.real_tools import DEBUGFS, MKE2FS
from ansible_collections.netbsd.xen.tests.unit.support.sim_host import Host, Machine, Result, make_host

pytestmark = pytest.mark.skipif(not MKE2FS or not DEBUGFS, reason="e2fsprogs is not installed")
ADDRESS, MAC = "10.0.2.21", "00:16:3e:00:00:21"
CONFIG = """name = "web1"
type = "pv"
kernel = "/home/vmlinuz-linux"
ramdisk = "/home/initrd"
memory = 96
extra = "root=/dev/{root} {more}"
vif = ["mac=00:16:3e:00:00:21, bridge=bridge0"]
disk = ["file:/home/web1.img,{vdev},w"]
"""
INTERFACES = "auto eth0\niface eth0 inet static\n    address 10.0.2.21\n    netmask 255.255.255.0\n"
NETWORKD = f"[Match]\nMACAddress={MAC}\n\n[Network]\nAddress=10.0.2.21/24\n"
FILES = {
    "usr/sbin/init": "#!/bin/sh\n",
    "usr/sbin/sshd": "#!/bin/sh\n",
    "usr/sbin/ifup": "#!/bin/sh\n",
    "etc/hostname": "web1\n",
    "etc/inittab": "hvc0:2345:respawn:/sbin/getty 38400 hvc0\n",
    "etc/network/interfaces": INTERFACES,
    "etc/ssh/sshd_config": "PasswordAuthentication no\n",
}
FIRST = 2048
Change = Callable[[Path], object]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("keys")
    for name in ("admin", "other", "host"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(directory / name)], check=True)
    return directory


@pytest.fixture
def host(tmp_path: Path, keys: Path) -> Host:
    made = make_host(tmp_path / "host", "dom0")
    with Machine(made.directory) as m:
        m.data["pace"] = 0.0005
    made.write("/home/vmlinuz-linux", "a kernel")
    made.write("/home/initrd", "a ramdisk")
    for name in ("admin", "other"):
        shutil.copy(keys / name, made.root / "root")
    made.write("/root/known", f"{ADDRESS} {(keys / 'host.pub').read_text()}")
    return made


def install(host: Host, keys: Path, change: Change = lambda tree: None, partition: bool = False) -> None:
    tree = host.directory / "tree"
    for name, text in FILES.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    (tree / "sbin").symlink_to("usr/sbin")
    (tree / "root/.ssh").mkdir(parents=True, mode=0o700)
    (tree / "root").chmod(0o700)
    shutil.copy(keys / "admin.pub", tree / "root/.ssh/authorized_keys")
    (tree / "root/.ssh/authorized_keys").chmod(0o600)
    for name in ("host", "host.pub"):
        shutil.copy(keys / name, tree / f"etc/ssh/ssh_host_ed25519_key{name[4:]}")
    change(tree)
    disk = host.root / "home/web1.img"
    with disk.open("wb") as stream:
        if partition:
            entry = struct.pack("<B3sB3sII", 0, b"", 0x83, b"", FIRST, 16384)
            stream.write(bytes(446) + entry + bytes(48) + b"\x55\xaa")
        stream.truncate(10 << 20)
    options = ["-E", f"offset={FIRST * 512}"] if partition else []
    subprocess.run([str(MKE2FS), "-F", "-q", "-t", "ext4", *options, "-d", str(tree), str(disk), "8M"], check=True)


def start(host: Host, root: str = "xvda1", vdev: str = "xvda1", more: str = "") -> str:
    """Start the guest and give what its console says."""
    host.write("/home/web1.cfg", CONFIG.format(root=root, vdev=vdev, more=more))
    assert host.run("xl", "create", "/home/web1.cfg").rc == 0
    time.sleep(0.05)
    host.run("xl", "list")
    return (host.root / "var/log/xen/console/guest-web1.log").read_text()


def ssh(host: Host, command: str = "date +%s", key: str = "/root/admin", known: str = "/root/known") -> Result:
    return host.run("ssh", "-F", "/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o",
                    f"UserKnownHostsFile={known}", "-o", "GlobalKnownHostsFile=/dev/null", "-i", key, "-l",
                    "root", ADDRESS, command)


@pytest.mark.parametrize(
    ("root", "vdev", "partition"), [("xvda1", "xvda1", False), ("hda1", "0x301", False), ("xvda1", "xvda", True)]
)
def test_a_good_system_asks_for_a_login(host: Host, keys: Path, root: str, vdev: str, partition: bool) -> None:
    install(host, keys, partition=partition)
    assert start(host, root, vdev).endswith("\nweb1 login: ")
    done = ssh(host)
    assert done.rc == 0 and abs(int(done.out) - time.time()) < 60


def test_its_kernel_counts_the_mount(host: Host, keys: Path) -> None:
    install(host, keys)
    start(host)
    assert (host.root / "home/web1.img").read_bytes()[1024 + 52:][:2] == b"\1\0"


def networkd(tree: Path, enabled: bool = True) -> None:
    (tree / "usr/sbin/ifup").unlink()
    (tree / "etc/systemd/network").mkdir(parents=True)
    (tree / "etc/systemd/network/10-x.network").write_text(NETWORKD)
    wants = tree / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True)
    if enabled:
        (wants / "systemd-networkd.service").symlink_to("/usr/lib/systemd/system/systemd-networkd.service")


def renames(tree: Path) -> None:
    (tree / "usr/lib/udev/rules.d").mkdir(parents=True)
    (tree / "usr/lib/udev/rules.d/80-net-setup-link.rules").write_text("# rules\n")
    (tree / "lib").symlink_to("usr/lib")


@pytest.mark.parametrize(
    ("change", "more"), [(networkd, ""), (renames, "net.ifnames=0")], ids=["networkd", "ifupdown with net.ifnames=0"]
)
def test_other_ways_to_an_address(host: Host, keys: Path, change: Change, more: str) -> None:
    install(host, keys, change)
    start(host, more=more)
    assert ssh(host).rc == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda tree: (tree / "usr/sbin/sshd").unlink(), "Connection refused"),
        (lambda tree: (tree / "etc/ssh/ssh_host_ed25519_key").unlink(), "Connection refused"),
        (lambda tree: networkd(tree, enabled=False), "Host is down"),
        (renames, "Host is down"),
        (lambda tree: (tree / "root/.ssh/authorized_keys").chmod(0o666), "Permission denied"),
        (lambda tree: (tree / "etc/ssh/sshd_config").write_text("PermitRootLogin no\n"), "Permission denied"),
    ],
    ids=["no sshd", "no host key", "networkd is not enabled", "udev renames", "open keys", "root is not let in"],
)
def test_what_keeps_the_admin_out(host: Host, keys: Path, change: Change, words: str) -> None:
    install(host, keys, change)
    start(host)
    done = ssh(host)
    assert done.rc == 255 and words in done.err


def test_only_the_admin_gets_in_and_only_with_the_guests_own_key(host: Host, keys: Path) -> None:
    install(host, keys)
    start(host)
    assert "Permission denied" in ssh(host, key="/root/other").err
    host.write("/root/another", f"{ADDRESS} {(keys / 'other.pub').read_text()}")
    assert "Host key verification failed" in ssh(host, known="/root/another").err


def test_without_init_its_kernel_panics(host: Host, keys: Path) -> None:
    install(host, keys, lambda tree: (tree / "usr/sbin/init").unlink())
    said = start(host)
    assert "Kernel panic - not syncing: No working init found" in said and "login:" not in said


def test_without_getty_the_console_asks_nobody(host: Host, keys: Path) -> None:
    install(host, keys, lambda tree: (tree / "etc/inittab").write_text("id:2:initdefault:\n"))
    assert "login:" not in start(host)
    assert ssh(host).rc == 0
