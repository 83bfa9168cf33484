# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A simulated host in a temporary directory, and its commands without a sandbox."""
from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netbsd_sim.boot import bootloader, power
from netbsd_sim.core import dispatch, images
from netbsd_sim.core.machine import Machine, NotSimulated, SimError
from netbsd_sim.net import network
from netbsd_sim.pkg import packages
from netbsd_sim.rack import hosttree
from netbsd_sim.system import devices

__all__ = ["ALL", "Host", "Machine", "NotSimulated", "Result", "SimError", "bootloader", "devices", "hosttree",
           "images", "make_host", "network", "power"]

# Where NetBSD has its packages.
ALL = "https://cdn.NetBSD.org/pub/pkgsrc/packages/NetBSD/amd64/10.1/All"

_PATHS = {path.rpartition("/")[2]: path for path in {**dispatch.COMMANDS, **dispatch.PACKAGE_COMMANDS}}


@dataclass
class Result:
    """What a command left: exit status and text."""

    rc: int
    out: str
    err: str


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="surrogateescape", write_through=True)


class Host:
    """A host whose commands run in this process."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.root = directory / "root"

    def run(self, *argv: str) -> Result:
        """Run a command by its bare name, as one call of the machine."""
        # With a buffer below them: ftp(1) writes bytes.
        out, err = _stream(), _stream()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), Machine(self.directory) as m:
            rc = dispatch.run(m, [_PATHS.get(argv[0], argv[0]), *argv[1:]])
        said = [stream.buffer.getvalue().decode("utf-8", "surrogateescape") for stream in (out, err)]
        return Result(rc, *said)

    def rc_script(self, name: str, action: str) -> Result:
        """Run /etc/rc.d/NAME ACTION."""
        return self.run("/.sim/bin/rcscript", f"/etc/rc.d/{name}", action)

    @property
    def data(self) -> dict:
        """The state as it is on the disk now."""
        with Machine(self.directory) as m:
            return dict(m.data)

    def write(self, path: str, text: str) -> None:
        """Write a file of the machine."""
        (self.root / path.lstrip("/")).write_text(text)

    def append(self, path: str, text: str) -> None:
        """Add to a file of the machine."""
        with open(self.root / path.lstrip("/"), "a") as stream:
            stream.write(text)

    def install(self, *names: str, rc_scripts: bool = False) -> str:
        """Install packages. Returns what pkg_add prints."""
        said: list[str] = []
        with Machine(self.directory) as m:
            packages.install(m, list(names), rc_scripts, said)
        return "\n".join(said)

    def would_boot(self) -> dict:
        """What the next boot would start."""
        with Machine(self.directory) as m:
            return bootloader.would_boot(m)

    def reboot(self) -> dict:
        """Boot again. Returns the state."""
        with Machine(self.directory) as m:
            bootloader.boot(m, seconds=0)
        return self.data


def make_host(directory: Path, preset: str = "dom0", name: str = "nb0", **options: Any) -> Host:
    """A host that is up. The options are those of hosttree.create: profile, loader..."""
    hosttree.create(directory, name, preset, **options)
    return Host(directory)
