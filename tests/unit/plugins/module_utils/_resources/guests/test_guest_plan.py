# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest's plan is made of: acts, and parts that are merged."""

from __future__ import annotations

import inspect
import pkgutil
from dataclasses import FrozenInstanceError, fields, is_dataclass
from importlib import import_module

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import apply
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.apply.act import Act
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.apply.live import Pause
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.apply.start import Create
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.plan.changes import GuestPlan, change, merge
from ansible_collections.netbsd.xen.tests.unit.support.guests import LINUX, WEB, acts, params, planned

pytestmark = pytest.mark.usefixtures("clock")
MODULES = [import_module(f"{apply.__name__}.{found.name}") for found in pkgutil.iter_modules(apply.__path__)]
ACTS = {
    found
    for module in MODULES
    for _name, found in inspect.getmembers(module, inspect.isclass)
    if hasattr(found, "carry_out") and found is not Act and not inspect.isabstract(found)
}


@pytest.mark.parametrize("act", sorted(ACTS, key=lambda act: act.__name__))
def test_an_act_is_data_that_does_not_change(act):
    assert is_dataclass(act)
    made = act(*[None] * len(fields(act)))
    with pytest.raises(FrozenInstanceError):
        made.anything = 1


def test_there_are_acts():
    assert len(ACTS) > 25


def test_parts_are_merged_in_their_order_and_stay_as_they_were():
    first = GuestPlan(warnings=["a"], problems=["p"], needs_memory=64, vnd_units=1)
    second = GuestPlan(warnings=["b"], needs_memory=32, frees_memory=16)
    assert merge([first, second, GuestPlan()]) == GuestPlan(
        warnings=["a", "b"], problems=["p"], needs_memory=96, frees_memory=16, vnd_units=1
    )
    assert (first.warnings, second.warnings) == (["a"], ["b"])
    assert merge([]) == GuestPlan()


def test_only_what_starts_waits_for_the_guests_that_it_depends_on():
    guest, _db1 = domain.declare(params(dict(LINUX, depends_on=["db1"]), dict(LINUX, name="db1"))).guests
    started = change(guest, Create(guest, 0, "/etc/xen/lin1"), "start", "not running", "running")
    paused = change(guest, Pause(1), "pause", "running", "paused")
    assert (started.needs, paused.needs) == (("db1",), ())
    assert (GuestPlan([started]).starts, GuestPlan([started]).stops) == (True, False)
    assert (GuestPlan([paused]).starts, GuestPlan(deferred=[started]).starts) == (False, False)


def test_no_password_shows_in_an_act(host, xen):
    secrets = {"web1": {"vncpasswd": "hunter2"}}
    found = planned(host, dict(WEB, vnc=True), secrets=secrets)
    assert acts(found.changes) == ["write_config", "create"]
    assert "hunter2" in found.changes[0].data.text
    assert "hunter2" not in repr([each.data for each in found.changes])
    assert "hunter2" not in repr(found)
