# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""vnd units that guests have left behind, on a machine in memory."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.tests.unit.support.fakes import Domain, FakeXen
from ansible_collections.netbsd.xen.tests.unit.support.guests import (
    LINUX,
    WEB,
    actions,
    params,
    planned,
    refused,
    run,
    settled,
    travelled,
)

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def xen(host):
    """A machine whose guest web1 is down, with its configuration."""
    made = FakeXen(host)
    run(host, OFF)
    return made


OFF = dict(WEB, state="shutdown")
IMAGE = "/home/xen/web1.img"
CD = "/home/admin/cd.iso"


def released(host):
    return [args[1] for args in host.ran("vnconfig") if args[0] == "-u"]


def never_forced(host):
    return not [args for args in host.ran("vnconfig") if args[0] not in ("-l", "-u") or "-F" in args]


# -- what is taken back ------------------------------------------------------------------------------------------------


def test_a_unit_that_a_guest_left_is_released_and_told(host, xen):
    """Records vnconfig-l-end-with-guest, t1-vnconfig-after-destroy (NetBSD 7.99.10)."""
    xen.vnd_left = {1: IMAGE}
    seen = run(host, OFF, check=True)
    assert [change.summary for change in seen.done] == ["release vnd1, left behind by guest web1"]
    assert (seen.done[0].thing, seen.done[0].before, released(host)) == ("vnd1", f"holds {IMAGE}", [])
    outcome = run(host, OFF)
    assert (actions(outcome), outcome.failures, xen.vnd_left) == (["release_vnd"], {}, {})
    assert never_forced(host)
    assert settled(host, OFF)


def test_it_is_free_again_before_guests_are_started(host, xen):
    xen.vnd_left, xen.vnd_nodes = {0: IMAGE}, 4
    xen.vnd_used = 3
    outcome = run(host, WEB)
    assert (actions(outcome), outcome.failures) == (["release_vnd", "create"], {})


def test_a_guest_that_ends_slowly_gives_its_unit_back_in_the_same_run(host, xen):
    run(host, WEB)
    xen.leaves_vnd = True
    outcome = run(host, OFF)
    assert (actions(outcome), outcome.failures, xen.vnd_left) == (["shutdown"], {}, {})
    assert released(host) == ["vnd0"]


@pytest.mark.parametrize(
    ("state", "more", "done"),
    [
        ("destroyed", {}, ["destroy"]),
        ("saved", {}, ["save"]),
        ("absent", {}, ["shutdown", "remove_config"]),
        ("running", {"extra": "-s"}, ["write_config", "restart"]),
    ],
)
def test_however_it_ends(host, xen, state, more, done):
    """The configuration of one that is to be absent goes in the same run, and then nobody could tell whose it is."""
    run(host, WEB)
    xen.leaves_vnd = True
    outcome = run(host, dict(WEB, state=state, **more), restart_policy="if_needed")
    assert (actions(outcome), outcome.failures, xen.vnd_left) == (done, {}, {})


def test_a_disk_that_could_not_be_taken_is_known_by_what_the_guest_was_started_with(host, xen):
    """A failed block-detach: no configuration file names it any more."""
    host.put("/home/xen/data.img")
    host.programs["/usr/pkg/sbin/xl"] = xen.xl
    linux = dict(LINUX, disks=["/home/xen/data.img"])
    run(host, linux)
    run(host, LINUX)
    xen.named("lin1").settings["disk"] = []
    xen.vnd_left = {1: "/home/xen/data.img"}
    outcome = run(host, LINUX)
    assert [change.summary for change in outcome.done] == ["release vnd1, left behind by guest lin1"]
    assert xen.vnd_left == {}


# -- what stays --------------------------------------------------------------------------------------------------------


def test_an_admins_cd_stays_without_a_word_and_is_there_for_who_asks(host, xen):
    host.put(CD)
    xen.vnd_left = {2: CD}
    outcome = run(host, OFF)
    assert (outcome.done, outcome.failures, outcome.plan.warnings, xen.vnd_left) == ([], {}, [], {2: CD})
    current = domain.read(host)
    assert current.vnd.kept["vnd2"].why.endswith("is no guest's disk")
    assert travelled(current) == current


def test_it_is_named_where_units_run_short(host, xen):
    host.put(CD)
    xen.vnd_left, xen.vnd_used = {9: CD}, 3
    assert "need 1 vnd units, and 0 are free; in use for what is no guest's disk: vnd0, vnd1, vnd2, vnd9" in refused(
        host, WEB
    )


@pytest.mark.parametrize(
    ("switches", "why"),
    [
        ({"mounted": "/dev/vnd1a on /mnt type ffs (local)\n"}, "a file system on it is mounted on /mnt"),
        ({"more_processes": "  700 /usr/pkg/sbin/xl create /root/web1.cfg \n"}, "xl create /root/web1.cfg is at work"),
        (
            {"more_processes": "  7 /bin/sh /usr/pkg/etc/xen/scripts/block /local/domain/0/backend/vbd/7/51712 6 \n"},
            "is at work",
        ),
        ({"backends": f'7 = ""\n 51712 = ""\n  params = "{IMAGE}"\n  state = "2"\n'}, "xenstored knows a guest"),
        ({"backends": '7 = ""\n 51712 = ""\n  params = "/elsewhere"\n  vnd = "/dev/vnd1d"\n'}, "xenstored knows"),
        ({"backends": '7 = ""\n 51712 = ""\n  params = "/elsewhere"\n  vnd = "vnd1"\n'}, "xenstored knows"),
    ],
)
def test_a_unit_that_somebody_uses_or_may_use_stays(host, xen, switches, why):
    xen.vnd_left = {1: IMAGE}
    for switch, value in switches.items():
        setattr(xen, switch, value)
    outcome = run(host, OFF)
    assert (outcome.done, outcome.failures, xen.vnd_left) == ([], {}, {1: IMAGE})
    (warning,) = outcome.plan.warnings
    assert warning.startswith(f"vnd1 holds {IMAGE}, a disk of guest web1, which does not run with it, and stays: ")
    assert why in warning


def test_the_same_number_with_one_more_digit_is_another_unit(host, xen):
    xen.vnd_left = {1: IMAGE}
    xen.mounted = "/dev/vnd11a on /mnt type ffs (local)\n"
    xen.backends = '7 = ""\n 51712 = ""\n  params = "/elsewhere"\n  vnd = "/dev/vnd11d"\n'
    assert actions(run(host, OFF)) == ["release_vnd"]


@pytest.mark.parametrize("state", ["--p--d", "-b----"])
def test_beside_a_domain_without_a_name_nobody_can_tell(host, xen, state):
    """Its backends are in no xenstore, and what it has stays open."""
    xen.domains.append(Domain("(null)", 13, 0, 0, 1, 1, {"uuid": "x"}, state=state))
    xen.vnd_left = {1: IMAGE}
    outcome = run(host, OFF)
    assert (outcome.done, xen.vnd_left) == ([], {1: IMAGE})
    assert any("domain 13, (null), may still use it" in warning for warning in outcome.plan.warnings)


def test_what_goes_by_itself_is_no_change(host, xen):
    """xend's script releases it a moment after the guest has gone."""
    xen.vnd_left, xen.vnd_going = {1: IMAGE}, {1: 1}
    assert run(host, OFF).done == []
    assert released(host) == []


def test_a_unit_that_is_open_is_a_failure_with_what_to_do(host, xen):
    xen.vnd_left, xen.vnd_busy = {1: IMAGE}, {1}
    outcome = run(host, WEB)
    assert "VNDIOCCLR: Device busy" in str(outcome.failures["vnd1"])
    assert "fstat /dev/rvnd1d" in str(outcome.failures["vnd1"])
    assert xen.named("web1"), "the guest needs that unit not"


def test_somebody_who_is_faster_is_no_failure(host, xen, monkeypatch):
    xen.vnd_left = {1: IMAGE}
    (change,) = planned(host, OFF).changes
    xen.vnd_left = {}
    domain.apply(host, change)
    xen.vnd_left = {1: CD}
    host.put(CD)
    domain.apply(host, change)
    assert xen.vnd_left == {1: CD}, "it is another file's by now"


# -- what it costs -----------------------------------------------------------------------------------------------------


def test_an_unchanged_host_whose_guests_run_is_asked_nothing_more(host, xen):
    run(host, WEB)
    run(host, WEB)
    assert {argv["argv"][0] for argv in host.commands} == {"/bin/ps", "/usr/pkg/sbin/xl"}


def test_with_a_guest_that_is_off_one_command_looks(host, xen):
    run(host, OFF)
    assert (host.ran("vnconfig"), host.ran("xenstore-ls"), host.ran("mount")) == ([["-l"]], [], [])


def test_a_machine_that_is_not_netbsd_has_no_units(monkeypatch):
    from ansible_collections.netbsd.xen.tests.unit.support.fakes import MemoryHost

    linux = MemoryHost(system="Linux")
    FakeXen(linux)
    assert domain.read(linux).vnd is None


def test_ahead_of_the_tasks_a_domain_that_is_just_going_decides_nothing(host, xen):
    xen.domains.append(Domain("(null)", 13, 0, 0, 1, 1, {}, state="--p--d"))
    declared = domain.declare(params(OFF))
    with pytest.raises(NotRead):
        domain.plan(domain.read(host), declared)
