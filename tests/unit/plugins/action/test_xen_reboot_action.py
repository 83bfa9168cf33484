# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's part of a reboot, with a machine that only knows boot times and what it runs."""

from __future__ import annotations

import signal
from threading import Event
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure

from ansible_collections.netbsd.xen.plugins.action import xen_reboot
from ansible_collections.netbsd.xen.plugins.action.xen_reboot import BOOT_TIME, REBOOT, SHUTDOWN, ActionModule
from ansible_collections.netbsd.xen.plugins.plugin_utils._planned import usable_read

SNAPSHOT = {"id": "one", "resources": {}}


def machine(release="4.20", role="dom0", alive=True):
    """What host_info says of a machine."""
    hypervisor = {
        "version": f"{release}.1",
        "release": release,
        "commandline": "dom0_mem=1G",
        "boots": None,
        "installed": None,
        "current": None,
    }
    in_xen = role == "dom0"
    return {
        "name": "xen1",
        "system": "NetBSD",
        "release": "10.1",
        "kernel_config": "XEN3_DOM0" if in_xen else "GENERIC",
        "role": role,
        "hypervisor": hypervisor if in_xen else None,
        "toolstack": {"name": "xl", "alive": alive, "why": "" if alive else "xenstored is dead."} if in_xen else None,
        "pci": {"hidden": []} if in_xen else None,
    }


NATIVE = machine(role="bare_metal")


class Reboot(ActionModule):
    """The action with a machine behind it: ``now`` is what runs, ``after`` what each look after a reboot finds, the
    last one for good. ``silence`` is how many tries find nobody."""

    def attach(self, now, after=(), silence=2, answers=None):
        self.now, self.after, self.silence = now, list(after), silence
        self.answers = answers or {}
        self.boots, self.down, self.resets = 1, 0, 0
        self.asked, self.ran = [], []
        return self

    def _execute_module(self, module_name, module_args, task_vars):
        self._reachable()
        self.asked.append((module_name.rsplit(".", 1)[-1], module_args))
        if module_name in self.answers:
            return self.answers[module_name]
        if module_name == "netbsd.xen.xen_reboot":
            return {"changed": True, "guests": ["web1"], "commands": [{"argv": ["xl", "shutdown", "1"], "rc": 0}]}
        return {"changed": True}

    def _told(self, *resources):
        self._reachable()
        self.asked.append(("host_info", {}))
        if "netbsd.xen.host_info" in self.answers:
            raise xen_reboot.Stopped(self.answers["netbsd.xen.host_info"]["msg"])
        if self.boots > 1 and self.after:
            self.now = self.after.pop(0)
        return {"host": self.now, "snapshot": {"id": "two", "resources": {}}} if resources else {"host": self.now}

    def _low_level_execute_command(self, cmd, sudoable):
        self._reachable()
        self.ran.append(cmd)
        if cmd == BOOT_TIME:
            return {"rc": 0, "stdout": f"{1000 * self.boots}\r\n", "stderr": ""}
        assert cmd in (SHUTDOWN, REBOOT)
        if cmd in self.answers:
            return self.answers[cmd]
        self.boots, self.down = self.boots + 1, self.silence
        raise AnsibleConnectionFailure("closed by remote host")

    def _reachable(self):
        if self.down:
            self.down -= 1
            raise AnsibleConnectionFailure("Connection refused")

    def _remove_tmp_path(self, tmp_path, force=False):
        pass

    def reset(self):
        self.resets += 1

    @property
    def menus(self):
        return [(name, args) for name, args in self.asked if name in ("boot_cfg", "grub_menu")]


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    now = {"seconds": 0.0}
    monkeypatch.setattr(xen_reboot.time, "monotonic", lambda: now["seconds"])
    monkeypatch.setattr(xen_reboot.time, "sleep", lambda seconds: now.update(seconds=now["seconds"] + seconds))
    return now


def action(now, after=(), check=False, transport="ssh", silence=2, answers=None, **args):
    args = {"release": "4.20", "reboot": True, **args}
    task = SimpleNamespace(
        action="netbsd.xen.xen_reboot", args=args, async_val=0, check_mode=check, diff=False, environment=[]
    )
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir="unused"), transport=transport)
    plugin = Reboot(task, connection, None, None, None, None).attach(now, after, silence, answers)
    connection.reset = plugin.reset
    return plugin


def read(host):
    return {"netbsd_xen_host": {"host": host, "snapshot": SNAPSHOT}, "ansible_facts": {}}


# -- nothing to do -----------------------------------------------------------------------------------------------------


def test_where_the_wanted_xen_runs_nobody_is_called():
    plugin = action(machine())
    result = plugin.run(task_vars=read(machine()))
    assert (result["changed"], result["changes"], result["restart_required"]) == (False, [], [])
    assert (plugin.asked, plugin.ran) == ([], [])


def test_a_stale_reading_is_made_anew_for_those_who_follow_too():
    plugin = action(machine())
    variables = dict(read(NATIVE), ansible_facts={"netbsd_xen_stale": "one"})
    result = plugin.run(task_vars=variables)
    assert result["changed"] is False
    assert plugin.asked == [("host_info", {})]
    variables["ansible_facts"].update(result["ansible_facts"])
    assert usable_read(variables)["host"] == machine()


def test_what_was_seen_before_a_reboot_holds_for_nobody():
    variables = dict(read(NATIVE), ansible_facts={"netbsd_xen_stale": "one"})
    result = action(NATIVE, after=[machine()]).run(task_vars=variables)
    assert result["changed"] is True
    variables["ansible_facts"].update(result.get("ansible_facts", {}))
    assert usable_read(variables) is None


def test_wrong_options_never_reach_the_machine():
    plugin = action(NATIVE, once="Xen 4.20")
    with pytest.raises(AnsibleActionFail, match="can't boot an entry once"):
        plugin.run(task_vars={})
    assert (plugin.asked, plugin.ran) == ([], [])


# -- not allowed -------------------------------------------------------------------------------------------------------


def test_a_machine_that_may_not_reboot_fails_where_xen_is_required():
    plugin = action(NATIVE, reboot=False)
    result = plugin.run(task_vars=read(NATIVE))
    assert (result["failed"], result["changed"]) == (True, False)
    assert "ready to boot into Xen 4.20" in result["msg"]
    assert [change["thing"] for change in result["restart_required"]] == ["Xen"]
    assert plugin.ran == []


@pytest.mark.parametrize(("check", "required"), [(True, True), (False, False)])
def test_it_is_a_warning_in_a_check_or_where_xen_is_not_required(check, required):
    result = action(NATIVE, check=check, reboot=False, required=required).run(task_vars=read(NATIVE))
    assert not result.get("failed")
    assert "ready to boot" in result["warnings"][0]


def test_other_arguments_are_no_failure_without_permission():
    result = action(machine(), reboot=False, hypervisor_args="dom0_mem=2G").run(task_vars=read(machine()))
    assert not result.get("failed")
    assert [change["thing"] for change in result["restart_required"]] == ["hypervisor arguments"]


def test_check_mode_says_what_it_would_do_and_does_nothing():
    plugin = action(NATIVE, check=True)
    result = plugin.run(task_vars=read(NATIVE))
    assert (result["changed"], [change["thing"] for change in result["changes"]]) == (True, ["Xen"])
    # The machine's own part looks, in check mode as well, for what it would refuse.
    assert ([name for name, _args in plugin.asked], plugin.ran) == (["xen_reboot"], [])


def test_check_mode_says_what_the_machine_refuses_unless_earlier_tasks_would_have_mended_it():
    refusing = {"netbsd.xen.xen_reboot": {"failed": True, "msg": "The machine was not rebooted: no Xen in its menu."}}
    result = action(NATIVE, check=True, answers=refusing).run(task_vars=read(NATIVE))
    assert result["failed"] and "no Xen in its menu" in result["msg"]
    plugin = action(NATIVE, check=True, answers=refusing, assume_ready=True)
    assert not plugin.run(task_vars=read(NATIVE)).get("failed")
    assert plugin.asked == []


def test_a_local_connection_is_refused():
    plugin = action(NATIVE, transport="local")
    result = plugin.run(task_vars=read(NATIVE))
    assert result["failed"] and "under the run" in result["msg"]
    assert plugin.ran == []


# -- the reboot --------------------------------------------------------------------------------------------------------


def test_guests_first_then_the_reboot_then_the_proof():
    plugin = action(NATIVE, [machine(alive=False), machine()])
    result = plugin.run(task_vars=read(NATIVE))
    assert not result.get("failed"), result.get("msg")
    assert plugin.ran[:2] == [BOOT_TIME, SHUTDOWN]
    assert [name for name, args in plugin.asked] == ["xen_reboot", "host_info", "host_info"]
    assert result["guests"] == ["web1"]
    assert result["ran"] == {
        "before": "NetBSD 10.1 (GENERIC) without Xen", "after": "NetBSD 10.1 (XEN3_DOM0) under Xen 4.20.1"
    }
    assert plugin.resets > 0
    assert result["seconds"] > 0
    assert result["ansible_facts"] == {"netbsd_xen_stale": "one"}
    assert result["commands"] == [{"argv": ["xl", "shutdown", "1"], "rc": 0}]


def test_a_guest_that_does_not_shut_down_stops_it():
    refusal = {"failed": True, "msg": "db1 did not shut down"}
    plugin = action(machine("4.18"), answers={"netbsd.xen.xen_reboot": refusal}, loader="grub2", once="Xen 4.20")
    result = plugin.run(task_vars=read(machine("4.18")))
    assert (result["failed"], result["changed"], result["msg"]) == (True, False, "db1 did not shut down")
    assert SHUTDOWN not in plugin.ran
    assert plugin.menus == []
    assert result["ansible_facts"] == {"netbsd_xen_stale": "one"}, "other guests may have shut down"


def test_a_shutdown_that_fails_takes_the_trial_back():
    failed = {"rc": 1, "stdout": "", "stderr": "shutdown: NOT super-user"}
    plugin = action(machine("4.18"), answers={SHUTDOWN: failed}, loader="grub", once="Xen 4.20")
    result = plugin.run(task_vars={})
    assert "NOT super-user" in result["msg"] and "not rebooted" in result["msg"]
    assert "Its guests web1 were shut down" in result["msg"]
    assert result["ran"]["after"] == result["ran"]["before"], "it is up, and nobody has to go to its console"
    assert result["changed"] is True
    assert plugin.menus == [
        ("grub_menu", {"flavour": "grub", "once": "Xen 4.20"}), ("grub_menu", {"flavour": "grub", "once": ""})
    ]


def test_a_machine_that_does_not_come_back_is_told_with_the_way_out():
    plugin = action(NATIVE, silence=10**6, timeout=60, native_entry="NetBSD")
    result = plugin.run(task_vars={})
    assert (result["failed"], result["changed"], result["ran"]["after"]) == (True, True, None)
    assert "not answered for 60 seconds" in result["msg"]
    assert "the entry NetBSD of the boot menu boots without Xen" in result["msg"]


def test_a_machine_that_does_not_go_down_is_told_apart():
    plugin = action(NATIVE, answers={SHUTDOWN: {"rc": 0, "stdout": "Shutdown NOW!\n", "stderr": ""}}, timeout=60)
    result = plugin.run(task_vars={})
    assert "has not gone down" in result["msg"]
    assert result["ran"]["after"] == result["ran"]["before"]


def test_a_menu_that_takes_no_trial_leaves_no_guest_down_unsaid():
    broken = {"failed": True, "msg": "/grub/grub.cfg can't be written."}
    plugin = action(machine("4.18"), answers={"netbsd.xen.grub_menu": broken}, loader="grub2", once="Xen 4.20")
    result = plugin.run(task_vars=read(machine("4.18")))
    assert result["msg"].startswith("/grub/grub.cfg can't be written. Its guests web1 were shut down")
    assert (result["failed"], result["changed"]) == (True, True)
    assert SHUTDOWN not in plugin.ran


@pytest.mark.parametrize(
    ("loader", "menu"),
    [
        ("boot_cfg", ("boot_cfg", {"default": "NetBSD"})),
        ("grub", ("grub_menu", {"flavour": "grub", "default": "NetBSD"})),
        ("grub2", ("grub_menu", {"flavour": "grub2", "default": "NetBSD"})),
    ],
)
def test_a_machine_that_comes_back_without_xen_boots_without_it_next_time(loader, menu):
    plugin = action(NATIVE, [NATIVE], loader=loader, native_entry="NetBSD")
    result = plugin.run(task_vars={})
    assert (result["failed"], result["changed"]) == (True, True)
    assert "runs NetBSD 10.1 (GENERIC) without Xen, but a dom0 under Xen 4.20 is wanted" in result["msg"]
    assert "NetBSD is now the default" in result["msg"]
    assert plugin.menus == [menu]


def test_a_menu_that_can_not_be_put_back_is_told_too():
    broken = {"failed": True, "msg": "/boot.cfg can't be written"}
    plugin = action(NATIVE, [NATIVE], answers={"netbsd.xen.boot_cfg": broken}, native_entry="NetBSD")
    words = plugin.run(task_vars={})["msg"]
    assert "could not be made the default" in words and "/boot.cfg can't be written" in words


def test_a_machine_that_comes_back_under_the_old_xen_keeps_its_menu():
    plugin = action(
        machine("4.18"), [machine("4.18")], loader="grub2", once="Xen 4.20", native_entry="NetBSD", xenstore=False
    )
    result = plugin.run(task_vars={})
    assert "under Xen 4.18.1, but a dom0 under Xen 4.20 is wanted" in result["msg"]
    assert plugin.menus == [("grub_menu", {"flavour": "grub2", "once": "Xen 4.20"})]


def test_a_xenstored_that_stays_dead_is_a_failure_after_some_time(clock):
    plugin = action(NATIVE, [machine(alive=False)], native_entry="NetBSD")
    result = plugin.run(task_vars={})
    assert "xenstored is dead" in result["msg"]
    assert clock["seconds"] > xen_reboot.SETTLE_SECONDS
    assert plugin.menus == [], "this Xen boots"


def test_a_shutdown_that_never_answers_does_not_hold_the_run_up(monkeypatch):
    monkeypatch.setattr(xen_reboot, "SHUTDOWN_SECONDS", 0.05)
    plugin = action(NATIVE, timeout=60)
    answer = plugin._low_level_execute_command
    waited = []

    def hang(cmd, sudoable):
        if cmd == SHUTDOWN:
            waited.append(Event().wait(5))
        return answer(cmd, sudoable)

    monkeypatch.setattr(plugin, "_low_level_execute_command", hang)
    assert "has not gone down" in plugin.run(task_vars={})["msg"]
    assert waited == [], "the wait was not interrupted"


def test_an_alarm_that_was_set_before_still_goes_off():
    heard = Event()
    previous = signal.signal(signal.SIGALRM, lambda *_arguments: heard.set())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with xen_reboot.at_most(10):
            assert not heard.is_set()
        assert heard.wait(5)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


# -- guests that no xenstored knows ------------------------------------------------------------------------------------


def lost():
    found = machine(alive=False)
    found["toolstack"]["lost_guests"] = ["interface xvif1i0"]
    return found


def test_beside_guests_that_nobody_can_ask_reboot_is_called_and_not_shutdown():
    """shutdown(8) runs xendomains, whose xl waits for a dead xenstored for ever (record xenstored-dead-hang)."""
    found = action(lost(), after=[machine()], abandon_guests=True)
    result = found.run(task_vars={})
    assert result["changed"] is True and not result.get("failed")
    assert REBOOT in found.ran and SHUTDOWN not in found.ran


def test_on_a_machine_that_is_well_the_word_changes_nothing():
    found = action(machine(), after=[machine()], abandon_guests=True, force=True)
    found.run(task_vars={})
    assert SHUTDOWN in found.ran and REBOOT not in found.ran


def test_a_reboot_that_is_refused_is_told():
    refused = {"rc": 1, "stdout": "", "stderr": "reboot: Operation not permitted\n"}
    found = action(lost(), abandon_guests=True, answers={REBOOT: refused})
    result = found.run(task_vars={})
    assert "/sbin/reboot ended with status 1: reboot: Operation not permitted" in result["msg"]


def test_a_session_that_is_killed_by_the_reboot_is_no_failure():
    found = action(lost(), abandon_guests=True, answers={REBOOT: {"rc": 143, "stdout": "", "stderr": ""}})
    result = found.run(task_vars={})
    assert "still answers" in result["msg"] and "after /sbin/reboot" in result["msg"]


def test_without_the_word_it_only_says_so():
    found = action(lost())
    result = found.run(task_vars={})
    assert result["changed"] is False and REBOOT not in found.ran and SHUTDOWN not in found.ran
