# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Which kernel, from where, and which files role dom0 asks for, on machines of every era."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.role_values import values, worked_out

EXPRESSIONS = {
    "source": "dom0_kernel_source",
    "path": "dom0_kernel_path",
    "sums": "dom0_kernel_sums",
    "files": worked_out("dom0.system_files.files"),
    "types": worked_out("dom0.preflight.guest_types"),
    "hvm": "dom0_hvm",
    "disk_packages": worked_out("dom0.xen_packages.disk_packages"),
}
ARCHIVE = "http://archive.NetBSD.org/pub/NetBSD-archive"
CDN = "https://cdn.NetBSD.org/pub/NetBSD"


def machine(release: str, machine: str, xen: str, **variables: Any) -> dict[str, Any]:
    host = {"role": "bare_metal", "release": release, "machine": machine}
    return {"netbsd_xen_host": {"host": host}, "dom0_xen_release": xen, **variables}


GUESTS = [{"name": "a", "os": "netbsd"}, {"name": "b", "os": "windows"}, {"name": "c", "os": "x", "type": "pvh"}]
DEFAULTS = {"windows": {"type": "hvm"}, "netbsd": {"root": "xbd0a"}, "unused": {"type": "pv"}}
LINUX = {"name": "d", "os": "linux", "install": {"method": "tree"}}
HOSTS = {
    "linux": machine("10.1", "amd64", "4.20", domu_guests=[*GUESTS, LINUX]),
    "no_linux": machine("10.1", "amd64", "4.20", domu_guests=[*GUESTS, {**LINUX, "state": "absent"}]),
    "i386_31": machine("5.1", "i386", "3.1"),
    "i386_33": machine("5.2", "i386", "3.3"),
    "i386_33_set": machine("5.2", "i386", "3.3", dom0_kernel_member="./netbsd"),
    "amd64_42": machine("6.1", "amd64", "4.2", dom0_kernel_member="./netbsd"),
    "amd64_415": machine("9.4", "amd64", "4.15", dom0_kernel_member="./netbsd"),
    "today": machine("10.1", "amd64", "4.20", domu_guests=GUESTS, domu_os_defaults=DEFAULTS),
    "candidate": machine("11.0_RC7", "amd64", "4.20", dom0_debug_hypervisor=True),
    "own": machine(
        "10.1",
        "amd64",
        "4.20",
        dom0_kernel_source="/home/me/netbsd.gz",
        dom0_hypervisor_path="/xen",
        dom0_debug_hypervisor=True,
        dom0_hvm=True,
        dom0_mirror="http://mirror.example",
    ),
    "by_hand": machine("7.99.10", "amd64", "4.17", dom0_package_source="none", dom0_hypervisor_path="/xen.gz"),
    "by_hand_with_kernel": machine(
        "10.1", "amd64", "4.18", dom0_package_source="none", dom0_kernel_source="/home/me/netbsd.gz"
    ),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return values(tmp_path_factory.mktemp("dom0"), "dom0", EXPRESSIONS, HOSTS)


@pytest.mark.parametrize(
    ("host", "source", "path"),
    [
        ("i386_31", f"{ARCHIVE}/NetBSD-5.1/i386/binary/kernel/netbsd-XEN3_DOM0.gz", "/netbsd-XEN3_DOM0.gz"),
        ("i386_33", f"{ARCHIVE}/NetBSD-5.2/i386/binary/kernel/netbsd-XEN3PAE_DOM0.gz", "/netbsd-XEN3PAE_DOM0.gz"),
        ("i386_33_set", f"{ARCHIVE}/NetBSD-5.2/i386/binary/sets/kern-XEN3PAE_DOM0.tgz", "/netbsd-XEN3PAE_DOM0"),
        ("amd64_42", f"{ARCHIVE}/NetBSD-6.1/amd64/binary/sets/kern-XEN3_DOM0.tgz", "/netbsd-XEN3_DOM0"),
        ("amd64_415", f"{CDN}/NetBSD-9.4/amd64/binary/sets/kern-XEN3_DOM0.tar.xz", "/netbsd-XEN3_DOM0"),
        ("today", f"{CDN}/NetBSD-10.1/amd64/binary/kernel/netbsd-XEN3_DOM0.gz", "/netbsd-XEN3_DOM0.gz"),
        ("candidate", f"{CDN}/NetBSD-11.0_RC7/amd64/binary/kernel/netbsd-XEN3_DOM0.gz", "/netbsd-XEN3_DOM0.gz"),
    ],
)
def test_the_kernel_of_the_machines_own_release(found: dict[str, Any], host: str, source: str, path: str) -> None:
    assert (found[host]["source"], found[host]["path"]) == (source, path)
    assert found[host]["sums"] == source.rsplit("/", 1)[0] + "/SHA512"


def test_a_kernel_of_ones_own_has_no_sums_of_the_mirror(found: dict[str, Any]) -> None:
    assert (found["own"]["source"], found["own"]["sums"]) == ("/home/me/netbsd.gz", "")


def test_of_a_xen_that_came_by_other_means_nothing_is_put_anywhere(found: dict[str, Any]) -> None:
    assert (found["by_hand"]["source"], found["by_hand"]["sums"], found["by_hand"]["files"]) == ("", "", [])
    assert [file["src"] for file in found["by_hand_with_kernel"]["files"]] == ["/home/me/netbsd.gz"]


def test_the_debug_hypervisor_lies_beside_the_other(found: dict[str, Any]) -> None:
    places = [file["dest"] for file in found["candidate"]["files"]]
    assert places[:3] == ["/xen-4.20.gz", "/xen-4.20-debug.gz", "/netbsd-XEN3_DOM0.gz"]
    assert "/xen-4.20-debug.gz" not in [file["dest"] for file in found["today"]["files"]]
    assert found["own"]["files"][1]["dest"] == "/xen-debug"
    assert found["candidate"]["files"][1]["src"] == "/usr/pkg/xen420-kernel/xen-debug.gz"


def test_every_era_gets_the_scripts_of_its_tools(found: dict[str, Any]) -> None:
    scripts = {host: [file["dest"] for file in found[host]["files"] if "rc.d" in file["dest"]] for host in found}
    assert scripts["i386_31"] == ["/etc/rc.d/xend", "/etc/rc.d/xenbackendd", "/etc/rc.d/xendomains"]
    assert scripts["today"] == ["/etc/rc.d/xencommons", "/etc/rc.d/xendomains", "/etc/rc.d/xen-watchdog"]


def test_types_of_guests_come_from_guests_and_their_systems(found: dict[str, Any]) -> None:
    assert (sorted(found["today"]["types"]), found["today"]["hvm"]) == (["hvm", "pvh"], True)
    assert (found["own"]["types"], found["i386_31"]["types"]) == (["hvm"], ["pv"])
    assert found["i386_31"]["hvm"] is False


def test_what_makes_linux_disks_is_installed_where_a_guest_asks_for_it(found: dict[str, Any]) -> None:
    asked = {host: each["disk_packages"] for host, each in found.items()}
    assert asked.pop("linux") == ["e2fsprogs"]
    assert not any(asked.values())
