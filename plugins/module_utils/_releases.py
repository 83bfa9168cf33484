# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The one table of Xen releases. Everything that differs between them is asked here, never derived from a number."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused


@dataclass(frozen=True)
class Service:
    """An rc.d script of the tools package. ``daemons`` are the processes that must live while it is started;
    ``xenstore`` says that xenstored must answer as well; ``config_variables`` are set in rc.conf beside the rcvar."""

    name: str
    daemons: tuple[str, ...] = ()
    xenstore: bool = False


@dataclass(frozen=True)
class Release:
    """One Xen release as pkgsrc packages it (sysutils/xenkernelNNN and xentoolsNNN: Makefile, PLIST, MESSAGE)."""

    name: str
    kernel_package: str
    tools_package: str
    hypervisor: str
    toolstack: str
    services: tuple[Service, ...]
    rc_scripts: tuple[str, ...]
    security_support_ends: str


# pkgsrc's xencommons starts these two and nothing else (xentools420/files/xencommons.sh).
_XENCOMMONS = Service("xencommons", daemons=("xenstored", "xenconsoled"), xenstore=True)
_WATCHDOG = Service("xen-watchdog", daemons=("xenwatchdogd",))
_XENDOMAINS = Service("xendomains")
_XL_SCRIPTS = ("xencommons", "xendomains", "xen-watchdog")


def _xl_release(name: str, security_support_ends: str) -> Release:
    digits = name.replace(".", "")
    return Release(
        name=name,
        kernel_package=f"xenkernel{digits}",
        tools_package=f"xentools{digits}",
        hypervisor=f"/usr/pkg/xen{digits}-kernel/xen.gz",
        toolstack="xl",
        services=(_XENCOMMONS, _XENDOMAINS, _WATCHDOG),
        rc_scripts=_XL_SCRIPTS,
        security_support_ends=security_support_ends,
    )


# End of security support: SUPPORT.md on each of Xen's stable branches.
RELEASES = {
    release.name: release
    for release in (
        _xl_release("4.18", "2028-11-16"),
        _xl_release("4.20", "2030-03-05"),
    )
}


def release(name: str) -> Release:
    """The row of a release. Raises Refused for one that is not in the table."""
    try:
        return RELEASES[name]
    except KeyError:
        raise Refused(f"Xen release {name!r} is not known; allowed are {', '.join(RELEASES)}.") from None


def service(name: str) -> Service | None:
    """What is known of an rc.d script of Xen, or None for a script of something else."""
    for row in RELEASES.values():
        for known in row.services:
            if known.name == name:
                return known
    return None
