# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The package e2fsprogs, whose programs are the controller's own."""

from __future__ import annotations

import shutil

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.sim_host import make_host

OPTIONS = ("-F", "-q", "-t", "ext4", "-O", "none,extent", "-I", "256", "-d", "/tree")
pytestmark = pytest.mark.skipif(not shutil.which("mke2fs", path="/sbin:/usr/sbin"), reason="no mke2fs here")


@pytest.fixture
def host(tmp_path):
    found = make_host(tmp_path)
    (found.root / "tree").mkdir()
    found.write("/tree/hello", "to the guest\n")
    with (found.root / "disk.img").open("wb") as stream:
        stream.truncate(32 << 20)
    return found


def test_it_comes_with_its_package(host):
    assert not (host.root / "usr/pkg/sbin/mke2fs").is_symlink()
    host.install("e2fsprogs")
    assert (host.root / "usr/pkg/sbin/mke2fs").is_symlink()


def test_a_file_system_with_files(host):
    host.install("e2fsprogs")
    made = host.run("/usr/pkg/sbin/mke2fs", *OPTIONS, "/disk.img", "31744k")
    assert made.rc == 0
    assert host.run("/usr/pkg/sbin/e2fsck", "-f", "-n", "/disk.img").rc == 0
    assert b"to the guest\n" in (host.root / "disk.img").read_bytes()
    with (host.root / "disk.img").open("r+b") as stream:
        stream.seek(1024)
        stream.write(b"\xff" * 512)
    assert host.run("/usr/pkg/sbin/e2fsck", "-f", "-n", "/disk.img").rc != 0
