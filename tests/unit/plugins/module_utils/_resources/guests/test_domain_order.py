# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many guests in one call: order, dependencies, health, and what an unchanged run costs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest import cpuset
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.apply import health as guest_health
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.apply.start import Create
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.apply.stop import Shutdown
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare import order as guest_order
from ansible_collections.netbsd.xen.tests.unit.support.guests import (
    LINUX,
    actions,
    refused,
    run,
    settled,
)

pytestmark = pytest.mark.usefixtures("clock")


def guest(name, **keys):
    return dict(LINUX, name=name, **keys)


def started(outcome):
    return [change.thing for change in outcome.done if isinstance(change.data, Create)]


def test_guests_start_after_what_they_depend_on_then_by_priority(host, xen):
    outcome = run(
        host,
        guest("web", depends_on=["db", "dns"]),
        guest("late", priority=10),
        guest("db", priority=5),
        guest("dns"),
    )
    assert (started(outcome), outcome.failures) == (["dns", "db", "web", "late"], {})


def test_guests_stop_in_the_opposite_order_and_before_others_start(host, xen):
    run(host, guest("web", depends_on=["db"]), guest("db"))
    outcome = run(host, guest("db", state="shutdown"), guest("web", state="shutdown", depends_on=["db"]), guest("new"))
    ended = [change.thing for change in outcome.done if isinstance(change.data, Shutdown)]
    assert ended == ["web", "db"]
    assert actions(outcome).index("create") > actions(outcome).index("shutdown")


def test_what_depends_on_a_guest_that_failed_is_left_alone_and_the_others_are_not(host, xen):
    xen.create_error = (3, "libxl: error: out of luck\n")
    outcome = run(host, guest("db"), guest("web", depends_on=["db"]), guest("other", state="shutdown"))
    assert set(outcome.failures) == {"db", "web"}
    assert "it depends on db, which failed" in str(outcome.failures["web"])
    assert "/usr/pkg/etc/xen/other" in host.tree


@pytest.mark.parametrize(
    ("guests", "words"),
    [
        (
            [guest("a", depends_on=["b"]), guest("b", depends_on=["a"])],
            "depends_on goes round in a circle: a -> b -> a",
        ),
        ([guest("a", depends_on=["nobody"])], "depends_on names 'nobody', which is not declared"),
        ([guest("a", depends_on=["b"]), guest("b", state="shutdown")], "b, whose state is shutdown"),
    ],
)
def test_dependencies_that_can_not_be_kept_are_refused(host, xen, guests, words):
    assert words in refused(host, *guests)


class Named:
    """As much of a guest as the order looks at."""

    def __init__(self, name, depends_on, priority):
        self.name, self.depends_on, self.priority = name, depends_on, priority


@given(st.lists(st.tuples(st.sets(st.integers(0, 7)), st.integers(-2, 2)), max_size=8))
def test_any_declaration_is_ordered_or_has_a_circle(drawn):
    guests = [Named(str(i), tuple(sorted(map(str, needs))), priority) for i, (needs, priority) in enumerate(drawn)]
    order = guest_order.ordered(guests)
    assert sorted(each.name for each in order) == sorted(each.name for each in guests)
    circle = guest_order.circle(guests)
    needs = {each.name: each.depends_on for each in guests}
    if circle:
        assert all(after in needs[before] for before, after in zip(circle, [*circle[1:], circle[0]]))
    else:
        place = {each.name: number for number, each in enumerate(order)}
        assert all(place[name] < place[each.name] for each in order for name in each.depends_on if name in place)


# -- health ------------------------------------------------------------------------------------------------------------


def test_a_guest_whose_console_never_says_it_is_a_failure_with_its_log(host, xen):
    host.put("/var/log/xen/console/guest-lin1.log", "login: of an earlier life\n")
    outcome = run(host, dict(LINUX, health={"console": "login:", "timeout": 30}))
    assert "within 30 seconds its console did not show 'login:'" in str(outcome.failures["lin1"])
    assert "earlier life" in outcome.failures["lin1"].details["console_log"]


def test_a_console_that_nobody_logs_is_told(host, xen):
    outcome = run(host, dict(LINUX, health={"console": "login:", "timeout": 1}))
    assert "services_console_log" in str(outcome.failures["lin1"])


def test_a_guest_is_well_when_its_console_says_so(host, xen, monkeypatch):
    log = "/var/log/xen/console/guest-lin1.log"
    host.put(log, "old\n")
    create = xen.xl_create
    monkeypatch.setattr(xen, "xl_create", lambda args: (create(args), host.put(log, "old\nNetBSD\nlogin: "))[0])
    outcome = run(host, dict(LINUX, health={"console": "login:", "timeout": 30}))
    assert outcome.failures == {}
    assert settled(host, dict(LINUX, health={"console": "login:", "timeout": 30}))


def test_a_port_is_waited_for(host, xen, monkeypatch):
    tries = []

    def refusing(address, port):
        tries.append((address, port))
        return len(tries) > 3

    monkeypatch.setattr(guest_health, "_answers", refusing)
    health = {"port": 22, "address": "10.0.0.5", "timeout": 30}
    assert run(host, dict(LINUX, health=health)).failures == {}
    assert tries == [("10.0.0.5", 22)] * 4


def test_a_guest_that_ends_while_it_is_waited_for_is_a_failure_at_once(host, xen, clock, monkeypatch):
    monkeypatch.setattr(guest_health, "_answers", lambda *_: xen.domains.clear())
    health = {"port": 22, "address": "10.0.0.5", "timeout": 3000}
    outcome = run(host, dict(LINUX, health=health))
    assert "was started and has ended again" in str(outcome.failures["lin1"])
    assert clock["now"] < 60


def test_a_dependent_guest_starts_only_when_the_other_is_well(host, xen, monkeypatch):
    monkeypatch.setattr(guest_health, "_answers", lambda *_: False)
    sick = guest("db", health={"port": 5432, "address": "10.0.0.6", "timeout": 10})
    outcome = run(host, guest("web", depends_on=["db"]), sick)
    assert set(outcome.failures) == {"db", "web"}
    assert [found.name for found in xen.domains] == ["db"]


# -- what it costs -----------------------------------------------------------------------------------------------------


def test_an_unchanged_run_over_100_guests_starts_three_xl_at_most(host, xen):
    guests = [guest(f"g{number}", memory=16, maxmem=16, nics=["bridge0"], cpus="1") for number in range(100)]
    assert run(host, *guests).failures == {}
    assert settled(host, *guests)
    assert host.ran("xl") == [["list", "-l"], ["list"], ["vcpu-list"]]
    unpinned = [dict(each, cpus=None) for each in guests]
    run(host, *unpinned)
    run(host, *unpinned)
    assert host.ran("xl") == [["list", "-l"], ["list"]]


# -- sets of CPUs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [("all", {0, 1, 2, 3}), ("2", {2}), ("0-2,^1", {0, 2}), ("all,^3", {0, 1, 2}), ("^1,1", {1}), ("0, 3", {0, 3})],
)
def test_sets_of_cpus(text, expected):
    assert cpuset.cpus(text, 4) == expected


@given(st.text("0123456789-^,al nodes:", max_size=20))
def test_any_text_is_a_set_of_cpus_or_refused(text):
    if cpuset.readable(text):
        assert all(number >= 0 for number in cpuset.cpus(text, 8))
