# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of the releases with xend: who starts what, what lives, and what is never done to it."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils import _releases
from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._resources.services import (
    resource as rc_service,
)
from ansible_collections.netbsd.xen.tests.unit.support.rc_machine import RC_CONF, Machine, OldMachine

WHOLE = {
    "3.1": ["xenstored", "xenconsoled", "xend", "xenbackendd"],
    "4.1": ["xenstored", "xenconsoled", "xenbackendd", "xend"],
    "4.2": ["xenstored", "xenconsoled", "xenbackendd", "xend"],
}


def params(era, *services, **given):
    filled = [dict({"enabled": None, "state": None, "variables": {}}, **service) for service in services]
    return dict({"services": filled, "release": era, "assume_files": []}, **given)


def daemons(era, **more):
    """Every service of the release that has a daemon to live, in the order of its table row."""
    names = [one.name for one in _releases.release(era).services if one.daemons or one.scripts]
    return [dict({"name": name, "state": "started"}, **more) for name in names if name != "xen-watchdog"]


def run(host, era, *services):
    outcome = converge(rc_service, params(era, *services), host, check=False)
    assert {thing: str(error) for thing, error in outcome.failures.items()} == {}
    assert converge(rc_service, params(era, *services), host, check=True).done == []
    return outcome


@pytest.mark.parametrize("era", WHOLE)
def test_a_dead_machine_comes_up_in_the_order_of_its_release(tmp_path, era):
    host = OldMachine(tmp_path, era)
    run(host, era, *daemons(era))
    assert host.processes == WHOLE[era]


@pytest.mark.parametrize("era", WHOLE)
def test_nothing_is_done_to_a_machine_that_is_well(tmp_path, era):
    host = OldMachine(tmp_path, era, WHOLE[era])
    assert run(host, era, *daemons(era)).done == []
    assert not any("rc.d" in command or "/sbin/" in command for command in host.ran)


@pytest.mark.parametrize("era", WHOLE)
def test_a_dead_xend_is_started_alone_and_nothing_beside_it_twice(tmp_path, era):
    living = [name for name in WHOLE[era] if name != "xend"]
    host = OldMachine(tmp_path, era, living)
    run(host, era, *daemons(era))
    assert sorted(host.processes) == sorted(WHOLE[era])
    # Where the script would start xenbackendd too, xend is started without it, and with the directory that it needs.
    assert ("/etc/rc.d/xend onestart" in host.ran) == (era == "4.1")
    assert (host.stat("/var/run/xend/boot") is None) == (era == "4.1")


@pytest.mark.parametrize("era", WHOLE)
@pytest.mark.parametrize("dead", ["xenbackendd", "xenconsoled"])
def test_one_dead_daemon_is_started_and_no_other_twice(tmp_path, era, dead):
    host = OldMachine(tmp_path, era, [name for name in WHOLE[era] if name != dead])
    run(host, era, *daemons(era))
    assert sorted(host.processes) == sorted(WHOLE[era])


def test_what_outlived_xenstored_is_replaced_because_it_has_lost_it(tmp_path):
    host = OldMachine(tmp_path, "4.2", ["xenconsoled", "xenbackendd", "xend"])
    run(host, "4.2", *daemons("4.2"))
    assert host.processes == ["zombie"] * 3 + WHOLE["4.2"]


@pytest.mark.parametrize("era", WHOLE)
def test_a_xenstored_without_dom0_is_told_as_its_script_would(tmp_path, era):
    host = OldMachine(tmp_path, era, WHOLE[era])
    host.dom0_known = False
    run(host, era, *daemons(era))
    assert "/usr/pkg/bin/xenstore-write /local/domain/0/name Domain-0" in host.ran
    assert host.processes == WHOLE[era]


def test_an_editor_on_xends_file_is_no_xend(tmp_path):
    host = OldMachine(tmp_path, "4.2", ["xenstored", "xenconsoled"])
    assert "xend" not in rc_service.read(host)["processes"]


def test_xend_without_xenstored_is_refused_with_what_starts_it(tmp_path):
    host = OldMachine(tmp_path, "4.1")
    with pytest.raises(Refused, match="needs xenstored, which is not running. Start xencommons in the same task"):
        converge(rc_service, params("4.1", {"name": "xend", "state": "started"}), host, check=False)
    assert host.processes == []


def test_xend_is_left_alone_when_xencommons_fails(tmp_path):
    host = OldMachine(tmp_path, "4.2")
    host.broken = True
    outcome = converge(rc_service, params("4.2", *daemons("4.2")), host, check=False)
    assert "depends on xencommons, which failed" in str(outcome.failures["xend"])
    assert "/etc/rc.d/xend onestart" not in host.ran


def test_xend_may_be_stopped_and_leaves_xenstored(tmp_path):
    host = OldMachine(tmp_path, "3.1", WHOLE["3.1"])
    run(host, "3.1", {"name": "xend", "state": "stopped"})
    assert host.processes == ["xenstored", "xenconsoled", "xenbackendd"]


def test_xencommons_of_4_2_is_not_stopped(tmp_path):
    host = OldMachine(tmp_path, "4.2", WHOLE["4.2"])
    with pytest.raises(Refused, match="can't be started again"):
        converge(rc_service, params("4.2", {"name": "xencommons", "state": "stopped"}), host, check=False)
    assert host.processes == WHOLE["4.2"]


def test_every_switch_of_an_era_is_its_scripts_own(tmp_path):
    host = OldMachine(tmp_path, "3.1", WHOLE["3.1"])
    run(host, "3.1", *daemons("3.1", enabled=True))
    assert host.text("/etc/rc.conf") == RC_CONF + "xend=YES\nxenbackendd=YES\n"


def test_the_first_xencommons_of_4_1_has_xends_switch_and_it_is_set_once(tmp_path):
    # pkgsrc xentools41/files/xencommons.sh, first revisions: rcvar=xend
    host = OldMachine(tmp_path, "4.1", WHOLE["4.1"])
    host.put("/etc/rc.d/xencommons", 'name="xencommons"\nrcvar=xend\n')
    outcome = run(host, "4.1", *daemons("4.1", enabled=True))
    assert [(change.thing, change.after) for change in outcome.done] == [("xencommons", {"xend": "YES"})]
    assert host.text("/etc/rc.conf") == RC_CONF + "xend=YES\n"
    with pytest.raises(Refused, match="Services xencommons and xend both read xend, which can't be YES and NO"):
        converge(
            rc_service,
            params("4.1", {"name": "xencommons", "enabled": True}, {"name": "xend", "enabled": False}),
            host,
            check=False,
        )


def test_a_service_of_another_release_may_be_disabled_and_not_started(tmp_path):
    host = Machine(tmp_path, ["xenstored", "xenconsoled"], RC_CONF + "xend=YES\n")
    host.put("/etc/rc.d/xend", 'name="xend"\nrcvar=$name\n')
    run(host, "4.20", {"name": "xend", "enabled": False})
    assert host.text("/etc/rc.conf") == RC_CONF + "xend=NO\n"
    with pytest.raises(Refused, match="Xen 4.20 has no such service; it has xencommons, xendomains, xen-watchdog"):
        converge(rc_service, params("4.20", {"name": "xend", "state": "started"}), host, check=False)


def test_an_unknown_release_is_refused(tmp_path):
    with pytest.raises(Refused, match="Xen release '9.9' is not known"):
        rc_service.declare(params("9.9", {"name": "xend", "state": "started"}))


def test_in_check_mode_the_table_tells_the_switch_of_a_script_that_is_not_there_yet(tmp_path):
    host = OldMachine(tmp_path, "3.1")
    host.remove("/etc/rc.d/xenbackendd")
    given = params("3.1", {"name": "xenbackendd", "enabled": True}, assume_files=["/etc/rc.d/xenbackendd"])
    (change,) = converge(rc_service, given, host, check=True).done
    assert change.after == {"xenbackendd": "YES"}
