# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paused and saved guests, and guests under another name, on a machine in memory."""

from __future__ import annotations

import fcntl

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest import devices
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl import xlcfg
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.apply.files import MakeDisk
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.apply.live import Pause
from ansible_collections.netbsd.xen.tests.unit.support.guests import (
    LINUX,
    WEB,
    actions,
    acts,
    planned,
    refused,
    run,
    settled,
)

pytestmark = pytest.mark.usefixtures("clock")

SAVED = "/var/xen/save/lin1.save"
UUID = "5e6f2a0c-0000-4000-8000-000000000001"


def paused(xen, name="lin1"):
    return xen.named(name).pauses > 0


# -- paused ------------------------------------------------------------------------------------------------------------


def test_a_guest_is_made_paused_and_stays_so(host, xen):
    outcome = run(host, dict(LINUX, state="paused"))
    assert (actions(outcome), outcome.failures) == (["write_config", "create"], {})
    assert ["create", "-p", "/usr/pkg/etc/xen/lin1"] in host.ran("xl")
    assert paused(xen)
    assert settled(host, dict(LINUX, state="paused"))


def test_a_running_guest_is_paused_once_and_let_run_again(host, xen):
    run(host, LINUX)
    outcome = run(host, dict(LINUX, state="paused"))
    assert [(type(change.data), change.impact) for change in outcome.done] == [(Pause, "guest_restart")]
    assert xen.named("lin1").pauses == 1
    assert settled(host, dict(LINUX, state="paused"))
    assert actions(run(host, LINUX)) == ["unpause"]
    assert not paused(xen)


def test_a_guest_that_others_paused_twice_is_let_run(host, xen):
    run(host, LINUX)
    xen.named("lin1").pauses = 3
    assert actions(run(host, LINUX)) == ["unpause"]
    assert not paused(xen)


# -- saved -------------------------------------------------------------------------------------------------------------


def test_a_guest_is_saved_and_goes_on_from_there_once(host, xen):
    run(host, LINUX)
    outcome = run(host, dict(LINUX, state="saved"))
    assert (actions(outcome), outcome.failures) == (["save"], {})
    assert (xen.domains, SAVED in host.tree, f"{SAVED}.partial" in host.tree) == ([], True, False)
    assert settled(host, dict(LINUX, state="saved"))
    outcome = run(host, LINUX)
    assert (actions(outcome), outcome.failures) == (["restore"], {})
    assert xen.named("lin1").memory == 96
    assert not [path for path in host.tree if path.startswith("/var/xen/save/")], "it could be restored once more"
    assert settled(host, LINUX)


def test_what_was_declared_while_it_was_saved_is_done_after_it_is_back(host, xen):
    run(host, LINUX)
    run(host, dict(LINUX, state="saved"))
    outcome = run(host, dict(LINUX, memory=112))
    assert (actions(outcome), outcome.failures) == (["write_config", "restore", "set_memory"], {})
    assert settled(host, dict(LINUX, memory=112))


def test_a_setting_that_was_changed_while_it_was_saved_asks_for_a_restart(host, xen):
    run(host, LINUX)
    run(host, dict(LINUX, state="saved"))
    changed = dict(LINUX, settings={"nomigrate": 1})
    outcome = run(host, changed)
    assert (actions(outcome), outcome.failures) == (["write_config", "restore"], {})
    assert acts(outcome.plan.deferred) == ["restart"]
    assert acts(run(host, changed).plan.deferred) == ["restart"]


def test_a_failed_restore_keeps_the_saved_memory(host, xen):
    run(host, LINUX)
    run(host, dict(LINUX, state="saved"))
    xen.create_error = (3, "libxl: error: libxl_create.c:1:domcreate_rebuild_done: cannot rebuild domain\n")
    outcome = run(host, LINUX)
    assert "cannot rebuild domain" in str(outcome.failures["lin1"])
    assert (SAVED in host.tree, f"{SAVED}.restoring" in host.tree) == (True, False)
    xen.create_error = None
    assert actions(run(host, LINUX)) == ["restore"]


def test_a_guest_that_does_not_answer_is_not_saved_and_runs_on(host, xen):
    run(host, LINUX)
    xen.named("lin1").deaf = True
    outcome = run(host, dict(LINUX, state="saved"))
    assert "didn't acknowledge" in str(outcome.failures["lin1"])
    assert not [path for path in host.tree if path.startswith("/var/xen/save/")]
    assert xen.named("lin1")


def test_a_guest_that_is_still_booting_is_asked_again_within_its_time(host, xen, clock):
    """Facts 36: seconds later it works."""
    run(host, LINUX)
    xen.named("lin1").boots = 3
    outcome = run(host, dict(LINUX, state="saved"), shutdown_timeout=60)
    assert (actions(outcome), outcome.failures, SAVED in host.tree) == (["save"], {}, True)
    assert host.text(SAVED) != "half of its memory"
    assert clock["now"] < 60


def test_it_is_asked_until_its_time_is_over_and_then_powerd_is_named(host, xen, clock):
    """xl waits a minute for an answer (record save-running, NetBSD 7.99.10)."""
    run(host, LINUX)
    xen.named("lin1").deaf, xen.request_seconds = True, 60.7
    before = clock["now"]
    outcome = run(host, dict(LINUX, state="saved"), shutdown_timeout=150)
    words = str(outcome.failures["lin1"])
    assert "lin1 was asked twice within 126 seconds to suspend itself, did not answer, and runs on" in words
    assert "didn't acknowledge suspend" in words
    assert "powerd=YES" in words
    assert len([args for args in host.ran("xl") if args[0] == "save"]) == 2
    assert clock["now"] - before < 150


def test_another_failure_to_save_is_no_reason_to_ask_again(host, xen, monkeypatch):
    run(host, LINUX)
    monkeypatch.setattr(xen, "xl_save", lambda args: (1, "", "Failed to open temp file for writing\n"))
    outcome = run(host, dict(LINUX, state="saved"))
    assert "Failed to open temp file" in str(outcome.failures["lin1"])
    assert len([args for args in host.ran("xl") if args[0] == "save"]) == 1


def test_nothing_can_be_saved_of_a_guest_that_does_not_run(host, xen):
    assert "it is not running, so there is no memory to save" in refused(host, dict(LINUX, state="saved"))


def test_an_overtaken_memory_is_put_where_nothing_restores_it(host, xen):
    """Restored over disks that a guest has written to since, it would ruin them."""
    run(host, LINUX)
    host.put(SAVED, "old")
    assert actions(run(host, LINUX)) == ["set_aside"]
    assert (SAVED in host.tree, host.text(f"{SAVED}.old")) == (False, "old")
    assert actions(run(host, dict(LINUX, state="destroyed"))) == ["destroy"]
    assert actions(run(host, LINUX)) == ["create"]


def test_a_memory_that_the_guest_has_run_without_is_not_restored(host, xen):
    """Somebody started it by hand and it has shut down since: its log tells."""
    run(host, LINUX)
    run(host, dict(LINUX, state="saved"))
    host.tree["/var/log/xen/xl-lin1.log"].modified = 3600.0
    words = refused(host, LINUX)
    assert f"it has run since its memory was saved to {SAVED}" in words
    host.rename(SAVED, f"{SAVED}.mine")
    assert actions(run(host, LINUX)) == ["create"]


def test_an_interrupted_restore_is_never_passed_over(host, xen, monkeypatch):
    """The module was killed half-way: the guest must not start anew, as if it had no memory, without the admin."""
    run(host, LINUX)
    run(host, dict(LINUX, state="saved"))

    def killed(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(xen, "xl_restore", killed)
    with pytest.raises(KeyboardInterrupt):
        run(host, LINUX)
    monkeypatch.undo()
    assert f"{SAVED}.restoring is left" in refused(host, LINUX)
    host.rename(f"{SAVED}.restoring", SAVED)
    assert actions(run(host, LINUX)) == ["restore"]


def test_a_guest_that_is_to_be_off_keeps_its_saved_memory(host, xen):
    run(host, LINUX)
    run(host, dict(LINUX, state="saved"))
    outcome = run(host, dict(LINUX, state="shutdown"))
    assert (outcome.done, SAVED in host.tree) == ([], True)
    assert "its memory is saved" in outcome.plan.warnings[0]


def test_an_absent_guest_loses_its_saved_memory_only_with_its_disks(host, xen):
    run(host, LINUX)
    run(host, dict(LINUX, state="saved"))
    gone = {"name": "lin1", "state": "absent"}
    assert "is kept" in run(host, gone).plan.warnings[0]
    assert SAVED in host.tree
    assert actions(run(host, gone, remove_disks=True)) == ["remove_disk"]
    assert SAVED not in host.tree


# -- another name ------------------------------------------------------------------------------------------------------


def test_a_guest_with_a_declared_uuid_is_renamed_while_it_runs(host, xen):
    run(host, dict(LINUX, uuid=UUID))
    domid = xen.named("lin1").domid
    renamed = dict(LINUX, name="lin2", uuid=UUID)
    outcome = run(host, renamed)
    assert (actions(outcome), outcome.failures) == (["rename", "remove_config", "write_config"], {})
    assert xen.named("lin2").domid == domid
    assert "/usr/pkg/etc/xen/lin1" not in host.tree
    assert settled(host, renamed)


def test_a_guest_that_is_off_is_renamed_by_its_file(host, xen):
    run(host, dict(LINUX, uuid=UUID, state="shutdown"))
    outcome = run(host, dict(LINUX, name="lin2", uuid=UUID, state="shutdown"))
    assert sorted(actions(outcome)) == ["remove_config", "write_config"]
    assert ("/usr/pkg/etc/xen/lin1" in host.tree, "/usr/pkg/etc/xen/lin2" in host.tree) == (False, True)


def macs(host, name):
    vifs = xlcfg.parse(host.text(f"/usr/pkg/etc/xen/{name}"))["vif"]
    return [vif.partition("mac=")[2].partition(",")[0] for vif in vifs]


@pytest.mark.parametrize("state", ["running", "shutdown"])
def test_a_renamed_guest_keeps_the_addresses_that_it_has(host, xen, state):
    before = dict(LINUX, uuid=UUID, state=state, nics=["bridge0", {"bridge": "bridge0", "mac": "00:16:3e:00:00:07"}])
    run(host, before)
    had = macs(host, "lin1")
    renamed = dict(before, name="lin2", nics=[*before["nics"], "bridge0"])
    outcome = run(host, renamed)
    assert (outcome.plan.deferred, outcome.failures) == ([], {})
    assert macs(host, "lin2")[:2] == had
    assert macs(host, "lin2")[2] == devices.derived_mac("box", "lin2", 2)
    assert settled(host, renamed)
    # One that is declared now is the admin's word.
    run(host, dict(renamed, nics=[{"bridge": "bridge0", "mac": "00:16:3e:00:00:09"}]))
    assert macs(host, "lin2") == ["00:16:3e:00:00:09"]


def test_a_uuid_of_another_declared_guest_is_refused(host, xen):
    run(host, dict(LINUX, uuid=UUID))
    words = refused(host, dict(LINUX, uuid=UUID), dict(WEB, uuid=UUID))
    assert "guest web1: uuid is" in words


def test_without_a_declared_uuid_another_name_is_another_guest(host, xen):
    run(host, LINUX)
    assert actions(run(host, dict(LINUX, name="lin2"))) == ["write_config", "create"]
    assert len(xen.domains) == 2


# -- two runs at once --------------------------------------------------------------------------------------------------


def held(lock_file):
    """Whether somebody holds the machine's lock."""
    with open(lock_file, "w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def test_files_are_changed_by_one_run_at_a_time(host, xen, monkeypatch, tmp_path):
    """Two runs that write one configuration took each other's temporary file away (seen on Xen 4.20)."""
    touched = []

    def watched(act):
        def record(*words, **more):
            touched.append((act.__name__, held(str(tmp_path / "lock"))))
            return act(*words, **more)

        return record

    for name in ("write_text", "rename", "create_sparse", "copy_file"):
        monkeypatch.setattr(host, name, watched(getattr(host, name)))
    run(host, dict(LINUX, disks=[{"path": "/home/xen/new.img", "size": "1G"}]))
    run(host, dict(LINUX, disks=["/home/xen/new.img"], state="saved"))
    run(host, dict(LINUX, disks=["/home/xen/new.img"]))
    assert {name for name, _held in touched} >= {"write_text", "rename", "create_sparse"}
    assert [act for act in touched if not act[1]] == []


def test_a_disk_that_another_run_has_just_made_is_taken(host, xen, monkeypatch):
    made = dict(LINUX, disks=[{"path": "/home/xen/new.img", "size": "1G"}])
    (make,) = [change for change in planned(host, made).changes if isinstance(change.data, MakeDisk)]
    domain.apply(host, make)
    domain.apply(host, make)
    assert host.tree["/home/xen/new.img"].size == 1 << 30
    host.tree["/home/xen/new.img"].size = 5
    with pytest.raises(XenError, match="File exists"):
        domain.apply(host, make)


# -- declared by its name alone ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "act"), [("shutdown", "shutdown"), ("destroyed", "destroy")])
def test_a_guest_is_stopped_by_its_name_and_its_configuration_stays(host, xen, state, act):
    run(host, LINUX)
    before = host.tree["/usr/pkg/etc/xen/lin1"].content
    outcome = run(host, {"name": "lin1", "state": state}, os_defaults={})
    assert (actions(outcome), outcome.failures) == ([act], {})
    assert "lin1" not in [each.name for each in xen.domains]
    assert host.tree["/usr/pkg/etc/xen/lin1"].content == before
    assert settled(host, {"name": "lin1", "state": state})
    assert actions(run(host, LINUX)) == ["create"]


def test_a_guest_is_removed_by_its_name(host, xen):
    run(host, LINUX)
    outcome = run(host, {"name": "lin1", "state": "absent"}, os_defaults={})
    assert (actions(outcome), outcome.failures) == (["shutdown", "remove_config"], {})
    assert "/usr/pkg/etc/xen/lin1" not in host.tree


def test_what_is_no_configuration_may_stand_beside_the_name(host, xen):
    run(host, LINUX)
    more = {"os": "linux", "autostart": True, "priority": 3, "depends_on": ["web1"], "uuid": UUID}
    assert actions(run(host, {"name": "lin1", "state": "shutdown", **more})) == ["shutdown"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("disks", []), ("vcpus", 2), ("settings", {"localtime": 1}), ("vncpasswd", "sesame"), ("kernel", "/netbsd")],
)
def test_who_declares_a_part_of_a_configuration_declares_all_of_it(host, xen, key, value):
    assert "memory is missing" in refused(host, {"name": "lin1", "os": "linux", "state": "shutdown", key: value})


@pytest.mark.parametrize("state", ["running", "paused", "saved"])
def test_a_guest_that_is_to_be_there_needs_more_than_its_name(host, xen, state):
    words = refused(host, {"name": "lin1", "state": state})
    assert "memory is missing" in words and "kernel is missing" in words


def test_a_name_that_nothing_has_is_said(host, xen):
    outcome = run(host, {"name": "lni1", "state": "destroyed"})
    assert (actions(outcome), outcome.failures) == ([], {})
    assert outcome.plan.warnings == [
        "guest lni1: there is neither a domain nor a configuration of that name, so nothing was stopped"
    ]
