# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of Linux: .deb and .rpm files, whole and damaged."""

from __future__ import annotations

import gzip
import io
import shutil
import subprocess

import pytest
from linux_packages import LEAST, cpio, rpm
from linux_packages import deb as a_deb

from ansible_collections.netbsd.xen.plugins.module_utils._formats.install import deb, first_boot
from ansible_collections.netbsd.xen.plugins.module_utils._formats.install import rpm as rpms

DPKG_DEB = shutil.which("dpkg-deb")
FILES = [("./etc", 0o040755, b"", 1, 2), ("./etc/one", 0o100640, b"one\n", 2, 1), ("./bin", 0o120777, b"usr/bin", 3, 1)]


def test_the_members_of_a_deb():
    raw = a_deb({"etc/one": b"one\n"})
    names = [member.name for member in deb.members(io.BytesIO(raw))]
    assert names == ["debian-binary", "control.tar.gz", "data.tar.xz"]
    found = deb.data(io.BytesIO(raw))
    assert raw[found.at : found.at + 6] == b"\xfd7zXZ\0" and found.at + found.size <= len(raw)


@pytest.mark.skipif(DPKG_DEB is None, reason="dpkg-deb is not installed")
def test_what_the_tests_make_is_a_deb(tmp_path):
    for name, content in LEAST.items():
        (tmp_path / name).write_bytes(content)
        subprocess.run([DPKG_DEB, "-c", tmp_path / name], check=True, capture_output=True, timeout=60)


@pytest.mark.skipif(DPKG_DEB is None, reason="dpkg-deb is not installed")
@pytest.mark.parametrize("packed_by", ["gzip", "xz", "none"])
def test_a_deb_of_dpkg_deb(tmp_path, packed_by):
    (tmp_path / "tree/DEBIAN").mkdir(parents=True)
    control = "Package: one\nVersion: 1\nArchitecture: all\nMaintainer: nobody <a@example.org>\nDescription: none\n"
    (tmp_path / "tree/DEBIAN/control").write_text(control)
    (tmp_path / "tree/one").write_text("one\n")
    argv = [DPKG_DEB, "--root-owner-group", f"-Z{packed_by}", "-b", "tree", "one.deb"]
    subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    with open(tmp_path / "one.deb", "rb") as stream:
        assert deb.data(stream).name.startswith("data.tar")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "is no .deb"),
        (b"<html>404</html>", "is no .deb"),
        (a_deb({})[:100], "is a damaged .deb"),
        (b"!<arch>\n", "no data.tar in it"),
    ],
)
def test_what_is_no_deb(raw, words):
    with pytest.raises(ValueError, match=words):
        deb.data(io.BytesIO(raw))


def test_an_rpm():
    stream = io.BytesIO(rpm(FILES, {"etc/one": ("root", "mail")}))
    header = rpms.header(stream)
    assert (header.packed_by, header.owners) == ("gzip", {"etc/one": ("root", "mail")})
    assert stream.tell() == header.at
    with gzip.open(stream) as files:
        found = [(entry.name, entry.mode, content.read()) for entry, content in rpms.entries(files)]
    assert found == [(name, mode, content) for name, mode, content, _inode, _links in FILES]


def test_files_that_nobody_reads_are_gone_over():
    files = [(f"./{number}", 0o100644, bytes(number), number, 1) for number in range(9)]
    assert [entry.name for entry, _content in rpms.entries(io.BytesIO(cpio(files)))] == [f"./{n}" for n in range(9)]


@pytest.mark.parametrize("end", [0, 50, 100, 130])
def test_an_rpm_that_is_cut_short(end):
    with pytest.raises(ValueError, match=r"is no .rpm|is a damaged .rpm"):
        rpms.header(io.BytesIO(rpm(FILES)[:end]))


@pytest.mark.parametrize("raw", [b"", b"070707" + bytes(200), cpio(FILES)[:300]])
def test_files_that_are_damaged(raw):
    with pytest.raises(ValueError, match=r"damaged|cut short"):
        for _entry, content in rpms.entries(io.BytesIO(raw)):
            content.read()


def test_what_the_first_boot_gets():
    passwd = "root::0:0:root:/root:/bin/sh\n_apt:*:42:65534::/:/bin/false\n"
    assert first_boot.shadow(passwd) == "root:*:19000:0:99999:7:::\n_apt:*:19000:0:99999:7:::\n"
    assert first_boot.number_of(passwd, "_apt") == 42 and first_boot.number_of(passwd, "mail") == 0
    for kind, words in ((".deb", "dpkg --force-depends"), (".rpm", "rpm -U")):
        assert words in first_boot.script(kind)
        subprocess.run(["/bin/sh", "-n"], input=first_boot.script(kind), text=True, check=True, timeout=60)
    assert f"ExecStart=/bin/sh /{first_boot.SCRIPT}" in first_boot.unit()
