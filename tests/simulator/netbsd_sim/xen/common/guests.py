# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What a guest is and does by itself: which system it runs, how long it takes, what it writes to its console.

No guest really runs. Its kernel file decides: a path or command line with `noack` in it is a guest that ignores every
request (as NetBSD does at its root device prompt, record final-prompt-shutdown); a file that begins with `crash`
crashes at once. How far NetBSD comes then its disk decides (guestsystem.py). Times are those of the records (NetBSD
7.99.10; xl 4.17 and 4.20 for Linux).
"""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core.machine import Machine
from ...core.profiles import XM
from . import guestsystem
from .hotplug import local

CONSOLE_LOGS = "/var/log/xen/console"

NETBSD = "netbsd"
LINUX = "linux"
SOLARIS = "solaris"
# A fully virtual guest boots what its disks hold, and no disk here holds a system with PV drivers.
FIRMWARE = "firmware"

POWEROFF, REBOOT, SUSPEND, CRASH = 0, 1, 2, 3


@dataclass(frozen=True)
class Times:
    """Recorded seconds from a request until the guest has acknowledged it and until it is down."""

    boot: float
    acknowledge: float | None  # None: not before it is gone (record xl-shutdown-no-wait)
    poweroff: float
    reboot: float


# records create-then-poll, xl-shutdown-w, xl-reboot (NetBSD with powerd); shutdown_preserve, reboot (Linux)
TIMES = {NETBSD: Times(28.0, None, 15.2, 17.0), LINUX: Times(2.0, 0.4, 0.9, 0.9),
         # Nobody measured an ACPI power button, nor Solaris; as long as NetBSD takes otherwise.
         FIRMWARE: Times(28.0, None, 15.2, 17.0), SOLARIS: Times(28.0, None, 15.2, 17.0)}


def system(m: Machine, config: dict[str, Any]) -> str:
    """Which system a guest is: that of its kernel file."""
    from ...core import images
    from . import solaris

    if config["c_info"]["type"] == "hvm":
        return FIRMWARE
    kernel = config["b_info"].get("kernel", "")
    image = images.identify(local(m, kernel))
    if image is not None:
        return NETBSD
    if solaris.is_kernel(local(m, kernel)):
        return SOLARIS
    name = kernel.rpartition("/")[2].lower()
    return LINUX if "linu" in name or "bzimage" in name else NETBSD


def ignores_requests(domain: dict[str, Any]) -> bool:
    """At the prompt for a root device nobody listens, nor in an installer ("ignore shutdown request:", record
    sysinst/screens.txt)."""
    deaf = (guestsystem.ROOT_PROMPT, guestsystem.INSTALLER)
    return told_to_ignore(domain) or domain.get("system", {}).get("state") in deaf


def told_to_ignore(domain: dict[str, Any]) -> bool:
    build = domain["config"]["b_info"]
    return "noack" in build.get("kernel", "") or "noack" in build.get("cmdline", "")


def crashes(m: Machine, kernel: str) -> bool:
    if not kernel:
        return False
    with local(m, kernel).open("rb") as stream:
        return stream.read(5) == b"crash"


def is_bootable(m: Machine, kernel: str) -> bool:
    """Whether Xen's loader finds anything in the file: not in an empty one, nor in a half-written image, nor in a
    blank disk (record create_bad_kernel; tests/contract on Xen 4.20)."""
    from ...core import images

    path = local(m, kernel)
    with path.open("rb") as stream:
        start = stream.read(16)
    return bool(start.strip(b"\0")) and (not start.startswith(b"simulated-image ") or images.identify(path) is not None)


def boot_messages(m: Machine, domain: dict[str, Any]) -> str:
    """The beginning of a boot (records xl-list-booting, xc-kill-xenconsoled)."""
    build = domain["config"]["b_info"]
    mib = domain["mem_kb"] // 1024
    if domain["os"] == FIRMWARE:
        return ""  # its screen is VNC's; only a serial line would be xl's console
    if domain["os"] == SOLARIS:
        return str(domain["system"]["said"])
    if domain["os"] == LINUX:
        return ("[    0.000000] Linux version 6.12.0 (domU)\n"
                f"[    0.000000] Command line: {build.get('cmdline', '')}\n"
                f"[    0.000000] Hypervisor detected: Xen PV\n{domain.get('system', {}).get('said', '')}")
    lines = [f"NetBSD {m.profile.netbsd_release} (XEN3_DOMU) #0: {m.profile.build_date}", f"total memory = {mib} MB",
             "mainbus0 (root)", f"hypervisor0 at mainbus0: Xen version {m.profile.xen_version}",
             "vcpu0 at hypervisor0", "xenbus0 at hypervisor0: Xen Virtual Bus Interface",
             "xencons0 at hypervisor0: Xen Virtual Console Driver"]
    for index, vbd in enumerate(domain["vbds"]):
        lines.append(f"xbd{index} at xenbus0 id {vbd['devid']}: Xen Virtual Block Device Interface")
    for vif in domain["vifs"]:
        lines.append(f"xennet{vif['devid']} at xenbus0 id {vif['devid']}: Xen Virtual Network Interface")
        lines.append(f"xennet{vif['devid']}: MAC address {vif['mac']}")
    lines.append(f"balloon0: current reservation: {domain['mem_kb']} KiB")
    if told_to_ignore(domain):
        return "\n".join([*lines, "boot device: xbd0", "cannot mount root, error = 79",
                          "root device (default xbd0a): "])
    said = domain.get("system", {}).get("said")
    if said:
        return "\n".join([*lines, said])
    return "\n".join([*lines, "boot device: xbd0", "root on xbd0a dumps on xbd0b", "root file system type: ffs", ""])


def installs(domain: dict[str, Any]) -> bool:
    """Whether an installer runs in it."""
    return bool(domain.get("system", {}).get("state") == guestsystem.INSTALLER)


def login_prompt(m: Machine, domain: dict[str, Any]) -> str:
    """The end of a boot."""
    if domain["os"] == FIRMWARE or ignores_requests(domain):
        return ""
    if domain["os"] == LINUX and domain.get("system", {}).get("state") not in (guestsystem.NOWHERE, guestsystem.LOGIN):
        return f"\n{domain['name']} login: "
    if domain.get("system", {}).get("state", guestsystem.UNKNOWN) != guestsystem.UNKNOWN:
        return str(domain["system"]["login"])
    return f"\nNetBSD/{m.profile.arch} ({domain['name']}) (console)\n\nlogin: "


def console_log(m: Machine, domain: dict[str, Any]) -> Path:
    """Where the guest's text goes. The xenconsoled of xm's time keeps no log: only `xm console` shows it."""
    if m.profile.toolstack == XM:
        return m.host_dir / "console" / f"{domain['domid']}.log"
    return m.path(CONSOLE_LOGS) / f"guest-{domain['name']}.log"


def write_console(m: Machine, domain: dict[str, Any], text: str) -> None:
    """Append to the guest's console log, if xenconsoled runs (record xc-kill-xenconsoled) and can open the file."""
    if not text or m.daemon("xenconsoled") is None or "/" in domain["name"]:
        return
    path = console_log(m, domain)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", errors="surrogateescape") as stream:
        stream.write(text)
