# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine says it is: bare metal, dom0 or domU; the running hypervisor and the installed one; hidden devices."""

from __future__ import annotations

import os
import types

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils import _hypervisor, _machine
from ansible_collections.netbsd.xen.plugins.module_utils._releases import RELEASES
from ansible_collections.netbsd.xen.tests.unit.fakes import MemoryHost

GENERIC = "NetBSD 7.99.10 (GENERIC) #0: Sun Nov 22 08:54:09 UTC 2026"
XEN3_DOM0 = "NetBSD 7.99.10 (XEN3_DOM0) #0: Sun Nov 22 09:24:44 UTC 2026"
XEN3_DOMU = "NetBSD 7.99.10 (XEN3_DOMU) #0: Sun Nov 22 09:24:44 UTC 2026"
PRIVCMD, XENBUS = "/kern/xen/privcmd", "/kern/xen/xenbus"
# /boot.cfg as role bootloader writes it.
MENU = """\
menu=Xen:load /netbsd-XEN3_DOM0.gz console=pc;multiboot /xen-4.20.gz dom0_mem=1G
menu=NetBSD:rndseed /var/db/entropy-file;boot /netbsd
timeout=5
default=1
"""
PACKAGES = {"xenkernel420": "20260610", "xentools420": "20260610", "python313": "3.13.1"}
# record info (xl 4.20), with the version that pkgsrc's package gives it.
INFO = """\
host                   : xenlab
nr_cpus                : 2
virt_caps              : pv hvm hap gnttab-v1 gnttab-v2
total_memory           : 3071
free_memory            : 2270
xen_major              : 4
xen_minor              : 20
xen_extra              : .2_20260610nb0
xen_version            : 4.20.2_20260610nb0
xen_caps               : xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 
xen_scheduler          : credit2
xen_commandline        : dom0_mem=1G 
"""  # noqa: W291 xl prints the blanks


def dom0(info: str = INFO, menu: str | None = MENU, booted: str = "new", packaged: str = "new") -> MemoryHost:
    host = MemoryHost()
    for path in (PRIVCMD, XENBUS, "/kern/version", "/usr/pkg/sbin/xl"):
        host.put(path)
    host.put("/xen-4.20.gz", booted)
    host.put("/usr/pkg/xen420-kernel/xen.gz", packaged)
    if menu is not None:
        host.put("/boot.cfg", menu)
    host.programs["/usr/pkg/sbin/xl"] = lambda argv: (0, info, "") if argv == ["info"] else (1, "", "")
    host.programs["/bin/ps"] = lambda argv: (0, "    1 init\n  200 xenstored\n", "")
    return host


def hypervisor(host: MemoryHost, packages: dict[str, str] | None = None) -> dict[str, object]:
    found = _hypervisor.describe(host, PACKAGES if packages is None else packages)
    assert found is not None
    return found


# -- what it is --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kernel", "files", "role"),
    [
        # records ansible-virt-facts: a stock machine has /dev/xencons, and is bare metal all the same
        (GENERIC, ["/dev/xencons", "/kern/version"], "bare_metal"),
        (XEN3_DOM0, ["/dev/xencons", PRIVCMD, XENBUS], "dom0"),
        (XEN3_DOM0, [], "dom0"),  # kernfs is not mounted
        (XEN3_DOMU, [XENBUS], "domu"),
        (XEN3_DOMU, [], "domu"),
        (GENERIC, [XENBUS], "domu"),  # a pvh guest of NetBSD 10
        ("NetBSD 6.1 (XEN3PAE_DOM0) #0", [], "dom0"),
        ("NetBSD 6.1 (XEN3PAE_DOMU) #0", [], "domu"),
        ("NetBSD 10.1 (MY_DOM0_TESTS) #0", [], "bare_metal"),
    ],
)
def test_a_machine_is_told_by_the_interfaces_of_its_kernel(
    monkeypatch: pytest.MonkeyPatch, kernel: str, files: list[str], role: str
) -> None:
    names = types.SimpleNamespace(sysname="NetBSD", nodename="nb", release="7.99.10", machine="amd64", version=kernel)
    monkeypatch.setattr(os, "uname", lambda: names)
    host = dom0() if role == "dom0" else MemoryHost()
    for path in (PRIVCMD, XENBUS):
        host.tree.pop(path, None)
    for path in files:
        host.put(path)
    found = _machine.describe(host, PACKAGES)
    assert found["role"] == role
    assert (found["hypervisor"] is None) == (found["toolstack"] is None) == (found["pci"] is None) == (role != "dom0")
    assert found["kernel_config"] in kernel


def test_a_machine_without_privcmd_is_dom0_but_its_toolstack_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = types.SimpleNamespace(sysname="NetBSD", nodename="nb", release="10.1", machine="amd64", version=XEN3_DOM0)
    monkeypatch.setattr(os, "uname", lambda: names)
    host = dom0()
    del host.tree[PRIVCMD]
    toolstack = _machine.describe(host, PACKAGES)["toolstack"]
    assert (toolstack["name"], toolstack["alive"]) == ("xl", False)
    assert "mount kernfs" in toolstack["why"]


# -- its hypervisor ----------------------------------------------------------------------------------------------------


def test_numbers_and_words_of_the_running_hypervisor() -> None:
    found = hypervisor(dom0())
    assert found["release"] == "4.20"
    assert (found["memory_total"], found["memory_free"], found["cpus"]) == (3071, 2270, 2)
    assert found["guest_types"] == ["pv", "pvh", "hvm"]


def test_a_hypervisor_that_does_not_answer_is_unknown() -> None:
    host = dom0()
    host.programs["/usr/pkg/sbin/xl"] = lambda argv: (1, "", "cannot init xl context\n")
    assert _hypervisor.describe(host, PACKAGES) is None


@pytest.mark.parametrize(
    ("info", "types_"),
    [
        # records info (NetBSD 7.99.10, a machine without VMX and SVM) and info (xl 4.17)
        ({"virt_caps": "pv gnttab-v1 gnttab-v2", "xen_caps": "xen-3.0-x86_64 ", "xen_minor": "17"}, ["pv"]),
        ({"virt_caps": "pv hvm", "xen_caps": "xen-3.0-x86_64 hvm-3.0-x86_64", "xen_minor": "17"}, ["pv", "pvh", "hvm"]),
        ({"virt_caps": "hvm", "xen_caps": "xen-3.0-x86_64 hvm-3.0-x86_64", "xen_minor": "8"}, ["pv", "hvm"]),
        ({"virt_caps": "hvm hap", "xen_caps": "hvm-3.0-x86_64", "xen_minor": "20"}, ["pvh", "hvm"]),
        ({}, []),
    ],
)
def test_types_of_guests_follow_from_the_capabilities(info: dict[str, str], types_: list[str]) -> None:
    assert _hypervisor.guest_types({"xen_major": "4", **info}) == types_


def test_the_installed_hypervisor_runs_and_is_booted_again() -> None:
    found = hypervisor(dom0())
    assert found["installed"] == {"package": "xenkernel420", "release": "4.20", "version": "20260610"}
    assert found["boots"] == {"file": "/xen-4.20.gz", "from_package": True}
    assert found["current"] is True


def test_a_newer_package_waits_for_a_copy_and_a_reboot() -> None:
    found = hypervisor(dom0(booted="old"), {**PACKAGES, "xenkernel420": "20260911"})
    assert found["boots"] == {"file": "/xen-4.20.gz", "from_package": False}
    assert (found["installed"]["version"], found["current"]) == ("20260911", False)


def test_of_two_releases_the_one_that_the_next_boot_boots_counts() -> None:
    host = dom0(menu=MENU.replace("xen-4.20.gz", "xen-4.18.gz"))
    host.put("/xen-4.18.gz", "eighteen")
    host.put("/usr/pkg/xen418-kernel/xen.gz", "eighteen")
    found = hypervisor(host, {**PACKAGES, "xenkernel418": "20260911"})
    assert found["installed"]["package"] == "xenkernel418"
    assert (found["boots"], found["current"]) == ({"file": "/xen-4.18.gz", "from_package": True}, False)


def test_of_two_releases_else_the_running_one_counts() -> None:
    found = hypervisor(dom0(booted="made by hand"), {**PACKAGES, "xenkernel418": "20260911"})
    assert (found["installed"]["package"], found["current"]) == ("xenkernel420", True)
    assert found["boots"] == {"file": "/xen-4.20.gz", "from_package": False}


@pytest.mark.parametrize("menu", [None, "", MENU.replace("default=1", "default=2")])
def test_a_menu_that_boots_no_hypervisor_by_default(menu: str | None) -> None:
    assert hypervisor(dom0(menu=menu))["boots"] is None


def test_a_file_that_is_missing_can_not_be_compared() -> None:
    host = dom0()
    del host.tree["/xen-4.20.gz"]
    assert hypervisor(host)["boots"] == {"file": "/xen-4.20.gz", "from_package": None}


def test_without_packages_nothing_is_guessed() -> None:
    found = hypervisor(dom0(), {})
    assert (found["installed"], found["current"]) == (None, None)


@pytest.mark.parametrize(
    ("running", "name", "package", "version", "current"),
    [
        ("4.20.2_20260610nb0", "4.20", "4.20", "20260610", True),
        ("4.20.2_20260610nb0", "4.20", "4.20", "20260610nb1", False),
        ("4.20.2_20260610nb1", "4.20", "4.20", "20260610nb1", True),
        ("4.18.3_20240909nb0", "4.18", "4.18", "20260911", False),
        ("4.18.3_20240909nb0", "4.18", "4.20", "20260610", False),
        ("4.20.5-pre", "4.20", "4.20", "20260610", None),
        ("4.15.1", "4.15", "4.15", "4.15.1nb2", None),
        ("4.15.0", "4.15", "4.15", "4.15.1nb2", False),
        ("4.1.6.1", "4.1", "4.1", "4.1.6.1nb11", None),
        ("", "4.20", "4.20", "20260610", None),
    ],
)
def test_the_version_tells_what_runs_or_nothing_does(
    running: str, name: str, package: str, version: str, current: bool | None
) -> None:
    row = RELEASES[package]
    assert _hypervisor.is_current(running, name, row, {row.kernel_package: version}) is current


# -- PCI devices that are left to guests -------------------------------------------------------------------------------


def test_devices_that_pciback_has_taken() -> None:
    host = MemoryHost()
    assert _machine.hidden_devices(host) == []
    for name in ("0000:03:00.0", "0000:00:1f.3", "README"):
        host.put("/kern/xen/pci/" + name)
    assert _machine.hidden_devices(host) == ["0000:00:1f.3", "0000:03:00.0"]
