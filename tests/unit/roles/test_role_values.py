# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What roles work out of the admin's variables, templated by a real ansible-playbook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.netbsd.xen.plugins.module_utils._releases import RELEASES
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import domu
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Variables
from ansible_collections.netbsd.xen.tests.unit.support.role_values import values, worked_out


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    expressions = {
        "xl_conf": worked_out("services.xl_conf.settings"),
        "services": worked_out("services.rc_service.services"),
    }
    bridges = [{"name": "bridge9", "state": "absent"}, {"name": "bridge1", "state": "present"}, {"name": "bridge0"}]
    guests = [{"name": "web1", "autostart": True, "depends_on": ["db1"]}, {"name": "db1", "os": "netbsd"}]
    hosts = {
        "bare": {},
        "usual": {"bridge_bridges": bridges, "bootloader_dom0_memory": "1G", "services_console_log": True},
        "own": {
            "bridge_bridges": bridges,
            "bootloader_dom0_memory": "1G",
            "services_xl_conf": {"vif.default.bridge": None, "claim_mode": 0},
        },
        "guests": {
            "domu_guests": guests,
            "domu_os_defaults": {"netbsd": {"autostart": True}},
            "domu_config_dir": "/home/xen/etc",
        },
    }
    hosts.update({f"xen{name}": {"dom0_xen_release": name, "services_watchdog": True} for name in RELEASES})
    return values(tmp_path_factory.mktemp("services"), "services", expressions, hosts)


def test_xl_takes_what_follows_from_bridges_and_memory(services: dict[str, Any]) -> None:
    assert services["bare"]["xl_conf"] == {}
    assert services["usual"]["xl_conf"] == {"vif.default.bridge": "bridge1", "autoballoon": "off"}


def test_the_admins_own_settings_go_over_it(services: dict[str, Any]) -> None:
    assert services["own"]["xl_conf"] == {"vif.default.bridge": None, "autoballoon": "off", "claim_mode": 0}


def test_consoles_are_logged_only_where_that_is_wanted(services: dict[str, Any]) -> None:
    assert services["usual"]["services"][0]["variables"] == {"XENCONSOLED_TRACE": "guest"}
    assert services["bare"]["services"][0] == {"name": "xencommons", "enabled": True, "state": "started"}


def test_each_release_has_all_of_its_daemons_in_their_order(services: dict[str, Any]) -> None:
    for name, row in RELEASES.items():
        wanted = [one.name for one in row.services if one.variable and one.name != "xen-watchdog"]
        has_watchdog = row.service("xen-watchdog") is not None
        found = services[f"xen{name}"]["services"]
        assert [one["name"] for one in found] == [*wanted, "xendomains", *(["xen-watchdog"] if has_watchdog else [])]
        assert not has_watchdog or found[-1] == {"name": "xen-watchdog", "enabled": True, "state": "started"}


def test_the_watchdog_is_off_unless_wanted(services: dict[str, Any]) -> None:
    assert services["bare"]["services"][-1] == {"name": "xen-watchdog", "enabled": False}


def test_guests_start_with_the_machine_in_their_order_from_their_directory(services: dict[str, Any]) -> None:
    found = {
        host: service["guests"]
        for host in ("guests", "bare")
        for service in services[host]["services"]
        if service["name"] == "xendomains"
    }
    assert found["guests"].pop("declared")[:2] == ["web1", "db1"]
    assert found["guests"] == {"autostart": ["db1", "web1"], "files": {}, "config_dir": "/home/xen/etc"}
    assert found["bare"] == {"autostart": [], "declared": [], "files": {}, "config_dir": "/usr/pkg/etc/xen"}


@pytest.fixture(scope="module")
def bootloader(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    hosts = {
        "usual": {},
        "unpacked": {"bootloader_hypervisor": "/xen"},
        "hidden": {"bootloader_pci_hide": ["0000:03:00.0", "4:0.1"], "bootloader_dom0_args": "-v"},
        "serial": {"bootloader_console": "serial"},
        "second": {"bootloader_console": "com1", "bootloader_baud": 9600},
        "legacy64": {"bootloader_loader": "grub", "machine": "amd64", "bootloader_xen_release": "4.2"},
        "legacy32": {"bootloader_loader": "grub", "machine": "i386", "bootloader_xen_release": "3.1"},
        "grub2": {"bootloader_loader": "grub2", "machine": "amd64", "bootloader_previous_hypervisor": "/xen-4.18.gz"},
    }
    for host in hosts.values():
        host["netbsd_xen_host"] = {"host": {"role": "dom0", "machine": host.pop("machine", "amd64")}}
    names = ("entries", "flavour", "protocol")
    expressions = {name: worked_out(f"bootloader.grub_menu.{name}") for name in names}
    return values(tmp_path_factory.mktemp("bootloader"), "bootloader", expressions, hosts)


def test_hidden_devices_stand_among_the_dom0_kernels_arguments(bootloader: dict[str, Any]) -> None:
    assert bootloader["usual"]["entries"][0]["args"] == "console=pc"
    arguments = [entry.get("args") for entry in bootloader["hidden"]["entries"]]
    hidden = "console=pc pciback.hide=(03:00.0)(04:00.1) -v"
    assert arguments == [hidden, f"{hidden} -s", None, "-s", hidden, hidden, hidden]


def test_the_menu_has_a_native_kernel_behind_everything(bootloader: dict[str, Any]) -> None:
    entries = bootloader["usual"]["entries"]
    assert [entry["name"] for entry in entries if not entry.get("optional")] == [
        "Xen",
        "Xen, single user",
        "NetBSD",
        "NetBSD, single user",
    ]
    assert {entry["fallback"] for entry in entries if "hypervisor" in entry} == {"/netbsd"}
    older = [(entry["kernel"], entry["hypervisor"]) for entry in entries if entry.get("optional")]
    assert older == [
        ("/netbsd-XEN3_DOM0.gz.old", "/xen-4.20.gz"),
        ("/netbsd-XEN3_DOM0.gz", "/xen-4.20.gz.old"),
        ("/netbsd-XEN3_DOM0.gz", "/xen-4.20-debug.gz"),
    ]
    # Where role dom0 puts it.
    assert bootloader["unpacked"]["entries"][-1]["hypervisor"] == "/xen-debug"


def test_consoles_are_counted_from_0_by_netbsd_and_from_1_by_xen(bootloader: dict[str, Any]) -> None:
    first, second = bootloader["serial"]["entries"][0], bootloader["second"]["entries"][0]
    assert (first["args"], first["hypervisor_args"]) == ("console=com0", "dom0_mem=1G console=com1 com1=115200,8n1")
    assert (second["args"], second["hypervisor_args"]) == ("console=com1", "dom0_mem=1G console=com2 com2=9600,8n1")


def test_grub_legacy_lets_netbsds_loader_boot_a_kernel_of_64_bits(bootloader: dict[str, Any]) -> None:
    assert {"name": "NetBSD", "commands": ["root (hd0,a)", "chainloader +1"]} in bootloader["legacy64"]["entries"]
    assert {"name": "NetBSD", "kernel": "/netbsd"} in bootloader["legacy32"]["entries"]
    assert not [entry for entry in bootloader["legacy32"]["entries"] if "fallback" in entry]
    assert (bootloader["legacy64"]["flavour"], bootloader["legacy64"]["protocol"]) == ("grub", "multiboot")


def test_check_mode_knows_what_the_package_would_have_brought(tmp_path: Path) -> None:
    hosts = {
        "installs": {"bootloader_loader": "grub", "dom0_packages_result": {"changed": True}},
        "has_it": {"bootloader_loader": "grub2", "dom0_packages_result": {"changed": False}},
        "alone": {},
    }
    expressions = {"files": worked_out("bootloader.boot_blocks.assume_files")}
    found = values(tmp_path, "bootloader", expressions, hosts, "--check")
    menus = ["/grub/menu.lst", "/grub/grub.cfg"]
    assert found["installs"]["files"] == [*menus, "/usr/pkg/sbin/grub", "/usr/pkg/sbin/grub-install"]
    assert found["has_it"]["files"] == found["alone"]["files"] == menus


def test_grub_2_starts_a_hypervisor_by_the_newer_protocol(bootloader: dict[str, Any]) -> None:
    assert (bootloader["grub2"]["flavour"], bootloader["grub2"]["protocol"]) == ("grub2", "multiboot2")
    before = [entry for entry in bootloader["grub2"]["entries"] if entry.get("hypervisor") == "/xen-4.18.gz"]
    assert [(entry["name"], entry["optional"]) for entry in before] == [("Xen, release before", True)]


@pytest.mark.parametrize(
    ("own", "netbsd"),
    [
        ({}, {"kernel": "/home/xen/netbsd-XEN3_DOMU.gz", "root": "xbd0a"}),
        ({"netbsd": {"memory": 512}}, {"kernel": "/home/xen/netbsd-XEN3_DOMU.gz", "root": "xbd0a", "memory": 512}),
        ({"netbsd": {"kernel": "/home/xen/mine"}}, {"kernel": "/home/xen/mine", "root": "xbd0a"}),
        ({"netbsd": {"root": None}}, {"kernel": "/home/xen/netbsd-XEN3_DOMU.gz", "root": None}),
        ({"netbsd": {"bootloader": "pygrub"}}, {"bootloader": "pygrub"}),
        ({"netbsd": {"type": "hvm"}}, {"type": "hvm"}),
        ({"netbsd": {"cmdline": "-s"}}, {"kernel": "/home/xen/netbsd-XEN3_DOMU.gz", "cmdline": "-s"}),
    ],
)
def test_defaults_of_a_system_go_over_the_roles_own(own: dict[str, Any], netbsd: dict[str, Any]) -> None:
    linux = {"kernel": "/home/xen/vmlinuz"}
    assert domu.os_defaults(Variables({"domu_os_defaults": own})) == {"netbsd": netbsd}
    both = domu.os_defaults(Variables({"domu_os_defaults": {**own, "linux": linux}}))
    assert both == {"netbsd": netbsd, "linux": linux}
    guests = [{"name": "web1", "os": "netbsd", "memory": "512M", "disks": ["/dev/wd0e"]}]
    checked = ArgumentSpecValidator(domain.ARGUMENTS).validate(
        {"guests": guests, "host_name": "xen1", "os_defaults": both}
    )
    assert checked.error_messages == []
    (guest,) = domain.declare(checked.validated_parameters).guests
    assert guest.name == "web1"


def test_what_is_no_entry_of_a_system_is_left_to_the_module() -> None:
    variables = Variables({"domu_os_defaults": {"netbsd": "hvm"}})
    assert domu.os_defaults(variables) == {"netbsd": "hvm"}
