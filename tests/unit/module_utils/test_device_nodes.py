# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Device nodes: what is missing or wrong is made, what is right is left alone."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._resources import device_nodes


def planned(present, **params):
    declared = device_nodes.declare(dict({"xen": True, "vnd_units": 2}, **params))
    return device_nodes.plan({"nodes": present}, declared)


def complete(units=2):
    return {node.name: node.text for node in device_nodes.declare({"xen": True, "vnd_units": units})}


def test_numbers_are_those_of_a_real_machine():
    # record ls-dev-xen and makedev-vnd4 (NetBSD 7.99.10)
    nodes = complete(units=5)
    assert nodes["xencons"] == "char 143,0"
    assert nodes["xenevt"] == "char 141,0"
    assert nodes["xsd_kva"] == "char 141,1"
    assert nodes["vnd4d"] == "block 14,67"
    assert nodes["rvnd4a"] == "char 41,64"


def test_nothing_to_do_when_all_are_right():
    assert planned(complete()).changes == []


def test_more_units_than_wanted_are_left_alone():
    assert planned(complete(units=9)).changes == []


def test_one_makedev_target_for_each_unit_that_lacks_a_node():
    present = complete()
    del present["vnd1d"], present["rvnd1a"]
    assert [change.thing for change in planned(present).changes] == ["vnd1"]


def test_a_node_with_wrong_numbers_is_made_again():
    present = dict(complete(), xencons="char 143,1")
    (change,) = planned(present).changes
    assert (change.thing, change.before, change.after) == ("xen", {"xencons": "char 143,1"}, {"xencons": "char 143,0"})


def test_xsd_kva_is_a_target_of_its_own():
    present = complete()
    del present["xsd_kva"]
    assert [change.thing for change in planned(present).changes] == ["xsd_kva"]


def test_a_plain_file_in_the_place_of_a_node_is_found():
    present = dict(complete(), vnd0d="file 0,0")
    assert [change.thing for change in planned(present).changes] == ["vnd0"]


@pytest.mark.parametrize("units", [-1, 5000])
def test_a_senseless_number_of_units_is_refused(units):
    with pytest.raises(Refused, match=f"vnd_units is {units}; allowed is 0 to 1024"):
        device_nodes.declare({"xen": True, "vnd_units": units})
