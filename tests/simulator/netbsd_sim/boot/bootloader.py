# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the reset button to multi-user: which loader the disk's boot sector starts, what that starts, and what happens
when it panics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core import cutoff, powercut
from ..core.machine import Machine
from ..system import about, mounts, rc
from . import bootblocks, grub_menu, grubcfg_boot, netbsd_boot, startup, terminals
from .startup import BootDisk, Started, dom0_memory

__all__ = ["boot", "dom0_memory", "load", "mark", "would_boot"]

NETBSD = "netbsd"
GRUB = "grub"
GRUB2 = "grub2"
_LOADERS: dict[str, Callable[[BootDisk], Started]] = {
    NETBSD: netbsd_boot.load, GRUB: grub_menu.load, GRUB2: grubcfg_boot.load}


def load(disk: BootDisk) -> tuple[Started, list[str]]:
    """What the machine ends up with, and the panics on the way there. A panic resets the machine, and the loader runs
    again; it may have noted something meanwhile, or else it starts the same for ever."""
    nowhere = bootblocks.nothing_to_start(disk.m)
    if nowhere:
        return Started(down=nowhere), []
    panics: list[str] = []
    met: list[dict[str, bytes]] = []
    while True:
        started = _LOADERS[disk.m.data.get("boot_sector", NETBSD)](disk)
        started.down = started.down or startup.asks_for_root(disk.m, started)
        panic = "" if started.down else _panic(disk.m, started)
        if not panic:
            return started, panics
        if _stays(started):
            return Started(down=f"{panic}; noreboot: it waits for the reset button"), panics
        if disk.written in met:
            culprit = started.hypervisor_file or started.kernel_file
            return Started(down=f"reboots for ever into {culprit}: {panic}"), panics
        panics.append(panic)
        met.append(dict(disk.written))


def _panic(m: Machine, started: Started) -> str:
    """What `simrack break` has broken panics."""
    broken = m.data.get("broken", {})
    if started.hypervisor and started.hypervisor.release in broken.get("hypervisors", []):
        return f"Xen {started.hypervisor.release} panics"
    if started.kernel_file in broken.get("kernels", []):
        return f"kernel {started.kernel_file} panics"
    return ""


def _stays(started: Started) -> bool:
    """Xen reboots after a panic of its own or of dom0 unless told not to (xen-command-line.pandoc: noreboot)."""
    return "noreboot" in started.hypervisor_cmdline.split()


def would_boot(m: Machine) -> dict[str, Any]:
    """What the next boot would start, for programs. Changes nothing."""
    started, panics = load(BootDisk(m))
    up = not started.down
    return {
        "loader": m.data.get("boot_sector", NETBSD),
        "down": started.down,
        "kernel": {"file": started.kernel_file, "name": started.kernel.name, "release": started.kernel.release,
                   "cmdline": started.cmdline} if up and started.kernel else None,
        "hypervisor": {"file": started.hypervisor_file, "release": started.hypervisor.release,
                       "name": started.hypervisor.name, "cmdline": started.hypervisor_cmdline}
        if up and started.hypervisor else None,
        "console": started.console if up else "",
        "logins": terminals.logins(m, started.console, started.hypervisor is not None) if up else [],
        "panics": panics,
        "hazards": started.hazards,
    }


def boot(m: Machine, seconds: float = 2.0) -> None:
    """Start the machine anew; it answers `seconds` from now (real time), later by as much for each panic on the way.
    Sets m.data and the `unreachable` mark."""
    disk = BootDisk(m)
    started, panics = load(disk)
    disk.commit()
    mounts.gone(m)
    last = m.now() + seconds * len(panics)
    m.data.update(kernel=None, hypervisor=None, down_reason=started.down or None, boot_time=last + seconds / 2,
                  up_at=last + seconds, boots=m.data.get("boots", 0) + 1 + len(panics), daemons={}, vnd={}, vnd_held=[],
                  vnd_inodes={}, sysctl={}, routes={}, interfaces={})
    m.data["wedges"] = {name: about for name, about in m.data.get("wedges", {}).items() if "vnd" not in about[0]}
    m.data["boot_log"] = list(started.hazards)
    m.data["panics"] = panics
    if not started.down:
        assert started.kernel is not None
        m.data["kernel"] = {"file": started.kernel_file, "name": started.kernel.name,
                            "release": started.kernel.release, "cmdline": started.cmdline}
        if started.hypervisor is not None:
            m.data["hypervisor"] = _hypervisor_state(m, started)
        m.data["console"] = started.console
        m.data["logins"] = terminals.logins(m, started.console, started.hypervisor is not None)
        m.data["booting"] = True
        reason = rc.multiuser(m)
        m.data["booting"] = False
        if reason:
            m.data.update(kernel=None, hypervisor=None, down_reason=reason)
        else:
            # etc/rc.d/dmesg keeps what the kernel said.
            m.path("/var/run/dmesg.boot").write_text(about.message_buffer(m))
            cutoff.note(m)
    powercut.settle(m)
    mark(m)


def _hypervisor_state(m: Machine, started: Started) -> dict[str, object]:
    assert started.hypervisor is not None
    release = started.hypervisor.release
    return {"file": started.hypervisor_file, "release": release, "version": startup.hypervisor_version(m, release),
            "cmdline": started.hypervisor_cmdline, "name": started.hypervisor.name,
            "dom0_memory": int(dom0_memory(m, started.hypervisor_cmdline))}


def mark(m: Machine) -> None:
    """Tell enter.sh, which does not read state.json, from when on the host answers (milliseconds since 1970)."""
    path = m.host_dir / "unreachable"
    if m.data["kernel"] is None:
        path.write_text("down\n")
    elif m.data["up_at"] > m.now():
        path.write_text(f"{int(m.data['up_at'] * 1000)}\n")
    else:
        path.unlink(missing_ok=True)
