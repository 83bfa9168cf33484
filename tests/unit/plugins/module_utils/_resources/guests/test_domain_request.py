# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to running guests, each proven, on a machine in memory."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils import _engine
from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import request
from ansible_collections.netbsd.xen.tests.unit.support.fakes import FakeXen
from ansible_collections.netbsd.xen.tests.unit.support.guests import LINUX, run

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def xen(host):
    made = FakeXen(host)
    assert run(host, LINUX).failures == {}
    return made


def ask(host, check=False, **options):
    host.commands.clear()
    params = {key: value.get("default") for key, value in request.ARGUMENTS.items()}
    return _engine.converge(request, {**params, "names": ["lin1"], **options}, host, check)


def failure(outcome):
    return str(outcome.failures["lin1"])


# -- reboot ------------------------------------------------------------------------------------------------------------


def test_a_reboot_is_proven_by_a_new_domain_id(host, xen):
    outcome = ask(host, request="reboot")
    assert (outcome.failures, [change.impact for change in outcome.done]) == ({}, ["guest_restart"])
    assert xen.named("lin1").domid == 2


def test_check_mode_asks_for_nothing(host, xen):
    outcome = ask(host, check=True, request="reboot")
    assert [change.summary for change in outcome.done] == ["reboot the guest"]
    assert host.ran("xl") == [["list"]]


def test_every_call_is_a_new_request(host, xen):
    ask(host, request="reboot")
    ask(host, request="reboot")
    assert xen.named("lin1").domid == 3


def test_a_guest_that_does_not_answer_is_a_failure_in_words(host, xen):
    xen.named("lin1").deaf = True
    assert "it still runs as domain 1: it did not answer" in failure(ask(host, request="reboot", timeout=30))


def test_a_request_that_takes_all_the_time_there_is_still_looked_after(host, xen):
    """xl reboot waits a minute for an answer (record reboot_noack_full, xl 4.17)."""
    xen.named("lin1").deaf, xen.request_seconds = True, 61.0
    assert "it did not answer" in failure(ask(host, request="reboot", timeout=60))
    xen.named("lin1").deaf = False
    assert ask(host, request="reboot", timeout=60).failures == {}


def test_a_guest_that_goes_and_does_not_come_back_is_told(host, xen):
    xen.reboots = "goes"
    assert "its domain has gone and no new one has come" in failure(ask(host, request="reboot", timeout=30))


def test_a_guest_whose_xl_is_gone_is_told(host, xen):
    """Behaviour 5 of the real xl: it stays ---sr- for ever."""
    xen.reboots = "stays"
    assert "domain 1 is down and stays" in failure(ask(host, request="reboot", timeout=30))


def test_a_paused_guest_is_let_run_so_that_it_can_answer(host, xen):
    xen.named("lin1").pauses = 2
    assert ask(host, request="reboot").failures == {}
    assert xen.named("lin1").domid == 2


@pytest.mark.parametrize(
    ("verb", "options"),
    [
        ("reboot", {"request": "reboot", "timeout": 10}),
        ("dump-core", {"request": "dump_core", "directory": "/var/crash"}),
        ("migrate", {"request": "migrate", "target": "xen2"}),
    ],
)
def test_a_request_that_reports_success_and_does_nothing_is_a_failure(host, xen, verb, options):
    xen.believed = frozenset({verb})
    outcome = ask(host, **options)
    assert [args for args in host.ran("xl") if args[0] == verb], "it was never tried"
    assert (outcome.done, list(outcome.failures)) == ([], ["lin1"])


# -- dump --------------------------------------------------------------------------------------------------------------


def test_a_dump_is_there_and_large_enough(host, xen):
    outcome = ask(host, request="dump_core", directory="/var/crash")
    assert outcome.failures == {}
    assert host.tree["/var/crash/lin1.core"].size == 96 << 20


def test_no_earlier_dump_is_overwritten(host, xen):
    host.put("/var/crash/lin1.core", "precious")
    assert "is there already" in failure(ask(host, request="dump_core", directory="/var/crash"))
    assert host.text("/var/crash/lin1.core") == "precious"


def test_a_dump_that_is_too_small_is_not_believed(host, xen):
    xen.dump_mebibytes = 3
    assert "can't be the 96 MiB of lin1" in failure(ask(host, request="dump_core", directory="/var/crash"))


# -- migration ---------------------------------------------------------------------------------------------------------


def test_a_guest_that_has_moved_is_gone_from_here(host, xen):
    outcome = ask(host, request="migrate", target="xen2", ssh_command="/usr/local/bin/ssh2")
    assert (outcome.failures, xen.domains) == ({}, [])
    assert ["migrate", "-s", "/usr/local/bin/ssh2", "1", "xen2"] in host.ran("xl")


def test_a_guest_that_is_still_booting_is_asked_again_to_move(host, xen):
    xen.named("lin1").boots = 2
    outcome = ask(host, request="migrate", target="xen2")
    assert (outcome.failures, xen.domains) == ({}, [])
    assert len([args for args in host.ran("xl") if args[0] == "migrate"]) == 3


def test_a_failed_migration_says_where_the_guest_is(host, xen):
    xen.migrates = False
    words = failure(ask(host, request="migrate", target="xen2"))
    assert "could not be moved to xen2" in words
    assert "Now it is running here" in words


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"names": ["nobody"], "request": "reboot"}, "guest nobody: it is not running on this machine"),
        ({"names": ["Domain-0"], "request": "reboot"}, "that is this machine itself"),
        ({"names": ["0"], "request": "reboot"}, "a name of digits only is a domain id"),
        ({"names": ["lin1", "lin1"], "request": "reboot"}, "is named twice"),
        ({"request": "dump_core"}, "directory is missing"),
        ({"request": "dump_core", "directory": "/a/../b"}, "absolute path without"),
        ({"request": "migrate"}, "target is missing"),
        ({"request": "migrate", "target": "-oProxyCommand=x"}, "allowed is the name or address"),
        ({"request": "migrate", "target": "a", "ssh_command": "/bin/sh -c x"}, "without options"),
        ({"request": "reboot", "target": "xen2"}, "it is only for request: migrate"),
        ({"request": "reboot", "timeout": 0}, "allowed are 1 to 86400 seconds"),
    ],
)
def test_what_makes_no_sense_is_refused(host, xen, options, words):
    with pytest.raises(Refused, match=words):
        ask(host, **options)
    assert not [args for args in host.ran("xl") if args != ["list"]]


def test_with_xenstored_dead_xl_is_not_called(host, xen):
    xen.xenstored = False
    with pytest.raises(Refused, match="xenstored is not running"):
        ask(host, request="reboot")
    assert host.ran("xl") == []
