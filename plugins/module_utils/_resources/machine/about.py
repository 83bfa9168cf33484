# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a machine is: bare metal, dom0 or domU, its system, its toolstack. Reads only.

Ansible's own facts can't tell: on NetBSD they call whatever has /dev/xencons a Xen guest, and every stock amd64 machine
has that node (record ansible-virt-facts, NetBSD 7.99.10).
"""

from __future__ import annotations

from typing import Any

from ... import _kernel, _packages, _processes
from ..._change import CommandFailed
from ..._formats.guest import pci
from ..._host import Host
from ..._releases import RELEASES
from ..._toolstack import choose, lost
from ..._toolstack.interface import Toolstack
from . import hypervisor

PCI_DEVICES = "/kern/xen/pci"
SYSCTL = "/sbin/sysctl"


def describe(host: Host, installed: dict[str, str]) -> dict[str, Any]:
    """The machine in plain data; ``installed`` are its packages, base name to version.

    ``hypervisor`` is None unless this is a dom0 and something tells which one runs, ``pci`` unless it is a NetBSD dom0.

    Of what the machine was booted with, ``hypervisor`` has that one's arguments. The dom0 kernel keeps its own to
    itself: it has no sysctl, no file below /kern and no message for them (sys/arch/xen/xen/xen_machdep.c), and
    machdep.booted_kernel is not there under Xen (record dom0-on-xen-4.17/sysctl, NetBSD 7.99.10). ``booted_at`` says at
    least which changes of the boot menu came too late for it.
    """
    is_netbsd = host.system == "NetBSD"
    role = _kernel.role(host)
    booted_at = boot_time(host) if is_netbsd else None
    return {
        "name": host.name,
        "system": host.system,
        "release": host.release,
        "machine": host.hardware,
        "processor": host.processor,
        "kernel": host.kernel,
        "kernel_config": _kernel.config(host.kernel) if is_netbsd else None,
        "booted_at": booted_at,
        "role": role,
        "kernfs": host.exists("/kern/version") if is_netbsd else None,
        "hypervisor": hypervisor.describe(host, installed, booted_at) if role == _kernel.DOM0 else None,
        "toolstack": _toolstack(host, installed, booted_at) if role == _kernel.DOM0 else None,
        "pci": {"hidden": hidden_devices(host)} if role == _kernel.DOM0 and is_netbsd else None,
    }


def _toolstack(host: Host, installed: dict[str, str], booted_at: int | None) -> dict[str, Any]:
    tool = choose.toolstack(host)
    alive, why = tool.alive()
    return {
        "name": tool.name,
        "alive": alive,
        "why": why,
        "exchanged": _exchanged(host, installed, booted_at),
        "lost_guests": _lost_guests(host, tool, alive),
    }


def _lost_guests(host: Host, tool: Toolstack, alive: bool) -> list[str]:
    """What tells of guests that no xenstored knows, in words."""
    try:
        if alive:
            return [f"domain {row.domid}" for row in lost.nameless(tool.rows())] if tool.name == "xl" else []
        return [] if lost.store_lives(_processes.names(host)) else lost.signs(host)
    except CommandFailed:
        return []  # tools of another release than the hypervisor's are refused; there are no guests of theirs


def _exchanged(host: Host, installed: dict[str, str], booted_at: int | None) -> bool | None:
    """Whether the tools were installed after the machine was booted, so that their daemons may still be those of the
    package before. None if that can't be told."""
    names = [row.tools_package for row in RELEASES.values() if row.tools_package in installed]
    if booted_at is None or len(names) != 1:
        return None
    registered = _packages.registered_at(host, f"{names[0]}-{installed[names[0]]}")
    return None if registered is None else registered > booted_at


def boot_time(host: Host) -> int | None:
    """When the machine was booted, in seconds since 1970 (record sysctl, NetBSD 7.99.10); None if it can't be told."""
    try:
        printed = host.try_run([SYSCTL, "-n", "kern.boottime"]).stdout.strip()
    except CommandFailed:
        return None
    return int(printed) if printed.isdigit() else None


def hidden_devices(host: Host) -> list[str]:
    """The PCI devices that this NetBSD dom0 leaves to guests, ``0000:bb:dd.f``: one file each
    (sys/arch/xen/xen/pciback.c). The directory is there only if it was booted with pciback.hide."""
    return pci.addresses_in(host.list_dir(PCI_DEVICES))
