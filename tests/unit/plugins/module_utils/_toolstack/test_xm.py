# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The xm toolstack on simulated machines of Xen 4.2 and 3.1: which words xm is called with, what is believed, and whom
it is never called for. db1 runs as domain 1; xend keeps sleeper, which does not run."""

from __future__ import annotations

import time

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed, Refused, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._command import Result
from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest.devices import Disk, Nic
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl.xl_output import Row
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import waiting, xm_devices
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack.choose import toolstack
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack.xl import Xl
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack.xm import Xm
from ansible_collections.netbsd.xen.tests.unit.support import sim_host
from ansible_collections.netbsd.xen.tests.unit.support.fakes import MemoryHost
from ansible_collections.netbsd.xen.tests.unit.support.rewound import Rewinder
from ansible_collections.netbsd.xen.tests.unit.support.simulated import SimulatedHost
from ansible_collections.netbsd.xen.tests.unit.support.toolstack_acts import EVERY_ACT
from ansible_collections.netbsd.xen.tests.unit.support.xm_host import MODERN, OLD, XmHost, guest, ready

XM = "/usr/pkg/sbin/xm"
CONFIG = "/usr/pkg/etc/xen/web1"
QUESTIONS = ("list", "info", "vcpu-list", "block-list", "network-list", "cpupool-list")


class XmMachine(SimulatedHost):
    """``instead`` is what a sub-command of xm ends with and does not do, ``after`` what it ends with and does: status
    and standard error. The simulator's own failures are of the kind that undo what was begun. ``printed`` answers the
    sub-commands that the simulator does not have."""

    def __init__(self, machine: XmHost) -> None:
        super().__init__(machine)
        self.instead: dict[str, tuple[int, str]] = {}
        self.after: dict[str, tuple[int, str]] = {}
        self.printed: dict[str, str] = {}

    def try_run(self, argv, timeout=30.0, cwd="/", env=None, stdin=""):
        words = list(argv)
        verb = words[1] if words[0] == XM else ""
        if verb in self.instead or verb in self.printed:
            rc, stderr = self.instead.get(verb, (0, ""))
            self.commands.append({"argv": words, "rc": rc, "seconds": 0.0})
            return Result(tuple(words), rc, self.printed.get(verb, ""), stderr, 0.0)
        found = super().try_run(argv, timeout, cwd, env, stdin)
        if verb in self.after:
            rc, stderr = self.after[verb]
            return Result(tuple(words), rc, found.stdout, stderr, 0.0)
        return found

    def with_state(self):
        return sim_host.Machine(self.machine.directory)

    def stop(self, *daemons: str) -> None:
        with self.with_state() as m:
            for name in daemons:
                assert m.stop_daemon(name)

    def xm(self, *words: str) -> None:
        """By other hands than the toolstack's."""
        said = self.machine.xm(*words)
        assert said.rc == 0, said.err

    def lines(self, verb: str) -> list[str]:
        return self.machine.xm(verb, "1").out.splitlines()[1:]


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    """One machine an era, and how each is brought back to what it was."""
    made = {}
    for profile in (MODERN, OLD):
        machine = ready(tmp_path_factory.mktemp("machine"), profile)
        for path in ("/vmlinuz-noack", "/save/none"):
            (machine.root / path[1:]).parent.mkdir(exist_ok=True)
            machine.write(path, "a kernel")
        nics = ["mac=00:16:3e:00:00:01, bridge=bridge0", "mac=00:16:3e:00:00:02, bridge=bridge0"]
        assert machine.xm("create", guest(machine, "db1", memory=256, vcpus=2, vif=nics)).rc == 0
        assert machine.xm("new", guest(machine, "sleeper")).rc == 0
        guest(machine, "web1")
        made[profile] = (machine, Rewinder(machine.directory))
    return made


def machine_of(machines, profile):
    machine, rewinder = machines[profile]
    rewinder.rewind()
    return XmMachine(machine)


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(waiting.gone, "__defaults__", (0.2,))
    monkeypatch.setattr(xm_devices, "DETACH_SECONDS", 0.05)


@pytest.fixture
def host(machines):
    return machine_of(machines, MODERN)


@pytest.fixture
def old(machines):
    return machine_of(machines, OLD)


@pytest.fixture(params=[MODERN, OLD], ids=["xen-4.2", "xen-3.1"])
def either(request, machines):
    return machine_of(machines, request.param)


def row(host, name="db1"):
    (found,) = [each for each in Xm(host).rows() if each.name == name]
    return found


def ran(host):
    return [command["argv"][1:] for command in host.commands if command["argv"][0] == XM]


def acts(host):
    """What xm was called with, without the questions."""
    return [words for words in ran(host) if words[0] not in QUESTIONS]


# -- the life test -----------------------------------------------------------------------------------------------------


def test_alive(either):
    assert Xm(either).alive() == (True, "")
    assert ran(either) == []


def test_a_dead_xend_is_told_without_calling_xm(either):
    either.stop("xend")
    assert Xm(either).alive() == (
        False,
        "xend is not running. Start it: /etc/rc.d/xend onestart. Guests that are running are not disturbed.",
    )
    assert ran(either) == []


@pytest.mark.parametrize(
    ("profile", "start"),
    [(MODERN, "/etc/rc.d/xencommons onestart, then /etc/rc.d/xend onestart"), (OLD, "/etc/rc.d/xend onestart")],
)
def test_from_xen_41_xencommons_starts_xenstored(machines, profile, start):
    host = machine_of(machines, profile)
    Xm(host).destroy(1)
    host.commands.clear()
    host.stop("xenstored", "xend")
    assert Xm(host).alive() == (
        False,
        f"xenstored is not running, and without it xend can't answer. Start it: {start}.",
    )
    assert ran(host) == []


def test_a_dead_xenstored_beside_guests_is_not_to_be_started(host):
    host.stop("xenstored")
    alive, why = Xm(host).alive()
    assert not alive and "guests seem to run (interface xvif1.0" in why
    assert ran(host) == []


def test_no_dom0_and_no_tools(host):
    host.remove(XM)
    assert Xm(host).alive() == (False, f"{XM} is missing: the Xen tools are not installed.")
    host.remove("/kern/xen/privcmd")
    assert "no dom0" in Xm(host).alive()[1]


def test_the_machine_with_xend_is_managed_with_xm_although_xen_42_brings_xl_too(host, old):
    assert host.exists("/usr/pkg/sbin/xl") and not old.exists("/usr/pkg/sbin/xl")
    assert isinstance(toolstack(host), Xm) and isinstance(toolstack(old), Xm)
    host.remove("/etc/rc.d/xend")
    assert isinstance(toolstack(host), Xl) and isinstance(toolstack(MemoryHost()), Xl)


# -- queries -----------------------------------------------------------------------------------------------------------


def test_domains(either):
    (found,) = Xm(either).domains(pools=True, pins=True)
    config = found.settings
    assert {key: value for key, value in vars(found).items() if key != "config"} == {
        "name": "db1",
        "domid": 1,
        "used": 256,
        "online_vcpus": 2,
        "state": "-b----",
        "pool": "Pool-0" if either.machine.data["profile"] == MODERN else None,
        "cpus": {"0": "all", "1": "all"},
    }
    assert {key: config[key] for key in ("name", "type", "kernel", "memory", "maxmem", "vcpus", "maxvcpus")} == {
        "name": "db1",
        "type": "pv",
        "kernel": "/vmlinuz",
        "memory": 256,
        "maxmem": 256,
        "vcpus": 2,
        "maxvcpus": 2,
    }
    assert [nic["mac"] for nic in config["vif"]] == ["00:16:3e:00:00:01", "00:16:3e:00:00:02"]
    assert config.keys().isdisjoint({"domid", "state", "pool"})
    assert len(ran(either)) == 3


def test_pool_and_pins_only_where_asked(host):
    (domain,) = Xm(host).domains()
    assert (domain.pool, domain.cpus) == (None, None)
    assert len(ran(host)) == 2


def test_weight_and_cap_cost_a_call_only_before_xen_4(either):
    (domain,) = Xm(either).domains(shares=True)
    assert (domain.settings["cpu_weight"], domain.settings["cap"]) == (256, 0)
    assert (["sched-credit"] in ran(either)) == (either.machine.data["profile"] == OLD)


def test_managed_domains_are_no_rows(either):
    assert [each.name for each in Xm(either).rows()] == ["Domain-0", "db1"]
    assert Xm(either).managed() == ["sleeper"]
    assert set(Xm(either).configs()) == {0, 1}


def test_a_dead_xend_is_the_reason(either):
    either.stop("xend")
    with pytest.raises(CommandFailed, match="Is xend running"):
        Xm(either).rows()


def test_pools_came_with_xen_41(host, old):
    assert Xm(host).pools() == ["Pool-0"]
    assert Xm(old).pools() == []
    with pytest.raises(Refused, match="CPU pool p: this Xen has none"):
        Xm(old).set_pool(1, "p")


# -- logs --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("profile", "folder"), [(MODERN, "/var/log/xen"), (OLD, "/var/log")])
def test_logs_of_both_eras_without_passwords(machines, profile, folder):
    host = machine_of(machines, profile)
    host.put(
        f"{folder}/xend.log",
        "x" * 200000
        + "\n['vfb', ['vncpasswd', 'two words'], ['vnc', 1]]\n(vncpasswd hidden)(vnc 1)\nvncpasswd=hidden\nlast\n",
    )
    host.put(f"{folder}/xend-debug.log", "Traceback\n")
    host.put("/var/log/xen/console/guest-web1.log", "booting\n")
    found = Xm(host).logs("web1")
    assert found["xend_log"].endswith("['vncpasswd', ***], ['vnc', 1]]\n(vncpasswd ***)(vnc 1)\nvncpasswd=***\nlast")
    assert "x" not in found["xend_log"].split("\n")[0].replace("vncpasswd", "").replace("vfb", "")
    assert (found["xend_debug_log"], found["console_log"]) == ("Traceback", "booting")


def test_birth_mark_is_the_last_create_and_no_reboot(host):
    assert Xm(host).birth_mark("web1") == ""
    create = (
        "[2012-04-23 {} 215] DEBUG (XendDomainInfo:103) XendDomainInfo.create(['vm', ['name', '{}'], ['memory', 1]])\n"
    )
    reboot = "[2012-04-23 14:00:00 215] DEBUG (XendDomainInfo:124) XendDomainInfo.create_from_dict({'name': 'web1'})\n"
    host.put(
        "/var/log/xen/xend.log",
        create.format("12:00:00", "web1")
        + create.format("13:00:00", "web1")
        + create.format("13:30:00", "web10")
        + reboot,
    )
    assert Xm(host).birth_mark("web1") == "2012-04-23 13:00:00 215"


# -- starting ----------------------------------------------------------------------------------------------------------


def test_create(either):
    found = Xm(either).create(CONFIG, "web1", {0, 1})
    assert (found.name, found.domid, found.paused) == ("web1", 2, False)
    assert acts(either) == [["create", CONFIG]]


def test_create_paused_save_and_restore(either):
    assert Xm(either).create(CONFIG, "web1", {0, 1}, paused=True).paused
    Xm(either).unpause(row(either, "web1"))
    time.sleep(0.01)  # it boots
    Xm(either).save(row(either, "web1"), "/save/web1", 5.0)
    assert Xm(either).restore("/save/web1", "web1", {0, 1}, paused=True).domid == 3
    assert acts(either) == [
        ["create", "-p", CONFIG],
        ["unpause", "2"],
        ["save", "2", "/save/web1"],
        ["restore", "-p", "/save/web1"],
    ]


def test_a_configuration_with_code_is_never_given_to_xm(host):
    host.put(CONFIG, "name = 'web1'\nimport os\n")
    with pytest.raises(Refused, match=r"web1, line 2: import is code.* xm would run this file"):
        Xm(host).create(CONFIG, "web1", set())
    with pytest.raises(XenError, match="/nowhere is missing"):
        Xm(host).create("/nowhere", "web1", set())
    assert acts(host) == []


def test_a_failed_create_tells_the_cause(either):
    guest(either.machine, "web1", vif=["bridge=nosuch"])
    why = r"Device 0 \(vif\) could not be connected. Hotplug scripts not working."
    with pytest.raises(CommandFailed, match=why) as caught:
        Xm(either).create(CONFIG, "web1", {0, 1})
    assert "Hotplug scripts not working" in caught.value.details["xend_log"]
    assert [each.name for each in Xm(either).rows()] == ["Domain-0", "db1"]


def test_a_failed_create_leaves_nothing(either):
    either.after["create"] = (1, "Error: Device 1 (vbd) could not be connected. no available vnd device\nUsage: xm\n")
    with pytest.raises(CommandFailed, match="could not be connected. no available vnd device.* 2 .*was destroyed"):
        Xm(either).create(CONFIG, "web1", {0, 1})
    assert [each.name for each in Xm(either).rows()] == ["Domain-0", "db1"]


# -- managed domains ---------------------------------------------------------------------------------------------------


def test_a_managed_domain_is_deleted(either):
    assert Xm(either).managed() == ["sleeper"]
    Xm(either).delete("sleeper")
    assert Xm(either).managed() == []
    assert acts(either) == [["delete", "sleeper"]]


@pytest.mark.parametrize("name", ["db1", "1", "Domain-0", "0", "nosuch"])
def test_only_managed_domains_that_do_not_run_are_deleted(host, name):
    with pytest.raises(Refused, match="is no domain that xend keeps"):
        Xm(host).delete(name)
    assert acts(host) == []


# -- stopping ----------------------------------------------------------------------------------------------------------


def test_shutdown_unpauses_first(either):
    either.xm("pause", "1")
    assert Xm(either).shutdown(row(either), 5.0)
    assert acts(either) == [["unpause", "1"], ["shutdown", "1"]]


def test_a_deaf_guest_stays(either):
    either.xm("create", either.machine.config("web1", kernel="/vmlinuz-noack"))
    assert not Xm(either).shutdown(row(either, "web1"), 0.05)
    with pytest.raises(XenError, match="still runs as domain 2"):
        Xm(either).reboot(row(either, "web1"), 0.05)
    assert row(either, "web1").domid == 2


def test_reboot_gives_a_new_domain(either):
    time.sleep(0.1)  # xend does not restart a guest again so soon after its start
    assert Xm(either).reboot(row(either), 5.0).domid == 2
    assert acts(either) == [["reboot", "1"]]


def test_destroy(either):
    Xm(either).destroy(1)
    assert [each.name for each in Xm(either).rows()] == ["Domain-0"]
    assert acts(either) == [["destroy", "1"]]


def test_a_destroy_that_fails_is_no_success(host):
    host.instead["destroy"] = (1, "Error: (3, 'No such process')\n")
    with pytest.raises(CommandFailed, match=r"still there: \(3, 'No such process'\)"):
        Xm(host).destroy(1)


# -- while it runs -----------------------------------------------------------------------------------------------------


def test_settings_of_a_running_guest(either):
    tool = Xm(either)
    tool.set_memory(1, 200)
    tool.set_vcpus(1, 1)
    tool.rename(1, "db2")
    tool.set_weight(1, 512, None)
    tool.set_weight(1, 384, 50)
    tool.dump_core(1, "/var/core", 9.0)
    assert acts(either) == [
        ["mem-set", "1", "200"],
        ["vcpu-set", "1", "1"],
        ["rename", "1", "db2"],
        ["sched-credit", "-d", "1", "-w", "512"],
        ["sched-credit", "-d", "1", "-w", "384", "-c", "50"],
        ["dump-core", "1", "/var/core"],
    ]
    assert tool.rows()[1] == Row("db2", 1, 200, 1, "-b----")
    (domain,) = tool.domains(shares=True)
    assert (domain.settings["cpu_weight"], domain.settings["cap"]) == (384, 50)
    assert either.exists("/var/core")


def test_a_pool_is_set(host):
    with host.with_state() as m:
        m.data["xen"]["pools"].append({"id": 1, "name": "quiet", "sched": "credit", "cpus": []})
    assert Xm(host).pools() == ["Pool-0", "quiet"]
    Xm(host).set_pool(1, "quiet")
    assert Xm(host).domains(pools=True)[0].pool == "quiet"
    with pytest.raises(CommandFailed, match="unknown pool noisy"):
        Xm(host).set_pool(1, "noisy")
    assert acts(host) == [["cpupool-migrate", "1", "quiet"], ["cpupool-migrate", "1", "noisy"]]


def test_pause_and_unpause(either):
    Xm(either).pause(row(either))
    Xm(either).pause(row(either))
    assert row(either).paused
    Xm(either).unpause(row(either))
    assert not row(either).paused
    assert acts(either) == [["pause", "1"], ["unpause", "1"]]


def test_a_guest_that_other_hands_have_paused_twice_runs_again(host):
    with host.with_state() as m:
        m.data["xen"]["domains"]["1"]["paused"] = 2
    Xm(host).unpause(row(host))
    assert not row(host).paused
    assert acts(host) == [["unpause", "1"], ["unpause", "1"]]


@pytest.mark.parametrize(
    ("cpus", "words", "seen"),
    [("all", "all", "all"), ("0-3,^1", "0-3,^1", "0,2,3"), ("2", "2", "2"), ("all,^0", "1,2,3", "1,2,3")],
)
def test_pin(host, cpus, words, seen):
    Xm(host).pin(1, "all", cpus)
    Xm(host).pin(1, "1", cpus)
    assert acts(host) == [["vcpu-pin", "1", each, words] for each in ("0", "1", "1")]
    assert Xm(host).domains(pins=True)[0].cpus == {"0": seen, "1": seen}


def test_pin_knows_no_nodes(host):
    with pytest.raises(Refused, match="xm does not know such a set"):
        Xm(host).pin(1, "0", "nodes:0")


def test_an_error_with_exit_status_0_is_an_error(host):
    """xm_sched_credit prints what xend answers and returns as if nothing had been."""
    host.instead["sched-credit"] = (0, "Error: -1\n")
    with pytest.raises(CommandFailed, match="ended with status 0: -1"):
        Xm(host).set_weight(1, 1, None)


# -- devices -----------------------------------------------------------------------------------------------------------


def test_disks(either):
    Xm(either).attach_disk(1, Disk("/dev/wd0f", "xvdb", access="ro"))
    assert [line.split()[0] for line in either.lines("block-list")] == ["51728"]
    Xm(either).detach_disk(1, "0xca10")
    assert either.lines("block-list") == []
    assert acts(either) == [["block-attach", "1", "phy:/dev/wd0f", "xvdb", "r"], ["block-detach", "1", "51728"]]


def test_a_disk_that_the_guest_keeps_is_no_success(host):
    Xm(host).attach_disk(1, Disk("/disk.img", "xvdb"))
    host.instead["block-detach"] = (0, "")
    with pytest.raises(CommandFailed, match="has not given the device back within"):
        Xm(host).detach_disk(1, "xvdb")


@pytest.mark.parametrize("disk", [Disk("/a.qcow2", "xvda", format="qcow2"), Disk("/a,b.img", "xvda")])
def test_what_xm_knows_no_words_for_is_refused(host, disk):
    with pytest.raises(Refused, match="the disk /a"):
        Xm(host).attach_disk(1, disk)
    with pytest.raises(Refused, match="no name that xm knows"):
        Xm(host).detach_disk(1, "nonsense")
    assert acts(host) == []


def test_cds(host):
    host.printed["block-configure"] = ""
    Xm(host).insert_cd(1, "hdc", "/home/cd.iso")
    Xm(host).insert_cd(1, "hdc", "")
    assert acts(host) == [
        ["block-configure", "1", "file:/home/cd.iso", "hdc:cdrom", "r"],
        ["block-configure", "1", "", "hdc:cdrom", "r"],
    ]


def test_nics(either):
    Xm(either).detach_nic(1, "00:16:3E:00:00:02")
    Xm(either).attach_nic(1, Nic("00:16:3e:00:00:03", "bridge0"))
    assert acts(either) == [
        ["network-detach", "1", "1"],
        ["network-attach", "1", "mac=00:16:3e:00:00:03", "bridge=bridge0"],
    ]
    assert [line.split()[2] for line in either.lines("network-list")] == ["00:16:3e:00:00:01", "00:16:3e:00:00:03"]
    with pytest.raises(XenError, match="has no network interface 00:16:3e:00:00:02"):
        Xm(either).detach_nic(1, "00:16:3e:00:00:02")


def test_a_failed_attach_takes_away_what_it_left_and_nothing_else(host):
    with pytest.raises(CommandFailed, match="Hotplug scripts not working"):
        Xm(host).attach_nic(1, Nic("00:16:3e:00:00:03", "bridge9"))
    assert [words[0] for words in acts(host)] == ["network-attach"]
    host.after["network-attach"] = (1, "Error: Network bridge does not exist: bridge9\n")
    with pytest.raises(CommandFailed, match="bridge does not exist"):
        Xm(host).attach_nic(1, Nic("00:16:3e:00:00:03", "bridge0"))
    assert acts(host)[-1] == ["network-detach", "1", "2"]
    assert len(host.lines("network-list")) == 2


def test_migrate_goes_through_xend(host):
    host.printed["migrate"] = ""
    with pytest.raises(Refused, match="not by ssh"):
        Xm(host).migrate(1, "other", "ssh -p 2222", 9.0)
    Xm(host).migrate(1, "other", "", 9.0)
    assert acts(host) == [["migrate", "--live", "1", "other"]]


# -- whom it is never called for ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", EVERY_ACT, ids=range(len(EVERY_ACT)))
def test_domain_0_is_left_alone(host, act):
    with pytest.raises(XenError, match="Domain 0 is this machine itself"):
        act(Xm(host), Row("Domain-0", 0, 512, 1, "r-----"))
    assert acts(host) == []


@pytest.mark.parametrize("act", EVERY_ACT, ids=range(len(EVERY_ACT)))
@pytest.mark.parametrize("made_by", ["create", "new"], ids=["running", "managed"])
def test_a_name_of_digits_is_never_taken_for_another_domain(host, act, made_by):
    """XendDomain.domain_lookup_nr looks for a name first, and _checkName allows digits."""
    host.xm(made_by, guest(host.machine, "1"))
    with pytest.raises(XenError, match="There is a domain with the name 1"):
        act(Xm(host), row(host))
    assert acts(host) == []
