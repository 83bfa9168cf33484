# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The hypervisor that runs, the one that is installed, and whether they are the same. Reads only.

Installing a package changes nothing before the next boot, and a machine that is forgotten then runs an old hypervisor
with holes that are long mended.
"""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed
from ansible_collections.netbsd.xen.plugins.module_utils._formats import bootcfg
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host
from ansible_collections.netbsd.xen.plugins.module_utils._releases import RELEASES, Release
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import choose

BOOT_MENU = "/boot.cfg"
# The first release whose xl knows guests of the type pvh (Xen 4.10, xl.cfg(5)).
PVH_SINCE = (4, 10)
# pkgsrc's packages from 4.18 on are snapshots: their version is a day, and the hypervisor says it in its own version,
# 4.20.2_20260610nb0 for xenkernel420-20260610 (pkgsrc xenkernel420/Makefile, XEN_VENDORVERSION).
_SNAPSHOT = re.compile(r"_(?P<day>[0-9]{8})nb(?P<revision>[0-9]+)\Z")
_PACKAGE_OF_A_DAY = re.compile(r"(?P<day>[0-9]{8})(?:nb(?P<revision>[0-9]+))?\Z")
_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)+")
_PACKAGE_OF_A_RELEASE = re.compile(r"(?P<version>[0-9]+(?:\.[0-9]+)+)(?:nb[0-9]+)?\Z")


def describe(host: Host, installed: dict[str, str]) -> dict[str, Any] | None:
    """The toolstack's ``info`` in plain data, memory in MiB; None if it does not answer. ``xl info`` needs no xenstored
    (behaviour 7 of the real xl). ``installed`` are the machine's packages, base name to version."""
    try:
        info = choose.toolstack(host).info(host)
    except CommandFailed:
        return None
    release = f"{info.get('xen_major')}.{info.get('xen_minor')}"
    boots = _booted_by_default(host)
    package = _package(host, installed, boots, release)
    return {
        "version": info.get("xen_version"),
        "release": release,
        "commandline": info.get("xen_commandline"),
        "capabilities": (info.get("xen_caps") or "").split(),
        "virtualization": (info.get("virt_caps") or "").split(),
        "guest_types": guest_types(info),
        "scheduler": info.get("xen_scheduler"),
        "memory_total": _number(info.get("total_memory")),
        "memory_free": _number(info.get("free_memory")),
        "cpus": _number(info.get("nr_cpus")),
        "boots": {"file": boots, "from_package": _same_file(host, boots, package)} if boots else None,
        "installed": _installed(package, installed) if package else None,
        "current": is_current(info.get("xen_version") or "", release, package, installed),
    }


def _number(text: Any) -> int | None:
    return int(text) if text is not None and str(text).isdigit() else None


def guest_types(info: dict[str, str]) -> list[str]:
    """The types of guests that the machine can run, from what the hypervisor says of itself.

    ``xen_caps`` names what it can run (``xen-`` paravirtual, ``hvm-`` with the CPU's help); ``virt_caps`` says ``pv``
    since Xen 4.13, which may be built without it. A pvh guest needs what an hvm one does.
    """
    capabilities = (info.get("xen_caps") or "").split()
    types = ["pv"] if any(word.startswith("xen-") for word in capabilities) else []
    if any(word.startswith("hvm-") for word in capabilities):
        numbers = _number(info.get("xen_major")) or 0, _number(info.get("xen_minor")) or 0
        types += ["pvh", "hvm"] if numbers >= PVH_SINCE else ["hvm"]
    return types


# -- what is installed, and what the next boot boots -------------------------------------------------------------------


def _booted_by_default(host: Host) -> str | None:
    """The hypervisor's file in the boot menu's default entry; None if that boots none, or there is no menu."""
    lines = bootcfg.parse(host.read_text(BOOT_MENU) or "")
    index = bootcfg.default_index(lines)
    return None if index is None else bootcfg.hypervisor(bootcfg.entries(lines)[index])


def _package(host: Host, installed: dict[str, str], boots: str | None, running: str) -> Release | None:
    """The installed hypervisor's package that counts: the one whose file the next boot boots, else that of the running
    release, else the only one. Hypervisors of several releases can be installed beside each other."""
    present = [row for row in RELEASES.values() if row.kernel_package in installed]
    for row in present:
        if boots and _same_file(host, boots, row):
            return row
    for row in present:
        if row.name == running:
            return row
    return present[0] if len(present) == 1 else None


def _same_file(host: Host, path: str | None, package: Release | None) -> bool | None:
    """Whether the file is the package's hypervisor; None if there is nothing to compare."""
    if path is None or package is None:
        return None
    first, second = host.stat(path), host.stat(package.hypervisor)
    if first is None or second is None:
        return None
    return first.size == second.size and host.read_bytes(path) == host.read_bytes(package.hypervisor)


def _installed(package: Release, installed: dict[str, str]) -> dict[str, str]:
    return {
        "package": package.kernel_package,
        "release": package.name,
        "version": installed[package.kernel_package],
    }


def is_current(running: str, release: str, package: Release | None, installed: dict[str, str]) -> bool | None:
    """Whether the hypervisor that runs is the installed one; None if that can't be told.

    ``running`` is its version, ``release`` the first two numbers of it.
    """
    if package is None:
        return None
    if package.name != release:
        return False
    version = installed[package.kernel_package]
    snapshot, of_a_day = _SNAPSHOT.search(running), _PACKAGE_OF_A_DAY.match(version)
    if snapshot and of_a_day:
        revisions = int(snapshot.group("revision")), int(of_a_day.group("revision") or 0)
        return snapshot.group("day") == of_a_day.group("day") and revisions[0] == revisions[1]
    numbers, of_a_release = _NUMBERS.match(running), _PACKAGE_OF_A_RELEASE.match(version)
    if numbers and of_a_release and numbers.group() != of_a_release.group("version"):
        return False
    return None  # before 4.18 the hypervisor does not say which revision of the package it is
