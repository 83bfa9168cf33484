# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""QEMU as a process: how it is called, and what its screens show."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from netbsdvm.wishes import VmError

QEMU = "qemu-system-x86_64"
PACKAGES = {QEMU: "qemu-system-x86", "qemu-img": "qemu-utils", "ssh": "openssh-client", "ssh-keygen": "openssh-client"}
"""The programs that all this takes, and Debian's packages that bring them."""
LIFETIME_SECONDS = 8 * 3600
"""A machine that everybody forgot ends by itself."""

# Xen boots on these; on QEMU's "max" a dom0 crashes. One thread: with one a CPU, one that waits keeps a core busy.
SOFTWARE = ("-accel", "tcg,thread=single,tb-size=512", "-cpu", "qemu64,-svm")
HARDWARE = ("-accel", "kvm", "-cpu", "host,-vmx,-svm")

# The text screen of a VGA adapter: 25 lines of 80 cells, each a character and its colours.
VGA_TEXT, COLUMNS, LINES = 0xB8000, 80, 25
QEMU_LINES = 10
_CONTROL = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|.)|[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Hardware:
    """What the machine is built of: keys of ``wishes.DISKS`` and ``wishes.CARDS``, MiB, and one of the accelerators."""

    disk: str
    card: str
    memory: int
    accelerator: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """The files of one machine."""

    directory: Path

    @property
    def overlay(self) -> Path:
        return self.directory / "disk.qcow2"

    @property
    def serial(self) -> Path:
        return self.directory / "serial.log"

    @property
    def pid(self) -> Path:
        return self.directory / "pid"

    @property
    def monitor(self) -> Path:
        return self.directory / "monitor"

    @property
    def log(self) -> Path:
        return self.directory / "qemu.log"


def check_programs() -> None:
    """Raises VmError if a program is missing."""
    missing = [program for program in PACKAGES if shutil.which(program) is None]
    if missing:
        packages = " ".join(sorted({PACKAGES[program] for program in missing}))
        raise VmError(f"there is no {', no '.join(missing)} on the path; Debian has them in: {packages}")


def command(place: Place, hardware: Hardware, port: int) -> list[str]:
    """The command; ``port`` of 127.0.0.1 leads to the machine's ssh."""
    return [
        *(QEMU, "-name", "netbsd-vm", "-machine", "pc", *hardware.accelerator),
        *("-smp", "1", "-m", str(hardware.memory), "-rtc", "base=utc", "-display", "none", "-no-fd-bootchk"),
        *_disk(place, hardware.disk),
        *("-netdev", f"user,id=net,ipv6=off,hostfwd=tcp:127.0.0.1:{port}-:22"),
        *("-device", f"{hardware.card},netdev=net"),
        # Where the machine has no entropy of its own, its ssh keys wait for some.
        *("-device", "virtio-rng-pci"),
        *("-serial", f"file:{place.serial}", "-monitor", f"unix:{place.monitor},server=on,wait=off"),
    ]


def _disk(place: Place, kind: str) -> list[str]:
    # What the machine has not flushed is lost when QEMU is killed, as by a power cut.
    drive = f"file={place.overlay},format=qcow2,cache=writeback"
    if kind == "scsi":
        devices = ["-device", "lsi53c895a", "-device", "scsi-hd,drive=disk"]
        return ["-drive", f"if=none,id=disk,{drive}", *devices]
    return ["-drive", f"if={kind},index=0,{drive}"]


def start(place: Place, hardware: Hardware, port: int) -> None:
    """Start a machine that outlives us."""
    place.serial.write_bytes(b"")
    place.monitor.unlink(missing_ok=True)
    with open(place.log, "wb") as log:
        child = subprocess.Popen(
            ["timeout", "--kill-after=10", str(LIFETIME_SECONDS), *command(place, hardware, port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    place.pid.write_text(f"{child.pid}\n", encoding="ascii")


def running(place: Place) -> int | None:
    """The process that start() left, or None if it has ended; a pid may belong to somebody else by now."""
    try:
        number = int(place.pid.read_text(encoding="ascii"))
        arguments = Path(f"/proc/{number}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except (OSError, ValueError):
        return None
    return number if f"file:{place.serial}" in arguments else None


def cut(place: Place) -> None:
    """End the machine as a power cut does: nothing is written any more."""
    number = running(place)
    if number is None:
        return
    deadline = time.monotonic() + 10
    with contextlib.suppress(ProcessLookupError):
        os.killpg(number, signal.SIGKILL)
    while running(place) is not None:
        if time.monotonic() > deadline:
            raise VmError(f"QEMU, process group {number}, does not end")
        with contextlib.suppress(ChildProcessError):
            os.waitpid(number, os.WNOHANG)
        time.sleep(0.1)


# -- screens -----------------------------------------------------------------------------------------------------------


def screens(place: Place) -> str:
    """What the machine's consoles show: the end of what went through its serial port, and its VGA text."""
    serial = _CONTROL.sub("", place.serial.read_text(errors="replace")) if place.serial.exists() else ""
    lines = [line.rstrip() for line in serial.splitlines() if line.strip()][-LINES:]
    shown = {"serial port": lines, "screen": _vga(place)}
    if place.log.exists() and place.log.read_text(errors="replace").strip():
        # What went wrong stands first; an accelerator that gives up adds what was in the registers.
        shown["QEMU"] = place.log.read_text(errors="replace").splitlines()[:QEMU_LINES]
    return "\n".join(f"--- {name}\n" + "\n".join(text) for name, text in shown.items() if text) or "--- nothing"


def _vga(place: Place) -> list[str]:
    """The VGA text; nothing while the adapter is in another mode, or QEMU gone."""
    memory = place.directory / "vga"
    memory.unlink(missing_ok=True)
    if not monitored(place, f"pmemsave {VGA_TEXT:#x} {2 * COLUMNS * LINES} {memory}"):
        return []
    try:
        cells = memory.read_bytes()[::2].decode("cp437")
    except OSError:
        return []
    lines = [cells[start : start + COLUMNS].replace("\0", " ").rstrip() for start in range(0, len(cells), COLUMNS)]
    return [line for line in lines if line]


def monitored(place: Place, words: str) -> bool:
    """Have QEMU's monitor do something. False if nobody listens."""
    try:
        with socket.socket(socket.AF_UNIX) as talk:
            talk.settimeout(10)
            talk.connect(str(place.monitor))
            _until_prompt(talk)
            talk.sendall(words.encode() + b"\n")
            _until_prompt(talk)
    except OSError:
        return False
    return True


def _until_prompt(talk: socket.socket) -> None:
    found = b""
    while not found.endswith(b"(qemu) "):
        chunk = talk.recv(4096)
        if not chunk:
            raise OSError("the monitor has gone")
        found += chunk


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
