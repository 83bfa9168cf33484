# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What accelerates a machine here, which only a trial can tell.

That /dev/kvm can be opened proves nothing: in some virtual machines QEMU then aborts, or its CPU never runs. Nor does
it that the firmware speaks: there is a KVM that interprets every instruction. Firmware and NetBSD's loader come up
under it, and a kernel's first exception ends in "KVM internal error". So the trial is a program that takes one.
"""

from __future__ import annotations

import os
import struct
import subprocess
import time
from pathlib import Path

from netbsdvm.qemu import HARDWARE, QEMU, SOFTWARE
from netbsdvm.wishes import VmError

TRIAL_SECONDS = 20.0
DEBUG_PORT = 0x402
TEXT = b"netbsd-vm: an exception was taken\n"

# Where QEMU loads the program, and the top of its stack; both above the first megabyte, below any machine's memory.
LOADED, STACK = 0x100000, 0x200000


def program() -> bytes:
    """A kernel of the Multiboot specification (0.6.96, section 3.1), which QEMU starts in protected mode: it raises a
    breakpoint exception, and the handler of that writes TEXT to the debug port."""
    header, code_at = 32, LOADED + 32
    halt = b"\xf4\xeb\xfd"  # hlt; jmp back to it

    def code(table_at: int, text_at: int, selector_at: int) -> tuple[bytes, bytes]:
        start = (
            b"\xbc" + struct.pack("<I", STACK)  # mov esp, STACK
            + b"\x8c\x0d" + struct.pack("<I", selector_at)  # mov [selector], cs
            + b"\x0f\x01\x1d" + struct.pack("<I", table_at)  # lidt [table]
            + b"\xcc" + halt  # int3
        )  # fmt: skip
        handler = (
            b"\xbe" + struct.pack("<I", text_at)  # mov esi, text
            + b"\xb9" + struct.pack("<I", len(TEXT))  # mov ecx, length
            + b"\x66\xba" + struct.pack("<H", DEBUG_PORT)  # mov dx, port
            + b"\xf3\x6e" + halt  # rep outsb
        )  # fmt: skip
        return start, handler

    start, handler = code(0, 0, 0)
    handler_at = code_at + len(start)
    table_at = handler_at + len(handler)
    gates_at = table_at + 6
    # Vector 3 is the breakpoint's; its selector is the code's own, which the program fills in.
    gates = bytes(3 * 8) + struct.pack("<HHBBH", handler_at & 0xFFFF, 0, 0, 0x8E, handler_at >> 16)
    text_at = gates_at + len(gates)
    start, handler = code(table_at, text_at, gates_at + 3 * 8 + 2)
    end = text_at + len(TEXT)
    magic, flags = 0x1BADB002, 0x10000
    told = struct.pack("<8I", magic, flags, -(magic + flags) & 0xFFFFFFFF, LOADED, LOADED, end, end, code_at)
    assert len(told) == header
    return told + start + handler + struct.pack("<HI", len(gates) - 1, gates_at) + gates + TEXT


def accelerators(directory: Path) -> list[tuple[str, ...]]:
    """What a trial proves to work here, the fastest first. Raises VmError if not even QEMU's own emulation does.

    Emulation stays the last resort: a CPU that works may still be too new for a kernel."""
    wanted = [HARDWARE, SOFTWARE] if os.access("/dev/kvm", os.R_OK | os.W_OK) else [SOFTWARE]
    found = [each for each in wanted if works(each, directory)]
    if not found:
        raise VmError(f"{QEMU} runs no program here; what it said is in {directory / 'trial.err'}")
    return found


def works(arguments: tuple[str, ...], directory: Path, qemu: str = QEMU) -> bool:
    """Whether a machine without a disk gets to the trial program's words."""
    said, kernel = directory / "trial.log", directory / "trial.bin"
    said.write_bytes(b"")
    kernel.write_bytes(program())
    with open(directory / "trial.err", "wb") as errors:
        child = subprocess.Popen(
            [
                *(qemu, "-machine", "pc", *arguments, "-nodefaults", "-display", "none", "-m", "64"),
                *("-kernel", str(kernel), "-chardev", f"file,id=said,path={said}"),
                *("-device", f"isa-debugcon,iobase={DEBUG_PORT:#x},chardev=said"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
        )
    deadline = time.monotonic() + TRIAL_SECONDS
    try:
        while child.poll() is None and time.monotonic() < deadline:
            if TEXT in said.read_bytes():
                return True
            time.sleep(0.1)
        return False
    finally:
        child.kill()
        child.wait(10)
