# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nobody is given a disk that somebody else writes to, whatever it is called and whoever that is."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.module_utils._formats.system import swap
from ansible_collections.netbsd.xen.tests.unit.support.fakes import Entry
from ansible_collections.netbsd.xen.tests.unit.support.guests import WEB, actions, refused, run

pytestmark = pytest.mark.usefixtures("clock")

IMAGE = "/home/xen/web1.img"
MAIL = dict(WEB, name="mail", disks=[IMAGE])
CONFIGS = "/usr/pkg/etc/xen"


def names_of(host, path, how):
    """Another name of what is at a path."""
    if how == "itself":
        return path
    other = f"{path}.other" if path.startswith("/home") else "/dev/other"
    host.tree[other] = Entry(path.encode(), kind="link") if how == "symbolic link" else host.tree[path]
    return other


NAMES = ("itself", "symbolic link", "hard link or second node")


@pytest.mark.parametrize("how", NAMES)
@pytest.mark.parametrize("disk", [IMAGE, "/dev/wd1e"])
def test_of_two_guests_that_one_run_starts(host, xen, disk, how):
    host.put("/dev/wd1e", kind="block")
    other = names_of(host, disk, how)
    words = refused(host, dict(WEB, disks=[disk]), dict(MAIL, disks=[other]))
    assert f"guest mail: disk {'is ' if how == 'itself' else ''}{other}" in words and "web1" in words
    assert xen.domains == []


@pytest.mark.parametrize("how", NAMES)
@pytest.mark.parametrize("disk", [IMAGE, "/dev/wd1e"])
def test_of_a_running_guest(host, xen, disk, how):
    host.put("/dev/wd1e", kind="block")
    assert run(host, dict(WEB, disks=[disk])).failures == {}
    other = names_of(host, disk, how)
    assert f"disk {other} is in use by " in refused(host, dict(MAIL, disks=[other]))


@pytest.mark.parametrize("how", NAMES)
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("name = 'old'\nmemory = 1\nkernel = '/k'\ndisk = ['file:{},xvda,w']\n", "of a guest that is not declared"),
        ("name = 'old'\nmemory = 1\nkernel = '/k'\ndisk = ['phy:{},xvda,w' 'x']]\n", "can't be read"),
        ("import os\nname = 'old'\ndisk = [ 'file:{},0x1,w' ]\n", "can't be read"),
    ],
)
def test_of_a_configuration_that_nobody_declares(host, xen, text, why, how):
    host.put(f"{CONFIGS}/old.cfg", text.format(names_of(host, IMAGE, how)))
    words = refused(host, WEB)
    assert f"disk {IMAGE} is in use by the configuration {CONFIGS}/old.cfg" in words and why in words


def test_a_configuration_of_the_guest_itself_under_another_file_name_is_none_of_others(host, xen):
    host.put(f"{CONFIGS}/web1.cfg", f"name = 'web1'\nmemory = 1\nkernel = '/k'\ndisk = ['file:{IMAGE},xvda,w']\n")
    assert actions(run(host, WEB)) == ["write_config", "create"]


def test_a_guest_that_is_declared_stopped_blocks_nobody_until_it_is_started(host, xen):
    stopped = dict(MAIL, state="shutdown")
    assert run(host, WEB, stopped).failures == {}
    assert [domain.name for domain in xen.domains] == ["web1"]
    assert "web1" in refused(host, WEB, MAIL)


def test_two_that_only_read_may_share(host, xen):
    shared = [{"path": IMAGE, "access": "ro"}]
    assert run(host, dict(WEB, disks=shared), dict(MAIL, disks=shared)).failures == {}
    host.put(f"{CONFIGS}/old", f"name = 'old'\nmemory = 1\nkernel = '/k'\ndisk = ['file:{IMAGE},xvda,r']\n")
    assert run(host, dict(WEB, disks=shared), dict(MAIL, disks=shared)).failures == {}


DOM0 = {
    # The system is on wd0a, mounted on /; swap on wd1b.
    "/dev/wd0a": "disk /dev/wd0a is mounted on / in dom0",
    "/dev/wd0d": "disk /dev/wd0d holds /dev/wd0a, which is mounted on / in dom0",
    "/dev/wd0c": "disk /dev/wd0c holds /dev/wd0a, which is mounted on / in dom0",
    "/dev/wd0e": "",
    "/dev/wd1b": "disk /dev/wd1b is used as swap in dom0",
    "/dev/wd1d": "disk /dev/wd1d holds /dev/wd1b, which is used as swap in dom0",
    "/dev/wd1f": "",
    "/dev/wd10d": "",
    "/dev/sd2h": "disk /dev/sd2h is a part of /dev/sd2d, which is mounted on /mnt in dom0",
}
SWAP = "Device     512-blocks    Used  Avail Capacity  Priority\n/dev/wd1b      262144       0 262144     0%    0\n"


@pytest.mark.parametrize("access", ["rw", "ro"])
@pytest.mark.parametrize("disk", DOM0)
def test_of_dom0_itself(host, xen, disk, access):
    host.programs["/sbin/swapctl"] = lambda args: (0, SWAP, "") if args == ["-l"] else (1, "", "")
    xen.mounted = "/dev/sd2d on /mnt type msdos (local)\n"
    host.put(disk, kind="block")
    guest = dict(WEB, disks=[{"path": disk, "access": access}])
    if DOM0[disk]:
        assert DOM0[disk] in refused(host, guest)
        assert xen.domains == []
    else:
        assert run(host, guest).failures == {}


def test_of_dom0_by_a_link(host, xen):
    host.put("/dev/wd0a", kind="block")
    host.put("/dev/root", "/dev/wd0a", kind="link")
    assert "disk /dev/root is mounted on / in dom0" in refused(host, dict(WEB, disks=["/dev/root"]))


def test_of_dom0_by_another_node(host, xen):
    host.put("/dev/wd0a", kind="block")
    host.tree["/dev/other"] = host.tree["/dev/wd0a"]
    assert "disk /dev/other is mounted on / in dom0" in refused(host, dict(WEB, disks=["/dev/other"]))


@pytest.mark.parametrize(
    ("program", "answer", "words"),
    [
        ("swapctl", (1, "", "swapctl: SWAP_NSWAP: Function not implemented\n"), "does not tell what dom0 swaps to"),
        ("swapctl", (None, "", ""), "did not end"),
        ("mount", (0, "", ""), "shows no file system"),
        ("mount", (1, "", "mount: getmntinfo\n"), "failed with exit status 1"),
    ],
)
def test_where_nobody_can_tell_what_dom0_uses_nothing_is_started(host, xen, program, answer, words):
    host.programs[f"/sbin/{program}"] = lambda args: answer
    host.put("/dev/wd0e", kind="block")
    with pytest.raises(XenError, match=words):
        run(host, dict(WEB, disks=["/dev/wd0e"]))
    assert xen.domains == []


def test_a_machine_without_swap(host, xen):
    """Record swapctl (NetBSD 7.99.10)."""
    host.programs["/sbin/swapctl"] = lambda args: (1, "", "no swap devices configured\n")
    host.put("/dev/wd0e", kind="block")
    assert run(host, dict(WEB, disks=["/dev/wd0e"])).failures == {}
    assert swap.devices("no swap devices configured\n") == []


def test_an_image_that_dom0_has_mounted(host, xen):
    assert run(host, dict(WEB, state="shutdown")).failures == {}
    xen.vnd_left, xen.mounted = {1: IMAGE}, "/dev/vnd1a on /mnt type ffs (local)\n"
    assert f"disk {IMAGE} is in use by vnd1: a file system on it is mounted on /mnt" in refused(host, WEB)


def test_a_disk_that_comes_while_the_guest_runs(host, xen):
    host.put("/dev/wd0d", kind="block")
    host.put("/home/xen/more.img")
    assert run(host, WEB).failures == {}
    assert "holds /dev/wd0a" in refused(host, dict(WEB, disks=[IMAGE, "/dev/wd0d"]))
    host.put(f"{CONFIGS}/old", "name = 'old'\nmemory = 1\nkernel = '/k'\ndisk = ['file:/home/xen/more.img,xvda,w']\n")
    assert f"{CONFIGS}/old" in refused(host, dict(WEB, disks=[IMAGE, "/home/xen/more.img"]))


# -- files of others ---------------------------------------------------------------------------------------------------

PETRA = """\
# Petra's database machine
name = "petra-db"
kernel = "/home/xen/netbsd-XEN3_DOMU.gz"
memory = 64
"""


def test_the_configuration_of_another_guest_is_not_replaced(host, xen):
    host.put(f"{CONFIGS}/web1", PETRA)
    assert f"{CONFIGS}/web1 is the configuration of guest petra-db" in refused(host, WEB)
    assert host.text(f"{CONFIGS}/web1") == PETRA


def test_what_was_written_by_hand_is_kept_once(host, xen):
    by_hand = PETRA.replace("petra-db", "web1") + "localtime = 1\n"
    host.put(f"{CONFIGS}/web1", by_hand)
    outcome = run(host, WEB)
    assert f"kept as {CONFIGS}/.web1.orig" in outcome.done[0].summary
    assert host.text(f"{CONFIGS}/.web1.orig") == by_hand
    outcome = run(host, dict(WEB, memory=64))
    assert "kept" not in outcome.done[0].summary
    host.put(f"{CONFIGS}/web1", by_hand.replace("64", "65"))
    assert run(host, WEB).failures == {}
    assert host.text(f"{CONFIGS}/.web1.orig") == by_hand
