# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A machine as site.yml must leave it, seen by its own commands."""

from __future__ import annotations

from pathlib import Path

import pytest

LEFT = Path(__file__).resolve().parents[1] / "left_by_0_1"
# Lines that this version adds to what 0.1 left, by file: without them each boot warned of xen-watchdog.
ADDED = {"etc/rc.conf": [b"xenwatchdog=NO\n"]}
MENUS = {"boot_cfg": "/boot.cfg", "grub": "/grub/menu.lst", "grub2": "/grub/grub.cfg"}
# The dom0 kernel's and the hypervisor's word for the same port.
CONSOLES = {"pc": ({"console=pc"}, set()), "com0": ({"console=com0"}, {"console=com1", "com1=115200,8n1"})}


def test_it_runs_xen(host, variables):
    assert f"hypervisor0 at mainbus0: Xen version {variables['dom0_xen_release']}." in host.check_output("/sbin/dmesg")


def test_it_boots_xen_again(variables, next_boot):
    boots = next_boot()
    assert boots["down"] == ""
    assert boots["loader"] == {"boot_cfg": "netbsd"}.get(variables["bootloader_loader"], variables["bootloader_loader"])
    assert boots["hypervisor"]["release"] == variables["dom0_xen_release"]
    assert boots["kernel"]["name"].endswith("_DOM0")
    for_kernel, for_xen = CONSOLES[variables.get("bootloader_console", "pc")]
    assert {f"root={variables['bootloader_root']}", *for_kernel} <= set(boots["kernel"]["cmdline"].split())
    assert {f"dom0_mem={variables['bootloader_dom0_memory']}", *for_xen} <= set(boots["hypervisor"]["cmdline"].split())
    assert boots["hazards"] == []


def test_the_boot_menu_has_a_way_back(host, variables):
    menu = host.file(MENUS[variables["bootloader_loader"]]).content_string
    lines = [line.strip() for line in menu.splitlines()]
    natives = [line for line in lines if "/netbsd" in line and "XEN3" not in line]
    # GRUB legacy loads no kernel of 64 bits; there the way back is NetBSD's own loader.
    assert natives or "chainloader +1" in lines, "no entry boots the native kernel"
    assert host.file("/netbsd").size > 0


def test_hypervisor_and_kernel_are_on_the_root_file_system(host, variables):
    assert host.file(f"/xen-{variables['dom0_xen_release']}.gz").size > 0
    # Out of a set the kernel comes unpacked.
    kernel = "/netbsd-XEN3_DOM0" if "dom0_kernel_member" in variables else "/netbsd-XEN3_DOM0.gz"
    assert host.file(kernel).size > 0
    debug = host.file(f"/xen-{variables['dom0_xen_release']}-debug.gz")
    assert debug.exists == variables.get("dom0_debug_hypervisor", False)


def test_hidden_devices_are_kept_from_dom0(host, variables, next_boot):
    hidden = variables.get("bootloader_pci_hide", [])
    assert host.file("/kern/xen/pci").exists == bool(hidden)
    if hidden:
        assert host.file("/kern/xen/pci").listdir() == hidden
        assert "pciback.hide=(03:00.0)(04:00.1)" in next_boot()["kernel"]["cmdline"].split()


def test_scripts_are_those_of_the_package(host):
    scripts = [name for name in host.file("/usr/pkg/share/examples/rc.d").listdir() if name.startswith("xen")]
    assert "xendomains" in scripts
    for script in scripts:
        ours = host.file(f"/etc/rc.d/{script}").content_string
        assert ours == host.file(f"/usr/pkg/share/examples/rc.d/{script}").content_string, script


def test_kernfs_is_in_fstab_once(host):
    mounts = [line.split() for line in host.file("/etc/fstab").content_string.splitlines()]
    assert [fields[1] for fields in mounts if len(fields) > 2 and fields[2] == "kernfs"] == ["/kern"]


def test_daemons_start_at_boot(host, variables):
    wanted = {"3.1": ("xend", "xenbackendd"), "4.2": ("xencommons", "xend")}
    settings = host.file("/etc/rc.conf").content_string.replace('"', "").splitlines()
    for variable in wanted.get(variables["dom0_xen_release"], ("xencommons",)):
        assert f"{variable}=YES" in settings, variable


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


def test_it_has_the_files_that_version_0_1_left(host, name):
    left = {path.relative_to(LEFT / name): path.read_bytes() for path in (LEFT / name).rglob("*") if path.is_file()}
    assert len(left) >= 5
    for path, content in left.items():
        added = ADDED.get(str(path), [])
        lines = [line for line in host.file(f"/{path}").content.splitlines(keepends=True) if line not in added]
        # A line that was lost and put back stands at the end.
        assert sorted(lines) == sorted(content.splitlines(keepends=True)), path
