# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""How a guest is started: from its configuration, or from its saved memory."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass

from .... import _progress
from ...._change import CommandFailed, XenError
from ...._formats.xl.xl_output import Row
from ...._toolstack import waiting
from ...._toolstack.interface import Toolstack
from ...._toolstack.lock import exclusive
from ..declare.guest import Guest
from ..read import backends, compare
from ..read.started_with import STARTED_DIR, remember, remembered_of
from . import health, vnd
from .stop import Shutdown


@dataclass(frozen=True)
class Start(ABC):
    """What all starts take: the guest as it must be afterwards, and how long to wait before, in seconds."""

    guest: Guest
    delay: int

    def carry_out(self, tool: Toolstack, name: str) -> None:
        console_at = health.console_size(tool.host, name)
        row = self._start_once(tool, name)
        self.started(tool, name, row)
        if row is not None:
            health.wait(tool, row, self.guest.health, console_at)

    @abstractmethod
    def start(self, tool: Toolstack, name: str, before: set[int]) -> Row:
        """Start it beside the domains ``before``, and return its row. Raises CommandFailed."""

    @abstractmethod
    def started(self, tool: Toolstack, name: str, row: Row | None) -> None:
        """What follows; the row is None if another run has started it."""

    @property
    def paused(self) -> bool:
        return self.guest.state == "paused"

    def _start_once(self, tool: Toolstack, name: str) -> Row | None:
        """One start at a time on a machine; and none (None) if another run was faster, because then the guest is what
        was wanted."""
        if self.delay:
            with _progress.during(name, f"waits {self.delay:g} seconds before it starts"):
                time.sleep(self.delay)
        with exclusive():
            present = tool.rows()
            for row in present:
                # One that is being taken apart may have lost its name already, and still has its disks.
                if row.dying and (row.name == name or row.unnamed):
                    waiting.gone(tool, row.domid, waiting.GOING_SECONDS if row.unnamed else waiting.GONE_SECONDS)
            alive = {row.domid for row in present if not row.dying}
            if any(row.name == name for row in present if row.domid in alive):
                return None
            held = backends.held(tool.host, self.guest, alive)
            if held:
                raise XenError(f"{name} was not started: {held}.")
            return self.start(tool, name, {row.domid for row in present})


@dataclass(frozen=True)
class Create(Start):
    """Start it from the configuration file ``path``."""

    path: str

    def start(self, tool: Toolstack, name: str, before: set[int]) -> Row:
        return tool.create(self.path, name, before, self.paused)

    def started(self, tool: Toolstack, name: str, row: Row | None) -> None:
        tool.host.remove(f"{STARTED_DIR}/{name}")
        if row is not None:
            _check_created(tool, row, self.guest)


def _check_created(tool: Toolstack, row: Row, guest: Guest) -> None:
    """xl creates a guest without a device that it did not understand, and says nothing (record create_bad_mac, xl
    4.20)."""
    shares = guest.weight is not None or guest.cap is not None
    domains = tool.domains(pools=bool(guest.pool), shares=shares)
    found = [domain for domain in domains if domain.domid == row.domid]
    if not found or not found[0].config:
        raise CommandFailed(
            f"{guest.name} was started as domain {row.domid} and is gone already", **tool.logs(guest.name)
        )
    differing = compare.differences(guest, found[0])
    if differing:
        what = "; ".join(f"{key} is {pair[0]!r} instead of {pair[1]!r}" for key, pair in differing.items())
        raise CommandFailed(f"{guest.name} runs as domain {row.domid}, but not as declared: {what}", domid=row.domid)


@dataclass(frozen=True)
class Restore(Start):
    """Let a saved guest go on. Its file ``saved`` is out of the way (``taken``) before it runs, because to restore it
    once more later, over disks that have changed since, would ruin them."""

    saved: str
    taken: str

    def start(self, tool: Toolstack, name: str, before: set[int]) -> Row:
        tool.host.rename(self.saved, self.taken)
        try:
            return tool.restore(self.taken, name, before, self.paused)
        except CommandFailed:
            if not waiting.named(tool, name):
                tool.host.rename(self.taken, self.saved)
            raise

    def started(self, tool: Toolstack, name: str, row: Row | None) -> None:
        if row is not None:
            tool.host.remove(self.taken)
        remembered = remembered_of(tool.host, name)
        if remembered:
            remember(tool, name, remembered.get("settings"))


@dataclass(frozen=True)
class Revive(Create):
    """Start one that is down. It may be on its way up again, by its toolstack; only when that has had its time we do
    it. ``disks`` are those that dom0 gets back."""

    disks: list[str]

    def carry_out(self, tool: Toolstack, name: str) -> None:
        for row in waiting.settled(tool, name):
            if row.down:
                tool.destroy(row.domid)
                vnd.take_back(tool, self.disks)
        super().carry_out(tool, name)


@dataclass(frozen=True)
class Restart(Create):
    """Shut it down and start it again."""

    shutdown: Shutdown

    def carry_out(self, tool: Toolstack, name: str) -> None:
        self.shutdown.carry_out(tool, name)
        super().carry_out(tool, name)
