# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A machine as site.yml must leave it, seen by its own commands."""

from __future__ import annotations

MENUS = {"boot_cfg": "/boot.cfg", "grub": "/grub/menu.lst", "grub2": "/grub/grub.cfg"}


def test_it_runs_xen_and_boots_it_again(variables, next_boot):
    release = variables["dom0_xen_release"]
    boots = next_boot()
    assert boots["down"] == ""
    assert boots["hypervisor"]["release"] == release
    assert boots["kernel"]["name"].endswith("_DOM0")


def test_the_boot_menu_has_a_way_back(host, variables):
    menu = host.file(MENUS[variables["bootloader_loader"]]).content_string
    lines = [line.strip() for line in menu.splitlines()]
    natives = [line for line in lines if "/netbsd" in line and "XEN3" not in line]
    # GRUB legacy loads no kernel of 64 bits; there the way back is NetBSD's own loader.
    assert natives or "chainloader +1" in lines, "no entry boots the native kernel"
    assert host.file("/netbsd").size > 0


def test_hypervisor_and_kernel_are_on_the_root_file_system(host, variables):
    assert host.file(f"/xen-{variables['dom0_xen_release']}.gz").size > 0
    assert host.file("/netbsd-XEN3_DOM0.gz").size > 0


def test_scripts_are_those_of_the_package(host):
    for script in host.file("/usr/pkg/share/examples/rc.d").listdir():
        if script.startswith("xen"):
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


def test_xenstore_answers(host):
    assert host.check_output("/usr/pkg/bin/xenstore-read /local/domain/0/name") == "Domain-0"


def test_the_bridge_has_the_network_card_and_the_guest_now_and_the_card_at_boot(host):
    bridge = host.check_output("/sbin/brconfig bridge0")
    assert "wm0" in bridge
    assert "xvif" in bridge
    assert "wm0" in host.file("/etc/ifconfig.bridge0").content_string


def test_the_guest_runs(host, toolstack):
    listed = host.check_output(f"{toolstack} list").splitlines()[1:]
    assert {line.split()[0] for line in listed} == {"Domain-0", "web1"}
