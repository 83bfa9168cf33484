# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The simulator's sysinst at the other end of a console whose time is virtual: nobody waits."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from netbsd_sim.core.machine import Machine
from netbsd_sim.xen.common import domains, installer
from netbsd_sim.xen.common.menus import Line, Screen, Trouble
from netbsd_sim.xen.common.sysinst import Place, Settings, Sysinst

from ansible_collections.netbsd.xen.plugins.plugin_utils._console.needs import Ended


@dataclass
class Told:
    """A guest that only notes what sysinst does to it."""

    release: str
    arch: str = "amd64"
    memory: int = 128
    disks: list[tuple[str, int]] = field(default_factory=lambda: [("xbd0", 700)])
    interfaces: list[str] = field(default_factory=lambda: ["xennet0"])
    done: list[str] = field(default_factory=list)
    settings: Settings | None = None

    def write_label(self, disk: str, name: str, swap: int) -> None:
        self.done.append(f"label {disk} {name} {swap}")

    def make_file_systems(self, disk: str) -> None:
        self.done.append(f"newfs {disk}")

    def fetch(self, protocol: str, place: Place, name: str) -> bool:
        if protocol == "cd":
            self.done.append(f"read {place.device}:{place.sets}/{name}")
            return place.device == "xbd1d"
        self.done.append(f"fetch {protocol}://{place.host}/{place.directory}{place.sets}/{name}")
        return "nowhere" not in place.directory

    def finish(self, settings: Settings) -> None:
        self.settings = settings

    def halt(self) -> None:
        self.done.append("halt")

    def reboot(self) -> None:
        self.done.append("reboot")


class Console:
    """A talk.Link to it."""

    def __init__(self, guest: Told, trouble: Trouble | None = None, entropy: bool = False) -> None:
        self.guest = guest
        self.sysinst = Sysinst(guest, entropy)
        self.line = Line(Screen(self.sysinst.program()), trouble)
        self._clock = 0.0
        self._due: list[tuple[float, str]] = []
        self._send(self.line.start())

    def _send(self, outs: list[tuple[float, str]]) -> None:
        at = self._due[-1][0] if self._due else self._clock
        # A guest that halts is gone before the next key could be typed.
        for seconds, text in [(0.0, text) for _seconds, text in outs] if self.line.screen.ended else outs:
            at += seconds
            if text:
                self._due.append((at, text))

    def now(self) -> float:
        return self._clock

    def write(self, data: bytes) -> None:
        if self.line.screen.ended:
            return
        for key in data.decode():
            self._send(self.line.key(key))

    def read(self, seconds: float) -> bytes:
        if self.line.cut:
            raise Ended("the console was cut")
        if self._due and self._due[0][0] <= self._clock + seconds:
            at, text = self._due.pop(0)
            self._clock = max(self._clock, at)
            return text.encode()
        if not self._due and self.line.screen.ended:
            raise Ended("the guest has ended")
        self._clock += max(seconds, 0.001)
        return b""

    def close(self) -> None:
        pass


class AtMachine:
    """A talk.Link to the installer of a guest of a simulated machine, at whose disk it works; it ends with the guest,
    or ``after`` so many keys."""

    def __init__(self, folder: Path, name: str, after: int = -1) -> None:
        self._folder, self._after, self._keys, self._clock = folder, after, 0, 0.0
        with Machine(folder) as m:
            (domain,) = [each for each in domains.domains(m).values() if each["name"] == name]
            self._domid = domain["domid"]
            self._session = installer.Session(m, domain)
            self._said = self._session.begin()

    def now(self) -> float:
        return self._clock

    def write(self, data: bytes) -> None:
        with Machine(self._folder) as m:
            self._session._m = self._session.guest._m = m
            for key in data.decode():
                self._keys += 1
                self._said += self._session.take(key)

    def read(self, seconds: float) -> bytes:
        if 0 <= self._after < self._keys:
            raise Ended("the console's program ended")
        said, self._said = self._said, ""
        if not said and self._session._line.screen.ended:
            self._gone()
            raise Ended("the guest has ended")
        self._clock += 0.0 if said else max(seconds, 0.001)
        return said.encode()

    def _gone(self) -> None:
        """The machine takes the domain down in a time of its own."""
        deadline = time.monotonic() + 120
        while True:
            with Machine(self._folder) as m:
                domains.settle(m)
                if domains.get(m, self._domid) is None:
                    return
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def close(self) -> None:
        pass
