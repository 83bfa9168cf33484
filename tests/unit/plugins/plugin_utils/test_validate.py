# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""netbsd.xen.validate: everything that is wrong on any host, at once, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._releases import RELEASES, release
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare import wanted
from ansible_collections.netbsd.xen.plugins.plugin_utils import _declared
from ansible_collections.netbsd.xen.tests.unit.support.inventories import (
    SOUND,
    WEB1,
    guest,
    report,
    role_options,
    validate,
)


def test_a_sound_host_has_no_errors_and_its_guests_are_counted() -> None:
    found = report()
    assert (found.errors, found.guests) == ([], 1)


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ({"domu_guests": [guest(vcpu=2)]}, ["guest web1", "vcpu", "vcpus"]),
        ({"domu_guests": [guest(memory="lots")]}, ["guest web1: memory is 'lots'; allowed is"]),
        ({"domu_guests": [guest(name="../etc/passwd")]}, ["name is '../etc/passwd'", "allowed"]),
        ({"domu_guests": [guest(disks=["/home/../etc/x"])]}, ["guest web1", "'/home/../etc/x'", "allowed"]),
        ({"domu_guests": [guest(), guest(disks=["/dev/wd0f"])]}, ["web1", "twice"]),
        ({"domu_guests": [guest(), guest(name="web2")]}, ["web2", "/dev/wd0e", "web1"]),
        ({"domu_guests": [guest(nics=["bridge7"])]}, ["guest web1: bridge is 'bridge7'", "bridge0"]),
        ({"domu_guests": ["web1"]}, ["domu_guests: item 0 is 'web1'; allowed is a dictionary"]),
        ({"domu_guests": 7}, ["domu_guests is 7; allowed is a list of dictionaries"]),
        ({"bridge_bridges": [{"name": "bridge0", "interfaces": ["wm0"]}, {"name": "br 1"}]}, ["br 1"]),
        ({"dom0_xen_release": "9.9"}, ["dom0_xen_release: Xen release '9.9' is not known. Use 4.20 or 4.18; for"]),
        ({"dom0_xen_release": 4.20}, ["dom0_xen_release is the number 4.2 and may be 4.2 or 4.20; put it in quotes"]),
        ({"dom0_pkg_repository": "http://a b"}, ["dom0 packages: repository is 'http://a b'"]),
        ({"dom0_pkgsrc_dir": "pkgsrc"}, ["dom0 packages: pkgsrc_dir is 'pkgsrc'; allowed is an absolute path"]),
        ({"dom0_native_kernel": "netbsd"}, ["dom0_native_kernel is 'netbsd'; allowed is an absolute path"]),
        ({"dom0_kernel_path": "/netbsd.gz", "dom0_kernel_member": "./netbsd"}, ["dom0 kernel", "not compressed"]),
        ({"dom0_kernel_path": "/netbsd", "dom0_kernel_sums": "SHA512"}, ["dom0 kernel", "sums is 'SHA512'"]),
        ({"dom0_kernel_path": "netbsd"}, ["dom0_kernel_path is 'netbsd'; allowed is an absolute path"]),
        ({"dom0_kernel_path": "/netbsd-XEN3_DOM0.gz", "dom0_kernel_sha512": "abc"}, ["dom0 kernel", "sha512"]),
        ({"bootloader_reboot": "maybe"}, ["bootloader_reboot is 'maybe'; allowed is true or false"]),
        ({"bootloader_dom0_memory": "65536"}, ["bootloader_dom0_memory is '65536'", "M or G"]),
        ({"bootloader_dom0_memory": "64M"}, ["bootloader_dom0_memory is '64M'", "128M or more"]),
        ({"bootloader_dom0_memory": "muchM"}, ["bootloader_dom0_memory is 'muchM'"]),
        ({"bootloader_timeout": -1}, ["boot menu", "timeout is -1"]),
        ({"bootloader_entries": [{"name": "a:b", "kernel": "/netbsd"}]}, ["boot menu", "'a:b'"]),
        (
            {"bootloader_entries": [{"name": "a > b", "kernel": "/netbsd"}], "bootloader_loader": "grub2"},
            ["boot menu", "'a > b'"],
        ),
        (
            {"bootloader_entries": [{"name": "=b", "kernel": "/netbsd"}], "bootloader_loader": "grub"},
            ["boot menu", "'=b'"],
        ),
        ({"bootloader_loader": "lilo"}, ["bootloader_loader is 'lilo'; allowed are boot_cfg, grub, grub2"]),
        (
            {"netbsd_xen_max_impact": "restart"},
            ["netbsd_xen_max_impact is 'restart'; allowed are live, guest_restart, guest_recreate, host_reboot"],
        ),
        ({"bootloader_disk": "/dev/wd0a"}, ["bootloader_disk: disk is '/dev/wd0a'; allowed is a disk's name"]),
        (
            {"bootloader_console": "com0", "bootloader_baud": 115201},
            ["bootloader_baud is 115201; allowed are 300, 600", "115200"],
        ),
        ({"bootloader_console": "ttyS0"}, ["bootloader_console is 'ttyS0'; allowed are pc, com0"]),
        ({"makedev_vnd_units": 100000}, ["makedev", "vnd_units is 100000"]),
        ({"services_extra": [{"name": "../sh"}]}, ["services_extra", "../sh"]),
        ({"services_xl_conf": {"autobaloon": "off"}}, ["xl.conf: autobaloon is", "did you mean autoballoon?"]),
        ({"services_xl_conf": {"claim_mode": 7}}, ["claim_mode is 7; allowed is 0 or 1"]),
        ({"services_xl_conf": "off"}, ["services_xl_conf is 'off'; allowed is a dictionary"]),
        ({"bootloader_pci_hide": ["wm0"]}, ["bootloader_pci_hide: 'wm0' is no address of a PCI device; allowed is"]),
        ({"bootloader_pci_hide": ["3:0.0", "03:00.0"]}, ["bootloader_pci_hide: 0000:03:00.0 is there twice"]),
        ({"bootloader_pci_hide": [f"3:{slot}.0" for slot in range(8)]}, ["pci_hide: 8 devices", "7 devices"]),
        (
            {"bootloader_pci_hide": ["03:00.0"], "dom0_xen_release": "4.20"},
            ["bootloader_pci_hide: on NetBSD, Xen 4.20 can't give a PCI device to a guest", "Xen 3.1 can"],
        ),
        ({"makedev_xbd_units": -1}, ["makedev", "xbd_units is -1"]),
        (
            {"services_watchdog": True, "services_xen_release": "3.3"},
            ["services_watchdog is true, and Xen 3.3 has no xen-watchdog"],
        ),
        ({"domu_start_delay": -1}, ["start_delay is -1"]),
        ({"bootloader_reboot_timeout": 0}, ["reboot: timeout is 0"]),
        ({"bootloader_guest_timeout": 0}, ["reboot: guest_timeout is 0"]),
        ({"services_xendomains": ["we\nb1"]}, ["services: ", "xendomains"]),
        ({"services_config_dir": "/home/x\n"}, ["services: ", "xendomains_config"]),
        ({"dom0_kernel_path": "/xen-4.20.gz"}, ["dom0 kernel and hypervisor: /xen-4.20.gz is declared 2 times"]),
        ({"bootloader_root": "wd0a;reboot"}, ["boot menu", "wd0a;reboot"]),
        ({"bootloader_xen_args": "a#b", "dom0_xen_release": "4.2"}, ["boot menu", "a#b"]),
    ],
)
def test_a_mistake_is_one_line_with_host_thing_and_what_is_allowed(values: dict[str, Any], parts: list[str]) -> None:
    errors = report(**values).errors
    assert len(errors) == 1
    assert errors[0].startswith("host xen1: ")
    assert "internal error" not in errors[0]
    assert [part for part in parts if part not in errors[0]] == []


def test_one_mistake_does_not_hide_the_others() -> None:
    errors = report(
        domu_guests=[guest(memory="lots"), guest(name="web2", vcpu=1, disks=["/dev/wd0f"]), guest(name="7", disks=[])],
        bridge_bridges=[{"name": "bridge0"}, {"name": "x y"}, {"name": "../z"}],
        bootloader_reboot="maybe",
    ).errors
    for part in ("lots", "vcpu", "'7'", "x y", "../z", "maybe"):
        assert len([error for error in errors if part in error]) == 1, part


@pytest.mark.parametrize(
    "nonsense",
    [
        {"bridge_bridges": [{"interfaces": ["wm0"]}]},
        {"bootloader_entries": [{"kernel": "/netbsd"}]},
        {"domu_guests": [{}]},
        {"domu_os_defaults": {"netbsd": "pv"}},
        {"services_extra": [{"enabled": True}]},
    ],
)
def test_what_has_no_shape_at_all_is_an_error_of_the_admin(nonsense: dict[str, Any]) -> None:
    errors = report(**nonsense).errors
    assert errors and not [error for error in errors if "internal error" in error]


def test_a_guest_that_is_to_go_needs_neither_bridge_nor_memory() -> None:
    assert report(domu_guests=[{"name": "old1", "state": "absent"}]).errors == []


def test_a_misspelt_variable_is_named_with_the_right_one() -> None:
    assert _declared.misspelt(["domu_guest", "ansible_host", "domu_files_result"], role_options()) == [
        "domu_guest is not a variable of the roles; did you mean domu_guests?"
    ]
    assert _declared.misspelt(["netbsd_xen_max_impct", "netbsd_xen_hosts", "netbsd_xen_host"], role_options()) == [
        "netbsd_xen_max_impct is not a variable of the roles; did you mean netbsd_xen_max_impact?"
    ]


def test_a_default_that_fails_because_of_a_declared_value_is_not_blamed() -> None:
    variables = _declared.HostVariables(
        "xen1",
        {"dom0_xen_release": "9.9"},
        declared=frozenset({"dom0_xen_release"}),
        problems={"dom0_packages": "dom0_packages can't be worked out: Xen release '9.9' is not known"},
    )
    with pytest.raises(Refused) as refused:
        release("9.9")
    assert _declared.check_host(variables, role_options()).errors == [
        f"host xen1: dom0_xen_release: {refused.value}"
    ]


def test_an_old_release_is_a_warning_that_says_what_to_use() -> None:
    found = report(dom0_xen_release="4.15")
    assert found.errors == []
    assert found.warnings == [f"host xen1: dom0_xen_release is 4.15. {RELEASES['4.15'].note}"]
    assert report(dom0_xen_release="4.20").warnings == report().warnings == []


def test_a_release_without_quotes_that_can_be_only_one_is_let_pass() -> None:
    assert report(dom0_xen_release=4.18).errors == []


def test_a_secret_is_never_printed() -> None:
    assert "sesame" not in "".join(report(domu_secrets="sesame").errors)
    assert "sesame" not in "".join(report(domu_secrets={"web1": {"vncpasswd": "sesame\n"}}).errors)


def test_guests_of_one_name_on_two_hosts_get_different_addresses() -> None:
    assert _declared.check_rack([report("xen1"), report("xen2")]) == []


def test_guests_that_depend_on_others_are_looked_at_too() -> None:
    database = guest(name="db1", disks=[])
    assert report(domu_guests=[database, guest(depends_on=["db1"])]).errors == []
    assert report(domu_guests=[database, guest(depends_on=["db1"], nics=["bridge7"])]).errors == [
        "host xen1: guest web1: bridge is 'bridge7'; the bridges in bridge_bridges are bridge0"
    ]


def test_each_guest_is_expanded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    expanded = []
    expand = wanted.expand

    def counting(raw: Any, *rest: Any) -> Any:
        expanded.append(raw["name"])
        return expand(raw, *rest)

    monkeypatch.setattr(wanted, "expand", counting)
    found = report(domu_guests=[WEB1, guest(name="db1", disks=[])])
    assert (found.errors, sorted(set(found.identities.values()))) == ([], ["db1", "web1"])
    assert expanded == ["web1", "db1"]


def test_what_is_wrong_with_one_guest_hides_nothing_of_another() -> None:
    errors = report(domu_guests=[guest(memory="lots"), guest(name="db1", disks=[], nics=["bridge7"])]).errors
    assert len(errors) == 2
    assert "guest web1: memory is" in errors[0]
    assert errors[1] == "host xen1: guest db1: bridge is 'bridge7'; the bridges in bridge_bridges are bridge0"


def test_a_release_that_nobody_knows_is_refused() -> None:
    errors = report(domu_release="9.9").errors
    assert len(errors) == 1 and "'9.9'" in errors[0] and "4.20" in errors[0]


# -- with Ansible ------------------------------------------------------------------------------------------------------

def test_templates_and_role_defaults_are_resolved_per_host(tmp_path: Path) -> None:
    bridges = {"bridge_bridges": [{"name": "bridge{{ 0 }}", "interfaces": []}]}
    one = {"prefix": "/home/xen/{{ inventory_hostname }}", "domu_guests": [guest(disks=["{{ prefix }}.img"])]}
    two = {"domu_guests": [guest(name="a"), guest(name="b", disks=[])]}
    run = validate(tmp_path, {"xen1": {**bridges, **one}, "xen2": {**bridges, **two}})
    assert run.returncode == 0, run.stdout + run.stderr
    assert '"hosts": 2' in run.stdout and '"guests": 3' in run.stdout


def test_all_errors_of_all_hosts_come_at_once_and_without_a_traceback(tmp_path: Path) -> None:
    run = validate(
        tmp_path,
        {
            "xen1": {**SOUND, "domu_guests": [guest(memory="lots")], "services_watchdog": "maybe"},
            "xen2": {**SOUND, "domu_guests": "{{ missing_variable }}"},
            "xen3": {**SOUND, "domu_config_dir": "{{ netbsd_xen_host.host.name }}"},
            "xen4": {**SOUND, "bootloader_pci_hide": ["wm0"]},
            "xen5": {**SOUND, "dom0_xen_release": "4.2"},
        },
    )
    text = run.stdout + run.stderr
    assert run.returncode != 0
    assert "host xen1: guest web1: memory is 'lots'; allowed is" in text
    assert "host xen1: services_watchdog is 'maybe'; allowed is true or false." in text
    assert "host xen2: domu_guests can't be worked out: 'missing_variable' is undefined" in text
    assert "host xen3" not in text
    assert "[WARNING]: host xen5: dom0_xen_release is 4.2. Xen no longer mends" in " ".join(text.split())
    # The boot menu that is made from it can't be worked out either; that is no second mistake.
    assert "bootloader_entries" not in text
    assert "host xen4: bootloader_pci_hide: 'wm0' is no address of a PCI device; allowed is" in text
    assert "Traceback" not in text


def test_hosts_are_checked_each_by_its_own_variables(tmp_path: Path) -> None:
    release = {"xen1": "4.20", "xen2": "4.18", "xen3": "{{ wanted }}", "xen4": None}
    hosts = {host: {**SOUND, "dom0_xen_release": wanted, "wanted": "9.9"} for host, wanted in release.items()}
    del hosts["xen4"]["dom0_xen_release"]
    hosts["xen5"] = {**hosts["xen2"], "services_watchdog": True, "services_xen_release": "3.3"}
    hosts["xen6"] = {**hosts["xen2"], "dom0_xen_release": "3.3", "services_watchdog": True}
    text = validate(tmp_path, hosts).stdout
    for host in ("xen5", "xen6"):
        assert f"host {host}: services_watchdog is true, and Xen 3.3 has no xen-watchdog" in text
    assert "host xen3: dom0_xen_release: Xen release '9.9' is not known" in text
    assert not [host for host in ("xen1", "xen2", "xen4") if f"host {host}: " in text]
