# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Where a loader has its own console: what is declared of it, and the commands of both GRUBs for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .loaders import CONSOLES

ARGUMENTS: dict[str, Any] = {
    "console": {"type": "str", "choices": list(CONSOLES)},
    "baud": {"type": "int", "default": 115200},
}
# How long GRUB legacy asks which of two terminals is wanted, in seconds (NetBSD/Xen HOWTO, revision 1.7).
TERMINAL_SECONDS = 10


@dataclass(frozen=True)
class Console:
    """A loader's console: ``device`` is ``pc``, screen and keyboard, or a serial port as NetBSD counts them, from
    ``com0`` on; empty leaves it alone. ``baud`` is the speed of any serial console in bits a second."""

    device: str
    baud: int

    @property
    def unit(self) -> int | None:
        """The number of the serial port, which both GRUBs count as NetBSD does; None for any other console."""
        return int(self.device[len("com") :]) if self.device.startswith("com") else None


LEFT_ALONE = Console("", ARGUMENTS["baud"]["default"])


def declare(params: dict[str, Any]) -> Console:
    """What is declared of a loader's console."""
    return Console(params.get("console") or "", params.get("baud") or LEFT_ALONE.baud)


def serial_command(console: Console) -> str:
    """The same for both GRUBs; a terminal is none before it (GRUB 0.97 stage2/builtins.c, serial_func; GRUB 2
    grub-core/term/serial.c)."""
    return f"serial --unit={console.unit} --speed={console.baud} --word=8 --parity=no --stop=1"


def terminal_command(seconds: int) -> str:
    """GRUB legacy's: whoever presses a key first has the menu, after ``seconds`` the serial port. Without a limit it
    would wait for ever (stage2/builtins.c, terminal_func)."""
    return f"terminal --timeout={seconds} serial console"


def grub2_commands(console: Console) -> list[str]:
    """GRUB 2 shows its menu on both at once. On the screen it is by itself."""
    if console.unit is None:
        return []
    return [serial_command(console), "terminal_input serial console", "terminal_output serial console"]
