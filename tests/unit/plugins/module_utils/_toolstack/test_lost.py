# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests that run and that xenstored does not know: what tells of them, and what is said."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl.xl_output import Row
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import lost
from ansible_collections.netbsd.xen.tests.unit.support.rooted import RootedHost

PS = "/bin/ps -axww -o pid= -o args="
ATTACH = "xbd backend: attach device wd0e (size 4194304) for domain {}\n"
DETACH = "xbd backend: detach device wd0e for domain {}\n"
BANNER = "[   1.000003] hypervisor0 at mainbus0: Xen version 4.17.7\n"


def machine(tmp_path, processes=("/usr/pkg/sbin/xenconsoled ",), interfaces="wm0 lo0 bridge0", units="", said=BANNER):
    host = RootedHost(tmp_path, {"/var/run/xenstored.pid": "1164\n"})
    rows = ["   0 [system]", "   1 init ", *(f"{pid:4d} {line}" for pid, line in enumerate(processes, 100))]
    host.answers = {
        PS: "\n".join(rows) + "\n",
        "/sbin/ifconfig -l": interfaces + "\n",
        "/usr/sbin/vnconfig -l": units + "vnd1: not in use\n",
        "/sbin/dmesg": said,
    }
    return host


def test_a_dead_store_alone_is_no_sign(tmp_path):
    assert lost.signs(machine(tmp_path)) == []


@pytest.mark.parametrize(
    ("given", "sign"),
    [
        ({"interfaces": "wm0 xvif1i0"}, "interface xvif1i0"),
        ({"interfaces": "wm0 xvif1.0"}, "interface xvif1.0"),
        ({"processes": ["/usr/pkg/sbin/xl create -p /root/t1.cfg "]}, "process xl"),
        ({"processes": ["/usr/pkg/libexec/xen/bin/qemu-system-i386 -xen-domid 1 "]}, "process qemu-system-i386"),
        ({"units": "vnd0: /home (/dev/wd0f) inode 7\n"}, "disk vnd0 on /home (/dev/wd0f) inode 7"),
        ({"said": BANNER + ATTACH.format(3)}, "domain 3 with a disk in the kernel's messages"),
        ({"said": ATTACH.format(3)}, "domain 3 with a disk in the kernel's messages"),  # the banner is lost
    ],
)
def test_what_tells_of_a_guest(tmp_path, given, sign):
    assert lost.signs(machine(tmp_path, **given)) == [sign]


@pytest.mark.parametrize(
    "given",
    [
        {"processes": ["/usr/pkg/sbin/xl list "]},  # an admin's, which hangs
        {"said": BANNER + ATTACH.format(3) + DETACH.format(3)},
        {"said": ATTACH.format(3) + BANNER},  # of the boot before
        {"interfaces": "wm0 xvif"},
    ],
)
def test_what_does_not(tmp_path, given):
    assert lost.signs(machine(tmp_path, **given)) == []


def test_where_no_store_has_run_since_the_boot_a_unit_is_something_elses(tmp_path):
    host = machine(tmp_path, units="vnd0: /home (/dev/wd0f) inode 7\n")
    host.remove("/var/run/xenstored.pid")
    assert lost.signs(host) == []
    assert not any("vnconfig" in command for command in host.ran)


def test_a_store_that_lives_has_its_guests_disks(tmp_path):
    host = machine(tmp_path, ["/usr/pkg/sbin/oxenstored "], units="vnd0: /home (/dev/wd0f) inode 7\n")
    assert lost.signs(host) == []


def test_where_nobody_can_look_there_may_be_guests(tmp_path):
    host = machine(tmp_path)
    host.answers["/sbin/ifconfig -l"] = CommandFailed("ifconfig -l did not end within 30 seconds")
    assert lost.signs(host) == ["nobody can tell: ifconfig -l did not end within 30 seconds"]


def test_disks_that_nobody_can_list_hide_no_interface(tmp_path):
    host = machine(tmp_path, interfaces="xvif1i0")
    host.answers["/usr/sbin/vnconfig -l"] = CommandFailed("vnconfig -l could not be started")
    assert lost.signs(host) == ["interface xvif1i0"]


def test_a_name_that_stays_lost():
    rows = [
        Row("Domain-0", 0, 512, 1, "r-----"),
        Row("(null)", 3, 64, 1, "-b----"),
        Row("(null)", 4, 0, 1, "--p--d"),
        Row("(null)", 6, 64, 1, "--p---"),
        Row("web1", 5, 64, 1, "-b----"),
    ]
    assert [row.domid for row in lost.nameless(rows)] == [3]
    words = lost.words_for_nameless(lost.nameless(rows))
    assert "domain 3" in words and "from within" in words and "bootloader_abandon_guests=true" in words


def test_the_dead_store_is_explained_in_the_same_words():
    words = lost.words_for_dead_store(["interface xvif1i0"])
    assert "xenstored is not running" in words and "interface xvif1i0" in words and "none is started" in words
    assert words.split("They go on")[1].startswith(lost.words_for_nameless([]).split("They go on")[1])


def test_a_disk_alone_may_be_somebody_elses():
    disk = "disk vnd0 on /home (/dev/wd0f) inode 7"
    assert "take it away" in lost.words_for_dead_store([disk])
    assert "take it away" not in lost.words_for_dead_store([disk, "interface xvif1i0"])
