# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of a guest's keys: that it is whole, and that what it says of a key is what happens."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import GUEST_RESTART, LIVE
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl.xlcfg_keys import COMMON_KEYS, known_keys
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import keys
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare.guest import Guest
from ansible_collections.netbsd.xen.tests.unit.support.fakes import FakeXen
from ansible_collections.netbsd.xen.tests.unit.support.guests import LINUX, acts, machine, no_waiting, run

ROWS = {key.name: key for key in keys.KEYS}
HVM = {"name": "win1", "type": "hvm", "memory": 96}
# For each key of a configuration a guest that does not have it, or has it otherwise, and what it is changed to.
CHANGES = {
    "type": (dict(LINUX, type="pv"), "pvh"),
    "uuid": (LINUX, "5e6f2a0c-0000-4000-8000-000000000001"),
    "kernel": (dict(LINUX, kernel="/home/xen/netbsd-XEN3_DOMU.gz"), "/home/xen/vmlinux"),
    "ramdisk": (LINUX, "/home/xen/web1.img"),
    "cmdline": (LINUX, "quiet"),
    "root": (LINUX, "/dev/xvda"),
    "extra": (LINUX, "quiet"),
    "bootloader": ({"name": "lin1", "memory": 96, "bootloader": "eliloader"}, "pygrub"),
    "memory": (dict(LINUX, memory=64), 96),
    "maxmem": (dict(LINUX, maxmem=256), 128),
    "vcpus": (dict(LINUX, maxvcpus=2), 2),
    "maxvcpus": (LINUX, 2),
    "cpus": (LINUX, "1"),
    "weight": (LINUX, 512),
    "cap": (LINUX, 50),
    "pool": (dict(LINUX, pool="Pool-0"), "Pool-1"),
    "disks": (LINUX, ["/home/xen/web1.img"]),
    "nics": (LINUX, ["bridge0"]),
    "pci": (LINUX, ["03:00.0"]),
    "vtpm": (LINUX, ["vtpm-lin1"]),
    "vnc": (LINUX, True),
    "serial": (HVM, "pty"),
    "on_poweroff": (LINUX, "preserve"),
    "on_reboot": (LINUX, "preserve"),
    "on_crash": (LINUX, "preserve"),
    "on_watchdog": (LINUX, "preserve"),
    "on_soft_reset": (LINUX, "preserve"),
    "settings": (LINUX, {"nomigrate": True}),
}


@pytest.fixture
def host(monkeypatch, tmp_path):
    no_waiting(monkeypatch, str(tmp_path / "lock"))
    return machine()


def test_every_value_of_a_guest_is_read_by_a_row():
    others = {"configured", "uuid_given", "others", "settings", "secrets"}
    fields = {field.name for field in dataclasses.fields(Guest)} - others
    assert fields - {key.name for key in keys.KEYS if key.read is not None} == set()


def test_a_configuration_has_no_key_that_xl_does_not_know():
    written = {key.xl for key in keys.KEYS if key.xl}
    assert written - known_keys() == set()
    assert {key.xm for key in keys.KEYS if key.xm} - known_keys("3.3") == set()
    # What follows from a row's own key.
    assert COMMON_KEYS - written == {"builder"}


def test_each_key_of_a_configuration_is_changed_below():
    of_configuration = {key.name for key in keys.KEYS if key.xl or key.write} | {"settings"}
    assert of_configuration - set(CHANGES) == {"name"}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_costs_a_running_guest_what_the_table_says(host, name):
    FakeXen(host)
    host.put("/kern/xen/pci/0000:03:00.0")  # kept from dom0 for guests
    guest, value = CHANGES[name]
    assert run(host, guest).failures == {}
    outcome = run(host, dict(guest, **{name: value}), check=True)
    assert acts(outcome.plan.deferred) == ["restart"] * (ROWS[name].change == GUEST_RESTART)
    assert ROWS[name].change in (GUEST_RESTART, LIVE)
    assert outcome.done
