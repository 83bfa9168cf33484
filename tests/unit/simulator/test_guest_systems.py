# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A NetBSD guest boots what its disk holds: how far it comes, what its console says, and who may log in."""
from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from netbsd_sim.core import profiles
from netbsd_sim.rack import mirror

from ansible_collections.netbsd.xen.tests.unit.support.sim_host import Host, Machine, Result, images, make_host

PROFILE = "netbsd-7.99.10-xen-4.17"
ADDRESS = "10.0.2.21"
CONFIG = """name = "web1"
type = "pv"
kernel = "/netbsd-XEN3_DOMU.gz"
memory = 96
vif = ["mac=00:16:3e:00:00:21, bridge=bridge0"]
disk = ["file:/home/web1.img,0x1,w"]
{more}
"""
LABEL = """type: vnd
bytes/sector: 512
sectors/track: 32
tracks/cylinder: 64
cylinders: 32
total sectors: 65536
rpm: 3600
4 partitions:
 a: 49152     0 4.2BSD 0 0 0
 b: 16384 49152 swap
 d: 65536     0 unused 0 0
"""
RC_CONF = """rc_configured=YES
hostname=web1
ifconfig_xennet0="inet 10.0.2.21 netmask 255.255.255.0"
sshd=YES
powerd=YES
"""
SHELL = "Enter pathname of shell or RETURN for /bin/sh: "
Change = Callable[[Path], None]


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("mirror")
    mirror.build(directory, profiles.get(PROFILE))
    return directory / "pub/NetBSD/NetBSD-7.99.10/amd64/binary/sets"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The admin's key and a guest's host key."""
    directory = tmp_path_factory.mktemp("keys")
    for name in ("admin", "other", "host"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(directory / name)], check=True)
    return directory


@pytest.fixture
def host(tmp_path: Path, keys: Path) -> Host:
    made = make_host(tmp_path / "host", "dom0", profile=PROFILE)
    with Machine(made.directory) as m:
        m.data["pace"] = 0.0005
    (made.root / "netbsd-XEN3_DOMU.gz").write_bytes(images.Image("netbsd", "7.99.10", "XEN3_DOMU").compressed())
    for name in ("admin", "other"):
        shutil.copy(keys / name, made.root / "root")
    made.write("/root/known", f"{ADDRESS} {(keys / 'host.pub').read_text()}")
    made.write("/root/label", LABEL)
    with (made.root / "home/web1.img").open("wb") as stream:
        stream.truncate(32 << 20)
    return made


def on_disk(host: Host, work: Change) -> None:
    host.run("vnconfig", "vnd3", "/home/web1.img")
    assert host.run("mount", "/dev/vnd3a", "/mnt") == Result(0, "", "")
    work(host.root / "mnt")
    assert host.run("umount", "/mnt").rc == 0
    assert host.run("vnconfig", "-u", "vnd3").rc == 0


def install(host: Host, sets: Path, keys: Path, change: Change = lambda tree: None) -> None:
    """A system that comes up and lets the admin in; then `change`."""

    def fill(tree: Path) -> None:
        for name in ("base", "etc"):
            shutil.copy(sets / f"{name}.tgz", host.root / "home")
            assert host.run("tar", "-xpzf", f"/home/{name}.tgz", "-C", "/mnt").rc == 0
        (tree / "etc/rc.conf").write_text(RC_CONF)
        (tree / "etc/fstab").write_text("/dev/xbd0a / ffs rw 1 1\n")
        config = tree / "etc/ssh/sshd_config"
        config.write_text("PermitRootLogin without-password\n" + config.read_text())
        (tree / "root/.ssh").mkdir(mode=0o700)
        shutil.copy(keys / "admin.pub", tree / "root/.ssh/authorized_keys")
        (tree / "root/.ssh/authorized_keys").chmod(0o600)
        for name in ("host", "host.pub"):
            shutil.copy(keys / name, tree / f"etc/ssh/ssh_host_ed25519_key{name[4:]}")
        change(tree)

    host.run("vnconfig", "vnd3", "/home/web1.img")
    assert host.run("disklabel", "-R", "-r", "vnd3", "/root/label").rc == 0
    assert host.run("newfs", "-O", "2", "/dev/rvnd3a").rc == 0
    host.run("vnconfig", "-u", "vnd3")
    on_disk(host, fill)


def start(host: Host, more: str = "") -> str:
    """Start the guest and give what its console says."""
    host.write("/home/web1.cfg", CONFIG.format(more=more))
    assert host.run("xl", "create", "/home/web1.cfg").rc == 0
    time.sleep(0.05)
    host.run("xl", "list")
    return (host.root / "var/log/xen/console/guest-web1.log").read_text()


def ssh(host: Host, *more: str, key: str = "/root/admin", known: str = "/root/known",
        command: str = "exit 7") -> Result:
    return host.run("ssh", "-F", "/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o",
                    f"UserKnownHostsFile={known}", "-o", "GlobalKnownHostsFile=/dev/null", *more, "-i", key, "-l",
                    "root", ADDRESS, command)


# --- how far it comes ------------------------------------------------------------------------------------------------


def test_a_good_system_asks_for_a_login(host: Host, sets: Path, keys: Path) -> None:
    install(host, sets, keys)
    said = start(host)
    assert "root on xbd0a dumps on xbd0b\n" in said
    assert said.endswith("\nNetBSD/amd64 (web1) (console)\n\nlogin: ")
    assert ssh(host) == Result(7, "", "")


def test_an_empty_disk_never_does(host: Host) -> None:
    said = start(host)
    assert said.endswith("cannot mount root, error = 79\nroot device (default xbd0a): ")


@pytest.mark.parametrize(("content", "asks"), [(b"", False), (b"a file system of Linux", True)])
def test_a_linux_guest_needs_something_on_its_disk(host: Host, content: bytes, asks: bool) -> None:
    host.write("/vmlinuz-linux", "vmlinuz")
    with (host.root / "home/web1.img").open("r+b") as stream:
        stream.seek(4096)
        stream.write(content)
    host.write("/home/web1.cfg", CONFIG.format(more="").replace("netbsd-XEN3_DOMU.gz", "vmlinuz-linux"))
    assert host.run("xl", "create", "/home/web1.cfg").rc == 0
    time.sleep(0.05)
    host.run("xl", "list")
    said = (host.root / "var/log/xen/console/guest-web1.log").read_text()
    assert ("Linux version" in said, "login:" in said) == (True, asks)


def unlink(*names: str) -> Change:
    return lambda tree: [(tree / name).unlink() for name in names][:0] or None


def write(name: str, text: str) -> Change:
    return lambda tree: None if (tree / name).write_text(text) else None


@pytest.mark.parametrize(("change", "said"), [
    (unlink("sbin/init"), "panic: no init\n"),
    (unlink("etc/rc.conf"), "  Multiuser boot aborted.\n" + SHELL),
    (write("etc/rc.conf", RC_CONF.replace("YES", "NO", 1)), SHELL),
    (write("etc/rc.conf", "\0" * len(RC_CONF)), SHELL),
    (write("etc/rc.conf", RC_CONF + 'broken="'), SHELL),
    (unlink("etc/fstab"), SHELL),
    (write("etc/fstab", "/dev/wd0a / ffs rw 1 1\n"), SHELL),
    (write("etc/ttys", "console \"/usr/libexec/getty Pc\" vt100 off secure\n"), "root file system type: ffs\n"),
], ids=["init", "rc.conf", "unconfigured", "nul", "syntax", "fstab", "device", "ttys"])
def test_what_is_wrong_on_the_disk_stops_it(host: Host, sets: Path, keys: Path, change: Change, said: str) -> None:
    """sys/kern/init_main.c; sbin/init/init.c; etc/rc; rc.d/fsck."""
    install(host, sets, keys, change)
    shown = start(host)
    assert shown.removesuffix("warning: no /dev/console\ninit: Creating tmpfs /dev on /dev\n").endswith(said)
    assert "login:" not in shown
    if "root file" not in said:
        assert ssh(host, "-o", "ConnectTimeout=1").rc == 255


@pytest.mark.parametrize(("root", "end"), [
    ("xbd0a", "login: "), ("xbd1a", "boot device: <unknown>\nroot device: "),
    ("/dev/xbd0a", "boot device: <unknown>\nroot device: "), ("hda1", "boot device: <unknown>\nroot device: "),
    ("xbd0b", "cannot mount root, error = 79\nroot device (default xbd0b): "),
    ("xbd0e", "cannot mount root, error = 6\nroot device (default xbd0e): "),
])
def test_a_wrong_root_device_is_asked_for(host: Host, sets: Path, keys: Path, root: str, end: str) -> None:
    install(host, sets, keys)
    assert start(host, f'root = "{root}"').endswith(end)
    if end != "login: ":
        assert host.run("xl", "shutdown", "web1").rc == 1  # record final-prompt-shutdown


def test_a_shutdown_leaves_it_clean_and_destroy_does_not(host: Host, sets: Path, keys: Path) -> None:
    """facts measured 19."""

    def checked() -> str:
        host.run("vnconfig", "vnd3", "/home/web1.img")
        result = host.run("fsck", "-n", "-f", "/dev/rvnd3a").out
        host.run("vnconfig", "-u", "vnd3")
        return result

    install(host, sets, keys)
    start(host)
    assert "** Last Mounted on /\n" in checked()
    assert "already clean" not in checked()
    assert host.run("xl", "shutdown", "-w", "web1").rc == 0
    assert "already clean" in checked()
    start(host)
    host.run("xl", "destroy", "web1")
    assert "already clean" not in checked()


# --- who gets in -----------------------------------------------------------------------------------------------------


def test_only_the_admin_gets_in(host: Host, sets: Path, keys: Path) -> None:
    install(host, sets, keys)
    assert ssh(host, "-o", "ConnectTimeout=1").err == f"ssh: connect to host {ADDRESS} port 22: Operation timed out\n"
    start(host)
    assert ssh(host, key="/root/other") == Result(
        255, "", f"root@{ADDRESS}: Permission denied (publickey,password,keyboard-interactive).\n")
    host.write("/root/wrong", f"{ADDRESS} {(keys / 'other.pub').read_text()}")
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in ssh(host, known="/root/wrong").err
    assert ssh(host, known="/dev/null").err.endswith("Host key verification failed.\n")
    assert host.run("ssh-keyscan", ADDRESS).out.split()[1:3] == (keys / "host.pub").read_text().split()[:2]
    assert ssh(host, "-p", "2222").err == f"ssh: connect to host {ADDRESS} port 2222: Connection refused\n"
    assert host.run("arp", "-an").out.splitlines()[-1] == f"? ({ADDRESS}) at 00:16:3e:00:00:21 on wm0"


@pytest.mark.parametrize(("change", "said"), [
    (lambda tree: (tree / "root/.ssh/authorized_keys").chmod(0o666), "Permission denied"),
    (lambda tree: (tree / "root/.ssh").chmod(0o777), "Permission denied"),
    (write("etc/ssh/sshd_config", "AuthorizedKeysFile .ssh/authorized_keys\n"), "Permission denied"),
    (write("etc/rc.conf", RC_CONF.replace("sshd=YES", "sshd=NO")), "Connection refused"),
    (unlink("usr/sbin/sshd"), "Connection refused"),
    (write("etc/ssh/ssh_host_ed25519_key", "\0" * 400), "Connection refused"),
    (lambda tree: (tree / "etc/ssh/ssh_host_ed25519_key").chmod(0o644), "Connection refused"),
    (write("etc/rc.conf", RC_CONF.replace("10.0.2.21", "10.0.2.22")), "Host is down"),
    (write("etc/rc.conf", RC_CONF.replace("255.255.255.0", "255.255.255.252")), "Operation timed out"),
], ids=["mode", "directory", "root", "off", "sshd", "nul", "open", "address", "netmask"])
def test_what_keeps_the_admin_out(host: Host, sets: Path, keys: Path, change: Change, said: str) -> None:
    install(host, sets, keys, change)
    start(host)
    result = ssh(host)
    assert (result.rc, said in result.err) == (255, True), result.err


def test_a_guest_in_another_bridge_is_not_reached(host: Host, sets: Path, keys: Path) -> None:
    install(host, sets, keys)
    start(host)
    host.run("brconfig", "bridge0", "delete", "wm0")
    assert ssh(host).err.endswith("Host is down\n")


def test_a_forced_command_is_the_one_that_runs(host: Host, sets: Path, keys: Path) -> None:
    key = (keys / "admin.pub").read_text()
    install(host, sets, keys, write("root/.ssh/authorized_keys", f'restrict,command="exit 3" {key}'))
    start(host)
    assert ssh(host).rc == 3


def test_it_tells_what_there_is(host: Host, sets: Path, keys: Path) -> None:
    """ls(1), and date(1) behind it, whose status counts."""
    install(host, sets, keys, write("usr/bin/python3.13", "#!/bin/sh\n"))
    start(host)
    found = ssh(host, command="ls -d /usr/bin/python3.* /nothing/*; date +%s")
    assert (found.rc, found.out.split()[0]) == (0, "/usr/bin/python3.13") and found.out.split()[1].isdigit()
    assert found.err == "ls: /nothing/*: No such file or directory\n"


def test_sshd_makes_the_keys_that_it_lacks(host: Host, sets: Path, keys: Path) -> None:
    """rc.d/sshd, keygen."""
    install(host, sets, keys, unlink("etc/ssh/ssh_host_ed25519_key", "etc/ssh/ssh_host_ed25519_key.pub"))
    start(host)
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in ssh(host).err
    kinds = {line.split()[1] for line in host.run("ssh-keyscan", ADDRESS).out.splitlines()}
    assert kinds == {"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"}
