# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared for a guest that runs is looked at as if it were to start, and what is gone is never made anew."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.guests import (
    KERNEL,
    LINUX,
    WEB,
    actions,
    refused,
    run,
    settled,
)

pytestmark = pytest.mark.usefixtures("clock", "xen")

DATA = {"path": "/home/xen/data.img", "vdev": "xvdb", "size": "1G"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kernel": "/home/xen/none"}, "kernel /home/xen/none does not exist on the machine"),
        ({"ramdisk": "/home/xen/none"}, "ramdisk /home/xen/none does not exist on the machine"),
        ({"disks": ["/home/xen/none.img"]}, "disk /home/xen/none.img does not exist"),
        ({"disks": ["/dev"]}, "disk /dev is a directory"),
        ({"nics": ["bridge7"]}, "bridge bridge7 does not exist on the machine"),
        ({"memory": 900000, "maxmem": 900000}, "guests to be started need"),
        ({"pci": ["03:00.0"]}, "pci device 0000:03:00.0 is not kept for guests"),
    ],
)
def test_what_would_not_start_is_refused_although_the_guest_runs(host, change, words):
    run(host, LINUX)
    assert words in refused(host, dict(LINUX, **change))
    assert host.text("/usr/pkg/etc/xen/lin1")
    assert settled(host, LINUX)


def test_a_kernel_that_is_gone_is_said_while_the_guest_runs(host):
    run(host, WEB)
    host.remove(KERNEL)
    outcome = run(host, WEB)
    assert outcome.plan.warnings == [f"guest web1: {KERNEL} is gone, without which it can't be started again"]
    assert outcome.done == []


def test_a_disk_that_is_gone_is_not_made_anew(host):
    """It may lie below the mount point of a file system that is not mounted: an empty one would be started."""
    guest = dict(WEB, disks=[*WEB["disks"], DATA])
    assert "make_disk" in actions(run(host, guest))
    host.remove(DATA["path"])
    outcome = run(host, guest)
    assert (outcome.done, outcome.plan.warnings) == (
        [],
        [f"guest web1: its disk {DATA['path']} is gone, although the guest is running"],
    )
    down = dict(guest, state="shutdown")
    assert actions(run(host, down)) == ["shutdown"]
    (warning,) = run(host, down).plan.warnings
    assert f"disk {DATA['path']} is gone, and /usr/pkg/etc/xen/web1 names it; bring it back" in warning
    assert "remove that configuration to have the guest made anew" in refused(host, guest)
    assert DATA["path"] not in host.tree
    host.remove("/usr/pkg/etc/xen/web1")
    assert actions(run(host, guest)) == ["make_disk", "write_config", "create"]
