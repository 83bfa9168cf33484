# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The running machine: QEMU as a process, from start to end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from xenlab import remote
from xenlab.image import QUICK_BOOT
from xenlab.layout import Lab, LabError, end_group, say, tail

BOOT_SECONDS = 900
"""An idle machine with two cores takes 40 s; a busy one many times that."""
LIFETIME_SECONDS = 6 * 3600
"""A machine that everybody forgot ends by itself."""

_MEMORY_MIB = 2048
_DOM0_MIB = 768

# One thread for both CPUs: with one each, a CPU that waits for the other keeps a core busy which that one may need. Two
# machines on two cores then take three times as long.
_ACCELERATOR = "tcg,thread=single,tb-size=512"
# qemu64 with npt and nrip-save emulates SVM with nested paging, so that PVH guests run; dom0 crashes on "max".
_CPU = "qemu64,+npt,+nrip-save"
_XEN = (
    f"dom0_mem={_DOM0_MIB}M,max:{_DOM0_MIB}M dom0_max_vcpus=1 com1=115200,8n1 console=com1 "
    "loglvl=info guest_loglvl=info spec-ctrl=no xpti=no edd=off edid=no"
)
_LINUX = f"{QUICK_BOOT} net.ifnames=0 systemd.show_status=0"
# QEMU loads Xen as a multiboot kernel; the modules are dom0's kernel with its arguments, where each comma is written
# twice, and its initramfs.
_DOM0 = f"vmlinux console=hvc0 {_LINUX}".replace(",", ",,")
_BOOT_XEN = ("-kernel", "xen", "-append", _XEN, "-initrd", f"{_DOM0},initrd.img")
_BOOT_LINUX = ("-kernel", "vmlinux", "-append", f"console=ttyS0 {_LINUX}", "-initrd", "initrd.img")


def pid(lab: Lab) -> int | None:
    """The process that boot() started, or None if it has ended (a pid may belong to somebody else by now)."""
    try:
        number = int((lab.run / "pid").read_text(encoding="ascii"))
        command = Path(f"/proc/{number}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except (OSError, ValueError):
        return None
    return number if f"file:{lab.serial_log}" in command else None


def boot(lab: Lab, port: int | None = None, with_xen: bool = True) -> None:
    """Starts the machine and returns when xl answers in dom0; without Xen, when ssh does in plain Linux.

    `port` is that of ssh on 127.0.0.1, by default any that is free.
    If that fails, the machine is ended again; LabError then holds the end of the serial log.
    """
    started = time.monotonic()
    port = port or _free_port()
    remote.write_access(lab, port)
    child = _start(lab, port, with_xen)
    (lab.run / "pid").write_text(f"{child.pid}\n", encoding="ascii")
    ready = False
    try:
        _await(lab, child, started, ("xl", "list") if with_xen else ("true",))
        ready = True
    finally:
        if not ready:
            end_group(child)
            _forget(lab)
    what = f"Xen {lab.release}" if with_xen else "Linux without Xen"
    say(f"{what} answers after {time.monotonic() - started:.0f} s on port {port}")


def stop(lab: Lab) -> None:
    """Ends the machine that boot() started, if it still runs; its disk is as it was before."""
    number = pid(lab)
    if number is not None:
        remote.close_shared_connection(lab)
        _end(number)
    _forget(lab)


def _forget(lab: Lab) -> None:
    (lab.run / "pid").unlink(missing_ok=True)
    remote.remove_access(lab)


def _start(lab: Lab, port: int, with_xen: bool) -> subprocess.Popen:
    lab.serial_log.write_bytes(b"")
    with open(lab.run / "qemu.log", "wb") as log:
        return subprocess.Popen(
            ["timeout", "--kill-after=10", str(LIFETIME_SECONDS), *_qemu(lab, port, with_xen)],
            cwd=lab.image,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _qemu(lab: Lab, port: int, with_xen: bool) -> list[str]:
    """The command, to be run in the image directory: QEMU would take blanks and commas in a longer path for its own."""
    return [
        *("qemu-system-x86_64", "-accel", _ACCELERATOR, "-machine", "pc,hpet=off", "-cpu", _CPU),
        *("-smp", "2", "-m", str(_MEMORY_MIB)),
        *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
        *("-serial", f"file:{lab.serial_log}"),
        *(_BOOT_XEN if with_xen else _BOOT_LINUX),
        *("-drive", "if=none,id=disk,file=dom0.img,format=raw,cache=unsafe,snapshot=on"),
        *("-device", "virtio-blk-pci,drive=disk"),
        *("-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:22"),
        *("-device", "virtio-net-pci,netdev=net,romfile="),
    ]


def _await(lab: Lab, child: subprocess.Popen, started: float, probe: Sequence[str]) -> None:
    """Until `probe` succeeds in the machine. The longer that takes, the longer its sshd may take to greet."""
    while not remote.answers(lab, probe, patience=max(5, (time.monotonic() - started) / 8)):
        if child.poll() is not None:
            raise LabError(f"QEMU ended with status {child.returncode}\n{_logs(lab)}")
        if time.monotonic() > started + BOOT_SECONDS:
            raise LabError(f"the machine did not answer within {BOOT_SECONDS} s\n{_logs(lab)}")
        time.sleep(1)


def _logs(lab: Lab) -> str:
    return "\n".join(f"--- {path}\n{tail(path, 40)}" for path in (lab.run / "qemu.log", lab.serial_log))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _end(leader: int) -> None:
    """Ends a process group that is no child of ours."""
    for number, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 5)):
        deadline = time.monotonic() + patience
        try:
            os.killpg(leader, number)
            while time.monotonic() < deadline:
                os.killpg(leader, 0)
                time.sleep(0.1)
        except ProcessLookupError:
            return
    raise LabError(f"the process group {leader} does not end")
