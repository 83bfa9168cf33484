# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before a machine is rebooted its guests are shut down, or it is not rebooted. On a machine in memory."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._resources.reboot import guests
from ansible_collections.netbsd.xen.tests.unit.support.fakes import Domain, FakeXen
from ansible_collections.netbsd.xen.tests.unit.support.guests import machine, no_waiting

SECONDS = 30.0


@pytest.fixture(autouse=True)
def clock(monkeypatch, tmp_path):
    return no_waiting(monkeypatch, str(tmp_path / "lock"))


@pytest.fixture
def host():
    found = machine()
    found.programs["/sbin/ifconfig"] = lambda argv: (0, "wm0 bridge0 lo0\n", "")
    return found


@pytest.fixture
def xen(host):
    made = FakeXen(host)
    made.domains = [Domain(name, domid, 64, 64, 1, 1, {}) for domid, name in enumerate(("web1", "db1", "lin1"), 1)]
    return made


def test_every_guest_is_shut_down_and_named(host, xen):
    assert guests.shut_down(host, SECONDS) == ["web1", "db1", "lin1"]
    assert xen.domains == []
    assert sorted(args for args in host.ran("xl") if args[0] == "shutdown") == [
        ["shutdown", "1"], ["shutdown", "2"], ["shutdown", "3"]
    ]


def test_a_paused_guest_is_let_run_for_it(host, xen):
    xen.named("web1").pauses = 1
    assert "web1" in guests.shut_down(host, SECONDS)
    assert xen.domains == []


def test_without_guests_nobody_is_asked(host, xen):
    xen.domains = []
    assert guests.shut_down(host, SECONDS) == []
    assert host.ran("xl") == [["list"]]


def test_one_deaf_guest_stops_the_reboot_and_is_named(host, xen):
    xen.named("db1").deaf = True
    with pytest.raises(XenError) as caught:
        guests.shut_down(host, SECONDS)
    words = str(caught.value)
    assert "not rebooted, because db1 did not shut down within 30 seconds" in words
    assert "Shut down are lin1, web1" in words
    assert [domain.name for domain in xen.domains] == ["db1"], "it is never destroyed"


def test_a_guest_that_somebody_starts_meanwhile_stops_it_too(host, xen):
    ask = xen.xl_shutdown

    def one_more(args):
        if not any(domain.name == "new1" for domain in xen.domains):
            xen.domains.append(Domain("new1", 9, 64, 64, 1, 1, {}))
        return ask(args)

    xen.xl_shutdown = one_more
    with pytest.raises(XenError, match="because new1 did not shut down"):
        guests.shut_down(host, SECONDS)


# -- without a toolstack -----------------------------------------------------------------------------------------------


def processes(host, *names):
    lines = "".join(f"{pid:5} {name}\n" for pid, name in enumerate(names, 400))
    host.programs["/bin/ps"] = lambda argv: (0, lines, "")


def test_a_machine_without_xen_has_no_guests(host):
    processes(host, "init")
    assert guests.shut_down(host, SECONDS) == []


@pytest.mark.parametrize(
    ("names", "interfaces", "trace"),
    [
        (["/usr/pkg/sbin/xl create /usr/pkg/etc/xen/web1 "], "wm0 lo0\n", "process xl"),
        (["qemu-dm"], "wm0 lo0\n", "process qemu-dm"),
        (["sshd"], "wm0 lo0 xvif3i0\n", "interface xvif3i0"),
        (["sshd"], "wm0 lo0 xvif3.0\n", "interface xvif3.0"),  # NetBSD 5
    ],
)
def test_guests_that_nobody_can_ask_stop_the_reboot(host, xen, names, interfaces, trace):
    xen.xenstored = False
    processes(host, "init", *names)
    host.programs["/sbin/ifconfig"] = lambda argv: (0, interfaces, "")
    with pytest.raises(XenError) as caught:
        guests.shut_down(host, SECONDS)
    assert f"Guests seem to be running ({trace})" in str(caught.value)
    assert "xenstored is not running" in str(caught.value)


def test_on_the_admins_word_a_machine_whose_guests_nobody_can_ask_is_rebooted(host, xen):
    xen.xenstored = False
    processes(host, "init", "sshd")
    host.programs["/sbin/ifconfig"] = lambda argv: (0, "wm0 lo0 xvif3i0\n", "")
    assert guests.shut_down(host, SECONDS, abandon=True) == []


def test_a_guest_that_xenstored_does_not_know_stops_the_reboot(host, xen):
    """facts measured 46: a new xenstored beside a running guest."""
    xen.named("db1").name = "(null)"
    with pytest.raises(XenError, match=r"not rebooted. Guests run that xenstored does not know \(domain 2, "):
        guests.shut_down(host, SECONDS)
    assert len(xen.domains) == 3


def test_on_the_admins_word_only_that_one_is_left_out(host, xen):
    xen.named("db1").name = "(null)"
    assert guests.shut_down(host, SECONDS, abandon=True) == ["web1", "lin1"]
    assert [domain.domid for domain in xen.domains] == [2]


def test_a_dead_xenstored_without_a_trace_of_guests_does_not_stop_it(host, xen):
    xen.xenstored = False
    processes(host, "init", "sshd")
    assert guests.shut_down(host, SECONDS) == []


def test_tools_of_another_release_see_no_guests_and_there_are_none(host, xen):
    xen.xl_list = lambda args: (1, "", "libxl_list_domain failed.\n")
    processes(host, "init", "xenstored")
    assert guests.shut_down(host, SECONDS) == []
    host.programs["/sbin/ifconfig"] = lambda argv: (0, "xvif1i0\n", "")
    with pytest.raises(XenError, match="libxl_list_domain failed"):
        guests.shut_down(host, SECONDS)


def test_interfaces_that_nobody_can_list_stop_the_reboot(host, xen):
    xen.xenstored = False
    processes(host, "init", "sshd")
    host.programs["/sbin/ifconfig"] = lambda argv: (1, "", "ifconfig: socket: Too many open files\n")
    with pytest.raises(XenError, match="Too many open files"):
        guests.shut_down(host, SECONDS)


@pytest.mark.parametrize(
    ("answer", "trace"),
    [
        ((0, "0\n3\n", ""), "domain 3"),
        (CommandFailed("xenstore-list did not end within 10 seconds"), "xenstored, which does not answer"),
    ],
)
def test_a_guest_without_network_is_seen_in_xenstore(host, xen, answer, trace):
    def listed(argv):
        assert argv == ["/local/domain"]
        if isinstance(answer, Exception):
            raise answer
        return answer

    xen.xl_list = lambda args: (1, "", "libxl_list_domain failed.\n")
    processes(host, "init", "xenstored")
    host.put(guests.XENSTORE_LIST)
    host.programs[guests.XENSTORE_LIST] = listed
    with pytest.raises(XenError) as caught:
        guests.shut_down(host, SECONDS)
    assert f"Guests seem to be running ({trace})" in str(caught.value)


@pytest.mark.parametrize("answer", [(0, "0\n", ""), (1, "", "xenstore-list: could not list path /local/domain\n")])
def test_dom0_alone_in_xenstore_is_no_guest(host, xen, answer):
    xen.xl_list = lambda args: (1, "", "libxl_list_domain failed.\n")
    processes(host, "init", "xenstored")
    host.put(guests.XENSTORE_LIST)
    host.programs[guests.XENSTORE_LIST] = lambda argv: answer
    assert guests.shut_down(host, SECONDS) == []
