# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest is given and loses while it runs, on a machine in memory."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.guests import (
    LINUX,
    WEB,
    actions,
    acts,
    refused,
    run,
    settled,
)

pytestmark = pytest.mark.usefixtures("clock")

DATA = "/home/xen/data.img"
MAC = "00:16:3e:00:00:77"
UUID = "5e6f2a0c-0000-4000-8000-000000000001"


def wants_restart(outcome):
    return (outcome.done, acts(outcome.plan.deferred)) == ([], ["restart"])


# -- CPUs --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "pins"),
    [
        ({}, {"cpus": "1"}, {0: "1"}),
        ({"cpus": "1"}, {"cpus": "0,1"}, {0: "0,1"}),
        ({"cpus": "0-1"}, {"cpus": "all"}, {0: "all"}),
        ({"vcpus": 2, "cpus": ["0", "1"]}, {"vcpus": 2, "cpus": ["0", "2"]}, {0: "0", 1: "2"}),
    ],
)
def test_pinning_is_changed_while_it_runs(host, xen, first, second, pins):
    run(host, dict(LINUX, **first))
    domid = xen.named("lin1").domid
    outcome = run(host, dict(LINUX, **second))
    assert (sorted(actions(outcome)), outcome.failures) == (["pin", "write_config"], {})
    assert (xen.named("lin1").pins, xen.named("lin1").domid) == (pins, domid)
    assert settled(host, dict(LINUX, **second))


def test_a_virtual_cpu_that_comes_with_a_restart_is_not_pinned_before(host, xen):
    run(host, dict(LINUX, cpus="1"))
    outcome = run(host, dict(LINUX, cpus="1", vcpus=2))
    assert (actions(outcome), outcome.failures) == (["write_config"], {})
    assert [change.impact for change in outcome.plan.deferred] == ["guest_restart"]
    run(host, dict(LINUX, cpus="1", vcpus=2), restart_policy="if_needed")
    assert xen.named("lin1").pins == {0: "1", 1: "1"}


def test_other_hands_pinning_is_found_and_set_back(host, xen):
    run(host, dict(LINUX, cpus="1"))
    assert settled(host, dict(LINUX, cpus="1"))
    xen.named("lin1").pins[0] = "0,2"
    assert actions(run(host, dict(LINUX, cpus="1"))) == ["pin"]
    assert xen.named("lin1").pins == {0: "1"}


def test_the_same_set_in_other_words_is_no_change(host, xen):
    run(host, dict(LINUX, cpus="0-2,^1"))
    xen.named("lin1").pins[0] = "0,2"
    assert run(host, dict(LINUX, cpus="0-2,^1")).done == []
    xen.named("lin1").pins[0] = "all"
    assert actions(run(host, dict(LINUX, cpus="0-3"))) == ["write_config"]


@pytest.mark.parametrize("cpus", ["4", "0-7"])
def test_a_cpu_that_the_machine_does_not_have_is_refused(host, xen, cpus):
    """xl takes it without a word (record create_cpus_absent, xl 4.20)."""
    assert "this machine, which has 4" in refused(host, dict(LINUX, cpus=cpus))
    run(host, LINUX)
    assert "this machine, which has 4" in refused(host, dict(LINUX, cpus=cpus))


def test_weight_and_cap_are_set_with_the_command_of_the_running_scheduler(host, xen):
    run(host, LINUX)
    outcome = run(host, dict(LINUX, weight=512, cap=50))
    assert (sorted(actions(outcome)), outcome.failures) == (["set_weight", "write_config"], {})
    assert ["sched-credit2", "-d", "1", "-w", "512", "-c", "50"] in host.ran("xl")
    assert settled(host, dict(LINUX, weight=512, cap=50))
    xen.named("lin1").weight = 256
    assert actions(run(host, dict(LINUX, weight=512, cap=50))) == ["set_weight"]


def test_a_scheduler_without_weights_is_told_and_not_believed(host, xen):
    run(host, LINUX)
    xen.scheduler = "rtds"
    outcome = run(host, dict(LINUX, weight=512))
    assert "scheduler is 'rtds'" in str(outcome.failures["lin1"])


def test_a_guest_moves_to_another_pool(host, xen):
    run(host, dict(LINUX, pool="Pool-0"))
    outcome = run(host, dict(LINUX, pool="Pool-1"))
    assert (sorted(actions(outcome)), outcome.failures) == (["set_pool", "write_config"], {})
    assert xen.named("lin1").pool == "Pool-1"
    assert settled(host, dict(LINUX, pool="Pool-1"))


def test_virtual_cpus_that_the_kernel_does_not_take_or_give_are_a_failure(host, xen):
    """xl vcpu-set ends with 0 and changes nothing (record xl-vcpu-set-with-guest, NetBSD 7.99.10)."""
    run(host, dict(LINUX, vcpus=2))
    xen.follows_vcpus = False
    less = dict(LINUX, vcpus=1, maxvcpus=2)
    outcome = run(host, less)
    assert "it still uses 2: its kernel does not follow" in str(outcome.failures["lin1"])
    again = run(host, less)
    assert (again.done, again.plan.deferred, again.failures) == ([], [], {})
    assert "it uses 2 virtual CPUs, although 1 are set" in again.plan.warnings[0]


def test_fewer_virtual_cpus_of_a_netbsd_guest_are_one_restart(host, xen):
    """It gives none back while it runs (facts 37)."""
    run(host, dict(WEB, vcpus=2))
    xen.follows_vcpus = False
    outcome = run(host, WEB)
    assert (actions(outcome), acts(outcome.plan.deferred)) == (["write_config"], ["restart"])
    assert set(outcome.plan.deferred[0].after) == {"vcpus", "maxvcpus"}
    outcome = run(host, WEB, restart_policy="if_needed")
    assert (actions(outcome), outcome.failures) == (["restart"], {})
    assert not [args for args in host.ran("xl") if args[0] == "vcpu-set"]
    assert settled(host, WEB, restart_policy="if_needed")


def test_a_netbsd_guest_that_others_started_with_fewer_is_set_without_a_restart(host, xen):
    """All of its maxvcpus are on line, and only what was wanted says something else."""
    run(host, dict(WEB, vcpus=2))
    domain = xen.named("web1")
    domain.settings = dict(domain.settings, avail=1)
    outcome = run(host, dict(WEB, vcpus=2), restart_policy="if_needed")
    assert (actions(outcome), outcome.failures) == (["set_vcpus"], {})
    assert settled(host, dict(WEB, vcpus=2))


# -- a status of 0 proves nothing --------------------------------------------------------------------------------------

DRIVE = {"path": "/home/xen/one.iso", "vdev": "hdc", "cdrom": True}
HVM = {"name": "lin1", "type": "hvm", "memory": 96, "disks": [DRIVE]}


@pytest.mark.parametrize(
    ("verb", "before", "after", "options"),
    [
        ("create", None, LINUX, {}),
        ("shutdown", LINUX, dict(LINUX, state="shutdown"), {"shutdown_timeout": 10}),
        ("destroy", LINUX, dict(LINUX, state="destroyed"), {}),
        ("save", LINUX, dict(LINUX, state="saved"), {}),
        ("restore", "saved", LINUX, {}),
        ("pause", LINUX, dict(LINUX, state="paused"), {}),
        ("unpause", dict(LINUX, state="paused"), LINUX, {}),
        ("rename", dict(LINUX, uuid=UUID), dict(LINUX, name="lin2", uuid=UUID), {}),
        ("mem-set", LINUX, dict(LINUX, memory=112), {}),
        ("vcpu-set", dict(LINUX, maxvcpus=2), dict(LINUX, vcpus=2), {}),
        ("vcpu-pin", dict(LINUX, cpus="0"), dict(LINUX, cpus="1"), {}),
        ("sched-credit2", LINUX, dict(LINUX, weight=512), {}),
        ("cpupool-migrate", dict(LINUX, pool="Pool-0"), dict(LINUX, pool="Pool-1"), {}),
        ("block-attach", LINUX, dict(LINUX, disks=[DATA]), {}),
        ("block-detach", dict(LINUX, disks=[DATA]), LINUX, {"detach_devices": True}),
        ("network-attach", LINUX, dict(LINUX, nics=["bridge0"]), {}),
        ("network-detach", dict(LINUX, nics=["bridge0"]), LINUX, {"detach_devices": True}),
        ("cd-insert", HVM, dict(HVM, disks=[dict(DRIVE, path=DATA)]), {}),
    ],
)
def test_an_act_that_reports_success_and_does_nothing_is_a_failure(host, xen, verb, before, after, options):
    """xl pause 99 is a status of 0 with an error (record xl-pause-missing, NetBSD 7.99.10)."""
    for path in (DATA, "/home/xen/one.iso"):
        host.put(path)
    if before == "saved":
        run(host, LINUX)
        before = dict(LINUX, state="saved")
    if before is not None:
        assert run(host, before).failures == {}
    xen.believed = frozenset({verb})
    outcome = run(host, after, **options)
    assert [args for args in host.ran("xl") if args[0] == verb], "it was never tried"
    assert list(outcome.failures) == [after["name"]], outcome.done


def test_a_pause_that_did_not_happen_says_what_xl_said(host, xen):
    run(host, LINUX)
    xen.believed = frozenset({"pause"})
    words = str(run(host, dict(LINUX, state="paused")).failures["lin1"])
    assert "ended with status 0, and lin1 is not paused: libxl: error" in words


def test_a_missing_pool_is_refused(host, xen):
    assert "pool fast does not exist; there are: Pool-0, Pool-1" in refused(host, dict(LINUX, pool="fast"))
    run(host, dict(LINUX, pool="Pool-0"))
    assert "pool fast does not exist" in refused(host, dict(LINUX, pool="fast"))


# -- disks -------------------------------------------------------------------------------------------------------------


def test_a_disk_is_given_to_a_running_guest(host, xen):
    run(host, WEB)
    domid = xen.named("web1").domid
    more = dict(WEB, disks=[*WEB["disks"], {"path": DATA, "size": "1G"}])
    outcome = run(host, more)
    assert (sorted(actions(outcome)), outcome.failures) == (["attach_disk", "make_disk", "write_config"], {})
    assert xen.named("web1").domid == domid
    assert settled(host, more)


def test_a_device_that_the_guest_does_not_take_is_a_failure_and_taken_away(host, xen):
    """xl exits 0 and the device stays unconnected (seen on Xen 4.20 with a guest without drivers)."""
    host.put(DATA)
    run(host, LINUX)
    xen.ignores_devices = True
    outcome = run(host, dict(LINUX, disks=[DATA]))
    assert "has not taken the disk /home/xen/data.img" in str(outcome.failures["lin1"])
    assert xen.named("lin1").settings["disk"] == []
    outcome = run(host, dict(LINUX, nics=["bridge0"]))
    assert "has not taken the interface" in str(outcome.failures["lin1"])
    assert xen.named("lin1").settings["vif"] == []


def test_a_guest_that_is_still_booting_has_more_time_to_take_a_device(host, xen, clock):
    """One that was paused since its start has connected nothing (record xl-block-list-with-guest, NetBSD 7.99.10)."""
    host.put(DATA)
    paused = dict(WEB, state="paused")
    run(host, paused)
    xen.up_at = clock["now"] + 90
    more = dict(WEB, disks=[*WEB["disks"], DATA], nics=[*WEB["nics"], {"bridge": "bridge0", "mac": MAC}])
    outcome = run(host, more)
    assert (sorted(actions(outcome)), outcome.failures) == (
        ["attach_disk", "attach_nic", "unpause", "write_config"],
        {},
    )
    assert clock["now"] < 130


def test_a_disk_is_taken_only_if_that_is_allowed(host, xen):
    host.put(DATA)
    run(host, dict(LINUX, disks=[DATA]))
    outcome = run(host, LINUX)
    assert acts(outcome.plan.deferred) == ["restart"]
    outcome = run(host, LINUX, detach_devices=True)
    assert (actions(outcome), outcome.failures) == (["detach_disk"], {})
    assert settled(host, LINUX)


def test_the_medium_in_a_cd_drive_is_changed_while_it_runs(host, xen):
    for name in ("disk.img", "one.iso", "two.iso"):
        host.put(f"/home/xen/{name}")

    def hvm(medium):
        drive = {"path": f"/home/xen/{medium}", "vdev": "hdc", "cdrom": True}
        return {"name": "win1", "type": "hvm", "memory": 128, "disks": ["/home/xen/disk.img", drive]}

    assert run(host, hvm("one.iso")).failures == {}
    domid = xen.named("win1").domid
    outcome = run(host, hvm("two.iso"))
    assert (sorted(actions(outcome)), outcome.failures) == (["insert_cd", "write_config"], {})
    assert ["cd-insert", "1", "hdc", "/home/xen/two.iso"] in host.ran("xl")
    assert xen.named("win1").domid == domid
    assert settled(host, hvm("two.iso"))


def test_another_file_behind_a_disk_takes_a_restart(host, xen):
    host.put(DATA)
    host.put("/home/xen/other.img")
    run(host, dict(LINUX, disks=[DATA]))
    outcome = run(host, dict(LINUX, disks=["/home/xen/other.img"]), detach_devices=True)
    assert acts(outcome.plan.deferred) == ["restart"]


def test_a_disk_of_another_running_guest_is_refused_under_any_name(host, xen):
    """xl does not mind (record create-s2-same-image, NetBSD 7.99.10), and both guests' data is lost."""
    run(host, WEB)
    host.put("/home/xen/alias.img", "/home/xen/web1.img", kind="link")
    host.tree["/home/xen/alias.img"].kind = "link"
    other = dict(LINUX, disks=["/home/xen/alias.img"])
    words = refused(host, dict(other, state="running"))
    assert "is in use by the running guest web1" in words or "dangling link" in words


def test_no_vnd_unit_left_is_told_before_anything_starts(host, xen):
    xen.vnd_used = 3
    host.put(DATA)
    words = refused(host, dict(WEB, disks=[*WEB["disks"], DATA]))
    assert "need 2 vnd units, and 1 are free" in words
    assert "MAKEDEV vnd4" in words
    host.put("/dev/vnd4d", kind="block")
    assert run(host, dict(WEB, disks=[*WEB["disks"], DATA])).failures == {}


def test_a_block_device_takes_no_vnd_unit(host, xen):
    xen.vnd_used = 4
    host.put("/dev/wd0e", kind="block")
    assert run(host, dict(WEB, disks=["/dev/wd0e"])).failures == {}


# -- interfaces --------------------------------------------------------------------------------------------------------


def test_an_interface_is_given_to_a_running_guest_each_key_as_a_word_of_its_own(host, xen):
    run(host, WEB)
    more = dict(WEB, nics=[*WEB["nics"], {"bridge": "bridge0", "mac": MAC}])
    outcome = run(host, more)
    assert (sorted(actions(outcome)), outcome.failures) == (["attach_nic", "write_config"], {})
    assert ["network-attach", "1", f"mac={MAC}", "bridge=bridge0"] in host.ran("xl")
    assert settled(host, more)


def test_what_a_failed_attach_leaves_is_taken_away_and_nothing_else(host, xen):
    """Record net_attach_badbridge (xl 4.20): status 1, and the interface stays."""
    run(host, dict(LINUX, nics=[{"bridge": "bridge0", "mac": MAC}]))
    xen.fails_nics = True
    outcome = run(host, dict(LINUX, nics=[{"bridge": "bridge0", "mac": MAC}, "bridge0"]))
    assert "no luck with the bridge" in str(outcome.failures["lin1"])
    assert [nic.split(",")[0] for nic in xen.named("lin1").settings["vif"]] == [f"mac={MAC}"]


def test_no_interface_is_ever_taken_from_a_running_netbsd_guest(host, xen):
    """It panics (record guest-panic-on-netdetach, NetBSD 7.99.10)."""
    run(host, WEB)
    outcome = run(host, dict(WEB, nics=[]), detach_devices=True)
    assert (actions(outcome), acts(outcome.plan.deferred)) == (["write_config"], ["restart"])
    assert not [args for args in host.ran("xl") if args[0] == "network-detach"]
    outcome = run(host, dict(WEB, nics=[]), restart_policy="if_needed")
    assert (actions(outcome), outcome.failures) == (["restart"], {})


def test_an_interface_is_taken_from_another_guest_if_that_is_allowed(host, xen):
    run(host, dict(LINUX, nics=[{"bridge": "bridge0", "mac": MAC}]))
    assert acts(run(host, LINUX).plan.deferred) == ["restart"]
    outcome = run(host, LINUX, detach_devices=True)
    assert (actions(outcome), outcome.failures) == (["detach_nic"], {})
    assert settled(host, LINUX)


def test_an_unknown_bridge_is_refused_before_half_an_interface_is_made(host, xen):
    """Record net_attach_badbridge (xl 4.20): the interface stays, and a later save can't be restored."""
    run(host, LINUX)
    assert "bridge bridge7 does not exist" in refused(host, dict(LINUX, nics=["bridge7"]))


# -- a restart does it all ---------------------------------------------------------------------------------------------


def test_a_restart_that_is_done_makes_live_changes_needless(host, xen):
    run(host, LINUX)
    changed = dict(LINUX, memory=112, weight=512, cmdline="single")
    outcome = run(host, changed, restart_policy="if_needed")
    assert (actions(outcome), outcome.failures) == (["write_config", "restart"], {})
    assert settled(host, changed)


def test_live_changes_are_done_where_the_restart_is_not_allowed(host, xen):
    run(host, LINUX)
    outcome = run(host, dict(LINUX, memory=112, cmdline="single"))
    assert sorted(actions(outcome)) == ["set_memory", "write_config"]
    assert acts(outcome.plan.deferred) == ["restart"]
    assert "cmdline" in outcome.plan.deferred[0].summary


# -- PCI devices -------------------------------------------------------------------------------------------------------


def test_a_pci_device_that_dom0_keeps_for_itself_is_refused(host, xen):
    words = refused(host, dict(LINUX, pci=["0000:03:00.0"]))
    assert "pci device 0000:03:00.0 is not kept for guests; none is. Hide it from dom0 with pciback.hide" in words
    host.put("/kern/xen/pci/0000:04:00.0")
    assert "those that are: 0000:04:00.0" in refused(host, dict(LINUX, pci=["0000:03:00.0"]))


def test_a_hidden_pci_device_is_given_with_a_warning_that_netbsd_does_not_promise_it(host, xen):
    host.put("/kern/xen/pci/0000:03:00.0")
    outcome = run(host, dict(LINUX, pci=["03:00.0"]))
    assert outcome.failures == {}
    assert "PCI passthrough is not supported" in outcome.plan.warnings[0]


def test_one_pci_device_for_two_guests_is_refused(host, xen):
    host.put("/kern/xen/pci/0000:03:00.0")
    words = refused(host, dict(LINUX, pci=["03:00.0"]), dict(LINUX, name="lin2", pci=["0000:03:00.0"]))
    assert "pci device is '0000:03:00.0', which guest lin1 has too" in words
