# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The filters that roles use."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.netbsd.xen.plugins.filter.disk_files import disk_files
from ansible_collections.netbsd.xen.plugins.filter.xen_release import xen_release
from ansible_collections.netbsd.xen.plugins.module_utils._releases import RELEASES

ROLES = Path(__file__).resolve().parents[3] / "roles"


def test_release_names_the_pair_and_its_files() -> None:
    row = xen_release("4.20")
    assert row["packages"] == ["xenkernel420", "xentools420"]
    assert row["hypervisor"] == "/usr/pkg/xen420-kernel/xen.gz"
    assert row["rc_scripts"][0] == {
        "src": "/usr/pkg/share/examples/rc.d/xencommons",
        "dest": "/etc/rc.d/xencommons",
        "mode": "0755",
        "keep_previous": False,
    }


def test_release_without_quotes_in_yaml_is_found() -> None:
    assert xen_release(4.18)["name"] == "4.18"


def test_unknown_release_is_refused_with_the_known_ones() -> None:
    with pytest.raises(AnsibleFilterError, match=r"'9\.9' is not known; allowed are 4\.18, 4\.20"):
        xen_release("9.9")


@pytest.mark.parametrize(("role", "variable"), [("dom0", "dom0_xen_release"), ("bootloader", "bootloader_xen_release")])
def test_roles_allow_exactly_the_releases_of_the_table(role: str, variable: str) -> None:
    specs = yaml.safe_load((ROLES / role / "meta/argument_specs.yml").read_text())
    assert specs["argument_specs"]["main"]["options"][variable]["choices"] == list(RELEASES)


def test_disk_files_counts_files_in_both_forms() -> None:
    guests = [
        {"name": "a", "disks": ["/dev/wd0e", "/home/xen/a.img"]},
        {"name": "b", "disks": [{"path": "/home/xen/b.img", "size": "1G"}, {"path": "/dev/mapper/vg-b"}]},
        {"name": "c"},
    ]
    assert disk_files(guests) == ["/home/xen/a.img", "/home/xen/b.img"]


@pytest.mark.parametrize("nonsense", [None, [], ["web1"], [{"disks": "/a"}], [{"disks": [7, {"size": "1G"}]}]])
def test_disk_files_leaves_nonsense_to_those_who_check_it(nonsense: object) -> None:
    assert disk_files(nonsense) == []
