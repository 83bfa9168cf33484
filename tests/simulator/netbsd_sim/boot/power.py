# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""shutdown, reboot, halt, poweroff: how the machine goes down, and whether it comes up again."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ..core import forms, hangup, xenhooks
from ..core.machine import Machine, NotSimulated, SimError
from ..system import mounts, services
from . import bootloader

BOOT_SECONDS = 2.0  # real time from the end of a reboot command to an answer


def shutdown(m: Machine, argv: list[str]) -> int:
    """shutdown [-rhp] now|+0 (record ansible-reboot-search-only-cmd: `0` is an illegal time)."""
    flags, _values, words = forms.read(argv)
    if not words:
        raise SimError(forms.SHUTDOWN_USAGE)
    when = words[0]
    if not re.fullmatch(r"now|\+\d+|\d{2}:\d{2}|\d{4}(\d{2}){0,4}", when):
        raise SimError(f"shutdown: illegal time format\n{forms.SHUTDOWN_USAGE}")
    if when not in ("now", "+0") or "k" in flags:
        raise NotSimulated(" ".join(argv))
    print(f"Shutdown NOW!\nshutdown: [pid {m.data.get('next_pid', 0)}]")
    # Its background process runs them; whoever called it has been answered.
    if not services.run_shutdown_scripts(m):
        return 0
    if "r" in flags:
        restart(m)
    elif flags & {"h", "p"}:
        go_down(m, "halted (shutdown -h)" if "h" in flags else "powered off (shutdown -p)")
    else:
        go_down(m, "single user (shutdown without -r, -h or -p)")
    return 0


def reboot(m: Machine, argv: list[str]) -> int:
    """reboot: at once, without the rc.d scripts, so guests are cut off."""
    restart(m)
    return 0


def halt(m: Machine, argv: list[str]) -> int:
    """halt [-p]: nobody presses the key that would boot it again."""
    go_down(m, "powered off" if "p" in forms.read(argv).letters else "halted")
    return 0


def poweroff(m: Machine, argv: list[str]) -> int:
    """poweroff."""
    go_down(m, "powered off")
    return 0


def restart(m: Machine) -> None:
    """All that runs ends, and the loader takes over."""
    xenhooks.at_shutdown(m)
    mounts.gone(m, clean=True)
    bootloader.boot(m, BOOT_SECONDS)


def go_down(m: Machine, reason: str) -> None:
    """All that runs ends, for good: only `simrack reboot` brings the machine back."""
    xenhooks.at_shutdown(m)
    mounts.gone(m, clean=True)
    m.data.update(kernel=None, hypervisor=None, daemons={}, down_reason=reason)
    bootloader.mark(m)


def reset(m: Machine) -> None:
    """The reset button. No file system is unmounted."""
    mounts.gone(m)
    restart(m)


def describe(m: Machine) -> str:
    """One line for people."""
    if m.data.get("kernel") is None:
        return f"down: {m.data.get('down_reason') or 'never booted'}"
    kernel, hypervisor = m.data["kernel"], m.data.get("hypervisor")
    text = f"NetBSD {kernel['release']} ({kernel['name']})"
    if hypervisor:
        text += f" on Xen {hypervisor['release']}"
    state = "up" if m.is_up() else "boots"
    hazards = "".join(f"; hazard: {line}" for line in m.data.get("boot_log", []))
    panics = "".join(f"; after a panic: {line}" for line in m.data.get("panics", []))
    return f"{state}: {text}{panics}{hazards}"


def hang_up(host_dir: Path) -> None:
    """From outside the sandbox: end the host's processes and connections."""
    hangup.hang_up(os.path.realpath(host_dir))
