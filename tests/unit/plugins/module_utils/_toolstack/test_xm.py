# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The xm toolstack: which words xm is called with, what is believed, and whom it is never called for."""

from __future__ import annotations

import re

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed, Refused, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest.devices import Disk, Nic
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl.xl_output import Row
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import choose, waiting, xl, xm, xm_devices
from ansible_collections.netbsd.xen.tests.unit.support.fake_xm import XEND, XENSTORED, FakeXm, XmDomain
from ansible_collections.netbsd.xen.tests.unit.support.fakes import MemoryHost

CONFIG = "/usr/pkg/etc/xen/web1"


@pytest.fixture
def host():
    return MemoryHost()


@pytest.fixture
def fake(host, monkeypatch):
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(waiting.gone, "__defaults__", (0.2,))
    monkeypatch.setattr(xm_devices, "DETACH_SECONDS", 0.05)
    host.put(CONFIG, "name = 'web1'\nmemory = 128\n")
    return FakeXm(host, domains=[XmDomain("db1", 3, memory=256, vcpus=2), XmDomain("sleeper", None)])


def row(host, name):
    (found,) = [each for each in xm.rows(host) if each.name == name]
    return found


def acts(host):
    """What xm was called with, without the questions."""
    questions = ("list", "info", "vcpu-list", "block-list", "network-list", "cpupool-list")
    return [words for words in host.ran("xm") if words[0] not in questions]


# -- the life test -----------------------------------------------------------------------------------------------------


def test_alive(host, fake):
    assert xm.alive(host) == (True, "")
    assert host.ran("xm") == []


@pytest.mark.parametrize(
    ("processes", "why"),
    [
        ((XENSTORED,), "xend is not running. Start it: /etc/rc.d/xend onestart."),
        ((XEND,), "xenstored is not running, .* Start it: /etc/rc.d/xend onestart."),
        ((XENSTORED, "/usr/bin/vi /usr/pkg/sbin/xend"), "xend is not running"),
        ((XENSTORED, "(xend)"), "xend is not running"),
    ],
)
def test_a_dead_daemon_is_told_without_calling_xm(host, fake, processes, why):
    fake.processes = processes
    alive, told = xm.alive(host)
    assert not alive
    assert re.search(why, told)
    assert host.ran("xm") == []


def test_from_xen_41_xencommons_starts_xenstored(host, fake):
    fake.processes = ()
    host.put("/etc/rc.d/xencommons", mode=0o755)
    assert "Start it: /etc/rc.d/xencommons onestart, then /etc/rc.d/xend onestart." in xm.alive(host)[1]


def test_no_dom0_and_no_tools(host, fake):
    host.remove("/usr/pkg/sbin/xm")
    assert xm.alive(host) == (False, "/usr/pkg/sbin/xm is missing: the Xen tools are not installed.")
    host.remove("/kern/xen/privcmd")
    assert "no dom0" in xm.alive(host)[1]


def test_the_machine_with_xm_is_managed_with_it(host, fake):
    assert choose.toolstack(host) is xm
    assert choose.toolstack(MemoryHost()) is xl


# -- queries -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [(3, 1), (4, 2)])
def test_domains(host, fake, version):
    fake.version = version
    assert xm.domains(host, pools=True, pins=True) == [
        {
            "name": "db1",
            "domid": 3,
            "used": 256,
            "online_vcpus": 2,
            "state": "-b----",
            "pool": "Pool-0",
            "cpus": {"0": "all", "1": "all"},
            "config": {
                "name": "db1",
                "type": "pv",
                "kernel": "/netbsd",
                "memory": 256,
                "maxmem": 256,
                "vcpus": 2,
                "maxvcpus": 2,
                "disk": [],
                "vif": [],
            },
        }
    ]
    assert len(host.ran("xm")) == 3


def test_pool_and_pins_only_where_asked(host, fake):
    (domain,) = xm.domains(host)
    assert (domain["pool"], domain["cpus"]) == (None, None)
    assert len(host.ran("xm")) == 2


def test_managed_domains_are_no_rows(host, fake):
    assert [each.name for each in xm.rows(host)] == ["Domain-0", "db1"]
    assert xm.managed(host) == ["sleeper"]
    assert set(xm.configs(host)) == {0, 3}


def test_a_dead_xend_is_the_reason(host, fake):
    fake.processes = (XENSTORED,)
    with pytest.raises(CommandFailed, match="Is xend running"):
        xm.rows(host)


def test_pools_came_with_xen_41(host, fake):
    assert xm.pools(host) == ["Pool-0"]
    fake.version = (3, 3)
    assert xm.pools(host) == []
    with pytest.raises(Refused, match="CPU pool p: this Xen has none"):
        xm.set_pool(host, 3, "p")


# -- logs --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["/var/log/xen", "/var/log"])
def test_logs_of_both_eras_without_passwords(host, fake, folder):
    host.put(
        f"{folder}/xend.log",
        "x" * 200000
        + "\n['vfb', ['vncpasswd', 'two words'], ['vnc', 1]]\n(vncpasswd hidden)(vnc 1)\nvncpasswd=hidden\nlast\n",
    )
    host.put(f"{folder}/xend-debug.log", "Traceback\n")
    host.put("/var/log/xen/console/guest-web1.log", "booting\n")
    found = xm.logs(host, "web1")
    assert found["xend_log"].endswith("['vncpasswd', ***], ['vnc', 1]]\n(vncpasswd ***)(vnc 1)\nvncpasswd=***\nlast")
    assert "x" not in found["xend_log"].split("\n")[0].replace("vncpasswd", "").replace("vfb", "")
    assert (found["xend_debug_log"], found["console_log"]) == ("Traceback", "booting")


def test_birth_mark_is_the_last_create_and_no_reboot(host, fake):
    assert xm.birth_mark(host, "web1") == ""
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
    assert xm.birth_mark(host, "web1") == "2012-04-23 13:00:00 215"


# -- starting ----------------------------------------------------------------------------------------------------------


def test_create(host, fake):
    found = xm.create(host, CONFIG, "web1", {0, 3})
    assert (found.name, found.domid, found.paused) == ("web1", 10, False)
    assert acts(host) == [["create", CONFIG]]


def test_create_paused_and_restore(host, fake):
    assert xm.create(host, CONFIG, "web1", {0, 3}, paused=True).paused
    host.put("/save/web2", "")
    assert xm.restore(host, "/save/web2", "web2", {0, 3, 10}).domid == 11
    assert acts(host) == [["create", "-p", CONFIG], ["restore", "/save/web2"]]


def test_a_configuration_with_code_is_never_given_to_xm(host, fake):
    host.put(CONFIG, "name = 'web1'\nimport os\n")
    with pytest.raises(Refused, match=r"web1, line 2: import is code.* xm would run this file"):
        xm.create(host, CONFIG, "web1", set())
    with pytest.raises(XenError, match="/nowhere is missing"):
        xm.create(host, "/nowhere", "web1", set())
    assert acts(host) == []


def test_a_failed_create_tells_the_cause_and_leaves_nothing(host, fake):
    fake.errors["create"] = (
        1,
        "Error: Device 1 (vbd) could not be connected. no available vnd device\nUsage: xm create\n",
    )
    fake.leaves_domain = True
    host.put("/var/log/xen/xend.log", "it failed\n")
    with pytest.raises(
        CommandFailed, match="could not be connected. no available vnd device.* 10 .*was destroyed"
    ) as caught:
        xm.create(host, CONFIG, "web1", {0, 3})
    assert caught.value.details["xend_log"] == "it failed"
    assert [each.name for each in xm.rows(host)] == ["Domain-0", "db1"]


# -- managed domains ---------------------------------------------------------------------------------------------------


def test_a_managed_domain_is_deleted(host, fake):
    assert xm.managed(host) == ["sleeper"]
    xm.delete(host, "sleeper")
    assert xm.managed(host) == []
    assert acts(host) == [["delete", "sleeper"]]


@pytest.mark.parametrize("name", ["db1", "3", "Domain-0", "0", "nosuch"])
def test_only_managed_domains_that_do_not_run_are_deleted(host, fake, name):
    with pytest.raises(Refused, match="is no domain that xend keeps"):
        xm.delete(host, name)
    assert acts(host) == []


# -- stopping ----------------------------------------------------------------------------------------------------------


def test_shutdown_unpauses_first(host, fake):
    fake.domains[0].pauses = 1
    assert xm.shutdown(host, row(host, "db1"), 1.0)
    assert acts(host) == [["unpause", "3"], ["shutdown", "3"]]


def test_a_deaf_guest_stays(host, fake):
    fake.domains[0].deaf = True
    assert not xm.shutdown(host, row(host, "db1"), 0.05)
    assert row(host, "db1").domid == 3


def test_reboot_gives_a_new_domain(host, fake):
    assert xm.reboot(host, row(host, "db1"), 1.0).domid == 10
    fake.domains[0].deaf = True
    with pytest.raises(XenError, match="still runs as domain 10"):
        xm.reboot(host, row(host, "db1"), 0.05)


def test_destroy_and_save(host, fake):
    fake.domains.append(XmDomain("web2", 4))
    xm.destroy(host, 3)
    xm.save(host, row(host, "web2"), "/save/web2", 5.0)
    assert [each.name for each in xm.rows(host)] == ["Domain-0"]
    assert acts(host) == [["destroy", "3"], ["save", "4", "/save/web2"]]


def test_a_destroy_that_fails_is_no_success(host, fake):
    fake.errors["destroy"] = (1, "Error: (3, 'No such process')\n")
    with pytest.raises(CommandFailed, match=r"still there: \(3, 'No such process'\)"):
        xm.destroy(host, 3)


# -- while it runs -----------------------------------------------------------------------------------------------------


def test_settings_of_a_running_guest(host, fake):
    xm.set_memory(host, 3, 200)
    xm.set_vcpus(host, 3, 1)
    xm.rename(host, 3, "db2")
    xm.set_weight(host, 3, 512, None)
    xm.set_weight(host, 3, 256, 50)
    xm.set_pool(host, 3, "Pool-0")
    xm.dump_core(host, 3, "/var/core", 9.0)
    assert acts(host) == [
        ["mem-set", "3", "200"],
        ["vcpu-set", "3", "1"],
        ["rename", "3", "db2"],
        ["sched-credit", "-d", "3", "-w", "512"],
        ["sched-credit", "-d", "3", "-w", "256", "-c", "50"],
        ["cpupool-migrate", "3", "Pool-0"],
        ["dump-core", "3", "/var/core"],
    ]
    assert xm.rows(host)[1] == Row("db2", 3, 200, 1, "-b----")


def test_pause_and_unpause(host, fake):
    xm.pause(host, row(host, "db1"))
    xm.pause(host, row(host, "db1"))
    fake.domains[0].pauses = 2
    xm.unpause(host, row(host, "db1"))
    assert acts(host) == [["pause", "3"], ["unpause", "3"], ["unpause", "3"]]


@pytest.mark.parametrize(
    ("cpus", "words"),
    [("all", "all"), ("0-3,^1", "0-3,^1"), ("2", "2"), ("all,^0", "1,2,3")],
)
def test_pin(host, fake, cpus, words):
    xm.pin(host, 3, "all", cpus)
    xm.pin(host, 3, "1", cpus)
    assert acts(host) == [["vcpu-pin", "3", each, words] for each in ("0", "1", "1")]


def test_pin_knows_no_nodes(host, fake):
    with pytest.raises(Refused, match="xm does not know such a set"):
        xm.pin(host, 3, "0", "nodes:0")


def test_an_error_with_exit_status_0_is_an_error(host, fake):
    """xm_sched_credit prints what xend answers and returns as if nothing had been."""
    fake.errors["sched-credit"] = (0, "Error: -1\n")
    with pytest.raises(CommandFailed, match="ended with status 0: -1"):
        xm.set_weight(host, 3, 1, None)


# -- devices -----------------------------------------------------------------------------------------------------------


def test_disks(host, fake):
    xm.attach_disk(host, 3, Disk("/dev/wd0f", "xvdb", access="ro"))
    xm.detach_disk(host, 3, "0xca10")
    assert acts(host) == [["block-attach", "3", "phy:/dev/wd0f", "xvdb", "r"], ["block-detach", "3", "51728"]]
    assert fake.domains[0].disks == {}


def test_a_disk_that_the_guest_keeps_is_no_success(host, fake):
    fake.domains[0].disks[51728], fake.domains[0].greedy = "file:/a", True
    with pytest.raises(CommandFailed, match="has not given the device back within"):
        xm.detach_disk(host, 3, "xvdb")


@pytest.mark.parametrize("disk", [Disk("/a.qcow2", "xvda", format="qcow2"), Disk("/a,b.img", "xvda")])
def test_what_xm_knows_no_words_for_is_refused(host, fake, disk):
    with pytest.raises(Refused, match="the disk /a"):
        xm.attach_disk(host, 3, disk)
    with pytest.raises(Refused, match="no name that xm knows"):
        xm.detach_disk(host, 3, "nonsense")
    assert acts(host) == []


def test_cds(host, fake):
    xm.insert_cd(host, 3, "hdc", "/home/cd.iso")
    xm.insert_cd(host, 3, "hdc", "")
    assert acts(host) == [
        ["block-configure", "3", "file:/home/cd.iso", "hdc:cdrom", "r"],
        ["block-configure", "3", "", "hdc:cdrom", "r"],
    ]


def test_nics(host, fake):
    fake.domains[0].nics = {0: "00:16:3e:00:00:01", 1: "00:16:3e:00:00:02"}
    xm.detach_nic(host, 3, "00:16:3E:00:00:02")
    xm.attach_nic(host, 3, Nic("00:16:3e:00:00:03", "bridge0"))
    assert acts(host) == [
        ["network-detach", "3", "1"],
        ["network-attach", "3", "mac=00:16:3e:00:00:03", "bridge=bridge0"],
    ]
    with pytest.raises(XenError, match="has no network interface 00:16:3e:00:00:02"):
        xm.detach_nic(host, 3, "00:16:3e:00:00:02")


def test_a_failed_attach_takes_away_what_it_left_and_nothing_else(host, fake):
    fake.domains[0].nics = {0: "00:16:3e:00:00:01"}
    fake.errors["network-attach"] = (1, "Error: Network bridge does not exist: bridge9\n")
    nic = Nic("00:16:3e:00:00:01", "bridge9")
    with pytest.raises(CommandFailed, match="bridge does not exist"):
        xm.attach_nic(host, 3, nic)
    assert [words[0] for words in acts(host)] == ["network-attach"]
    fake.leaves_nic = True
    with pytest.raises(CommandFailed):
        xm.attach_nic(host, 3, nic)
    assert acts(host)[-1] == ["network-detach", "3", "1"]


def test_migrate_goes_through_xend(host, fake):
    with pytest.raises(Refused, match="not by ssh"):
        xm.migrate(host, 3, "other", "ssh -p 2222", 9.0)
    xm.migrate(host, 3, "other", "", 9.0)
    assert acts(host) == [["migrate", "--live", "3", "other"]]


# -- whom it is never called for ---------------------------------------------------------------------------------------

EVERY_ACT = [
    lambda host, row: xm.shutdown(host, row, 0.1),
    lambda host, row: xm.reboot(host, row, 0.1),
    lambda host, row: xm.destroy(host, row.domid),
    lambda host, row: xm.save(host, row, "/s", 1.0),
    xm.pause,
    xm.unpause,
    lambda host, row: xm.rename(host, row.domid, "x"),
    lambda host, row: xm.set_memory(host, row.domid, 64),
    lambda host, row: xm.set_vcpus(host, row.domid, 1),
    lambda host, row: xm.pin(host, row.domid, "0", "0"),
    lambda host, row: xm.set_weight(host, row.domid, 1, 1),
    lambda host, row: xm.set_pool(host, row.domid, "p"),
    lambda host, row: xm.attach_disk(host, row.domid, Disk("/a", "xvdb")),
    lambda host, row: xm.detach_disk(host, row.domid, "xvdb"),
    lambda host, row: xm.attach_nic(host, row.domid, Nic("00:16:3e:00:00:01")),
    lambda host, row: xm.detach_nic(host, row.domid, "00:16:3e:00:00:01"),
    lambda host, row: xm.insert_cd(host, row.domid, "hdc", ""),
    lambda host, row: xm.dump_core(host, row.domid, "/c", 1.0),
    lambda host, row: xm.migrate(host, row.domid, "other", "", 1.0),
]


@pytest.mark.parametrize("act", EVERY_ACT, ids=range(len(EVERY_ACT)))
def test_domain_0_is_left_alone(host, fake, act):
    with pytest.raises(XenError, match="Domain 0 is this machine itself"):
        act(host, Row("Domain-0", 0, 512, 1, "r-----"))
    assert acts(host) == []


@pytest.mark.parametrize("act", EVERY_ACT, ids=range(len(EVERY_ACT)))
@pytest.mark.parametrize("other", [XmDomain("3", 7), XmDomain("3", None)], ids=["running", "managed"])
def test_a_name_of_digits_is_never_taken_for_another_domain(host, fake, act, other):
    """XendDomain.domain_lookup_nr looks for a name first, and _checkName allows digits."""
    fake.domains.append(other)
    with pytest.raises(XenError, match="There is a domain with the name 3"):
        act(host, row(host, "db1"))
    assert acts(host) == []
