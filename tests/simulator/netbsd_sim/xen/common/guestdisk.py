# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What a running guest writes to its own root file system: that it is mounted, and of a NetBSD keys that sshd lacks,
and what somebody does who has logged in."""
from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from ...core.machine import Machine
from ...disk import extfiles, labels, volume
from ...disk.volume import File, Span
from . import guestsystem, linuxsystem
from .hotplug import local
from .hypervisor import Domain

Change = Callable[[Path], "int | None"]

# What rc.d/sshd's keygen makes, but for what OpenSSH no longer knows.
_KEYS = ("ecdsa", "ed25519", "rsa")


def is_linux(domain: Domain) -> bool:
    """Whether it came up from a Linux that could be looked into."""
    return bool(domain.get("system", {}).get("root") == linuxsystem.ROOT)


def root_span(m: Machine, domain: Domain) -> Span | None:
    """The guest's root file system; None for a guest that has none here."""
    root = domain.get("system", {}).get("root", "")
    if not root:
        return None
    if is_linux(domain):
        return linuxsystem.root_span(m, domain)
    if root.startswith("dk"):
        paths = [local(m, vbd["target"]) for vbd in domain["vbds"] if vbd["physical"] is None]
        disks = [Span(path, 0, path.stat().st_size // labels.SECTOR * labels.SECTOR) for path in paths if path.exists()]
        return guestsystem.root_wedge(disks, root)
    vbd = domain["vbds"][int(root[3:-1])]
    path = local(m, vbd["target"])
    if vbd["physical"] is not None or not path.exists():
        return None
    return guestsystem.partition(Span(path, 0, path.stat().st_size // labels.SECTOR * labels.SECTOR), root[-1])


def files(m: Machine, domain: Domain) -> dict[str, File]:
    """What is on it now."""
    span = root_span(m, domain)
    read = extfiles.files if is_linux(domain) else volume.files
    return (read(span) if span else None) or {}


def came_up(m: Machine, domain: Domain) -> None:
    """Its kernel has mounted the root file system for writing, and rc has run."""
    span = root_span(m, domain)
    if span is None:
        return
    if is_linux(domain):
        extfiles.mounted(span)
        return
    volume.mark(span, "/", False, int(m.now()))
    if domain["system"]["sshd"] and not guestsystem.host_keys(files(m, domain)):
        change(m, domain, lambda tree: _make_keys(tree, domain["system"]["host_name"]))


def went_down(m: Machine, domain: Domain) -> None:
    """It has halted. Without powerd nobody unmounts anything (facts measured 19)."""
    span = root_span(m, domain)
    if span is not None and not is_linux(domain) and domain["system"]["powerd"]:
        volume.mark(span, "/", True, int(m.now()))


def _make_keys(tree: Path, name: str) -> None:
    program = "/.sim/bin/ssh-keygen" if os.path.exists("/.sim/bin/ssh-keygen") else "ssh-keygen"
    for kind in _KEYS:
        path = tree / f"etc/ssh/ssh_host_{kind}_key"
        path.unlink(missing_ok=True)
        subprocess.run([program, "-q", "-t", kind, "-N", "", "-C", f"root@{name}", "-f", str(path)], check=True,
                       timeout=60, stdin=subprocess.DEVNULL)


def change(m: Machine, domain: Domain, work: Change) -> int:
    """Do something to the tree, and put it back on the disk. Returns what the work does."""
    span = root_span(m, domain)
    place = m.host_dir / "guests" / str(domain["domid"])
    volume.remove(place)
    place.mkdir(parents=True)
    try:
        if span is None or not volume.unpack(span, place / "root"):
            return 255
        result = work(place / "root")
        volume.pack(span, place / "root")
        return int(result or 0)
    finally:
        volume.remove(place)
