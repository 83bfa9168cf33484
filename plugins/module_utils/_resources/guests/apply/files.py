# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What is done to a guest's files: its disks, its configuration, its saved memory."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field

from ...._change import XenError
from ...._toolstack.interface import Toolstack
from ...._toolstack.lock import exclusive
from ..declare import config
from ..read.current import StartedWith
from ..read.started_with import read_started_with, remember
from . import vnd


@dataclass(frozen=True)
class MakeDisk:
    """Make a file of ``size`` bytes."""

    path: str
    size: int

    def carry_out(self, tool: Toolstack, name: str) -> None:
        with exclusive():
            found = tool.host.stat(self.path)
            if found is not None and (found.kind, found.size) == ("file", self.size):
                return  # another run was faster
            tool.host.make_dir(posixpath.dirname(self.path))
            tool.host.create_sparse(self.path, self.size)


@dataclass(frozen=True)
class WriteConfig:
    """Write a configuration. ``keep``: the file that is there is kept beside it; ``started_with``: what the guest that
    runs, or is saved, was started with, to be remembered."""

    path: str
    text: str = field(repr=False)  # it may hold a password
    mode: int
    started_with: StartedWith | None
    keep: bool

    def carry_out(self, tool: Toolstack, name: str) -> None:
        with exclusive():  # two runs would take each other's temporary file away
            self._replace(tool, name)

    def _replace(self, tool: Toolstack, name: str) -> None:
        host = tool.host
        folder, base = posixpath.split(self.path)
        host.make_dir(folder)
        if self.keep and not host.exists(config.kept_path(self.path)):
            host.copy_file(self.path, config.kept_path(self.path), config.SECRET_MODE)
        if self.started_with is not None and name not in read_started_with(tool):
            remember(tool, name, self.started_with.settings)
        # By way of a second file, because a replaced file would keep the old one's permissions, and this one has a
        # password.
        temporary = f"{folder}/.{base}.new"
        host.remove(temporary)
        host.write_text(temporary, self.text, self.mode)
        host.rename(temporary, self.path)


@dataclass(frozen=True)
class RemoveConfig:
    path: str

    def carry_out(self, tool: Toolstack, name: str) -> None:
        tool.host.remove(self.path)


@dataclass(frozen=True)
class RemoveDisk:
    path: str

    def carry_out(self, tool: Toolstack, name: str) -> None:
        # Looked at again: what was a file when this was planned may be something else by now.
        found = tool.host.stat(self.path, follow=False)
        if found is not None and found.kind != "file":
            raise XenError(f"The disk {self.path} is a {found.kind} now; only regular files are removed.")
        vnd.check_free(tool.host, self.path)
        tool.host.remove(self.path)


@dataclass(frozen=True)
class SetAside:
    """Put a saved memory where nothing restores it."""

    path: str

    def carry_out(self, tool: Toolstack, name: str) -> None:
        with exclusive():
            if tool.host.exists(self.path):
                tool.host.rename(self.path, self.path + ".old")


@dataclass(frozen=True)
class Forget:
    """Have xend forget its own copy of the guest."""

    def carry_out(self, tool: Toolstack, name: str) -> None:
        tool.delete(name)
