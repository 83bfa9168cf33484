# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Linux kernels: what packs them, how they can be started, and what a toolstack makes of them."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils import _releases
from ansible_collections.netbsd.xen.plugins.module_utils._formats.install import kernel_image
from ansible_collections.netbsd.xen.plugins.module_utils._formats.install.kernel_image import KernelImage

PV, PVH = (1, 6), (18,)
NEW, OLD = _releases.RELEASES["4.20"], _releases.RELEASES["4.13"]


def note(owner: bytes, kind: int) -> bytes:
    padded = owner + b"\0" * (-len(owner) % 4)
    return struct.pack("<III", len(owner), 8, kind) + padded + b"\x01" * 8


def elf(*kinds: int, wide: bool = True) -> bytes:
    """An ELF file with one segment of notes: Xen's of these types among others' (elf(5))."""
    notes = note(b"GNU\0", 18) + b"".join(note(b"Xen\0", kind) for kind in kinds) + note(b"Linux\0", 6)
    if wide:
        head = struct.pack("<4sBB10xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 2, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
        load = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, 10, 10, 4096)
        segment = struct.pack("<IIQQQQQQ", 4, 4, 64 + 112, 0, 0, len(notes), len(notes), 4)
    else:
        head = struct.pack("<4sBB10xHHIIIIIHHHHHH", b"\x7fELF", 1, 1, 2, 3, 1, 0, 52, 0, 0, 52, 32, 2, 0, 0, 0)
        load = struct.pack("<IIIIIIII", 1, 0, 0, 0, 10, 10, 5, 4096)
        segment = struct.pack("<IIIIIIII", 4, 52 + 64, 0, 0, len(notes), len(notes), 4, 4)
    return head + load + segment + notes


def bzimage(payload: bytes, protocol: int = 0x020F) -> bytes:
    """The header that xg_dom_bzimageloader.c reads, and the payload 16 bytes behind the setup sectors."""
    setup = bytearray(2 * 512)
    setup[0x1F1] = 1
    setup[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", setup, 0x206, protocol)
    struct.pack_into("<II", setup, 0x248, 16, len(payload) + 4)
    # Its size stands behind a packed kernel.
    return bytes(setup) + b"\0" * 16 + payload + struct.pack("<I", 4711) + b"\0" * 32


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize(
    ("kinds", "pv", "pvh"), [((*PV, *PVH), True, True), (PV, True, False), (PVH, False, True), ((), False, False)]
)
def test_notes(kinds, pv, pvh, wide):
    assert kernel_image.look(elf(*kinds, wide=wide)) == KernelImage("ELF", "", pv, pvh)
    assert kernel_image.look(gzip.compress(elf(*kinds, wide=wide))) == KernelImage("gzip file", "", pv, pvh)


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("gzip", gzip.compress),
        ("bzip2", bz2.compress),
        ("xz", lzma.compress),
        ("lzma", lambda content: lzma.compress(content, format=lzma.FORMAT_ALONE)),
    ],
)
def test_what_this_python_unpacks_is_looked_into(name, pack):
    found = kernel_image.look(bzimage(pack(elf(*PVH))))
    assert found == KernelImage("bzImage", name, False, True)


@pytest.mark.parametrize(
    ("name", "magic"), [("zstd", b"\x28\xb5\x2f\xfd"), ("lz4", b"\x02\x21\x4c\x18"), ("lzo", b"\x89LZO\0\r\n")]
)
def test_what_it_does_not_is_only_named(name, magic):
    found = kernel_image.look(bzimage(magic + b"\x11" * 64))
    assert found == KernelImage("bzImage", name)
    assert kernel_image.problem(found, "pv", NEW.unpacks, "4.20") == ""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "neither ELF nor bzImage"),
        (b"#!/bin/sh\n" * 100, "neither ELF nor bzImage"),
        (bzimage(gzip.compress(elf()), 0x0207), "boot protocol before 2.08"),
        (bzimage(gzip.compress(elf()))[:1100], "cut short"),
        (bzimage(b"PK\3\4" * 20), "does not know"),
    ],
)
def test_no_kernel(content, words):
    found = kernel_image.look(content)
    assert words in found.wrong
    assert words in kernel_image.problem(found, "pv", NEW.unpacks, "4.20")


def test_a_damaged_payload_is_not_judged():
    found = kernel_image.look(bzimage(gzip.compress(elf(*PV))[:12] + b"\xff" * 40))
    assert (found.packed_by, found.pv) == ("gzip", None)


@pytest.mark.parametrize(
    ("kernel", "guest_type", "release", "words"),
    [
        (KernelImage("bzImage", "zstd"), "pv", "4.13", "packed by zstd, which the tools of Xen 4.13 can't unpack"),
        (KernelImage("bzImage", "zstd"), "pv", "4.15", ""),
        (KernelImage("bzImage", "xz"), "pv", "4.2", "they take gzip, bzip2, lzma, and an ELF file"),
        (KernelImage("bzImage", "gzip"), "pv", "3.1", "they take an ELF file (vmlinux), plain or gzipped"),
        (KernelImage("ELF", "", True, True), "pv", "3.1", ""),
        (KernelImage("ELF", "", False, True), "pv", "4.20", "CONFIG_XEN_PV is off); it can be started as type pvh"),
        (KernelImage("ELF", "", False, True), "pvshim", "4.20", "CONFIG_XEN_PV is off"),
        (KernelImage("ELF", "", True, False), "pvh", "4.20", "CONFIG_PVH is off); it can be started as type pv"),
        (KernelImage("ELF", "", False, False), "pv", "4.20", "CONFIG_XEN_PV is off)"),
        (KernelImage("ELF", "", False, True), "pvh", "4.20", ""),
        (KernelImage("ELF"), "pvh", "4.20", ""),
    ],
)
def test_what_a_toolstack_makes_of_it(kernel, guest_type, release, words):
    said = kernel_image.problem(kernel, guest_type, _releases.RELEASES[release].unpacks, release)
    assert words in said and bool(said) == bool(words)


CONFIG = """\
# CONFIG_LOCALVERSION_AUTO is not set
CONFIG_XEN_BLKDEV_FRONTEND=m
CONFIG_EXT4_FS=y
CONFIG_EXT4_USE_FOR_EXT2=y
CONFIG_CMDLINE="CONFIG_XFS_FS=y"
"""


def test_what_it_takes_without_a_ramdisk():
    found = kernel_image.settings(CONFIG)
    assert found == {"XEN_BLKDEV_FRONTEND": "m", "EXT4_FS": "y", "EXT4_USE_FOR_EXT2": "y"}
    assert kernel_image.lacks_without_ramdisk(found, "ext4") == ["CONFIG_XEN_BLKDEV_FRONTEND"]
    built_in = dict(found, XEN_BLKDEV_FRONTEND="y")
    assert [kernel_image.lacks_without_ramdisk(built_in, name) for name in ("ext2", "ext3", "ext4")] == [[], [], []]
    assert kernel_image.lacks_without_ramdisk({"XEN_BLKDEV_FRONTEND": "y"}, "ext3") == ["CONFIG_EXT3_FS"]


def test_releases_know_more_and_more():
    packers = [set(row.unpacks) for row in _releases.RELEASES.values()]
    assert all(older <= newer for older, newer in zip(packers, packers[1:]))
    assert ("zstd" in NEW.unpacks, "zstd" in OLD.unpacks) == (True, False)
