# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Domains without a name: being taken apart, or running beside a new xenstored; on a machine in memory."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import request
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.read import backends
from ansible_collections.netbsd.xen.tests.unit.support.fakes import Domain
from ansible_collections.netbsd.xen.tests.unit.support.guests import (
    LINUX,
    WEB,
    actions,
    refused,
    run,
)

GOING = "--p--d"
MAC = "00:16:3e:00:00:11"
OWN_MAC = dict(WEB, nics=[{"bridge": "bridge0", "mac": MAC}])


pytestmark = pytest.mark.usefixtures("clock")


def lose(xen, name="web1"):
    """Its xenstored was killed and another one started (record xenstored-killed-beside-a-guest, NetBSD 7.99.10)."""
    xen.named(name).name = "(null)"


def going(xen, listings, settings=None):
    """A domain that is being taken apart and is listed so many times."""
    ghost = Domain("(null)", 13, 0, 0, 1, 1, settings or {}, state=GOING)
    xen.domains.append(ghost)
    listed = {"left": listings}
    answer = xen.xl_list

    def listing(args):
        if args != ["-l"]:
            listed["left"] -= 1
            if listed["left"] < 0 and ghost in xen.domains:
                xen.domains.remove(ghost)
        return answer(args)

    xen.xl_list = listing
    return ghost


# -- running beside a new xenstored ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "options"),
    [
        ("running", {}),
        ("paused", {}),
        ("shutdown", {}),
        ("destroyed", {}),
        ("saved", {}),
        ("absent", {"remove_disks": True}),
    ],
)
def test_a_guest_that_has_lost_its_name_is_left_alone_with_words_what_to_do(host, xen, state, options):
    run(host, WEB)
    lose(xen)
    words = refused(host, dict(WEB, state=state), **options)
    first, second = words.split("\n")
    assert first == "guest web1: it runs as domain 1, which xenstored does not know (to xl it is (null))"
    assert second.startswith("Guests run that xenstored does not know (domain 1, to xl (null)): it was started anew")
    assert "Shut each of them down from within, then reboot the machine" in second


def test_one_with_a_declared_uuid_is_not_taken_for_a_renamed_guest(host, xen):
    declared = dict(WEB, uuid="5e6f2a0c-0000-4000-8000-000000000001")
    run(host, declared)
    lose(xen)
    assert "it runs as domain 1, which xenstored does not know" in refused(host, declared)
    assert "it runs as domain 1, which xenstored does not know" in refused(host, dict(declared, name="web2"))


def test_check_mode_says_it_too(host, xen):
    run(host, WEB)
    lose(xen)
    with pytest.raises(Refused, match="it runs as domain 1, which xenstored does not know"):
        run(host, WEB, check=True)


def test_what_another_guest_shares_with_it_is_said_in_words(host, xen):
    run(host, OWN_MAC)
    lose(xen)
    words = refused(host, dict(LINUX, nics=[{"bridge": "bridge0", "mac": MAC}]))
    assert "it may be domain 1, which xenstored does not know (to xl it is (null)), which has its MAC address" in words
    host.put("/home/xen/lin1.img", "/home/xen/web1.img", kind="link")
    other = refused(host, dict(LINUX, disks=["/home/xen/web1.img"]))
    assert "disk /home/xen/web1.img is in use by domain 1, which xenstored does not know (to xl it is (null))" in other
    assert "Shut each of them down from within" in other


def test_the_other_guests_go_on_being_managed_with_a_warning(host, xen):
    run(host, WEB)
    lose(xen)
    outcome = run(host, LINUX)
    assert (actions(outcome), outcome.failures) == (["write_config", "create"], {})
    assert outcome.plan.warnings[0].startswith("Guests run that xenstored does not know (domain 1, to xl (null))")


def test_one_of_which_nothing_is_known_may_be_any_guest_that_does_not_run(host, xen, monkeypatch):
    run(host, WEB, LINUX)
    lose(xen)
    known = xen._long
    monkeypatch.setattr(xen, "_long", lambda: [each for each in known() if each["domid"] != 1])
    words = refused(host, WEB)
    assert "it may be domain 1, which xenstored does not know (to xl it is (null)); nothing else is known" in words
    assert run(host, LINUX).failures == {}


def test_a_request_to_it_says_why_it_is_not_found(host, xen):
    run(host, WEB)
    lose(xen)
    options = {key: value.get("default") for key, value in request.ARGUMENTS.items()}
    declared = request.declare({**options, "names": ["web1"], "request": "reboot"})
    with pytest.raises(Refused, match="web1: it is not running on this machine\nGuests run that xenstored"):
        request.plan(request.read(host), declared)


def test_a_domain_that_is_just_being_made_is_waited_for(host, xen):
    """It is paused and has no name yet."""
    ghost = going(xen, 5)
    ghost.state = "--p---"
    outcome = run(host, WEB)
    assert (actions(outcome), outcome.failures, outcome.plan.warnings) == (["write_config", "create"], {}, [])


def test_a_paused_guest_that_has_lost_its_name_is_told_from_that_by_time(host, xen):
    run(host, dict(WEB, state="paused"))
    lose(xen)
    assert "it runs as domain 1, which xenstored does not know" in refused(host, WEB)


# -- being taken apart -------------------------------------------------------------------------------------------------


def test_one_that_is_going_is_waited_for_and_no_warning(host, xen, clock):
    run(host, WEB)
    run(host, dict(WEB, state="destroyed"))
    going(xen, 5)
    before = clock["now"]
    outcome = run(host, WEB)
    assert (actions(outcome), outcome.failures, outcome.plan.warnings) == (["create"], {}, [])
    assert clock["now"] - before < 15


def test_a_guests_own_former_domain_is_not_in_its_way(host, xen):
    """Its MAC, its UUID and its disk are in its configuration still, and it has no name any more."""
    run(host, OWN_MAC)
    settings = xen.named("web1").settings
    run(host, dict(OWN_MAC, state="destroyed"))
    going(xen, 100, settings).connected = False
    outcome = run(host, OWN_MAC)
    assert (actions(outcome), outcome.failures) == (["create"], {})


@pytest.mark.parametrize("check", [False, True])
def test_what_it_has_still_it_has_whoever_it_was(host, xen, clock, check):
    run(host, OWN_MAC)
    settings = xen.named("web1").settings
    run(host, dict(OWN_MAC, state="destroyed"))
    going(xen, 100, settings)
    before = clock["now"]
    with pytest.raises(Refused) as refusal:
        run(host, OWN_MAC, check=check)
    who = "is in use by domain 13, (null), which has been destroyed and is just going; run again when it is gone"
    assert f"guest web1: mac {MAC} {who}" in str(refusal.value)
    assert f"guest web1: disk /home/xen/web1.img {who}" in str(refusal.value)
    assert 15 <= clock["now"] - before < 60


# -- gone, and its devices not -----------------------------------------------------------------------------------------


def ended(xen, looks, **settings):
    """A domain that nobody lists any more, and whose backends are there for so many looks."""
    ghost = Domain("(null)", 13, 0, 0, 1, 1, settings)
    xen.ended.append(ghost)
    answer, left = xen._backends, {"looks": looks}

    def look():
        left["looks"] -= 1
        ghost.connected = left["looks"] >= 0
        return answer()

    xen._backends = look


DEVICES = {
    "disk": ({"disk": ["/home/xen/other.img,raw,xvda,w"]}, "disk /home/xen/web1.img"),
    "interface": ({"vif": [f"mac={MAC},bridge=bridge0"]}, f"mac {MAC}"),
}


@pytest.mark.parametrize("case", DEVICES)
def test_devices_of_a_domain_that_has_ended_are_waited_for(host, xen, clock, case):
    host.put("/home/xen/other.img", "/home/xen/web1.img", kind="link")
    ended(xen, 5, **DEVICES[case][0])
    before = clock["now"]
    outcome = run(host, OWN_MAC)
    assert (actions(outcome), outcome.failures) == (["write_config", "create"], {})
    assert 2 <= clock["now"] - before < 15


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("case", DEVICES)
def test_and_if_they_stay_the_start_is_refused_in_words(host, xen, clock, case, check):
    host.put("/home/xen/other.img", "/home/xen/web1.img", kind="link")
    settings, what = DEVICES[case]
    ended(xen, 10**6, **settings)
    before = clock["now"]
    with pytest.raises(Refused) as refusal:
        run(host, OWN_MAC, check=check)
    words = f"guest web1: {what} is in use by domain 13, which has ended and whose devices xenstored still has; run"
    assert words in str(refusal.value)
    assert 15 <= clock["now"] - before < 30
    assert xen.domains == []


def test_a_disk_that_such_a_domain_has_is_not_removed(host, xen):
    run(host, dict(WEB, state="shutdown"))
    ended(xen, 10**6, disk=["/home/xen/web1.img,raw,xvda,w"])
    outcome = run(host, dict(WEB, state="absent"), remove_disks=True)
    assert actions(outcome) == ["remove_config"]
    assert "is kept, because it is in use by domain 13, which has ended" in outcome.plan.warnings[0]


def test_devices_that_nobody_needs_cost_no_time(host, xen, clock):
    ended(xen, 10**6, disk=["/home/xen/lin1.img,raw,xvda,w"])
    before = clock["now"]
    assert run(host, WEB).failures == {}
    assert clock["now"] - before < 1


@pytest.mark.parametrize(("looks", "failure"), [(4, ""), (10**6, "disk /home/xen/web1.img is in use by domain 13, wh")])
def test_a_guest_that_is_restarted_waits_for_its_own_devices(host, xen, looks, failure):
    """And it is said why it stays down if they never come back."""
    run(host, OWN_MAC)
    answer = xen.xl_shutdown

    def shutdown(args):
        settings = xen.named("web1").settings
        result = answer(args)
        ended(xen, looks, disk=settings["disk"])
        return result

    xen.xl_shutdown = shutdown
    outcome = run(host, dict(OWN_MAC, extra="-s"), restart_policy="if_needed")
    assert actions(outcome) == (["write_config"] if failure else ["write_config", "restart"])
    assert (f"web1 was not started: {failure}" in str(outcome.failures)) == bool(failure)


def test_a_disk_that_was_not_taken_from_a_guest_is_still_its(host, xen):
    """Its configuration says otherwise (record xl-block-detach-with-guest, NetBSD 7.99.10)."""
    run(host, WEB)
    answer = xen._backends
    xen._backends = lambda: [line.replace("/home/xen/web1.img", "/home/xen/more.img") for line in answer()]
    host.put("/home/xen/more.img")
    words = refused(host, dict(LINUX, disks=["/home/xen/more.img"]))
    assert "disk /home/xen/more.img is in use by the running guest web1" in words


@pytest.mark.parametrize(
    ("params", "mode", "path", "access"),
    [
        ("/home/xen/web1.img", "w", "/home/xen/web1.img", "rw"),
        ("file:/home/xen/web1.img", "r", "/home/xen/web1.img", "ro"),
        ("wd0e", "w!", "/dev/wd0e", "rw"),
        ("", "r", "", "ro"),
    ],
)
def test_a_backend_of_any_toolstack(host, params, mode, path, access):
    """Record after-reboot (NetBSD 7.99.10); tools/python/xen/xend/server/blkif.py."""
    tree = f'vbd = ""\n 3 = ""\n  51712 = ""\n   params = "{params}"\n   frontend-id = "3"\n   mode = "{mode}"\n'
    host.programs["/usr/pkg/bin/xenstore-ls"] = lambda args: (0, tree, "")
    (end,) = backends.read(host)
    assert (end.domid, end.path, end.access, end.mac) == (3, path, access, "")


def test_where_xenstored_does_not_tell_nothing_is_started(host, xen, monkeypatch):
    said = (1, "", "xenstore-ls: xs_directory (/local/domain/0/backend): Permission denied\n")
    host.programs["/usr/pkg/bin/xenstore-ls"] = lambda args: said
    with pytest.raises(XenError, match="does not tell what guests have of this machine's devices: xenstore-ls"):
        run(host, WEB)
    assert xen.domains == []


def test_one_that_stays_is_explained_and_keeps_what_others_want(host, xen):
    run(host, OWN_MAC)
    settings = xen.named("web1").settings
    run(host, dict(OWN_MAC, state="absent"))
    going(xen, 10**6, settings)
    outcome = run(host, LINUX)
    assert outcome.failures == {}
    assert (
        "domain 13 ((null), --p--d) has been destroyed and is still listed after 15 seconds"
        in (outcome.plan.warnings[0])
    )
    words = refused(host, dict(LINUX, name="lin2", disks=["/home/xen/web1.img"]))
    assert "is in use by domain 13, (null), which has been destroyed and is just going; run again" in words
