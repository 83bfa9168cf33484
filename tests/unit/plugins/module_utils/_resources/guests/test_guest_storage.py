# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nobody is given a disk that somebody else writes to, whatever it is called and whoever that is."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.module_utils._formats.system import swap
from ansible_collections.netbsd.xen.tests.unit.support.fakes import Entry
from ansible_collections.netbsd.xen.tests.unit.support.guests import WEB, actions, refused, run, settled

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


@pytest.mark.parametrize("path", ["/srv/xen/old.cfg", "/usr/pkg/etc/old.cfg"])
def test_of_a_configuration_elsewhere_that_starts_with_the_machine(host, xen, path):
    """xendomains says which file is whose."""
    folder = path.rpartition("/")[0]
    host.put("/etc/rc.conf", f'rc_configured=YES\nxendomains="old nothing"\nxendomains_config="{folder}/%s.cfg"\n')
    host.put(path, f"name = 'old'\nmemory = 1\nkernel = '/k'\ndisk = ['file:{IMAGE},xvda,w']\n")
    words = refused(host, WEB)
    assert f"disk {IMAGE} is in use by the configuration {path} of a guest that is not declared" in words
    # The guest's own is no other's, and neither is one that does not start with the machine.
    host.put(path, f"name = 'web1'\nmemory = 1\nkernel = '/k'\ndisk = ['file:{IMAGE},xvda,w']\n")
    assert run(host, WEB).failures == {}
    host.put(path, f"name = 'old'\nmemory = 1\nkernel = '/k'\ndisk = ['file:{IMAGE},xvda,w']\n")
    host.put("/etc/rc.conf", "rc_configured=YES\n")
    assert run(host, WEB).failures == {}


def test_a_configuration_of_the_guest_itself_under_another_file_name_is_none_of_others(host, xen):
    host.put(f"{CONFIGS}/web1.cfg", f"name = 'web1'\nmemory = 1\nkernel = '/k'\ndisk = ['file:{IMAGE},xvda,w']\n")
    assert actions(run(host, WEB)) == ["write_config", "create"]


def test_a_guest_that_is_declared_stopped_blocks_nobody_until_it_is_started(host, xen):
    stopped = dict(MAIL, state="shutdown")
    assert run(host, WEB, stopped).failures == {}
    assert [domain.name for domain in xen.domains] == ["web1"]
    assert "web1" in refused(host, WEB, MAIL)


def test_a_guest_whose_memory_is_saved_has_its_disks_still(host, xen):
    """To let it go on with a disk that another one has written to would ruin that."""
    saved = dict(MAIL, state="saved")
    assert run(host, MAIL).failures == {}
    assert run(host, saved).failures == {}
    words = refused(host, WEB, saved)
    assert f"disk {IMAGE} is in use by guest mail, whose memory is saved; let it go on, or move /var" in words
    assert run(host, dict(WEB, state="shutdown"), saved).failures == {}


def test_two_that_only_read_may_share(host, xen):
    shared = [{"path": IMAGE, "access": "ro"}]
    assert run(host, dict(WEB, disks=shared), dict(MAIL, disks=shared)).failures == {}
    host.put(f"{CONFIGS}/old", f"name = 'old'\nmemory = 1\nkernel = '/k'\ndisk = ['file:{IMAGE},xvda,r']\n")
    assert run(host, dict(WEB, disks=shared), dict(MAIL, disks=shared)).failures == {}


def shared(path, name, **more):
    return dict({"path": path, "shared": name} if name else {"path": path}, **more)


SHARING = [
    ("data", "data", ""),
    ("data", "", "to share it both must give the same name as shared, which is not given here and 'data' there"),
    ("", "data", "to share it both must give the same name as shared, which is 'data' here and not given there"),
    ("data", "Data", "to share it both must give the same name as shared, which is 'Data' here and 'data' there"),
]


@pytest.mark.parametrize("how", NAMES)
@pytest.mark.parametrize(("one", "other", "words"), SHARING)
def test_a_file_is_shared_on_purpose_if_both_say_so(host, xen, one, other, words, how):
    path = names_of(host, IMAGE, how)
    web, mail = dict(WEB, disks=[shared(IMAGE, one)]), dict(MAIL, disks=[shared(path, other)])
    if words:
        said = refused(host, web, mail)
        assert "guest mail: disk " in said and "guest web1" in said and words in said
        return
    assert run(host, web, mail).failures == {}
    assert settled(host, web, mail)
    assert "shared" not in host.text(f"{CONFIGS}/web1")


@pytest.mark.parametrize("how", NAMES)
@pytest.mark.parametrize(("one", "other", "words"), SHARING)
def test_also_with_a_guest_that_runs_already(host, xen, one, other, words, how):
    web = dict(WEB, disks=[shared(IMAGE, one)])
    assert run(host, web).failures == {}
    mail = dict(MAIL, disks=[shared(names_of(host, IMAGE, how), other)])
    if words:
        assert words in refused(host, web, mail)
    else:
        assert run(host, web, mail).failures == {}


def test_who_declares_nothing_shares_nothing(host, xen):
    mine = dict(WEB, disks=[shared(IMAGE, "data")])
    assert run(host, dict(MAIL, disks=[shared(IMAGE, "data")])).failures == {}
    words = refused(host, mine)
    assert "is in use by the running guest mail; to share it" in words


def test_a_device_is_not_shared_even_on_purpose(host, xen):
    host.put("/dev/wd1e", kind="block")
    disks = [shared("/dev/wd1e", "data")]
    words = refused(host, dict(WEB, disks=disks), dict(MAIL, disks=disks))
    assert "in use by guest web1, which is declared running, and a device can be open only once" in words


def test_what_dom0_uses_is_shared_with_nobody(host, xen):
    assert run(host, dict(WEB, state="shutdown")).failures == {}
    xen.vnd_left, xen.mounted = {1: IMAGE}, "/dev/vnd1a on /mnt type ffs (local)\n"
    assert "mounted on /mnt" in refused(host, dict(WEB, disks=[shared(IMAGE, "data")]))


def test_a_shared_file_is_removed_by_nobody_while_another_has_it(host, xen):
    web, mail = (dict(guest, disks=[shared(IMAGE, "data")]) for guest in (WEB, MAIL))
    assert run(host, web, mail).failures == {}
    outcome = run(host, dict(web, state="absent"), mail, remove_disks=True)
    assert "remove_disk" not in actions(outcome) and "in use by the running guest mail" in outcome.plan.warnings[0]


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


# -- what is removed ---------------------------------------------------------------------------------------------------

GONE = dict(WEB, state="absent")


def test_a_disk_that_nobody_else_has_is_removed(host, xen):
    assert run(host, WEB).failures == {}
    outcome = run(host, GONE, remove_disks=True)
    assert (actions(outcome), outcome.plan.warnings) == (["shutdown", "remove_config", "remove_disk"], [])
    assert IMAGE not in host.tree


def _mail(state):
    return lambda host, xen, other: [dict(MAIL, disks=[other], state=state)]


def _mail_reads(host, xen, other):
    return [dict(MAIL, disks=[{"path": other, "access": "ro"}], state="shutdown")]


def _mail_runs(host, xen, other):
    """It was started by hand, and has no file any more."""
    assert run(host, dict(WEB, state="shutdown"), dict(MAIL, disks=[other])).failures == {}
    del host.tree[f"{CONFIGS}/mail"]
    return []


def _config(text):
    def put(host, xen, other):
        host.put(f"{CONFIGS}/old.cfg", text.format(other))
        return []

    return put


def _swap(host, xen, other):
    swapped = SWAP.replace("/dev/wd1b", other)
    host.programs["/sbin/swapctl"] = lambda args: (0, swapped, "")
    return []


def _vnd(host, xen, other):
    xen.vnd_left, xen.mounted = {1: other}, "/dev/vnd1a on /mnt type ffs (local)\n"
    return []


OTHERS = {
    "declared running": (_mail("running"), "is in use by guest mail, which is declared running"),
    "declared stopped": (_mail("shutdown"), "is in use by guest mail, which is declared shutdown"),
    "declared to read": (_mail_reads, "is in use by guest mail, which is declared shutdown"),
    "running": (_mail_runs, "is in use by the running guest mail"),
    "configured": (
        _config("name = 'old'\nmemory = 1\nkernel = '/k'\ndisk = ['file:{},xvda,r']\n"),
        f"is in use by the configuration {CONFIGS}/old.cfg",
    ),
    "unreadable": (
        _config("import os\nname = 'old'\ndisk = [ 'file:{},0x1,w' ]\n"),
        f"is in use by the configuration {CONFIGS}/old.cfg, which can't be read and names it",
    ),
    "swap": (_swap, "is used as swap in dom0"),
    "vnd": (_vnd, "is in use by vnd1: a file system on it is mounted on /mnt"),
}


@pytest.mark.parametrize("how", NAMES)
@pytest.mark.parametrize("case", OTHERS)
def test_a_disk_that_somebody_else_has_is_kept_and_said(host, xen, case, how):
    assert run(host, dict(WEB, state="shutdown")).failures == {}
    claims, words = OTHERS[case]
    others = claims(host, xen, names_of(host, IMAGE, how))
    outcome = run(host, GONE, *others, remove_disks=True)
    kept = [warning for warning in outcome.plan.warnings if "its disk" in warning]
    assert "remove_disk" not in actions(outcome) and IMAGE in host.tree
    assert kept[0].startswith(f"guest web1: its disk {IMAGE} is kept, because it {words}")
    checked = run(host, GONE, *others, remove_disks=True, check=True)
    assert "remove_disk" not in actions(checked)


def test_a_disk_that_is_a_unit_when_it_is_to_go_stays(host, xen):
    """The guest has just ended, and its unit could not be released."""
    assert run(host, WEB).failures == {}
    xen.leaves_vnd, xen.vnd_busy = True, {0}
    outcome = run(host, GONE, remove_disks=True)
    assert f"{IMAGE} is in use as vnd0 and was not removed" in str(outcome.failures["web1"])
    assert IMAGE in host.tree


def test_where_nobody_can_tell_what_dom0_uses_nothing_is_removed(host, xen):
    assert run(host, WEB).failures == {}
    host.programs["/sbin/swapctl"] = lambda args: (1, "", "swapctl: SWAP_NSWAP: Function not implemented\n")
    with pytest.raises(XenError, match="does not tell what dom0 swaps to"):
        run(host, GONE, remove_disks=True)
    assert IMAGE in host.tree


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
