# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The machines as site.yml must leave them, seen by their own commands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from rehearsal import read_records

GUESTS = {"xen1": ("web1", "mail1"), "xen2": ("web2", "db1"), "xen3": ("build1", "dns1", "shop1")}


def test_the_default_entry_of_the_boot_menu_is_xen(host):
    lines = host.file("/boot.cfg").content_string.splitlines()
    menu = [line for line in lines if line.startswith("menu=")]
    default = next(int(line.split("=")[1]) for line in lines if line.startswith("default="))
    assert "multiboot /xen-4.20.gz" in menu[default - 1]
    assert any("multiboot" not in line for line in menu), "no native entry is left"


FILES = ("/xen-4.20.gz", "/home/xen/netbsd-XEN3_DOMU.gz", "/etc/rc.d/xencommons", "/etc/rc.d/xendomains")


@pytest.mark.parametrize("path", FILES)
def test_files_are_in_place(host, path):
    assert host.file(path).is_file
    assert host.file(path).size > 0


@pytest.mark.parametrize("script", ["block", "vif-bridge"])
def test_the_scripts_of_xl_can_be_run(host, script):
    assert host.file(f"/usr/pkg/etc/xen/scripts/{script}").mode & 0o100


def test_the_native_kernel_is_kept(host):
    assert host.file("/netbsd").exists


def test_kernfs_is_in_fstab_once(host):
    mounts = [line.split() for line in host.file("/etc/fstab").content_string.splitlines()]
    assert [fields[1] for fields in mounts if len(fields) > 2 and fields[2] == "kernfs"] == ["/kern"]


def test_xencommons_starts_at_boot(host):
    assert "xencommons=YES" in host.file("/etc/rc.conf").content_string.replace('"', "")


def test_the_bridge_has_the_network_card_now_and_at_boot(host):
    assert "wm0" in host.check_output("/sbin/brconfig bridge0")
    assert "wm0" in host.file("/etc/ifconfig.bridge0").content_string


def test_guests_run(host, name):
    listed = host.check_output("/usr/pkg/sbin/xl list").splitlines()[1:]
    assert {line.split()[0] for line in listed} == {"Domain-0", *GUESTS[name]}
    for line in listed:
        assert not set(line.split()[4]) & set("scdp"), line


def test_a_guest_has_the_memory_of_its_config(host, name):
    live = {line.split()[0]: line.split()[2] for line in host.check_output("/usr/pkg/sbin/xl list").splitlines()[1:]}
    for guest in GUESTS[name]:
        config = host.file(f"/usr/pkg/etc/xen/{guest}").content_string
        assert f"memory = {live[guest]}\n" in config.replace("=", " = ").replace("  ", " ")


def test_guests_on_the_bridge(host, name):
    members = host.check_output("/sbin/brconfig bridge0").count("xvif")
    assert members == len(GUESTS[name])


def test_every_run_did_what_it_had_planned(name):
    """Also those in check mode. Without a Python nobody knows more than that it is to be brought, and a check says no
    more either."""
    runs, found = read_records(Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "runs.jsonl")), 0
    for run in runs:
        done = {change for change in run.changes if change[0] == name and change[1] != "task"}
        planned = {change for change in run.planned if change[0] == name and change[1] != "bootstrap"}
        assert planned == done
        found += len(done)
    print(f"{name}: {len(runs)} runs, {found} changes planned and made alike")
    assert found > 10
