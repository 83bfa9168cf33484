# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of disks, from their first bytes; qcow2 as qemu-img makes it, file systems as mke2fs does."""

from __future__ import annotations

import gzip
import lzma
import shutil
import struct
import subprocess

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._formats.install import disk_image
from ansible_collections.netbsd.xen.plugins.module_utils._formats.install.disk_image import DiskImage

MKE2FS = shutil.which("mke2fs", path="/sbin:/usr/sbin")
QEMU_IMG = shutil.which("qemu-img")
MBR = bytes(446) + b"\x80" + bytes(63) + b"\x55\xaa"
GPT = MBR + b"EFI PART" + bytes(504)


def cd() -> bytes:
    return bytes(32769) + b"CD001" + bytes(100)


@pytest.mark.parametrize(
    ("head", "holds"),
    [
        (MBR, "an MBR"),
        (GPT, "a GPT"),
        (cd(), "a CD (ISO 9660)"),
        (b"XFSB" + bytes(600), "an XFS file system"),
        (MBR + b"WEV\x82" + bytes(508), "an MBR and a BSD disklabel"),
    ],
)
def test_raw(head, holds):
    assert disk_image.look(head) == DiskImage("raw", holds=holds)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (gzip.compress(MBR), "gzip"),
        (lzma.compress(MBR), "xz"),
        (b"\x28\xb5\x2f\xfd\0\0", "zstd"),
        (b"BZh91AY", "bzip2"),
    ],
)
def test_packed(content, name):
    assert disk_image.look(content) == DiskImage("", name)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "no partition table, no file system"),
        (bytes(4096), "no partition table, no file system"),
        (bytes(510) + b"\x55\xaa", "no partition table"),
        (b"<!DOCTYPE html><title>404</title>", "a page or a message of a server"),
        (b"\n <html>", "a page or a message of a server"),
        (b"KDMV\1\0\0\0", "qemu-img convert"),
        (b"PK\3\4....", "a zip archive"),
        (b"#!/bin/sh\n", "a script"),
        (b"QFI\xfb\0\0\0\2", "cut short"),
        (b"QFI\xfb" + struct.pack(">IQIIQI", 1, 0, 0, 16, 1 << 30, 0) + bytes(72), "version 1"),
        (b"QFI\xfb" + struct.pack(">IQIIQI", 3, 0, 0, 16, 1 << 30, 2) + bytes(72), "encrypted"),
    ],
)
def test_no_image(head, words):
    assert words in disk_image.look(head).wrong


@pytest.mark.skipif(QEMU_IMG is None, reason="qemu-img is not installed")
def test_qcow2_as_qemu_img_makes_it(tmp_path):
    base, top = tmp_path / "base.qcow2", tmp_path / "top.qcow2"
    subprocess.run([QEMU_IMG, "create", "-q", "-f", "qcow2", str(base), "3G"], check=True, timeout=60)
    make = [QEMU_IMG, "create", "-q", "-f", "qcow2", "-b", str(base), "-F", "qcow2", str(top)]
    subprocess.run(make, check=True, timeout=60)
    assert disk_image.look(base.read_bytes()[: disk_image.HEAD_BYTES]) == DiskImage("qcow2", size=3 << 30)
    assert "on top of another file" in disk_image.look(top.read_bytes()).wrong


@pytest.mark.skipif(MKE2FS is None, reason="mke2fs is not installed")
def test_a_file_system_without_partitions(tmp_path):
    image = tmp_path / "disk.img"
    with image.open("wb") as stream:
        stream.truncate(16 << 20)
    subprocess.run([MKE2FS, "-q", "-F", str(image)], check=True, timeout=60)
    assert disk_image.look(image.read_bytes()[: disk_image.HEAD_BYTES]).holds == "an ext file system"
