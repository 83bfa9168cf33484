# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Device nodes: what is missing or wrong is made, what is right is left alone, and nobody's file is removed."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._command import Result
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._host import FileStat, Host
from ansible_collections.netbsd.xen.plugins.module_utils._resources import device_nodes

UNITS = {"xen": True, "vnd_units": 2, "xbd_units": 0}


def declared(**params):
    return device_nodes.declare(dict(UNITS, **params))


def complete(machine="amd64", **params):
    return {node.name: node.numbers for node in device_nodes.nodes(declared(**params), machine)}


def planned(present, machine="amd64", access=None, blocked=None, **params):
    private = {name: device_nodes.PRIVATE for name in ("xenevt", "xsd_kva") if name in present}
    access = {**private, **(access or {})}
    current = {"machine": machine, "nodes": present, "access": access, "blocked": blocked or {}, device_nodes.ALL: True}
    return device_nodes.plan(current, declared(**params)).changes


def test_numbers_are_those_of_a_real_machine():
    # record ls-dev-xen, makedev-u and makedev-vnd4 (NetBSD 7.99.10/amd64)
    nodes = complete(vnd_units=5, xbd_units=5)
    assert nodes["xencons"] == "char 143,0"
    assert nodes["xenevt"] == "char 141,0"
    assert nodes["xsd_kva"] == "char 141,1"
    assert nodes["vnd4d"] == "block 14,67"
    assert nodes["rvnd4a"] == "char 41,64"
    assert nodes["xbd3a"] == "block 142,48"
    assert nodes["rxbd4d"] == "char 142,67"


def test_on_i386_units_are_eight_numbers_apart():
    # DISKMINOR in sys/arch/i386/include/disklabel.h
    nodes = complete("i386", vnd_units=5, xbd_units=2)
    assert nodes["vnd4d"] == "block 14,35"
    assert nodes["rxbd1a"] == "char 142,8"
    assert planned(complete("i386"), "i386") == []
    assert [change.thing for change in planned(complete("amd64"), "i386")] == ["vnd1"]


def test_nothing_to_do_when_all_are_right():
    assert planned(complete()) == []


def test_what_may_be_in_the_way_is_looked_for_where_something_is_to_be_made():
    """An unchanged machine has hundreds of nodes of which two stand for each unit."""
    current = {"machine": "amd64", "nodes": {}, "access": {}, "blocked": {}, device_nodes.ALL: False}
    with pytest.raises(NotRead) as lacking:
        device_nodes.plan(current, declared())
    assert lacking.value.reading == device_nodes.ALL


def test_more_units_than_wanted_are_left_alone():
    assert planned(complete(vnd_units=9, xbd_units=4)) == []


def test_one_makedev_target_for_each_unit_that_lacks_a_node():
    present = complete(xbd_units=2)
    del present["vnd1d"], present["rvnd1a"], present["xbd0a"]
    assert [change.thing for change in planned(present, xbd_units=2)] == ["vnd1", "xbd0"]


def test_a_node_with_wrong_numbers_is_made_again():
    present = dict(complete(), xencons="char 143,1")
    (change,) = planned(present)
    assert (change.thing, change.before, change.after) == ("xen", {"xencons": "char 143,1"}, {"xencons": "char 143,0"})


def test_xsd_kva_is_a_target_of_its_own():
    # fact 28 of the measured ones, record MAKEDEV-xen
    present = complete()
    del present["xsd_kva"]
    assert [change.thing for change in planned(present)] == ["xsd_kva"]


def test_a_node_that_others_may_open_gets_its_own_permissions():
    (change,) = planned(complete(), access={"xenevt": "0666 0:0"})
    assert (change.action, change.thing) == ("mend", "xen")
    assert (change.before, change.after) == ({"xenevt": "char 141,0, 0666 0:0"}, {"xenevt": "char 141,0, 0600 0:0"})


@pytest.mark.parametrize("name", ["vnd0d", "rvnd0e"])
def test_a_plain_file_in_the_place_of_a_node_is_nobodys_to_remove(name):
    present = complete()
    present.pop(name, None)
    present.pop("vnd0a")
    with pytest.raises(Refused, match=f"/dev/{name} is a file of 1048576 bytes and no device node. MAKEDEV would rem"):
        planned(present, blocked={name: {"kind": "file", "size": 1048576}})


def test_a_file_that_is_in_nobodys_way_stays():
    assert planned(complete(), blocked={"vnd7d": {"kind": "file", "size": 1}}) == []


def test_a_file_in_the_place_of_xens_own_node():
    present = complete()
    del present["xenevt"]
    with pytest.raises(Refused, match="/dev/xenevt is a directory and no device node"):
        planned(present, blocked={"xenevt": {"kind": "directory", "size": 512}})


@pytest.mark.parametrize("units", [-1, 5000])
@pytest.mark.parametrize("option", ["vnd_units", "xbd_units"])
def test_a_senseless_number_of_units_is_refused(option, units):
    with pytest.raises(Refused, match=f"{option} is {units}; allowed is 0 to 1024"):
        declared(**{option: units})


class Dev(Host):
    """A /dev whose MAKEDEV calls ``mknod -r``, or ``-R`` with -f: nodes that are right stay as they are."""

    def __init__(self, machine="amd64"):
        super().__init__()
        self.hardware = machine
        self.nodes = {}

    def list_dir(self, path):
        return sorted(self.nodes)

    def stat(self, path, follow=True):
        return self.nodes.get(path[len("/dev/") :])

    def try_run(self, argv, timeout=30.0, cwd="/", env=None, stdin=""):
        assert cwd == "/dev" and argv[:2] == ["/bin/sh", "/dev/MAKEDEV"]
        force, target = "-f" in argv, argv[-1]
        for node in device_nodes.nodes(declared(xbd_units=2), self.hardware):
            if node.target == target:
                kind, _blank, numbers = node.numbers.partition(" ")
                major, minor = map(int, numbers.split(","))
                old = self.nodes.get(node.name)
                if force or old is None or (old.kind, old.major, old.minor) != (kind, major, minor):
                    self.nodes[node.name] = FileStat(kind, 0, 0o600, 0, 0, major, minor)
        self.commands.append({"argv": argv, "rc": 0, "seconds": 0.0})
        return Result(tuple(argv), 0, "", "", 0.0)


@pytest.fixture(params=["amd64", "i386"])
def dev(request):
    return Dev(request.param)


def test_an_empty_dev_is_filled_once(dev):
    params = dict(UNITS, xbd_units=2)
    outcome = converge(device_nodes, params, dev, check=False)
    assert [change.thing for change in outcome.done] == ["xen", "xsd_kva", "vnd0", "vnd1", "xbd0", "xbd1"]
    assert outcome.failures == {} and converge(device_nodes, params, dev, check=True).done == []


def test_wrong_permissions_alone_are_mended_by_force(dev):
    converge(device_nodes, UNITS, dev, check=False)
    dev.nodes["xsd_kva"] = FileStat("char", 0, 0o666, 0, 0, 141, 1)
    dev.commands.clear()
    outcome = converge(device_nodes, UNITS, dev, check=False)
    assert outcome.failures == {} and [change.thing for change in outcome.done] == ["xsd_kva"]
    assert [command["argv"] for command in dev.commands] == [["/bin/sh", "/dev/MAKEDEV", "-f", "xsd_kva"]]


def test_whoever_is_logged_in_on_the_xen_console_owns_it(dev):
    converge(device_nodes, UNITS, dev, check=False)
    dev.nodes["xencons"] = FileStat("char", 0, 0o620, 1000, 4, 143, 0)
    assert converge(device_nodes, UNITS, dev, check=True).done == []


def test_every_node_that_makedev_would_remove_is_looked_at_before_it_runs(dev):
    dev.nodes["rvnd1k"] = FileStat("file", 5, 0o644, 0, 0)
    assert device_nodes.read(dev)["blocked"] == {}  # ahead of a task nothing is made
    with pytest.raises(Refused, match="/dev/rvnd1k is a file of 5 bytes"):
        converge(device_nodes, UNITS, dev, check=False)
    assert dev.commands == []
