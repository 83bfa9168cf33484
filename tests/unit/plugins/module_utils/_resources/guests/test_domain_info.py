# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests as somebody who asks is told of them."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl.xl_output import Domain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.read.current import ConfigFile
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.read.info import guests_by_name
from ansible_collections.netbsd.xen.tests.unit.support.fakes import MemoryHost


def domain(name, domid, state):
    return Domain(name, domid, used=64, online_vcpus=1, state=state, pool=None, cpus=None, config=None)


def config(settings, error=None):
    return ConfigFile(settings, error, paths=[], private=False, ours=False)


def told(configs=(), domains=(), saved=()):
    found = {"configs": dict(configs), "domains": list(domains), "saved": dict.fromkeys(saved, False)}
    return guests_by_name(replace(resource.read(MemoryHost()), config_dir="/etc/xen", **found))


def test_a_guest_that_does_not_run():
    guests = told({"web1.cfg": config({"name": "web1"})})
    assert list(guests) == ["web1"]
    guest = guests["web1"]
    assert (guest["state"], guest["config_file"], guest["domids"]) == ("shutdown", "/etc/xen/web1.cfg", [])


def test_states_of_running_ones():
    states = {"a": "-b----", "b": "--p---", "c": "---s--", "d": "---sc-", "e": "--ps-d", "f": "------"}
    found = told(domains=[domain(name, number, state) for number, (name, state) in enumerate(states.items(), 1)])
    assert {name: guest["state"] for name, guest in found.items()} == {
        "a": "running",
        "b": "paused",
        "c": "down",
        "d": "crashed",
        "e": "dying",
        "f": "running",
    }


def test_a_saved_one_with_and_without_its_file():
    found = told({"a": config({"name": "a"})}, saved=["a", "b"])
    assert {name: (guest["state"], guest["config_file"]) for name, guest in found.items()} == {
        "a": ("saved", "/etc/xen/a"),
        "b": ("saved", None),
    }


def test_two_domains_of_one_name():
    guest = told(domains=[domain("a", 3, "-b----"), domain("a", 4, "-b----")])["a"]
    assert (guest["state"], guest["domids"]) == ("duplicate", [3, 4])


def test_a_file_that_xl_can_not_read_and_one_that_is_no_guests():
    configs = {"bad": config(None, "line 1: no"), "notes": config({"a": "1"})}
    assert {name: guest["config_error"] for name, guest in told(configs).items()} == {"bad": "line 1: no"}
