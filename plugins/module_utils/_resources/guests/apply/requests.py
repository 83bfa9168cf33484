# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What is asked of a running guest and is no state. Each act proves itself, because reading the machine again could not
tell whether it was carried out."""

from __future__ import annotations

import posixpath
from abc import ABC, abstractmethod
from dataclasses import dataclass

from .... import _progress
from ...._change import CommandFailed, XenError
from ...._formats.xl.xl_output import Row
from ...._toolstack import waiting
from ...._toolstack.interface import Toolstack
from ...._toolstack.lock import exclusive


@dataclass(frozen=True)
class Ask(ABC):
    """What all take: the domain, and the seconds that the guest has for it."""

    domid: int
    seconds: int

    def carry_out(self, tool: Toolstack, name: str) -> None:
        row = waiting.find(tool, self.domid)
        if row is None or row.dying:
            raise XenError(f"{name} has ended meanwhile; nothing was asked of it.")
        with exclusive():
            self.ask(tool, row)

    @abstractmethod
    def ask(self, tool: Toolstack, row: Row) -> None:
        """Ask the guest, and see that it has done it. Raises XenError."""


@dataclass(frozen=True)
class Reboot(Ask):
    def ask(self, tool: Toolstack, row: Row) -> None:
        """It is asked once, and one that is still booting finds the request when it is up: libxl leaves it standing."""
        if row.paused:
            tool.unpause(row)
        tool.reboot(row, self.seconds)


@dataclass(frozen=True)
class DumpCore(Ask):
    """Write its memory to a file."""

    path: str

    def ask(self, tool: Toolstack, row: Row) -> None:
        host, path, folder = tool.host, self.path, posixpath.dirname(self.path)
        if host.exists(path):
            raise XenError(f"{path} is there already; move it away, so that no earlier dump is lost.")
        host.make_dir(folder, 0o700)
        free = host.free_bytes(folder) >> 20
        if free < row.memory:
            raise XenError(f"{path} would take {row.memory} MiB, and {free} MiB are free there.")
        try:
            with _progress.growing(row.name, f"is dumped to {path}", path, row.memory << 20):
                tool.dump_core(row.domid, path, self.seconds)
        except CommandFailed:
            host.remove(path)
            raise
        written = host.stat(path)
        if written is None or written.size < row.memory << 19:
            size = written.size if written else 0
            raise XenError(f"{path} has {size} bytes, which can't be the {row.memory} MiB of {row.name}.")
        left = waiting.find(tool, row.domid)
        if left is None or left.down:
            base = posixpath.basename(path)
            raise XenError(f"{base} was written, but {row.name} does not run on.", **tool.logs(row.name))


@dataclass(frozen=True)
class Migrate(Ask):
    """Move it to another machine, by way of a command that is like ssh."""

    target: str
    ssh_command: str

    def ask(self, tool: Toolstack, row: Row) -> None:
        def move(seconds: float) -> None:
            tool.migrate(row.domid, self.target, self.ssh_command, seconds)

        try:
            waiting.suspend(tool, row, self.seconds, move, "timeout")
        except CommandFailed as error:
            left = waiting.find(tool, row.domid)
            where = f"it is {_condition(left)}" if left else "it is not here any more; look for it on the target"
            raise XenError(
                f"{row.name} could not be moved to {self.target}: {error}. Now {where}.", **error.details
            ) from error
        if not waiting.gone(tool, row.domid):
            raise XenError(f"{row.name} was moved to {self.target}, and domain {row.domid} is still here.")


def _condition(row: Row) -> str:
    if row.down:
        return "down here"
    return "paused here" if row.paused else "running here"
