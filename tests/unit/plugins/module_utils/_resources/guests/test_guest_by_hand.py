# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people write in a guest's configuration and the collection would not: no UUID, no MAC address, another file's
name."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.guests import (
    KERNEL,
    WEB,
    actions,
    planned,
    refused,
    run,
    settled,
)

pytestmark = pytest.mark.usefixtures("clock")
CONFIGS = "/usr/pkg/etc/xen"
BY_HAND = (
    f'name = "web1"\nkernel = "{KERNEL}"\ncmdline = "root=xbd0a"\nmemory = 128\non_reboot = "restart"\n'
    'disk = ["file:/home/xen/web1.img,xvda,w"]\nvif = ["bridge=bridge0"]\n'
)
ANY = {**WEB, "uuid": "any", "nics": [{"bridge": "bridge0", "mac": "any"}], "config": "web1.cfg"}


@pytest.fixture
def made(host, xen):
    """A guest that somebody has started from a file of his own; what Xen makes up the double has to be told."""
    identity = 'uuid = "8f0f0e9e-0000-4000-8000-000000000001"\n'
    host.put(f"{CONFIGS}/web1.cfg", identity + BY_HAND.replace('"bridge', '"mac=00:16:3e:01:02:03,bridge'))
    host.run(["/usr/pkg/sbin/xl", "create", f"{CONFIGS}/web1.cfg"])
    host.put(f"{CONFIGS}/web1.cfg", BY_HAND)
    return host


def test_a_guest_that_was_made_by_hand_is_in_sync(made):
    before = made.text(f"{CONFIGS}/web1.cfg")
    assert settled(made, ANY)
    assert planned(made, ANY).warnings == []
    assert made.text(f"{CONFIGS}/web1.cfg") == before
    assert not made.exists(f"{CONFIGS}/web1")


@pytest.mark.parametrize("key", ["uuid", "config"])
def test_without_one_of_the_words_its_configuration_is_written(made, key):
    guest = {name: value for name, value in ANY.items() if name != key}
    assert actions(run(made, guest, check=True)) == ["write_config"]


def test_a_change_of_its_configuration_is_corrected_in_its_own_file(made):
    made.put(f"{CONFIGS}/web1.cfg", BY_HAND + 'on_crash = "preserve"\n')
    run(made, ANY)
    assert "uuid" not in made.text(f"{CONFIGS}/web1.cfg")
    assert "mac=" not in made.text(f"{CONFIGS}/web1.cfg")
    assert not made.exists(f"{CONFIGS}/web1")
    assert made.exists(f"{CONFIGS}/.web1.cfg.orig")


def test_it_is_started_from_its_own_file(made):
    run(made, {**ANY, "state": "destroyed"})
    outcome = run(made, ANY)
    assert actions(outcome) == ["create"]
    assert [args for args in made.ran("xl") if args[0] == "create"][0][-1] == f"{CONFIGS}/web1.cfg"
    assert settled(made, ANY)


def test_another_interface_of_any_address_takes_a_restart(made):
    more = {**ANY, "nics": [*ANY["nics"], {"bridge": "bridge0", "mac": "any"}]}
    plan = planned(made, more)
    assert [change.word for change in plan.deferred] == ["restart_policy: if_needed"]


def test_when_it_shall_be_absent_its_own_file_goes(made):
    run(made, {**ANY, "state": "absent"})
    assert not made.exists(f"{CONFIGS}/web1.cfg")
    assert made.exists("/home/xen/web1.img")


def test_a_file_of_its_name_is_another_guests(made):
    made.put(f"{CONFIGS}/web1", BY_HAND.replace("web1", "old1"))
    assert settled(made, ANY)
    assert "another guest" not in " ".join(planned(made, ANY).warnings)
    made.put(f"{CONFIGS}/web1", BY_HAND)
    assert [f"{CONFIGS}/web1 is a configuration of it too" in each for each in planned(made, ANY).warnings] == [True]


@pytest.mark.parametrize("file", ["/root/web1", "a b", "web1.conf", "..", "web1.orig"])
def test_a_file_that_can_not_be(made, file):
    assert f"config is {file!r}; allowed is a file's name alone" in refused(made, {**ANY, "config": file})


def test_two_guests_of_one_file(made):
    other = {**ANY, "name": "web2", "disks": []}
    assert "guest web2: configuration is 'web1.cfg', which guest web1 has too" in refused(made, ANY, other)


def test_what_installs_a_system_needs_what_stays(made):
    words = refused(made, {**ANY, "install": {"release": "10.1", "network": "dhcp", "authorized_keys": []}})
    for each in ("uuid is 'any'", "mac is 'any'", "config is 'web1.cfg'"):
        assert each in words
