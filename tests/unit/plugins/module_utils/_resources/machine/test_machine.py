# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine says it is: bare metal, dom0 or domU; the running hypervisor and the installed one; hidden devices."""

from __future__ import annotations

import os
import types

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._releases import RELEASES
from ansible_collections.netbsd.xen.plugins.module_utils._resources.machine import about, hypervisor
from ansible_collections.netbsd.xen.tests.unit.support.fakes import MemoryHost

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


def boots(file: str, from_package: bool | None) -> dict[str, object]:
    """What the menu of ``dom0`` boots by default."""
    given = {"hypervisor_args": "dom0_mem=1G", "kernel_args": "console=pc"}
    return {"file": file, "from_package": from_package, **given}


def running(host: MemoryHost, packages: dict[str, str] | None = None) -> dict[str, object]:
    found = hypervisor.describe(host, PACKAGES if packages is None else packages)
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
    found = about.describe(host, PACKAGES)
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
    toolstack = about.describe(host, PACKAGES)["toolstack"]
    assert (toolstack["name"], toolstack["alive"]) == ("xl", False)
    assert "mount kernfs" in toolstack["why"]


@pytest.mark.parametrize(("machine", "processor"), [("amd64", "x86_64"), ("i386", "i386"), ("x86_64", "x86_64")])
def test_the_processor_is_what_uname_p_says(monkeypatch: pytest.MonkeyPatch, machine: str, processor: str) -> None:
    names = types.SimpleNamespace(sysname="NetBSD", nodename="nb", release="10.1", machine=machine, version=GENERIC)
    monkeypatch.setattr(os, "uname", lambda: names)
    assert about.describe(MemoryHost(), {})["processor"] == processor


# record sysctl (NetBSD 7.99.10)
@pytest.mark.parametrize(("printed", "seconds"), [("1795342188\n", 1795342188), ("", None), ("Sun Nov 22\n", None)])
def test_when_it_was_booted(printed: str, seconds: int | None) -> None:
    host = MemoryHost()
    assert about.boot_time(host) is None
    host.programs["/sbin/sysctl"] = lambda argv: (0, printed, "")
    assert about.boot_time(host) == seconds


@pytest.mark.parametrize("database", ["/usr/pkg/pkgdb", "/var/db/pkg"])
@pytest.mark.parametrize(("installed_at", "exchanged"), [(500.0, False), (1500.0, True), (None, None)])
def test_tools_that_came_after_the_boot_have_older_daemons(
    monkeypatch: pytest.MonkeyPatch, installed_at: float | None, exchanged: bool | None, database: str
) -> None:
    names = types.SimpleNamespace(sysname="NetBSD", nodename="nb", release="10.1", machine="amd64", version=XEN3_DOM0)
    monkeypatch.setattr(os, "uname", lambda: names)
    host = dom0()
    host.programs["/sbin/sysctl"] = lambda argv: (0, "1000\n", "")
    if installed_at is not None:
        host.put(f"{database}/xentools420-20260610/+CONTENTS")
        host.tree[f"{database}/xentools420-20260610/+CONTENTS"].modified = installed_at
    assert about.describe(host, PACKAGES)["toolstack"]["exchanged"] is exchanged


# -- its hypervisor ----------------------------------------------------------------------------------------------------


def test_numbers_and_words_of_the_running_hypervisor() -> None:
    found = running(dom0())
    assert found["release"] == "4.20"
    assert (found["memory_total"], found["memory_free"], found["cpus"]) == (3071, 2270, 2)
    assert found["guest_types"] == ["pv", "pvh", "hvm"]


# records dom0-on-xen-4.17/dmesg (NetBSD 7.99.10), and with the times that NetBSD 9 and later put before each line.
MESSAGES = """\
cpu0 at mainbus0 apid 0
hypervisor0 at mainbus0: Xen version 4.17.7
VIRQ_DEBUG interrupt using event channel 1
"""
TIMED_MESSAGES = """\
[     1.000000] NetBSD 10.1 (XEN3_DOM0) #0: Mon Dec 16 13:08:11 UTC 2024
[     1.000003] hypervisor0 at mainbus0: Xen version 4.18.5_20260317nb0
[     1.000003] vcpu0 at hypervisor0
"""
# record list_as_nobody (xl 4.17): a toolstack that can't talk to the hypervisor.
SILENT = (1, "", "cannot init xl context\n")


def without_toolstack(messages: str, boot_messages: str | None = None) -> MemoryHost:
    host = dom0()
    host.programs["/usr/pkg/sbin/xl"] = lambda argv: SILENT
    host.programs["/sbin/dmesg"] = lambda argv: (0, messages, "")
    if boot_messages is not None:
        host.put("/var/run/dmesg.boot", boot_messages)
        host.tree["/var/run/dmesg.boot"].modified = 1000.0
    return host


@pytest.mark.parametrize(
    ("messages", "version", "release"),
    [(MESSAGES, "4.17.7", "4.17"), (TIMED_MESSAGES, "4.18.5_20260317nb0", "4.18"), (MESSAGES * 2, "4.17.7", "4.17")],
)
def test_the_kernels_own_words_tell_a_hypervisor_that_the_tools_can_not_talk_to(
    messages: str, version: str, release: str
) -> None:
    found = running(without_toolstack(messages))
    assert (found["version"], found["release"]) == (version, release)
    unknown = ("commandline", "capabilities", "virtualization", "guest_types", "scheduler", "memory_free", "cpus")
    assert [found[key] for key in unknown] == [None] * len(unknown)
    assert found["boots"] == boots("/xen-4.20.gz", True)
    assert found["current"] is False


def test_the_last_boot_counts_where_the_buffer_has_two() -> None:
    assert running(without_toolstack(MESSAGES + TIMED_MESSAGES))["release"] == "4.18"


def test_the_copy_of_the_messages_counts_only_if_it_is_of_this_boot() -> None:
    host = without_toolstack("nothing of the boot is left\n", MESSAGES)
    assert hypervisor.describe(host, PACKAGES, booted_at=999)["release"] == "4.17"
    assert hypervisor.describe(host, PACKAGES, booted_at=1001) is None
    assert hypervisor.describe(host, PACKAGES, booted_at=None) is None


def test_tools_of_another_release_tell_a_part() -> None:
    part = "".join(line + "\n" for line in INFO.splitlines() if line.startswith(("host", "xen_")))
    found = running(dom0(info=part))
    assert (found["version"], found["commandline"], found["memory_free"]) == ("4.20.2_20260610nb0", "dom0_mem=1G", None)


def test_a_hypervisor_of_which_nothing_tells_is_unknown() -> None:
    host = without_toolstack("")
    assert hypervisor.describe(host, PACKAGES) is None
    del host.programs["/sbin/dmesg"]
    assert hypervisor.describe(host, PACKAGES) is None


def test_a_version_in_pieces_is_put_together() -> None:
    # As xm info of Xen 3.1 prints it (tools/python/xen/xend/XendNode.py, xeninfo).
    found = running(dom0(info="xen_major : 3\nxen_minor : 1\nxen_extra : .4\n"))
    assert (found["version"], found["release"], found["commandline"]) == ("3.1.4", "3.1", None)


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
    assert hypervisor.guest_types({"xen_major": "4", **info}) == types_


def test_the_installed_hypervisor_runs_and_is_booted_again() -> None:
    found = running(dom0())
    assert found["installed"] == {"package": "xenkernel420", "release": "4.20", "version": "20260610"}
    assert found["boots"] == boots("/xen-4.20.gz", True)
    assert found["current"] is True


def test_a_newer_package_waits_for_a_copy_and_a_reboot() -> None:
    found = running(dom0(booted="old"), {**PACKAGES, "xenkernel420": "20260911"})
    assert found["boots"] == boots("/xen-4.20.gz", False)
    assert (found["installed"]["version"], found["current"]) == ("20260911", False)


def test_of_two_releases_the_one_that_the_next_boot_boots_counts() -> None:
    host = dom0(menu=MENU.replace("xen-4.20.gz", "xen-4.18.gz"))
    host.put("/xen-4.18.gz", "eighteen")
    host.put("/usr/pkg/xen418-kernel/xen.gz", "eighteen")
    found = running(host, {**PACKAGES, "xenkernel418": "20260911"})
    assert found["installed"]["package"] == "xenkernel418"
    assert (found["boots"], found["current"]) == (boots("/xen-4.18.gz", True), False)


def test_of_two_releases_else_the_running_one_counts() -> None:
    found = running(dom0(booted="made by hand"), {**PACKAGES, "xenkernel418": "20260911"})
    assert (found["installed"]["package"], found["current"]) == ("xenkernel420", True)
    assert found["boots"] == boots("/xen-4.20.gz", False)


@pytest.mark.parametrize("menu", [None, "", MENU.replace("default=1", "default=2")])
def test_a_menu_that_boots_no_hypervisor_by_default(menu: str | None) -> None:
    assert running(dom0(menu=menu))["boots"] is None


# As the HOWTO (revision 1.7) has it for GRUB legacy.
MENU_LST = """\
default 1
timeout 5
title NetBSD
\tchainloader (hd0,a)+1
title Xen
\tkernel (hd0,a)/xen-4.20.gz dom0_mem=1G
\tmodule (hd0,a)/netbsd-XEN3_DOM0.gz root=wd0a
"""
GRUB_CFG = """\
set default="Xen"
menuentry "NetBSD" {
\tknetbsd /netbsd
}
menuentry "Xen" {
\tmultiboot2 /xen-4.20.gz placeholder dom0_mem=1G
\tmodule2 /netbsd-XEN3_DOM0.gz placeholder root=wd0a
}
"""
NATIVE_MENU = "menu=NetBSD:boot /netbsd\n"


@pytest.mark.parametrize(
    ("menus", "file"),
    [
        ({"/grub/menu.lst": MENU_LST}, "/xen-4.20.gz"),
        ({"/grub/menu.lst": MENU_LST.replace("default 1", "default 0")}, None),
        ({"/grub/menu.lst": MENU_LST.replace("default 1", "default saved"), "/grub/default": "1\n"}, "/xen-4.20.gz"),
        ({"/grub/grub.cfg": GRUB_CFG}, "/xen-4.20.gz"),
        ({"/grub/grub.cfg": GRUB_CFG.replace('"Xen"\n', "1\n")}, "/xen-4.20.gz"),
        ({"/grub/grub.cfg": GRUB_CFG.replace('set default="Xen"\n', "")}, None),
        ({"/grub/grub.cfg": GRUB_CFG, "/boot.cfg": MENU}, "/xen-4.20.gz"),
        ({"/grub/grub.cfg": GRUB_CFG, "/boot.cfg": MENU.replace("xen-4.20", "xen-4.18")}, None),
        ({"/grub/grub.cfg": "", "/grub/menu.lst": ""}, None),
    ],
)
def test_the_default_of_whichever_menu_names_a_hypervisor(menus: dict[str, str], file: str | None) -> None:
    host = dom0(menu=NATIVE_MENU)
    for path, text in menus.items():
        host.put(path, text)
    assert (running(host)["boots"] or {}).get("file") == file


def test_a_file_that_is_missing_can_not_be_compared() -> None:
    host = dom0()
    del host.tree["/xen-4.20.gz"]
    assert running(host)["boots"] == boots("/xen-4.20.gz", None)


def test_without_packages_nothing_is_guessed() -> None:
    found = running(dom0(), {})
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
    assert hypervisor.is_current(running, name, row, {row.kernel_package: version}) is current


# -- PCI devices that are left to guests -------------------------------------------------------------------------------


def test_devices_that_pciback_has_taken() -> None:
    host = MemoryHost()
    assert about.hidden_devices(host) == []
    for name in ("0000:03:00.0", "0000:00:1f.3", "README"):
        host.put("/kern/xen/pci/" + name)
    assert about.hidden_devices(host) == ["0000:00:1f.3", "0000:03:00.0"]
