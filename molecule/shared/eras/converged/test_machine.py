# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A machine as site.yml must leave it, seen by its own commands."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from rehearsal import read_records

# Xen 4.1's first revisions have xencommons switched by xend's variable, so that one line switches both. Only the script
# in their package tells.
WITH_ITS_SCRIPT = {("rc_service", "xend")}
# It starts `xl devd`, for a guest that has the devices of others (Xen's tools/hotplug/NetBSD/rc.d/xendriverdomain.in).
NOT_OF_DOM0 = {"xendriverdomain"}
MENUS = {"boot_cfg": "/boot.cfg", "grub": "/grub/menu.lst", "grub2": "/grub/grub.cfg"}


def test_it_runs_xen(host, variables):
    assert f"hypervisor0 at mainbus0: Xen version {variables['dom0_xen_release']}." in host.check_output("/sbin/dmesg")


def test_the_boot_menu_has_a_way_back(host, variables):
    menu = host.file(MENUS[variables.get("bootloader_loader", "boot_cfg")]).content_string
    lines = [line.strip() for line in menu.splitlines()]
    natives = [line for line in lines if "/netbsd" in line and "XEN3" not in line]
    # GRUB legacy loads no kernel of 64 bits; there the way back is NetBSD's own loader.
    assert natives or "chainloader +1" in lines, "no entry boots the native kernel"
    assert host.file("/netbsd").size > 0


def test_hypervisor_and_kernel_are_on_the_root_file_system(host, name, variables):
    assert host.file(f"/xen-{variables['dom0_xen_release']}.gz").size > 0
    # Out of a set the kernel comes unpacked.
    suffix = "" if "dom0_kernel_member" in variables else ".gz"
    assert host.file(f"/netbsd-{'XEN3PAE' if name == 'nb51-pae' else 'XEN3'}_DOM0{suffix}").size > 0
    debug = host.file(f"/xen-{variables['dom0_xen_release']}-debug.gz")
    assert debug.exists == variables.get("dom0_debug_hypervisor", False)


def test_hidden_devices_are_kept_from_dom0(host, variables):
    hidden = variables.get("bootloader_pci_hide", [])
    assert host.file("/kern/xen/pci").exists == bool(hidden)
    if hidden:
        assert host.file("/kern/xen/pci").listdir() == hidden


def test_scripts_are_those_of_the_package(host):
    scripts = {name for name in host.file("/usr/pkg/share/examples/rc.d").listdir() if name.startswith("xen")}
    assert "xendomains" in scripts
    for script in scripts - NOT_OF_DOM0:
        ours = host.file(f"/etc/rc.d/{script}").content_string
        assert ours == host.file(f"/usr/pkg/share/examples/rc.d/{script}").content_string, script


def test_kernfs_is_in_fstab_once(host):
    mounts = [line.split() for line in host.file("/etc/fstab").content_string.splitlines()]
    assert [fields[1] for fields in mounts if len(fields) > 2 and fields[2] == "kernfs"] == ["/kern"]


def test_daemons_start_at_boot(host, variables):
    # The xencommons of 4.1 that is packaged here has xend's switch, and so has that of Xen's own sources.
    before_4_1 = ("xend", "xenbackendd")
    wanted = {"3.1": before_4_1, "3.3": before_4_1, "4.1": ("xend",), "4.2": ("xencommons", "xend")}
    settings = host.file("/etc/rc.conf").content_string.replace('"', "").splitlines()
    for variable in wanted.get(variables["dom0_xen_release"]) or [switch(host, "xencommons")]:
        assert f"{variable}=YES" in settings, variable


def switch(host, script):
    """The variable that an rc.d script of the packages is switched by, as sh would tell it."""
    text = host.file(f"/usr/pkg/share/examples/rc.d/{script}").content_string
    told = dict(re.findall(r"""^(name|rcvar)=["']?([^"'\s;#]+)""", text, re.MULTILINE))
    return re.sub(r"^\$\{?name\}?$", told["name"], told["rcvar"])


def test_the_guest_starts_at_boot(host):
    settings = host.file("/etc/rc.conf").content_string.replace('"', "").splitlines()
    assert "xendomains=web1" in settings


def test_xenstore_answers(host):
    assert host.check_output("/usr/pkg/bin/xenstore-read /local/domain/0/name") == "Domain-0"


def test_bridges_have_their_members_now_and_at_boot(host, variables):
    for bridge in variables["bridge_bridges"]:
        live = host.check_output(f"/sbin/brconfig {bridge['name']}")
        file = host.file(f"/etc/ifconfig.{bridge['name']}").content_string
        for interface in bridge["interfaces"]:
            assert f"\t{interface} flags=" in live
            assert f"brconfig $int add {interface} up" in file


def test_the_guest_is_on_its_bridge(host):
    assert "xvif" in host.check_output("/sbin/brconfig bridge0")


def test_vlans_and_nat_are_as_declared(host, variables):
    if not {"bridge_vlans", "bridge_nat"} <= set(variables):
        pytest.skip("none are declared")
    for vlan in variables["bridge_vlans"]:
        assert f"vlan: {vlan['id']} parent: {vlan['parent']}" in host.check_output(f"/sbin/ifconfig {vlan['name']}")
    rules = host.check_output("/sbin/npfctl show")
    assert "filtering:\tactive" in rules
    for nat in variables["bridge_nat"]:
        assert f"map {nat['interface']} dynamic" in rules
    assert host.check_output("/sbin/sysctl -n net.inet.ip.forwarding") == "1"


def test_the_guest_runs(host, toolstack):
    listed = host.check_output(f"{toolstack} list").splitlines()[1:]
    assert {line.split()[0] for line in listed} == {"Domain-0", "web1"}


def test_every_run_did_what_it_had_planned(name):
    """Also those in check mode. Without a Python nobody knows more than that it is to be brought, and a check says no
    more either."""
    runs, found = read_records(Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "runs.jsonl")), 0
    for run in runs:
        done = {change for change in run.changes if change[0] == name and change[1] != "task"}
        planned = {change for change in run.planned if change[0] == name and change[1] != "bootstrap"}
        packages_come = any(resource == "xen_packages" for _host, resource, _thing in done)
        untold = {(name, *thing) for thing in WITH_ITS_SCRIPT} if packages_come else set()
        assert done <= planned <= done | untold
        found += len(done)
    print(f"{name}: {len(runs)} runs, {found} changes planned and made alike")
    assert found > 10
