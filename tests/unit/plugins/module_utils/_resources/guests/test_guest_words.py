# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What a diff shows of a guest: the keys and values as an admin declares them, and only those that differ."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest.devices import Disk, Nic
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.plan import words

ROOT = Disk("/home/xen/web1.img", "xvda").settled()
DATA = Disk("/dev/wd0e", "xvdb").settled()
CD = Disk("/cd.iso", "hdc", access="ro", cdrom=True).settled()
NIC = Nic("00:16:3e:00:00:01", "bridge0").settled()
OTHER = Nic("00:16:3e:00:00:02", "bridge1", ip="10.0.0.2").settled()


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        # A configuration's keys become the guest's, MiB and bytes their sizes; what is alike is left out.
        (
            {"memory": 256, "maxmem": 256, "vcpus": 1, "kernel": "/k", "name": "web1"},
            {"memory": 20480, "maxmem": 512, "vcpus": 2, "kernel": "/k", "name": "web1"},
            ({"memory": "256M", "maxmem": "256M", "vcpus": 1}, {"memory": "20G", "maxmem": "512M", "vcpus": 2}),
        ),
        # A disk that stays is named as one.
        (
            {"disk": [ROOT]},
            {"disk": [ROOT, DATA]},
            (
                {"disks": ["/home/xen/web1.img as xvda (stays)"]},
                {"disks": ["/home/xen/web1.img as xvda (stays)", "/dev/wd0e as xvdb"]},
            ),
        ),
        (
            {"nics": [NIC, OTHER]},
            {"nics": [NIC]},
            (
                {
                    "nics": [
                        "00:16:3e:00:00:01 on bridge0 (stays)",
                        "00:16:3e:00:00:02 on bridge1, ip=10.0.0.2",
                    ]
                },
                {"nics": ["00:16:3e:00:00:01 on bridge0 (stays)"]},
            ),
        ),
        # What is empty is not there.
        ({"cpus": "0-3", "ramdisk": ""}, {"ramdisk": "/r"}, ({"cpus": "0-3"}, {"ramdisk": "/r"})),
        (
            "missing",
            {"memory": 512, "pci": [], "disk": [CD]},
            ("missing", {"memory": "512M", "disks": ["/cd.iso as hdc, cdrom=true"]}),
        ),
        # One device that comes or goes.
        ("none", DATA, ("none", "/dev/wd0e as xvdb")),
        (
            dict(ROOT, access="ro", trusted=False),
            "none",
            ("/home/xen/web1.img as xvda, access=ro, trusted=false", "none"),
        ),
        ("none", NIC, ("none", "00:16:3e:00:00:01 on bridge0")),
        # What was in no configuration's form stays as it was found.
        ({"disk": ["strange"]}, {"disk": [ROOT]}, ({"disks": ["strange"]}, {"disks": ["/home/xen/web1.img as xvda"]})),
        ("not running", "running", ("not running", "running")),
    ],
)
def test_both_sides(before: Any, after: Any, shown: tuple[Any, Any]) -> None:
    assert words.both(before, after) == shown
