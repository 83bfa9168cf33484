# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks, interfaces, names of virtual disks, and sizes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats import units
from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest import devices
from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest.devices import Disk, Nic, Pci

words = st.text(
    st.characters(blacklist_characters=",=\0", blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), max_size=12
)


@given(
    st.builds(
        Disk,
        path=words.map(lambda word: "/" + word + ",a b=c"),
        vdev=st.sampled_from(["xvda", "hdc", "sdb1", "0x1"]),
        access=st.sampled_from(["rw", "ro"]),
        format=st.sampled_from(["raw", "qcow2", "vhd"]),
        backend=words,
        backendtype=st.sampled_from(["", "phy", "qdisk"]),
        script=words,
        specification=st.sampled_from(["", "xen", "virtio"]),
        direct_io_safe=st.booleans(),
        discard=st.none() | st.booleans(),
        trusted=st.none() | st.booleans(),
        grant_usage=st.none() | st.booleans(),
        colo=st.sampled_from([(), (("colo", "True"), ("colo-host", "h"), ("colo-port", "7"))]),
    )
)
def test_a_disk_that_is_written_is_read_back(disk):
    assert devices.parse_disk(devices.render_disk(disk)) == disk


@given(
    st.builds(
        Disk,
        path=words.map("/{}".format) | words.map("/dev/{}".format),
        vdev=st.sampled_from(["xvda", "hdc", "0x1"]),
        access=st.sampled_from(["rw", "ro"]),
    )
    | st.builds(Disk, path=st.just("/a.iso"), vdev=st.just("hdc"), access=st.just("ro"), cdrom=st.just(True))
)
def test_both_toolstacks_read_the_form_for_both_alike(disk):
    text = devices.render_disk(disk, "xm")
    assert devices.parse_disk(text, "xm") == devices.parse_disk(text, "xl") == disk


@given(
    st.builds(
        Nic,
        mac=st.just("00:16:3e:00:00:11"),
        bridge=words,
        model=words,
        script=words,
        ip=words,
        type=st.sampled_from(["", "vif", "ioemu"]),
        vifname=words,
        gatewaydev=words,
        backend=words,
        rate=st.sampled_from(["", "10Mb/s", "1MB/s@20ms"]),
        devid=st.none() | st.integers(0, 9),
        mtu=st.none() | st.integers(1, 9000),
        vlan=words,
        trusted=st.none() | st.booleans(),
    )
)
def test_an_interface_that_is_written_is_read_back(nic):
    assert devices.parse_vif(devices.render_vif(nic)) == nic


flags = st.none() | st.booleans()


@given(
    st.builds(
        Pci,
        domain=st.integers(0, 0xFFFF),
        bus=st.integers(0, 0xFF),
        dev=st.integers(0, 0x1F),
        func=st.none() | st.integers(0, 7),
        vslot=st.none() | st.integers(0, 0x1F),
        permissive=flags,
        msitranslate=flags,
        seize=flags,
        power_mgmt=flags,
        rdm_policy=st.sampled_from(["", "strict", "relaxed"]),
    )
    | st.builds(Pci, name=st.just("nic0"), vslot=st.none() | st.integers(0, 0x1F), seize=flags)
)
def test_a_pci_device_that_is_written_is_read_back(pci):
    assert devices.parse_pci(devices.render_pci(pci)) == pci


@given(st.text(max_size=40) | st.text("0123456789abcdef:.@,=*nameslotv ", max_size=30))
def test_any_text_is_a_pci_device_or_refused(text):
    try:
        pci = devices.parse_pci(text)
    except ValueError:
        return
    assert devices.parse_pci(devices.render_pci(pci)).settled() == pci.settled()


@given(st.text(max_size=60) | st.text("file:raw,=vdtx/ ", max_size=40), st.sampled_from(["xl", "xm"]))
def test_any_text_is_a_disk_or_refused(text, dialect):
    try:
        disk = devices.parse_disk(text, dialect)
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
        ("/a.iso,,hdc,cdrom", Disk("/a.iso", "hdc", "ro", cdrom=True)),
        ("/a.iso,raw,hdc:cdrom,w", Disk("/a.iso", "hdc", "ro", cdrom=True)),
        ("file:/a.iso,6:cdrom,r", Disk("/a.iso", "6", "ro", cdrom=True)),
        (",hdc:cdrom,r", Disk("", "hdc", "ro", "empty", True)),
        ("/a.img,raw,xvda,rw,discard,script=x", Disk("/a.img", "xvda", discard=True, script="x")),
        ("drbd:r0,xvda,w", Disk("r0", "xvda", script="block-drbd")),
        ("phy:/dev/x,0x301,w", Disk("/dev/x", "0x301")),
        ("vdev=hdc,devtype=cdrom", Disk("", "hdc", "ro", "empty", True)),
    ],
)
def test_the_spellings_of_a_disk(text, disk):
    assert devices.parse_disk(text) == disk


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("/a,raw,xvda,maybe", "'maybe' is no access"),
        ("/a,raw,xvda,w,more", "'more' is one field too many"),
        ("/a,vmdk,xvda,w", "'vmdk' is no format"),
        ("/a,raw", "has no vdev"),
        ("vdev=xvda", "has no target"),
        ("vdev=xvda,colour=blue,target=/a", "'colour=blue' is not understood"),
        ("raw:qcow2:/a,xvda,w", "gives the format twice"),
        ("vmware:/a,xvda,w", "is no prefix that xl knows"),
        ("/a=b,raw,xvda,w", "is not understood"),
        ("vdev=hda,devtype=tape,target=/a", "is no type of disk"),
    ],
)
def test_what_xl_refuses_as_a_disk(text, why):
    with pytest.raises(ValueError, match=why):
        devices.parse_disk(text)


def test_what_a_release_does_not_know_is_a_field_to_it():
    assert devices.parse_disk("/a,raw,xvda,trusted,rw").trusted
    with pytest.raises(ValueError, match="'trusted' is no access"):
        devices.parse_disk("/a,raw,xvda,trusted,rw", unknown=frozenset(["trusted"]))


@pytest.mark.parametrize(
    ("text", "disk"),
    [
        ("phy:/dev/wd0e,0x1,w", Disk("/dev/wd0e", "0x1")),
        ("phy:wd0e,0x1,r", Disk("/dev/wd0e", "0x1", "ro")),
        ("file:/a.img,hda,w", Disk("/a.img", "hda")),
        ("tap:aio:/a.img,sda1,w", Disk("/a.img", "sda1")),
        ("tap:qcow:/a.img,xvda,w!", Disk("/a.img", "xvda", format="qcow")),
        ("file:/a.iso,hdc:cdrom,r", Disk("/a.iso", "hdc", "ro", cdrom=True)),
        ("file:/a.iso,6:cdrom,r", Disk("/a.iso", "6", "ro", cdrom=True)),
        (",hdc:cdrom,r", Disk("", "hdc", "ro", "empty", True)),
        ("phy:vg/x,ioemu:hda,w,store", Disk("/dev/vg/x", "hda", backend="store")),
    ],
)
def test_the_spellings_of_a_disk_in_xm(text, disk):
    assert devices.parse_disk(text, "xm") == disk


@pytest.mark.parametrize("text", ["", "/a", "/a,hda", "/a,hda,w,d,more", "/a,hda,x", "/a,hda:tape,w"])
def test_what_xm_refuses_as_a_disk(text):
    with pytest.raises(ValueError, match="is no disk"):
        devices.parse_disk(text, "xm")


@pytest.mark.parametrize(
    "disk", [Disk("/a", "hda", format="qcow2"), Disk("/a,b", "hda"), Disk("/a b", "hda"), Disk("/a", "hda", script="x")]
)
def test_a_disk_that_has_no_form_for_xm_is_told(disk):
    with pytest.raises(ValueError, match="xm"):
        devices.render_disk(disk, "xm")


def test_a_cd_is_the_same_whether_it_says_that_it_is_only_read_or_not():
    assert Disk("/a", "hdc", "rw", cdrom=True).settled() == Disk("/a", "hdc", "ro", cdrom=True).settled()


def test_a_settled_disk_makes_a_disk_again():
    disk = Disk("/a", "xvda", discard=False, colo=(("colo", "True"),))
    assert Disk(**disk.settled()).settled() == disk.settled()


@pytest.mark.parametrize(
    ("text", "nic"),
    [
        ("", Nic("")),
        ("mac=0:16:3E:0:0:a, bridge=b", Nic("00:16:3e:00:00:0a", "b")),
        ("mac=00-16-3e-00-00-01", Nic("00:16:3e:00:00:01")),
        ("type=ioemu,netdev=eth0,mtu=1400,devid=5", Nic("", type="ioemu", gatewaydev="eth0", mtu=1400, devid=5)),
        ("type=tap,colour=blue,untrusted", Nic("", trusted=False)),
        ("vlan=9,backend=net,vifname=v0,rate=1MB/s", Nic("", vlan="9", backend="net", vifname="v0", rate="1MB/s")),
    ],
)
def test_the_spellings_of_an_interface(text, nic):
    assert devices.parse_vif(text) == nic


def test_a_limit_is_the_same_in_bits_and_bytes():
    rates = {devices.parse_vif(f"rate={text}").settled()["rate"] for text in ("8Mb/s", "1MB/s", "1000KB/s@50ms")}
    assert rates == {"50000B/50000us"}
    assert Nic("", rate=rates.pop()).settled()["rate"] == "50000B/50000us"


def test_an_interface_says_no_more_than_was_said():
    assert Nic("00:16:3E:00:00:11").settled() == {
        "mac": "00:16:3e:00:00:11", "bridge": "", "model": "", "script": "", "ip": ""
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "settled"),
    [
        ("03:00.0", {"address": "0000:03:00.0"}),
        ("0000:0A:1f.7@5", {"address": "0000:0a:1f.7", "vslot": 5}),
        ("03:00.*,seize=1,permissive=0", {"address": "0000:03:00.*", "seize": True, "permissive": False}),
        ("bdf=03:00.0,vslot=6,rdm_policy=relaxed", {"address": "0000:03:00.0", "vslot": 6, "rdm_policy": "relaxed"}),
        ("name=nic0", {"name": "nic0"}),
    ],
)
def test_the_spellings_of_a_pci_device(text, settled):
    assert devices.parse_pci(text).settled() == settled


@pytest.mark.parametrize(
    "text",
    ["", "x", "03:00", "03:00.8", "03:20.0", "103:00.0", "03:00.0@20", "03:00.0@5x", "03:00.0,seize", "03:00.0,x=1",
     "03:00.0,rdm_policy=lax", "03:00.0,name=n", "permissive=1", "bdf=x"],
)  # fmt: skip
def test_what_xl_refuses_as_a_pci_device(text):
    with pytest.raises(ValueError, match="is no PCI device"):
        devices.parse_pci(text)


@pytest.mark.parametrize(
    ("vdev", "number"),
    [
        ("xvda", 51712),  # records block_list_2 (xl 4.20) and blocklist-five (NetBSD 7.99.10)
        ("xvdb", 51728),
        ("xvde", 51776),
        ("d0p0", 51712),
        ("d0", None),  # libxl wants both parts
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
        ("xvda0", None),
        ("hda64", None),
        ("sda16", None),
        ("0x301", 769),
        ("6", 6),  # a CD in Solaris' way
        ("4294967296", None),
        ("xvda1x", None),
        ("09", None),
    ],
)
def test_names_of_virtual_disks(vdev, number):
    assert devices.vdev_number(vdev) == number


@pytest.mark.parametrize(
    ("vdev", "number"),
    [
        ("xvda", 51712),
        ("hda1", 769),
        ("hdt", 91 << 8 | 64),
        ("sdq", 65 << 8),
        ("sdaa", 65 << 8 | 10 << 4),
        ("0x301", 769),
        ("301", 769),
        ("6", 6),
        ("xvdq", None),
        ("d0p0", None),
        ("hdu", None),
    ],
)
def test_names_of_virtual_disks_in_xm(vdev, number):
    assert devices.vdev_number(vdev, "xm") == number


@pytest.mark.parametrize(
    ("number", "name"),
    [(0xCA00, "xvda"), (0xCA12, "xvdb2"), (0x301, "hda1"), (0x1640, "hdd"), (0x800, "sda"), (0x8F1, "sdp1"), (1, "0x1"),
     (6, "0x6"), (1 << 28 | 26 << 8 | 3, "xvdaa3"), (0x2100, "0x2100"), (0, "0x0")],
)  # fmt: skip
def test_numbers_of_virtual_disks_have_names(number, name):
    assert devices.vdev_name(number) == name


@given(st.integers(0, 0xFFFF) | st.integers(0, (1 << 31) - 1))
def test_a_name_stands_for_its_number(number):
    assert devices.vdev_number(devices.vdev_name(number)) == number


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
