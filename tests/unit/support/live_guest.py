# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The simulator's live system of Solaris at the other end of a console whose time is virtual: nobody waits."""

from __future__ import annotations

from typing import Any

from netbsd_sim.xen.common import solaris
from netbsd_sim.xen.common.menus import Line, Trouble

from ansible_collections.netbsd.xen.plugins.plugin_utils._console.needs import Ended


class Told(solaris.Live):
    """A live system with no machine below it: ``installed`` is the pool on its disk, ``leased`` its address, and
    ``ran`` what was typed into its shell."""

    def __init__(self, installed: dict[str, Any] | None = None, leased: str = "10.0.2.60") -> None:
        super().__init__(None, {})  # type: ignore[arg-type]
        self.installed, self.leased = installed, leased
        self.ran: list[str] = []

    def pool(self) -> dict[str, Any] | None:
        return self.installed

    def address(self) -> str:
        return self.leased

    def _ran(self, command: str) -> tuple[int, str]:
        self.ran.append(command)
        return super()._ran(command)


class Console:
    """A talk.Link to it. ``boots`` are the seconds until it asks for a login; ``shown`` is whether what it says before
    the first key is shown, as to who opens its console in time."""

    def __init__(self, live: Told, trouble: Trouble | None = None, boots: float = 90.0, shown: bool = True) -> None:
        self.live = live
        self.line = Line(solaris.Tty(live.program()), trouble)
        self._clock = 0.0
        self._due: list[tuple[float, str]] = []
        self._up_at = boots
        self._first = [(boots, "SunOS Release 5.11 Version snv_124 64-bit\r\n"), *self.line.start()]
        if shown:
            self._send(self._first)

    def _send(self, outs: list[tuple[float, str]]) -> None:
        at = max(self._due[-1][0] if self._due else 0.0, self._clock)
        for seconds, text in outs:
            at += seconds
            if text:
                self._due.append((at, text))

    def now(self) -> float:
        return self._clock

    def write(self, data: bytes) -> None:
        # Before it asks nobody reads.
        for key in data.decode() if self._clock >= self._up_at else "":
            self._send(self.line.key(key))

    def read(self, seconds: float) -> bytes:
        if self.line.cut:
            raise Ended("the console was cut")
        if self._due and self._due[0][0] <= self._clock + seconds:
            at, text = self._due.pop(0)
            self._clock = max(self._clock, at)
            return text.encode()
        self._clock += max(seconds, 0.001)
        return b""

    def close(self) -> None:
        pass
