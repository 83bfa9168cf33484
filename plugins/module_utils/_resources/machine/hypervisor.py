# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The hypervisor that runs, the one that is installed, and whether they are the same. Reads only.

Installing a package changes nothing before the next boot, and a machine that is forgotten then runs an old hypervisor
with holes that are long mended.
"""

from __future__ import annotations

import re
from typing import Any

from ..._change import CommandFailed
from ..._host import Host
from ..._releases import RELEASES, Release, nearest
from ..._toolstack import choose
from ..boot import by_default, loaders
from ..boot.adopted import InUse

DMESG = "/sbin/dmesg"
BOOT_MESSAGES = "/var/run/dmesg.boot"
# From NetBSD 9 on each message has the time since the boot before it.
_BANNER = re.compile(r"^(?:\[ *[0-9.]+\] )?hypervisor[0-9]+ at mainbus[0-9]+: Xen version (\S+)$", re.MULTILINE)
# pkgsrc's packages from 4.18 on are snapshots: their version is a day, and the hypervisor says it in its own version,
# 4.20.2_20260610nb0 for xenkernel420-20260610 (pkgsrc xenkernel420/Makefile, XEN_VENDORVERSION).
_SNAPSHOT = re.compile(r"_(?P<day>[0-9]{8})nb(?P<revision>[0-9]+)\Z")
_PACKAGE_OF_A_DAY = re.compile(r"(?P<day>[0-9]{8})(?:nb(?P<revision>[0-9]+))?\Z")
_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)+")
_PACKAGE_OF_A_RELEASE = re.compile(r"(?P<version>[0-9]+(?:\.[0-9]+)+)(?:nb[0-9]+)?\Z")


def describe(host: Host, installed: dict[str, str], booted_at: float | None = None) -> dict[str, Any] | None:
    """The running hypervisor in plain data, memory in MiB; None if nothing tells which one runs.

    The toolstack's ``info`` tells most; ``xl info`` needs no xenstored (behaviour 7 of the real xl). Where it does not
    answer (tools that are missing, or those of another release; xend not running), the dom0 kernel's own message at
    boot tells the version, and all the rest is None. ``installed`` are the machine's packages, base name to version;
    ``booted_at`` is when it was booted, in seconds since 1970.
    """
    info = _answer(host)
    version = _version(info) or announced(host, booted_at)
    if not version:
        return None
    release = ".".join(version.split(".")[:2])
    boots = _booted_by_default(host)
    file = boots.file if boots else None
    package = _package(host, installed, file, release)
    return {
        "version": version,
        "release": release,
        "commandline": info.get("xen_commandline"),
        "capabilities": _words(info.get("xen_caps")),
        "virtualization": _words(info.get("virt_caps")),
        "guest_types": guest_types(info) if info else None,
        "scheduler": info.get("xen_scheduler"),
        "dom0_weight": _dom0_weight(host) if info else None,
        "memory_total": _number(info.get("total_memory")),
        "memory_free": _number(info.get("free_memory")),
        "cpus": _number(info.get("nr_cpus")),
        "boots": _describe_entry(boots, _same_file(host, file, package)) if boots else None,
        "installed": _installed(package, installed) if package else None,
        "current": is_current(version, release, package, installed),
    }


def _answer(host: Host) -> dict[str, str]:
    """What the toolstack says of the hypervisor; empty if it does not answer."""
    try:
        return choose.toolstack(host).info()
    except CommandFailed:
        return {}


def _dom0_weight(host: Host) -> int | None:
    """dom0's weight; None where the toolstack does not answer or the scheduler knows none. ``info`` needs no xenstored,
    and this does."""
    tool = choose.toolstack(host)
    try:
        return tool.dom0_weight()[1] if tool.alive()[0] else None
    except CommandFailed:
        return None


def _version(info: dict[str, str]) -> str:
    """The version from the toolstack's words. Tools of another release print a part of them and exit with 0
    (tools/xl/xl_info.c, output_physinfo); ``xm info`` has the version in pieces only."""
    if info.get("xen_version"):
        return info["xen_version"]
    if info.get("xen_major") and info.get("xen_minor"):
        return f"{info['xen_major']}.{info['xen_minor']}{info.get('xen_extra', '')}"
    return ""


def announced(host: Host, booted_at: float | None = None) -> str:
    """The version that the dom0 kernel printed when it was booted, which no toolstack is needed for; empty if it can't
    be told.

    ``hypervisor0 at mainbus0: Xen version 4.17.7`` (record dom0-on-xen-4.17/dmesg, NetBSD 7.99.10; sys/arch/xen/xen/
    hypervisor.c, hypervisor_attach). On a machine that is long up the kernel's buffer has lost it; /etc/rc.d/dmesg
    keeps a copy from each boot, which counts only if it is not that of an earlier one.
    """
    if host.system != "NetBSD":
        return ""
    try:
        live = host.try_run([DMESG]).stdout
    except CommandFailed:
        live = ""
    return _banner(live) or _banner(_boot_messages(host, booted_at))


def _boot_messages(host: Host, booted_at: float | None) -> str:
    found = host.stat(BOOT_MESSAGES)
    if found is None or booted_at is None or found.modified < booted_at:
        return ""
    return host.read_text(BOOT_MESSAGES) or ""


def _banner(messages: str) -> str:
    """The last one counts: the buffer can survive a reboot."""
    found = _BANNER.findall(messages)
    return found[-1] if found else ""


def _words(text: str | None) -> list[str] | None:
    return None if text is None else text.split()


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
        known = nearest(f"{info.get('xen_major', 0)}.{info.get('xen_minor', 0)}").guest_types
        types += ["pvh", "hvm"] if "pvh" in known else ["hvm"]
    return types


# -- what is installed, and what the next boot boots -------------------------------------------------------------------


def _booted_by_default(host: Host) -> InUse | None:
    """How the boot menu's default entry boots a hypervisor; None if that boots none, or there is no menu.

    A machine can have the menus of several loaders, and which one it boots with can't be seen from here: where they
    name different hypervisors, nothing is known.
    """
    menus = [by_default.read(host, loader) for loader in loaders.LOADERS.values()]
    found = [entry for entry in (menu.boots_xen(menu.default) for menu in menus) if entry and entry.file]
    return found[0] if len({entry.file for entry in found}) == 1 else None


def _describe_entry(entry: InUse, from_package: bool | None) -> dict[str, Any]:
    return {
        "file": entry.file,
        "from_package": from_package,
        "hypervisor_args": " ".join(entry.arguments.hypervisor),
        "kernel_args": " ".join(entry.arguments.kernel),
    }


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
    return first.size == second.size and host.content(path) == host.content(package.hypervisor)


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
