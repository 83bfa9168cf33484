# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a real NetBSD dom0 was seen to do to those who manage its services: each measured point, and how it is met.

The records are of NetBSD 7.99.10 with the scripts of Xen's own repository.
"""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._resources.services import resource as rc_service
from ansible_collections.netbsd.xen.tests.unit.support.rc_machine import RC_CONF, XENCOMMONS, Machine

ALIVE = ("xenstored", "xenconsoled")


def run(host, *services, check=False):
    filled = [dict({"enabled": None, "state": None, "variables": {}}, **service) for service in services]
    outcome = converge(rc_service, {"services": filled, "release": "4.20", "assume_files": []}, host, check)
    assert outcome.failures == {}
    return outcome


def says_that_all_is_well(host):
    """The script's status, and with it Ansible's service module, whatever lives (records fresh-boot-state,
    status-running-by-hand, xc-kill-xenconsoled)."""
    host.answers["/etc/rc.d/xencommons onestatus"] = "xencommons are running as pids  1628 1402.\n"
    return host


@pytest.mark.parametrize("living", [(), ("xenstored",)])
def test_1_status_exits_with_0_in_every_state_so_nobody_asks_it(tmp_path, living):
    host = says_that_all_is_well(Machine(tmp_path, living))
    assert run(host, {"name": "xencommons", "state": "started"}, check=True).done != []
    assert not any("status" in command for command in host.ran)


def test_2_dead_daemons_are_started_where_ansibles_own_module_changes_nothing(tmp_path):
    # records ansible-dead-started-1 and dead-after-1: rc 0, changed false, nothing started
    host = says_that_all_is_well(Machine(tmp_path))
    assert len(run(host, {"name": "xencommons", "state": "started"}).done) == 1
    assert tuple(host.processes) == ALIVE


def test_3_the_switch_is_the_one_that_the_script_reads(tmp_path):
    # record rcvars: upstream's xencommons has rcvar=xend, and xencommons=YES did nothing (record fresh-boot-state)
    host = Machine(tmp_path, ALIVE, RC_CONF.replace("xencommons=NO", "xencommons=YES\nxend=NO"))
    host.put("/etc/rc.d/xencommons", XENCOMMONS.replace("$name", "xend"))
    (change,) = run(host, {"name": "xencommons", "enabled": True}).done
    assert (change.before, change.after) == ({"xend": "NO"}, {"xend": "YES"})
    assert "xencommons=YES\nxend=YES\n" in host.text("/etc/rc.conf")


def test_4_a_start_beside_running_daemons_would_add_a_second_xenconsoled(tmp_path):
    # record xc-before: two of them; record onestop: the script leaves xenstored, and its next start doubles the rest
    host = Machine(tmp_path, ["xenstored"])
    run(host, {"name": "xencommons", "state": "started"})
    assert host.processes == ["xenstored", "xenconsoled"]
    assert "/etc/rc.d/xencommons onestart" not in host.ran


def test_4_xenstored_is_not_stopped_which_its_script_refuses_too(tmp_path):
    # record onestop: "Not stopping xenstored, as it cannot be restarted"
    host = Machine(tmp_path, ALIVE)
    with pytest.raises(Refused, match="xenstored can't be started again"):
        run(host, {"name": "xencommons", "state": "stopped"})
    assert tuple(host.processes) == ALIVE


@pytest.mark.parametrize("given", [{"enabled": True}, {"state": "started"}, {"state": "stopped"}])
def test_5_xendomains_has_no_switch_and_no_status(tmp_path, given):
    # record ansible-svc-xendomains-enabled wrote xendomains="YES", a guest of that name (record xd-enabled-YES-start)
    host = Machine(tmp_path, ALIVE)
    with pytest.raises(Refused):
        run(host, dict(given, name="xendomains"))
    assert host.text("/etc/rc.conf") == RC_CONF


def test_5_the_list_is_the_switch_and_the_script_is_never_run(tmp_path):
    # record xd-start-again: beside running guests it fails; record xd-unset: without a list it ends with 1
    host = Machine(tmp_path, ALIVE)
    run(host, {"name": "xendomains", "variables": {"xendomains": "s1 g1"}})
    assert host.text("/etc/rc.conf").endswith('xendomains="s1 g1"\n')
    assert not any("xendomains" in command for command in host.ran)


def test_6_with_xenstored_dead_nobody_is_called_who_would_hang(tmp_path):
    # record xenstored-dead-hang: xl sleeps for ever, and no kill brings it back; xenstore-read asks the same way
    host = Machine(tmp_path, ["xenconsoled"])
    run(host, {"name": "xencommons", "state": "started"}, check=True)
    assert set(host.ran) == {"/bin/ps -axww -o pid= -o args=", "/sbin/ifconfig -l"}


def test_6_a_xenstored_that_lives_and_is_silent_is_given_a_time_limit_and_left_alone(tmp_path):
    host = Machine(tmp_path, ALIVE)
    host.store_is_silent = True
    with pytest.raises(Refused, match="does not answer within 10 s"):
        run(host, {"name": "xencommons", "state": "started"})
    assert tuple(host.processes) == ALIVE
