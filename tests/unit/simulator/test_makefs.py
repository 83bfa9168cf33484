# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""makefs(8) of a CD, as the collection reads it back."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._formats.install import iso9660
from ansible_collections.netbsd.xen.tests.unit.support.sim_host import make_host

FILES = {"meta-data": "instance-id: 1\n", "user-data": "#cloud-config\n" * 300, "network-config": "{}"}
# How makefs of NetBSD 7.99.10 wrote the entry of meta-data, from its name on.
ENTRY = (
    b"\x0cMETA_DATA.;1\0PX\x24\x01\xa4\x81\0\0\0\0\x81\xa4\x01\0\0\0\0\0\0\x01"
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0TF\x1a\x01\x07"
)


@pytest.fixture
def host(tmp_path):
    found = make_host(tmp_path)
    (found.root / "seed").mkdir()
    for name, text in FILES.items():
        found.write(f"/seed/{name}", text)
    return found


def test_with_rock_ridge(host):
    made = host.run("makefs", "-t", "cd9660", "-o", "rockridge,label=CIDATA", "/seed.iso", "/seed")
    assert (made.rc, made.out, made.err) == (0, "", "")
    content = (host.root / "seed.iso").read_bytes()
    disc = iso9660.read(content)
    assert disc.label == "CIDATA"
    assert disc.files == {name: text.encode() for name, text in FILES.items()}
    assert ENTRY in content


def test_without_it_the_names_are_the_cds_own(host):
    host.run("makefs", "-t", "cd9660", "-o", "label=CIDATA", "/seed.iso", "/seed")
    found = iso9660.read((host.root / "seed.iso").read_bytes())
    assert sorted(found.files) == ["META_DATA.;1", "NETWORK_CONFIG.;1", "USER_DATA.;1"]


def test_what_is_missing(host):
    assert host.run("makefs", "-t", "cd9660", "/seed.iso", "/nothing").rc == 1


@pytest.mark.parametrize("damage", [b"", b"\0" * 40000, None])
def test_no_cd(host, damage):
    host.run("makefs", "-t", "cd9660", "-o", "rockridge", "/seed.iso", "/seed")
    content = (host.root / "seed.iso").read_bytes()
    assert iso9660.read(content[:43000] if damage is None else damage) is None
