# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A guest with its system: what dom0 sees of it, and what is on its disk."""

from __future__ import annotations

import json

import pytest

MOUNT = "/usr/sbin/vnconfig -c vnd3 /home/xen/web1.img && /sbin/mount -r -t ffs /dev/vnd3a /mnt"
UNMOUNT = "/sbin/umount /mnt; /usr/sbin/vnconfig -u vnd3"
CONSOLE = "/var/log/xen/console/guest-web1.log"


@pytest.fixture
def disk(host):
    """The guest's root file system, mounted read-only; its directory."""
    host.check_output(MOUNT)
    yield "/mnt"
    host.check_output(UNMOUNT)


def test_it_runs_and_asks_for_a_login(host):
    assert "web1" in host.check_output("/usr/pkg/sbin/xl list")
    assert host.file(CONSOLE).content_string.endswith("NetBSD/amd64 (web1) (console)\n\nlogin: ")


def test_its_system_is_verified(host):
    record = json.loads(host.file("/usr/pkg/etc/xen/.web1.install").content_string)
    assert (record["stage"], record["method"], record["unit"]) == ("verified", "sets", "")
    assert host.file("/usr/pkg/etc/xen/.web1.install").mode == 0o600
    seen = host.check_output("/usr/bin/ssh-keyscan 10.0.2.21").splitlines()
    assert {" ".join(line.split()[1:]) for line in seen} == set(record["host_keys"])


def test_no_unit_is_left(host):
    used = [line for line in host.check_output("/usr/sbin/vnconfig -l").splitlines() if "not in use" not in line]
    assert len(used) == 1, "the running guest's own"
    assert "netbsd.xen.install" not in host.check_output("/sbin/mount")


def test_its_disk_has_a_label_and_a_root_file_system(host):
    host.check_output("/usr/sbin/vnconfig -c vnd3 /home/xen/web1.img")
    label = host.check_output("/sbin/disklabel vnd3")
    host.check_output("/usr/sbin/vnconfig -u vnd3")
    assert [line.split()[3] for line in label.splitlines() if line.startswith((" a:", " b:"))] == ["4.2BSD", "swap"]


def test_it_is_configured(host, disk):
    rc_conf = host.file(f"{disk}/etc/rc.conf").content_string.replace('"', "").splitlines()
    assert {"rc_configured=YES", "hostname=web1", "sshd=YES", "powerd=YES"} <= set(rc_conf)
    assert host.file(f"{disk}/etc/fstab").content_string.split()[:3] == ["/dev/xbd0a", "/", "ffs"]
    on = [line.split()[0] for line in host.file(f"{disk}/etc/ttys").content_string.splitlines() if "\ton" in line]
    assert on == ["console"]
    assert "10.0.2.21" in host.file(f"{disk}/etc/ifconfig.xennet0").content_string
    assert host.file(f"{disk}/etc/resolv.conf").content_string == "nameserver 10.0.2.3\n"


def test_nobody_gets_in_but_the_admin(host, disk):
    keys = host.file(f"{disk}/root/.ssh/authorized_keys")
    assert keys.mode == 0o600
    assert "admin@example.org" in keys.content_string
    root = host.file(f"{disk}/etc/master.passwd").content_string.splitlines()[0]
    assert root.split(":")[1] == "*"
    assert host.file(f"{disk}/etc/ssh/ssh_host_ed25519_key").mode == 0o600
    assert host.file(f"{disk}/var/db/entropy-file").size > 0


def test_it_has_the_kernel_that_it_runs_and_its_nodes(host, disk):
    assert "XEN3_DOMU" in host.check_output(f"head -n 1 {disk}/netbsd")
    assert host.check_output(f"/usr/bin/stat -f '%HT %Lp' {disk}/dev/console") == "Character Device 600"
