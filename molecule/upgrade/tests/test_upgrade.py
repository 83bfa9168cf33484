# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Where each machine has ended: what it runs, what it boots next, its tools, its guest."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

NOW = {"once1": "4.20", "panics1": "4.18", "refused1": "4.18", "accepted1": "4.20"}


@pytest.fixture
def name(host):
    """The machine's name in the inventory (its own idea of it may differ)."""
    return host.backend.get_pytest_id().split("://")[-1]


@pytest.fixture
def release(name):
    """The Xen release that the machine must have ended with."""
    return NOW[name]


def test_the_right_hypervisor_runs(host, release):
    assert f"hypervisor0 at mainbus0: Xen version {release}." in host.check_output("/sbin/dmesg")


def test_the_trial_took_place_where_nobody_was_at_risk(name):
    """One that panics comes back by itself; without a way back, and without the admin's word, there is none."""
    argv = [os.environ["SIMRACK"], "status", f"{os.environ['RACKS']}/molecule-upgrade"]
    lines = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines()
    status = next(line for line in lines if line.split()[0] == name)
    assert ("after a panic: Xen 4.20 panics" in status) == (name == "panics1"), status


def test_the_next_boot_is_the_same(name, release):
    argv = [os.environ["SIMRACK"], "would-boot", f"{os.environ['RACKS']}/molecule-upgrade", name]
    boots = json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)
    assert (boots["down"], boots["hypervisor"]["release"]) == ("", release)


def test_the_tools_are_those_of_the_hypervisor(host, release):
    packages = host.check_output("/usr/sbin/pkg_info -a")
    assert f"xentools{release.replace('.', '')}" in packages
    assert packages.count("xentools") == 1
    assert host.check_output("/usr/pkg/bin/xenstore-read /local/domain/0/name") == "Domain-0"


def test_the_old_hypervisor_can_still_be_booted(host, name):
    menu = "/grub/grub.cfg" if name in ("once1", "panics1") else "/boot.cfg"
    assert "/xen-4.18.gz" in host.file(menu).content_string
    assert host.file("/xen-4.18.gz").size > 0


def test_the_trials_entry_is_there_only_where_the_trial_failed(host, name):
    """Where it did not, it would be the same as the entry Xen."""
    menu = "/grub/grub.cfg" if name in ("once1", "panics1") else "/boot.cfg"
    text = host.file(menu).content_string
    assert ("Xen 4.20" in text) == (name == "panics1")
    assert ("Xen 4.18" in text) == (name != "refused1")


def test_the_guest_runs(host):
    listed = host.check_output("/usr/pkg/sbin/xl list").splitlines()[1:]
    assert {line.split()[0] for line in listed} == {"Domain-0", "web1"}
