# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The one table of Xen releases. Everything that differs between them is asked here, never derived from a number."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused


@dataclass(frozen=True)
class Service:
    """An rc.d script of the tools package. ``daemons`` are the processes that must live while it is started, by the
    name that ps gives them; ``scripts`` are those that are Python, and that ps calls by their interpreter;
    ``xenstore`` says that xenstored must answer as well; ``variable`` is its switch in rc.conf, empty for none."""

    name: str
    daemons: tuple[str, ...] = ()
    xenstore: bool = False
    scripts: tuple[str, ...] = ()
    variable: str = ""


@dataclass(frozen=True)
class Release:
    """One Xen release as pkgsrc packages it (sysutils/xenkernelNNN and xentoolsNNN: Makefile, PLIST, MESSAGE).

    ``toolstack`` is what the collection manages its guests with. ``platforms`` are the machine architectures of the
    packages, empty where no source tells. ``security_support_ends`` is a day, empty where Xen published none.
    ``installable`` releases are those that the collection installs; a machine that runs another one can have its guests
    managed, and ``note`` says what to use instead.
    """

    name: str
    kernel_package: str
    tools_package: str
    hypervisor: str
    toolstack: str
    services: tuple[Service, ...]
    rc_scripts: tuple[str, ...]
    security_support_ends: str
    platforms: tuple[str, ...] = ()
    installable: bool = False
    note: str = ""


# pkgsrc's xencommons starts these two and nothing else (xentools420/files/xencommons.sh).
_XENCOMMONS = Service("xencommons", daemons=("xenstored", "xenconsoled"), xenstore=True, variable="xencommons")
_WATCHDOG = Service("xen-watchdog", daemons=("xenwatchdogd",), variable="xenwatchdog")
_XENDOMAINS = Service("xendomains")
_XL_SERVICES = (_XENCOMMONS, _XENDOMAINS, _WATCHDOG)
_XL_SCRIPTS = ("xencommons", "xendomains", "xen-watchdog")
_BOTH = ("i386", "x86_64")
_ONLY_64 = ("x86_64",)
_OLD = "Xen no longer mends its security; install {newest} instead."


def _xl_release(name: str, security_support_ends: str, platforms: tuple[str, ...]) -> Release:
    digits = name.replace(".", "")
    return Release(
        name=name,
        kernel_package=f"xenkernel{digits}",
        tools_package=f"xentools{digits}",
        hypervisor=f"/usr/pkg/xen{digits}-kernel/xen.gz",
        toolstack="xl",
        services=_XL_SERVICES,
        rc_scripts=_XL_SCRIPTS,
        security_support_ends=security_support_ends,
        platforms=platforms,
    )


# xend starts xenstored and xenconsoled by itself before Xen 4.1 (xentools3 and xentools33, files/xend.sh).
_XEND_3 = Service("xend", daemons=("xenstored", "xenconsoled"), xenstore=True, scripts=("xend",), variable="xend")
_XENBACKENDD_3 = Service("xenbackendd", daemons=("xenbackendd",), variable="xenbackendd")
_XEND_3_SERVICES = (_XEND_3, _XENBACKENDD_3, _XENDOMAINS)
_XEND_3_SCRIPTS = ("xend", "xenbackendd", "xendomains")

_XM_RELEASES = (
    Release(
        name="3.1",
        kernel_package="xenkernel3",
        tools_package="xentools3",
        hypervisor="/usr/pkg/xen3-kernel/xen.gz",
        toolstack="xm",
        services=_XEND_3_SERVICES,
        rc_scripts=_XEND_3_SCRIPTS,
        security_support_ends="",
        platforms=_BOTH,
    ),
    # It lies where 3.1 does; the two packages conflict.
    Release(
        name="3.3",
        kernel_package="xenkernel33",
        tools_package="xentools33",
        hypervisor="/usr/pkg/xen3-kernel/xen.gz",
        toolstack="xm",
        services=_XEND_3_SERVICES,
        rc_scripts=_XEND_3_SCRIPTS,
        security_support_ends="",
        platforms=_BOTH,
    ),
    Release(
        name="4.1",
        kernel_package="xenkernel41",
        tools_package="xentools41",
        hypervisor="/usr/pkg/xen41-kernel/xen.gz",
        toolstack="xm",
        services=(
            # Its first revisions are switched by xend's variable.
            replace(_XENCOMMONS, daemons=("xenstored", "xenconsoled", "xenbackendd")),
            Service("xend", scripts=("xend",), variable="xend"),
            _XENDOMAINS,
            _WATCHDOG,
        ),
        rc_scripts=("xencommons", "xend", "xendomains", "xen-watchdog"),
        security_support_ends="",
        platforms=_BOTH,
    ),
    # It brings xl too; its rc.d scripts start xend, and the two must not be mixed.
    Release(
        name="4.2",
        kernel_package="xenkernel42",
        tools_package="xentools42",
        hypervisor="/usr/pkg/xen42-kernel/xen.gz",
        toolstack="xm",
        services=(
            _XENCOMMONS,
            Service("xend", daemons=("xenbackendd",), scripts=("xend",), variable="xend"),
            _XENDOMAINS,
        ),
        rc_scripts=("xencommons", "xend", "xendomains"),
        security_support_ends="",
        platforms=_BOTH,
    ),
)
# End of security support: SUPPORT.md on each of Xen's stable branches, which begins with 4.11's.
_OLD_XL_RELEASES = (
    _xl_release("4.5", "", _BOTH),
    _xl_release("4.6", "", ()),
    _xl_release("4.8", "", ()),
    _xl_release("4.11", "2021-07-10", ()),
    _xl_release("4.13", "2022-12-18", _ONLY_64),
    _xl_release("4.15", "2024-04-08", _ONLY_64),
)
_INSTALLABLE = (
    _xl_release("4.18", "2028-11-16", _ONLY_64),
    _xl_release("4.20", "2030-03-05", _ONLY_64),
)
_NEWEST = _INSTALLABLE[-1].name

# Every release that the collection knows, oldest first.
RELEASES = {
    each.name: each
    for each in (
        *(replace(row, note=_OLD.format(newest=_NEWEST)) for row in (*_XM_RELEASES, *_OLD_XL_RELEASES)),
        *(replace(row, installable=True) for row in _INSTALLABLE),
    )
}


def installable() -> list[str]:
    """The names of the releases that the collection installs, oldest first."""
    return [row.name for row in RELEASES.values() if row.installable]


def release(name: str) -> Release:
    """The row of a release that can be installed. Raises Refused for any other."""
    row = RELEASES.get(name)
    if row is not None and row.installable:
        return row
    why = "is not known; allowed" if row is None else f"is not installed any more: {row.note} Allowed"
    raise Refused(f"Xen release {name!r} {why} are {', '.join(installable())}.")


def running(version: str) -> Release | None:
    """The row of the release that a machine runs, from its version (``4.2.5``, ``4.20.1_20260610nb0``); None for one
    that is not in the table. Whether it can be installed does not matter here."""
    parts = version.strip().split(".")
    return RELEASES.get(".".join(parts[:2]))


def service(name: str) -> Service | None:
    """What is known of an rc.d script of Xen, in the releases that are installed, or None for a script of something
    else. An old machine's scripts are looked after by their own ``status``."""
    for row in RELEASES.values():
        for known in row.services:
            if row.installable and known.name == name:
                return known
    return None
