# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an import says at its end, of a host and of all of them."""

from __future__ import annotations

from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt import words
from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt.found import Told


def result(guests, found, told=(), in_sync=True):
    numbers = {"guests": {"declared": guests, "found": found}, "bridges": {"declared": 1, "found": 1}}
    return {"counts": numbers, "not_declared": list(told), "in_sync": in_sync}


def test_things_with_the_same_reason_are_one_line():
    told = [Told("/x/a", "it names no guest"), Told("guest b", "it runs"), Told("/x/c", "it names no guest")]
    assert words.reasons(told) == ["/x/a, /x/c: it names no guest", "guest b: it runs"]


def test_all_hosts_are_counted_and_those_with_something_left_are_named():
    results = {
        "xen1": result(3, 4, ["guest a: ..."]),
        "xen2": result(1, 1, in_sync=False),
        "xen3": {"unreachable": True},
        "xen4": None,
    }
    assert words.rack(results) == [
        "4 hosts: 2 imported, of which 1 plan to nothing",
        "4 of 5 guests, 2 of 2 bridges declared; what is not and stays as it is: 1 in all",
        "a run would still do something on xen2",
        "nothing was imported of xen3, xen4; why, stands above",
    ]


def test_where_all_went_well_there_is_no_more_to_say():
    assert len(words.rack({"xen1": result(1, 1), "xen2": result(0, 0)})) == 2
