# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks, interfaces, names of virtual disks, and sizes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats import devices, units
from ansible_collections.netbsd.xen.plugins.module_utils._formats.devices import Disk, Nic

words = st.text(
    st.characters(blacklist_characters=",=\0", blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), max_size=12
)


@given(
    st.builds(
        Disk,
        path=words.map(lambda word: "/" + word + ",a b=c"),
        vdev=st.sampled_from(["xvda", "hdc", "sdb1", "0x1"]),
        access=st.sampled_from(["rw", "ro"]),
        cdrom=st.booleans(),
    )
)
def test_a_disk_that_is_written_is_read_back(disk):
    assert devices.parse_disk(devices.render_disk(disk)) == disk


@given(st.builds(Nic, mac=st.just("00:16:3e:00:00:11"), bridge=words, model=words, script=words, ip=words))
def test_an_interface_that_is_written_is_read_back(nic):
    assert devices.parse_vif(devices.render_vif(nic)) == nic


@given(st.text(max_size=60) | st.text("file:raw,=vdtx/ ", max_size=40))
def test_any_text_is_a_disk_or_refused(text):
    try:
        disk = devices.parse_disk(text)
    except ValueError:
        return
    assert disk.access in ("rw", "ro")


@pytest.mark.parametrize(
    ("text", "disk"),
    [
        # xl-disk-configuration(5), and the records g1-cfg, create-phys-blk, create-hda (NetBSD 7.99.10)
        ("file:/home/g1.img,xvda,w", Disk("/home/g1.img", "xvda")),
        ("phy:/dev/wd0e,0x1,r", Disk("/dev/wd0e", "0x1", "ro")),
        ("/dev/wd0e,raw,xvda,rw", Disk("/dev/wd0e", "xvda")),
        ("/dev/wd0e,,hda", Disk("/dev/wd0e", "hda")),
        ("raw:/a.img,hda,w", Disk("/a.img", "hda")),
        ("qcow2:/a.img,hda,w", Disk("/a.img", "hda", format="qcow2")),
        ("tap:aio:/a.img,hda,w", Disk("/a.img", "hda")),
        ("format=raw, vdev=xvda, access=ro, target=/a,b=c", Disk("/a,b=c", "xvda", "ro")),
        ("vdev=hdc,devtype=cdrom,access=r,target=/a.iso", Disk("/a.iso", "hdc", "ro", cdrom=True)),
        ("/a.iso,,hdc,cdrom", Disk("/a.iso", "hdc", cdrom=True)),
        (",hdc:cdrom,r", Disk("", "hdc", "ro", "empty", True)),
        ("/a.img,raw,xvda,rw,discard,script=x", Disk("/a.img", "xvda")),
    ],
)
def test_the_spellings_of_a_disk(text, disk):
    assert devices.parse_disk(text) == disk


@pytest.mark.parametrize("text", ["/a,raw,xvda,maybe", "/a,raw,xvda,w,more", "/a,vmdk,xvda,w"])
def test_what_xl_refuses_as_a_disk(text):
    with pytest.raises(ValueError, match="."):
        devices.parse_disk(text)


@pytest.mark.parametrize(
    ("vdev", "number"),
    [
        ("xvda", 51712),  # records block_list_2 (xl 4.20) and blocklist-five (NetBSD 7.99.10)
        ("xvdb", 51728),
        ("xvde", 51776),
        ("d0", 51712),
        ("d1p2", 51730),
        ("xvdp15", 51967),
        ("xvdq", 1 << 28 | 16 << 8),
        ("xvdaa", 1 << 28 | 26 << 8),
        ("hda", 768),  # record create-hda (NetBSD 7.99.10)
        ("hdb1", 833),
        ("hdc", 5632),
        ("hdd", 5696),
        ("sda", 2048),
        ("sdb3", 2067),
        ("0xca00", 51712),
        ("51712", 51712),
        ("0x1", 1),
        ("0", 0),
        ("017", 15),
        ("", None),
        ("nope", None),
        ("xvd", None),
        ("hde", None),
        ("xvda1x", None),
        ("09", None),
    ],
)
def test_names_of_virtual_disks(vdev, number):
    assert devices.vdev_number(vdev) == number


def test_disks_without_a_name_are_counted_through():
    names = [devices.default_vdev(index) for index in (0, 1, 25, 26, 51, 52)]
    assert names == ["xvda", "xvdb", "xvdz", "xvdaa", "xvdaz", "xvdba"]
    numbers = {devices.vdev_number(devices.default_vdev(index)) for index in range(700)}
    assert len(numbers) == 700


@given(st.text(), st.text(), st.integers(0, 99))
def test_derived_addresses_are_proper(host, guest, index):
    assert devices.mac_problem(devices.derived_mac(host, guest, index)) is None
    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", devices.derived_uuid(host, guest)
    )


@pytest.mark.parametrize("mac", ["", "00:16:3e", "00-16-3e-00-00-01", "0:16:3e:0:0:1", "01:00:00:00:00:00", "0" * 17])
def test_bad_addresses_are_told(mac):
    assert devices.mac_problem(mac)


@pytest.mark.parametrize(("text", "number"), [(512, 512), ("512", 512), ("512M", 512), ("1G", 1024), (" 2G ", 2048)])
def test_memory(text, number):
    assert units.mebibytes(text) == number


@pytest.mark.parametrize("text", ["lots", "", None, True, 1.5, "1.5G", "1g", "-1", "1K", [512]])
def test_what_is_no_memory(text):
    with pytest.raises(ValueError, match="not a number of MiB"):
        units.mebibytes(text)


def test_sizes():
    assert [units.size_bytes(text) for text in ("1K", "2M", "10G", "1T")] == [1 << 10, 2 << 20, 10 << 30, 1 << 40]
    for text in (10, "10", "0G", "10g", "G", "-1G", "1GB"):
        with pytest.raises(ValueError, match="not a size"):
            units.size_bytes(text)
