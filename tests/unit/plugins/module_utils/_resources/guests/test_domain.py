# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests from the declaration to the running domain, on a machine in memory."""

from __future__ import annotations

import cProfile
import json
import pstats

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl import xlcfg
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import lock
from ansible_collections.netbsd.xen.tests.unit.support.fakes import FakeXen, MemoryHost
from ansible_collections.netbsd.xen.tests.unit.support.guests import (
    KERNEL,
    LINUX,
    WEB,
    actions,
    acts,
    params,
    planned,
    refused,
    run,
    travelled,
)

pytestmark = pytest.mark.usefixtures("clock")

# -- the usual life of a guest -----------------------------------------------------------------------------------------


def test_a_guest_is_created_and_the_second_run_changes_nothing_with_two_calls_of_xl(host, xen):
    outcome = run(host, WEB)
    assert (actions(outcome), outcome.failures) == (["write_config", "create"], {})
    assert xen.named("web1").memory == 128
    settings = xlcfg.parse(host.text("/usr/pkg/etc/xen/web1"))
    assert settings["cmdline"] == "root=xbd0a"
    assert settings["disk"] == ["format=raw,vdev=xvda,access=rw,target=/home/xen/web1.img"]
    again = run(host, WEB)
    assert (again.plan.changes, again.plan.deferred, again.plan.warnings) == ([], [], [])
    assert host.ran("xl") == [["list", "-l"], ["list"]]


def test_an_unchanged_guest_is_planned_from_what_was_read_ahead(host, xen):
    run(host, WEB)
    current = domain.read(host, None)
    assert travelled(current) == current
    plan = domain.plan(travelled(current), domain.declare(params(WEB)))
    assert (plan.changes, plan.deferred) == ([], [])


def test_check_mode_touches_nothing(host, xen):
    outcome = run(host, dict(WEB, disks=[{"path": "/home/xen/new.img", "size": "1G"}]), check=True)
    assert actions(outcome) == ["make_disk", "write_config", "create"]
    assert xen.domains == []
    assert "/usr/pkg/etc/xen/web1" not in host.tree


def test_a_missing_disk_with_a_size_is_made_and_never_made_again(host, xen):
    guest = dict(WEB, disks=[{"path": "/home/xen/disks/new.img", "size": "1G"}])
    assert actions(run(host, guest)) == ["make_disk", "write_config", "create"]
    assert host.tree["/home/xen/disks/new.img"].size == 1 << 30
    assert run(host, guest).plan.changes == []


def test_a_changed_configuration_file_is_corrected_without_a_restart(host, xen):
    run(host, WEB)
    path = "/usr/pkg/etc/xen/web1"
    host.put(path, host.text(path) + 'on_crash = "preserve"\n')
    outcome = run(host, WEB)
    assert (actions(outcome), outcome.plan.deferred) == (["write_config"], [])
    assert "on_crash" in outcome.done[0].summary
    assert xen.named("web1").domid == 1


def test_the_same_meaning_in_other_words_is_left_alone(host, xen):
    run(host, WEB)
    settings = xlcfg.parse(host.text("/usr/pkg/etc/xen/web1"))
    mac = settings["vif"][0].split(",")[0].split("=", 1)[1]
    text = f"""
# by hand
name='web1' ; builder = "generic"
uuid = "{str(settings["uuid"]).upper()}"
kernel = "{KERNEL}"
root = "xbd0a"
memory = 0x80; vcpus="1"
disk = [ 'file:/home/xen/web1.img,0xca00,w' ]
vif = [ 'bridge=bridge0, mac={mac.upper()}' ]
"""
    host.put("/usr/pkg/etc/xen/web1", text)
    assert run(host, WEB).plan.changes == []


def test_shutdown_destroyed_and_absent(host, xen):
    run(host, WEB)
    assert actions(run(host, dict(WEB, state="shutdown"))) == ["shutdown"]
    assert xen.domains == []
    assert run(host, dict(WEB, state="shutdown")).plan.changes == []
    run(host, WEB)
    assert actions(run(host, dict(WEB, state="destroyed"))) == ["destroy"]
    assert actions(run(host, {"name": "web1", "state": "absent"})) == ["remove_config"]
    assert "/home/xen/web1.img" in host.tree
    assert run(host, {"name": "web1", "state": "absent"}).plan.changes == []


def test_disks_are_removed_only_if_asked_and_only_files_that_nobody_else_names(host, xen):
    host.put("/dev/wd0e", kind="block")
    host.put("/home/xen/set.iso")
    host.put("/home/xen/shared.img")
    disks = [
        "/home/xen/web1.img",
        "/dev/wd0e",
        {"path": "/home/xen/set.iso", "access": "ro"},
        "/home/xen/shared.img",
    ]
    run(host, dict(WEB, disks=disks, state="shutdown"))
    run(host, dict(WEB, name="web2", disks=["/home/xen/shared.img"], state="shutdown"))
    outcome = run(host, {"name": "web1", "state": "absent"}, remove_disks=True)
    assert actions(outcome) == ["remove_config", "remove_disk"]
    assert "is in use by the configuration /usr/pkg/etc/xen/web2" in outcome.plan.warnings[0]
    left = {path for path in host.tree if path.startswith(("/home/xen/", "/dev/"))}
    kept = {"/dev/wd0e", "/home/xen/set.iso", "/home/xen/shared.img"}
    assert (left & kept, "/home/xen/web1.img" in left) == (kept, False)


def test_one_guest_that_fails_does_not_stop_the_others(host, xen):
    host.put("/home/xen/web2.img")
    bad, good = dict(WEB, name="bad"), dict(WEB, name="web2", disks=["/home/xen/web2.img"])
    original = xen.xl_create
    xen.xl_create = lambda args: (3, "", "no available vnd device\n") if args[0].endswith("/bad") else original(args)
    outcome = run(host, bad, good)
    assert list(outcome.failures) == ["bad"]
    assert [guest.name for guest in xen.domains] == ["web2"]


# -- differences while it runs -----------------------------------------------------------------------------------------


def test_memory_is_set_while_it_runs_and_read_back(host, xen):
    run(host, WEB)
    xen.named("web1").memory = 96
    outcome = run(host, WEB)
    assert (actions(outcome), outcome.failures) == (["set_memory"], {})
    assert ["mem-set", "1", "128m"] in host.ran("xl")


def test_a_guest_that_does_not_take_its_memory_is_a_failure_and_then_waits_for_a_restart(host, xen):
    run(host, WEB)
    xen.named("web1").memory = 96
    xen.follows_memory = False
    outcome = run(host, WEB)
    assert "still has 96 MiB" in str(outcome.failures["web1"])
    again = run(host, WEB)
    assert (again.plan.changes, acts(again.plan.deferred)) == ([], ["restart"])


def test_netbsd_is_not_grown_above_what_it_was_started_with(host, xen):
    run(host, dict(WEB, maxmem=512))
    outcome = run(host, dict(WEB, memory=256, maxmem=512))
    assert actions(outcome) == ["write_config"]
    assert acts(outcome.plan.deferred) == ["restart"]
    again = run(host, dict(WEB, memory=256, maxmem=512))
    assert (again.plan.changes, acts(again.plan.deferred)) == ([], ["restart"])
    other = run(host, dict(WEB, os="linux", kernel=KERNEL, cmdline="root=xbd0a", memory=256, maxmem=512))
    assert actions(other) == ["set_memory"]


def test_virtual_cpus_are_set_up_to_the_maximum(host, xen):
    run(host, dict(LINUX, maxvcpus=4))
    assert actions(run(host, dict(LINUX, vcpus=3, maxvcpus=4))) == ["write_config", "set_vcpus"]
    assert xen.named("lin1").vcpus == 3
    outcome = run(host, dict(LINUX, vcpus=8))
    assert actions(outcome) == ["write_config"]
    assert set(outcome.plan.deferred[0].after) == {"vcpus", "maxvcpus"}


def test_other_differences_wait_for_the_admins_word(host, xen):
    run(host, WEB)
    more = dict(WEB, extra="-s")
    outcome = run(host, more)
    assert (actions(outcome), outcome.plan.deferred[0].impact) == (["write_config"], "guest_restart")
    (waits,) = outcome.result()["restart_required"]
    assert waits["word"] == "restart_policy: if_needed" and waits["word"] in outcome.plan.warnings[0]
    assert [change for change in outcome.result()["changes"] if "word" in change] == []
    assert run(host, more).plan.deferred
    done = run(host, more, restart_policy="if_needed")
    assert (actions(done), done.failures) == (["restart"], {})
    assert xen.named("web1").domid == 2
    assert run(host, more).plan.deferred == []


def test_a_setting_that_a_running_domain_does_not_show_stays_due_until_it_is_started_again(host, xen):
    run(host, WEB)
    weighted = dict(WEB, settings={"max_event_channels": 512})
    assert "max_event_channels" in run(host, weighted).plan.deferred[0].after
    again = run(host, weighted)
    assert again.plan.changes == []
    assert again.plan.deferred[0].after == {"max_event_channels": 512}
    assert run(host, WEB).plan.deferred == [], "taken back before it had any effect"
    run(host, weighted)
    run(host, weighted, restart_policy="if_needed")
    assert run(host, weighted).plan.deferred == []


def test_a_uuid_of_xls_own_making_is_no_reason_for_a_restart(host, xen):
    run(host, WEB)
    xen.named("web1").settings["uuid"] = "11111111-2222-3333-4444-555555555555"
    assert run(host, WEB).plan.deferred == []
    given = dict(WEB, uuid="99999999-2222-3333-4444-555555555555")
    assert set(run(host, given).plan.deferred[0].after) == {"uuid"}


def test_a_paused_guest_is_let_go_however_often_it_was_paused(host, xen):
    run(host, WEB)
    xen.named("web1").pauses = 2
    assert actions(run(host, WEB)) == ["unpause"]
    assert xen.named("web1").pauses == 0


@pytest.mark.parametrize("state", ["---s--", "---sr-", "---sc-"])
def test_a_domain_that_is_down_is_taken_apart_and_started(host, xen, state):
    run(host, WEB)
    xen.named("web1").state = state
    outcome = run(host, WEB)
    assert (actions(outcome), outcome.failures) == (["revive"], {})
    assert xen.named("web1").domid == 2


def test_a_crashed_domain_that_is_kept_for_a_look_is_kept(host, xen):
    kept = dict(WEB, on_crash="preserve")
    run(host, kept)
    xen.named("web1").state = "---sc-"
    outcome = run(host, kept)
    assert (outcome.plan.changes, acts(outcome.plan.deferred)) == ([], ["revive"])
    assert outcome.plan.deferred[0].word == "restart_policy: if_needed"
    assert actions(run(host, kept, restart_policy="if_needed")) == ["revive"]


def test_a_dying_row_is_no_guest(host, xen):
    run(host, WEB)
    xen.named("web1").state, xen.named("web1").connected = "--ps-d", False
    plan = planned(host, WEB)
    assert acts(plan.changes) == ["create"]


# -- stopping ----------------------------------------------------------------------------------------------------------


def test_a_guest_that_does_not_listen_is_left_running_unless_destroy_after_says_otherwise(host, xen):
    run(host, WEB)
    xen.named("web1").deaf = True
    outcome = run(host, dict(WEB, state="shutdown"))
    assert "did not shut down within 180 seconds" in str(outcome.failures["web1"])
    outcome = run(host, dict(WEB, state="shutdown"), shutdown_timeout=7)
    assert "did not shut down within 7 seconds" in str(outcome.failures["web1"])
    assert xen.named("web1")
    outcome = run(host, dict(WEB, state="shutdown"), destroy_after=20)
    assert (outcome.failures, xen.domains) == ({}, [])


def test_a_paused_guest_is_let_go_before_it_is_asked_to_shut_down(host, xen):
    run(host, WEB)
    xen.named("web1").pauses = 1
    assert run(host, dict(WEB, state="shutdown")).failures == {}
    assert [args[0] for args in host.ran("xl") if args[0] in ("unpause", "shutdown")] == ["unpause", "shutdown"]


# -- a start that fails ------------------------------------------------------------------------------------------------

# record create-five-4vnd (NetBSD 7.99.10)
NO_VND = (
    "no available vnd device\n"
    "libxl: error: libxl_exec.c:118:libxl_report_child_exitstatus: /usr/pkg/etc/xen/scripts/block "
    "/local/domain/0/backend/vbd/12/51776 [2388] exited with error status 1\n"
    "libxl: error: libxl_device.c:1337:device_hotplug_child_death_cb: script: no available vnd device\n"
    "libxl: error: libxl_create.c:1670:domcreate_launch_dm: Domain 12:unable to add disk devices\n"
    "libxl: error: libxl_domain.c:1064:domain_destroy_cb: Domain 12:Destruction of domain failed\n"
)


def test_the_error_names_the_cause_and_brings_the_logs(host, xen):
    xen.create_error = (3, NO_VND)
    host.put("/var/log/xen/xl-web1.log", "from xl\n")
    host.put("/var/log/xen/console/guest-web1.log", "\x1b[2Jfrom the guest\n")
    error = run(host, WEB).failures["web1"]
    assert "ended with status 3: no available vnd device." in str(error)
    assert error.details["command"] == ["/usr/pkg/sbin/xl", "create", "/usr/pkg/etc/xen/web1"]
    assert (error.details["rc"], error.details["cause"]) == (3, "no available vnd device")
    assert (error.details["xl_log"], error.details["console_log"]) == ("from xl", "[2Jfrom the guest")


def test_a_domain_that_a_failed_create_left_is_destroyed(host, xen):
    # record create_name_slash (xl 4.20): status 3, and the domain is there
    xen.create_error, xen.leaves_domain = (3, "xl: fatal error: xl_utils.c:277: No such file or directory\n"), True
    error = run(host, WEB).failures["web1"]
    assert "half-made domain 1" in str(error)
    assert xen.domains == []


def test_a_create_that_never_ends_is_cleaned_up_too(host, xen):
    xen.create_error, xen.leaves_domain = (None, ""), True
    error = run(host, WEB).failures["web1"]
    assert "did not end" in str(error)
    assert xen.domains == []


def test_success_without_the_declared_nic_is_no_success(host, xen):
    xen.loses_nics = True  # record create_bad_mac (xl 4.20)
    error = run(host, WEB).failures["web1"]
    assert "not as declared: nics is []" in str(error)


def test_a_guest_that_is_gone_right_after_its_start_is_a_failure(host, xen):
    xen.dies_at_once = True
    assert "died at once" in str(run(host, WEB).failures["web1"])


def test_a_guest_that_another_run_has_just_created_is_not_created_twice(host, xen):
    late = planned(host, WEB)
    run(host, WEB)
    for change in late.changes:
        domain.apply(host, change)
    assert len(xen.domains) == 1
    assert len([args for args in host.ran("xl") if args[0] == "create"]) == 1


def test_a_second_run_waits_for_the_lock_and_says_so(host, xen, monkeypatch):
    monkeypatch.setattr(lock, "LOCK_SECONDS", 1.0)
    with lock.exclusive(0):
        error = run(host, WEB).failures["web1"]
    assert "Another run is still creating guests" in str(error)
    assert xen.domains == []


def test_starts_are_spaced(host, xen, clock):
    host.put("/home/xen/web2.img")
    run(host, WEB, dict(WEB, name="web2", disks=["/home/xen/web2.img"]), start_delay=30)
    assert 30 <= clock["now"] < 60


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("guest", "words"),
    [
        (dict(WEB, memmory=1), "guest web1: memmory is not a known key; did you mean memory"),
        (
            dict(WEB, memory="lots"),
            "guest web1: memory is 'lots'; allowed is a number of MiB from 16, or a text like 512M",
        ),
        (dict(WEB, memory=15), "guest web1: memory is 15; allowed"),
        (dict(WEB, memory=True), "guest web1: memory is True; allowed"),
        (dict(WEB, memory=-5), "guest web1: memory is -5; allowed"),
        ({"name": "web1", "kernel": KERNEL}, "guest web1: memory is missing"),
        (dict(WEB, name="a/b"), "name is 'a/b'; allowed are"),
        (dict(WEB, name="../b"), "name is '../b'; allowed are"),
        (dict(WEB, name="a..b"), "name is 'a..b'"),
        (dict(WEB, name="sp ace"), "name is 'sp ace'"),
        (dict(WEB, name="x" * 65), "allowed are up to 64 letters"),
        (dict(WEB, name="123"), "a name of digits only is a domain id to xl"),
        (dict(WEB, name="Domain-0"), "this machine itself"),
        (dict(WEB, name="xl.conf"), "its file would be taken for something else"),
        (dict(WEB, name=None), "name is None"),
        ("web1", "a guest is 'web1'; allowed is a dictionary"),
        (dict(WEB, disks=["web1.img"]), "guest web1: disk 0: path is 'web1.img'; allowed is an absolute path"),
        (dict(WEB, disks=["/home/../etc/passwd"]), "allowed is an absolute path without '..'"),
        (dict(WEB, disks="/x"), "guest web1: disks is '/x'; allowed is a list"),
        (dict(WEB, disks=["/dev/rwd0e"]), "allowed is the block device /dev/wd0e instead"),
        (dict(WEB, disks=[{"path": "/dev/wd0e", "size": "1G"}]), "size is given for the device /dev/wd0e"),
        (dict(WEB, disks=[{"path": "/x", "size": 10}]), "size is 10; allowed is a size with a unit"),
        (dict(WEB, disks=[{"path": "/x", "vdev": "nope"}]), "disk 0: vdev is 'nope'; allowed is xvda"),
        (dict(WEB, disks=[{"path": "/x", "vdev": "xvda"}, {"path": "/y", "vdev": "0xca00"}]), "both have the vdev"),
        (dict(WEB, disks=[{"path": "/x", "access": "rx"}]), "access is 'rx'; allowed is rw, ro, w or r"),
        (dict(WEB, disks=[{"path": "/x", "format": "qcow2"}]), "format is 'qcow2'; allowed is raw"),
        (dict(WEB, disks=[{"path": "/x", "cdrom": True}]), "NetBSD as a pv guest ignores such disks"),
        (dict(WEB, vcpus=4, maxvcpus=2), "vcpus is 4 and maxvcpus 2"),
        (dict(WEB, maxvcpus=2), "vcpus is 1 and maxvcpus 2; a NetBSD guest starts all of maxvcpus"),
        (dict(WEB, vcpus=0), "vcpus is 0; allowed is a whole number from 1 to 512"),
        (dict(WEB, maxmem=64), "memory is 128 MiB and maxmem 64 MiB"),
        (
            dict(WEB, nics=[{"bridge": "bridge0", "mac": "00:16:3e:00:00"}]),
            "nic 0: mac is '00:16:3e:00:00'; allowed are six",
        ),
        (dict(WEB, nics=[{"bridge": "bridge0", "mac": "01:16:3e:00:00:01"}]), "multicast"),
        (dict(WEB, nics=[{"mac": "00:16:3e:00:00:01"}]), "nic 0: bridge is ''; allowed is the name of a bridge"),
        (
            dict(WEB, nics=[{"bridge": "bridge0", "ip": "1.2.3.4,script=/x"}]),
            "ip is '1.2.3.4,script=/x'; allowed is text",
        ),
        (dict(WEB, nics=["bridge9"]), "bridge is 'bridge9'; the bridges of this host are bridge0"),
        ({"name": "web1", "memory": 64}, "kernel is missing; a pv guest needs a kernel"),
        (dict(WEB, kernel="netbsd"), "kernel is 'netbsd'; allowed is an absolute path"),
        (dict(WEB, cmdline="a", root="b"), "cmdline is given as well as root or extra"),
        (dict(WEB, type="pvhvm"), "type is 'pvhvm'; allowed is pv, pvh, hvm or pvshim"),
        (dict(WEB, state="started"), "allowed is running, paused, shutdown, destroyed, saved or absent"),
        (dict(WEB, on_crash="explode"), "on_crash is 'explode'; allowed is destroy"),
        (dict(WEB, uuid="1"), "uuid is '1'; allowed is 32 hexadecimal digits"),
        (dict(WEB, autostart="maybe"), "autostart is 'maybe'; allowed is true or false"),
        (dict(WEB, settings={"cpu_wieght": 1}), "settings: cpu_wieght is not a key of xl.cfg; did you mean cpu_weight"),
        (dict(WEB, settings={"memory": 1}), "settings: memory is not allowed here"),
        (dict(WEB, settings={"boot": None}), "settings: boot is None"),
        (dict(WEB, settings={"vfb": ["vnc=1,vncpasswd=x"]}), "settings: vfb holds a password"),
        (dict(WEB, cmdline="a\nb"), "allowed is text of one line"),
    ],
)
def test_a_wrong_declaration_is_refused_with_what_is_allowed(host, xen, guest, words):
    assert words in refused(host, guest, bridges=["bridge0"])


def test_every_problem_of_every_guest_is_told_at_once(host, xen):
    text = refused(host, dict(WEB, memory="lots", vcpus="two"), {"name": "0"}, destroy_after=-1)
    assert len(text.splitlines()) == 4


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (dict(WEB), "guest web1: name is 'web1' twice"),
        (dict(WEB, name="web2"), "guest web2: disk is /home/xen/web1.img, which guest web1 has too"),
        (
            dict(WEB, name="web2", disks=[], nics=[{"bridge": "bridge0", "mac": "00:16:3E:00:00:11"}]),
            "mac is '00:16:3e",
        ),
        (dict(WEB, name="web2", disks=[], uuid="11111111-2222-3333-4444-555555555555"), "uuid is '11111111"),
    ],
)
def test_what_two_guests_can_not_both_have(host, xen, second, words):
    first = dict(
        WEB,
        nics=[{"bridge": "bridge0", "mac": "00:16:3e:00:00:11"}],
        uuid="11111111-2222-3333-4444-555555555555",
    )
    assert words in refused(host, first, second)


def test_a_disk_that_is_read_only_for_all_can_be_shared(host, xen):
    host.put("/home/xen/set.iso")
    shared = [{"path": "/home/xen/set.iso", "access": "ro"}]
    outcome = run(host, dict(WEB, disks=shared), dict(WEB, name="web2", disks=shared))
    assert outcome.failures == {}


@pytest.mark.parametrize(
    ("guest", "words"),
    [
        (dict(WEB, kernel="/home/xen/none"), "guest web1: kernel /home/xen/none does not exist on the machine"),
        (dict(WEB, ramdisk="/home/xen/none"), "guest web1: ramdisk /home/xen/none does not exist"),
        (dict(WEB, disks=["/home/xen/none.img"]), "guest web1: disk /home/xen/none.img does not exist"),
        (dict(WEB, disks=["/home/xen"]), "disk /home/xen is a directory; allowed is a file or a block device"),
        (dict(WEB, disks=["/dev/zvol/rdsk/x"]), "is a raw (character) device"),
        (dict(WEB, nics=["bridge7"]), "guest web1: bridge bridge7 does not exist on the machine; there are: bridge0"),
        (dict(WEB, memory=9000), "need 9038 MiB, the hypervisor's own share included, and the host has 4096 MiB free"),
    ],
)
def test_what_the_machine_lacks_is_refused_before_anything_is_touched(host, xen, guest, words):
    host.put("/dev/zvol/rdsk/x", kind="char")
    assert words in refused(host, guest)


def test_a_running_guest_needs_no_bridge_or_kernel_to_be_left_alone(host, xen):
    run(host, WEB)
    xen.bridges = ()
    host.remove(KERNEL)
    assert run(host, WEB).plan.changes == []


def test_more_memory_than_is_free_is_a_warning_where_dom0_can_give_some(host, xen):
    xen.commandline = ""
    outcome = run(host, dict(WEB, memory=4500))
    assert "the rest will be taken from dom0, which keeps 60" in outcome.plan.warnings[0]


def test_dom0_is_never_starved(host, xen):
    xen.commandline = ""
    assert "which would have only 0 MiB left and needs 512" in refused(host, dict(WEB, memory=9000))


def test_a_disk_or_mac_of_another_running_guest_is_refused(host, xen):
    other = dict(WEB, name="other", nics=[{"bridge": "bridge0", "mac": "00:16:3e:00:00:11"}])
    run(host, other)
    text = refused(host, dict(WEB, nics=[{"bridge": "bridge0", "mac": "00:16:3e:00:00:11"}]))
    assert "disk /home/xen/web1.img is in use by the running guest other" in text
    assert "mac 00:16:3e:00:00:11 is in use by the running guest other" in text


def test_several_domains_of_one_name_are_refused_with_their_ids(host, xen):
    run(host, WEB)
    twin = xen.named("web1")
    xen.domains.append(type(twin)(**dict(vars(twin), domid=9)))
    assert "2 domains with this name run (ids 1, 9)" in refused(host, WEB)


def test_without_xenstored_xl_is_never_called(host, xen):
    xen.xenstored = False  # the fake fails the test if xl is called
    assert "xenstored is not running" in refused(host, WEB)
    assert host.ran("xl") == []


def test_a_machine_that_is_no_dom0_is_refused_and_a_plan_for_its_future_is_possible(host):
    assert "/kern/xen/privcmd is missing" in refused(host, WEB)
    outcome = run(host, dict(WEB, disks=[{"path": "/home/xen/new.img", "size": "1G"}]), check=True, assume_dom0=True)
    assert actions(outcome) == ["make_disk", "write_config", "create"]


@pytest.mark.parametrize(
    ("guest", "words"),
    [
        ({"kernel": "/home/xen/nothere"}, "kernel /home/xen/nothere does not exist on the machine"),
        ({"ramdisk": "/home/xen/nothere"}, "ramdisk /home/xen/nothere does not exist on the machine"),
        ({"disks": ["/dev/wd0p"]}, "disk /dev/wd0p does not exist"),
        ({"disks": ["/dev/cd0a"]}, "disk /dev/cd0a does not exist"),
        ({"disks": [{"path": "/home/xen/nothere.img"}]}, "disk /home/xen/nothere.img does not exist"),
    ],
)
def test_a_check_says_before_the_reboot_what_a_run_would_refuse_after_it(host, guest, words):
    with pytest.raises(Refused) as caught:
        run(host, dict(WEB, **guest), check=True, assume_dom0=True)
    assert f"guest web1: {words}" in str(caught.value)


def test_what_this_run_would_bring_is_there_after_the_reboot(host):
    brought = {"kernel": "/home/xen/new", "ramdisk": "/usr/pkg/libexec/xen/boot/x", "disks": ["/home/xen/new.img"]}
    files = ["/home/xen/new", "/home/xen/new.img"]
    assert run(host, dict(WEB, **brought), check=True, assume_dom0=True, assume_files=files).failures == {}


def test_a_file_that_is_no_guests_is_never_overwritten(host, xen):
    host.put("/usr/pkg/etc/xen/web1", "color = 'blue'\n")
    assert "is there and is no guest's configuration" in refused(host, WEB)
    host.remove("/usr/pkg/etc/xen/web1")
    host.put("/usr/pkg/etc/xen/web1/file")
    assert "is no plain file" in refused(host, WEB)


def test_a_hook_of_xendomains_is_no_configuration(host, xen):
    host.put("/usr/pkg/etc/xen/web1-pre", "#!/bin/sh\n", mode=0o755)
    assert list(domain.read(host).configs) == []
    assert "is no plain file" in refused(host, dict(WEB, name="web1-pre"))


def test_a_check_run_takes_for_granted_what_its_earlier_tasks_would_have_made(host, xen):
    guest = dict(WEB, kernel="/home/xen/new", nics=["bridge1"])
    assert "kernel /home/xen/new does not exist" in refused(host, guest, check=True, assume_bridges=["bridge1"])
    assert "bridge bridge1 does not exist" in refused(host, guest, check=True, assume_files=["/home/xen/new"])
    outcome = run(host, guest, check=True, assume_files=["/home/xen/new"], assume_bridges=["bridge1"])
    assert actions(outcome) == ["write_config", "create"]


def test_a_configuration_that_xl_can_not_read_is_replaced_and_kept(host, xen):
    host.put("/usr/pkg/etc/xen/web1", "import os\n")
    outcome = run(host, WEB)
    assert outcome.failures == {}
    assert "line 1" in outcome.done[0].summary
    assert host.text("/usr/pkg/etc/xen/.web1.orig") == "import os\n"


def test_domain_0_is_no_guest(host, xen):
    assert all(found.domid != 0 for found in domain.read(host).domains)


# -- the rest ----------------------------------------------------------------------------------------------------------


def test_a_password_is_in_the_file_and_nowhere_else(host, xen):
    guest = dict(WEB, settings={"vfb": ["vnc=1"]})
    outcome = run(host, guest, secrets={"web1": {"vncpasswd": "hunter2"}})
    assert 'vncpasswd = "hunter2"' in host.text("/usr/pkg/etc/xen/web1")
    assert host.tree["/usr/pkg/etc/xen/web1"].mode == 0o600
    assert "hunter2" not in json.dumps(outcome.result())
    assert "hunter2" not in repr(domain.read(host, None))
    assert "hunter2" not in repr(domain.declare(params(guest, secrets={"web1": {"vncpasswd": "hunter2"}})))
    assert run(host, guest, secrets={"web1": {"vncpasswd": "hunter2"}}).plan.changes == []
    assert actions(run(host, guest, secrets={"web1": {"vncpasswd": "other"}})) == ["write_config"]


def test_a_password_file_that_others_can_read_is_closed(host, xen):
    secrets = {"web1": {"vncpasswd": "hunter2"}}
    run(host, WEB, secrets=secrets)
    host.tree["/usr/pkg/etc/xen/web1"].mode = 0o644
    outcome = run(host, WEB, secrets=secrets)
    assert [change.summary.split(" because")[0] for change in outcome.done] == [
        "make the configuration /usr/pkg/etc/xen/web1 readable by root only,"
    ]
    assert host.tree["/usr/pkg/etc/xen/web1"].mode == 0o600


def test_another_configuration_directory_must_be_read_on_the_machine(host, xen):
    current = domain.read(host, None)
    with pytest.raises(NotRead):
        domain.plan(current, domain.declare(params(WEB, config_dir="/etc/guests")))
    assert run(host, WEB, config_dir="/etc/guests").failures == {}
    assert "/etc/guests/web1" in host.tree


def test_a_debian_dom0_has_its_own_paths():
    host = MemoryHost("Linux")
    host.put("/srv/vmlinuz")
    FakeXen(host, bridges=("xenbr0",))
    guest = {"name": "l1", "memory": 64, "kernel": "/srv/vmlinuz", "nics": ["xenbr0"]}
    assert run(host, guest).failures == {}
    assert "/etc/xen/l1" in host.tree


def test_defaults_of_the_guests_system_lie_below_its_own_keys():
    defaults = {"netbsd": {"kernel": KERNEL, "root": "xbd0a", "memory": 64, "settings": {"e820_host": 1}}}

    def made(**keys):
        (guest,) = domain.declare(params(dict({"name": "g", "os": "netbsd"}, **keys), os_defaults=defaults)).guests
        return guest

    assert (made().kernel, made().cmdline, made().memory) == (KERNEL, "root=xbd0a", 64)
    assert made(cmdline="-s").cmdline == "-s"
    assert made(root="xbd1a", extra="-v").cmdline == "root=xbd1a -v"
    assert (made(bootloader="pygrub").kernel, made(bootloader="pygrub").cmdline) == ("", "")
    assert made(type="hvm").kernel == ""
    assert made(settings={"boot": "c"}).settings == {"e820_host": 1, "boot": "c"}


def test_derived_addresses_are_the_same_in_every_run_and_differ_between_hosts():
    def mac(host_name, name="web1", nics=("bridge0",)):
        (guest,) = domain.declare(params(dict(WEB, name=name, nics=list(nics)), host_name=host_name)).guests
        return [nic.mac for nic in guest.nics]

    assert mac("box") == mac("box") == ["00:16:3e:8c:14:61"]
    assert len({mac("box")[0], mac("box2")[0], mac("box", "web2")[0], *mac("box", nics=("bridge0", "bridge1"))}) == 4


def test_a_hundred_guests_cost_twelve_thousand_calls_each_at_most(capsys):
    """Calls are counted, because how long they take is the machine's matter: about 2 ms on an idle one."""
    host = MemoryHost()
    host.put(KERNEL)
    guests = []
    for number in range(100):
        host.put(f"/home/xen/g{number}.img")
        guests.append(dict(WEB, name=f"g{number}", memory=16, disks=[f"/home/xen/g{number}.img"]))
    FakeXen(host, vnd_nodes=128)
    assert run(host, *guests).failures == {}
    current = domain.read(host, None)
    profile = cProfile.Profile()
    declared = profile.runcall(domain.declare, params(*guests))
    plan = profile.runcall(domain.plan, current, declared)
    profile.runcall(domain.read, host, declared)
    assert plan.changes == []
    each = pstats.Stats(profile).total_calls / 100
    with capsys.disabled():
        print(f"\n  a guest of a hundred: {each:.0f} calls to declare, plan and read")
    assert each <= 12000


def test_one_bad_guest_brings_no_false_reports_of_the_others(host, xen):
    with pytest.raises(Refused) as error:
        run(host, dict(WEB, memory="lots"), dict(WEB, name="web2", disks=[], memory=128))
    assert len(error.value.details["problems"]) == 1


def test_nobody_calls_xl_any_more_once_xenstored_has_died_of_a_create(host, xen):
    """The fake xl fails the test if it is called then; a real one never comes back."""
    xen.kills_store = True
    outcome = run(host, WEB, dict(WEB, name="web2", disks=[]))
    assert set(outcome.failures) == {"web1", "web2", "domain"}, "nor to look at the end"
    assert "ended with status 3: " in str(outcome.failures["web1"])
    assert "xenstored is not running" in str(outcome.failures["web1"])
    assert "xenstored is not running" in str(outcome.failures["web2"])
    assert [words[0] for words in host.ran("xl")].count("create") == 1
