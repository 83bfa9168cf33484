# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What the first bytes of a disk tell. The label is the one that ``disklabel -R -r`` wrote on NetBSD 7.99.10 (hexdump
-C)."""

from __future__ import annotations

import struct

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._formats.install import disk_content, proto_label

MIB = 1 << 20
LABEL = bytes.fromhex(
    "57455682 0c000000 766e6400 00000000 00000000 00000000 6e783031 32333435"
    "36373839 61626300 00020000 20000000 40000000 00020000 00080000 00001000"
    "00000000 00000000 100e0100 00000000" + "00" * 48 + "00000000 57455682 3b4b0400 00200000"
)


def head(**parts: bytes) -> bytes:
    found = bytearray(MIB)
    for at, content in parts.items():
        place = int(at[1:])
        found[place : place + len(content)] = content
    return bytes(found)


def superblock(magic: int, mounted_on: str) -> bytes:
    block = bytearray(1376)
    struct.pack_into("<I", block, 1372, magic)
    block[212 : 212 + len(mounted_on)] = mounted_on.encode()
    return bytes(block)


def test_a_recorded_label() -> None:
    found = disk_content.label(head(b512=LABEL))
    assert found is not None and found.pack == "nx0123456789abc"


def test_half_a_label_is_none() -> None:
    assert disk_content.label(head(b512=LABEL[:100])) is None
    assert disk_content.label(b"") is None


def test_a_label_of_our_own_has_its_mark_and_nothing_else() -> None:
    found = disk_content.label(head(b512=disk_content.empty_label("nx0011223344ff")))
    assert (found.pack, found.partitions) == ("nx0011223344ff", {})


@pytest.mark.parametrize(
    ("kind", "pack", "mark"),
    [
        # As sysinst of 7.99.10 leaves it.
        ("nx3aeef123b640", "", "nx3aeef123b640"),
        ("nx3aeef123b640", "fictitious", "nx3aeef123b640"),
        ("Xen Virtual ESD", "nx3aeef123b640", "nx3aeef123b640"),
        ("vnd", "mydisk", "mydisk"),
        ("vnd", "", ""),
    ],
)
def test_the_mark_is_found_under_either_name(kind: str, pack: str, mark: str) -> None:
    raw = bytearray(disk_content.empty_label(pack))
    raw[8 : 8 + len(kind)] = kind.encode()
    found = disk_content.label(bytes(disk_content.LABEL_AT) + bytes(raw))
    assert found is not None and found.mark == mark


@pytest.mark.parametrize(("at", "magic"), [("b65536", 0x19540119), ("b8192", 0x11954)])
def test_where_a_file_system_was_mounted(at: str, magic: int) -> None:
    assert disk_content.ffs_mounted_on(head(**{at: superblock(magic, "/mnt/h")})) == "/mnt/h"
    assert disk_content.ffs_mounted_on(head(**{at: superblock(magic, "")})) == ""
    assert disk_content.ffs_mounted_on(head()) is None


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"b510": b"\x55\xaa"}, ["an MBR"]),
        ({"b512": b"EFI PART"}, ["a GPT"]),
        ({"b1080": b"\x53\xef"}, ["an ext2, ext3 or ext4 file system"]),
        ({"b512": LABEL, "b8192": superblock(0x11954, "/")}, ["a disklabel", "a file system of NetBSD"]),
        ({"b99": b"x"}, []),
    ],
)
def test_what_is_known(parts: dict[str, bytes], words: list[str]) -> None:
    assert disk_content.described(head(**parts)) == words


def test_root_and_swap_fill_a_disk() -> None:
    layout = proto_label.layout(600 * MIB, 100 * MIB + 1)
    assert layout == proto_label.Layout(total=1228800, root=499 * 2048, swap=101 * 2048)
    assert layout.root + layout.swap == layout.total
    assert proto_label.layout(10 * MIB + 512, 0) == proto_label.Layout(20481, 20480, 0)
    assert " b:" not in proto_label.text(proto_label.layout(MIB, 0), "m")
    assert "label: nx1\n" in proto_label.text(layout, "nx1")
