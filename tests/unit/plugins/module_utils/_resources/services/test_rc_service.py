# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services: switches by the scripts' own names, daemons by their processes, and nothing started twice."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, Refused, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._resources.services import resource as rc_service
from ansible_collections.netbsd.xen.tests.unit.support.rc_machine import RC_CONF, XENCOMMONS, Machine


def params(*services, **given):
    filled = [dict({"enabled": None, "state": None, "variables": {}}, **service) for service in services]
    return dict({"services": filled, "assume_files": []}, **given)


def run(host, *services, check=False, **given):
    outcome = converge(rc_service, params(*services, **given), host, check)
    assert {thing: str(error) for thing, error in outcome.failures.items()} == {}
    if not check:
        assert converge(rc_service, params(*services, **given), host, check=True).done == []
    return outcome


def refusal(host, *services):
    before = list(host.processes)
    with pytest.raises(Refused) as caught:
        converge(rc_service, params(*services), host, check=False)
    assert host.processes == before and host.text("/etc/rc.conf") == RC_CONF
    return str(caught.value)


STARTED = {"name": "xencommons", "state": "started"}

# -- state of xencommons


def test_all_dead_runs_the_script(tmp_path):
    host = Machine(tmp_path)
    (change,) = run(host, STARTED).done
    assert (change.thing, change.before, change.after) == (
        "xencommons",
        "xenstored and xenconsoled not running",
        "running",
    )
    assert host.processes == ["xenstored", "xenconsoled"]


def test_all_well_does_nothing(tmp_path):
    host = Machine(tmp_path, ["xenstored", "xenconsoled"])
    assert run(host, STARTED).done == []
    assert not any("rc.d" in command for command in host.ran)


def test_only_xenconsoled_dead_starts_only_that(tmp_path):
    # The script would do, and with it a second of everything (record xc-before)
    host = Machine(tmp_path, ["xenstored"])
    (change,) = run(host, STARTED).done
    assert change.summary == "start xenconsoled"
    assert host.processes == ["xenstored", "xenconsoled"]
    assert "/usr/pkg/sbin/xenconsoled" in host.ran and "/etc/rc.d/xencommons onestart" not in host.ran


def test_xenconsoled_is_given_its_trace_as_the_script_would(tmp_path):
    host = Machine(tmp_path, ["xenstored"], RC_CONF + "XENCONSOLED_TRACE=all\n")
    run(host, STARTED)
    assert "/usr/pkg/sbin/xenconsoled --log=all" in host.ran


def test_a_xenconsoled_that_outlived_xenstored_is_replaced(tmp_path):
    host = Machine(tmp_path, ["xenconsoled"])
    run(host, STARTED)
    assert sorted(host.processes) == ["xenconsoled", "xenstored"]
    assert "/bin/kill -TERM 100" in host.ran


def test_xenstored_that_does_not_know_dom0_is_told(tmp_path):
    host = Machine(tmp_path, ["xenstored", "xenconsoled"])
    host.dom0_known = False
    run(host, STARTED)
    assert "/usr/pkg/libexec/xen/bin/xen-init-dom0" in host.ran
    assert host.processes == ["xenstored", "xenconsoled"]


def test_a_silent_xenstored_is_refused(tmp_path):
    host = Machine(tmp_path, ["xenstored", "xenconsoled"])
    host.store_is_silent = True
    assert "does not answer within 10 s. It can't be restarted beside running guests" in refusal(host, STARTED)


def test_outside_of_xen_starting_is_refused(tmp_path):
    host = Machine(tmp_path)
    (tmp_path / "kern/xen/privcmd").unlink()
    assert "did not boot into Xen" in refusal(host, STARTED)
    # In check mode an earlier task would have mounted it.
    assert len(run(host, STARTED, check=True, assume_files=["/kern/xen/privcmd"]).done) == 1


def test_a_living_xenstored_is_never_stopped(tmp_path):
    host = Machine(tmp_path, ["xenstored", "xenconsoled"])
    assert "can't be started again" in refusal(host, {"name": "xencommons", "state": "stopped"})
    host.processes.clear()
    assert run(host, {"name": "xencommons", "state": "stopped"}).done == []


def test_two_xenconsoled_are_told(tmp_path):
    host = Machine(tmp_path, ["xenstored", "xenconsoled", "xenconsoled"])
    assert "2 xenconsoled run (processes 101, 102)" in run(host, STARTED).plan.warnings[0]


def test_a_start_that_does_not_work_fails_with_its_last_words(tmp_path):
    host = Machine(tmp_path)
    host.broken = True
    outcome = converge(rc_service, params(STARTED), host, check=False)
    assert "xenstored: out of memory" in str(outcome.failures["xencommons"])
    assert outcome.done == []


# -- other services


def test_the_watchdog_is_judged_by_its_process(tmp_path):
    host = Machine(tmp_path)
    run(host, {"name": "xen-watchdog", "enabled": True, "state": "started"})
    assert host.processes == ["xenwatchdogd"]
    assert "xenwatchdog=YES\n" in host.text("/etc/rc.conf")
    (stopped,) = run(host, {"name": "xen-watchdog", "state": "stopped"}).done
    assert (host.processes, stopped.impact) == ([], "live")


def test_another_service_by_its_status(tmp_path):
    host = Machine(tmp_path)
    run(host, {"name": "sshd", "state": "started"})
    assert host.processes == ["sshd"]
    assert [command for command in host.ran if "sshd" in command][:2] == [
        "/etc/rc.d/sshd onestatus",
        "/etc/rc.d/sshd onestart",
    ]


def test_another_service_is_not_asked_when_no_state_is_wanted(tmp_path):
    host = Machine(tmp_path)
    run(host, {"name": "sshd", "enabled": True})
    assert host.text("/etc/rc.conf").endswith("sshd=YES\n")
    assert "/etc/rc.d/sshd onestatus" not in host.ran


def test_xendomains_has_neither_switch_nor_status(tmp_path):
    host = Machine(tmp_path)
    assert "give variables: {xendomains: 'web1 db1'}" in refusal(host, {"name": "xendomains", "enabled": True})
    assert "no daemon and no status" in refusal(host, {"name": "xendomains", "state": "started"})


# -- settings


def test_enabling_changes_one_line(tmp_path):
    host = Machine(tmp_path)
    (change,) = run(host, {"name": "xencommons", "enabled": True}).done
    assert (change.before, change.after) == ({"xencommons": "NO"}, {"xencommons": "YES"})
    assert host.text("/etc/rc.conf") == RC_CONF.replace("xencommons=NO", "xencommons=YES")
    assert host.text("/etc/rc.conf.orig") == RC_CONF


@pytest.mark.parametrize("given", [("xencommons", "xendomains"), ("xendomains", "xencommons")])
def test_nothing_is_to_start_at_boot_before_xenstored_is(tmp_path, given):
    # with xendomains and no xencommons, /etc/rc never comes to its end (record xenstored-dead-hang)
    wanted = {
        "xencommons": {"name": "xencommons", "enabled": True},
        "xendomains": {"name": "xendomains", "variables": {"xendomains": "web1"}},
    }
    host = Machine(tmp_path)
    outcome = run(host, *(wanted[name] for name in given))
    assert [change.thing for change in outcome.done] == ["xencommons", "xendomains"]


@pytest.mark.parametrize("given", [("xencommons", "xendomains"), ("xendomains", "xencommons")])
def test_xenstored_is_switched_off_last(tmp_path, given):
    wanted = {
        "xencommons": {"name": "xencommons", "enabled": False},
        "xendomains": {"name": "xendomains", "variables": {"xendomains": ""}},
    }
    host = Machine(tmp_path)
    host.put("/etc/rc.conf", RC_CONF + "xencommons=YES\nxendomains=web1\n")
    outcome = run(host, *(wanted[name] for name in given))
    assert [change.thing for change in outcome.done] == ["xendomains", "xencommons"]


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"name": "xencommons", "enabled": True}, {"name": "xendomains", "variables": {"xendomains": "web1"}}),
        ({"name": "xendomains", "variables": {"xendomains": ""}}, {"name": "xencommons", "enabled": False}),
    ],
)
def test_a_setting_that_fails_stops_those_that_need_it(tmp_path, monkeypatch, first, then):
    host = Machine(tmp_path)
    text = RC_CONF + ("xencommons=YES\nxendomains=web1\n" if first["name"] == "xendomains" else "")
    host.put("/etc/rc.conf", text)

    def full(*_args, **_options):
        raise XenError("/etc/rc.conf can't be written: No space left on device. It is unchanged.")

    monkeypatch.setattr(host, "write_text", full)
    outcome = converge(rc_service, params(then, first), host, check=False)
    assert list(outcome.failures) == [first["name"], then["name"]]
    assert f"depends on {first['name']}, which failed" in str(outcome.failures[then["name"]])


def test_the_switch_is_the_scripts_own(tmp_path):
    # fact: upstream's script says rcvar=xend, and then xencommons=YES does nothing
    host = Machine(tmp_path)
    host.put("/etc/rc.d/xencommons", XENCOMMONS.replace("$name", "xend"))
    (change,) = run(host, {"name": "xencommons", "enabled": True}).done
    assert change.after == {"xend": "YES"}
    assert host.text("/etc/rc.conf") == RC_CONF + "xend=YES\n"


def test_rc_conf_d_overrides(tmp_path):
    host = Machine(tmp_path, rc_conf=RC_CONF.replace("xencommons=NO", "xencommons=YES"))
    host.put("/etc/rc.conf.d/xencommons", "xencommons=NO # by hand\n")
    run(host, {"name": "xencommons", "enabled": True})
    assert host.text("/etc/rc.conf.d/xencommons") == "xencommons=YES # by hand\n"


def test_rc_conf_d_is_named_after_the_script_not_its_file(tmp_path):
    host = Machine(tmp_path)
    host.put("/etc/rc.conf.d/xenwatchdog", "xenwatchdog=yes\n")
    host.put("/etc/rc.conf.d/xen-watchdog", "xenwatchdog=NO\n")
    assert run(host, {"name": "xen-watchdog", "enabled": True}).done == []


def test_the_last_of_two_assignments_counts(tmp_path):
    host = Machine(tmp_path, rc_conf=RC_CONF + "xencommons=YES\n")
    assert run(host, {"name": "xencommons", "enabled": True}).done == []
    run(host, {"name": "xencommons", "enabled": False})
    assert host.text("/etc/rc.conf") == RC_CONF + "xencommons=NO\n"


def test_the_list_of_guests(tmp_path):
    host = Machine(tmp_path)
    variables = {"xendomains": "web1 db1", "xendomains_config": "/usr/pkg/etc/xen/%s.cfg"}
    run(host, {"name": "xendomains", "variables": variables})
    assert host.text("/etc/rc.conf") == (
        RC_CONF + 'xendomains="web1 db1"\nxendomains_config="/usr/pkg/etc/xen/%s.cfg"\n'
    )
    run(host, {"name": "xendomains", "variables": {"xendomains": ""}})
    assert 'xendomains=""\n' in host.text("/etc/rc.conf")


def test_unset_is_the_same_as_empty(tmp_path):
    host = Machine(tmp_path)
    assert run(host, {"name": "xendomains", "variables": {"xendomains": ""}}).done == []


@pytest.mark.parametrize("found", ["", 'xenwatchdog=""\n', "xenwatchdog=maybe\n"])
def test_a_switch_that_is_neither_yes_nor_no_is_set(tmp_path, found):
    """record rcd-xen, NetBSD 7.99.10: else each boot warns that it is not set properly."""
    host = Machine(tmp_path, rc_conf=RC_CONF + found)
    (change,) = run(host, {"name": "xen-watchdog", "enabled": False}).done
    assert change.after == {"xenwatchdog": "NO"}
    assert host.text("/etc/rc.conf") == RC_CONF + "xenwatchdog=NO\n"


@pytest.mark.parametrize("found", ["NO", "no", "off", "0", "False"])
def test_a_switch_that_says_no_in_other_words_is_left_alone(tmp_path, found):
    host = Machine(tmp_path, rc_conf=RC_CONF + f"xenwatchdog={found}\n")
    assert run(host, {"name": "xen-watchdog", "enabled": False}).done == []


@pytest.mark.parametrize("value", ["$HOSTS", "`cat /etc/guests`"])
def test_a_computed_value_is_never_called_right(tmp_path, value):
    host = Machine(tmp_path, rc_conf=RC_CONF + f'xendomains="{value}"\n')
    (change,) = run(host, {"name": "xendomains", "variables": {"xendomains": ""}}).done
    assert "computed" in change.before["xendomains"]


def test_a_computed_switch_is_never_called_off(tmp_path):
    host = Machine(tmp_path, rc_conf=RC_CONF + 'xencommons="$WANTED"\n')
    run(host, {"name": "xencommons", "enabled": False})
    assert host.text("/etc/rc.conf") == RC_CONF + "xencommons=NO\n"


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("if true; then\n  xencommons=YES\nfi\n", 6),
        ("f() {\n\n xencommons=YES; }\n", 7),
        ("true && xencommons=YES\n", 5),
    ],
)
def test_a_setting_within_a_condition_is_refused_with_its_line(tmp_path, more, line):
    host = Machine(tmp_path, rc_conf=RC_CONF + more)
    with pytest.raises(Refused, match=f"can't be told, .*: line {line} of /etc/rc.conf sets it within a condition"):
        converge(rc_service, params({"name": "xencommons", "enabled": True}), host, check=False)


def test_a_file_beyond_understanding_is_not_touched(tmp_path):
    host = Machine(tmp_path, rc_conf=RC_CONF + 'x="\n')
    with pytest.raises(Refused, match="can't be understood"):
        converge(rc_service, params({"name": "xencommons", "enabled": True}), host, check=False)


def test_a_missing_script(tmp_path):
    host = Machine(tmp_path)
    (tmp_path / "etc/rc.d/xencommons").unlink()
    assert "/usr/pkg/share/examples/rc.d" in refusal(host, {"name": "xencommons", "enabled": True})
    given = {"assume_files": ["/etc/rc.d/xencommons"]}
    (change,) = run(host, {"name": "xencommons", "enabled": True}, check=True, **given).done
    assert change.after == {"xencommons": "YES"}


@pytest.mark.parametrize(
    ("service", "words"),
    [
        ({"name": "../xencommons"}, "name of a script"),
        ({"name": "xendomains", "variables": {"a b": "x"}}, "can't be the name"),
        ({"name": "xendomains", "variables": {"xendomains": "a\nb"}}, "one line"),
        ({"name": "xendomains", "variables": {"xendomains": ["a"]}}, "one line"),
        ({"name": "xencommons", "enabled": True, "variables": {"xencommons": "YES"}}, "not both"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path, service, words):
    assert words in refusal(Machine(tmp_path), service)


def test_a_service_named_twice(tmp_path):
    assert "declared 2 times" in refusal(Machine(tmp_path), STARTED, {"name": "xencommons", "enabled": True})


# -- reading ahead


def test_reading_ahead_serves_xens_services_and_no_other(tmp_path):
    host = Machine(tmp_path, ["xenstored", "xenconsoled"])
    current = rc_service.read(host)
    wanted = [
        dict(STARTED, enabled=False),
        {"name": "xendomains", "variables": {"xendomains": "web1"}},
        {"name": "xen-watchdog", "enabled": False},
    ]
    plan = rc_service.plan(current, rc_service.declare(params(*wanted)))
    assert [change.thing for change in plan.changes] == ["xendomains", "xen-watchdog"]
    with pytest.raises(NotRead):
        rc_service.plan(current, rc_service.declare(params({"name": "sshd", "enabled": True})))
    with pytest.raises(NotRead):
        rc_service.plan(current, rc_service.declare(params({"name": "xendomains", "variables": {"other": "1"}})))
    assert "hostname" not in str(current["values"]) and "rc_configured" not in str(current["values"])
    assert host.ran == [
        "/bin/ps -axww -o pid= -o args=",
        "/usr/pkg/bin/xenstore-read /local/domain/0/name /local/pool/0/name",
    ]


def test_reading_with_xenstored_dead_asks_nobody_who_would_hang(tmp_path):
    host = Machine(tmp_path)
    assert rc_service.read(host)["xenstore"] is None
    assert set(host.ran) == {"/bin/ps -axww -o pid= -o args=", "/sbin/ifconfig -l"}


def test_consoles_are_logged_from_the_next_start_on_and_have_a_directory_for_it(tmp_path):
    host = Machine(tmp_path, ["xenstored", "xenconsoled"])
    run(host, {"name": "xencommons", "variables": {"XENCONSOLED_TRACE": "guest"}})
    assert host.text("/etc/rc.conf") == RC_CONF + 'XENCONSOLED_TRACE="guest"\n'
    assert host.stat("/var/log/xen/console").kind == "directory"
    assert host.processes == ["xenstored", "xenconsoled"]  # whoever sits at a console stays there


# -- guests that a new xenstored would not know


def test_beside_running_guests_no_xenstored_is_started(tmp_path):
    """record xenstored-killed-beside-a-guest, NetBSD 7.99.10."""
    host = Machine(tmp_path, ["xenconsoled"])
    host.interfaces = "wm0 lo0 bridge0 xvif1i0"
    words = refusal(host, STARTED)
    assert "Service xencommons: xenstored is not running, and guests seem to run (interface xvif1i0)" in words
    assert "from within" in words and "bootloader_abandon_guests" in words
    with pytest.raises(Refused, match="xvif1i0"):
        converge(rc_service, params(STARTED), host, check=True)
    assert rc_service.read(host)["lost"] == ["interface xvif1i0"]


def test_a_guest_that_comes_between_plan_and_start_stops_the_start(tmp_path):
    host = Machine(tmp_path, ["xenconsoled"])
    (change,) = converge(rc_service, params(STARTED), host, check=True).done
    host.interfaces = "wm0 xvif1i0"
    with pytest.raises(XenError, match="interface xvif1i0"):
        rc_service.apply(host, change)
    assert host.processes == ["xenconsoled"]


def test_beside_running_guests_all_else_is_started(tmp_path):
    host = Machine(tmp_path, ["xenstored"])
    host.interfaces = "wm0 xvif1i0"
    run(host, STARTED)
    assert host.processes == ["xenstored", "xenconsoled"]


def test_an_oxenstored_is_the_xenstored(tmp_path):
    """pkgsrc's xentools bring both; an admin may have xencommons start that one."""
    host = Machine(tmp_path, ["oxenstored", "xenconsoled"])
    host.dom0_known = host.pool_known = True
    assert run(host, STARTED).done == []
    host.processes.remove("xenconsoled")
    run(host, STARTED)
    assert host.processes == ["oxenstored", "xenconsoled"]


# -- the CPU pool


def test_a_store_without_the_pool_is_told_of_it(tmp_path):
    """facts measured 34; xen-init-dom0 does nothing where dom0 has its name (tools/helpers/xen-init-dom0.c)."""
    host = Machine(tmp_path, ["xenstored", "xenconsoled"])
    host.pool_known = False
    assert rc_service.read(host)["xenstore"] == "no CPU pool"
    (change,) = run(host, STARTED).done
    assert "does not know the CPU pool Pool-0" in change.before and "none can be created" in change.before
    assert host.pool_known and host.processes == ["xenstored", "xenconsoled"]


def test_before_xen_4_17_nobody_needs_the_pools_name(tmp_path):
    """tools/libs/light/libxl_utils.c, libxl_cpupoolid_to_name: the first one was taken for granted."""
    host = Machine(tmp_path, ["xenstored", "xenconsoled"])
    host.pool_known = False
    assert run(host, STARTED, release="4.15").done == []


def test_dom0s_name_and_the_pools_come_together(tmp_path):
    host = Machine(tmp_path, ["xenstored", "xenconsoled"])
    host.dom0_known = host.pool_known = False
    run(host, STARTED)
    assert host.dom0_known and host.pool_known
    assert not any("xenstore-write" in command for command in host.ran)


# -- files that are read in turn

LOCAL = "rc_configured=YES\nxencommons=YES\nxendomains=\"web1 mail\"\nif [ -r /etc/rc.conf.local ]; then\n\t. {}\nfi\n"


@pytest.mark.parametrize("path", ["/etc/rc.conf.local", "/etc/rc.conf.d/xencommons"])
def test_a_later_file_decides_and_is_written(tmp_path, path):
    host = Machine(tmp_path, rc_conf=LOCAL.format("/etc/rc.conf.local"))
    host.put("/etc/rc.conf.local", "# ours\n")
    host.put(path, "xencommons=NO # for now\n")
    outcome = converge(rc_service, params({"name": "xencommons", "enabled": True}), host, check=False)
    assert [change.summary for change in outcome.done] == [f"set xencommons=YES in {path}"]
    assert outcome.failures == {}
    assert host.text(path) == "xencommons=YES # for now\n"
    assert host.text("/etc/rc.conf") == LOCAL.format("/etc/rc.conf.local")


def test_what_a_later_file_decides_rightly_is_in_sync(tmp_path):
    host = Machine(tmp_path, rc_conf="xencommons=NO\n. /etc/rc.conf.local\n")
    host.put("/etc/rc.conf.local", "xencommons=YES\n")
    assert converge(rc_service, params({"name": "xencommons", "enabled": True}), host, check=True).done == []


def test_a_file_that_may_be_other_machines_too_is_not_touched(tmp_path):
    host = Machine(tmp_path, rc_conf=LOCAL.format("/net/site/rc.conf"))
    host.put("/etc/rc.conf.local", "")
    host.put("/net/site/rc.conf", "a=1\nxencommons=NO\n")
    service = {"name": "xencommons", "enabled": True}
    with pytest.raises(Refused, match="Service xencommons: .* is decided by line 2 of /net/site/rc.conf"):
        converge(rc_service, params(service), host, check=False)
    # What is as declared already may stand anywhere.
    host.put("/net/site/rc.conf", "a=1\nxencommons=YES\n")
    assert converge(rc_service, params(service), host, check=False).done == []


def test_defaults_count_where_rc_conf_reads_them_and_are_never_written(tmp_path):
    host = Machine(tmp_path, rc_conf="xendomains=early\n. /etc/defaults/rc.conf\n")
    host.put("/etc/defaults/rc.conf", "xencommons=NO\nxendomains=\n")
    services = ({"name": "xencommons", "enabled": False}, {"name": "xendomains", "variables": {"xendomains": "web1"}})
    outcome = converge(rc_service, params(*services), host, check=False)
    assert [change.thing for change in outcome.done] == ["xendomains"]
    assert outcome.failures == {}
    assert host.text("/etc/rc.conf") == 'xendomains=early\n. /etc/defaults/rc.conf\nxendomains="web1"\n'
    assert host.text("/etc/defaults/rc.conf") == "xencommons=NO\nxendomains=\n"


def test_the_console_log_of_a_later_file(tmp_path):
    host = Machine(tmp_path, ["xenstored"], ". /etc/rc.conf.local\n")
    host.put("/etc/rc.conf.local", "XENCONSOLED_TRACE=all\n")
    converge(rc_service, params(STARTED), host, check=False)
    assert "/usr/pkg/sbin/xenconsoled --log=all" in host.ran
