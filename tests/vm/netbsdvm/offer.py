# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Packages and sets that lie here, offered to the machine as a mirror does: over HTTP, on 127.0.0.1, which QEMU's user
network shows to the machine as 10.0.2.2."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from netbsdvm import qemu
from netbsdvm.wishes import VmError, binary

GATEWAY = "10.0.2.2"
START_SECONDS = 60.0
PACKAGES, MIRROR = "packages/All", "pub/NetBSD"


@dataclass(frozen=True)
class Offer:
    """URLs as the machine sees them; None for what is not offered, which it then gets from where it always does."""

    packages: str | None
    mirror: str | None


def arranged(directory: Path, packages: Path | None, sets: Path | None, release: str, machine: str) -> Path | None:
    """A tree of links in the shape of a mirror, or None if there is nothing to offer."""
    if packages is None and sets is None:
        return None
    if packages is not None:
        inside = packages / "All"
        _link(directory / PACKAGES, inside if inside.is_dir() else packages)
    if sets is not None:
        _link(directory / MIRROR / f"NetBSD-{release}" / machine / "binary", binary(sets))
    return directory


def _link(path: Path, target: Path | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target or path)


def serve(directory: Path, pid: Path) -> int:
    """Start a server that outlives us; its port. Raises VmError if it does not start."""
    port = qemu.free_port()
    argv = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(directory), str(port)]
    with open(pid.with_suffix(".log"), "wb") as log:
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    pid.write_text(f"{child.pid}\n", encoding="ascii")
    deadline = time.monotonic() + START_SECONDS
    while not _listens(port):
        if child.poll() is not None or time.monotonic() > deadline:
            raise VmError(f"the server of packages and sets does not start; see {pid.with_suffix('.log')}")
        time.sleep(0.1)
    return port


def _listens(port: int) -> bool:
    with socket.socket() as talk:
        return talk.connect_ex(("127.0.0.1", port)) == 0


def stop(pid: Path) -> None:
    """End the server, if it is still ours."""
    try:
        number = int(pid.read_text(encoding="ascii"))
        arguments = Path(f"/proc/{number}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except (OSError, ValueError):
        return
    if "http.server" in arguments:
        os.kill(number, signal.SIGKILL)
    pid.unlink()


def offered(port: int | None, packages: Path | None, sets: Path | None) -> Offer:
    where = f"http://{GATEWAY}:{port}"
    return Offer(f"{where}/{PACKAGES}" if packages else None, f"{where}/{MIRROR}" if sets else None)
