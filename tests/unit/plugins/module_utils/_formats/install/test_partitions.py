# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Partition tables, as other programs read and write them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._formats.install import partitions
from ansible_collections.netbsd.xen.plugins.module_utils._formats.install.partitions import Partition

SFDISK = shutil.which("sfdisk", path="/sbin:/usr/sbin:/usr/bin")


def test_what_is_written_is_read():
    raw = partitions.mbr(100000, 0x01020304)
    assert len(raw) == 512 and raw[440:444] == b"\4\3\2\1" and raw[446] == 0x80
    assert partitions.read_mbr(raw) == [Partition(2048, 100000, 0x83)]
    assert partitions.first_start(raw.ljust(4096, b"\0")) == 2048


@pytest.mark.skipif(SFDISK is None, reason="sfdisk is not installed")
def test_another_program_reads_it(tmp_path):
    disk = tmp_path / "disk"
    disk.write_bytes(partitions.mbr(6144, 0xCAFE).ljust(4 << 20, b"\0"))
    said = subprocess.run([SFDISK, "-d", disk], capture_output=True, text=True, check=True, timeout=60).stdout
    assert "label-id: 0x0000cafe" in said
    assert "start=        2048, size=        6144, type=83, bootable" in said


@pytest.mark.skipif(SFDISK is None, reason="sfdisk is not installed")
def test_a_gpt_of_another_program(tmp_path):
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(8 << 20))
    script = "label: gpt\nstart=2048, size=4096, name=\"nx0123456789ab\"\nstart=8192, size=2048\n"
    subprocess.run([SFDISK, "-q", disk], input=script, text=True, check=True, timeout=60, capture_output=True)
    head = disk.read_bytes()[: 1 << 20]
    assert partitions.read_gpt(head) == [Partition(2048, 4096, 0, "nx0123456789ab"), Partition(8192, 2048)]
    assert partitions.first_start(head) == 2048
    # A table that is not what its header says is none (dkwedge_gpt.c).
    for at in (520, 1030):
        broken = head[:at] + bytes((head[at] ^ 1,)) + head[at + 1 :]
        assert partitions.read_gpt(broken) is None


@pytest.mark.parametrize("head", [b"", bytes(1 << 20), b"EFI PART" * 200, bytes(510) + b"\x55\xaa" + bytes(1024)])
def test_what_has_no_table(head):
    assert partitions.read_gpt(head) is None and partitions.first_start(head) == 0


@pytest.mark.parametrize("sectors", [0, -1, 1 << 32])
def test_what_an_mbr_can_not_name(sectors):
    with pytest.raises(ValueError, match="can't have"):
        partitions.mbr(sectors, 0)
