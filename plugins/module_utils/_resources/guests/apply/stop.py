# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""How a guest is stopped: asked to shut down, destroyed, or saved."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from .... import _progress
from ...._change import CommandFailed, XenError
from ...._formats.xl.xl_output import Row
from ...._toolstack import waiting
from ...._toolstack.interface import Toolstack
from ...._toolstack.lock import exclusive
from . import vnd

# To write a guest's memory to the disk, beside the time that it has to react: a slow disk writes 20 MiB a second.
SAVE_MEBIBYTES_A_SECOND = 20


def row_of(tool: Toolstack, domid: int) -> Row | None:
    """The domain of an id, or None if it is gone or just going."""
    found = waiting.find(tool, domid)
    return None if found is None or found.dying else found


@dataclass(frozen=True)
class Shutdown:
    """Ask the guest once and wait until it is gone, for so many seconds; then, with ``hard``, stop it at once.
    ``disks`` are those that dom0 gets back.

    A guest that is still booting does not answer, and finds the request when it is up: libxl leaves it standing when it
    gives up (tools/libs/light/libxl_domain.c, pvcontrol_cb). To ask again would press the power button of a guest that
    is just shutting down slowly, for NetBSD acknowledges neither.
    """

    domid: int
    seconds: float
    hard: bool
    disks: list[str]

    def carry_out(self, tool: Toolstack, name: str) -> None:
        row = row_of(tool, self.domid)
        if row is None:
            return
        if tool.shutdown(row, self.seconds):
            _check_gone(tool, name)
        elif not self.hard:
            raise XenError(
                f"{name} did not shut down within {self.seconds:g} seconds and still runs. Is powerd running in it (or "
                "what shuts it down), and has it booted? Set destroy_after to a number of seconds if it may be stopped "
                "hard after that time.",
                **tool.logs(name),
            )
        else:
            tool.destroy(row.domid)
        vnd.take_back(tool, self.disks)


def _check_gone(tool: Toolstack, name: str) -> None:
    left = waiting.settled(tool, name)
    if left:
        raise XenError(
            f"{name} shut down and is running again as domain {left[0].domid}; its on_poweroff is probably restart."
        )


@dataclass(frozen=True)
class Destroy:
    """Stop the guest at once. ``disks`` are those that dom0 gets back."""

    domid: int
    disks: list[str]

    def carry_out(self, tool: Toolstack, name: str) -> None:
        if row_of(tool, self.domid) is not None:
            tool.destroy(self.domid)
            vnd.take_back(tool, self.disks)


@dataclass(frozen=True)
class Save:
    """Write the guest's memory to a file and end its domain, which has so many seconds to react. ``disks`` are those
    that dom0 gets back."""

    domid: int
    path: str
    seconds: float
    disks: list[str]

    def carry_out(self, tool: Toolstack, name: str) -> None:
        with exclusive():
            row = row_of(tool, self.domid)
            if row is None and tool.host.exists(self.path):
                return  # another run was faster
            if row is None:
                raise XenError(f"{name} has ended by itself; there is no memory left to save.")
            self._save(tool, row)
        vnd.take_back(tool, self.disks)

    def _save(self, tool: Toolstack, row: Row) -> None:
        """Save to a file beside the wanted one, so that half of a guest's memory is never taken for all of it."""
        host, partial = tool.host, self.path + ".partial"
        host.make_dir(posixpath.dirname(partial), 0o700)
        free = host.free_bytes(posixpath.dirname(partial)) >> 20
        if free < row.memory:
            raise XenError(f"{partial} would take {row.memory} MiB, and {free} MiB are free there; {row.name} runs on.")
        if row.paused:
            tool.unpause(row)  # a paused guest can't answer the request
        writing = row.memory / SAVE_MEBIBYTES_A_SECOND

        def ask(seconds: float) -> None:
            host.remove(partial)
            with _progress.growing(row.name, f"is saved to {self.path}", partial, row.memory << 20):
                tool.save(row, partial, seconds + writing)

        try:
            waiting.suspend(tool, row, self.seconds, ask, "shutdown_timeout")
        except CommandFailed:
            if row_of(tool, row.domid) is not None:
                host.remove(partial)
            raise
        written = host.stat(partial)
        if written is None or not written.size or not waiting.gone(tool, row.domid):
            raise XenError(f"{row.name} was to be saved, but {partial} and the list of domains do not show it.")
        host.rename(partial, self.path)
